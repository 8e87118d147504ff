"""The lesson's pictures say what their data say, and nothing that differs between machines."""

import io

import numpy as np
import torch
from PIL import Image

from ppo_lessons.lessons.clipping import figures

RATIOS = torch.tensor([0.7, 0.7, 1.0, 1.1, 1.3, 1.3])
ADVANTAGES = torch.tensor([1.0, -1.0, 1.0, -1.0, 3.0, -2.0])


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_surrogate_says_which_rows_are_pushed():
    picture = figures.show_clipped_surrogate(RATIOS, ADVANTAGES, 0.2)
    assert picture.text == "row 1 pushed, row 2 not, row 3 pushed, row 4 pushed, row 5 not, row 6 pushed"
    assert is_not_empty(picture)
    wider = figures.show_clipped_surrogate(RATIOS, ADVANTAGES, 0.4)
    assert "not" not in wider.text


def test_pushed_rows_are_told_apart_from_silent_ones():
    text = figures.show_pushed_rows(RATIOS, ADVANTAGES, 0.2).text
    assert text == "outside and not pushed: some; outside and still pushed: some; inside and not pushed: none"
    only_good = figures.show_pushed_rows(RATIOS[[2, 4]], ADVANTAGES[[2, 4]], 0.2).text
    assert "outside and not pushed: some; outside and still pushed: none" in only_good
    at_first = figures.show_pushed_rows(torch.ones(6), ADVANTAGES, 0.2)
    assert at_first.text.count("none") == 3
    assert is_not_empty(at_first)


def test_motion_says_whether_the_largest_ratio_stays_inside():
    ratios = {"quiet": [torch.tensor([0.9, 1.1])] * 3, "wild": [torch.tensor([0.9, 1.1]), torch.tensor([1.0, 1.5])]}
    kl = {"quiet": [0.001] * 3, "wild": [0.001, 0.1]}
    picture = figures.show_motion(ratios, kl, 0.2)
    assert "quiet: the largest ratio stays inside the interval: yes" in picture.text
    assert "wild: the largest ratio stays inside the interval: no" in picture.text
    assert is_not_empty(picture)


def test_the_clip_alone_is_flat_where_the_minimum_slopes():
    picture = figures.show_minimum_and_clip(0.2)
    assert picture.text == (
        "A = +1: outside, the clip alone is flat; the smaller one still slopes below; "
        "A = -1: outside, the clip alone is flat; the smaller one still slopes above"
    )
    assert is_not_empty(picture)


def test_rows_are_followed_until_they_fall_silent():
    ratios = {"up": [1.0, 1.1, 1.3, 1.1], "down": [1.0, 1.3, 1.4, 0.9]}
    picture = figures.show_rows_over_steps(ratios, {"up": 2.0, "down": -1.0}, 0.2)
    assert picture.text == "up: pushed up at first, silent at some step; down: pushed down at every step"
    assert is_not_empty(picture)
    assert "silent" not in figures.show_rows_over_steps(ratios, {"up": 2.0, "down": -1.0}, 0.5).text
