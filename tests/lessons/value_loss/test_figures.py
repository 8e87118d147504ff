"""The lesson's pictures say the numbers that they are given."""

import math

import pytest
import torch

from ppo_lessons.lessons.value_loss import figures


def test_pairs_tell_the_diagonal_from_the_whole_table():
    values, returns = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([2.0, 5.0])
    picture = figures.show_pairs(values, returns)  # squares: 1 16 / 0 9
    assert picture.text == "2 own pairs: mean 5.00; all 4 pairs: mean 6.50"


def test_one_critic_gives_its_number_and_several_only_the_order():
    returns = torch.tensor([1.0, 2.0, 3.0, 6.0])
    assert figures.show_predictions(returns / 2, returns).text == "4 rows, explained variance 0.75"
    said = {"none": 0 * returns, "half": returns / 2, "flat": 0 * returns + 7}
    text = figures.show_predictions(said, returns).text
    assert text == "none, half, flat: more explained than in the panel before: [True, False]"


@pytest.mark.parametrize(
    ("value_pull", "vf_coef", "degrees"),
    [((0.0, 1.0), 1.0, 45), ((0.0, 1.0), 0.0, 0), ((-2.0, 0.0), 1.0, 180), ((3.0, 0.0), 2.0, 0)],
)
def test_the_sum_of_two_pulls_points_where_it_should(value_pull, vf_coef, degrees):
    picture = figures.show_tug_of_war(torch.tensor([1.0, 0.0]), torch.tensor(value_pull), (vf_coef,))
    assert picture.text.endswith(f": {degrees} at {vf_coef:g}")


def test_an_angle_of_parallel_arrows_is_no_nan():
    arrow = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    assert figures._angle(arrow, 3 * arrow) == pytest.approx(0, abs=1e-4)
    assert not math.isnan(figures._angle(arrow, -arrow))


def test_the_shared_clip_names_before_and_after():
    text = figures.show_shared_clip({"vf_coef 0": (0.2, 0.2), "vf_coef 8": (0.2, 0.01)}, 1.0).text
    assert "vf_coef 0: 0.200 to 0.200" in text and "vf_coef 8: 0.200 to 0.010" in text
