"""The lesson's pictures say the numbers that they are given."""

import math

import torch

from ppo_lessons.lessons.entropy import figures


def test_each_row_with_its_entropy():
    chances = torch.tensor([[0.25, 0.25, 0.25, 0.25, 0.0], [0.5, 0.5, 0.0, 0.0, 0.0]])
    text = figures.show_distributions(chances.clamp(min=1e-9).log(), ("four", "two")).text
    assert f"four {math.log(4):.2f}, two {math.log(2):.2f}" in text


def test_the_curve_is_highest_where_all_are_equally_likely():
    for n in (2, 5):
        text = figures.show_entropy_curve(n).text
        assert f"H is highest, {math.log(n):.3f}, where the action has probability {1 / n:.2f}" in text


def test_histogram_names_range_and_mean():
    text = figures.show_entropy_histogram(torch.tensor([0.2, 0.4, 1.5]), 5, {"one": 0.4, "other": 0.41}).text
    assert text == "3 rows, entropy 0.20 to 1.50, mean 0.70, at most ln 5 = 1.61"


def test_softmax_twice_names_both_ranges():
    text = figures.show_softmax_twice(torch.tensor([0.0, 1.2]), torch.tensor([1.5, 1.58]), 5).text
    assert text == "true 0.00 to 1.20; softmax taken twice 1.50 to 1.58"


def test_runs_are_named_in_the_order_of_their_ends():
    text = figures.show_entropy_runs({"much": [1.6, 1.5], "none": [1.6, 0.9], "some": [1.0, 1.1]}, 5).text
    assert text == "from the lowest to the highest entropy at the end: none, some, much"
    assert not any(digit.isdigit() for digit in text), "numbers after training differ between machines"


def test_terms_add_up_and_no_zero_is_negative():
    terms = {"a": torch.tensor([1.0, -1.0 - 1e-8]), "b": torch.tensor([0.5, 0.5]), "c": torch.tensor([-0.1, -0.3])}
    text = figures.show_terms(("first", "second"), terms).text
    assert text == "means over 2 rows: a +0.000, b +0.500, c -0.200; together +0.300"
