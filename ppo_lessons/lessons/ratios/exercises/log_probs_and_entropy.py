"""Log-probabilities of the taken actions, and the entropy."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical

from ppo_lessons.actor_critic import log_probs_and_entropy
from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe

Answer = tuple[Tensor, Tensor]


def _lookup_probe(logits: Tensor, actions: Tensor) -> Probe:
    """Look at both results by name, at the gradient of each, and at changes in place."""

    def look(function: Callable[..., Any], own: tuple[Tensor, Tensor]) -> Outcome:
        result = function(*own)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            return {"result": result}
        outcome: Outcome = dict(zip(("log_probs", "entropy"), result, strict=True))
        outcome |= {f"gradient of {name}": _gradient(part, own[0]) for name, part in outcome.items()}
        return outcome if alike(own, (logits, actions)) else outcome | {"the arguments after the call": own}

    return Probe(make=lambda: (logits.clone().requires_grad_(), actions.clone()), look=look)


def _gradient(result: Any, argument: Tensor) -> Any:
    if not isinstance(result, Tensor) or not result.requires_grad:
        return "none: the result is cut off from the logits"
    return torch.autograd.grad(result.sum(), argument, retain_graph=True)[0]


def _random_lookup(seed: int, rows: int, actions: int, scale: float = 1.0) -> Probe:
    draw = generator(seed)
    logits = scale * torch.randn(rows, actions, generator=draw)
    return _lookup_probe(logits, torch.randint(actions, (rows,), generator=draw))


def _look_up(all_log_probs: Tensor, actions: Tensor) -> Tensor:
    return all_log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def _entropies(all_log_probs: Tensor) -> Tensor:
    return -(all_log_probs.exp() * all_log_probs).sum(dim=-1)


def _with_distribution(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Answer]:
    """The right look-up in a wrong distribution."""
    return lambda logits, actions: (_look_up(change(logits), actions), _entropies(change(logits)))


def _with_entropy(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Answer]:
    """The right log-probabilities, and a wrong entropy worked out from all of them."""
    return lambda logits, actions: (log_probs_and_entropy(logits, actions)[0], change(logits.log_softmax(dim=-1)))


def _with_log_probs(look_up: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Answer]:
    """The right entropy, and log-probabilities looked up wrongly."""
    return lambda logits, actions: (
        look_up(logits.log_softmax(dim=-1), actions),
        _entropies(logits.log_softmax(dim=-1)),
    )


EXERCISE = Exercise(
    number="7.1",
    node="J",
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
        Mistake(name="probabilities instead of their logarithms",
                wrong=_with_log_probs(lambda all_log_probs, actions: _look_up(all_log_probs, actions).exp()),
                advice="A log-probability is never above 0. Are yours?"),
        Mistake(name="softmax applied twice (probabilities handed over as logits)",
                wrong=lambda logits, actions: log_probs_and_entropy(logits.softmax(dim=-1), actions),
                advice="The second softmax flattens everything. Which of your two calls can go?"),
        Mistake(name="logits handed to Categorical as probabilities (its first argument is probs)",
                wrong=lambda logits, actions: (Categorical(logits).log_prob(actions), Categorical(logits).entropy()),
                advice="The actor's outputs are logits and may be negative. Categorical takes them under their name."),
        Mistake(
            name="softmax and then log",
            wrong=_with_distribution(lambda logits: logits.softmax(dim=-1).log()),
            advice="Right on paper. With logits 0 and 200 the small probability becomes 0, its logarithm -inf and the "
            "entropy NaN. One torch function does both steps at once.",
        ),
        Mistake(name="logits that were never normalised (no softmax)", wrong=_with_distribution(lambda logits: logits),
                advice="Add 1 to every logit: the policy is the same. Do your numbers stay the same?"),
        Mistake(name="logarithms to base 2",
                wrong=_with_distribution(lambda logits: logits.log_softmax(dim=-1) / math.log(2)),
                advice="These are bits. We count in nats, or exp() of the difference would not be the ratio."),
        Mistake(name="a softmax down the rows instead of over the actions",
                wrong=_with_distribution(lambda logits: logits.log_softmax(dim=0)),
                advice="In which direction must the probabilities sum to 1? That axis is the last one."),
        Mistake(name="a softmax over the whole table",
                wrong=_with_distribution(lambda logits: logits.flatten().log_softmax(dim=0).reshape(logits.shape)),
                advice="Every row is a distribution of its own and sums to 1 by itself."),
        Mistake(
            name="the likeliest action instead of the stored one",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs.max(dim=-1).values),
            advice="We ask about what was done, not about what the policy would like best. You did not use `actions`.",
        ),
        Mistake(name="log-probabilities of shape (B, 1)",
                wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs.gather(-1, actions.unsqueeze(-1))),
                advice="One axis is left over from gather. Minus old_log_probs (B,) it would silently become (B, B)."),
        Mistake(name="actions of shape (B, 1) given to Categorical, which silently makes (B, B)",
                wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs[:, actions].T),
                advice="Categorical's log_prob wants one action for each row, shape (B,)."),
        Mistake(
            name="every row's action looked up in every row ([:, actions])",
            wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs[:, actions]),
            advice="The result is (B, B). Row i needs only its own action: gather, or an index for the rows as well.",
        ),
        Mistake(name="log-probabilities of all actions, (B, N)",
                wrong=_with_log_probs(lambda all_log_probs, actions: all_log_probs),
                advice="Pick the one number in each row that belongs to the action that was taken."),
        Mistake(name="entropy with the wrong sign",
                wrong=_with_entropy(lambda all_log_probs: -_entropies(all_log_probs)),
                advice="Entropy is never negative: logarithms of probabilities are, so a minus stands in front."),
        Mistake(name="entropy summed over the mini-batch",
                wrong=_with_entropy(lambda all_log_probs: _entropies(all_log_probs).sum()),
                advice="Asked for is one entropy for each row, (B,). Sum over the actions only."),
        Mistake(name="entropy averaged over the mini-batch",
                wrong=_with_entropy(lambda all_log_probs: _entropies(all_log_probs).mean()),
                advice="Asked for is one entropy for each row, (B,). The mean is taken later, by entropy_bonus."),
        Mistake(
            name="entropy averaged over the actions",
            wrong=_with_entropy(lambda all_log_probs: -(all_log_probs.exp() * all_log_probs).mean(dim=-1)),
            advice="The weights p sum to 1 already, so -p ln p is summed over the actions. Uniform has to give ln N.",
        ),
        Mistake(name="entropy of the taken action only (-log p of one action)",
                wrong=lambda logits, actions: ((log_probs := log_probs_and_entropy(logits, actions)[0]), -log_probs),
                advice="That is the surprise at one action. Entropy is the mean surprise over all actions."),
        Mistake(name="p ln p of the taken action only",
                wrong=lambda logits, actions: ((lp := log_probs_and_entropy(logits, actions)[0]), -lp.exp() * lp),
                advice="Entropy is a sum over all actions, not the part of the one that was taken."),
        Mistake(name="the raw logits of the taken actions",
                wrong=lambda logits, actions: (_look_up(logits, actions), log_probs_and_entropy(logits, actions)[1]),
                advice="Add 1 to every logit: the policy is the same. Do your numbers stay the same?"),
        Mistake(name="an action drawn anew, not the stored one",
                wrong=lambda logits, actions: log_probs_and_entropy(logits, Categorical(logits=logits).sample()),
                advice="We ask how likely the stored action is now. `actions` says which it was."),
        Mistake(name="entropy without the weights p",
                wrong=_with_entropy(lambda all_log_probs: -all_log_probs.sum(dim=-1)),
                advice="In the mean of -ln p over the actions each one counts with its probability."),
        Mistake(name="the two results in the wrong order",
                wrong=lambda logits, actions: log_probs_and_entropy(logits, actions)[::-1],
                advice="The name of the function says the order: log_probs, then entropy."),
        Mistake(name="log-probabilities without the entropy",
                wrong=lambda logits, actions: log_probs_and_entropy(logits, actions)[0],
                advice="Two results are asked for: return log_probs, entropy."),
        Mistake(
            name="the right numbers without their graph (detached)",
            wrong=lambda logits, actions: tuple(part.detach() for part in log_probs_and_entropy(logits, actions)),
            advice="These are the *new* log-probabilities: through them the loss reaches the network. No detach().",
        ),
    ),
    hints=(
        "The network's five numbers are not probabilities yet. What makes them some, and which one do you need?",
        "log pi(a|s) = z_a - ln sum_b e^(z_b), which torch calls log_softmax; entropy = -sum_b p_b ln p_b, per row.",
        "distribution = torch.distributions.Categorical(logits=logits)\n"
        "return distribution.log_prob(actions), distribution.entropy()",
    ),
)  # fmt: skip
