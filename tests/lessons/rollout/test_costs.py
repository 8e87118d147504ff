"""What many copies cost: measured, and far from what their number would make one fear."""

from ppo_lessons.lessons.rollout.costs import seconds_a_step, show_costs
from ppo_lessons.shipped.ages import load_age


def test_many_copies_cost_more_than_one_and_far_less_than_their_number():
    seconds = seconds_a_step(load_age("chaos"), (1, 256), steps=10)
    assert list(seconds) == [1, 256]
    assert 1.0 < seconds[256] / seconds[1] < 64


def test_the_note_says_times_that_are_not_compared():
    data, *_ = [show_costs({1: 0.001, 16: 0.002, 256: 0.0064})._repr_mimebundle_()]
    assert data["text/plain"] == "times on this machine"
    assert "<td>6.4</td>" in data["text/html"], "times one copy"
    assert "<td>250.0</td>" in data["text/html"] and "<td>6.2</td>" in data["text/html"], "microseconds a decision"
