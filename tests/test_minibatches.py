import pytest
import torch

from ppo_lessons.minibatches import count_gradient_steps, shuffle_rows, split_rows


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("num_rows", [1, 2, 7, 1000])
def test_shuffle_is_a_permutation(num_rows):
    """Facts 10, 11."""
    order = shuffle_rows(num_rows, generator())
    assert order.dtype == torch.int64
    assert torch.equal(order.sort().values, torch.arange(num_rows))


def test_shuffle_shuffles_and_each_epoch_in_its_own_way():
    """Fact 10."""
    source = generator()
    first, second = shuffle_rows(100, source), shuffle_rows(100, source)
    assert not torch.equal(first, torch.arange(100))
    assert not torch.equal(first, second)


def test_shuffle_follows_its_seed_alone():
    """Fact 36."""
    before = torch.get_rng_state()
    first = shuffle_rows(100, generator(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, shuffle_rows(100, generator(1)))
    assert not torch.equal(first, shuffle_rows(100, generator(2)))


@pytest.mark.parametrize(
    ("num_rows", "minibatch_size", "sizes"),
    [
        (12, 4, [4, 4, 4]),
        (14, 4, [4, 4, 4, 2]),
        (13, 4, [4, 4, 5]),  # a single row has no spread to normalise by
        (3, 2, [3]),
        (3, 4, [3]),
        (4, 4, [4]),
        (5, 1000, [5]),
        (1, 4, [1]),
    ],
)
def test_split_visits_every_row_once_in_that_order(num_rows, minibatch_size, sizes):
    """Facts 10, 35."""
    order = shuffle_rows(num_rows, generator())
    pieces = split_rows(order, minibatch_size)
    assert [len(piece) for piece in pieces] == sizes
    assert torch.equal(torch.cat(pieces), order)


@pytest.mark.parametrize("minibatch_size", [0, -3])
def test_split_refuses_sizes_below_1(minibatch_size):
    with pytest.raises(ValueError, match=rf"^minibatch_size must be 1 or more\. Got {minibatch_size}"):
        split_rows(torch.arange(4), minibatch_size)


@pytest.mark.parametrize("minibatch_size", [1, 2, 3, 4, 7, 100])
@pytest.mark.parametrize("num_rows", range(1, 16))
def test_counts_the_gradient_steps_that_the_split_makes(num_rows, minibatch_size):
    """Fact 35."""
    pieces = split_rows(torch.arange(num_rows), minibatch_size)
    assert count_gradient_steps(num_rows, minibatch_size, 3) == 3 * len(pieces)
