"""The lesson's pictures say what their data say, and nothing that differs between machines."""

import io

import numpy as np
import torch
from PIL import Image

from ppo_lessons.lessons.ratios import figures


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_lookup_names_the_stored_action_and_its_probability():
    chances = torch.tensor([[0.1, 0.2, 0.3, 0.15, 0.25], [0.6, 0.1, 0.1, 0.1, 0.1]])
    picture = figures.show_lookup(chances.log() + 3, torch.tensor([1, 0]), ["first", "second"])
    assert picture.text == "looked up (hatched): first: up 0.20, second: stay 0.60"
    assert is_not_empty(picture)


def test_lookup_follows_the_action_not_the_tallest_bar():
    chances = torch.tensor([[0.1, 0.2, 0.3, 0.15, 0.25]])
    assert "left 0.15" in figures.show_lookup(chances.log(), torch.tensor([3]), ["row"]).text


def test_spread_says_where_the_ratios_lie():
    ratios = {0: torch.ones(5), 1: torch.tensor([0.9, 1.1]), 2: torch.tensor([1.1, 1.3])}
    picture = figures.show_ratio_spread(ratios)
    assert picture.text.endswith("0: all 1; 1: on both sides of 1; 2: on one side of 1")
    assert is_not_empty(picture)


def test_spread_of_ratios_that_are_all_1_can_be_drawn():
    assert figures.show_ratio_spread({0: torch.ones(5)}).text.endswith("0: all 1")


def test_kl_estimates_tell_negative_ones():
    k1, k3 = torch.tensor([-0.1, 0.1, 0.3]), torch.tensor([0.05, 0.1, 0.15])
    said = figures.show_kl_estimates(k1, k3, exact=0.1).text
    assert said == "samples with an estimate below 0: k1 some, k3 none; less scattered: k3"
    assert figures.show_kl_estimates(k3, k1, exact=0.1).text.endswith("k1 none, k3 some; less scattered: k1")
