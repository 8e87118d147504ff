"""Exercises of lesson 06: log-probabilities and entropy, importance ratios, and how far the policy has moved."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical

from ppo_lessons.actor_critic import log_probs_and_entropy
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, alike, call_with
from ppo_lessons.losses import approx_kl, importance_ratios


def _lookup_probe(logits: Tensor, actions: Tensor) -> Probe:
    """Look at both results by name, at the gradient of each, and at changes in place."""

    def probe(function: Callable[..., Any]) -> Outcome:
        own_logits, own_actions = logits.clone().requires_grad_(), actions.clone()
        result = function(own_logits, own_actions)
        if not (isinstance(result, tuple) and len(result) == 2):
            return {"result": copy.copy(result)}
        outcome: Outcome = dict(zip(("log_probs", "entropy"), result, strict=True))
        for name, part in list(outcome.items()):
            outcome[f"gradient of {name}"] = _gradient(part, own_logits)
        if not alike(own_logits, logits) or not alike(own_actions, actions):
            outcome["the arguments after the call"] = (own_logits, own_actions)
        return outcome

    probe.inputs = (logits, actions)  # type: ignore[attr-defined]
    return probe


def _gradient(result: Any, argument: Tensor) -> Any:
    if not isinstance(result, Tensor) or not result.requires_grad:
        return "none: the result is cut off from the logits"
    return torch.autograd.grad(result.sum(), argument, retain_graph=True)[0]


def _random_lookup(seed: int, rows: int, actions: int, scale: float = 1.0) -> Probe:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(rows, actions, generator=generator)
    return _lookup_probe(logits, torch.randint(actions, (rows,), generator=generator))


def _look_up(all_log_probs: Tensor, actions: Tensor) -> Tensor:
    return all_log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def _entropies(all_log_probs: Tensor) -> Tensor:
    return -(all_log_probs.exp() * all_log_probs).sum(dim=-1)


def _logs(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, dim=-1)


def _right_log_probs(logits: Tensor, actions: Tensor) -> Tensor:
    return _look_up(_logs(logits), actions)


def _with_distribution(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The right look-up in a wrong distribution."""

    def wrong(logits: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        all_log_probs = change(logits)
        return _look_up(all_log_probs, actions), _entropies(all_log_probs)

    return wrong


def _with_entropy(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The right log-probabilities, and a wrong entropy worked out from all of them."""
    return lambda logits, actions: (_right_log_probs(logits, actions), change(_logs(logits)))


def _with_log_probs(look_up: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The right entropy, and log-probabilities looked up wrongly."""
    return lambda logits, actions: (look_up(_logs(logits), actions), _entropies(_logs(logits)))


def _as_probabilities(logits: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    distribution = Categorical(logits)  # the first argument of Categorical is probs
    return distribution.log_prob(actions), distribution.entropy()


log_probs_and_entropy_exercise = Exercise(
    number="6.1",
    function=log_probs_and_entropy,
    difficulty=2,
    minutes=6,
    probes=(
        # e^z is 1, 2, 3 and 3, 1, 4, so the probabilities are sixths and eighths; no taken action is the likeliest.
        _lookup_probe(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 4.0]]).log(), torch.tensor([1, 0])),
        _random_lookup(1, 4, 5),
        _random_lookup(2, 5, 5),
        _random_lookup(3, 1, 5),
        _random_lookup(4, 6, 3, scale=4.0),
        _lookup_probe(torch.tensor([[0.0, 200.0, 0.0], [0.0, 1.0, 2.0]]), torch.tensor([0, 1])),
    ),
    mistakes=(
        Mistake(
            name="probabilities instead of their logarithms",
            wrong=_with_log_probs(lambda all_log_probs, actions: _look_up(all_log_probs, actions).exp()),
            advice="A log-probability is never above 0. Are yours?",
        ),
        Mistake(
            name="softmax applied twice (probabilities handed over as logits)",
            wrong=_with_distribution(lambda logits: _logs(torch.softmax(logits, dim=-1))),
            advice="The second softmax flattens everything. Which of your two calls can go?",
        ),
        Mistake(
            name="logits handed to Categorical as probabilities (its first argument is probs)",
            wrong=_as_probabilities,
            advice="The actor's outputs are logits and may be negative. Categorical takes them under their name.",
        ),
        Mistake(
            name="softmax and then log",
            wrong=_with_distribution(lambda logits: torch.softmax(logits, dim=-1).log()),
            advice="Right on paper. With logits 0 and 200 the small probability becomes 0, its logarithm -inf and the "
            "entropy NaN. One torch function does both steps at once.",
        ),
        Mistake(
            name="logits that were never normalised (no softmax)",
            wrong=_with_distribution(lambda logits: logits),
            advice="Add 1 to every logit: the policy is the same. Do your numbers stay the same?",
        ),
        Mistake(
            name="logarithms to base 2",
            wrong=_with_distribution(lambda logits: _logs(logits) / torch.log(torch.tensor(2.0))),
            advice="These are bits. We count in nats, or exp() of the difference would not be the ratio.",
        ),
        Mistake(
            name="a softmax down the rows instead of over the actions",
            wrong=_with_distribution(lambda logits: torch.log_softmax(logits, dim=0)),
            advice="In which direction must the probabilities sum to 1? That axis is the last one.",
        ),
        Mistake(
            name="a softmax over the whole table",
            wrong=_with_distribution(lambda logits: _logs(logits.flatten()).reshape(logits.shape)),
            advice="Every row is a distribution of its own and sums to 1 by itself.",
        ),
        Mistake(
            name="the likeliest action instead of the stored one",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs.max(dim=-1).values),
            advice="We ask about what was done, not about what the policy would like best. You did not use `actions`.",
        ),
        Mistake(
            name="log-probabilities of shape (B, 1)",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs.gather(-1, actions.unsqueeze(-1))),
            advice="One axis is left over from gather. Minus old_log_probs (B,) it would silently become (B, B).",
        ),
        Mistake(
            name="actions of shape (B, 1) given to Categorical, which silently makes (B, B)",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs[:, actions].T),
            advice="Categorical's log_prob wants one action for each row, shape (B,).",
        ),
        Mistake(
            name="every row's action looked up in every row ([:, actions])",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs[:, actions]),
            advice="The result is (B, B). Row i needs only its own action: gather, or an index for the rows as well.",
        ),
        Mistake(
            name="log-probabilities of all actions, (B, N)",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs),
            advice="Pick the one number in each row that belongs to the action that was taken.",
        ),
        Mistake(
            name="entropy with the wrong sign",
            wrong=_with_entropy(lambda all_log_probs: -_entropies(all_log_probs)),
            advice="Entropy is never negative: logarithms of probabilities are, so a minus stands in front.",
        ),
        Mistake(
            name="entropy summed over the mini-batch",
            wrong=_with_entropy(lambda all_log_probs: _entropies(all_log_probs).sum()),
            advice="Asked for is one entropy for each row, (B,). Sum over the actions only.",
        ),
        Mistake(
            name="entropy averaged over the mini-batch",
            wrong=_with_entropy(lambda all_log_probs: _entropies(all_log_probs).mean()),
            advice="Asked for is one entropy for each row, (B,). The mean is taken later, by entropy_bonus.",
        ),
        Mistake(
            name="entropy averaged over the actions",
            wrong=_with_entropy(lambda all_log_probs: -(all_log_probs.exp() * all_log_probs).mean(dim=-1)),
            advice="The weights p sum to 1 already, so -p ln p is summed over the actions. Uniform has to give ln N.",
        ),
        Mistake(
            name="entropy of the taken action only (-log p of one action)",
            wrong=lambda logits, actions: (_right_log_probs(logits, actions), -_right_log_probs(logits, actions)),
            advice="That is the surprise at one action. Entropy is the mean surprise over all actions.",
        ),
        Mistake(
            name="entropy without the weights p",
            wrong=_with_entropy(lambda all_log_probs: -all_log_probs.sum(dim=-1)),
            advice="In the mean of -ln p over the actions each one counts with its probability.",
        ),
        Mistake(
            name="the two results in the wrong order",
            wrong=lambda logits, actions: (_entropies(_logs(logits)), _right_log_probs(logits, actions)),
            advice="The name of the function says the order: log_probs, then entropy.",
        ),
        Mistake(
            name="log-probabilities without the entropy",
            wrong=_right_log_probs,
            advice="Two results are asked for: return log_probs, entropy.",
        ),
        Mistake(
            name="the right numbers without their graph (detached)",
            wrong=lambda logits, actions: (
                _right_log_probs(logits, actions).detach(),
                _entropies(_logs(logits)).detach(),
            ),
            advice="These are the *new* log-probabilities: through them the loss reaches the network. No detach().",
        ),
    ),
    hints=(
        "The network's five numbers are not probabilities yet. What makes them some, and which one do you need?",
        "log pi(a|s) = z_a - ln sum_b e^(z_b), which torch calls log_softmax; entropy = -sum_b p_b ln p_b, per row.",
        "distribution = torch.distributions.Categorical(logits=logits); "
        "return distribution.log_prob(actions), distribution.entropy()",
    ),
)


# Lesson 06's table: probability of the taken action then and now. Rows that rise and fall by different amounts.
_THEN = torch.tensor([0.50, 0.25, 0.10, 0.80, 0.50, 0.20]).log()
_NOW = torch.tensor([0.60, 0.20, 0.20, 0.60, 0.50, 0.30]).log()


def _ratio_probe(seed: int, rows: int, spread: float) -> Probe:
    generator = torch.Generator().manual_seed(seed)
    old = -2 * torch.rand(rows, generator=generator) - 0.05
    return call_with(old + spread * torch.randn(rows, generator=generator), old, gradients=(0,))


def _in_place(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    new_log_probs -= old_log_probs
    return new_log_probs.exp()


importance_ratios_exercise = Exercise(
    number="6.2",
    function=importance_ratios,
    difficulty=1,
    minutes=3,
    probes=(
        call_with(_NOW[:3], _THEN[:3]),
        call_with(_NOW, _THEN, gradients=(0,)),
        _ratio_probe(1, 4, 0.0),
        _ratio_probe(2, 1, 0.5),
        _ratio_probe(3, 7, 1.0),
    ),
    mistakes=(
        Mistake(
            name="the difference of the log-probabilities, without exp",
            wrong=lambda new, old: new - old,
            advice="Before the first step this gives 0. How much likelier is an action that has not changed?",
        ),
        Mistake(
            name="the quotient of the log-probabilities",
            wrong=lambda new, old: new / old,
            advice="The ratio is of the probabilities. What does dividing become when you work with logarithms?",
        ),
        Mistake(
            name="old minus new: how much likelier it was then",
            wrong=lambda new, old: torch.exp(old - new),
            advice="Row 1 went from 0.5 to 0.6. Its ratio should be above 1.",
        ),
        Mistake(
            name="exp of the sum: the product of the probabilities",
            wrong=lambda new, old: torch.exp(new + old),
            advice="Adding logarithms multiplies. Which operation divides?",
        ),
        Mistake(
            name="the difference of the probabilities",
            wrong=lambda new, old: new.exp() - old.exp(),
            advice="From 0.1 to 0.2 is twice as likely, not 0.1 as likely. Divide.",
        ),
        Mistake(
            name="exp of the difference of the probabilities",
            wrong=lambda new, old: torch.exp(new.exp() - old.exp()),
            advice="You took exp once too often: the exponent is a difference of log-probabilities.",
        ),
        Mistake(
            name="1 plus the difference, which is right only near 1",
            wrong=lambda new, old: 1 + new - old,
            advice="Good for small changes. Try a row that went from 0.1 to 0.2: the ratio is 2.",
        ),
        Mistake(
            name="powers of 2 instead of powers of e",
            wrong=lambda new, old: torch.exp2(new - old),
            advice="The log-probabilities are natural logarithms, in nats. Undo them with exp.",
        ),
        Mistake(
            name="the right number without its graph (new_log_probs detached)",
            wrong=lambda new, old: torch.exp(new.detach() - old),
            advice="The loss reaches the network through new_log_probs. Only the *old* ones are without a graph.",
        ),
        Mistake(
            name="ratios that are clipped already",
            wrong=lambda new, old: torch.exp(new - old).clamp(0.8, 1.2),
            advice="Clipping is the next box of the flowchart, and it needs the ratio as it is too.",
        ),
        Mistake(
            name="the mean of the ratios",
            wrong=lambda new, old: torch.exp(new - old).mean(),
            advice="One ratio for each row is asked for: it will meet that row's advantage.",
        ),
        Mistake(
            name="every row against every row, (B, B)",
            wrong=lambda new, old: torch.exp(new.unsqueeze(1) - old),
            advice="One of the two had shape (B, 1). Both are (B,), and so is the result.",
        ),
        Mistake(
            name="the size of the change only (abs)",
            wrong=lambda new, old: torch.exp((new - old).abs()),
            advice="An action that became less likely has a ratio below 1.",
        ),
        Mistake(
            name="changing new_log_probs in place",
            wrong=_in_place,
            advice="The numbers are right, but your function overwrote its input (-= or a method ending in _).",
        ),
    ),
    hints=(
        "Row 3 went from 0.1 to 0.2. What should come out, and how do you get it from ln 0.2 and ln 0.1?",
        "pi_new / pi_old = exp(ln pi_new - ln pi_old)",
        "return torch.exp(new_log_probs - old_log_probs)",
    ),
)


def _k3(log_ratios: Tensor) -> Tensor:
    return log_ratios.exp() - 1 - log_ratios


def _quiet(function: Callable[[Tensor], Any]) -> Callable[[Tensor, Tensor], Any]:
    """A function of the log-ratios, without a graph as the package's."""

    def wrong(new: Tensor, old: Tensor) -> Any:
        with torch.no_grad():
            return function(new - old)

    return wrong


def _weighted_with_old(new: Tensor, old: Tensor) -> Tensor:
    with torch.no_grad():
        return (old.exp() * (old - new)).mean()


approx_kl_exercise = Exercise(
    number="6.3",
    function=approx_kl,
    difficulty=2,
    minutes=5,
    probes=(
        call_with(_NOW[:3], _THEN[:3], gradients=(0,)),
        call_with(_NOW, _THEN, gradients=(0,)),
        call_with(_THEN, _THEN),
        _ratio_probe(4, 1, 0.5),
        _ratio_probe(5, 8, 1.0),
        call_with(_THEN + 0.3, _THEN),
        call_with(_THEN - 0.3, _THEN),
    ),
    mistakes=(
        Mistake(
            name="k1, the mean of old minus new",
            wrong=_quiet(lambda log_ratios: (-log_ratios).mean()),
            advice="Right on average over many samples, but on the table it is below 0; no KL is. What does k3 add?",
        ),
        Mistake(
            name="k1 with the other sign, the mean of new minus old",
            wrong=_quiet(lambda log_ratios: log_ratios.mean()),
            advice="This is minus an estimate of the KL, on average. And k3 has two terms more.",
        ),
        Mistake(
            name="k1 cut off at 0",
            wrong=_quiet(lambda log_ratios: (-log_ratios).mean().clamp(min=0)),
            advice="Cutting off hides the negative estimates and makes it too large on average. k3 needs no cutting.",
        ),
        Mistake(
            name="the size of k1 (abs)",
            wrong=_quiet(lambda log_ratios: log_ratios.mean().abs()),
            advice="Rows that rise and rows that fall would cancel, however far both went.",
        ),
        Mistake(
            name="k2, half the mean square of the log-ratios",
            wrong=_quiet(lambda log_ratios: 0.5 * log_ratios.square().mean()),
            advice="Close for small changes, and never negative, but not right on average. k3 is.",
        ),
        Mistake(
            name="only r - 1",
            wrong=_quiet(lambda log_ratios: (log_ratios.exp() - 1).mean()),
            advice="On average over the old policy's actions this is 0, however far the policy went. What is missing?",
        ),
        Mistake(
            name="r - ln r, without the - 1",
            wrong=_quiet(lambda log_ratios: (log_ratios.exp() - log_ratios).mean()),
            advice="With no change at all this gives 1. The distance of a policy to itself is 0.",
        ),
        Mistake(
            name="(r - 1) + ln r",
            wrong=_quiet(lambda log_ratios: (log_ratios.exp() - 1 + log_ratios).mean()),
            advice="With this sign every row that falls counts below 0. ln r is taken away.",
        ),
        Mistake(
            name="the other direction: old and new have changed places",
            wrong=_quiet(lambda log_ratios: _k3(-log_ratios).mean()),
            advice="Our rows were drawn from the old policy, so r is new over old, as in importance_ratios.",
        ),
        Mistake(
            name="the sum instead of the mean",
            wrong=_quiet(lambda log_ratios: _k3(log_ratios).sum()),
            advice="Twice as many rows would give twice the distance.",
        ),
        Mistake(
            name="one number for each row",
            wrong=_quiet(_k3),
            advice="Asked for is one number for the mini-batch: the mean.",
        ),
        Mistake(
            name="the right number with a minus sign",
            wrong=_quiet(lambda log_ratios: -_k3(log_ratios).mean()),
            advice="It is a distance to be watched, not a loss to be turned round.",
        ),
        Mistake(
            name="the root mean square of the log-ratios",
            wrong=_quiet(lambda log_ratios: log_ratios.square().mean().sqrt()),
            advice="A sensible length, but not in nats of KL. The formula has r - 1 and ln r.",
        ),
        Mistake(
            name="p ln(p / q) of the taken actions only",
            wrong=_weighted_with_old,
            advice="The rows were drawn with probability p: their mean weighs them with p already. You do it twice.",
        ),
        Mistake(
            name="the right number with a graph",
            wrong=lambda new, old: _k3(new - old).mean(),
            advice="It is only watched, never minimised here. Keep it out of the graph: torch.no_grad or detach().",
        ),
        Mistake(
            name="a plain number instead of a tensor (item or float)",
            wrong=lambda new, old: _k3(new - old).mean().item(),
            advice="The update stacks all its diagnostics into one tensor. Leave it a tensor, without a graph.",
        ),
    ),
    hints=(
        "Which of the terms for a row can be negative: r - 1? -ln r? Their sum?",
        "k3 = mean((r - 1) - ln r), with ln r = new - old, and no graph.",
        "log_ratios = (new_log_probs - old_log_probs).detach(); return (log_ratios.exp() - 1 - log_ratios).mean()",
    ),
)

EXERCISES = (log_probs_and_entropy_exercise, importance_ratios_exercise, approx_kl_exercise)
