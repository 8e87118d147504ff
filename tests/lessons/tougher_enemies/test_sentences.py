"""What the lesson says of the shipped ways, held against them."""

import numpy as np
import pytest

from ppo_lessons.lessons.tougher_enemies.figures import steps_until
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.shipped.ways import COSTS, LADDER, load_ways
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player, random_player

STANDARD, PACK, FOG, NIGHTFALL, ECLIPSE = (LADDER.index(n) for n in ("standard", "pack", "fog", "nightfall", "eclipse"))


@pytest.fixture(scope="module")
def ways():
    return load_ways()


def lost(walked, end):
    """What each seed has forgotten after the stage before `end`, (S, K)."""
    rates = walked.win_rates[:, :end]
    return rates[:, :-1].max(axis=1) - rates[:, -1]


def test_what_goes_along_makes_no_difference_that_five_seeds_could_show(ways):
    ends = {name: ways[name].curves[1]["win_rate"][:, -1] for name in COSTS}
    moments = np.sort(ends["new moments"])
    assert moments[1] < 0.075 and moments[2] > 0.77
    apart = max(end.mean() for end in ends.values()) - min(end.mean() for end in ends.values())
    assert min(np.ptp(end) for end in ends.values()) > 2 * apart


def test_the_small_room_is_the_shortest_way(ways):
    room, steps, nothing = (
        np.sort(steps_until(ways[n], "nightfall")) / 1e6 for n in ("small room", "small steps", "nothing: nightfall")
    )
    assert (round(room[0], 1), round(room[-1], 1)) == (2.5, 3.1)
    assert (round(steps[0], 1), round(steps[-1], 1)) == (3.2, 3.8)
    assert np.isfinite(nothing).sum() == 3 and round(ways["nothing: nightfall"].agent_steps[0][-1] / 1e6, 1) == 5.1


def test_hardly_anything_is_forgotten_after_nightfall(ways):
    assert np.abs(lost(ways["small steps"], 5)[:, :3].mean(axis=0)).max() < 0.06


def test_in_eclipse_the_seeds_part(ways):
    walked = ways["small steps"]
    rates, gone = walked.win_rates[:, -1], lost(walked, 6)
    assert sorted(rates[:, ECLIPSE].round(2))[-3:] == pytest.approx([0.52, 0.83, 0.85], abs=0.006)
    learned = rates[:, ECLIPSE] > 0.5
    assert gone[learned][:, [STANDARD, FOG, NIGHTFALL]].max() < 0.2
    (worst,) = np.flatnonzero(rates[:, ECLIPSE] < 0.05)
    assert gone[worst, STANDARD] > 0.7
    assert walked.behaviour["survival"][worst, -1, STANDARD] > 0.75


def test_all_at_once_is_behind_in_nightfall_alone(ways):
    together = ways["all at once"].win_rates[:, -1].mean(axis=0)
    assert together[[STANDARD, PACK, FOG]].min() > 0.97
    for case, place in (("pack", PACK), ("fog", FOG)):
        assert abs(together[place] - ways[f"nothing: {case}"].win_rates[:, -1, place].mean()) < 0.02
    assert together[NIGHTFALL] < ways["nothing: nightfall"].win_rates[:, -1, NIGHTFALL].mean() - 0.1


def test_two_thirds_of_nightfall_zero_shot_after_fog(ways):
    after_fog = [ways["small steps"].win_rates[:, 3, NIGHTFALL], ways["nothing: fog"].win_rates[:, 1, NIGHTFALL]]
    assert all(0.6 < rates.mean() < 0.72 for rates in after_fog)


def test_eclipse_is_not_won_from_nothing(ways):
    assert ways["nothing: eclipse"].win_rates[:, -1, ECLIPSE].max() < 0.02
    assert round(ways["nothing: eclipse"].agent_steps[0][-1] / 1e6) == 3
    assert ways["small steps"].win_rates[:, -1, ECLIPSE].max() == pytest.approx(0.85, abs=0.006)


def test_what_chance_banishes_in_a_small_and_in_a_large_room():
    attic, nightfall = (evaluate(random_player(), case, cases=2000).banished for case in ("attic", "nightfall"))
    for found, stated in ((attic, (0.34, 0.04)), (nightfall, (0.14, 0.01))):
        assert (found[2], found[3]) == pytest.approx(stated, abs=0.006)
        assert found[4] < 0.005


@pytest.mark.slow
def test_zero_shot_play_of_mastery():
    rates = [evaluate(policy_player(load_age("mastery")), case, cases=2000).win_rate for case in ("pack", "fog")]
    assert rates == pytest.approx([0.81, 0.73], abs=0.035)  # three standard errors: other processors play other cases
