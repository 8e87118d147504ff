"""Puts the facts of PPO to a subject, one after the other."""

import torch

from ppo_lessons.doctor.facts import advantages, batches, losses, policy, steps, whole_loss
from ppo_lessons.doctor.findings import Fact, Finding, Unfit, Wrong, finding_of
from ppo_lessons.doctor.report import Report
from ppo_lessons.doctor.subject import KINDS, Asked, Subject
from ppo_lessons.guards.threads import one_thread

FACTS: tuple[Fact, ...] = tuple(
    fact
    for kind in KINDS
    for module in (advantages, policy, losses, whole_loss, batches, steps)
    for fact in module.FACTS
    if fact.part == kind
)
"""All facts, in the order of the parts."""


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
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        try:
            return finding_of(fact, fact.probe(Asked(fact.part, part)))
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return finding_of(fact, Wrong("see the fact", words, "an answer", "It could not be asked."))


def examine(subject: Subject) -> Report:
    """Put every fact to a subject.

    Args:
        subject: A PPO with its parts. Its functions are called, with all that they may do.

    Returns:
        The report.
    """
    return Report(subject=subject, findings=tuple(find(fact, subject) for fact in FACTS))
