"""The kit for exercises: checks that name the mistake, hints, progress, and the learner's own file.

It knows no lesson: `ppo_lessons.lessons` lays its exercises on the `Desk`.
"""

from ppo_lessons.classroom.my_ppo import my_sharing, my_steps, my_way, my_world
from ppo_lessons.classroom.setup import check_setup

__all__ = ["check_setup", "my_sharing", "my_steps", "my_way", "my_world"]
