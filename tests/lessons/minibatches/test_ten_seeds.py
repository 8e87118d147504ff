"""The stored trainings say what the lesson says of them, and the script makes such numbers."""

import pytest

from ppo_lessons.lessons.minibatches.ten_seeds import CYCLES, KINDS, SEEDS, load_rewards, train_one

REWARDS = load_rewards()
ENDS = {kind: [sum(run[-4:]) for run in runs] for kind, runs in REWARDS.items()}


def wins(first: str, second: str) -> int:
    return sum(a > b for a, b in zip(ENDS[first], ENDS[second], strict=True))


def test_everything_is_there():
    assert list(REWARDS) == list(KINDS)
    assert {len(runs) for runs in REWARDS.values()} == {SEEDS}
    assert {len(run) for runs in REWARDS.values() for run in runs} == {CYCLES}


def test_one_epoch_is_beaten_and_the_others_are_not_told_apart():
    assert wins("4 epochs", "1 epoch") == wins("10 epochs", "1 epoch") == 9
    assert 3 <= wins("10 epochs", "4 epochs") <= 7
    assert 3 <= wins("4 epochs", "4, not shuffled") <= 7


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_makes_these_numbers(kind: str):
    """The first rollouts; later ones drift apart between processors."""
    stored = REWARDS[kind][3]
    found = train_one(kind, seed=3, cycles=2)
    assert found[0] == pytest.approx(stored[0], abs=2e-3)
    assert found[1] == pytest.approx(stored[1], abs=1e-2)
    assert [round(number, 4) for number in found] == found


def test_kinds_differ_where_their_names_say():
    assert [epochs for epochs, _ in KINDS.values()] == [1, 4, 10, 4]
    steps = [steps for _, steps in KINDS.values()]
    assert steps[0] == steps[1] == steps[2] != steps[3]
    assert steps[3].shuffle_rows(4, None).tolist() == [0, 1, 2, 3]
