"""A long update takes the steps of the package's own, and shows what the clip brakes and what it does not."""

import torch

from ppo_lessons.lessons.clipping.long_update import long_update
from ppo_lessons.losses import approx_kl, clip_fraction, clipped_surrogate_loss, importance_ratios
from ppo_lessons.shipped.recorded_update import log_probs_under, policy_after, recorded_rows


def kl_of(ratios: torch.Tensor) -> float:
    return float(approx_kl(ratios.log(), torch.zeros(len(ratios))))


def test_it_is_the_recorded_update_step_by_step():
    after, rows = long_update(clipped_surrogate_loss, 0.2, epochs=1), recorded_rows()
    assert len(after) == 4
    for step, ratios in enumerate(after, start=1):
        assert torch.allclose(ratios, importance_ratios(log_probs_under(policy_after(step), rows), rows.old_log_probs))


def test_the_loss_that_is_given_is_the_one_that_is_used():
    used = []

    def mine(ratios, advantages, clip_eps):
        used.append(clip_eps)
        return clipped_surrogate_loss(ratios, advantages, clip_eps)

    long_update(mine, 0.3, epochs=1)
    assert used == [0.3] * 4


def test_the_clip_is_a_brake_and_no_wall():
    with_clip, without = (long_update(clipped_surrogate_loss, clip_eps)[-1] for clip_eps in (0.2, 1e6))
    assert float(with_clip.max()) > 1.5 and float(clip_fraction(with_clip, 0.2)) > 0.1
    assert kl_of(without) > 10 * kl_of(with_clip)
