import codecs
import copy
import os
import pickle
import traceback
import warnings
from dataclasses import asdict, replace

import gymnasium
import numpy as np
import pytest
import torch

from ppo_lessons import checkpoints
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, load_run, save_policy, save_run
from ppo_lessons.errors import CheckpointError
from ppo_lessons.other_worlds.adapters import GymnasiumTeam
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import Steps
from ppo_lessons.team_env import TeamStep
from ppo_lessons.training import TrainingRun, train


@pytest.fixture
def path(tmp_path):
    return tmp_path / "team.pt"


def weights_of(policy):
    return torch.nn.utils.parameters_to_vector(policy.parameters()).detach().clone()


def numbers_of(report):
    numbers = {name: value for name, value in asdict(report).items() if "second" not in name}
    return repr({**numbers, "visits": report.behaviour.visits.tolist() if report.behaviour else None})


def rewrite(path, change):
    """Change the contents of a checkpoint by hand."""
    contents = torch.load(path, weights_only=True)
    change(contents)
    torch.save(contents, path)


# ---- a team


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_a_team_comes_back_as_it_was(path, shared_trunk):
    policy = ActorCritic(34, 5, 24, shared_trunk=shared_trunk, seed=3)
    save_policy(policy, path)
    loaded = load_policy(path)
    assert torch.equal(weights_of(loaded), weights_of(policy))
    sizes = (loaded.obs_size, loaded.num_actions, loaded.hidden_size, loaded.shared_trunk)
    assert sizes == (34, 5, 24, shared_trunk)
    obs = torch.randn(7, 34, generator=torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(loaded(obs), policy(obs), strict=True))
    assert (loaded.critic_trunk is loaded.actor_trunk) is shared_trunk


def test_a_saved_team_is_small_and_hangs_on_no_run(path):
    policy = ActorCritic(34, 5, 64)
    save_policy(policy, path)
    before = weights_of(policy)
    with torch.no_grad():
        policy.actor_head.weight.add_(1)
    assert torch.equal(weights_of(load_policy(path)), before)
    assert path.stat().st_size < 100_000


def test_a_path_may_be_a_string(path):
    save_policy(ActorCritic(4, 3), str(path))
    assert load_policy(str(path)).obs_size == 4


# ---- a run


@pytest.mark.parametrize("changes", [{}, {"shared_trunk": False, "anneal_cycles": 9}, {"target_kl": 0.001}])
def test_a_run_goes_on_bit_for_bit(make_config, path, changes):
    """Fact 36: weights, and every number of every report after it; in the middle of episodes."""
    run = TrainingRun("standard", make_config(num_steps=20, **changes))
    list(train(run, 2))
    assert run.env.state.clock.max() > 5
    assert run.meter.running_return.any()
    save_run(run, path)
    loaded = load_run(path)
    assert loaded.config == run.config
    assert (loaded.cycle, loaded.agent_steps) == (2, run.agent_steps)
    assert loaded.env.case == run.env.case
    reports, same = list(train(run, 4)), list(train(loaded, 4))
    assert [numbers_of(report) for report in same] == [numbers_of(report) for report in reports]
    assert sum(report.behaviour.cases for report in reports) > 3
    assert torch.equal(weights_of(loaded.policy), weights_of(run.policy))
    assert all(np.array_equal(a, b) for a, b in zip(loaded.env.state, run.env.state, strict=True))


def test_saving_changes_nothing_in_the_run(make_config, path):
    run, quiet = (TrainingRun("standard", make_config()) for _ in range(2))
    for _ in train(run, 3):
        save_run(run, path)
    list(train(quiet, 3))
    assert torch.equal(weights_of(run.policy), weights_of(quiet.policy))


def test_a_saved_run_does_not_change_when_the_run_goes_on(make_config, path):
    run = TrainingRun("standard", make_config())
    next(train(run, 1))
    before = weights_of(run.policy)
    save_run(run, path)
    next(train(run, 1))
    assert torch.equal(weights_of(load_run(path).policy), before)


def test_a_fresh_run_can_be_saved(make_config, path):
    run = TrainingRun("standard", make_config())
    save_run(run, path)
    loaded = load_run(path)
    next(train(run, 1))
    next(train(loaded, 1))
    assert torch.equal(weights_of(run.policy), weights_of(loaded.policy))


def test_a_case_of_ones_own_is_saved_with_the_run(make_config, path):
    mine = Case(name="mine", size=5, num_detectives=2, toughness=(1, 2), sight=2, drift=0.25)
    save_run(TrainingRun(mine, make_config()), path)
    assert load_run(path).env.case == mine


class Countdown:
    """A world of one's own that can tell its state."""

    num_envs, num_agents, obs_size, num_actions = 4, 1, 2, 2

    def reset(self, seed):
        self.rng = np.random.default_rng(seed)
        self.acting = np.ones((4, 1), bool)
        self.obs = self.rng.random((4, 1, 2), np.float32)

    def step(self, actions):
        rewards = (actions * self.obs[..., 0]).astype(np.float32)
        never = np.zeros((4, 1), bool)
        self.obs = self.rng.random((4, 1, 2), np.float32)
        return TeamStep(rewards, never, never, never[:, 0], self.obs)

    def get_state(self):
        return {"obs": self.obs.copy(), "rng": self.rng.bit_generator.state}

    def set_state(self, state):
        self.obs, self.rng.bit_generator.state = state["obs"].copy(), state["rng"]


def test_a_run_in_a_world_of_ones_own_goes_on_in_that_world(make_config, path):
    run = TrainingRun(Countdown(), make_config())
    list(train(run, 2))
    save_run(run, path)
    loaded = load_run(path, Countdown())
    assert [numbers_of(r) for r in train(loaded, 2)] == [numbers_of(r) for r in train(run, 2)]
    assert torch.equal(weights_of(loaded.policy), weights_of(run.policy))
    with pytest.raises(CheckpointError, match=r"needs that world: load_run\(path, env\)\. Got none"):
        load_run(path)


def test_a_world_that_cannot_tell_its_state_begins_anew_and_this_is_said(make_config, path):
    """All else is kept; and the world does not begin with the very episodes that the run began with."""

    def cartpole():
        return GymnasiumTeam(lambda: gymnasium.make("CartPole-v1"), 4)

    run, first = TrainingRun(cartpole(), make_config()), TrainingRun(cartpole(), make_config()).env.obs
    list(train(run, 2))
    save_run(run, path)
    with pytest.warns(UserWarning, match=r"^GymnasiumTeam cannot tell its state, so it was not saved"):
        loaded = load_run(path, cartpole())
    assert torch.equal(weights_of(loaded.policy), weights_of(run.policy))
    assert repr(loaded.optimizer.state_dict()) == repr(run.optimizer.state_dict())
    for name in ("action_generator", "shuffle_generator"):
        assert torch.equal(getattr(loaded, name).get_state(), getattr(run, name).get_state())
    assert (loaded.cycle, loaded.agent_steps) == (run.cycle, run.agent_steps)
    assert not np.array_equal(loaded.env.obs, first)
    assert next(train(loaded, 1)).cycle == 3


def test_refuses_to_save_in_the_middle_of_a_cycle(make_config, path):
    """And says so before anything is written."""
    run = TrainingRun("standard", make_config())
    caught = []

    def too_early(new, old):
        with pytest.raises(CheckpointError, match=r"between two cycles\. Got a buffer with 8 steps") as error:
            save_run(run, path)
        caught.append(error)
        return Steps().importance_ratios(new, old)

    next(train(run, 1, Steps(importance_ratios=too_early)))
    assert caught
    assert not path.exists()


def test_a_run_that_was_interrupted_can_be_saved(make_config, path):
    def pressed(*given):
        raise KeyboardInterrupt

    run = TrainingRun("standard", make_config())
    next(train(run, 1))
    for node in ("store", "gradient_step"):
        with pytest.raises(KeyboardInterrupt):
            list(train(run, 1, Steps(**{node: pressed})))
    save_run(run, path)
    loaded = load_run(path)
    next(train(run, 1))
    next(train(loaded, 1))
    assert torch.equal(weights_of(run.policy), weights_of(loaded.policy))


# ---- going on with other settings


def test_a_run_goes_on_with_other_settings(make_config, path):
    """As a run would that had them from its third cycle on: the step size is another, and steps are counted right."""
    config = make_config(num_steps=8)
    run = TrainingRun("standard", config)
    list(train(run, 2))
    save_run(run, path)
    other = replace(config, learning_rate=0.05, num_steps=20, epochs=1, minibatch_size=64, gamma=0.5)
    loaded = load_run(path, config=other)
    assert loaded.config == other
    assert {group["lr"] for group in loaded.optimizer.param_groups} == {0.05}
    report = next(train(loaded, 1))
    assert (report.cycle, report.agent_steps) == (3, (2 * 8 + 20) * 4 * 4)
    assert report.update.num_gradient_steps == -(-report.update.num_rows // 64)
    save_run(loaded, path)
    assert (load_run(path).config, load_run(path).agent_steps) == (other, report.agent_steps)


def test_a_run_that_annealed_goes_on_with_the_step_size_it_is_given(make_config, path):
    run = TrainingRun("standard", make_config(anneal_cycles=4))
    list(train(run, 3))
    save_run(run, path)
    loaded = load_run(path, config=replace(run.config, anneal_cycles=None))
    next(train(loaded, 1))
    assert {group["lr"] for group in loaded.optimizer.param_groups} == {run.config.learning_rate}


def test_the_same_settings_given_again_change_nothing(make_config, path):
    run = TrainingRun("standard", make_config())
    list(train(run, 2))
    save_run(run, path)
    one, other = load_run(path), load_run(path, config=run.config)
    assert [numbers_of(r) for r in train(one, 2)] == [numbers_of(r) for r in train(other, 2)]


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (dict(num_envs=5), "num_envs 5 for 4"),
        (dict(hidden_size=8, shared_trunk=False), "hidden_size 8 for 16, shared_trunk False for True"),
        (dict(seed=9), "seed 9 for 1"),
    ],
)
def test_what_a_saved_run_is_made_of_stays(make_config, path, change, got):
    config = make_config(seed=1, hidden_size=16)
    save_run(TrainingRun("standard", config), path)
    with pytest.raises(ValueError, match=rf"A saved run keeps its .*\. Got {got}$"):
        load_run(path, config=replace(config, **change))


def test_a_config_is_not_changed_behind_the_back_of_a_run(make_config):
    run = TrainingRun("standard", make_config())
    with pytest.raises(AttributeError, match=r"keeps its config\. .*load_run\(path, config=\.\.\.\)\. Got PPOConfig"):
        run.config = make_config(learning_rate=0.1)


# ---- networks that torch has wrapped


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")  # torch's own, of its compiler
@pytest.mark.parametrize("part", ["whole", "trunk"])
def test_a_compiled_team_is_saved_as_the_team_it_is(path, part):
    policy = ActorCritic(4, 3, 8, seed=3)
    before = weights_of(policy)
    if part == "whole":
        policy = torch.compile(policy)
    else:
        policy.actor_trunk = torch.compile(policy.actor_trunk)
    assert any("_orig_mod" in name for name in policy.state_dict()), "otherwise this tests nothing"
    save_policy(policy, path)
    assert torch.equal(weights_of(load_policy(path)), before)


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")  # torch's own, of its compiler
def test_a_compiled_team_is_given_to_a_run_and_saved_with_it(make_config, path):
    config = make_config(hidden_size=8)
    policy = ActorCritic(SpiritWorld("standard").obs_size, 5, 8, seed=3)
    run = TrainingRun("standard", config, torch.compile(policy))
    save_run(run, path)
    assert torch.equal(weights_of(load_run(path).policy), weights_of(policy))


# ---- written whole, or not at all


@pytest.mark.parametrize("save", [save_policy, save_run])
def test_a_folder_that_is_not_there_is_named(make_config, tmp_path, save):
    what = ActorCritic(4, 3) if save is save_policy else TrainingRun("standard", make_config())
    missing = tmp_path / "teams"
    with pytest.raises(FileNotFoundError, match="A file is saved into a folder that is there") as error:
        save(what, missing / "team.pt")
    assert error.value.filename == str(missing)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("broken", ["save", "fsync", "replace"])
def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(path, monkeypatch, broken, error):
    save_policy(ActorCritic(4, 3, seed=1), path)
    before = path.read_bytes()

    def half(contents, file):
        file.write(b"half of it")
        raise error

    def fail(*given):
        raise error

    place, name = {"save": (torch, "save"), "fsync": (os, "fsync"), "replace": (os, "replace")}[broken]
    monkeypatch.setattr(place, name, half if broken == "save" else fail)
    with pytest.raises(type(error)):
        save_policy(ActorCritic(4, 3, seed=2), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert load_policy(path).obs_size == 4


def test_nothing_but_the_file_is_left(make_config, path):
    save_run(TrainingRun("standard", make_config()), path)
    save_run(TrainingRun("standard", make_config()), path)
    assert os.listdir(path.parent) == [path.name]


# ---- files that are something else


class Evil:
    """A pickle that runs code when it is opened."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (self.trace, "w")


@pytest.mark.parametrize("load", [load_policy, load_run])
@pytest.mark.parametrize("wrapped", ["plain pickle", "torch file", "inside a checkpoint"])
def test_a_file_with_code_in_it_is_refused_and_the_code_does_not_run(path, tmp_path, load, wrapped):
    trace = tmp_path / "code_has_run"
    contents = {"format": 3, "kind": "policy" if load is load_policy else "run", "policy": Evil(str(trace))}
    if wrapped == "plain pickle":
        path.write_bytes(pickle.dumps(Evil(str(trace))))
    else:
        torch.save(Evil(str(trace)) if wrapped == "torch file" else contents, path)
    with pytest.raises(CheckpointError, match=r"must be whole, and hold data only\. Got .*team\.pt"):
        load(path)
    assert not trace.exists()


def test_files_are_opened_for_data_only(path, monkeypatch):
    save_policy(ActorCritic(4, 3), path)
    asked, original = [], torch.load

    def note(*given, **named):
        asked.append(named)
        return original(*given, **named)

    monkeypatch.setattr(torch, "load", note)
    load_policy(path)
    assert asked[0]["weights_only"] is True


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
def test_a_file_that_was_cut_off_is_refused(make_config, path, kept):
    save_run(TrainingRun("standard", make_config()), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match=r"must be whole, and hold data only\. Got .*team\.pt"):
        load_run(path)


@pytest.mark.parametrize(
    ("contents", "seems"),
    [
        (b"", "an empty file"),
        (b"\n<!DOCTYPE html><html>404</html>", "a page of HTML or XML"),
        (codecs.BOM_UTF8 + b"<html>404</html>", "a page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "a pointer of Git LFS"),
        (b"PK\x03\x04 and so on", "an archive that was cut off"),
        (pickle.dumps([1, 2]), "a pickle"),
        (b"my homework", "a file of another program"),
    ],
)
@pytest.mark.parametrize("load", [load_policy, load_run])
def test_a_file_of_something_else_is_called_what_it_seems_to_be(path, contents, seems, load):
    """In our own words: torch would advise to switch its safety off, here and in the error before."""
    path.write_bytes(contents)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(CheckpointError, match=rf"hold data only\. Got .*team\.pt: {seems}") as error:
            load(path)
    assert not said
    assert "weights_only" not in "".join(traceback.format_exception(error.value))


def test_a_file_of_something_else_is_refused(path):
    path.write_text("my homework")
    with pytest.raises(CheckpointError, match="must be whole"):
        load_policy(path)
    torch.save(torch.ones(3), path)
    with pytest.raises(CheckpointError, match=r"must be a policy checkpoint of format 3\. Got .*Tensor"):
        load_policy(path)


@pytest.mark.parametrize(
    ("contents", "holds"),
    [
        (ActorCritic(4, 3).state_dict(), "weights alone; `save_policy` keeps their sizes"),
        ({"epoch": 3}, "a dict of another program"),
        ({}, "a dict of another program"),
        ({"kind": "policy", "format": 7}, "a policy checkpoint of format 7"),
        ({"kind": "run", "format": 3}, "a run checkpoint of format 3"),
    ],
)
def test_a_file_of_torch_that_is_no_checkpoint_is_called_what_it_holds(path, contents, holds):
    torch.save(contents, path)
    with pytest.raises(CheckpointError, match=rf"must be a policy checkpoint of format 3\. Got .*team\.pt: {holds}"):
        load_policy(path)


def test_a_team_is_not_a_run_and_a_run_is_not_a_team(make_config, path):
    save_policy(ActorCritic(34, 5), path)
    with pytest.raises(CheckpointError, match=r"must be a run checkpoint of format 3\. Got .*: a policy checkpoint"):
        load_run(path)
    save_run(TrainingRun("standard", make_config()), path)
    with pytest.raises(CheckpointError, match=r"must be a policy checkpoint of format 3\. Got .*: a run checkpoint"):
        load_policy(path)


def test_a_file_of_another_format_is_refused(path):
    save_policy(ActorCritic(34, 5), path)
    rewrite(path, lambda contents: contents.update(format=1))
    with pytest.raises(CheckpointError, match="of format 3"):
        load_policy(path)


def test_a_file_that_is_not_there_is_not_called_damaged(path):
    for load in (load_policy, load_run):
        with pytest.raises(FileNotFoundError):
            load(path)


def without(key):
    return lambda contents: contents.pop(key)


def other_weights(contents):
    contents["policy"]["weights"]["actor_head.weight"] = torch.zeros(5, 3)


def other_sizes(contents):
    contents["policy"]["sizes"] = (33, 5, 16)


@pytest.mark.parametrize("change", [other_weights, other_sizes, without("policy")])
def test_a_team_of_other_shapes_is_refused(path, change):
    save_policy(ActorCritic(34, 5, 16), path)
    rewrite(path, change)
    with pytest.raises(CheckpointError, match=r"Got .*team\.pt"):
        load_policy(path)


def other_positions(contents):
    contents["env"]["detectives"] = torch.zeros(4, 3, 2, dtype=torch.int64)


def other_health(contents):
    contents["env"]["health"] = contents["env"]["health"].double()


def other_generator(contents):
    contents["action_generator"] = torch.zeros(7, dtype=torch.uint8)


def other_drift(contents):
    contents["env"]["drift_rng"] = {"bit_generator": "nonsense"}


def other_moments(contents):
    contents["optimizer"]["state"][0]["exp_avg"] = torch.zeros(2, 2)


def fewer_moments(contents):
    contents["optimizer"]["param_groups"][0]["params"] = [0, 1]


def impossible_config(contents):
    contents["config"]["gamma"] = 7.0


def unknown_config(contents):
    contents["config"]["gama"] = 0.9


def impossible_case(contents):
    contents["case"]["toughness"] = [9]


def other_returns(contents):
    contents["running_return"] = torch.zeros(9)


def no_cycle(contents):
    contents["cycle"] = "three"


CHANGES = [other_weights, other_sizes, other_positions, other_health, other_generator, other_drift, other_moments]
CHANGES += [fewer_moments, impossible_config, unknown_config, impossible_case, other_returns, no_cycle]
KEYS = ("policy", "optimizer", "action_generator", "shuffle_generator", "env", "case", "running_return", "cycle")
KEYS += ("agent_steps", "config")


@pytest.mark.parametrize("change", [*CHANGES, *map(without, KEYS)], ids=[*(c.__name__ for c in CHANGES), *KEYS])
def test_a_run_that_does_not_fit_itself_is_refused(make_config, path, change):
    """When it is loaded, not some cycles later."""
    run = TrainingRun("standard", make_config())
    next(train(run, 1))
    save_run(run, path)
    rewrite(path, change)
    with pytest.raises(CheckpointError, match=r"\. Got "):
        load_run(path)


@pytest.mark.parametrize(
    "env", [lambda: SpiritWorld("standard", 5), lambda: SpiritWorld("nightfall", 5), lambda: Countdown()]
)
def test_a_run_is_not_loaded_into_another_world(make_config, path, env):
    save_run(TrainingRun("standard", make_config()), path)
    with pytest.raises(CheckpointError, match=r"\. Got "):
        load_run(path, env())


def test_a_run_is_not_loaded_into_a_world_of_another_case(make_config, path):
    """Same sizes, other rules: it would go on, but not as the saved run would have."""
    save_run(TrainingRun("standard", make_config()), path)
    with pytest.raises(CheckpointError, match=r"\. Got "):
        load_run(path, SpiritWorld(replace(CASES["standard"], drift=0.1), 4))


def test_a_refused_file_is_not_touched(path):
    save_policy(ActorCritic(34, 5), path)
    before = copy.copy(path.read_bytes())
    with pytest.raises(CheckpointError):
        load_run(path)
    assert path.read_bytes() == before
    assert checkpoints.FORMAT == 3
