"""The frozen moment: its update is `ppo_update` on the frozen rows, and nothing of what is frozen ever moves."""

import copy
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.lessons.coefficient_lab import moment as moment_explorer
from ppo_lessons.lessons.coefficient_lab.moment import (
    MOST_STEPS,
    REPLAY_SEED,
    SHARES,
    Frozen,
    Moment,
    MomentFace,
    explore_moment,
    freeze,
    replays_of,
    shares_of,
    update_frozen,
)
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.shipped.recording import CONFIG, SEED
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.evaluation import Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import minibatch_losses
from ppo_lessons.update import UpdateReport, ppo_update

pytestmark = pytest.mark.slow

CASES = 8
WILD = dict(clip_eps=1e6, vf_coef=20.0, ent_coef=1.0, learning_rate=0.03, epochs=8)


@pytest.fixture(autouse=True, scope="module")
def few_cases() -> Iterator[None]:
    """Eight cases instead of 64: a moment is made in a fraction of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moment_explorer, "CASES", CASES)
        freeze.cache_clear()
        yield
    freeze.cache_clear()


@pytest.fixture(scope="module")
def usual() -> Moment:
    return update_frozen("survival")


def same_replay(one: Replay, other: Replay) -> bool:
    arrays = zip((*one.states, one.actions, one.rewards), (*other.states, other.actions, other.rewards), strict=True)
    return one.outcome == other.outcome and all(np.array_equal(a, b) for a, b in arrays)


def same_behaviour(one: TeamBehaviour, other: TeamBehaviour) -> bool:
    numbers = [(b.cases, b.case_length, b.team_return, b.mate_distance, *shares_of(b)) for b in (one, other)]
    return np.array_equal(*numbers, equal_nan=True) and np.array_equal(one.visits, other.visits)


def updated_by_hand(age: str, **changes: object) -> tuple[ActorCritic, UpdateReport, list[tuple[float, float]]]:
    """Update a team of that age, fresh from its file, and note approx_kl and clip_fraction before each step."""
    rows, config = freeze(age).rows, replace(CONFIG, **changes)
    policy, steps = load_age(age), []
    before = [copy.deepcopy(policy)]
    optimizer = make_optimizer(policy, config)

    def note(index: torch.Tensor, *_: object) -> None:
        minibatch = type(rows)(*(tensor[index] for tensor in rows))
        with torch.no_grad():
            now = minibatch_losses(before[0], minibatch, config)
        steps.append((float(now.approx_kl), float(now.clip_fraction)))
        before[0] = copy.deepcopy(policy)

    report = ppo_update(policy, optimizer, rows, config, torch.Generator().manual_seed(SEED), on_minibatch=note)
    return policy, report, steps


@pytest.mark.parametrize(
    ("age", "changes"),
    [
        ("survival", {}),
        ("chaos", dict(clip_eps=0.05, vf_coef=2.0, ent_coef=0.1, learning_rate=1e-3, epochs=2)),
        ("mastery", WILD),
    ],
)
def test_it_is_the_update_of_the_package(age: str, changes: dict[str, float]):
    result = update_frozen(age, **changes)
    policy, report, steps = updated_by_hand(age, **changes)
    assert result.report == report
    assert len(result.approx_kl) == report.num_gradient_steps
    np.testing.assert_allclose(result.approx_kl, [kl for kl, _ in steps], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(result.clip_fraction, [clipped for _, clipped in steps], atol=1e-3)
    before, after = result.replays
    assert same_replay(after, record(policy_player(policy), seed=REPLAY_SEED)), "by its weights"
    assert same_behaviour(result.after, evaluate(policy_player(policy), cases=CASES))
    assert same_replay(before, record(policy_player(load_age(age)), seed=REPLAY_SEED))
    assert same_behaviour(result.before, evaluate(policy_player(load_age(age)), cases=CASES))
    assert result.before.cases == result.after.cases == CASES
    np.testing.assert_array_equal(before.states.detectives[0], after.states.detectives[0], "the same case")


def contents(frozen: Frozen) -> list[torch.Tensor]:
    gradients = [torch.zeros(0) if p.grad is None else p.grad for p in frozen.policy.parameters()]
    return [tensor.clone() for tensor in (*frozen.policy.state_dict().values(), *frozen.rows, *gradients)]


def test_the_frozen_team_stays_frozen(usual: Moment):
    frozen = freeze("survival")
    before = contents(frozen)
    update_frozen("survival", **WILD)
    after = contents(frozen)
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, load_age("survival").state_dict().values(), strict=False))
    again = update_frozen("survival")
    assert again.report == usual.report
    np.testing.assert_array_equal(again.approx_kl, usual.approx_kl)
    assert again.pulls == usual.pulls
    assert same_replay(again.replays[1], usual.replays[1])
    assert same_behaviour(again.after, usual.after)
    assert same_behaviour(again.before, usual.before)


def test_ratios_are_one_before_the_first_step(usual: Moment):
    assert abs(usual.approx_kl[0]) < 1e-6
    assert usual.clip_fraction[0] == 0
    assert usual.approx_kl[1:].min() > 1e-5
    assert usual.report.approx_kl == pytest.approx(usual.approx_kl.mean(), rel=1e-4)
    rows = freeze("survival").rows
    with torch.no_grad():
        log_probs = load_age("survival").evaluate_actions(rows.obs, rows.actions)[0]
    torch.testing.assert_close(log_probs, rows.old_log_probs, rtol=0, atol=1e-5)


def test_pulls_are_gradients_by_hand():
    changes = dict(vf_coef=2.0, ent_coef=0.1, clip_eps=0.1)
    result, rows = update_frozen("mastery", epochs=1, **changes), freeze("mastery").rows
    advantages = (rows.advantages - rows.advantages.mean()) / rows.advantages.std()
    terms = ("actor", "critic", "entropy")
    for term in terms:
        policy = load_age("mastery")
        logits, values = policy(rows.obs)
        all_log_probs = torch.log_softmax(logits, dim=-1)
        log_probs = all_log_probs.gather(1, rows.actions[:, None])[:, 0]
        ratios = (log_probs - rows.old_log_probs).exp()
        loss = {
            "actor": -torch.minimum(ratios * advantages, ratios.clamp(0.9, 1.1) * advantages).mean(),
            "critic": 2.0 * ((values - rows.returns) ** 2).mean(),
            "entropy": 0.1 * -(all_log_probs.exp() * all_log_probs).sum(dim=1).mean(),
        }[term]
        loss.backward()
        for part in MomentFace.PARTS:
            grads = [p.grad for p in getattr(policy, part).parameters()]
            length = None if None in grads else math.sqrt(sum(float((grad**2).sum()) for grad in grads))
            got = result.pulls[term][part]
            assert (math.isnan(got) and length is None) or got == pytest.approx(length, rel=1e-4)
    assert math.isnan(result.pulls["actor"]["critic_head"])
    assert set(result.pulls) == set(terms)


def test_pulls_grow_with_their_coefficients_alone(usual: Moment):
    other = update_frozen("survival", vf_coef=5.0, ent_coef=0.2, epochs=1)
    for part in ("actor_trunk", "critic_head"):
        assert other.pulls["critic"][part] == pytest.approx(10 * usual.pulls["critic"][part], rel=1e-4)
    for part in ("actor_trunk", "actor_head"):
        assert other.pulls["entropy"][part] == pytest.approx(10 * usual.pulls["entropy"][part], rel=1e-4)
        assert other.pulls["actor"][part] == usual.pulls["actor"][part]
    none = update_frozen("survival", vf_coef=0.0, ent_coef=0.0, epochs=1)
    assert none.pulls["critic"]["actor_trunk"] == none.pulls["entropy"]["actor_trunk"] == 0


def test_a_single_step_knows_no_clip():
    one_step = dict(epochs=1, minibatch_size=4096)
    narrow, none = (update_frozen("survival", clip_eps=clip_eps, **one_step) for clip_eps in (0.01, 1e6))
    kept = replace(narrow.report, silent_fraction=none.report.silent_fraction)  # what would be silent in a second step
    assert kept == none.report
    assert narrow.report.num_gradient_steps == 1
    assert narrow.pulls == none.pulls
    assert same_replay(narrow.replays[1], none.replays[1])
    assert same_behaviour(narrow.after, none.after)
    assert not same_replay(*narrow.replays), "it is a step all the same"


def test_every_knob_moves_the_picture_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch):
    """With one pass unless passes are asked for, to be quick."""
    panel = explore_moment().panels[0]

    def look(**values: object) -> tuple[bytes, str]:
        panel._follow({**panel.controls.values, "epochs": 1, **values})
        return bytes(panel.screen.png), panel.screen.said

    first = look()
    changes = (
        *(dict(age=age) for age in ("chaos", "mastery")),
        *(dict(clip_eps=clip_eps) for clip_eps in (0.02, 1.0)),
        *(dict(vf_coef=vf_coef) for vf_coef in (0.05, 20.0)),
        *(dict(ent_coef=ent_coef) for ent_coef in (0.005, 1.0)),
        *(dict(learning_rate=learning_rate) for learning_rate in (3e-4, 0.03)),
        dict(epochs=2),
    )
    seen = [first, *(look(**values) for values in changes)]
    assert len({picture for picture, _ in seen}) == len({numbers for _, numbers in seen}) == len(seen)
    assert not any("⚠" in numbers for _, numbers in seen)
    assert look() == first
    assert len(panel.screen.stored()) < 110_000


def test_the_face_shows_the_numbers(usual: Moment):
    face = MomentFace()
    said = face.show(usual)
    after = shares_of(usual.after)
    assert len(after) == len(SHARES)
    assert after[0] == usual.after.win_rate
    assert after[5] == usual.after.teaming_up / 4
    np.testing.assert_array_equal(face.after.get_xdata(), after)
    np.testing.assert_array_equal(face.before.get_xdata(), shares_of(usual.before))
    heights = [[bar.get_height() for bar in bars] for bars in face.bars]
    assert heights[0][0] == usual.pulls["actor"]["actor_trunk"]
    assert heights[1][2] == usual.pulls["critic"]["critic_head"]
    assert heights[2][2] == 1e-9, "the entropy does not reach the critic's head"
    x, y = face.kl.get_data()
    np.testing.assert_array_equal(x, np.arange(1, 17))
    np.testing.assert_array_equal(y[1:], usual.approx_kl[1:])
    report = usual.report
    assert f"survival, {report.num_rows} rows, 16 gradient steps" in said
    assert f"survival {usual.before.survival:.0%} → {usual.after.survival:.0%}" in said


def test_everything_fits(usual: Moment):
    _, course, pulls = MomentFace().figure.axes
    for result in (usual, update_frozen("mastery", **{**WILD, "epochs": 32})):
        lengths = [x for term in result.pulls.values() for x in term.values() if x is not None and x > 0]
        assert pulls.get_ylim()[0] < min(lengths) <= max(lengths) < pulls.get_ylim()[1]
        assert len(result.approx_kl) <= MOST_STEPS
        assert result.approx_kl.max() < course.get_ylim()[1]
        assert result.approx_kl[1:].min() > course.get_ylim()[0]


def test_the_smallest_step_is_seen():
    _, course, _ = MomentFace().figure.axes
    result = update_frozen("chaos", learning_rate=1e-4, epochs=1)
    assert result.approx_kl[-1] > course.get_ylim()[0]


def test_replays_are_named(usual: Moment):
    other = usual._replace(age="chaos")
    assert list(replays_of([usual])) == ["survival, before", "survival, after"]
    assert list(replays_of([usual, usual])) == [
        "survival, before",
        "survival, after, first setting",
        "survival, after, second setting",
    ]
    two = replays_of([usual, other])
    assert list(two) == [
        "survival, before",
        "survival, after, first setting",
        "chaos, before",
        "chaos, after, second setting",
    ]
    assert two["chaos, before"] is other.replays[0]
    assert two["chaos, after, second setting"] is other.replays[1]
