"""Log-probabilities of the taken actions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Categorical

from ppo_lessons.actor_critic import log_probs_of
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with


def _random_lookup(seed: int, rows: int, actions: int, scale: float = 1.0) -> Probe:
    draw = generator(seed)
    logits = scale * torch.randn(rows, actions, generator=draw)
    return call_with(logits, torch.randint(actions, (rows,), generator=draw), gradients=(0,))


def _look_up(all_log_probs: Tensor, actions: Tensor) -> Tensor:
    return all_log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def _with_distribution(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The right look-up in a wrong distribution."""
    return lambda logits, actions: _look_up(change(logits), actions)


def _with_look_up(look_up: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The right distribution, looked up wrongly."""
    return lambda logits, actions: look_up(logits.log_softmax(dim=-1), actions)


EXERCISE = Exercise(
    number="7.1",
    node="J",
    function=log_probs_of,
    difficulty=2,
    minutes=5,
    probes=(
        # e^z is 1, 2, 3 and 3, 1, 4, so the probabilities are sixths and eighths; no taken action is the likeliest.
        call_with(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 4.0]]).log(), torch.tensor([1, 0]), gradients=(0,)),
        _random_lookup(1, 4, 5),
        _random_lookup(2, 5, 5),
        _random_lookup(3, 1, 5),
        _random_lookup(4, 6, 3, scale=4.0),
        call_with(torch.tensor([[0.0, 200.0, 0.0], [0.0, 1.0, 2.0]]), torch.tensor([0, 1]), gradients=(0,)),
    ),
    mistakes=(
        Mistake(name="probabilities instead of their logarithms",
                wrong=_with_look_up(lambda all_log_probs, actions: _look_up(all_log_probs, actions).exp()),
                advice="A log-probability is never above 0. Are yours?"),
        Mistake(name="softmax applied twice (probabilities handed over as logits)",
                wrong=lambda logits, actions: log_probs_of(logits.softmax(dim=-1), actions),
                advice="The second softmax flattens everything. Which of your two calls can go?"),
        Mistake(name="logits handed to Categorical as probabilities (its first argument is probs)",
                wrong=lambda logits, actions: Categorical(logits).log_prob(actions),
                advice="The actor's outputs are logits and may be negative. Categorical takes them under their name."),
        Mistake(
            name="softmax and then log",
            wrong=_with_distribution(lambda logits: logits.softmax(dim=-1).log()),
            advice="Right on paper. With logits 0 and 200 the small probability becomes 0 and its logarithm "
            "-inf. One torch function does both steps at once.",
        ),
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
            wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs.max(dim=-1).values),
            advice="We ask about what was done, not about what the policy would like best. You did not use `actions`.",
        ),
        Mistake(name="log-probabilities of shape (B, 1)",
                wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs.gather(-1, actions.unsqueeze(-1))),
                advice="One axis is left over from gather. Minus old_log_probs (B,) it would silently become (B, B)."),
        Mistake(name="actions of shape (B, 1) given to Categorical, which silently makes (B, B)",
                wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs[:, actions].T),
                advice="Categorical's log_prob wants one action for each row, shape (B,)."),
        Mistake(
            name="every row's action looked up in every row ([:, actions])",
            wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs[:, actions]),
            advice="The result is (B, B). Row i needs only its own action: gather, or an index for the rows as well.",
        ),
        Mistake(name="log-probabilities of all actions, (B, N)",
                wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs),
                advice="Pick the one number in each row that belongs to the action that was taken."),
        Mistake(name="the log-probabilities of all actions, added up",
                wrong=_with_look_up(lambda all_log_probs, actions: all_log_probs.sum(dim=-1)),
                advice="One action was taken in each row. Which number of the row is its?"),
        Mistake(name="the entropy, and not the log-probability of the taken action",
                wrong=lambda logits, actions: Categorical(logits=logits).entropy(),
                advice="The entropy looks at all actions. Asked for is one of them: you did not use `actions`."),
        Mistake(name="the raw logits of the taken actions",
                wrong=_look_up,
                advice="Add 1 to every logit: the policy is the same. Do your numbers stay the same?"),
        Mistake(name="an action drawn anew, not the stored one",
                wrong=lambda logits, actions: log_probs_of(logits, Categorical(logits=logits).sample()),
                advice="We ask how likely the stored action is now. `actions` says which it was."),
        Mistake(
            name="the right numbers without their graph (detached)",
            wrong=lambda logits, actions: log_probs_of(logits, actions).detach(),
            advice="These are the *new* log-probabilities: through them the loss reaches the network. No detach().",
        ),
    ),
    hints=(
        "The network's five numbers are not probabilities yet. What makes them some, and which one do you need?",
        "log pi(a|s) = z_a - ln sum_b e^(z_b), which torch calls log_softmax. Of each row, the taken action's.",
        "distribution = torch.distributions.Categorical(logits=logits)\n"
        "return distribution.log_prob(actions)",
    ),
)  # fmt: skip
