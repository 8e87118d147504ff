"""The whole update."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.counted import counted
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons.full_update.exercises.wrong_updates import (
    after_the_step,
    graph_kept,
    in_one_go,
    losses_anew,
    next_one,
    of_old,
    one_epoch,
    whole_rollout,
    with_own,
)
from ppo_lessons.optimisation import gradient_step
from ppo_lessons.steps import MinibatchLosses, Steps, update_policy

Given = tuple[ActorCritic, torch.optim.Optimizer, Rows, PPOConfig, torch.Generator, Steps]
ASKED = ("detach_rows", "each_minibatch", "minibatch_losses", "should_stop", "gradient_step")
MOST = 60
"""Steps that are looked at; an answer may go on for ever."""


class _Watch:
    """Boxes that note what they were handed.

    Args:
        steps: Boxes that are counted already.
        rows: All rows of the rollout.
    """

    def __init__(self, steps: Steps, rows: Rows) -> None:
        self.rows = rows
        self.foreign: set[str] = set()
        self.sizes: list[int] = []
        self.graph = False
        self.stepped_along: set[str] = set()
        self.asked_about: set[str] = set()
        self._last: MinibatchLosses | None = None
        self._counted = steps
        own = dict(minibatch_losses=self._losses, gradient_step=self._step, should_stop=self._stop)
        self.steps = replace(steps, **own)

    def _losses(self, policy: Any, minibatch: Rows, *given: Any, **named: Any) -> MinibatchLosses:
        self.sizes.append(len(minibatch.actions))
        self.graph = self.graph or any(tensor.requires_grad for tensor in minibatch)
        self.foreign |= _foreign(minibatch, self.rows)
        self._last = self._counted.minibatch_losses(policy, minibatch, *given, **named)
        return self._last

    def _step(self, total_loss: Any, *given: Any, **named: Any) -> Any:
        self.stepped_along.add(self._name(total_loss, "total_loss"))
        return self._counted.gradient_step(total_loss, *given, **named)

    def _stop(self, kl: Any, target_kl: Any) -> Any:
        if target_kl is not None:
            self.asked_about.add(self._name(kl, "approx_kl"))
        return self._counted.should_stop(kl, target_kl)

    def _name(self, value: Any, wanted: str) -> str:
        """Return what a number is among the last losses; the name that is wanted, if it could be that."""
        losses = {} if self._last is None else self._last._asdict()
        number = float(value.detach() if isinstance(value, Tensor) else value)
        same = [name for name, loss in losses.items() if abs(float(loss.detach()) - number) < 1e-9]
        return wanted if wanted in same else same[0] if same else "something else"


def _update_probe(
    num_rows: int, config: PPOConfig, lr: float = 0.05, with_graph: bool = False, special: str = ""
) -> Probe:
    """An update of a small network: what happened in it, what was handed on, and the weights afterwards."""
    fresh = ActorCritic(3, 4, 6, seed=num_rows)  # a copy is made ten times faster

    def make() -> Given:
        draw, policy = generator(num_rows), copy.deepcopy(fresh)
        obs, actions = torch.randn(num_rows, 3, generator=draw), torch.randint(4, (num_rows,), generator=draw)
        with torch.no_grad():
            old_log_probs = policy(obs)[0].log_softmax(-1).gather(1, actions[:, None]).squeeze(1)
        numbers = torch.randn(2, num_rows, generator=draw)
        if with_graph:
            numbers = numbers * torch.ones((), requires_grad=True)
        rows = Rows(obs, actions, old_log_probs, numbers[0], numbers[1])
        return policy, torch.optim.SGD(policy.parameters(), lr=lr), rows, config, generator(1), _watched(rows)

    def look(function: Callable[..., Any], inputs: Given) -> Outcome:
        policy, steps = inputs[0], inputs[5]
        watch, record = steps.minibatch_losses.__self__, steps.detach_rows.record  # type: ignore[attr-defined]
        answer = function(*inputs)
        if answer is ... or answer is None:
            return {"result": answer}
        handed_on = list(islice(answer, MOST)) if isinstance(answer, Iterable) else answer
        left_out = [name for name in ASKED if name not in record]
        if config.target_kl is None and "should_stop" in left_out:
            left_out.remove("should_stop")  # there is nothing to ask
        return {
            "what should_stop is asked about": " and ".join(sorted(watch.asked_about)) or "nothing",
            "steps that were never asked": ", ".join(left_out) or "none",
            "the rows that the losses see": "with a graph" if watch.graph else "without a graph",
            "fields of a mini-batch that do not belong to its rows": ", ".join(sorted(watch.foreign)) or "none",
            "the gradient_step is along": " and ".join(sorted(watch.stepped_along)) or "nothing",
            "losses and steps": _course(record),
            "the rows of each mini-batch": ", ".join(map(str, watch.sizes)),
            "what is handed on": _handed_on(handed_on),
            "result": handed_on,
            "the weights": torch.cat([parameter.detach().flatten() for parameter in policy.parameters()]),
        }

    return Probe(make=make, look=look, special=special)


def _foreign(minibatch: Rows, rows: Rows) -> set[str]:
    """Return the fields of a mini-batch that do not belong to the rows whose observations it has."""
    with torch.no_grad():
        source = (minibatch.obs[:, None] == rows.obs[None]).all(dim=-1).int().argmax(dim=1)
        pairs = zip(Rows._fields, minibatch, rows, strict=True)
        return {name for name, mine, all_of_it in pairs if not mine.equal(all_of_it[source])}


def _watched(rows: Rows) -> Steps:
    """Return boxes that note that they were asked, and what they were handed."""
    return _Watch(counted(Steps(), *ASKED)[0], rows).steps


def _course(record: list[str]) -> str:
    """Return in words in which order losses were worked out and steps taken."""
    names = {"minibatch_losses": "losses, ", "gradient_step": "step, "}
    text = "".join(names.get(name, "") for name in record)

    def together(found: re.Match[str]) -> str:
        return f"{found.group().count('step')} x (losses, step), "

    return re.sub(r"(losses, step, )+", together, text).removesuffix(", ") or "none"


def _handed_on(answer: Any) -> str:
    """Say of what kind the things are that are handed on after the steps."""
    if not isinstance(answer, list):
        return f"a {type(answer).__name__}"
    kinds = {_kind(each) for each in answer}
    return " or ".join(sorted(kinds)) or "nothing"


def _kind(each: Any) -> str:
    if isinstance(each, MinibatchLosses) or not isinstance(each, tuple):
        return type(each).__name__
    return f"({', '.join(type(part).__name__ for part in each)})"


def _plain_step(total_loss: Tensor, policy: ActorCritic, optimizer: torch.optim.Optimizer, limit: float) -> Tensor:
    return gradient_step(total_loss, policy, optimizer, 1e9)


def _losses_only(*given: Any) -> Iterator[MinibatchLosses]:
    return (losses for _, losses, _ in update_policy(*given))


EXERCISE = Exercise(
    number="11.4",
    node="O",
    function=update_policy,
    difficulty=3,
    minutes=15,
    probes=(
        _update_probe(3, PPOConfig(epochs=1, minibatch_size=3)),
        _update_probe(7, PPOConfig(epochs=2, minibatch_size=4)),
        _update_probe(8, PPOConfig(epochs=3, minibatch_size=3, target_kl=0.02), lr=1.0,
                      special="a target_kl that ends the update"),
        _update_probe(6, PPOConfig(epochs=1, minibatch_size=3), with_graph=True, special="rows that carry a graph"),
    ),
    mistakes=(
        Mistake(name="no detach: the rows keep the graph of the rollout", wrong=graph_kept,
                advice="Box E comes first: rows = steps.detach_rows(rows). They are data from then on."),
        Mistake(name="detaching, and going on with the rows from before",
                wrong=with_own(detach_rows=lambda rows, own: (own.detach_rows(rows), rows)[1]),
                advice="detach_rows leaves the old rows as they are: rows = steps.detach_rows(rows)."),
        Mistake(name="stopping after the step, not before it", wrong=after_the_step,
                advice="should_stop looks at the mini-batch before its step. If it says yes, this step is not taken."),
        Mistake(name="leaving out one mini-batch, and going on with the next (continue)", wrong=next_one,
                advice="Too far is too far for the whole update: end it (return, or break out of the one loop)."),
        Mistake(name="never asking whether to stop", wrong=with_own(should_stop=lambda *given: False),
                advice="Between the losses and the step: steps.should_stop(losses.approx_kl, config.target_kl)."),
        Mistake(name="comparing approx_kl with target_kl yourself",
                wrong=with_own(should_stop=lambda kl, target_kl, own: target_kl is not None and kl > target_kl),
                advice="The rule for too far (1.5 times the target) is steps.should_stop's to know."),
        Mistake(name="old log-probabilities worked out anew, so that every ratio is 1", wrong=of_old,
                advice="Old is what the buffer kept. Worked out anew they follow the policy: nothing is ever clipped."),
        Mistake(name="all rows in place of the mini-batch", wrong=whole_rollout,
                advice="index says which rows are meant: take them out of each of the five fields."),
        Mistake(name="one epoch instead of all", wrong=one_epoch,
                advice="each_minibatch goes over all epochs by itself. Is there a return, or a break, too early?"),
        Mistake(name="the first mini-batch alone (return in the loop)",
                wrong=lambda *given: list(islice(update_policy(*given), 1)),
                advice="return ends the function in the first round. yield hands on and goes on; or collect a list."),
        Mistake(name="one step on all rows, without epochs and mini-batches", wrong=in_one_go,
                advice="Boxes F, G and H are asked by steps.each_minibatch: loop over what it hands on."),
        Mistake(name="epochs without a shuffle: the rows as they stand",
                wrong=with_own(each_minibatch=lambda num_rows, config, given, steps, own: (
                    piece for _ in range(config.epochs)
                    for piece in steps.split_rows(torch.arange(num_rows), config.minibatch_size))),
                advice="steps.each_minibatch shuffles anew in every epoch, and splits."),
        Mistake(name="a gradient step of your own that does not shorten the gradient",
                wrong=with_own(gradient_step=lambda *given: _plain_step(*given[:-1])),
                advice="Box O is at hand: steps.gradient_step(loss, policy, optimizer, config.max_grad_norm)."),
        Mistake(name="handing on the losses alone", wrong=_losses_only,
                advice="After each step three things: the row numbers, the losses, the length of the gradient."),
        Mistake(name="handing on losses that were worked out again after the step", wrong=losses_anew,
                advice="The report wants those from before the step: its approx_kl and ratios belong to that moment."),
        Mistake(name="handing on nothing", wrong=lambda *given: [each for each in update_policy(*given) if not each],
                advice="After each step yield index, losses, grad_norm; or collect the three in a list and return it."),
    ),
    hints=(
        "One loop does. What happens once before it, what happens in each round, and what may end it?",
        "detach; for each index of each_minibatch: Rows of these rows -> losses -> should_stop? return : "
        "gradient_step -> yield the three.",
        "rows = steps.detach_rows(rows)\n"
        "number = len(rows.actions)\n"
        "for index in steps.each_minibatch(\n"
        "    number, config, generator, steps\n"
        "):\n"
        "    minibatch = Rows(*(field[index] for field in rows))\n"
        "    losses = steps.minibatch_losses(\n"
        "        policy, minibatch, config, steps\n"
        "    )\n"
        "    if steps.should_stop(losses.approx_kl, config.target_kl):\n"
        "        return\n"
        "    length = steps.gradient_step(\n"
        "        losses.total_loss, policy, optimizer,\n"
        "        config.max_grad_norm,\n"
        "    )\n"
        "    yield index, losses, length",
    ),
)  # fmt: skip
