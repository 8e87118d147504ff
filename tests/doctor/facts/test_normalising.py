"""Normalised advantages: right in any style, and what each mistake is told."""

import numpy as np
import pytest
import torch

from tests.doctor.asking import Answers, names_of, require_reproducible


def as_it_was_if_alone(a):
    return (a - a.mean()) / (a.std() + 1e-8) if len(a) > 1 else a


def in_place(a):
    if len(a) > 1:
        a.sub_(a.mean()).div_(torch.sqrt(a.var() + 1e-8))
    return a


def in_numpy(a):
    return (a - a.mean()) / max(a.std(ddof=1) if len(a) > 1 else 0.0, 1e-4)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (as_it_was_if_alone, {}),
        (in_place, {"rows": "B 1"}),
        (in_numpy, {"arrays": "numpy"}),
        (in_numpy, {"arrays": "numpy", "rows": "T N"}),
        (lambda a: a.add(-a.mean()).mul(1 / (a.std(unbiased=len(a) > 1) + 1e-5)), {}),
    ],
)
def test_right_in_any_style(function, options):
    assert Answers("normalise", function, "advantages", **options).passed == [
        "mean and spread",
        "other units",
        "no spread",
    ]


def normalise(advantages, eps=1e-8):
    return (advantages - advantages.mean()) / (advantages.std() + eps)


def test_the_name_of_its_parameter_is_enough_and_eps_is_not_the_clips():
    answers = Answers("normalise", normalise)
    assert answers.failed == []
    assert answers.different == {
        "no spread": "One row alone gives NaN: it must never be handed a mini-batch of one row."
    }


def refuses(a):
    if len(a) < 2:
        raise ValueError("too few")
    return normalise(a)


def test_conventions():
    over_n = Answers("normalise", lambda a: (a - a.mean()) / (a.std(correction=0) + 1e-8), "advantages")
    assert over_n.failed == [] and "over n, not over n - 1" in over_n.different["mean and spread"]
    assert Answers("normalise", refuses, "advantages").different["no spread"].startswith("One row alone is refused")


@pytest.mark.parametrize(
    ("function", "failed", "hint"),
    [
        (lambda a: a, "mean and spread", "They come back as they were."),
        (lambda a: a / (a.std() + 1e-8), "mean and spread", "their mean is still there"),
        (lambda a: a - a.mean(), "mean and spread", "they are not scaled"),
        (lambda a: (a - a.mean()) / (a.var() + 1e-8), "mean and spread", ""),
        (lambda a: (a - a.median()) / (a.std() + 1e-8), "mean and spread", ""),
        (lambda a: (a - a.min()) / (np.ptp(a.numpy()) + 1e-8), "mean and spread", ""),
        (lambda a: (a - 3) / (a.std() + 1e-8), "other units", ""),
        (lambda a: (a - a.mean()) / (a.std() + 1), "other units", ""),
        (lambda a: (a - a.mean()) / a.std(), "no spread", ""),
    ],
)
def test_wrong(function, failed, hint):
    answers = Answers("normalise", function, "advantages")
    assert failed in answers.failed and hint in answers[failed].text
    require_reproducible(answers[failed])


def test_every_fact_is_failed_by_some_function_here():
    assert names_of("normalise") == {"mean and spread", "other units", "no spread"}
