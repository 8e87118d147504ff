"""The benchmarks run at a tiny size, the table is well-formed, the peer does the same work. No timing is tested."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

pytest.importorskip("supersuit")

from benchmarks import (
    adapter_cost,
    cartpole,
    foreign_peers,
    growth,
    living_figures,
    mastery,
    other_worlds,
    ranks,
    rllib,
    sweeps,
    throughput,
    tougher,
    update_time,
)
from benchmarks.__main__ import BENCHMARKS, document, main
from benchmarks.measure import growth_exponent, in_turns, ratio
from benchmarks.peers import SpiritVecEnv, give_rows, give_weights, make_sb3, supersuit_env, train_one_cycle
from benchmarks.report import HEADER, Goal, Outcome, Row, machine, table
from ppo_lessons import PPOConfig, TrainingRun, ppo_update
from ppo_lessons.action_kinds import ActionKind

CELLS = len(HEADER)


@pytest.fixture
def no_processes(monkeypatch):
    monkeypatch.setattr(growth, "_in_fresh_process", growth.measure_here)


@pytest.mark.parametrize(
    "module", [throughput, update_time, mastery, tougher, other_worlds, growth, ranks, living_figures]
)
def test_runs_at_a_tiny_size_with_whole_rows(module, no_processes):
    outcome = module.run(quick=True)
    assert outcome.rows and outcome.notes
    for row in outcome.rows:
        assert len(row.cells()) == CELLS and all(row.cells()[:4])
        assert math.isfinite(row.ratio)
    assert_well_formed(table(HEADER, [row.cells() for row in outcome.rows]))


@pytest.mark.filterwarnings("ignore:.*rllib-multi-agent-env")  # RLlib names it anew in every algorithm
@pytest.mark.parametrize("module", [sweeps, rllib])
def test_those_on_ray_run_at_a_tiny_size_and_write_nothing(module):
    pytest.importorskip("ray.rllib", exc_type=ImportError)
    before = module.RESULT.read_bytes()
    outcome = module.run(quick=True)
    assert module.RESULT.read_bytes() == before
    assert_well_formed(table(HEADER, [row.cells() for row in outcome.rows]))
    assert "differ" not in outcome.notes


def test_every_benchmark_is_run_in_the_order_of_the_table():
    plain = (throughput, update_time, mastery, tougher, other_worlds, growth, ranks, living_figures)
    modules = (*plain, sweeps, rllib)
    assert BENCHMARKS == tuple(module.__name__.removeprefix("benchmarks.") for module in modules)


def assert_well_formed(text):
    lines = text.splitlines()
    assert len(lines) > 2 and set(lines[1]) <= set("|- ")
    assert {line.count("|") for line in lines} == {lines[0].count("|")}


def test_a_missed_goal_is_shown_with_its_number():
    kept = Row(name="kept", ours="1 s", peer="2 s", ratio=0.5, goal=Goal("at most", 0.75))
    missed = Row(name="missed", ours="3 s", peer="2 s", ratio=1.5, goal=Goal("at most", 0.75))
    shown = Row(name="shown", ours="3 s", peer="2 s", ratio=1.5)
    assert kept.cells()[3:] == ("0.50", "at most 0.75", "yes")
    assert missed.cells()[3:] == ("1.50", "at most 0.75", "**no**")
    assert shown.cells()[3:] == ("1.50", "", "")
    text = document({"one": Outcome([kept, missed, shown], "how")})
    assert machine() in text and all(f"| {row.name} | {row.ours} |" in text for row in (kept, missed, shown))
    assert not Goal("at least", 15).holds(14.9) and Goal("at least", 15).holds(15)


def test_a_table_refuses_rows_that_would_break_it():
    for row in (["a"], ["a", "b | c"], ["a", "b\nc"]):
        with pytest.raises(ValueError, match="must have 2 cells"):
            table(["one", "two"], [row])


def test_only_a_full_run_writes_the_results(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("benchmarks.__main__.RESULTS", tmp_path / "RESULTS.md")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in BENCHMARKS:
        row = Row(name=name, ours="1", peer="1", ratio=1.0)
        monkeypatch.setattr(sys.modules[f"benchmarks.{name}"], "run", lambda quick, row=row: Outcome([row], "notes"))
    main(["--only", "mastery"])
    main(["--quick"])
    assert "| mastery | 1 | 1 |" in capsys.readouterr().out and not list(tmp_path.iterdir())
    main([])
    written = (tmp_path / "RESULTS.md").read_text()
    assert all(f"| {name} |" in written for name in BENCHMARKS)


def test_the_machine_is_named_without_host_and_path():
    import platform

    assert f"torch {torch.__version__}" in machine() and "cores" in machine()
    assert "/home" not in machine() and f" {platform.node()}" not in machine()


def test_turns_alternate_and_the_warm_up_does_not_count():
    calls = []
    turns = {name: lambda name=name: calls.append(name) or len(calls) for name in "AB"}
    assert in_turns(turns, 2, warm_up=1) == {"A": [3, 6], "B": [4, 5]}
    assert "".join(calls) == "BAABBA"


def test_ratio_and_growth_against_known_numbers():
    assert ratio([2.0, 9.0, 8.0], [1.0, 1.0, 2.0]) == (4.0, 2.0, 9.0)
    assert growth_exponent([1, 10, 100], [3, 300, 30000]) == pytest.approx(2)


def test_win_rate_counts_the_last_cases_in_whole_cycles():
    recent = mastery.WinRate(cases=10)
    assert math.isnan(recent.add(0, 0)) and math.isnan(recent.add(6, 0))
    assert recent.add(6, 6) == 0.5
    assert recent.add(0, 0) == 0.5
    assert recent.add(4, 4) == 1.0  # the cycle with 6 losses is no longer needed


def test_a_point_of_growth_is_measured_in_a_process_of_its_own():
    point = growth._in_fresh_process(2, 3, 1)
    assert (point.num_envs, point.num_agents) == (2, 3)
    assert point.agent_steps == 2 * 3 * PPOConfig().num_steps
    assert 0 < point.import_bytes <= point.ready_bytes <= point.peak_bytes


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_the_peer_has_our_network_and_does_the_same_update(shared_trunk):
    config = PPOConfig(num_envs=4, num_steps=8, epochs=2, minibatch_size=128, shared_trunk=shared_trunk, target_kl=None)
    training, rows = update_time.rows_of_a_run(config, cycles=1)
    peer = make_sb3(SpiritVecEnv("standard", config.num_envs), config)
    give_weights(peer, training.policy)
    give_rows(peer, rows)
    training = TrainingRun("standard", config, training.policy)  # a fresh Adam, as SB3's
    ppo_update(training.policy, training.optimizer, rows, config, training.shuffle_generator)
    peer.train()
    theirs = TrainingRun("standard", config).policy
    assert sum(p.numel() for p in peer.policy.parameters()) == sum(p.numel() for p in theirs.parameters())
    theirs.actor_trunk.load_state_dict(peer.policy.pi_features_extractor.layers.state_dict())
    theirs.critic_trunk.load_state_dict(peer.policy.vf_features_extractor.layers.state_dict())
    theirs.actor_head.load_state_dict(peer.policy.action_net.state_dict())
    theirs.critic_head.load_state_dict(peer.policy.value_net.state_dict())
    for name, weight in training.policy.state_dict().items():
        torch.testing.assert_close(theirs.state_dict()[name], weight, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("make_env", [SpiritVecEnv, supersuit_env])
def test_the_peer_plays_our_game_through_ends_of_cases(make_env):
    config = PPOConfig(num_envs=2, num_steps=160, epochs=1, minibatch_size=256)
    peer = make_sb3(make_env("standard", config.num_envs), config)
    seconds = train_one_cycle(peer)
    assert seconds.rollout > 0 and seconds.update > 0
    starts = peer.rollout_buffer.episode_starts
    assert starts[1:].any() and peer.num_timesteps == 2 * 4 * 160


# ---- worlds that others wrote


def test_a_milestone_is_the_mean_of_exactly_the_last_episodes():
    milestone = cartpole.Milestone(goal=10, episodes=2)
    assert not milestone.add([20]) and not milestone.add([-1]) and not milestone.add([])
    assert milestone.add([21, 0])
    seconds = milestone.seconds
    assert milestone.add([0, 0]) and milestone.seconds == seconds


def test_steps_in_which_an_episode_only_begins_do_not_count():
    way = cartpole.our_way(replace(cartpole.CONFIG, num_envs=2, num_steps=100), 1e9, 1, 100)
    assert not way.reached and 150 < way.steps < 200 and way.cells("ours")[2] == "**no**"


class Ends(ParallelEnv):
    """Two agents who earn as much in each step as the episode has steps; b falls one step before its end."""

    metadata = {"name": "ends"}  # noqa: RUF012

    def __init__(self, length):
        self.length, self.possible_agents, self.agents = length, ["a", "b"], []

    def observation_space(self, agent):
        return Box(-1, 1, (1,), np.float32)

    def action_space(self, agent):
        return Discrete(2)

    def reset(self, seed=None, options=None):
        self.time, self.agents = 0, ["a", "b"]
        return dict.fromkeys(self.agents, np.zeros(1, np.float32)), {}

    def step(self, actions):
        self.time += 1
        ended = {name: self.time == self.length - (name == "b") for name in self.agents}
        earned, cut = dict.fromkeys(ended, self.length), dict.fromkeys(ended, False)
        self.agents = [name for name in self.agents if not ended[name]]
        return dict.fromkeys(ended, np.zeros(1, np.float32)), earned, ended, cut, {}


def test_each_copy_gives_equally_many_episodes():
    lengths = iter((2, 6))
    player = foreign_peers.RandomPlayer(2, 0)
    earned = foreign_peers.mean_return(player, lambda: Ends(next(lengths)), copies=2, episodes=3, seed=0)
    assert earned == ((2 + 1) * 2 + (6 + 5) * 6) / 2


def test_actions_of_the_fallen_are_told_from_those_of_the_living():
    counts = foreign_peers.CountsActions(Ends(3))
    counts.reset(seed=0)
    for _ in range(3):
        counts.step({"a": 0, "b": 0})
    assert (counts.living, counts.others) == (5, 1)


@pytest.mark.parametrize("agents_fall", [True, False])
def test_the_peer_learns_through_ends_of_episodes_in_worlds_of_others(agents_fall):
    make = other_worlds.make_knights if agents_fall else other_worlds.make_spread
    config = PPOConfig(num_envs=2, num_steps=30, epochs=1, minibatch_size=60, anneal_cycles=4, learning_rate=1e-3)
    peer = foreign_peers.sb3_through_supersuit(make, config, agents_fall=agents_fall)
    rows = 2 * 30 * (4 if agents_fall else 3)
    for cycle in range(4):
        peer.train_to((cycle + 1) * rows)
        rate = peer.model.policy.optimizer.param_groups[0]["lr"]
        assert rate == pytest.approx(1e-3 * (1 - cycle / 4))
    assert peer.model.num_timesteps == 4 * rows
    assert agents_fall or peer.model.rollout_buffer.episode_starts[1:].any()


def test_the_peer_on_our_adapter_is_told_of_time_limits():
    config = PPOConfig(num_envs=2, num_steps=30, epochs=1, minibatch_size=60, gamma=1.0)
    peer = foreign_peers.sb3_on_our_adapter(other_worlds.make_spread, config)
    env = peer.model.env
    env.reset()
    for _ in range(24):
        assert not env.step(np.zeros(6, int))[2].any()
    _, _, over, infos = env.step(np.zeros(6, int))
    assert over.all() and all(info["TimeLimit.truncated"] for info in infos)


def test_an_illegal_action_would_be_counted(monkeypatch):
    assert adapter_cost.illegal_actions(1000) == 0
    monkeypatch.setattr(adapter_cost, "ActionKind", lambda masked: ActionKind())
    assert adapter_cost.illegal_actions(1000) > 100


def test_other_episodes_are_no_comparison():
    world = adapter_cost.Played("a world", "PettingZooTeam", 1, lambda: None, lambda: 3, lambda: 4)
    with pytest.raises(ValueError, match=r"^The episodes of a world must be the same"):
        adapter_cost.overhead([world], 1)
