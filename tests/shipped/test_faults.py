"""Planted faults: each sits in its box, keeps its promise there, and is no longer the update that it was taken for."""

import pytest
import torch

from ppo_lessons.advantages import gae
from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.config import PPOConfig
from ppo_lessons.seams import PROMISES
from ppo_lessons.shipped.faults import FAULTS, REWRITTEN, Fault, RowsOfFourRollouts
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun, train

TINY = dict(num_envs=4, num_steps=4, minibatch_size=16, hidden_size=8, max_grad_norm=0.3, seed=1)
CROWDED = Case(name="crowded", size=4, toughness=(2, 3, 3), health=1, step_limit=3)
"""In a few steps somebody falls, and every case that goes on is cut off."""
CYCLES = 3
EVERYONE = [*FAULTS.values(), REWRITTEN]


def trained(fault: Fault, steps: Steps) -> TrainingRun:
    """A run with the settings that the fault asks for."""
    run = TrainingRun(CROWDED, PPOConfig(**TINY, **fault.settings))
    reports = list(train(run, CYCLES, steps))
    assert len(reports) == CYCLES
    return run


def weights(run: TrainingRun) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in run.policy.parameters()])


def by_name(fault: Fault) -> str:
    return fault.name


def test_names_are_their_own_and_boxes_come_in_order():
    assert all(name == fault.name for name, fault in FAULTS.items())
    boxes = [fault.node for fault in FAULTS.values()]
    assert boxes == sorted(boxes) and set(boxes) <= set(NODES)
    assert REWRITTEN.name not in FAULTS


@pytest.mark.parametrize("fault", EVERYONE, ids=by_name)
def test_it_replaces_steps_of_its_box_and_no_others(fault: Fault):
    assert fault.planted
    assert {PROMISES[name].node for name in fault.planted} == {fault.node}
    changed = {name for name, own in vars(fault.steps).items() if own is not getattr(DEFAULT_STEPS, name)}
    assert changed == set(fault.planted)
    PPOConfig(**fault.settings)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=by_name)
def test_it_keeps_its_promise_and_the_team_becomes_another(fault: Fault):
    """The seam refuses a wrong shape, dtype or graph by a ValueError; a fault that changes nothing would be none."""
    ill, healthy = weights(trained(fault, fault.steps)), weights(trained(fault, Steps()))
    assert torch.isfinite(ill).all()
    assert float((ill - healthy).abs().max()) > 1e-4


def test_the_same_steps_make_the_same_team():
    """What the test above leans on."""
    fault = next(iter(FAULTS.values()))
    assert torch.equal(weights(trained(fault, Steps())), weights(trained(fault, Steps())))


def test_the_rewritten_one_gives_the_same_advantages_up_to_rounding():
    generator = torch.Generator().manual_seed(5)
    own = REWRITTEN.planted["gae"]
    assert own is not gae
    for shape in ((1, 3), (8, 2, 4), (17, 5)):
        errors = torch.randn(shape, generator=generator)
        for share in (0.0, 0.2, 1.0):
            ends = torch.rand(shape, generator=generator) < share
            for gamma, gae_lambda in ((0.95, 0.75), (1.0, 1.0), (0.9, 0.0)):
                want = gae(errors, ends, gamma, gae_lambda)
                torch.testing.assert_close(own(errors, ends, gamma, gae_lambda), want, rtol=1e-5, atol=1e-5)


def test_the_rewritten_one_trains_as_well():
    assert torch.isfinite(weights(trained(REWRITTEN, REWRITTEN.steps))).all()


def test_a_class_is_made_anew_for_every_run():
    fault = FAULTS["rows of old rollouts kept"]
    assert fault.planted == {"detach_rows": RowsOfFourRollouts}
    one, other = fault.steps.detach_rows, fault.steps.detach_rows
    assert isinstance(one, RowsOfFourRollouts) and isinstance(other, RowsOfFourRollouts)
    assert one is not other and one.kept is not other.kept
    plain = FAULTS["max for min"]
    assert plain.steps.clipped_surrogate_loss is plain.planted["clipped_surrogate_loss"]
