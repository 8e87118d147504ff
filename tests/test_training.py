import copy
import math
import signal
from dataclasses import asdict, fields

import numpy as np
import pytest
import torch

from ppo_lessons import rollout, training
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import clear
from ppo_lessons.checkpoints import load_run, save_run
from ppo_lessons.errors import NonFiniteError, NotReadyError
from ppo_lessons.losses import total_loss, value_loss
from ppo_lessons.spirit_world.behaviour import BehaviourMeter
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, anneal_learning_rate, train


def weights_of(policy):
    return torch.nn.utils.parameters_to_vector(policy.parameters()).detach().clone()


def numbers_of(report):
    """What must be the same in two equal runs: everything but the clock."""
    numbers = {name: value for name, value in asdict(report).items() if "second" not in name}
    return repr({**numbers, "visits": np.asarray(report.behaviour.visits).tolist() if report.behaviour else None})


def interrupt_at(name, call, error=KeyboardInterrupt, *, after=False):
    """Steps that are broken off in the given call of one node, before or after it has done its work."""
    original, calls = getattr(Steps(), name), []

    def pressed(*given, **named):
        calls.append(1)
        if len(calls) == call and not after:
            raise error
        result = original(*given, **named)
        if len(calls) == call:
            raise error
        return result

    return Steps(**{name: pressed})


# ---- what a run is made of


def test_a_run_is_made_from_a_name_a_case_or_a_world(make_config, scripted_world):
    for given in ("standard", CASES["standard"], SpiritWorld("standard", 4)):
        run = TrainingRun(given, make_config())
        assert isinstance(run.env, SpiritWorld)
        assert (run.env.num_envs, run.env.case.name) == (4, "standard")
    assert TrainingRun(scripted_world(4), make_config()).meter is None


def test_the_config_shapes_network_and_buffer(make_config):
    run = TrainingRun("standard", make_config(num_steps=5, num_envs=3, hidden_size=24, shared_trunk=False))
    assert run.buffer.data.obs.shape == (5, 3, 4, run.env.obs_size)
    assert (run.policy.hidden_size, run.policy.shared_trunk) == (24, False)
    assert run.optimizer.param_groups[0]["params"][0] is next(iter(run.policy.parameters()))


def test_refuses_a_world_of_another_number_of_copies(make_config):
    with pytest.raises(ValueError, match=r"must have num_envs = 4 copies\. Got 5"):
        TrainingRun(SpiritWorld("standard", 5), make_config())


def test_refuses_a_policy_that_does_not_fit(make_config):
    with pytest.raises(ValueError, match=r"must have \(obs_size, num_actions\) = \(34, 5\)\. Got \(33, 5\)"):
        TrainingRun("standard", make_config(), ActorCritic(33, 5))


def test_trains_a_given_policy_on(make_config):
    policy = ActorCritic(34, 5, 8)
    before = weights_of(policy)
    run = TrainingRun("standard", make_config(), policy)
    assert run.policy is policy
    next(train(run, 1))
    assert not torch.equal(weights_of(policy), before)


def test_every_source_of_chance_has_a_seed_of_its_own(make_config):
    """Fact 36: no two generators draw the same numbers."""
    run = TrainingRun("standard", make_config())
    assert not torch.equal(run.action_generator.get_state(), run.shuffle_generator.get_state())
    assert run.action_generator.initial_seed() not in (run.shuffle_generator.initial_seed(), run.config.seed)


# ---- the cycle


def test_reports_once_a_cycle(make_config):
    """Fact 35."""
    run = TrainingRun("standard", make_config())
    reports = list(train(run, 3))
    assert [report.cycle for report in reports] == [1, 2, 3]
    assert [report.agent_steps for report in reports] == [8 * 4 * 4 * k for k in (1, 2, 3)]
    assert run.cycle == 3
    assert run.agent_steps == reports[-1].agent_steps
    for report in reports:
        assert 0 < report.update.num_rows <= 8 * 4 * 4
        assert report.rollout_seconds >= 0
        assert report.update_seconds > 0
        assert report.agent_steps_per_second > 0
        values = asdict(report.update)
        assert all(math.isfinite(value) for value in values.values())
    assert list(train(run, 0)) == []


def test_is_a_generator_that_does_nothing_before_it_is_asked(make_config):
    run = TrainingRun("standard", make_config())
    before = weights_of(run.policy)
    training = train(run, 2)
    assert torch.equal(weights_of(run.policy), before)
    assert next(training).cycle == 1
    assert run.cycle == 1


def test_the_buffer_is_empty_after_each_cycle(make_config):
    """Fact 12."""
    run = TrainingRun("standard", make_config())
    for _ in train(run, 2):
        assert run.buffer.step == 0
        with pytest.raises(NotReadyError):
            run.buffer.get()


def test_the_episodes_go_on_across_cycles(make_config, scripted_world):
    """Fact 6: the world is reset once."""
    world = scripted_world(4)
    run = TrainingRun(world, make_config())
    list(train(run, 3))
    assert world.time == 24
    assert len(world.played) == 24


def test_mean_reward_is_that_of_the_living(make_config, scripted_world):
    """Of the script's numbers, without the rows of the fallen."""
    run = TrainingRun(scripted_world(2, 3, falls={(1, 0, 2)}), make_config(num_envs=2))
    (report,) = train(run, 1)
    rewards = [t + 10 * e + 100 * a for t in range(8) for e in (0, 1) for a in range(3) if (e, a) != (0, 2) or t <= 1]
    assert report.mean_reward == pytest.approx(sum(rewards) / len(rewards))
    assert report.update.num_rows == len(rewards) == 42
    assert report.behaviour is None


def test_each_report_tells_what_the_team_did_in_its_rollout(make_config):
    """Every step is watched once, and cases that are under way are carried over."""
    run = TrainingRun("standard", make_config(num_steps=30))
    shadow, noted = None, []

    def play_and_watch(env, policy, generator):
        transition = rollout.play_step(env, policy, generator)
        shadow.watch(env, transition.rewards.numpy())
        return transition

    for k in range(3):
        shadow = BehaviourMeter(run.env)
        if noted:
            shadow.running_return = noted[-1].running_return.copy()
        (report,) = train(run, 1, Steps(play_step=play_and_watch))
        noted.append(shadow)
        wanted = shadow.summary()
        for field in fields(wanted):
            ours, truth = getattr(report.behaviour, field.name), getattr(wanted, field.name)
            np.testing.assert_equal(np.array(repr(ours)), np.array(repr(truth)), err_msg=f"{field.name}, cycle {k}")
    assert sum(meter.summary().cases for meter in noted) > 3
    assert noted[0].running_return.any()


def test_the_step_size_falls_in_a_straight_line(make_config):
    """Fact 31: lr at cycle k is lr0 (1 - k / K), and stays 0 behind the end."""
    run = TrainingRun("standard", make_config(learning_rate=0.01, anneal_cycles=4))
    seen = []
    for _ in train(run, 6):
        seen.append(run.optimizer.param_groups[0]["lr"])
    assert seen == pytest.approx([0.01, 0.0075, 0.005, 0.0025, 0, 0])
    constant = TrainingRun("standard", make_config(learning_rate=0.01))
    list(train(constant, 2))
    assert constant.optimizer.param_groups[0]["lr"] == 0.01


def test_annealing_reaches_every_parameter_group(make_config):
    policy = ActorCritic(4, 3)
    groups = [{"params": list(policy.actor_head.parameters())}, {"params": list(policy.critic_head.parameters())}]
    optimizer = torch.optim.Adam(groups, lr=1.0)
    anneal_learning_rate(optimizer, make_config(learning_rate=1.0, anneal_cycles=10), 3)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.7, 0.7])


def test_team_credit_gamma_and_lambda_reach_the_advantages(make_config):
    weights = {}
    standard = dict(num_steps=40, max_grad_norm=1e9)
    for name, changes in {
        "same": {},
        "again": {},
        "gamma": {"gamma": 0.5},
        "gae_lambda": {"gae_lambda": 0.5},
        "team_credit": {"team_credit": False},
    }.items():
        run = TrainingRun("standard", make_config(**standard, **changes))
        next(train(run, 1))
        weights[name] = weights_of(run.policy)
    assert torch.equal(weights["same"], weights.pop("again"))
    assert len({tuple(w.tolist()) for w in weights.values()}) == 4


@pytest.mark.slow
def test_a_team_learns_to_survive(make_config):
    """From chaos to survival, in seconds; the whole way to mastery is benchmarked elsewhere."""
    config = make_config(num_envs=64, num_steps=32, epochs=4, minibatch_size=1024, learning_rate=3e-3, hidden_size=32)
    run = TrainingRun("stray", config)
    before = evaluate(policy_player(run.policy), "stray", cases=60)
    list(train(run, 14))
    after = evaluate(policy_player(run.policy), "stray", cases=60)
    assert after.survival > before.survival + 0.04


# ---- the same seed, the same run


@pytest.mark.parametrize("case", ["standard", "nightfall"])
def test_the_same_seed_gives_the_same_training_bit_for_bit(make_config, case):
    """Fact 36: over a whole run, whatever is done to the global random numbers in between."""
    digests = []
    for seed, disturb in ((5, 1), (5, 2), (6, 1)):
        torch.manual_seed(disturb)
        np.random.seed(disturb)
        run = TrainingRun(case, make_config(seed=seed, num_steps=40, minibatch_size=128))
        reports = []
        for report in train(run, 4):
            reports.append(numbers_of(report))
            torch.rand(disturb)
            np.random.rand(disturb)
        digests.append((reports, weights_of(run.policy).tolist()))
    assert digests[0] == digests[1]
    assert digests[0][0] != digests[2][0]
    assert digests[0][1] != digests[2][1]


def test_training_touches_no_global_randomness_and_no_thread_setting(make_config):
    before, threads = (torch.get_rng_state(), np.random.get_state()[1].copy()), torch.get_num_threads()
    training = train(TrainingRun("standard", make_config()), 2)
    next(training)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_two_calls_of_train_are_one(make_config):
    once, twice = (TrainingRun("standard", make_config()) for _ in range(2))
    reports = list(train(once, 4))
    same = [*train(twice, 1), *train(twice, 3)]
    assert [numbers_of(report) for report in reports] == [numbers_of(report) for report in same]
    assert torch.equal(weights_of(once.policy), weights_of(twice.policy))


# ---- rows of the fallen


@pytest.mark.parametrize("poison", [float("nan"), 1e9])
@pytest.mark.parametrize("team_credit", [True, False])
def test_what_stands_in_rows_of_the_fallen_changes_nothing(make_config, poison, team_credit):
    """Fact 14, through the whole cycle: losses, entropy, advantage statistics, KL, clip fraction, weights.

    With team credit the rewards of the fallen count, on purpose; all else of theirs is poisoned.
    """
    reports, weights = [], []

    def store_poisoned(buffer, new):
        for name in ("obs", "log_probs", "values", "final_values", *(() if team_credit else ("rewards",))):
            getattr(new, name)[~new.acting] = poison
        new.actions[~new.acting] = 10**9
        new.terminated[~new.acting] ^= True
        new.truncated[~new.acting] ^= True
        rollout.store(buffer, new)

    for chosen in (Steps(), Steps(store=store_poisoned)):
        run = TrainingRun("standard", make_config(num_steps=60, minibatch_size=128, team_credit=team_credit))
        reports.append([(repr(report.update), report.mean_reward) for report in train(run, 2, chosen)])
        weights.append(weights_of(run.policy))
    assert "nan" not in repr(reports)
    assert reports[0] == reports[1]
    assert torch.equal(*weights)


def test_what_the_fallen_see_changes_nothing(make_config):
    """Fact 14: also not through the last values, or the draws of the others."""

    class Haunted(SpiritWorld):
        def reset(self, seed):
            super().reset(seed)
            self.obs[~self.acting] = 1e9

        def step(self, actions):
            step = super().step(actions)
            self.obs = self.obs.copy()
            self.obs[~self.acting] = 1e9
            return step

    weights = []
    for world in (SpiritWorld, Haunted):
        run = TrainingRun(world("standard", 4), make_config(num_steps=60, minibatch_size=128, team_credit=False))
        (report, _) = train(run, 2)
        assert report.update.num_rows < 60 * 4 * 4
        weights.append(weights_of(run.policy))
    assert torch.equal(*weights)


# ---- stopping


def assert_usable(run):
    """The team can play, the run can be gone on with, and nothing of the broken cycle is left in it."""
    assert run.buffer.step == 0
    assert torch.isfinite(weights_of(run.policy)).all()
    actions = policy_player(run.policy)(run.env)
    assert actions.shape[:2] == (run.env.num_envs, run.env.num_agents)
    cycle = run.cycle
    reports = list(train(run, 2))
    assert [report.cycle for report in reports] == [cycle + 1, cycle + 2]
    assert all(math.isfinite(report.update.total_loss) for report in reports)


def test_a_run_can_be_left_after_any_report(make_config):
    run = TrainingRun("standard", make_config())
    for report in train(run, 100):
        if report.cycle == 2:
            break
    assert run.cycle == 2
    assert_usable(run)


def whole_state_of(run):
    """Everything that the next cycle depends on."""
    parts = run.optimizer.state_dict()["state"].values()
    memory = [{name: part.tolist() for name, part in memory.items()} for memory in parts]
    generators = [g.get_state().tolist() for g in (run.action_generator, run.shuffle_generator)]
    world = {name: np.asarray(part).tolist() for name, part in run.env.get_state().items()}
    world |= {"obs": run.env.obs.tolist(), "acting": run.env.acting.tolist()}
    meter = run.meter and [np.asarray(run.meter.running_return).tolist(), repr(run.meter.summary())]
    counts = run.cycle, run.agent_steps, run.buffer.step
    return repr((weights_of(run.policy).tolist(), memory, generators, world, meter, counts))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "call"),
    [
        *((field.name, 1) for field in fields(Steps) if field.name != "policy_gradient_loss"),
        ("play_step", 5),
        ("store", 8),
        ("is_full", 9),
        ("forward_pass", 5),
        ("gradient_step", 6),
        ("shuffle_rows", 2),
    ],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("first", [True, False])
def test_a_cycle_that_is_broken_off_at_any_node_leaves_no_trace(config_with, world_with, name, call, error, first):
    """Ctrl-C, or a mistake in a step of one's own; in a first cycle (no memory yet) and in a later one."""
    settings = config_with(name, num_steps=12, anneal_cycles=99)
    run, quiet = (TrainingRun(world_with(name), settings) for _ in range(2))
    if not first:
        next(train(run, 1))
        next(train(quiet, 1))
    for broken in (interrupt_at(name, call, error), interrupt_at(name, call, error, after=True)):
        with pytest.raises(error):
            list(train(run, 1, broken))
        assert whole_state_of(run) == whole_state_of(quiet)
    assert_usable(run)
    assert [numbers_of(report) for report in train(quiet, 2)][-1]
    assert whole_state_of(run) == whole_state_of(quiet)


@pytest.mark.parametrize("place", ["get_state", "summary", "clear", "watch", "TrainReport"])
def test_also_between_the_nodes(make_config, monkeypatch, place):
    """Before the cycle has begun, between world and meter, and when all is counted and only the report is missing."""
    run, quiet = (TrainingRun("standard", make_config(num_steps=12)) for _ in range(2))
    next(train(run, 1))
    next(train(quiet, 1))

    def pressed(*given, **named):
        monkeypatch.undo()
        raise KeyboardInterrupt

    holders = {"get_state": run.env, "TrainReport": training}
    monkeypatch.setattr(holders.get(place, run.meter), place, pressed)
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1))
    assert whole_state_of(run) == whole_state_of(quiet)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that interrupts")
@pytest.mark.filterwarnings(  # an interrupt that falls into a destructor is only printed; then the next one counts
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_ctrl_c_at_any_moment_leaves_no_trace_and_saving_and_loading_neither(make_config, tmp_path):
    """Pressed 30 times, saved and loaded each time, and at the end the run that was never disturbed."""

    def press(*given):
        raise KeyboardInterrupt

    run, quiet = (TrainingRun("standard", make_config(num_steps=12)) for _ in range(2))
    delays, before = np.random.default_rng(0).uniform(1e-4, 4e-2, 30), signal.signal(signal.SIGALRM, press)
    try:
        for delay in delays:
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, delay, 5)  # again after 5 s, should one get lost in a __del__
                list(train(run, 10**9))
            signal.setitimer(signal.ITIMER_REAL, 0)
            state = whole_state_of(run)
            save_run(run, tmp_path / "run.pt")
            run = load_run(tmp_path / "run.pt")
            assert whole_state_of(run) == state
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    list(train(quiet, run.cycle))
    assert whole_state_of(run) == whole_state_of(quiet)
    next(train(run, 1))
    next(train(quiet, 1))
    assert whole_state_of(run) == whole_state_of(quiet)


def test_the_number_of_threads_is_given_back(make_config):
    run, before = TrainingRun("standard", make_config()), torch.get_num_threads()
    seen = []
    try:
        torch.set_num_threads(2)
        next(train(run, 1, Steps(should_stop=lambda *given: bool(seen.append(torch.get_num_threads())))))
        with pytest.raises(KeyboardInterrupt):
            next(train(run, 1, interrupt_at("store", 2)))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


# ---- numbers that are none


def broken_in_cycle_2(name, value):
    """Steps that return `value` in the second of two cycles, in its third call."""
    original, calls = {"value_loss": value_loss, "total_loss": total_loss}[name], []

    def breaks(*given):
        calls.append(1)
        return original(*given) * (value if len(calls) == breaks.at else 1)

    breaks.at = 0
    return breaks, calls, Steps(**{name: breaks})


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["value_loss", "total_loss"])
def test_a_loss_that_is_not_finite_is_named_with_its_cycle(make_config, name, value):
    """The last good weights are kept, and the optimizer's memory with them."""
    breaks, calls, chosen = broken_in_cycle_2(name, value)
    run = TrainingRun("standard", make_config())
    list(train(run, 1, chosen))
    good, moments = weights_of(run.policy), copy.deepcopy(run.optimizer.state_dict()["state"])
    breaks.at = len(calls) + 3
    with pytest.raises(NonFiniteError, match=rf"{name} = (nan|inf).*in mini-batch 3; .*\(cycle 2\)$"):
        list(train(run, 1, chosen))
    assert torch.equal(weights_of(run.policy), good)
    for key, memory in run.optimizer.state_dict()["state"].items():
        assert all(torch.equal(memory[part], moments[key][part]) for part in memory)
    assert run.cycle == 1
    assert_usable(run)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("quantity", ["obs", "rewards", "final_obs"])
def test_a_world_that_goes_wrong_is_named_with_its_cycle(make_config, scripted_world, quantity, value):
    class Broken(scripted_world):
        wrong = True

        def step(self, actions):
            step = super().step(actions)
            if self.time == 12 and self.wrong:
                {"rewards": step.rewards, "final_obs": step.final_obs, "obs": self.obs}[quantity][1, 2] = value
            return step

    world = Broken(4, ends={(11, 1): "adjourned"})
    run = TrainingRun(world, make_config())
    next(train(run, 1))
    good = weights_of(run.policy)
    with pytest.raises(NonFiniteError, match=rf"^{quantity} must be finite\. Got {value} at index .* \(cycle 2\)$"):
        list(train(run, 1))
    assert torch.equal(weights_of(run.policy), good)
    assert run.cycle == 1
    assert run.buffer.step == 0
    world.obs = np.nan_to_num(world.obs, posinf=0)
    assert len(list(train(run, 1))) == 1


def test_a_rollout_in_which_nobody_acts_is_refused(make_config, scripted_world):
    """Nobody left in any team: said, instead of a loss of NaN; the weights stay."""

    class Empty(scripted_world):
        def step(self, actions):
            step = super().step(actions)
            self.acting[:] = False
            return step

    run = TrainingRun(Empty(4), make_config())
    good = weights_of(run.policy)
    run.env.acting[:] = False
    with pytest.raises(NotReadyError, match=r"at least one living agent\. Got none"):
        list(train(run, 1))
    assert torch.equal(weights_of(run.policy), good)
    assert run.buffer.step == 0


def test_the_defaults_of_the_steps_are_not_changed_by_a_replacement():
    Steps(clear=lambda buffer: None)
    assert Steps().clear is clear


# ---- finite, and ruined all the same


@pytest.mark.parametrize("learning_rate", [1.0, 50.0])
def test_a_ruined_run_says_so(make_config, learning_rate):
    """The first cycle names what happened; when the policy has become certain of one action, that is named too."""
    run = TrainingRun("standard", make_config(learning_rate=learning_rate, epochs=4))
    reports = list(train(run, 10))
    assert all(math.isfinite(report.update.total_loss) for report in reports)
    assert "nats away in one update: learning_rate is far too large" in reports[0].update.ruined


def test_a_policy_that_tries_nothing_else_any_more_says_so(make_config):
    run = TrainingRun("standard", make_config())
    with torch.no_grad():
        run.policy.actor_head.bias[2] = 1e3
    (report,) = train(run, 1)
    assert "no other action is ever tried" in report.update.ruined


@pytest.mark.slow
@pytest.mark.parametrize("clip_eps", [0.05, 0.8])
@pytest.mark.parametrize("ent_coef", [0.0, 0.3])
@pytest.mark.parametrize("learning_rate", [3e-3, 0.02])
def test_sane_runs_are_never_called_ruined(make_config, clip_eps, ent_coef, learning_rate):
    """The corners of the atlas, and beyond."""
    settings = dict(clip_eps=clip_eps, ent_coef=ent_coef, learning_rate=learning_rate, num_envs=32, minibatch_size=1024)
    for seed in range(2):
        run = TrainingRun("standard", make_config(**settings, seed=seed, epochs=4))
        for report in train(run, 15):
            assert report.update.ruined is None
