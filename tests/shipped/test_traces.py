"""What is read off a run is what a second run of the same seed, watched by other means, says of itself."""

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn

from ppo_lessons.config import PPOConfig
from ppo_lessons.other_worlds.adapters import GymnasiumTeam
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.traces import READINGS, UPDATE, Recorder, Trace, record_run
from ppo_lessons.spirit_world.behaviour import recent
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.steps import Steps, minibatch_losses
from ppo_lessons.training import TrainingRun, TrainReport, train

SMALL = PPOConfig(num_envs=16, num_steps=4, minibatch_size=64, epochs=2, hidden_size=8, max_grad_norm=0.3, seed=2)
PLACES = 16 * 4 * 4
CROWDED = Case(name="crowded", size=4, toughness=(2, 3, 3), health=1, step_limit=3)
CYCLES, EVERY = 6, 2


def with_fault(name: str, config: PPOConfig = SMALL, cycles: int = CYCLES, every: int = EVERY) -> Trace:
    return record_run(config, FAULTS[name].steps, cycles, every, CROWDED)[0]


@pytest.fixture(scope="module")
def healthy() -> Trace:
    return record_run(SMALL, Steps(), CYCLES, EVERY, CROWDED)[0]


@pytest.fixture(scope="module")
def reports() -> list[TrainReport]:
    """Of the same run, that nobody records."""
    return list(train(TrainingRun(CROWDED, SMALL), CYCLES))


def in_twos(values: list[float]) -> np.ndarray:
    return np.array(values).reshape(-1, EVERY)


def lengths(*parts: nn.Module) -> list[float]:
    return [float(torch.cat([p.grad.flatten() for p in part.parameters()]).square().sum().sqrt()) for part in parts]


# ---- points


def test_points_and_shapes(healthy: Trace):
    assert healthy.cycles.tolist() == [2, 4, 6]
    assert tuple(healthy.values) == READINGS
    assert {(values.dtype, values.shape) for values in healthy.values.values()} == {(np.dtype(np.float32), (3,))}
    assert all(np.isfinite(values).all() for values in healthy.values.values())


def test_what_the_reports_say_is_their_mean_over_the_cycles_of_a_point(healthy: Trace, reports: list[TrainReport]):
    for name in UPDATE:
        wanted = in_twos([getattr(report.update, name) for report in reports]).mean(axis=1)
        np.testing.assert_allclose(healthy.values[name], wanted, rtol=1e-6, err_msg=name)


def test_return_and_survival_look_back_over_cases_by_themselves(healthy: Trace, reports: list[TrainReport]):
    behaviours = [report.behaviour for report in reports]
    for name, own in {"mean_return": "team_return", "survival": "survival"}.items():
        wanted = in_twos(recent(behaviours, own, least=20))[:, -1]
        np.testing.assert_allclose(healthy.values[name], wanted, rtol=1e-6, err_msg=name)
    assert not np.allclose(healthy.values["survival"], [behaviours[i].survival for i in (1, 3, 5)])


# ---- what the recorder hears


def test_gradients_are_those_of_the_heads_as_they_reach_the_optimizer():
    seen: list[list[float]] = []

    def gradient_step(total_loss, policy, optimizer, max_grad_norm):
        optimizer.zero_grad()
        total_loss.backward()
        norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
        seen.append(lengths(policy.actor_head, policy.critic_head, policy))
        optimizer.step()
        return norm

    per_cycle = [len(seen) for _ in train(TrainingRun(CROWDED, SMALL), CYCLES, Steps(gradient_step=gradient_step))]
    trace, _ = record_run(SMALL, Steps(), CYCLES, EVERY, CROWDED)
    cycles = np.split(np.array(seen), per_cycle[:-1])
    for place, name in enumerate(("actor_grad", "critic_grad")):
        wanted = in_twos([cycle[:, place].mean() for cycle in cycles]).mean(axis=1)
        np.testing.assert_allclose(trace.values[name], wanted, rtol=1e-4, err_msg=name)
    longest = in_twos([cycle[:, 2].max() / 0.3 for cycle in cycles]).max(axis=1)
    np.testing.assert_allclose(trace.values["step_grad"], longest, rtol=1e-4)


def test_the_first_ratio_of_a_healthy_run_is_1_and_nothing_longer_than_the_limit_arrives(healthy: Trace):
    assert healthy.values["first_ratio"].max() < 1e-5
    assert healthy.values["step_grad"].max() <= 1 + 1e-4
    assert healthy.values["step_grad"].max() > 0.9, "it was shortened"


def test_the_first_ratio_is_that_of_the_first_mini_batch_of_a_cycle():
    """With a softmax too many, worked out from weights and rows before the first step."""
    fault, largest, cycle_of = FAULTS["softmax before logits"], {}, [0]

    def spy(policy, minibatch, config, steps):
        if cycle_of[0] not in largest:
            with torch.no_grad():
                twice = policy(minibatch.obs)[0].softmax(dim=-1).softmax(dim=-1)
            now = twice[torch.arange(len(minibatch.actions)), minibatch.actions].double()
            largest[cycle_of[0]] = float((now / minibatch.old_log_probs.double().exp() - 1).abs().max())
        return minibatch_losses(policy, minibatch, config, steps)

    steps = Steps(**fault.planted, minibatch_losses=spy)
    for report in train(TrainingRun(CROWDED, SMALL), CYCLES, steps):
        cycle_of[0] = report.cycle
    got = with_fault(fault.name).values["first_ratio"]
    np.testing.assert_allclose(got, in_twos(list(largest.values())).max(axis=1), rtol=1e-3)
    assert len(largest) == CYCLES and got.min() > 1e-3


def test_rows_used_of_a_healthy_run_are_its_decisions(healthy: Trace, reports: list[TrainReport]):
    wanted = in_twos([report.update.num_rows / PLACES for report in reports]).mean(axis=1)
    np.testing.assert_allclose(healthy.values["rows_used"], wanted, rtol=1e-6)
    assert wanted.max() < 1, "somebody falls"


def test_rows_used_with_repeats_are_all_but_one_in_e():
    name = "rows drawn with repeats"
    rows = [
        report.update.num_rows / PLACES for report in train(TrainingRun(CROWDED, SMALL), CYCLES, FAULTS[name].steps)
    ]
    shares = with_fault(name).values["rows_used"] / in_twos(rows).mean(axis=1)
    assert shares.mean() == pytest.approx(1 - np.exp(-1), abs=0.04)


def test_rows_used_where_rows_are_left_out_and_where_old_ones_stay():
    alone = with_fault("only the first mini-batch of each epoch").values["rows_used"]
    np.testing.assert_allclose(alone, 64 / PLACES)
    assert (with_fault("rows of the fallen kept").values["rows_used"] == 1).all()
    kept = with_fault("rows of old rollouts kept", every=1).values["rows_used"]
    assert kept[0] < 1 < kept[1] < kept[2] < kept[3] and kept[3:].min() > 2.5


def test_a_gradient_that_is_shortened_too_late_is_longer_than_the_limit():
    long = with_fault("clipped after the step").values["step_grad"]
    assert long.max() > 2


def test_the_recorder_forgets_when_a_cycle_begins():
    run = TrainingRun(CROWDED, SMALL)
    recorder = Recorder(run, Steps())
    assert all(np.isnan(number) for number in recorder.readings().values())
    next(iter(train(run, 1, recorder.steps)))
    assert all(np.isfinite(number) for number in recorder.readings().values())
    recorder.begin()
    assert all(np.isnan(number) for number in recorder.readings().values())


# ---- the run itself


@pytest.mark.parametrize("name", [None, "rows of old rollouts kept", "never shuffled"])
def test_a_recorded_run_is_the_same_training(name: str | None):
    def steps() -> Steps:
        return FAULTS[name].steps if name else Steps()

    _, policy = record_run(SMALL, steps(), CYCLES, EVERY, CROWDED)
    run = TrainingRun(CROWDED, SMALL)
    assert len(list(train(run, CYCLES, steps()))) == CYCLES
    for one, other in zip(policy.parameters(), run.policy.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("good_cycles", [0, 3])
def test_after_a_run_that_broke_off_there_is_nothing_to_read(good_cycles: int, healthy: Trace):
    """What was known before stays; a point in which it broke off is unknown, too."""
    reports = list(train(TrainingRun(CROWDED, SMALL), good_cycles))
    calls, good = [], sum(report.update.num_gradient_steps for report in reports)

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        calls.append(1)
        total = actor_loss + vf_coef * critic_loss - ent_coef * entropy
        return total if len(calls) <= good else total * float("nan")

    trace, policy = record_run(SMALL, Steps(total_loss=total_loss), CYCLES, EVERY, CROWDED)
    known = good_cycles // EVERY
    for name, values in trace.values.items():
        assert values.shape == (3,)
        np.testing.assert_array_equal(values[:known], healthy.values[name][:known], err_msg=name)
        assert np.isnan(values[known:]).all(), name
    assert all(bool(torch.isfinite(weight).all()) for weight in policy.parameters())


class Two(gymnasium.Env):
    """Two steps, each worth 1 for action 1."""

    observation_space, action_space = gymnasium.spaces.Box(0, 1, (1,), np.float32), gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.full(1, self.steps / 2, np.float32), float(action), False, self.steps == 2, {}


def test_a_world_of_others_has_returns_and_no_survival():
    trace, _ = record_run(SMALL, Steps(), 4, 2, GymnasiumTeam(Two, 16))
    assert np.isnan(trace.values["survival"]).all()
    means = [report.behaviour.mean_return for report in train(TrainingRun(GymnasiumTeam(Two, 16), SMALL), 4)]
    np.testing.assert_allclose(trace.values["mean_return"], in_twos(means)[:, -1], rtol=1e-6)
    assert 0 < trace.values["mean_return"].min() <= trace.values["mean_return"].max() <= 2
