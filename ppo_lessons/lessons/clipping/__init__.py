"""When does PPO stop pushing?"""

from ppo_lessons.lessons.clipping.explorer import explore
from ppo_lessons.lessons.clipping.figures import show_clipped_surrogate, show_motion, show_pushed_rows
