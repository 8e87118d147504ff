"""What each choice would have brought: checked against the recording, by hand, and as the lesson words it."""

import numpy as np
import pytest

from ppo_lessons.lessons.rollout.choices import Choice, show_own_choices, weigh_choices
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES
from ppo_lessons.spirit_world.rules import ACTION_NAMES


@pytest.fixture(scope="module")
def falls() -> dict[str, Choice]:
    return {choice.action: choice for choice in weigh_choices(*BADGES["falls"])}


@pytest.mark.parametrize("badge", [*BADGES.values(), (27, 0, 3)])
def test_what_was_taken_brings_what_was_recorded(badge: tuple[int, int, int]):
    data = recording().buffer.data
    taken = weigh_choices(*badge)[int(data.actions[badge])]
    assert taken.reward == pytest.approx(float(data.rewards[badge]))
    fell = bool(data.terminated[badge] & ~data.episode_over[badge[:2]])
    assert taken.falls == fell
    assert taken.probability == pytest.approx(float(data.log_probs[badge].exp()), abs=1e-5)


def test_the_choices_are_one_distribution_and_the_chances_too(falls: dict[str, Choice]):
    assert list(falls) == list(ACTION_NAMES)
    assert sum(choice.probability for choice in falls.values()) == pytest.approx(1, abs=1e-5)
    assert all(-1e-6 <= choice.chance_to_fall <= 1 + 1e-6 for choice in falls.values())


def test_going_right_was_likeliest_and_poor_and_did_not_help_to_banish(falls: dict[str, Choice]):
    """The sentences of the lesson on (6, 0, 0)."""
    right, stay = falls["right"], falls["stay"]
    assert max(falls.values(), key=lambda choice: choice.probability) is right
    assert right.falls and right.chance_to_fall > 0.99
    assert [name for name, choice in falls.items() if choice.reward > 0] == ["stay", "up", "left"]
    assert not any(falls[name].chance_to_fall > 1e-6 for name in ("stay", "up", "left"))
    own_loss = (-0.2 - 0.5) * right.chance_to_fall  # one point of health, and the fall
    assert right.mean_reward - own_loss == pytest.approx(stay.mean_reward, abs=0.02), "the team's share is the same"


def test_the_table_marks_what_was_taken():
    cells = show_own_choices(*BADGES["falls"]).cells
    assert [row[0] for row in cells[1:]] == ["stay", "up", "down", "left", "right (taken)"]
    assert cells[5][1:] == ["0.62", "-0.20", "yes", "-0.07", "1.00"]
    assert np.all([len(row) == 6 for row in cells])


def test_the_critic_does_not_see_the_cut_coming():
    values = recording().buffer.data.values[5:14, 1, 0]
    assert len(values) == 9 and values.min() > 0.4 and values.max() < 0.7


def test_a_little_more_than_half_of_the_decisions_took_the_likeliest_action():
    data = recording().buffer.data
    likeliest = recording().policy(data.obs)[0].argmax(dim=-1)
    assert 0.5 < (likeliest == data.actions)[data.acting].float().mean() < 0.6
