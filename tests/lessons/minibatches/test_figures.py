"""The lesson's pictures say who goes to which mini-batch, and what shuffling does."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.display.picture import Picture
from ppo_lessons.lessons.minibatches import figures
from ppo_lessons.minibatches import shuffle_rows, split_rows


def is_not_empty(picture: Picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_correlation_is_pearsons_and_never_minus_zero():
    first, second = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    second = second + first
    want = np.corrcoef(first.numpy(), second.numpy())[0, 1]
    assert figures.correlation(first, second) == pytest.approx(want, abs=0.0051)
    crossed = figures.correlation(torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([1.0, 1.0, -1.001, -1.0]))
    assert str(crossed) == "0.0"


def test_neighbours_are_alike_until_they_are_shuffled():
    quantity = torch.arange(200.0)
    shuffled = figures.show_neighbours(quantity, shuffle_rows(200, torch.Generator().manual_seed(0)))
    assert "next row: 1.00; shuffled: " in shuffled.text
    assert not shuffled.text.endswith("shuffled: 1.00")
    assert figures.show_neighbours(quantity, torch.arange(200)).text.endswith("shuffled: 1.00")


def test_a_row_is_found_in_its_mini_batch():
    pieces = split_rows(torch.tensor([3, 0, 4, 1, 2]), 2)
    assert [figures.place_of(row, pieces) for row in range(5)] == [[0], [1], [1], [0], [1]]
    assert figures.place_of(7, pieces) == []
    assert figures.place_of(0, [torch.tensor([0]), torch.tensor([1, 0])]) == [0, 1]


def test_assignment_names_the_mini_batches_of_the_ringed_row():
    acting = torch.ones(6, 2, 3, dtype=torch.bool)
    acting[3:, 1, 2] = False
    badges = acting.nonzero()
    order = shuffle_rows(len(badges), torch.Generator().manual_seed(0))
    row = int(order[0] if order[0] >= 9 else order[-1])  # it changes its mini-batch
    passes = {"in order": torch.arange(len(badges)).split(9), "shuffled": order.split(9)}
    picture = figures.show_assignment(passes, badges, (6, 2, 3), row)
    place = int((order == row).nonzero()) // 9
    assert f"hold {tuple(badges[row].tolist())}: in order [{row // 9}]; shuffled [{place}]" in picture.text
    assert row // 9 != place
    assert is_not_empty(picture)


def test_arrows_say_their_cosines():
    picture = figures.show_arrows([((4, 3), (3, 4)), ((4, 3), (8, 6)), ((4, 3), (-3, 4)), ((1, 0), (-1, 0))])
    assert [part.rpartition(": ")[2] for part in picture.text.split("; ")] == ["0.96", "1.00", "0.00", "-1.00"]
    assert is_not_empty(picture)


def test_agreement_says_the_means_of_each_part():
    shuffled = {"actor": [[0.5, 0.7], [0.9]], "critic": [[0.96], [1.0]]}
    neighbours = {"actor": [[0.1, -0.3], [0.2]], "critic": [[-0.5], [0.4]]}
    picture = figures.show_agreement([32, 64], shuffled, neighbours)
    assert "at [32, 64] rows: actor: shuffled rows 0.6, 0.9, neighbouring rows -0.1, 0.2; critic: " in picture.text
    assert picture.text.endswith("critic: shuffled rows 1.0, 1.0, neighbouring rows -0.5, 0.4")
    assert is_not_empty(picture)


def test_ten_seeds_says_the_means_of_the_last_cycles():
    rewards = {"calm": [[9.0, 0.1, 0.1, 0.1, 0.1], [9.0, 0.3, 0.3, 0.3, 0.3]], "wild": [[0.0] * 5, [0.0, 1, 1, 1, 1]]}
    picture = figures.show_ten_seeds(rewards)
    assert picture.text == "2 seeds, mean reward in the last 4 cycles: calm 0.200, wild 0.500"
    assert is_not_empty(picture)


def test_learning_names_its_curves_and_not_their_numbers():
    picture = figures.show_learning({1: [0.1, 0.2, 0.3], 4: [0.1, 0.4, 0.9]})
    assert picture.text == "mean reward in 3 cycles with 1, 4 epochs a rollout"
    assert picture.png != figures.show_learning({1: [0.1, 0.2, 0.3], 4: [0.1, 0.4, 0.2]}).png
