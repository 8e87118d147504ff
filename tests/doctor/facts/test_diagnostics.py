"""The share of clipped rows, and what the critic foresaw: right in any style, and what each mistake is told."""

import numpy as np
import pytest
import torch

from tests.doctor.asking import Answers, names_of, require_reproducible


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda r, eps: ((r - 1).abs() > eps).float().mean(), "ratios clip_eps", {}),
        (lambda r, eps: (torch.clamp(r, 1 - eps, 1 + eps) != r).float().mean().item(), "ratios clip_eps", {}),
        (lambda new, old, eps: np.mean(np.abs(np.exp(new - old) - 1) > eps), "new_log_probs old_log_probs clip_eps",
         {"arrays": "numpy"}),
        (lambda r: ((r - 1).abs() > 0.1).float().mean(), "ratios", {}),
    ],
)  # fmt: skip
def test_the_share_of_clipped_rows_in_any_style(function, said, options):
    assert Answers("clip_fraction", function, said, **options).passed == ["both sides"]


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (lambda r, eps: (r > 1 + eps).float().mean(), "One side is not looked at."),
        (lambda r, eps: (r < 1 - eps).float().mean(), "One side is not looked at."),
        (lambda r, eps: ((r - 1).abs() > eps).sum(), "A share is a mean."),
        (lambda r, eps: ((r - 1).abs() < eps).float().mean(), "what is inside"),
        (lambda r, eps: (r.log().abs() > eps).float().mean(), "ln r is looked at"),
        (lambda r, eps: 100 * ((r - 1).abs() > eps).float().mean(), ""),
    ],
)
def test_wrong_shares(function, hint):
    answers = Answers("clip_fraction", function, "ratios clip_eps")
    assert answers.failed == ["both sides"] and hint in answers["both sides"].text
    require_reproducible(answers["both sides"])


@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (lambda v, r: 1 - np.var(r - v) / np.var(r), "numpy"),
        (lambda v, r: 1 - (r - v).var() / r.var(), "torch"),
        (lambda v, r: float(1 - torch.var_mean(v - r)[0] / (r - r.mean()).square().sum() * 2), "torch"),
    ],
)
def test_what_the_critic_foresaw_in_any_style(function, arrays):
    assert Answers("explained_variance", function, "values returns", arrays=arrays).passed == ["scale"]


@pytest.mark.parametrize(
    "function",
    [
        lambda v, r: np.var(r - v) / np.var(r),
        lambda v, r: 1 - np.var(r - v, ddof=1) / np.var(r),
        lambda v, r: 1 - np.var(r - v) / np.var(v),
        lambda v, r: np.corrcoef(v, r)[0, 1] ** 2,
        lambda v, r: 1 - np.std(r - v) / np.std(r),
    ],
)
def test_what_is_no_explained_variance(function):
    answers = Answers("explained_variance", function, "values returns", arrays="numpy")
    assert answers.failed == ["scale"]
    require_reproducible(answers["scale"])


def test_r_squared_is_a_convention():
    answers = Answers(
        "explained_variance", lambda v, r: 1 - ((r - v) ** 2).mean() / r.var(), "values returns", arrays="numpy"
    )
    assert answers.failed == [] and answers.different["scale"].startswith("It is R squared")


def test_every_fact_is_failed_by_some_function_here():
    assert names_of("clip_fraction") == {"both sides"} and names_of("explained_variance") == {"scale"}
