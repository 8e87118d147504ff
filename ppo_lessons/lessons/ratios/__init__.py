"""How much likelier is that action now?"""

from ppo_lessons.lessons.ratios.explorer import explore
from ppo_lessons.lessons.ratios.figures import show_kl_estimates, show_lookup, show_ratio_spread
from ppo_lessons.lessons.ratios.first_step import first_adam_step
