"""The lessons, one folder each, named as the notebook: its figures, its explorer, its exercises, and nothing else.

    from ppo_lessons.lessons import check, clipping
    clipping.explore()

No lesson imports another. What two of them need stands in `display`, `interactive`, `classroom` or `shipped`.
"""

from ppo_lessons.classroom.claims import claim
from ppo_lessons.classroom.desk import Desk, find_exercises
from ppo_lessons.classroom.paper import find_papers

EXERCISES = find_exercises(__name__)
"""All exercises, in order: one for each module of an `exercises` folder that holds an `EXERCISE`."""
PAPERS = find_papers(__name__)
"""All that is done with pen and paper, in order: the `PAPER` of each module `on_paper`."""

desk = Desk(EXERCISES, PAPERS)
check, check_on_paper = desk.check, desk.check_on_paper
hint, inputs, solution = desk.hint, desk.inputs, desk.solution
show_progress, welcome = desk.show_progress, desk.welcome

__all__ = [
    "EXERCISES",
    "PAPERS",
    "check",
    "check_on_paper",
    "claim",
    "desk",
    "hint",
    "inputs",
    "show_progress",
    "solution",
    "welcome",
]
