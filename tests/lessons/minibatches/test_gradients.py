"""What shuffling does to the gradient of each part of the loss, and to which part it does nothing."""

import numpy as np
import pytest
import torch

from ppo_lessons.lessons.minibatches.gradients import PARTS, cosines_of_parts, gradients_of_parts
from ppo_lessons.losses import importance_ratios
from ppo_lessons.minibatches import shuffle_rows
from ppo_lessons.shipped.recorded_update import recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG

SIZES = (32, 64, 128, 256, 512)
NUM_ROWS = 1934


@pytest.fixture(scope="module")
def means() -> dict[str, dict[str, np.ndarray]]:
    """Order -> part -> mean cosine at each size; the shuffles are those of four epochs."""
    generator = torch.Generator().manual_seed(1)
    orders = {
        "shuffled": [shuffle_rows(NUM_ROWS, generator) for _ in range(4)],
        "neighbours": [torch.arange(NUM_ROWS)],
    }
    found = {
        name: cosines_of_parts(recording().policy, recorded_rows(), of, SIZES, CONFIG) for name, of in orders.items()
    }
    return {
        name: {part: np.array([np.mean(c) for c in sizes]) for part, sizes in parts.items()}
        for name, parts in found.items()
    }


@pytest.mark.parametrize(("part", "margin"), [("critic", 0.01), ("entropy", 0.02)])
def test_neighbours_are_the_worse_guide_for_critic_and_entropy(means, part: str, margin: float):
    assert (means["shuffled"][part] - means["neighbours"][part]).min() > margin


def test_for_the_actor_neighbours_and_shuffled_rows_are_not_told_apart(means):
    apart = means["shuffled"]["actor"] - means["neighbours"]["actor"]
    assert np.abs(apart).max() < 0.05
    assert apart.min() < 0 < apart.max()


def test_the_numbers_in_the_words_of_the_lesson(means):
    assert means["shuffled"]["actor"][[0, 4]] == pytest.approx([0.1, 0.4], abs=0.05)
    assert means["shuffled"]["critic"][3] > 0.95, "a few hundred rows say nearly what all say"


def test_gradients_are_those_of_the_parts_alone():
    """The critic's by a closed form in its head; the actor's head hears nothing of the critic."""
    policy, rows = recording().policy, recorded_rows()
    found = gradients_of_parts(policy, rows, CONFIG)
    named = dict(zip(dict(policy.named_parameters()), range(99), strict=False))
    lengths = [parameter.numel() for parameter in policy.parameters()]
    pieces = {part: arrow.split(lengths) for part, arrow in found.items()}
    assert tuple(found) == PARTS
    with torch.no_grad():
        log_probs, _, values = policy.evaluate_actions(rows.obs, rows.actions)
    slope = 2 * (values - rows.returns).mean()
    assert float(pieces["critic"][named["critic_head.bias"]]) == pytest.approx(float(slope), rel=1e-4)
    assert not pieces["critic"][named["actor_head.weight"]].any()
    assert not pieces["actor"][named["critic_head.weight"]].any()
    assert torch.allclose(importance_ratios(log_probs, rows.old_log_probs), torch.ones(NUM_ROWS), atol=1e-5)
    assert found["critic"].norm() * CONFIG.vf_coef > 5 * (
        found["actor"].norm() + CONFIG.ent_coef * found["entropy"].norm()
    )


def test_all_rows_agree_with_themselves():
    cosines = cosines_of_parts(recording().policy, recorded_rows(), [torch.arange(NUM_ROWS)], (NUM_ROWS,), CONFIG)
    assert all(sizes == [[pytest.approx(1)]] for sizes in cosines.values())


def test_which_of_the_critics_mini_batches_point_backwards():
    """Neighbours do up to 128 rows; shuffled ones at 32 rows, and few of them."""
    generator, backwards = torch.Generator().manual_seed(1), {}
    orders = {
        "shuffled": [shuffle_rows(NUM_ROWS, generator) for _ in range(4)],
        "neighbours": [torch.arange(NUM_ROWS)],
    }
    for name, given in orders.items():
        found = cosines_of_parts(recording().policy, recorded_rows(), given, SIZES, CONFIG)["critic"]
        backwards[name] = [sum(cosine < 0 for cosine in cosines) / len(cosines) for cosines in found]
    assert all(share > 0 for share in backwards["neighbours"][:3]) and not any(backwards["neighbours"][3:])
    assert 0 < backwards["shuffled"][0] < 0.05 and not any(backwards["shuffled"][1:])
