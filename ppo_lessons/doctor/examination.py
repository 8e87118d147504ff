"""Puts the facts of PPO to a subject, one after the other."""

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ppo_lessons.doctor.facts import advantages, batches, diagnostics, losses, normalising, policy, steps, whole_loss
from ppo_lessons.doctor.findings import Fact, Finding, Unasked, Unfit, finding_of
from ppo_lessons.doctor.mishaps import hint_of, in_words, place_of
from ppo_lessons.doctor.report import Report
from ppo_lessons.doctor.subject import KINDS, Asked, Subject
from ppo_lessons.guards.threads import one_thread

FACTS: tuple[Fact, ...] = tuple(
    fact
    for kind in KINDS
    for module in (advantages, normalising, policy, losses, whole_loss, diagnostics, batches, steps)
    for fact in module.FACTS
    if fact.part == kind
)
"""All facts, in the order of the parts."""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let functions draw and warn: the same numbers in every examination, and afterwards all is as before."""
    numbers, plain = np.random.get_state(), random.getstate()
    with (
        torch.random.fork_rng(devices=[]),
        torch.inference_mode(False),
        torch.enable_grad(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(plain)


@one_thread
def find(fact: Fact, subject: Subject) -> Finding:
    """Put one fact to a subject. Whatever its function does, there is a finding; random numbers are as before.

    Args:
        fact: One of `FACTS`.
        subject: Whose part of this kind is asked.
    """
    part = getattr(subject, fact.part)
    if part is None:
        return finding_of(fact, Unfit("No function was named for this part."))
    with _undisturbed():
        ask = Asked(fact.part, part)
        try:
            return finding_of(fact, fact.probe(ask))
        except (Exception, SystemExit) as error:
            handed = ", ".join(f"{name} {_kind(value)}" for name, value in ask.handed)
            got = in_words(error) + place_of(error)
            return finding_of(fact, Unasked(f"({handed})", got, hint_of(error, part)))


def _kind(value: Any) -> str:
    """Write down what kind of thing a function is handed: "float32 (3, 1)"."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    return str(value) if isinstance(value, (int, float)) else type(value).__name__


def examine(subject: Subject) -> Report:
    """Put every fact to a subject.

    Args:
        subject: A PPO with its parts. Its functions are called, with all that they may do.

    Returns:
        The report.
    """
    return Report(subject=subject, findings=_put_together([find(fact, subject) for fact in FACTS]))


def _put_together(findings: list[Finding]) -> tuple[Finding, ...]:
    """Say what two findings mean together."""
    told = {(finding.fact.part, finding.fact.name): finding.text for finding in findings}
    if told["normalise", "no spread"] != normalising.ALONE or told["minibatches", "a rest"] != batches.SINGLE:
        return tuple(findings)
    more = f"{batches.SINGLE} Together with its normalisation this gives NaN weights."
    return tuple(replace(each, text=more) if each.text == batches.SINGLE else each for each in findings)
