"""Was this action better than expected?"""

from ppo_lessons.lessons.advantages.credit import mean_credit, show_mean_credit
from ppo_lessons.lessons.advantages.explorer import explore
from ppo_lessons.lessons.advantages.figures import show_along_copy, show_ends
from ppo_lessons.lessons.advantages.rows import six_rows
