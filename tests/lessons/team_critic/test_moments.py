"""Moments of a case: what both critics say of them, what really came, and a mate that stands elsewhere."""

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons.team_critic import moments
from ppo_lessons.lessons.team_critic.moments import (
    PLACES,
    judge,
    judges,
    played_case,
    put_mate,
    views_of,
    what_came,
)
from ppo_lessons.shipped.critics import SHOWN
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import Replay
from ppo_lessons.spirit_world.rules import WorldState, observe

Judges = tuple[ActorCritic, ActorCritic]
CASE = CASES[SHOWN]


@pytest.fixture(autouse=True, scope="module")
def both(small_judges: Judges) -> Judges:
    return small_judges


def state_of(detectives: list[list[int]], health: tuple[int, ...] = (4, 4, 4, 4)) -> WorldState:
    """One copy, with all spirits in the corner on the top right."""
    return WorldState(
        detectives=np.array([detectives]),
        health=np.array([health]),
        spirits=np.array([[[0, 6], [0, 5], [1, 6]]]),
        banished=np.zeros((1, 3), bool),
        clock=np.zeros(1, np.int64),
    )


def row_of(obs: np.ndarray, alive: np.ndarray, a: int) -> torch.Tensor:
    """What the team's network is given for detective a: its own view, then those of the living, then its number."""
    joint = [x for b in range(4) for x in (obs[b] if alive[b] and alive[a] else np.zeros(34))]
    return torch.tensor([*obs[a], *joint, *np.eye(4)[a]], dtype=torch.float32)


def steps_between(one: np.ndarray, other: np.ndarray) -> int:
    return abs(int(one[0]) - int(other[0])) + abs(int(one[1]) - int(other[1]))


# ---- what really came


@pytest.mark.parametrize("n", [1, 2, 5])
def test_what_came_by_closed_form(n: int):
    t = np.arange(n)
    one_each, last_only = np.ones(n), np.eye(n)[-1] * 8
    came = what_came(np.stack([one_each, last_only], axis=1), 0.5)
    assert came.shape == (n, 2)
    np.testing.assert_allclose(came[:, 0], 2 * (1 - 0.5 ** (n - t)))
    np.testing.assert_allclose(came[:, 1], 8 * 0.5 ** (n - 1 - t))


def test_what_came_by_hand():
    came = what_came(np.array([[1.0], [-2.0], [0.0], [4.0]], np.float32), 0.5)
    assert came[:, 0].tolist() == [0.5, -1.0, 2.0, 4.0] and came.dtype == np.float32
    assert what_came(np.array([[1.0], [-2.0]]), 0.0)[:, 0].tolist() == [1.0, -2.0]
    assert what_came(np.array([[1.0], [-2.0]]), 1.0)[:, 0].tolist() == [-1.0, -2.0]
    assert what_came(np.array([[0.0], [1.0]]))[0, 0] == PPOConfig.gamma, "that of the training"


# ---- a mate that stands elsewhere


@pytest.mark.parametrize("detective", range(4))
@pytest.mark.parametrize("where", PLACES[1:])
def test_the_mate_stands_so_many_steps_away_and_all_else_stays(detective: int, where: str):
    for here in ([3, 3], [0, 0], [6, 2], [1, 5]):
        detectives = [[5, 1], [6, 4], [4, 4], [2, 0]]
        detectives[detective] = here
        state = state_of(detectives, (4, 3, 2, 1))
        before = [array.copy() for array in state]
        farthest = max(steps_between(np.array(here), np.array([row, col])) for row in (0, 6) for col in (0, 6))
        wanted = {"beside her": 1, "just out of her sight": CASE.sight + 1, "far away": farthest}[where]
        for mate in (a for a in range(4) if a != detective):
            moved = put_mate(state, detective, mate, where)
            assert steps_between(moved.detectives[0, mate], moved.detectives[0, detective]) == wanted
            assert ((moved.detectives >= 0) & (moved.detectives < CASE.size)).all()
            others = [a for a in range(4) if a != mate]
            np.testing.assert_array_equal(moved.detectives[0, others], state.detectives[0, others])
            for name in ("health", "spirits", "banished", "clock"):
                np.testing.assert_array_equal(getattr(moved, name), getattr(state, name))
        for array, kept in zip(state, before, strict=True):
            np.testing.assert_array_equal(array, kept)


def test_a_mate_can_stay_where_it_is():
    state = state_of([[5, 1], [6, 4], [4, 4], [2, 0]])
    for array, kept in zip(put_mate(state, 0, 1, "where it is"), state, strict=True):
        np.testing.assert_array_equal(array, kept)
    with pytest.raises(KeyError):
        put_mate(state, 0, 1, "on the moon")


def test_beside_her_it_is_seen_and_out_of_sight_it_is_not():
    state = state_of([[6, 0], [6, 4], [6, 1], [5, 0]])
    seen = {where: views_of(put_mate(state, 0, 1, where))[0][0, 0, 7 + 3] for where in PLACES}
    assert seen == {"where it is": 0, "beside her": 1, "just out of her sight": 0, "far away": 0}


# ---- both critics


def test_one_actor_two_critics(both: Judges):
    own, team = judges()
    assert (own, team) == both, "the own one first"
    assert (own.team_size, team.team_size) == (None, 4 * 34 + 4)
    obs, acting = views_of(played_case().frame(3))
    rows = torch.stack([row_of(obs[0].numpy(), acting[0].numpy(), a) for a in range(4)])
    with torch.no_grad():
        torch.testing.assert_close(own(obs[0])[0], team(rows)[0])


def test_the_case_is_a_shipped_one_that_was_won():
    replay = played_case()
    assert played_case() is replay and replay.case.name == SHOWN == "fog"
    assert replay.outcome == "won" and len(replay) > 12


def test_views_are_what_everybody_sees():
    states = state_of([[6, 0], [6, 4], [6, 1], [5, 0]], (4, 0, 1, 4))
    obs, acting = views_of(states)
    np.testing.assert_array_equal(obs.numpy(), observe(CASE, states))
    assert acting.tolist() == [[True, False, True, True]] and obs.shape == (1, 4, 34)


def test_values_one_by_one(case_by_chance: Replay):
    own, team = judges()
    frames = WorldState(*(array[::9] for array in case_by_chance.states))
    judged, obs, alive = judge(frames), observe(CASE, frames), frames.health > 0
    assert not alive.all(), "some have fallen"
    assert judged.own.shape == judged.team.shape == alive.shape
    for f, a in np.ndindex(*alive.shape):
        assert float(judged.own[f, a]) == pytest.approx(float(own.estimate_values(torch.tensor(obs[f, a]))), abs=1e-5)
        wanted = float(team.estimate_values(row_of(obs[f], alive[f], a)))
        assert float(judged.team[f, a]) == pytest.approx(wanted, abs=1e-5)


def test_a_mate_out_of_sight_that_moves_changes_the_teams_value_alone():
    """Nothing of it is next to a spirit that she sees: how many stand there is seen with the spirit."""
    state = state_of([[6, 0], [6, 4], [6, 1], [5, 0]])
    whole = [judge(put_mate(state, 0, 1, where)) for where in PLACES]
    own, team = ([float(getattr(each, name)[0, 0]) for each in whole] for name in ("own", "team"))
    here, beside, beyond, far = own
    assert here == beyond == far != beside
    assert len(set(team)) == 4
    with torch.no_grad():
        logits = [judges()[0](views_of(put_mate(state, 0, 1, where))[0])[0][0, 0] for where in PLACES]
    assert torch.equal(logits[0], logits[2]) and torch.equal(logits[0], logits[3])
    assert not torch.equal(logits[0], logits[1])


def test_it_changes_nothing_for_the_fallen(both: Judges):
    state = state_of([[6, 0], [6, 4], [6, 1], [5, 0]], (0, 4, 4, 4))
    for name in ("own", "team"):
        values = {float(getattr(judge(put_mate(state, 0, 1, where)), name)[0, 0]) for where in PLACES}
        assert len(values) == 1
    fallen = [float(judge(put_mate(state, 2, 0, where)).team[0, 2]) for where in PLACES]
    assert len(set(fallen)) == 1, "nor does a fallen one change anything"


def test_judges_are_the_shipped_ones(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(moments, "load_judge", lambda name: asked.append(name) or name)
    assert judges.__wrapped__() == ("own", "team") and asked == ["own", "team"]
