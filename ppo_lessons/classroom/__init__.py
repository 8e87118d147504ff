"""What happens around a lesson: exercises, checks that name the mistake, hints, and the building of the notebooks."""

from ppo_lessons.classroom.checks import check, hint, solution
from ppo_lessons.classroom.my_ppo import my_steps
from ppo_lessons.classroom.progress import show_progress
from ppo_lessons.classroom.setup import check_setup

__all__ = ["check", "check_setup", "hint", "my_steps", "show_progress", "solution"]
