"""The runs of the case files: made as the file says, read as they were made, and the shipped ones."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import case_runs
from ppo_lessons.shipped.case_runs import (
    CASES,
    CYCLES,
    EVERY,
    PATH,
    SUSPECT,
    TWIN,
    USUAL_SEEDS,
    CaseRun,
    CaseRuns,
    load_case_runs,
    make_case_runs,
)
from ppo_lessons.shipped.faults import FAULTS, REWRITTEN
from ppo_lessons.shipped.traces import READINGS, record_run
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import Steps

SMALL = partial(PPOConfig, num_envs=16, num_steps=4, minibatch_size=64, epochs=2, hidden_size=8)
TINY = {3: CaseRun(FAULTS["max for min"], 7), 5: CaseRun(FAULTS["step size 0 at a third"], 8)}
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cases") / "case_runs.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_runs, "PPOConfig", SMALL)
        make_case_runs(path, TINY, SEEDS, cycles=4, every=2)
    return path


@pytest.fixture(scope="module")
def shipped() -> CaseRuns:
    return load_case_runs()


def halved(values: np.ndarray) -> np.ndarray:
    """As it is kept."""
    return values.astype(np.float16).astype(np.float32)


# ---- made, and read again


def test_suspect_and_twin_have_one_seed_and_the_settings_of_the_fault(path: Path):
    found = load_case_runs(path)
    assert found.cycles.tolist() == [2, 4] and found.traces.keys() == TINY.keys()
    for number, (fault, seed) in TINY.items():
        config = SMALL(seed=seed, **fault.settings)
        for who, steps in ((TWIN, Steps()), (SUSPECT, fault.steps)):
            trace, policy = record_run(config, steps, 4, 2)
            read = found.traces[number][who]
            assert tuple(read.values) == READINGS and read.cycles is found.cycles
            for name in READINGS:
                np.testing.assert_array_equal(read.values[name], halved(trace.values[name]), err_msg=name)
            played = record(policy_player(policy, seed=1), seed=EVALUATION_SEED)
            again = found.replay(number, who)
            np.testing.assert_array_equal(again.actions, played.actions)
            np.testing.assert_array_equal(again.rewards, played.rewards)
            assert again.outcome == played.outcome
    assert SMALL(seed=8, **TINY[5].fault.settings) != SMALL(seed=8)


def test_usual_is_the_lowest_and_the_highest_of_healthy_runs(path: Path):
    usual = load_case_runs(path).usual
    traces = [record_run(SMALL(seed=seed), Steps(), 4, 2)[0] for seed in SEEDS]
    assert tuple(usual) == READINGS
    for name in READINGS:
        all_runs = np.array([trace.values[name] for trace in traces])
        wanted = np.stack((np.fmin.reduce(all_runs), np.fmax.reduce(all_runs)))
        np.testing.assert_array_equal(usual[name], halved(wanted), err_msg=name)


def test_a_folder_that_is_not_there_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(case_runs, "record_run", lambda *given: pytest.fail("it trains"))
    with pytest.raises(FileNotFoundError):
        make_case_runs(tmp_path / "nowhere" / "case_runs.npz", TINY)


# ---- the shipped ones


def test_the_plan_has_thirteen_cases_and_twelve_faults():
    assert list(CASES) == list(range(1, 14))
    faults = [case.fault for case in CASES.values()]
    assert [number for number, case in CASES.items() if case.fault is REWRITTEN] == [6]
    assert len({fault.name for fault in faults}) == 13
    assert all(fault is REWRITTEN or FAULTS[fault.name] is fault for fault in faults)
    seeds = [case.seed for case in CASES.values()]
    assert len(set(seeds)) == 13 and not set(seeds) & set(USUAL_SEEDS)
    assert len(USUAL_SEEDS) == 60


def test_the_shipped_file_is_small_and_holds_arrays_alone():
    assert PATH.stat().st_size < 150_000
    with np.load(PATH, allow_pickle=False) as file:
        assert {file[name].dtype.kind for name in file} <= {"f", "i"}


def test_the_shipped_runs_are_there(shipped: CaseRuns):
    assert shipped.cycles.tolist() == list(range(EVERY, CYCLES + 1, EVERY))
    assert list(shipped.traces) == list(CASES)
    for traces in shipped.traces.values():
        assert tuple(traces) == (TWIN, SUSPECT)
        for trace in traces.values():
            assert tuple(trace.values) == READINGS
            assert all(values.shape == shipped.cycles.shape for values in trace.values.values())
            looking_back = ("mean_return", "survival")
            assert all(np.isfinite(trace.values[name]).all() for name in READINGS if name not in looking_back)
            assert all(np.isfinite(trace.values[name][1:]).all() for name in looking_back), "after ten cycles"


def test_what_is_usual_is_there(shipped: CaseRuns):
    assert tuple(shipped.usual) == READINGS
    for name, (low, high) in shipped.usual.items():
        assert low.shape == high.shape == shipped.cycles.shape
        assert (low <= high)[1:].all(), name


def test_every_twin_of_the_shipped_runs_is_healthy_in_what_has_a_right_value(shipped: CaseRuns):
    for traces in shipped.traces.values():
        twin = traces[TWIN].values
        assert twin["first_ratio"].max() < 1e-4 and twin["step_grad"].max() <= 1.001
        assert 0.5 < twin["rows_used"].min() and twin["rows_used"].max() < 1


@pytest.mark.parametrize("number", CASES)
def test_the_shipped_replays_play(shipped: CaseRuns, number: int):
    replays = [shipped.replay(number, who) for who in (TWIN, SUSPECT)]
    for who, replay in zip((TWIN, SUSPECT), replays, strict=True):
        assert len(replay) == len(shipped.actions[number][who]) + 1, "to its end, and no further"
        assert replay.outcome in ("won", "lost", "adjourned")
    for one, other in zip(*(replay.states for replay in replays), strict=True):
        np.testing.assert_array_equal(one[0], other[0], err_msg="the same case")
    assert replays[0].outcome == "won", "the healthy twins have learned"


@pytest.mark.parametrize("number", [11, 13])
def test_the_shipped_runs_are_those_of_this_plan(shipped: CaseRuns, number: int):
    """The first point of a suspect, trained anew; other processors round in other ways."""
    fault, seed = CASES[number]
    trace, _ = record_run(PPOConfig(**{**fault.settings, "seed": seed}), fault.steps, EVERY, EVERY)
    for name in ("entropy", "value_loss", "rows_used", "step_grad", "explained_variance"):
        kept = shipped.traces[number][SUSPECT].values[name][0]
        assert trace.values[name][0] == pytest.approx(kept, rel=0.05), name
