"""How often the doctor is right about runs from which it has not learned."""

import pytest

from ppo_lessons.doctor.alarm_rates import rates
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.traces import READINGS
from ppo_lessons.shipped.vital_runs import MEASURED, RUNS

USUAL_LOG = ("mean_return", "entropy", "approx_kl", "clip_fraction", "explained_variance")


@pytest.mark.parametrize("readings", [READINGS, USUAL_LOG], ids=["all readings", "a usual log"])
def test_alarms_are_right_on_runs_that_nothing_was_learned_from(readings: tuple[str, ...]):
    found = rates(readings)
    assert found.alarmed <= 0.05 * found.healthy
    assert found.named >= 0.8 * found.shown
    assert (found.healthy, found.ill) == (RUNS[MEASURED][0], RUNS[MEASURED][1] * len(FAULTS))


def test_without_readings_nothing_is_said():
    assert rates(("value_loss",)).alarmed == rates(("value_loss",)).shown == 0
