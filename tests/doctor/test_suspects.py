"""Every fault has its deciding fact, and that fact fails where the fault is planted, and nowhere else."""

import pytest

from ppo_lessons.doctor import subject_of
from ppo_lessons.doctor.examination import FACTS, find
from ppo_lessons.doctor.findings import FAILED, PASSED
from ppo_lessons.doctor.suspects import DECIDES
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.steps import Steps

BY_NAME = {f"{fact.part}: {fact.name}": fact for fact in FACTS}


def test_every_fault_is_decided():
    assert list(DECIDES) == list(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_deciding_fact_fails_with_the_fault_and_passes_without(fault: str):
    fact = BY_NAME[DECIDES[fault]]
    assert find(fact, subject_of(FAULTS[fault].steps)).verdict == FAILED
    assert find(fact, subject_of(Steps())).verdict == PASSED
