"""Does mine equal the reference, number for number?"""

from ppo_lessons.lessons.full_update.explorer import explore
from ppo_lessons.lessons.full_update.figures import show_loss_terms, show_ratios, show_update, show_weight_changes
