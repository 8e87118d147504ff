"""What the ranks make of what they tell each other, held against numpy on all rows at once."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from ppo_lessons.data_parallel.sharing import (
    Sharing,
    moments,
    normalise_by_all,
    rank_weights,
    seeds_of_rank,
    stop_on_all,
)

SIZES = {"even": (8, 8), "uneven": (3, 20, 7), "a rank without rows": (0, 5, 6), "a rank with one": (1, 9)}


def parts_of(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(3 * rng.normal(size=size) + 2) for size in sizes]


def test_seeds_by_hand():
    """Worlds and actions are a rank's own; weights and shuffles are everybody's."""
    common, own = torch.tensor([1, 2, 3, 4]), torch.tensor([10, 20, 30, 40])
    assert seeds_of_rank(common, own).tolist() == [10, 2, 30, 4]


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_weights_make_the_mean_of_all_rows(sizes):
    parts = parts_of(sizes)
    means = torch.stack([part.sum() / max(len(part), 1) for part in parts])
    weights = rank_weights(torch.tensor(sizes, dtype=torch.float64))
    assert float(weights @ means) == pytest.approx(np.concatenate(parts).mean(), abs=1e-12)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_all_ranks_normalise_as_one(sizes):
    parts = parts_of(sizes)
    told = torch.stack([moments(part) for part in parts])
    rows = np.concatenate(parts)
    expected = (rows - rows.mean()) / (rows.std(ddof=1) + 1e-8)
    got = torch.cat([normalise_by_all(part, *told.T) for part in parts])
    assert got.numpy() == pytest.approx(expected, abs=1e-12)


def test_one_row_alone_stays_as_it_is():
    alone, nothing = torch.tensor([3.0]), torch.zeros(0)
    told = torch.stack([moments(nothing), moments(alone)])
    assert normalise_by_all(alone, *told.T).tolist() == [3.0]


def test_moments_by_hand():
    assert moments(torch.tensor([1.0, 2.0, 6.0])).tolist() == [3, 3, 4 + 1 + 9]
    assert moments(torch.zeros(0)).tolist() == [0, 0, 0]


def test_all_stop_or_none():
    """By hand: 10 rows at 0.04 and 30 at 0.01 are 0.0175 on average, between 1.5 times 0.01 and 1.5 times 0.012."""
    kls, rows = torch.tensor([0.04, 0.01]), torch.tensor([10.0, 30.0])
    assert stop_on_all(kls, rows, 0.01) is True
    assert stop_on_all(kls, rows, 0.012) is False
    assert stop_on_all(kls, rows, None) is False


def test_every_function_can_be_replaced():
    from ppo_lessons.data_parallel import sharing

    assert all(field.default is getattr(sharing, field.name) for field in fields(Sharing))
    with pytest.raises(TypeError, match="rank_weights"):
        Sharing(rank_weight=rank_weights)
