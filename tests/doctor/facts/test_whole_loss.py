"""A loss in one block: right in any style, and a mistake anywhere inside is told by a gradient."""

import pytest
import torch
from torch.distributions import Categorical
from torch.nn import functional

from tests.doctor.asking import Answers, names_of, require_reproducible

ALL = "logits values actions old_log_probs advantages returns clip_eps vf_coef ent_coef"


def normalised(a):
    return (a - a.mean()) / (a.std() + 1e-8)


def surrogate(r, a, eps):
    return -torch.min(r * a, r.clamp(1 - eps, 1 + eps) * a).mean()


def looked_up(z, actions):
    return Categorical(logits=z).log_prob(actions)


def summed_up(actor, critic, entropy, vf, ent):
    return actor + vf * critic - ent * entropy


def whole(z, v, actions, old, a, returns, eps, vf, ent, *, units=normalised, log_probs=looked_up, actor=surrogate,
          critic=functional.mse_loss, total=summed_up):  # fmt: skip
    ratios = (log_probs(z, actions) - old).exp()
    return total(actor(ratios, units(a), eps), critic(v, returns), Categorical(logits=z).entropy().mean(), vf, ent)


def with_mistake(**mistake):
    return lambda *given: whole(*given, **mistake)


def in_a_loop(z, v, actions, old, a, returns, eps, vf, ent):
    """Row by row, from the softmax."""
    a, rows = (a - a.mean()) / a.std(correction=0), len(v)
    losses = []
    for b in range(rows):
        chances = torch.exp(z[b]) / torch.exp(z[b]).sum()
        ratio = chances[actions[b]] / torch.exp(old[b])
        near = 1 - eps if ratio < 1 - eps else 1 + eps if ratio > 1 + eps else ratio
        reward = torch.min(ratio * a[b], near * a[b])
        losses.append(-reward + vf * (v[b] - returns[b]) ** 2 / 2 + ent * (chances * chances.log()).sum())
    return torch.stack(losses).sum() / rows


def of_columns(z, v, actions, old, a, returns, eps, vf, ent):
    return whole(z, v[:, 0], actions[:, 0], old[:, 0], a[:, 0], returns[:, 0], eps, vf, ent)


def old_values_too(z, v, old_v, actions, old, a, returns, eps, c, vf, ent):
    near = old_v + (v - old_v).clamp(-c, c)
    critic = torch.max((v - returns) ** 2, (near - returns) ** 2).mean() / 2
    return whole(z, v, actions, old, a, returns, eps, vf, ent, critic=lambda v, returns: critic)


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (whole, ALL, {}),
        (in_a_loop, ALL, {}),
        (of_columns, ALL, {"rows": "B 1"}),
        (old_values_too, "logits values old_values actions old_log_probs advantages returns clip_eps value_clip "
         "vf_coef ent_coef", {}),
        (with_mistake(actor=lambda r, a, eps: surrogate(r, a, eps) * len(r)), ALL, {}),
    ],
    ids=["whole", "loop", "columns", "value clip", "summed actor"],
)  # fmt: skip
def test_right_in_any_style(function, said, options):
    answers = Answers("loss", function, said, **options)
    assert set(answers.passed) == names_of("loss"), {**answers.different, **answers.unfit}


def test_weights_of_its_own_are_no_mistake():
    """An entropy and a critic that cannot be switched off stand in the way of no fact but one."""
    said = "logits values actions old_log_probs advantages returns"
    answers = Answers("loss", lambda *given: whole(*given, 0.1, 0.5, 0.01), said)
    assert answers.failed == [] and answers.different == {}
    assert answers.unfit == {"actor and critic": "It takes no vf_coef: the critic's loss is always in it."}
    without = Answers("loss", lambda *given: whole(*given, 0.2, 0.5, 0.0), said)
    assert without.failed == [] and without.unfit["entropy"] == "It takes no ent_coef, and has no entropy inside."
    turned = Answers("loss", lambda *given: whole(*given, 0.2, 0.5, -0.01), said)
    assert turned.failed == ["entropy"]
    larger = Answers("loss", lambda *given: whole(*given, 0.2, 0.5, 0.01, actor=by_the_larger), said)
    assert "six cases" in larger.failed


def by_the_larger(r, a, e):
    return -torch.max(r * a, r.clamp(1 - e, 1 + e) * a).mean()


WRONG = {
    "the sign": (with_mistake(actor=lambda r, a, e: -surrogate(r, a, e)), "first gradient", "the other way"),
    "softmax twice": (with_mistake(log_probs=lambda z, a: looked_up(z.softmax(-1), a)), "first gradient", ""),
    "actions drawn anew": (
        with_mistake(log_probs=lambda z, a: looked_up(z, Categorical(logits=z).sample())),
        "first gradient",
        "",
    ),
    "no graph": (with_mistake(log_probs=lambda z, a: looked_up(z.detach(), a)), "first gradient", "No gradient"),
    "an entropy that is always there": (
        with_mistake(total=lambda a, c, h, vf, ent: a + vf * c - 0.01 * h),
        "first gradient",
        "",
    ),
    "advantages over their square": (with_mistake(units=lambda a: a.sign()), "first gradient", ""),
    "max for min": (with_mistake(actor=by_the_larger), "six cases", ""),
    "the clip alone": (with_mistake(actor=lambda r, a, e: -(r.clamp(1 - e, 1 + e) * a).mean()), "six cases", ""),
    "no clip": (with_mistake(actor=lambda r, a, e: -(r * a).mean()), "six cases", ""),
    "a clip of ln r": (
        with_mistake(actor=lambda r, a, e: -torch.min(r * a, r.log().clamp(-e, e).exp() * a).mean()),
        "six cases",
        "",
    ),
    "a clip of its own": (with_mistake(actor=lambda r, a, e: surrogate(r, a, 0.2)), "six cases", "has no effect"),
    "ln r for r": (with_mistake(actor=lambda r, a, e: -(r.log() * a).mean()), "six cases", ""),
    "every return": (
        with_mistake(critic=lambda v, returns: (v[:, None] - returns).square().mean()),
        "critic",
        "(B, 1) against (B,)",
    ),
    "a critic without a graph": (
        with_mistake(critic=lambda v, returns: functional.mse_loss(v.detach(), returns)),
        "critic",
        "No gradient reaches the values.",
    ),
    "vf_coef squared": (with_mistake(total=lambda a, c, h, vf, ent: a + vf**2 * c - ent * h), "critic", ""),
    "the critic is climbed": (with_mistake(total=lambda a, c, h, vf, ent: a - vf * c - ent * h), "critic", ""),
    "vf_coef unused": (
        with_mistake(total=lambda a, c, h, vf, ent: a + 0.5 * c - ent * h),
        "actor and critic",
        "vf_coef is taken, and has no effect.",
    ),
    "entropy with a plus": (
        with_mistake(total=lambda a, c, h, vf, ent: a + vf * c + ent * h),
        "entropy",
        "paid for being certain",
    ),
    "no entropy": (with_mistake(total=lambda a, c, h, vf, ent: a + vf * c), "entropy", "No gradient comes"),
    "the entropy within the critic's brackets": (
        with_mistake(total=lambda a, c, h, vf, ent: a + vf * (c - ent * h)),
        "entropy",
        "",
    ),
}


@pytest.mark.parametrize(("function", "failed", "hint"), WRONG.values(), ids=WRONG)
def test_wrong(function, failed, hint):
    answers = Answers("loss", function, ALL)
    assert failed in answers.failed and hint in answers[failed].text
    require_reproducible(answers[failed])
    if failed != "actor and critic":
        assert answers.failed[0] == failed


def test_advantages_made_of_values_pull_at_the_critic():
    def of_values(z, v, actions, old, returns, eps, vf, ent):
        return whole(z, v, actions, old, returns - v, returns, eps, vf, ent)

    answers = Answers("loss", of_values, "logits values actions old_log_probs returns clip_eps vf_coef ent_coef")
    assert "actor and critic" in answers.failed


def test_a_critic_that_moves_the_actor():
    def tied(z, v, actions, old, a, returns, eps, vf, ent):
        return whole(z, v, actions, old, a, returns, eps, vf, ent) + vf * z.square().mean()

    answers = Answers("loss", tied, ALL)
    assert answers.failed == ["critic"] and answers["critic"].got == "the critic's error moves the logits"


@pytest.mark.parametrize(
    ("function", "fact", "words"),
    [
        (with_mistake(units=lambda a: a), "units of the advantages", "not normalised inside"),
        (with_mistake(units=lambda a: a / a.std()), "units of the advantages", "their mean is not taken away"),
        (with_mistake(critic=functional.smooth_l1_loss), "critic", "Far errors pull less"),
    ],
)
def test_conventions(function, fact, words):
    answers = Answers("loss", function, ALL)
    assert answers.failed == [] and list(answers.different) == [fact] and words in answers.different[fact]


def test_numpy_has_no_gradient_to_ask():
    answers = Answers("loss", lambda *given: 0.0, ALL, arrays="numpy")
    assert set(answers.unfit) == names_of("loss")


def test_every_fact_is_failed_by_some_function_here():
    """Units are a convention, whatever they are."""
    assert {fact for _, fact, _ in WRONG.values()} == names_of("loss") - {"units of the advantages"}
