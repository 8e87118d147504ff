"""Ways: each stage is what training gives, goes on where it was left, shares what began alike, and is shipped."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_run
from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import ways
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of, measures
from ppo_lessons.shipped.ways import (
    COSTS,
    EVERY,
    LADDER,
    SEEDS,
    WAYS,
    Stage,
    Walked,
    go,
    load_team,
    load_ways,
    make_ways,
)
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, TrainReport, train
from ppo_lessons.transfer import next_run

SMALL = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=1)
TINY = {
    "small room": (Stage(("attic",), 2), Stage(("pack",), 4)),
    "only the room": (Stage(("attic",), 2),),
    "new critic": (Stage(("attic",), 2), Stage(("pack",), 2, critic=False)),
    "both": (Stage(("fog", "standard"), 2),),
}
FEW, PLAYED_FEW = ("standard", "fog"), 3
TWO_SEEDS = (0, 3)
A_CYCLE = 8 * 128 * 4
"""Agent-steps of a cycle with the settings of `PPOConfig`."""


@pytest.fixture(autouse=True, scope="module")
def few_cases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PLAYED": PLAYED_FEW, "EVERY": 2, "LADDER": FEW}.items():
            patch.setattr(ways, name, value)
        yield


def counted(patch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], int]]:
    """Which stages are trained from now on, with which seed."""
    asked, trained = [], ways._trained

    def spy(run: TrainingRun, stage: Stage) -> dict[str, np.ndarray]:
        asked.append((stage.cases, run.config.seed))
        return trained(run, stage)

    patch.setattr(ways, "_trained", spy)
    return asked


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[tuple[str, ...], int]]]:
    """The folder, and what was trained for it."""
    folder = tmp_path_factory.mktemp("ways")
    with pytest.MonkeyPatch.context() as patch:
        asked = counted(patch)
        make_ways(folder, TWO_SEEDS, TINY, SMALL)
    return folder, asked


@pytest.fixture
def folder(made: tuple[Path, list]) -> Path:
    return made[0]


@pytest.fixture
def walked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Walked]:
    monkeypatch.setattr(ways, "WAYS", TINY)
    return load_ways(folder / "ways.npz")


def same(one: Replay, other: Replay) -> bool:
    arrays = zip((*one.states, one.actions, one.rewards), (*other.states, other.actions, other.rewards), strict=True)
    return one.case == other.case and one.outcome == other.outcome and all(np.array_equal(a, b) for a, b in arrays)


def weights(policy: ActorCritic) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in policy.parameters()])


@pytest.mark.slow
def test_names_and_shapes(folder: Path, walked: dict[str, Walked]):
    assert tuple(walked) == tuple(TINY)
    for name, way in walked.items():
        assert way.stages == TINY[name]
        assert tuple(way.behaviour) == BEHAVIOUR
        assert {numbers.shape for numbers in way.behaviour.values()} == {(2, len(way.stages) + 1, len(FEW))}
        for stage, curves, actions in zip(way.stages, way.curves, way.actions, strict=True):
            assert tuple(curves) == (*BEHAVIOUR, *LEARNING)
            assert {curve.shape for curve in curves.values()} == {(2, stage.cycles // 2)}
            assert np.isfinite(curves["entropy"]).all()
            assert actions.shape == (2, 2, CASES[stage.cases[0]].step_limit, 4) and actions.dtype == np.int8
    with np.load(folder / "ways.npz", allow_pickle=False) as file:
        assert {file[name].dtype for name in file} == {np.dtype(np.float16), np.dtype(np.int8)}


@pytest.mark.slow
def test_steps_are_counted_from_the_beginning_of_the_way(walked: dict[str, Walked]):
    first, second = walked["small room"].agent_steps
    assert first.tolist() == [2 * A_CYCLE]
    assert second.tolist() == [4 * A_CYCLE, 6 * A_CYCLE], "two cycles in the room come before"
    assert walked["both"].agent_steps[0].tolist() == [2 * A_CYCLE]


@pytest.mark.slow
def test_it_is_what_training_gives(walked: dict[str, Walked]):
    way, seed = walked["small room"], 1
    run = TrainingRun("attic", replace(SMALL, seed=TWO_SEEDS[seed]))
    for i, stage in enumerate(way.stages):
        run = run if i == 0 else next_run(run, stage.cases[0])
        for after, cycles in enumerate((0, stage.cycles)):
            reports = list(train(run, cycles))
            player = policy_player(run.policy)
            found = [measures(evaluate(policy_player(run.policy), case, cases=PLAYED_FEW)) for case in FEW]
            got = np.array([way.behaviour[name][seed, i + after] for name in BEHAVIOUR]).T
            np.testing.assert_array_equal(got, np.array(found).astype(np.float16))
            assert same(way.replay(i, seed, bool(after)), record(player, stage.cases[0], seed=EVALUATION_SEED))
        wanted = curves_of(reports, 2).astype(np.float16)
        for q, name in enumerate((*BEHAVIOUR, *LEARNING)):
            np.testing.assert_array_equal(way.curves[i][name][seed], wanted[:, q])
    np.testing.assert_array_equal(way.win_rates, way.behaviour["win_rate"])


@pytest.mark.slow
def test_a_replay_is_of_the_first_case_and_ends_where_it_ended(walked: dict[str, Walked]):
    for way in walked.values():
        for i, stage in enumerate(way.stages):
            for seed, after in np.ndindex(2, 2):
                replay = way.replay(i, seed, bool(after))
                assert replay.case.name == stage.cases[0]
                actions, steps = way.actions[i][seed, after], len(replay) - 1
                np.testing.assert_array_equal(replay.actions, actions[:steps])
                assert (actions[steps:] == -1).all() and (actions[:steps] >= 0).all()
    run = TrainingRun(["fog", "standard"], replace(SMALL, seed=TWO_SEEDS[1]))
    list(train(run, 2))
    wanted = record(policy_player(run.policy), "fog", seed=EVALUATION_SEED)
    assert same(walked["both"].replay(0, 1, True), wanted), "trained on both at once"


@pytest.mark.slow
def test_ways_that_begin_alike_share_their_first_stages(made: tuple[Path, list], walked: dict[str, Walked]):
    _, asked = made
    each = [("attic",), ("pack",), ("pack",), ("fog", "standard")]
    assert asked == [(cases, seed) for seed in TWO_SEEDS for cases in each], "the attic once for three ways"
    room = walked["small room"]
    for name in ("only the room", "new critic"):
        for quantity, numbers in walked[name].curves[0].items():
            np.testing.assert_array_equal(numbers, room.curves[0][quantity])
        np.testing.assert_array_equal(walked[name].actions[0], room.actions[0])
    assert not np.array_equal(walked["new critic"].curves[1]["value_loss"], room.curves[1]["value_loss"][:, :1])


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def same_arrays(one: Path, other: Path) -> bool:
    first, second = read(one), read(other)
    return set(first) == set(second) and all(np.array_equal(first[k], second[k], equal_nan=True) for k in first)


@pytest.mark.slow
def test_it_goes_on_where_it_was_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path in folder.rglob("*"):
        copy = tmp_path / path.relative_to(folder)
        copy.mkdir() if path.is_dir() else copy.write_bytes(path.read_bytes())
    (tmp_path / "ways.npz").unlink()
    lost = "attic2.pack4_3"
    parts = tmp_path / "ways.parts"
    (parts / f"{lost}.npz").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in parts.iterdir() if path.stem != lost}
    asked = counted(monkeypatch)
    make_ways(tmp_path, TWO_SEEDS, TINY, SMALL)
    assert asked == [(("pack",), 3)]
    assert {path.name: path.stat().st_mtime_ns for path in parts.iterdir() if path.stem != lost} == before
    assert same_arrays(tmp_path / "ways.npz", folder / "ways.npz")


@pytest.mark.slow
def test_a_stage_that_was_broken_off_is_gone_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ways_there = {"small room": TINY["small room"]}

    def break_off(run: TrainingRun, cycles: int) -> Iterator[TrainReport]:
        if run.env.case.name == "pack":
            yield from train(run, 1)
            raise KeyboardInterrupt
        yield from train(run, cycles)

    with monkeypatch.context() as patch:
        patch.setattr(ways, "train", break_off)
        with pytest.raises(KeyboardInterrupt):
            make_ways(tmp_path, (3,), ways_there, SMALL)
    assert {path.name for path in (tmp_path / "ways.parts").iterdir()} == {
        *("attic2_3.npz", "attic2_3.pt", "settings.json")
    }
    asked = counted(monkeypatch)
    make_ways(tmp_path, (3,), ways_there, SMALL)
    assert asked == [(("pack",), 3)]
    name = "ways.parts/attic2.pack4_3.npz"
    assert same_arrays(tmp_path / name, folder / name)


@pytest.mark.parametrize("changes", [{"gamma": 0.9}, {"ent_coef": 0.0}])
def test_stages_made_with_other_settings_are_refused(folder: Path, changes: dict[str, float]):
    with pytest.raises(ValueError, match="share their settings"):
        make_ways(folder, TWO_SEEDS, TINY, replace(SMALL, **changes))


def untrained(run: TrainingRun, stage: Stage) -> dict[str, np.ndarray]:
    return {"after": np.zeros((len(FEW), len(BEHAVIOUR)))}


def test_what_is_left_behind_is_told_to_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[bool, bool]] = []

    def spy(run: TrainingRun, env: str, *, critic: bool, moments: bool) -> TrainingRun:
        asked.append((critic, moments))
        return next_run(run, env, critic=critic, moments=moments)

    monkeypatch.setattr(ways, "next_run", spy)
    monkeypatch.setattr(ways, "_trained", untrained)
    first, said = Stage(("standard",), 5), []
    four = [(True, True), (True, False), (False, True), (False, False)]
    variants = {f"{c}{m}": (first, Stage(("fog",), 7, critic=c, moments=m)) for c, m in four}
    for name in variants:
        go(name, 4, tmp_path, variants, SMALL, said.append)
    assert asked == four
    assert len(said) == len(list(tmp_path.glob("*.npz"))) == 5, "the first stage once, the second ones apart"
    assert said[0].startswith("TrueTrue, seed 4, standard: ")
    runs = [load_run(path) for path in tmp_path.glob("*.pt")]
    assert {(run.config.seed, run.config.num_envs) for run in runs} == {(4, 8)}


def test_what_is_left_behind_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Told by what is saved: a critic as the seed draws it, and an optimizer without memory."""

    def one_cycle(run: TrainingRun, stage: Stage) -> dict[str, np.ndarray]:
        list(train(run, 1 if stage.cases == ("standard",) else 0))
        return untrained(run, stage)

    monkeypatch.setattr(ways, "_trained", one_cycle)
    for critic, moments in ((True, True), (True, False), (False, True)):
        way = {"w": (Stage(("standard",), 1), Stage(("fog",), 1, critic=critic, moments=moments))}
        go("w", 0, tmp_path, way, SMALL, lambda line: None)
        mark = "" if critic and moments else "m!" if critic else "c!"
        run, before = load_run(tmp_path / f"standard1.{mark}fog1_0.pt"), load_run(tmp_path / "standard1_0.pt")
        fresh = TrainingRun("fog", SMALL).policy
        for part, kept in (("actor_head", True), ("critic_head", critic)):
            wanted = before.policy if kept else fresh
            assert torch.equal(getattr(run.policy, part).weight, getattr(wanted, part).weight), (part, mark)
        assert bool(run.optimizer.state) is moments


# ---- several cases at once


def behaviour(cases: int, win_rate: float, survival: float, **others: float) -> TeamBehaviour:
    numbers = dict.fromkeys(("case_length", "team_return", "teaming_up", "mate_distance", "health_lost_alone"), 1.0)
    told = {**numbers, "win_rate": win_rate, "survival": survival, **others}
    return TeamBehaviour(cases=cases, banished={1: 1.0}, visits=np.ones((7, 7)), **told)


@pytest.fixture
def report() -> Callable[[object], TrainReport]:
    def make(behaviour: object) -> TrainReport:
        numbers = dict(cycle=3, agent_steps=9, mean_reward=0.5, agent_rewards=(0.5, 0.5), agent_steps_per_second=2.0)
        return TrainReport(update="kept", behaviour=behaviour, rollout_seconds=1.0, update_seconds=4.0, **numbers)

    return make


def test_the_mean_over_several_cases_by_hand(report: Callable[[object], TrainReport]):
    easy = behaviour(30, 0.9, 1.0, case_length=10.0, teaming_up=2.0, health_lost_alone=math.nan)
    tough = behaviour(10, 0.5, 0.6, case_length=50.0, teaming_up=math.nan, health_lost_alone=math.nan)
    none = behaviour(0, math.nan, math.nan, case_length=math.nan, teaming_up=9.0)
    told = ways._alike_in_all(report({"standard": easy, "pack": tough, "fog": none}))
    mean = told.behaviour
    assert mean.cases == 40
    assert (mean.win_rate, mean.survival) == pytest.approx((0.8, 0.9)), "by the cases that ended"
    assert mean.case_length == pytest.approx(20.0)
    assert mean.teaming_up == 2.0, "what is not known is left out, and what no case has ended for"
    assert math.isnan(mean.health_lost_alone)
    assert math.isnan(measures(mean)[BEHAVIOUR.index("banished_1")]), "cases have other spirits"
    assert {**vars(told), "behaviour": 0} == {**vars(report(0))}


def test_no_case_has_ended_yet(report: Callable[[object], TrainReport]):
    mean = ways._alike_in_all(report({"standard": behaviour(0, math.nan, math.nan), "fog": behaviour(0, 0, 0)}))
    assert mean.behaviour.cases == 0 and math.isnan(mean.behaviour.win_rate)


def test_one_case_alone_stays_as_it_is(report: Callable[[object], TrainReport]):
    told = report(behaviour(10, 0.5, 0.5))
    assert ways._alike_in_all(told) is told


@pytest.mark.slow
def test_curves_of_several_cases_are_those_means(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ways, "LADDER", ())
    config = replace(SMALL, num_steps=32)
    run = TrainingRun(["standard", "fog"], config)
    reports, curves = list(train(TrainingRun(["standard", "fog"], config), 8)), []
    kept = ways._trained(run, Stage(("standard", "fog"), 8))["curves"]
    for last in (2, 4, 6, 8):
        each = [b for told in reports[:last] for b in told.behaviour.values() if b.cases]
        total = sum(b.cases for b in each)
        curves.append(sum(b.survival * b.cases for b in each) / total if total >= 20 else math.nan)
    assert math.isnan(curves[0]) and not math.isnan(curves[-1]), "otherwise there is nothing to compare"
    np.testing.assert_allclose(kept[:, BEHAVIOUR.index("survival")], curves, atol=1e-3)


# ---- teams, and what is refused


@pytest.mark.slow
def test_the_teams_of_the_small_room_are_those_of_the_first_seed(
    folder: Path, walked: dict[str, Walked], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ways, "FOLDER", folder)
    assert {path.name for path in folder.glob("*.pt")} == {"attic.pt", "pack.pt"}
    for i, case in enumerate(("attic", "pack")):
        assert same(record(policy_player(load_team(case)), case), walked["small room"].replay(i, 0, True))
    assert not torch.equal(weights(load_team("attic")), weights(load_team("pack")))


@pytest.mark.parametrize("name", ["standard", "small room", "", "Attic"])
def test_a_team_that_is_not_shipped_is_refused(name: str):
    with pytest.raises(ValueError, match=f"has mastered attic, nightfall, eclipse. Got '{name}'"):
        load_team(name)


def test_a_folder_that_is_not_there_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = counted(monkeypatch)
    with pytest.raises(FileNotFoundError):
        make_ways(tmp_path / "nowhere", (0,), TINY, SMALL)
    assert asked == [] and list(tmp_path.iterdir()) == []


# ---- the shipped ways


def test_every_way_can_be_gone_and_ends_with_a_point():
    for stages in WAYS.values():
        for stage in stages:
            assert stage.cycles % EVERY == 0, "what comes after the last point would not be seen"
            assert set(stage.cases) <= set(LADDER) <= set(CASES)


def test_the_costs_are_of_the_same_way_with_less_and_less():
    whole, *less = (WAYS[name] for name in COSTS)
    first, last = whole
    assert last == Stage(last.cases, last.cycles) and first.cases != last.cases, "all of it goes along"
    left_behind = [(True, False), (False, True), (False, False)]
    assert less == [(first, last._replace(critic=critic, moments=moments)) for critic, moments in left_behind]


def test_the_shipped_ways_are_there():
    found = load_ways()
    assert tuple(found) == tuple(WAYS)
    for name, way in found.items():
        stages = WAYS[name]
        assert way.win_rates.shape == (len(SEEDS), len(stages) + 1, len(LADDER))
        assert len(way.curves) == len(way.actions) == len(way.agent_steps) == len(stages)
        for i, stage in enumerate(stages):
            points = len(way.agent_steps[i])
            assert {curve.shape for curve in way.curves[i].values()} == {(len(SEEDS), points)}
            assert way.actions[i].shape == (len(SEEDS), 2, CASES[stage.cases[0]].step_limit, 4)
