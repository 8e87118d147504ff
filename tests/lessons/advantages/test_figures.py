"""The lesson's pictures: their words are the numbers that they were given."""

import io

import numpy as np
import torch
from PIL import Image

from ppo_lessons.lessons.advantages import figures

T, A = 8, 3


def some_copy():
    """Rows of one copy: detective 0 falls with t = 2, detective 1 is cut off with t = 5, detective 2 goes on."""
    draw = torch.randn(4, T, A, generator=torch.Generator().manual_seed(0))
    acting = torch.ones(T, A, dtype=torch.bool)
    acting[3:, 0] = False
    terminated, truncated = torch.zeros_like(acting), torch.zeros_like(acting)
    terminated[2, 0] = truncated[5, 1] = True
    return (*draw, acting), (terminated, truncated)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))


def test_ends_are_named_and_real_decisions_counted():
    series, ends = some_copy()
    picture = figures.show_along_copy(*series, ends)
    assert picture.text == f"{3 + 8 + 8} real decisions of 24; end marked: detective 0 at t=2, detective 1 at t=5"
    assert (pixels(picture) < 200).mean() > 0.01


def test_flags_in_the_rows_of_the_fallen_are_not_drawn():
    series, (terminated, truncated) = some_copy()
    terminated[7, 0] = True  # its team's case is over; it fell long ago
    assert "detective 0 at t=2, " in figures.show_along_copy(*series, (terminated, truncated)).text


def test_what_the_fallen_hold_is_not_drawn():
    series, ends = some_copy()
    clean = figures.show_along_copy(*series, ends)
    for tensor in series[:4]:
        tensor[3:, 0] = 1e6
    assert figures.show_along_copy(*series, ends).png == clean.png


def test_two_ends_say_their_numbers_and_no_minus_zero():
    treatments = {"truncated": torch.tensor([-0.0, 1e-7, -1e-7]), "as if dead": torch.tensor([-4.81, -5.62, -9.0])}
    picture = figures.show_ends(treatments)
    assert picture.text == "truncated: [0.0, 0.0, 0.0]; as if dead: [-4.8, -5.6, -9.0]"


def test_the_same_data_give_the_same_bytes():
    series, ends = some_copy()
    assert figures.show_along_copy(*series, ends).png == figures.show_along_copy(*series, ends).png
