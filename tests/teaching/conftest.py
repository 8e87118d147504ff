"""Workers for the tests of grading: started once for each file of tests that asks for them."""

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.grader import Grader
from ppo_lessons.teaching.grading.pool import Workers


@pytest.fixture(scope="module")
def workers():
    made = Workers(EXERCISES, 1, 1)
    for kind in ("examine", "explain"):
        made.start(kind)
    for kind in ("examine", "explain"):
        made.ready(kind)
    yield made
    made.close()


@pytest.fixture(scope="module")
def grader(workers):
    return Grader(EXERCISES, 1, workers)
