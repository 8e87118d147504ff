"""Log-probabilities, entropies, draws, ratios and distances: right in any style, and what each mistake is told."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical
from torch.nn import functional

from tests.doctor.asking import Answers, names_of, require_reproducible

LOGITS = "logits actions"


def rows(actions):
    return torch.arange(len(actions))


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda logits, actions: Categorical(logits=logits).log_prob(actions), LOGITS, {}),
        (lambda logits, actions: -functional.cross_entropy(logits, actions, reduction="none"), LOGITS, {}),
        (lambda logits, actions: logits[rows(actions), actions] - logits.logsumexp(dim=1), LOGITS, {}),
        (lambda logits, actions: torch.log_softmax(logits, -1).gather(1, actions), LOGITS, {"rows": "B 1"}),
        (
            lambda table, actions: table.gather(1, actions),
            "all_log_probs actions",
            {"actions": "B 1", "log_probs": "B 1"},
        ),
        (
            lambda z, a: np.array([row[k] - math.log(sum(map(math.exp, row))) for row, k in zip(z, a, strict=True)]),
            LOGITS,
            {"arrays": "numpy"},
        ),
    ],
)
def test_log_probabilities_in_any_style(function, said, options):
    answers = Answers("log_probs", function, said, **options)
    assert answers.failed == [] and "look-up" in answers.passed
    assert ("gradient" in answers.passed) != ("gradient" in answers.unfit)
    assert ("gradient" in answers.unfit) == ("arrays" in options)


@pytest.mark.parametrize(
    ("function", "failed", "hint"),
    [
        (lambda z, a: Categorical(logits=z.softmax(-1)).log_prob(a), "look-up", "softmax was taken twice."),
        (lambda z, a: z.softmax(-1)[rows(a), a], "look-up", "These are probabilities, not their logarithms."),
        (lambda z, a: z[rows(a), a], "look-up", ""),
        (lambda z, a: torch.log_softmax(z, 0)[rows(a), a], "look-up", ""),
        (lambda z, a: torch.log_softmax(z, -1).max(-1).values, "look-up", ""),
        (lambda z, a: torch.take(torch.log_softmax(z, -1), a), "look-up", ""),
        (lambda z, a: torch.log10(z.softmax(-1))[rows(a), a], "look-up", ""),
        (lambda z, a: (lambda policy: policy.log_prob(policy.sample()))(Categorical(logits=z)), "look-up", ""),
        (lambda z, a: Categorical(logits=z.detach()).log_prob(a), "gradient", "No gradient at all"),
        (torch.no_grad()(lambda z, a: Categorical(logits=z).log_prob(a)), "gradient", "No gradient at all"),
    ],
)
def test_wrong_log_probabilities(function, failed, hint):
    answers = Answers("log_probs", function, LOGITS)
    assert answers.failed[0] == failed and hint in answers[failed].text
    require_reproducible(answers[failed])


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda z: Categorical(logits=z).entropy(), ("logits",), {}),
        (lambda z: Categorical(logits=z).entropy().mean(), ("logits", "entropy"), {}),
        (lambda p: -torch.xlogy(p, p).sum(-1, keepdim=True), ("probs",), {"entropies": "B 1"}),
        (lambda logs: -(logs.exp() * logs).sum(-1), ("all_log_probs",), {}),
        (lambda logs: -np.einsum("bk,bk->b", np.exp(logs), logs), ("all_log_probs",), {"arrays": "numpy"}),
    ],
)
def test_entropies_in_any_style(function, said, options):
    answers = Answers("entropy", function, *said, **options)
    assert answers.failed == [] and answers.different == {}
    assert {"values", "a certain policy"} <= set(answers.passed)


@pytest.mark.parametrize(
    ("function", "said", "failed", "hint"),
    [
        (lambda z: -Categorical(logits=z).entropy(), ("logits",), "values", "The sign is turned."),
        (lambda z: -Categorical(logits=z).entropy().mean(), ("logits", "entropy"), "values", "The sign is turned."),
        (lambda logs: -(logs.exp() * logs).sum(0), ("all_log_probs",), "values", ""),
        (lambda logs: -(logs.exp() * logs).mean(), ("all_log_probs", "entropy"), "values", ""),
        (lambda logs: -logs.mean(-1), ("all_log_probs",), "values", ""),
        (lambda p: -(p * p.log()).sum(-1), ("probs",), "a certain policy", ""),
        (lambda z: Categorical(logits=z.detach()).entropy(), ("logits",), "gradient", "it is shown, and has no effect"),
    ],
)
def test_wrong_entropies(function, said, failed, hint):
    answers = Answers("entropy", function, *said)
    assert answers.failed[0] == failed and hint in answers[failed].text
    require_reproducible(answers[failed])


def test_nan_is_what_a_certain_policy_gives_to_p_log_p():
    answers = Answers("entropy", lambda p: -(p * p.log()).sum(-1), "probs")
    assert (answers["a certain policy"].got, answers["a certain policy"].right) == ("entropy [nan]", "0")


@pytest.mark.parametrize(
    ("function", "gives", "words"),
    [
        (lambda z: Categorical(logits=z).entropy().sum(), "entropy", "summed over the rows"),
        (lambda z: Categorical(logits=z).entropy() / math.log(2), "entropies", "in bits: its weight means 0.69 times"),
        (lambda z: Categorical(logits=z).entropy() / math.log(3), "entropies", "a share of ln K"),
    ],
)
def test_conventions_of_the_entropy(function, gives, words):
    answers = Answers("entropy", function, "logits", gives)
    assert answers.failed == [] and words in answers.different["values"]


def inverted(z):
    """Draws by the running sums of the chances, in numpy."""
    chances = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    return (np.random.random((len(z), 1)) > chances.cumsum(-1)[:, :-1]).sum(-1)


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda z, g: torch.multinomial(z.softmax(-1), 1, generator=g)[:, 0], ("logits generator",), {}),
        (lambda z: torch.multinomial(z.softmax(-1), 1), ("logits",), {"actions": "B 1"}),
        (lambda z: (z - torch.empty_like(z).exponential_().log()).argmax(-1), ("logits",), {}),
        (lambda z: Categorical(logits=z).sample().float(), ("logits",), {}),
        (inverted, ("logits",), {"arrays": "numpy"}),
    ],
)
def test_draws_in_any_style(function, said, options):
    answers = Answers("sample", function, *said, **options)
    assert answers.passed == ["frequencies"]
    assert answers.unfit == {"log-probabilities": "It gives no log-probabilities."}


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (lambda z: z.argmax(-1), "It always takes the likeliest action"),
        (lambda z: Categorical(logits=z[0]).sample().expand(len(z)), "One draw for all rows"),
        (lambda z: Categorical(logits=z[:1].expand_as(z)).sample(), ""),
        (lambda z: Categorical(logits=z / 2).sample(), ""),
        (lambda z: Categorical(logits=z / 0.9).sample(), ""),
        (lambda z: Categorical(logits=z.softmax(-1)).sample(), ""),
        (lambda z: Categorical(logits=z).sample() + 1, ""),
        (
            lambda z: torch.where(
                torch.rand(len(z)) < 0.1, torch.randint(3, (len(z),)), Categorical(logits=z).sample()
            ),
            "",
        ),
    ],
)
def test_wrong_draws(function, hint):
    answers = Answers("sample", function, "logits")
    assert answers.failed == ["frequencies"] and hint in answers["frequencies"].text
    require_reproducible(answers["frequencies"])


def test_a_log_probability_is_that_of_its_own_action():
    def drawn(z, *, again):
        policy = Categorical(logits=z)
        actions = policy.sample()
        return actions, policy.log_prob(policy.sample() if again else actions)

    right = Answers("sample", lambda z: drawn(z, again=False), "logits", "actions log_probs")
    assert right.failed == [] and len(right.passed) == 2
    wrong = Answers("sample", lambda z: drawn(z, again=True), "logits", "actions log_probs")
    assert wrong.failed == ["log-probabilities"]


TWO = "new_log_probs old_log_probs"


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda new, old: (new - old).exp(), TWO, {}),
        (lambda new, old: new.exp() / old.exp(), TWO, {"rows": "B 1"}),
        (lambda old, new: torch.stack([math.e ** (b - a) for a, b in zip(old, new, strict=True)]),
         "old_log_probs new_log_probs", {}),
        (lambda new, old: [float(np.exp(b - a)) for b, a in zip(new, old, strict=True)], TWO, {"arrays": "numpy"}),
    ],
)  # fmt: skip
def test_ratios_in_any_style(function, said, options):
    answers = Answers("ratios", function, said, **options)
    assert answers.failed == [] and {"first ratio", "direction"} <= set(answers.passed)


@pytest.mark.parametrize(
    ("function", "failed", "hint"),
    [
        (lambda new, old: new - old, "first ratio", ""),
        (lambda new, old: (old - new).exp(), "direction", "It is upside down."),
        (lambda new, old: (new - new.detach()).exp(), "direction", "Both are taken from the same policy."),
        (lambda new, old: 1 + new - old, "direction", ""),
        (lambda new, old: (new - old).clamp(-0.2, 0.2).exp(), "direction", ""),
        (lambda new, old: (new.detach() - old).exp(), "gradient", "nothing is learned from these ratios"),
    ],
)
def test_wrong_ratios(function, failed, hint):
    answers = Answers("ratios", function, TWO)
    assert answers.failed[0] == failed and hint in answers[failed].text
    require_reproducible(answers[failed])


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (lambda new, old: ((new - old).exp() - 1 - (new - old)).mean(), TWO, {}),
        (lambda new, old: float(np.mean(np.expm1(new - old) - new + old)), TWO, {"arrays": "numpy"}),
        (lambda r, log_r: sum(float(a - 1 - b) for a, b in zip(r, log_r, strict=True)) / len(r), "ratios log_ratios",
         {}),
        (lambda log_r: torch.special.expm1(log_r).sub(log_r).mean(), "log_ratios", {"rows": "B 1"}),
    ],
)  # fmt: skip
def test_distances_in_any_style(function, said, options):
    answers = Answers("kl", function, said, **options)
    assert answers.failed == [] and len(answers.passed) == 3


@pytest.mark.parametrize(
    ("function", "failed", "hint"),
    [
        (lambda new, old: (new - old).exp().mean(), "the same policy", ""),
        (lambda new, old: (new - old).mean(), "the true distance", "The sign is turned."),
        (lambda new, old: (new - old).abs().mean(), "the true distance", ""),
        (lambda new, old: (new - old).square().mean(), "the true distance", ""),
        (lambda new, old: (torch.expm1(old - new) - old + new).mean(), "the true distance", "are exchanged"),
        (lambda new, old: (torch.expm1(new - old) - new + old).sum(), "the true distance", "It sums over the rows."),
        (lambda new, old: functional.kl_div(new, old, reduction="mean", log_target=True), "never negative", ""),
    ],
)
def test_wrong_distances(function, failed, hint):
    answers = Answers("kl", function, TWO)
    assert failed in answers.failed and hint in answers[failed].text
    require_reproducible(answers[failed])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda r, log_r: (r * log_r - r + 1).mean(), "KL(new || old), the other direction"),
        (lambda r, log_r: log_r.square().mean() / 2, "mean(ln r squared) / 2"),
    ],
)
def test_conventions_of_the_distance(function, words):
    answers = Answers("kl", function, "ratios log_ratios")
    assert answers.failed == [] and words in answers.different["the true distance"]


def test_an_estimate_that_is_right_on_average_is_a_convention():
    answers = Answers("kl", lambda new, old: (old - new).mean(), TWO)
    assert answers.failed == [] and "negative now and then" in answers.different["never negative"]


def test_the_distance_of_the_question_is_that_of_the_two_policies():
    """By hand: 0.5 ln(0.5 / 0.4) + 0.25 ln(0.25 / 0.4) + 0.25 ln(0.25 / 0.2)."""
    found = Answers("kl", lambda new, old: 1 + (new - old).mean() * 0, TWO)["the true distance"].right
    assert float(found) == pytest.approx(
        0.5 * math.log(1.25) + 0.25 * math.log(0.625) + 0.25 * math.log(1.25), abs=1e-5
    )


def test_every_fact_is_failed_by_some_function_here():
    assert names_of("log_probs") == {"look-up", "gradient"}
    assert names_of("entropy") == {"values", "a certain policy", "gradient"}
    assert names_of("sample") == {"frequencies", "log-probabilities"}
    assert names_of("ratios") == {"first ratio", "direction", "gradient"}
    assert names_of("kl") == {"the same policy", "never negative", "the true distance"}
