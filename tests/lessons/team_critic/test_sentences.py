"""What the lesson says of the shipped runs, held against them."""

import numpy as np
import pytest

from ppo_lessons.shipped.critics import CRITICS, load_critics

OWN, TEAM = (list(CRITICS).index(name) for name in ("own", "team"))


@pytest.fixture(scope="module")
def found():
    return load_critics()


def soon(critics, place):
    """Agent-steps until 90 % of the last 400 cases, for each seed; infinite where it was not reached."""
    reached = np.nan_to_num(critics.curves["win_rate"][place]) >= 0.9
    return np.where(reached.any(axis=1), critics.agent_steps[reached.argmax(axis=1)], np.inf)


def test_no_difference_in_the_standard_case(found):
    own, team = (found["standard"].behaviour["win_rate"][place] for place in (OWN, TEAM))
    assert min(own.min(), team.min()) > 0.9 and abs(own.mean() - team.mean()) < 0.03


def test_in_the_fog_four_of_five_and_three_of_five_win_nearly_all(found):
    rates = found["fog"].behaviour["win_rate"]
    assert ((rates[TEAM] > 0.95).sum(), (rates[OWN] > 0.95).sum()) == (4, 3)
    assert (soon(found["fog"], TEAM) <= soon(found["fog"], OWN)).all()


def test_in_nightfall_it_is_the_other_way(found):
    rates = found["nightfall"].behaviour["win_rate"]
    assert ((rates[TEAM] > 0.9).sum(), (rates[OWN] > 0.9).sum()) == (1, 3)


@pytest.mark.parametrize("case", ["fog", "nightfall"])
def test_the_teams_critic_foresaw_more(found, case):
    foresaw = found[case].curves["explained_variance"].mean(axis=(1, 2))
    assert foresaw[TEAM] > foresaw[OWN]
