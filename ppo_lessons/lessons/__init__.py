"""The lessons, one folder each, named as the notebook: its figures, its explorer, its exercises, and nothing else.

    from ppo_lessons.lessons import check, clipping
    clipping.explore()

No lesson imports another. What two of them need stands in `display`, `interactive`, `classroom` or `shipped`.
"""

from ppo_lessons.classroom.claims import claim
from ppo_lessons.classroom.desk import Desk, find_exercises

EXERCISES = find_exercises(__name__)
"""All exercises, in order: one for each module of an `exercises` folder that holds an `EXERCISE`."""

desk = Desk(EXERCISES)
check, hint, inputs, solution = desk.check, desk.hint, desk.inputs, desk.solution
show_progress, welcome = desk.show_progress, desk.welcome

__all__ = ["EXERCISES", "check", "claim", "desk", "hint", "inputs", "show_progress", "solution", "welcome"]
