"""When does PPO stop pushing?"""

from ppo_lessons.lessons.clipping.explorer import explore
from ppo_lessons.lessons.clipping.figures import (
    show_clipped_surrogate,
    show_minimum_and_clip,
    show_motion,
    show_pushed_rows,
    show_rows_over_steps,
)
from ppo_lessons.lessons.clipping.long_update import long_update
