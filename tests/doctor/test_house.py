"""Our own PPO as a subject: it passes everything, every planted fault is told, and so is a learner's file."""

from types import ModuleType

import pytest
import torch

from ppo_lessons.doctor.examination import examine
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE
from ppo_lessons.doctor.house import PARTS_OF, steps_in, subject_of, subject_of_module
from ppo_lessons.doctor.subject import KINDS
from ppo_lessons.shipped.faults import FAULTS, REWRITTEN
from ppo_lessons.steps import DEFAULT_STEPS, Steps

NOT_ASKED = {
    "advantages: fallen agents",  # rows of the fallen are taken away by box D
    "value_loss: clip",  # a step of its own
    "rollout: returns",  # a rollout is stored without them
}


def test_our_own_steps_pass_everything():
    report = examine(subject_of(DEFAULT_STEPS))
    assert report.of(FAILED) == report.of(CONVENTION) == ()
    assert {f"{finding.fact.part}: {finding.fact.name}" for finding in report.of(NOT_APPLICABLE)} == NOT_ASKED
    assert set(report.subject.parts()) == set(KINDS)


WHERE = {
    "store": "rollout", "next_values": "advantages", "gae": "advantages", "flatten_rows": "minibatches",
    "detach_rows": "minibatches", "each_minibatch": "minibatches", "shuffle_rows": "minibatches",
    "forward_pass": "loss", "log_probs_of": "log_probs", "importance_ratios": "ratios",
    "clipped_surrogate_loss": "actor_loss", "normalise_advantages": "normalise", "value_loss": "value_loss",
    "total_loss": "total_loss", "gradient_step": "gradient_step", "annealed": "learning_rate",
}  # fmt: skip
"""Step -> the part in which a mistake of it sits."""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_planted_fault_fails_first_where_it_sits(fault):
    failed = examine(subject_of(fault.steps)).of(FAILED)
    assert failed[0].fact.part in {WHERE[step] for step in fault.planted}
    assert "Error" not in failed[0].got


def test_a_step_that_is_written_otherwise_is_no_fault():
    assert examine(subject_of(REWRITTEN.steps)).ok


HINTS = {
    "truncation as death": "The cut is treated as a death.",
    "bootstraps from the next episode": "the first view of the next episode",
    "never shuffled": "a mini-batch sees one moment alone",
    "ratio upside down": "It is upside down.",
    "old log-probabilities of the new policy": "Both are taken from the same policy.",
    "max for min": "must be pushed back",
    "clamp on the product": "the product is clamped",
    "advantages normalised in vain": "They come back as they were.",
    "every value against every return": "(B, 1) against (B,)",
    "entropy with a plus": "paid for being certain",
    "clipped after the step": "only after the step",
    "gradients pile up": "zero_grad()",
}


@pytest.mark.parametrize(("name", "hint"), HINTS.items(), ids=HINTS)
def test_the_usual_ones_are_called_by_their_name(name, hint):
    report = examine(subject_of(FAULTS[name].steps))
    assert any(hint in finding.text for finding in report.of(FAILED))


def file_of(**functions):
    module = ModuleType("my_ppo")
    vars(module).update(functions)
    return module


def mine(values, returns):
    return ((returns - values) ** 2).mean()


def test_a_file_of_steps_is_asked_for_what_it_has():
    module = file_of(value_loss=mine, helper=mine, torch=torch, gae=7)
    assert steps_in(module) == {"value_loss": mine}
    subject = subject_of_module(module, "my_ppo.py")
    assert set(subject.parts()) == {"value_loss", "loss"}
    assert subject.notes == "Functions in the place of the package's own: value_loss."
    assert examine(subject).ok


def test_a_wrong_step_of_a_file():
    wrong = file_of(value_loss=lambda values, returns: (values - returns).mean() ** 2)
    report = examine(subject_of_module(wrong, "my_ppo.py"))
    assert report.of(FAILED)[0].fact.part == "value_loss"


def test_a_step_with_other_parameters_is_told():
    with pytest.raises(ValueError, match=r"is to be handed values, returns, in this order .+ too many positional"):
        subject_of_module(file_of(value_loss=lambda values: 0), "my_ppo.py")


def test_a_file_without_a_step():
    assert subject_of_module(file_of(helper=mine), "my_ppo.py") is None
    assert subject_of_module(file_of(value_loss=1.0), "my_ppo.py") is None


def test_every_step_that_decides_something_has_its_parts():
    assert set(PARTS_OF) <= set(Steps.__dataclass_fields__)
    assert {kind for kinds in PARTS_OF.values() for kind in kinds} == set(KINDS) - {"sample"}
    assert set(WHERE) <= set(PARTS_OF)
