"""The losses: right in any style, and what each mistake is told."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ppo_lessons.doctor.facts.losses import ON_TABLE, RETURNS, TABLE, VALUES
from tests.doctor.asking import Answers, names_of, require_reproducible

ACTOR = "ratios advantages clip_eps"


def surrogate(r, a, eps):
    return -torch.min(r * a, r.clamp(1 - eps, 1 + eps) * a).mean()


def of_two_maxima(new, old, a, eps):
    """As in Baselines: the larger of two losses."""
    r = torch.exp(new - old)
    return torch.max(-a * r, -a * torch.clamp(r, 1 - eps, 1 + eps)).mean()


def by_cases(r, a, eps):
    """As Spinning Up's notes have it: g(eps, A) = (1 + eps) A or (1 - eps) A."""
    return -torch.min(r * a, torch.where(a >= 0, (1 + eps) * a, (1 - eps) * a)).mean()


def in_a_loop(r, a, eps):
    return sum(-min(x * y, min(max(x, 1 - eps), 1 + eps) * y) for x, y in zip(r, a, strict=True)) / len(r)


def with_two_clips(r, a, eps):
    """Ye et al. (2020): a row with a bad advantage counts at most three times."""
    one = torch.min(r * a, r.clamp(1 - eps, 1 + eps) * a)
    return -torch.where(a < 0, torch.max(one, 3 * a), one).mean()


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (of_two_maxima, "new_log_probs old_log_probs advantages clip_eps", {}),
        (by_cases, ACTOR, {}),
        (in_a_loop, ACTOR, {}),
        (with_two_clips, ACTOR, {}),
        (lambda r, a, eps: surrogate(r, a, eps)[None].sum(), ACTOR, {"rows": "B 1"}),
        (lambda eps, a, log_r: surrogate(log_r.exp(), a, eps), "clip_eps advantages log_ratios", {}),
    ],
)
def test_the_actor_in_any_style(function, said, options):
    answers = Answers("actor_loss", function, said, **options)
    assert answers.failed == [] and set(answers.passed) == names_of("actor_loss")


def test_the_actor_in_numpy_is_asked_for_its_value_alone():
    def in_numpy(r, a, eps):
        return -np.minimum(r * a, np.clip(r, 1 - eps, 1 + eps) * a).mean()

    answers = Answers("actor_loss", in_numpy, ACTOR, arrays="numpy")
    assert answers.passed == ["value", "without a clip"]
    assert set(answers.unfit.values()) == {"It is handed arrays of numpy, which have no gradient."}


@pytest.mark.parametrize(
    ("function", "failed", "hint"),
    [
        (lambda r, a, e: -surrogate(r, a, e), "six cases", "The sign is turned: what was good becomes rarer."),
        (lambda r, a, e: -torch.max(r * a, r.clamp(1 - e, 1 + e) * a).mean(), "six cases", "must be pushed back"),
        (lambda r, a, e: -(r.clamp(1 - e, 1 + e) * a).mean(), "six cases", "must be pushed back"),
        (lambda r, a, e: -(r * a).mean(), "six cases", "It went far enough the way its advantage asked for."),
        (lambda r, a, e: -torch.min(r * a, r.clamp(max=1 + e) * a).mean(), "six cases", "It went far enough"),
        (torch.no_grad()(surrogate), "six cases", "No gradient at all: was it reckoned without a graph?"),
        (lambda r, a, e: surrogate(r.detach(), a, e), "first gradient", "old log-probabilities made of the new"),
        (lambda r, a, e: -torch.max(r * a, r.clamp(1 - e, 1 + e) * a).mean(), "value", "max for min"),
        (lambda r, a, e: -(r.clamp(1 - e, 1 + e) * a).mean(), "value", "the clipped term alone"),
        (lambda r, a, e: -(r * a).mean(), "value", "no clip"),
        (lambda r, a, e: -torch.min(r * a, (r * a).clamp(1 - e, 1 + e)).mean(), "value", "the product is clamped"),
        (lambda r, a, e: -surrogate(r, a, e), "value", "the sign is turned"),
        (lambda r, a, e: -torch.min(r * a, r.log().clamp(-e, e).exp() * a).mean(), "value", "ln r is clamped"),
        (lambda r, a, e: -torch.min(r * a, r.clamp(1 / (1 + e), 1 + e) * a).mean(), "value", ""),
        (lambda r, a, e: surrogate(r[:, None], a, e), "value", "each ratio with each advantage, (B, 1) with (B,)"),
        (
            lambda r, a, e: -torch.min((r * a).mean(), (r.clamp(1 - e, 1 + e) * a).mean()),
            "value",
            "the smaller of two means",
        ),
        (lambda r, a, e: surrogate(r, a, 0.2), "without a clip", "clip_eps is taken, and has no effect."),
    ],
)
def test_a_wrong_actor(function, failed, hint):
    answers = Answers("actor_loss", function, ACTOR)
    assert failed in answers.failed and hint in answers[failed].text
    require_reproducible(answers[failed])


def test_conventions_of_the_actor():
    summed = Answers("actor_loss", lambda r, a, e: surrogate(r, a, e) * len(r), ACTOR)
    assert summed.failed == [] and summed.different["value"].startswith("It sums over the rows")
    for eps in (0.1, 0.15, 0.25):
        own = Answers("actor_loss", lambda r, a, e=eps: surrogate(r, a, e), "ratios advantages")
        assert own.failed == [] and own.different == {"value": f"Its own clip_eps is {eps}."}
    own = Answers("actor_loss", lambda r, a: surrogate(r, a, 0.2), "ratios advantages")
    assert own.failed == [] and own.unfit == {"without a clip": "It takes no clip_eps."}
    none = Answers("actor_loss", lambda r, a: -(r * a).mean(), "ratios advantages")
    assert none.failed == ["six cases", "value"]


def test_advantages_that_are_normalised_inside_are_no_mistake():
    def normalised(r, a, e, loss=surrogate):
        return loss(r, (a - a.mean()) / (a.std() + 1e-8), e)

    answers = Answers("actor_loss", normalised, ACTOR)
    assert answers.failed == [] and answers.different["value"].startswith("It normalises the advantages inside")
    wrong = Answers("actor_loss", lambda r, a, e: normalised(r, a, e, by_the_larger), ACTOR)
    assert wrong.failed == ["value"] and "not right for those, either" in wrong["value"].text


def by_the_larger(r, a, e):
    return -torch.max(r * a, r.clamp(1 - e, 1 + e) * a).mean()


def test_the_table_is_right():
    r, a = (column.numpy().astype(float) for column in TABLE)
    assert pytest.approx(-np.minimum(r * a, np.clip(r, 0.8, 1.2) * a).mean()) == ON_TABLE
    assert ((VALUES - RETURNS) ** 2).mean() == 2


CRITIC = "values returns"


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (functional.mse_loss, CRITIC, {}),
        (lambda returns, values: (returns - values).pow(2).mean(), "returns values", {"rows": "B 1"}),
        (lambda v, r: sum((x - y) ** 2 for x, y in zip(v, r, strict=True)) / len(v), CRITIC, {}),
        (lambda v, r: np.linalg.norm(v - r) ** 2 / len(v), CRITIC, {"arrays": "numpy"}),
    ],
)
def test_the_critic_in_any_style(function, said, options):
    answers = Answers("value_loss", function, said, **options)
    assert answers.failed == [] and answers.different == {} and "error" in answers.passed
    assert answers.unfit["clip"] == "It does not take value_clip and old_values."


@pytest.mark.parametrize(
    ("function", "options", "failed", "hint"),
    [
        (lambda v, r: (v - r).square().mean(), {"values": "B 1"}, "error", "Every value is compared with every return"),
        (lambda v, r: (v - r).square().mean() / 2, {"values": "B 1"}, "error", "Half of: every value against every"),
        (lambda v, r: (v - r).square().mean().sqrt(), {}, "error", ""),
        (lambda v, r: (v - r).abs().mean(), {}, "error", ""),
        (lambda v, r: (v.mean() - r.mean()) ** 2, {}, "error", ""),
        (lambda v, r: functional.mse_loss(v.detach(), r), {}, "gradient", "No gradient at all"),
        (lambda v, r: 2 * functional.mse_loss(v.detach(), r) - functional.mse_loss(v, r), {}, "gradient", ""),
    ],
)
def test_a_wrong_critic(function, options, failed, hint):
    answers = Answers("value_loss", function, CRITIC, **options)
    assert failed in answers.failed and hint in answers[failed].text
    require_reproducible(answers[failed])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda v, r: functional.mse_loss(v, r) / 2, "half of the mean squared error"),
        (lambda v, r: functional.mse_loss(v, r, reduction="sum"), "the sum over the rows"),
        (lambda v, r: functional.mse_loss(v, r, reduction="sum") / 2, "half of the sum"),
        (functional.smooth_l1_loss, "smooth L1 (Huber)"),
        (lambda v, r: functional.huber_loss(v, r, reduction="sum"), "the sum of smooth L1 (Huber)"),
        (lambda v, r: functional.huber_loss(v, r, delta=10.0), "half of the mean squared error"),
    ],
)
def test_conventions_of_the_critic(function, words):
    answers = Answers("value_loss", function, CRITIC)
    assert answers.failed == [] and words in answers.different["error"]


def clipped(choose, error=torch.square, weight=1.0):
    def loss(v, r, old, c):
        return weight * choose(error(v - r), error(old + (v - old).clamp(-c, c) - r)).mean()

    return loss


def huber(error):
    return functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=1.0)


CLIPPED = "values returns old_values value_clip"


@pytest.mark.parametrize(
    "function", [clipped(torch.max), clipped(torch.maximum, huber), clipped(torch.max, weight=0.5)]
)
def test_the_clip_of_the_critic_in_any_unit(function):
    answers = Answers("value_loss", function, CLIPPED)
    assert answers.failed == [] and "clip" in answers.passed


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (clipped(torch.min), "The smaller of the two counts."),
        (clipped(lambda far, near: near), "The clipped error alone counts."),
        (clipped(lambda far, near: far), "The clip has no effect."),
        (clipped(lambda far, near: torch.max(far.mean(), near.mean())), "the larger is a row's"),
        (lambda v, r, old, c: torch.max((v - r) ** 2, (v.clamp(-c, c) - r) ** 2).mean(), ""),
    ],
)
def test_a_wrong_clip_of_the_critic(function, hint):
    answers = Answers("value_loss", function, CLIPPED)
    assert answers.failed[-1] == "clip" and hint in answers["clip"].text
    require_reproducible(answers["clip"])


TOTAL = "actor_loss value_loss entropy vf_coef ent_coef"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda a, c, h, vf, ent: a + vf * c - ent * h, TOTAL),
        (lambda h, ent, a, c, vf: sum((a, vf * c, -ent * h)), "entropy ent_coef actor_loss value_loss vf_coef"),
        (lambda a, c, vf: a + vf * c, "actor_loss value_loss vf_coef"),
        (lambda a, c, h: a + 0.7 * c - 0.003 * h, "actor_loss value_loss entropy"),
        (lambda a, c, h, ent: float(a + c / 3 - ent * h), "actor_loss value_loss entropy ent_coef"),
    ],
)
def test_the_total_in_any_style(function, said):
    assert Answers("total_loss", function, said).passed == ["signs and weights"]


@pytest.mark.parametrize(
    ("function", "said", "hint"),
    [
        (lambda a, c, h, vf, ent: a + vf * c + ent * h, TOTAL, "paid for being certain. If yours is handed minus"),
        (lambda a, c, h: a + c + 0.01 * h, "actor_loss value_loss entropy", "paid for being certain"),
        (lambda a, c, h, vf, ent: a - vf * c - ent * h, TOTAL, ""),
        (lambda a, c, h, vf, ent: -a + vf * c - ent * h, TOTAL, ""),
        (lambda a, c, h, vf, ent: a + vf * (c - ent * h), TOTAL, ""),
        (lambda a, c, h, vf, ent: vf * (a + c) - ent * h, TOTAL, ""),
        (lambda a, c, h, vf, ent: a + ent * c - vf * h, TOTAL, ""),
        (lambda a, c, h: a - 0.5 * c - 0.01 * h, "actor_loss value_loss entropy", ""),
        (lambda a, c, h, vf, ent: a + vf * c, TOTAL, ""),
    ],
)
def test_a_wrong_total(function, said, hint):
    answers = Answers("total_loss", function, said)
    assert answers.failed == ["signs and weights"] and hint in answers["signs and weights"].text
    require_reproducible(answers["signs and weights"])


def test_a_half_before_the_weight_of_the_critic_is_a_convention():
    answers = Answers("total_loss", lambda a, c, h, vf, ent: a + vf * c / 2 - ent * h, TOTAL)
    assert answers.different == {"signs and weights": "There is a half inside, before vf_coef."}


def test_every_fact_is_failed_by_some_function_here():
    assert names_of("actor_loss") == {"six cases", "value", "without a clip", "first gradient"}
    assert names_of("value_loss") == {"error", "gradient", "clip"}
    assert names_of("total_loss") == {"signs and weights"}
