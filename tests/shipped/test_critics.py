"""Own and team critic: runs are what training gives, judges have one actor, and what came is counted by hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import critics
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of, measures
from ppo_lessons.shipped.critics import (
    CASE_SEED,
    CRITICS,
    CYCLES,
    SEEDS,
    SHOWN,
    Critics,
    foreseen,
    load_case,
    load_critics,
    load_judge,
    make_critics,
    make_judges,
)
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, evaluate, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, TrainReport, train

SMALL = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=2, hidden_size=16)
TINY = {"standard": 2, "fog": 4}
PLAYED_FEW = 3
TWO_SEEDS = (0, 3)
A_CYCLE = 8 * 128 * 4
"""Agent-steps of a cycle with the settings of `PPOConfig`."""
OWN, TEAM = {"shared_trunk": False}, {"shared_trunk": False, "critic": "team"}


@pytest.fixture(autouse=True, scope="module")
def few_cases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PLAYED": PLAYED_FEW, "EVERY": 2}.items():
            patch.setattr(critics, name, value)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("critics")
    make_critics(folder, TWO_SEEDS, TINY, SMALL)
    return folder


@pytest.fixture
def found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Critics]:
    monkeypatch.setattr(critics, "CYCLES", TINY)
    return load_critics(folder / "critics.npz")


def trained(case: str, cycles: int, seed: int, **changes: object) -> tuple[ActorCritic, list[TrainReport]]:
    run = TrainingRun(case, replace(SMALL, seed=seed, **changes))
    return run.policy, list(train(run, cycles))


def weights(policy: ActorCritic, part: str = "") -> torch.Tensor:
    return torch.cat([w.detach().flatten() for name, w in policy.named_parameters() if name.startswith(part)])


@pytest.mark.slow
def test_names_and_shapes(folder: Path, found: dict[str, Critics]):
    assert tuple(found) == ("standard", "fog")
    for case, runs in found.items():
        points = TINY[case] // 2
        assert tuple(runs.curves) == (*BEHAVIOUR, *LEARNING) and tuple(runs.behaviour) == BEHAVIOUR
        assert {curve.shape for curve in runs.curves.values()} == {(len(CRITICS), 2, points)}
        assert {numbers.shape for numbers in runs.behaviour.values()} == {(len(CRITICS), 2)}
        assert runs.agent_steps.tolist() == [2 * A_CYCLE * (p + 1) for p in range(points)]
    with np.load(folder / "critics.npz", allow_pickle=False) as file:
        assert {file[name].dtype for name in file} == {np.dtype(np.float16)}
    parts = {f"{case} {name} {seed}" for case in TINY for name in CRITICS for seed in TWO_SEEDS}
    assert {path.stem for path in (folder / "critics.parts").iterdir()} == parts | {"settings"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "changes"), [("own", OWN), ("team", TEAM)])
def test_they_are_what_training_gives(found: dict[str, Critics], name: str, changes: dict[str, object]):
    n = list(CRITICS).index(name)
    for (case, cycles), s in zip(TINY.items(), (1, 0), strict=True):
        policy, reports = trained(case, cycles, TWO_SEEDS[s], **changes)
        wanted = curves_of(reports, 2).astype(np.float16)
        for q, quantity in enumerate((*BEHAVIOUR, *LEARNING)):
            np.testing.assert_array_equal(found[case].curves[quantity][n, s], wanted[:, q])
        numbers = np.array(measures(evaluate(policy_player(policy), case, cases=PLAYED_FEW))).astype(np.float16)
        np.testing.assert_array_equal([found[case].behaviour[quantity][n, s] for quantity in BEHAVIOUR], numbers)


@pytest.mark.slow
def test_the_shown_team_is_that_of_the_first_seed(folder: Path):
    policy, _ = trained("fog", TINY["fog"], TWO_SEEDS[0], **OWN)
    assert torch.equal(weights(load_policy(folder / "own.pt")), weights(policy))


def copied(folder: Path, to: Path) -> None:
    for path in folder.rglob("*"):
        copy = to / path.relative_to(folder)
        copy.mkdir() if path.is_dir() else copy.write_bytes(path.read_bytes())


@pytest.mark.slow
def test_the_seed_that_is_shown_can_be_chosen(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copied(folder, tmp_path)
    monkeypatch.setattr(critics, "SHOWN_SEED", TWO_SEEDS[1])
    make_critics(tmp_path, TWO_SEEDS, TINY, SMALL)
    wanted = load_policy(tmp_path / "critics.parts" / f"fog own {TWO_SEEDS[1]}.pt")
    assert torch.equal(weights(load_policy(tmp_path / "own.pt")), weights(wanted))
    assert not torch.equal(weights(load_policy(folder / "own.pt")), weights(wanted))


@pytest.mark.slow
def test_it_goes_on_where_it_was_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copied(folder, tmp_path)
    parts, lost = tmp_path / "critics.parts", "fog team 3"
    (tmp_path / "critics.npz").unlink()
    (parts / f"{lost}.npz").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in parts.iterdir() if path.stem != lost}
    asked = []

    def spy(run: TrainingRun, cycles: int) -> Iterator[TrainReport]:
        asked.append((run.env.case.name, run.config.critic, run.config.seed, cycles))
        yield from train(run, cycles)

    monkeypatch.setattr(critics, "train", spy)
    make_critics(tmp_path, TWO_SEEDS, TINY, SMALL)
    assert asked == [("fog", "team", 3, 4)]
    assert {path.name: path.stat().st_mtime_ns for path in parts.iterdir() if path.stem != lost} == before
    with np.load(tmp_path / "critics.npz") as new, np.load(folder / "critics.npz") as old:
        assert set(new) == set(old)
        for name in new:
            np.testing.assert_array_equal(new[name], old[name])


def test_a_folder_that_is_not_there_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(critics, "train", lambda *given: pytest.fail("it trains"))
    with pytest.raises(FileNotFoundError):
        make_critics(tmp_path / "nowhere", (0,), TINY, SMALL)


@pytest.mark.slow
@pytest.mark.parametrize(("cycles", "changes"), [(TINY, {"gamma": 0.9}), ({**TINY, "fog": 6}, {})])
def test_runs_made_with_other_settings_are_refused(folder: Path, cycles: dict[str, int], changes: dict[str, float]):
    with pytest.raises(ValueError, match="share their settings"):
        make_critics(folder, TWO_SEEDS, cycles, replace(SMALL, **changes))


# ---- the judges


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Own.pt, and its judges, in a folder of their own."""
    folder = tmp_path_factory.mktemp("judges")
    actor = ActorCritic(34, 5, 16, shared_trunk=False, seed=5)
    with torch.no_grad():
        actor.actor_head.weight.mul_(50)
    save_policy(actor, folder / "own.pt")
    make_judges(folder, 2, SMALL)
    return folder


def test_the_actor_of_both_judges_is_that_of_the_team(judged: Path):
    actor, own, team = (load_policy(judged / f"{name}.pt") for name in ("own", "judge_own", "judge_team"))
    for judge in (own, team):
        assert torch.equal(weights(judge, "actor"), weights(actor, "actor"))
    assert (own.team_size, team.team_size) == (None, 4 * 34 + 4)
    one, other = (record(policy_player(judge, seed=3), SHOWN) for judge in (own, team))
    np.testing.assert_array_equal(one.actions, other.actions)
    assert len(set(one.actions.flatten().tolist())) > 1


def test_only_their_critics_have_learned(judged: Path):
    """From a critic of their own seed, not from the team's."""
    actor = load_policy(judged / "own.pt")
    for name, changes in (("own", OWN), ("team", TEAM)):
        judge = load_policy(judged / f"judge_{name}.pt")
        fresh = TrainingRun(SHOWN, replace(SMALL, seed=100, **changes)).policy
        for part in ("critic_trunk", "critic_head"):
            moved = (weights(judge, part) - weights(fresh, part)).norm()
            assert 0 < moved < 0.5 * weights(fresh, part).norm(), part
        if name == "own":
            assert (weights(judge, "critic") - weights(actor, "critic")).norm() > moved


def test_the_case_is_the_one_that_their_team_has_played(judged: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(critics, "FOLDER", judged)
    played, again = record(policy_player(load_judge("own"), seed=1), SHOWN, seed=CASE_SEED), load_case()
    assert (again.case, again.outcome) == (played.case, played.outcome)
    np.testing.assert_array_equal(again.actions, played.actions)
    np.testing.assert_array_equal(again.rewards, played.rewards)
    for one, other in zip(again.states, played.states, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.load(judged / "case.npy", allow_pickle=False).dtype == np.int8


def test_a_judge_learns_as_long_as_it_is_told(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def spy(run: TrainingRun, cycles: int) -> Iterator[TrainReport]:
        asked.append((run.env.case.name, run.config.critic, run.config.shared_trunk, run.config.num_envs, cycles))
        yield from ()

    monkeypatch.setattr(critics, "train", spy)
    save_policy(load_policy(judged / "own.pt"), tmp_path / "own.pt")
    make_judges(tmp_path, 7, SMALL)
    assert asked == [(SHOWN, "own", False, 8, 7), (SHOWN, "team", False, 8, 7)]


@pytest.mark.parametrize("name", ["shared trunk", "Team", "", "judge_own"])
def test_a_critic_that_is_not_shipped_is_refused(name: str):
    with pytest.raises(ValueError, match=f"A critic is own or team. Got '{name}'"):
        load_judge(name)


# ---- what was foreseen, and what came


def case_by_case(own: ActorCritic, team: ActorCritic, num_envs: int, steps: int) -> tuple[list[list[float]], list[int]]:
    """Play, and write down (what the own critic said, what the team's said, what came) of each decision that counts.

    Returns:
        These rows, and how long the cases were, those at last that are not over.
    """
    world, player = SpiritWorld("fog", num_envs), policy_player(own)
    world.reset(EVALUATION_SEED)
    rows, open_cases, lengths = [], [[] for _ in range(num_envs)], []
    for _ in range(steps):
        obs, acting = world.obs.copy(), world.acting.copy()
        step = world.step(player(world))
        for e, case in enumerate(open_cases):
            case.append((obs[e], acting[e], step.rewards[e]))
            if step.episode_over[e]:
                for t, (seen, alive, _) in enumerate(case):
                    for a in np.flatnonzero(alive):
                        came = sum(PPOConfig.gamma**k * float(later[2][a]) for k, later in enumerate(case[t:]))
                        joint = [x for b in range(4) for x in (seen[b] if alive[b] else np.zeros(34))]
                        row = torch.tensor([*seen[a], *joint, *np.eye(4)[a]], dtype=torch.float32)
                        said = float(own.estimate_values(row[:34])), float(team.estimate_values(row))
                        rows.append([*said, came])
                lengths.append(len(case))
                case.clear()
    return rows, [*lengths, *map(len, open_cases)]


def test_what_was_foreseen_case_by_case():
    own = ActorCritic(34, 5, 8, shared_trunk=False, seed=1)
    team = ActorCritic(34, 5, 8, shared_trunk=False, team_size=4 * 34 + 4, seed=1)
    rows, lengths = case_by_case(own, team, 3, 140)
    by_own, by_team, came = np.array(rows).T
    wanted = [1 - np.var(came - said) / np.var(came) for said in (by_own, by_team)]
    assert len(lengths) > 6 and min(lengths[-3:]) > 0, "several cases in each copy, and others that are not over"
    assert len(rows) < 4 * sum(lengths[:-3]), "some detectives have fallen"
    assert foreseen(own, team, num_envs=3, steps=140) == pytest.approx(wanted, rel=1e-4)
    assert wanted[0] != pytest.approx(wanted[1], rel=1e-2)


# ---- the shipped ones


def test_the_shipped_runs_are_there():
    found = load_critics()
    assert tuple(found) == tuple(CYCLES) and SHOWN in CYCLES
    for runs in found.values():
        points = len(runs.agent_steps)
        assert {curve.shape for curve in runs.curves.values()} == {(len(CRITICS), len(SEEDS), points)}
        assert {numbers.shape for numbers in runs.behaviour.values()} == {(len(CRITICS), len(SEEDS))}


def test_the_shipped_judges_have_one_actor():
    actor, own, team = load_policy(critics.FOLDER / "own.pt"), load_judge("own"), load_judge("team")
    for judge in (own, team):
        assert torch.equal(weights(judge, "actor"), weights(actor, "actor"))
    assert (own.team_size, team.team_size) == (None, 4 * 34 + 4)
