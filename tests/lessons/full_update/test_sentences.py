"""What the lesson says in words, held against the recorded update."""

from dataclasses import replace

import pytest
import torch

from ppo_lessons import Steps, losses, make_optimizer, ppo_update
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recording import CONFIG, load_recording
from tests.notebooks.imagined import ImaginedProcessor

RECORDING = load_recording()
ROWS = RECORDING.buffer.get()
(OURS,) = RECORDING.rows_of([(6, 0, 0)])


def updated(steps: Steps | None = None, **changes: object) -> ActorCritic:
    policy, config = load_recording().policy, replace(CONFIG, **changes)
    generator = torch.Generator().manual_seed(0)
    ppo_update(policy, make_optimizer(policy, config), ROWS, config, generator, steps=steps or Steps())
    return policy


def ratios(policy: ActorCritic) -> torch.Tensor:
    with torch.no_grad():
        return losses.importance_ratios(policy.evaluate_actions(ROWS.obs, ROWS.actions)[0], ROWS.old_log_probs)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_step_does_what_our_row_asks_for_and_sixteen_do_not(seed: int):
    pieces = split_rows(shuffle_rows(len(ROWS.actions), torch.Generator().manual_seed(0)), CONFIG.minibatch_size)
    (place,) = [number for number, piece in enumerate(pieces) if OURS in piece]
    only = Steps(split_rows=lambda order, size: split_rows(order, size)[place:][:1])
    assert ROWS.advantages[OURS] < 0 and len(pieces[place]) == 512
    before = RECORDING.policy.estimate_values(ROWS.obs)[OURS]
    with ImaginedProcessor(seed):
        once, whole = updated(only, epochs=1), updated()
        assert ratios(once)[OURS] < 0.85
        assert 0.6 < once.estimate_values(ROWS.obs)[OURS] - before < 1.0
        assert 1.03 < ratios(whole)[OURS] < 1.13


def test_a_narrow_clip_holds_four_rows_in_five_not():
    outside = (ratios(updated(clip_eps=0.01)) - 1).abs() > 0.01
    assert 0.75 < outside.float().mean() < 0.85


@pytest.mark.parametrize(("gradient", "share"), [(0.5, "1.00"), (0.001, "0.99"), (0.00001, "0.50")])
def test_the_first_step_of_adam(gradient: float, share: str):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.double))
    optimizer = torch.optim.Adam([weight], lr=1.0, eps=1e-5)
    weight.grad = torch.full_like(weight, gradient)
    optimizer.step()
    assert f"{-weight.item():.2f}" == share
