"""The atlas is what training gives, goes on where it was left, and the shipped one is there."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.shipped import atlas
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, PATH, Atlas, curves_of, load_atlas, make_atlas, measures
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, evaluate, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, TrainReport, train

pytestmark = pytest.mark.slow

SMALL = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=2)
TINY = dict(grid=((0.2,), (0.0, 0.06), (0.5,)), cycles=8, every=4, config=SMALL)
SEEDS, CASES = (0, 3), 10


@pytest.fixture(autouse=True, scope="module")
def few_cases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atlas, "CASES", CASES)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("atlas") / "tiny.npz"
    make_atlas(path, seeds=SEEDS, **TINY)
    return path


@pytest.fixture(scope="module")
def tiny(path: Path) -> Atlas:
    return load_atlas(path)


def trained(ent_coef: float, seed: int) -> tuple[TrainingRun, list[TrainReport]]:
    run = TrainingRun("standard", replace(SMALL, vf_coef=0.5, ent_coef=ent_coef, seed=seed))
    return run, list(train(run, 8))


def test_names_and_shapes(path: Path, tiny: Atlas):
    assert (tiny.clip_eps, tiny.ent_coef, tiny.vf_coef, tiny.seeds) == ((0.2,), (0.0, 0.06), (0.5,), SEEDS)
    np.testing.assert_array_equal(tiny.agent_steps, [4 * 8 * 4 * 4, 8 * 8 * 4 * 4])
    assert tuple(tiny.curves) == (*BEHAVIOUR, *LEARNING)
    assert tuple(tiny.behaviour) == BEHAVIOUR
    assert {curve.shape for curve in tiny.curves.values()} == {(1, 2, 1, 2, 2)}
    assert {numbers.shape for numbers in tiny.behaviour.values()} == {(1, 2, 1, 2)}
    assert tiny.visits.shape == (1, 2, 1, 2, 7, 7)
    assert tiny.actions.shape == (1, 2, 1, 2, 64, 4)
    assert tiny.actions.dtype == np.int8
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file)
        assert file["curves"].dtype == np.float16


def test_it_is_what_training_gives(tiny: Atlas):
    for n, ent_coef in enumerate(tiny.ent_coef):
        run, reports = trained(ent_coef, SEEDS[1])
        curves = curves_of(reports, 4).astype(np.float16)
        for q, name in enumerate((*BEHAVIOUR, *LEARNING)):
            np.testing.assert_array_equal(tiny.curves[name][0, n, 0, 1], curves[:, q])
        behaviour = evaluate(policy_player(run.policy), cases=CASES)
        got = [tiny.behaviour[name][0, n, 0, 1] for name in BEHAVIOUR]
        np.testing.assert_allclose(got, measures(behaviour), rtol=1e-6)
        np.testing.assert_array_equal(tiny.visits[0, n, 0, 1], behaviour.visits.astype(np.float16))
        replay, wanted = tiny.replay(0, n, 0, 1), record(policy_player(run.policy), seed=EVALUATION_SEED)
        assert replay.outcome == wanted.outcome
        np.testing.assert_array_equal(replay.actions, wanted.actions)
        np.testing.assert_array_equal(replay.rewards, wanted.rewards)
        for one, other in zip(replay.states, wanted.states, strict=True):
            np.testing.assert_array_equal(one, other)
        assert (tiny.actions[0, n, 0, 1, len(wanted.actions) :] == -1).all()


def test_a_point_is_the_mean_since_the_last_one():
    _, reports = trained(0.0, 0)
    curves = curves_of(reports, 4)
    for q, name in enumerate(LEARNING, len(BEHAVIOUR)):
        wanted = [np.mean([getattr(r.update, name) for r in part]) for part in (reports[:4], reports[4:])]
        np.testing.assert_allclose(curves[:, q], wanted)
    np.testing.assert_array_equal(curves_of(reports[:7], 4), curves[:1], "what comes later changes nothing")
    assert curves_of([], 4).shape == (0, len(BEHAVIOUR) + len(LEARNING))


def test_it_goes_on_where_it_was_left(path: Path, monkeypatch: pytest.MonkeyPatch):
    before = path.read_bytes()
    runs = path.with_suffix(".runs")
    names = {f"0.2_{ent_coef}_0.5_{seed}" for ent_coef in (0.0, 0.06) for seed in SEEDS}
    assert {file.stem for file in runs.glob("*.npz")} == names
    path.unlink()
    (runs / "0.2_0.06_0.5_0.npz").unlink()
    asked, run_setting = [], atlas.run_setting

    def spy(config: PPOConfig, **sizes: int) -> dict[str, np.ndarray]:
        asked.append((config.clip_eps, config.ent_coef, config.vf_coef, config.seed))
        return run_setting(config, **sizes)

    monkeypatch.setattr(atlas, "run_setting", spy)
    make_atlas(path, seeds=SEEDS, **TINY)
    assert asked == [(0.2, 0.06, 0.5, 0)]
    assert len(path.read_bytes()) == len(before)
    with np.load(path, allow_pickle=False) as new:
        path.with_name("before.npz").write_bytes(before)
        with np.load(path.with_name("before.npz"), allow_pickle=False) as old:
            assert set(new) == set(old)
            for name in new:
                np.testing.assert_array_equal(new[name], old[name])


def test_a_run_that_was_broken_off_while_it_was_written_is_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one = {**TINY, "grid": ((0.2,), (0.0,), (0.5,)), "cycles": 4, "seeds": (0,)}

    def break_off(file: BinaryIO, **arrays: np.ndarray) -> None:
        file.write(b"PK\x03\x04")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", break_off)
        with pytest.raises(KeyboardInterrupt):
            make_atlas(tmp_path / "one.npz", **one)
    assert not (tmp_path / "one.runs" / "0.2_0.0_0.5_0.npz").exists()
    make_atlas(tmp_path / "one.npz", **one)
    assert load_atlas(tmp_path / "one.npz").visits.shape == (1, 1, 1, 1, 7, 7)


def test_unfinished_runs_of_other_settings_are_refused(tmp_path: Path):
    one = {**TINY, "grid": ((0.2,), (0.0,), (0.5,)), "cycles": 4, "seeds": (0,)}
    make_atlas(tmp_path / "one.npz", **one)
    make_atlas(tmp_path / "one.npz", **{**one, "seeds": (0, 1)})
    for other in ({"config": replace(SMALL, gamma=0.5)}, {"cycles": 8}):
        with pytest.raises(ValueError, match="share their settings"):
            make_atlas(tmp_path / "one.npz", **{**one, **other})
    (tmp_path / "one.runs" / "settings.json").unlink()
    with pytest.raises(ValueError, match="no word of them"):
        make_atlas(tmp_path / "one.npz", **one)


def test_what_is_not_on_the_grid_has_no_place(tiny: Atlas):
    assert tiny.place(0.2, 0.06, 0.5) == (0, 1, 0)
    for name, value in {"clip_eps": 0.3, "ent_coef": 0.01, "vf_coef": 5.0}.items():
        setting = {"clip_eps": 0.2, "ent_coef": 0.06, "vf_coef": 0.5, name: value}
        with pytest.raises(ValueError, match=rf"{name} must be one of .*Got {value}"):
            tiny.place(**setting)


def test_a_run_that_is_no_longer_finite_leaves_nan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def train_until_it_breaks(run: TrainingRun, cycles: int) -> Iterator[TrainReport]:
        for report in train(run, cycles):
            if report.cycle == 7:
                run.policy.critic_head.bias.data.fill_(math.nan)
                with pytest.raises(NonFiniteError) as raised:
                    list(train(run, 1))
                run.policy.critic_head.bias.data.fill_(0.0)
                raise raised.value
            yield report

    monkeypatch.setattr(atlas, "train", train_until_it_breaks)
    kept = atlas.run_setting(SMALL, 12, 4)
    learned = kept["curves"][:, len(BEHAVIOUR) :]
    assert learned.shape == (3, len(LEARNING))
    assert np.isfinite(learned[0]).all()
    assert np.isnan(kept["curves"][1:]).all(), "six of eight cycles are no point"
    assert np.isfinite(kept["behaviour"][BEHAVIOUR.index("survival")]), "the team is there, with its last good weights"
    assert kept["actions"][0].min() >= 0
    assert "must be finite" in capsys.readouterr().out


@pytest.fixture(scope="module")
def shipped() -> Atlas:
    return load_atlas()


def test_the_shipped_atlas_is_large_enough_and_small_enough(shipped: Atlas):
    assert PATH.stat().st_size < 2_000_000
    shape = tuple(map(len, (shipped.clip_eps, shipped.ent_coef, shipped.vf_coef, shipped.seeds)))
    assert all(have >= wanted for have, wanted in zip(shape, (5, 5, 3, 3), strict=True))
    points = len(shipped.agent_steps)
    assert points >= 10
    assert (np.diff(shipped.agent_steps) > 0).all()
    assert tuple(shipped.curves) == (*BEHAVIOUR, *LEARNING)
    assert all(curve.shape == (*shape, points) for curve in shipped.curves.values())
    assert all(numbers.shape == shape for numbers in shipped.behaviour.values())
    assert shipped.visits.shape == (*shape, 7, 7)
    assert shipped.actions.shape == (*shape, 64, 4)
    usual = PPOConfig()
    shipped.place(usual.clip_eps, usual.ent_coef, usual.vf_coef)
    for name in ("clip_eps", "ent_coef", "vf_coef"):
        values = getattr(shipped, name)
        assert list(values) == sorted(set(values))


def test_the_shipped_numbers_are_in_their_ranges(shipped: Atlas):
    for name in ("win_rate", "survival", "banished_1", "banished_2", "banished_3", "clip_fraction"):
        for numbers in (shipped.curves[name], shipped.behaviour.get(name, np.zeros(1))):
            known = numbers[np.isfinite(numbers)]
            assert len(known)
            assert 0 <= known.min() <= known.max() <= 1
    entropy = shipped.curves["entropy"]
    assert 0 <= np.nanmin(entropy) <= np.nanmax(entropy) <= math.log(5) + 1e-3
    assert all(np.isfinite(shipped.behaviour[name]).all() for name in ("win_rate", "survival"))
    np.testing.assert_allclose(shipped.visits.sum(axis=(-2, -1)), 1, atol=0.01)
    assert shipped.actions.min() >= -1
    assert shipped.actions.max() <= 4
    over = (shipped.actions < 0).any(axis=-1)
    assert (over == (shipped.actions < 0).all(axis=-1)).all()
    assert (np.diff(over.astype(int), axis=-1) >= 0).all(), "-1 stands after the end alone"
    assert not over[..., 0].any()


def test_a_shipped_case_can_be_played_again(shipped: Atlas):
    corners = [(0, 0, 0, 0), tuple(n - 1 for n in shipped.actions.shape[:4])]
    for place in corners:
        replay, actions = shipped.replay(*place), shipped.actions[place]
        np.testing.assert_array_equal(replay.actions, actions[actions[:, 0] >= 0])
        assert replay.outcome in ("won", "lost", "adjourned")


def test_what_is_said_of_the_atlas():
    """The seeds at the last point, how far they lie apart, and what their losses say."""
    shipped = load_atlas()
    ends = {clip: shipped.curves["win_rate"][shipped.place(clip, 0.025, 1.0)][:, -1] for clip in shipped.clip_eps}
    assert np.ptp(ends[0.4]) > ends[0.2].mean() - ends[0.4].mean()
    assert np.ptp(shipped.agent_steps) < 1e6 <= shipped.agent_steps[-1] + 2e4
    last = {name: shipped.curves[name][:, :, :, :, -5:].mean(axis=(0, 3, 4)) for name in LEARNING}  # (N, V)
    entropy, explained, kl, norm = (last[name] for name in ("entropy", "explained_variance", "approx_kl", "grad_norm"))
    assert entropy[0].mean() < 0.5 < 1.5 < entropy[-1].mean(), "certain too early; never certain of anything"
    assert explained[:, 0].mean() + 0.1 < explained[:, 1:].mean(axis=0).min(), "vf_coef 0.1: the critic is slower"
    assert explained[:, 2].mean() < explained[:, 1].mean() + 0.05, "10 learns no better than 1"
    assert norm[:, 2].mean() > 1 > norm[:, 1].mean(), "and its gradients are shortened"
    assert kl[:, 2].mean() < kl[:, 1].mean(), "so that the policy moves less"
    survive = (shipped.behaviour["survival"] > 0.8) & (shipped.behaviour["win_rate"] < 0.2)
    assert survive.mean() > 0.5, "most teams get stuck in survival"
