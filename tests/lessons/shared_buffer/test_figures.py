"""The lesson's pictures say what the buffer holds."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.buffer import badges_of
from ppo_lessons.display.picture import Picture
from ppo_lessons.lessons.shared_buffer import figures
from ppo_lessons.shipped.recording import load_recording


@pytest.fixture(scope="module")
def acting() -> torch.Tensor:
    return load_recording().buffer.data.acting


def badges_at_home(*shape: int) -> torch.Tensor:
    return torch.cartesian_prod(*(torch.arange(size) for size in shape)).view(*shape, 3)


def is_not_empty(picture: Picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_filling_counts_the_real_decisions_of_each_moment(acting: torch.Tensor):
    picture = figures.show_filling(acting, moments=(0, 10, 32))
    first, real = int(acting[:10].sum()), int(acting.sum())
    assert f"0: 0 of 0; 10: {first} of 640; 32: {real} of 2048" in picture.text
    assert first < 640 and real < 2048
    assert is_not_empty(picture)


@pytest.mark.parametrize("badge", [(6, 0, 0), (9, 12, 0), (13, 1, 0), (0, 0, 0)])
def test_the_way_ends_at_the_row_that_the_buffer_gives(acting: torch.Tensor, badge: tuple[int, int, int]):
    row = badges_of(acting).tolist().index(list(badge))
    place = int(torch.arange(acting.numel()).view_as(acting)[badge])
    picture = figures.show_way(acting, badge)
    assert f"place {place}, {place - row} rows of fallen agents before it, so row {row}" in picture.text
    assert is_not_empty(picture)


def test_places_count_the_badges_at_home():
    right = badges_at_home(8, 2, 3)
    wrong = right.permute(2, 0, 1, 3).reshape(8, 2, 3, 3)
    at_home = int((wrong == right).all(dim=-1).sum())
    picture = figures.show_places(right, wrong, badge=(6, 0, 0))
    assert at_home < 48
    assert f"after permute 48, after reshape {at_home}" in picture.text
    assert f"then stands {tuple(wrong[6, 0, 0].tolist())}" in picture.text
    assert figures.show_places(right, right, badge=(6, 0, 0)).png != picture.png


def test_ageing_states_conclusions_that_can_be_false():
    young, old = torch.ones(6), torch.tensor([0.5, 1.0, 1.5, 1.0, 2.0, 1.0])
    aged = figures.show_ageing([young, old])
    assert aged.text == (
        "at the start no row outside: True; after 1 cycles more than a third: True; "
        "more than 1 in 20 halved or doubled: True"
    )
    assert "no row outside: False" in figures.show_ageing([old, old]).text
    fresh = figures.show_ageing([young, young]).text
    assert "more than a third: False" in fresh and "halved or doubled: False" in fresh
    nearly = figures.show_ageing([young, torch.tensor([0.6, 1.9, 1.0, 1.0, 0.7, 1.4])]).text
    assert "more than a third: True" in nearly and "halved or doubled: False" in nearly
