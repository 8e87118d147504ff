"""Was this action better than expected?"""

from ppo_lessons.lessons.advantages.explorer import explore
from ppo_lessons.lessons.advantages.figures import show_along_copy, show_ends
