"""Runs that the vital signs are measured against: drawn once for all, made and resumed as the file says."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from ppo_lessons.shipped import vital_runs
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.traces import READINGS, record_run
from ppo_lessons.shipped.vital_runs import (
    CYCLES,
    HEALTHY,
    HELD_OUT,
    LEARNED,
    PATH,
    POINTS,
    RUNS,
    WORLDS,
    VitalRuns,
    all_runs,
    draw_settings,
    load_vital_runs,
    make_vital_runs,
)
from ppo_lessons.steps import Steps

ANNEALED = "step size 0 at a third"
TINY = [(LEARNED, HEALTHY, 0), (LEARNED, "max for min", 1), (HELD_OUT, ANNEALED, 0)]
IS_THERE = pytest.mark.skipif(not PATH.exists(), reason="the vital runs have not been made yet")


# ---- what is drawn


def test_a_run_is_drawn_once_for_all():
    for run in all_runs()[::37]:
        assert draw_settings(*run) == draw_settings(*run)
    world, cycles, config = draw_settings(LEARNED, HEALTHY, 0)
    assert (world, cycles, config.learning_rate, config.seed) == ("pack", 160, 0.005, 5000), "on every machine"


def test_settings_differ_between_runs_and_groups():
    for illness in (HEALTHY, "max for min"):
        for number in range(3):
            drawn = [draw_settings(group, illness, number) for group in RUNS]
            assert all(one != other for one, other in combinations(drawn, 2))
    healthy = [draw_settings(LEARNED, HEALTHY, number)[2] for number in range(20)]
    assert len({(config.learning_rate, config.clip_eps, config.gamma, config.epochs) for config in healthy}) > 8


def test_no_group_has_a_seed_of_another():
    seeds = {group: set() for group in RUNS}
    for group, illness, number in all_runs():
        seeds[group].add(draw_settings(group, illness, number)[2].seed)
    for one, other in combinations(seeds.values(), 2):
        assert not one & other


def test_worlds_cycles_and_annealing_are_those_that_are_named():
    shares = []
    for group, illness, number in all_runs():
        world, cycles, config = draw_settings(group, illness, number)
        assert world in WORLDS[group] and cycles in CYCLES and cycles % POINTS == 0
        assert config.anneal_cycles in (None, cycles)
        if illness == HEALTHY:
            shares.append(config.anneal_cycles is not None)
        else:
            assert (config.anneal_cycles is not None) == (illness == ANNEALED)
    assert 0.1 < np.mean(shares) < 0.3


def test_all_runs_are_those_that_are_counted():
    plan = all_runs()
    assert len(set(plan)) == len(plan)
    counts = Counter((group, illness) for group, illness, _ in plan)
    assert counts == {
        (group, illness): healthy if illness == HEALTHY else ill
        for group, (healthy, ill) in RUNS.items()
        for illness in (HEALTHY, *FAULTS)
    }
    numbers = [number for *_, number in plan]
    assert numbers == sorted(numbers), "few say much: one of everything first"


# ---- made, and gone on with


@pytest.fixture(autouse=True)
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of four cycles and two points, where something is made."""
    if "tmp_path" not in request.fixturenames:
        return
    sizes = {"num_envs": (4,), "minibatch_size": (16,), "epochs": (1,), "hidden_size": (8,)}
    for name in ("CHOICES", "OTHER_CHOICES"):
        monkeypatch.setattr(vital_runs, name, {**getattr(vital_runs, name), **sizes})
    monkeypatch.setattr(vital_runs, "CYCLES", (4,))
    monkeypatch.setattr(vital_runs, "POINTS", 2)


def test_what_is_made_is_what_is_read(tmp_path: Path):
    path = tmp_path / "vital_runs.npz"
    make_vital_runs(path, TINY)
    found = load_vital_runs(path)
    assert found.group.tolist() == [group for group, *_ in TINY]
    assert found.illness.tolist() == [illness for _, illness, _ in TINY]
    assert found.world.tolist() == [draw_settings(*run)[0] for run in TINY]
    assert tuple(found.values) == READINGS
    for place, run in enumerate(TINY):
        world, cycles, config = draw_settings(*run)
        steps = Steps() if run[1] == HEALTHY else FAULTS[run[1]].steps
        trace, _ = record_run(config, steps, cycles, 2, world)
        for name in READINGS:
            wanted = trace.values[name].astype(np.float16).astype(np.float32)
            np.testing.assert_array_equal(found.values[name][place], wanted, err_msg=name)
    with np.load(path, allow_pickle=False) as file:
        assert file["values"].dtype == np.float16


def test_it_goes_on_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, whole = tmp_path / "vital_runs.npz", tmp_path / "whole.npz"
    make_vital_runs(path, TINY[:2])
    trained, train = [], vital_runs.record_run
    monkeypatch.setattr(vital_runs, "record_run", lambda *given: trained.append(given[0].seed) or train(*given))
    make_vital_runs(path, TINY)
    assert trained == [draw_settings(*TINY[2])[2].seed], "the new one alone"
    make_vital_runs(path, TINY)
    assert len(trained) == 1, "nothing is trained twice"
    make_vital_runs(whole, TINY)
    one, other = load_vital_runs(path), load_vital_runs(whole)
    for name in READINGS:
        np.testing.assert_array_equal(one.values[name], other.values[name])


def test_a_folder_that_is_not_there_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(vital_runs, "record_run", lambda *given: pytest.fail("it trains"))
    with pytest.raises(FileNotFoundError):
        make_vital_runs(tmp_path / "nowhere" / "vital_runs.npz", TINY)


# ---- the shipped ones


@pytest.fixture(scope="module")
def shipped() -> VitalRuns:
    return load_vital_runs()


@IS_THERE
def test_the_shipped_runs_are_those_of_the_plan(shipped: VitalRuns):
    runs = Counter(zip(shipped.group.tolist(), shipped.illness.tolist(), shipped.world.tolist(), strict=True))
    assert runs == Counter((group, illness, draw_settings(group, illness, n)[0]) for group, illness, n in all_runs())


@IS_THERE
def test_the_shipped_runs_have_all_readings(shipped: VitalRuns):
    assert tuple(shipped.values) == READINGS
    assert {values.shape for values in shipped.values.values()} == {(len(all_runs()), POINTS)}
    healthy = shipped.illness == HEALTHY
    for name, values in shipped.values.items():
        assert np.isfinite(values[healthy][:, POINTS // 2 :]).all(), name
    assert shipped.values["first_ratio"][healthy].max() < 1e-3
    assert shipped.values["step_grad"][healthy].max() <= 1.001


@IS_THERE
def test_the_shipped_file_is_small():
    assert PATH.stat().st_size < 500_000
