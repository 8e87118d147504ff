"""All facts, put one after the other: whatever a function does, there is a finding."""

import random
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import ppo_lessons
from ppo_lessons.doctor.examination import FACTS, examine, find
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, PASSED
from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.subject import KINDS, Subject

NOTEBOOKS = Path(ppo_lessons.__file__).parent.parent / "notebooks"
ADVANTAGES = "rewards values dones last_values gamma gae_lambda"


def test_facts_have_names_of_their_own_and_stand_in_the_order_of_the_parts():
    assert len({(fact.part, fact.name) for fact in FACTS}) == len(FACTS)
    assert list(dict.fromkeys(fact.part for fact in FACTS)) == list(KINDS)


def test_every_fact_is_said_with_its_theory_and_its_lesson():
    lessons = {path.stem for path in (NOTEBOOKS / "source").glob("*.py")}
    for fact in FACTS:
        assert not fact.says[0].islower() and fact.says.endswith("."), fact
        assert fact.because and fact.lesson in lessons, fact
        assert len(fact.says) < 100


def test_nothing_named_nothing_asked():
    report = examine(Subject(name="nothing"))
    assert len(report.findings) == len(FACTS)
    assert {finding.verdict for finding in report.findings} == {NOT_APPLICABLE}


def test_only_named_parts_are_asked():
    report = examine(
        Subject(name="x", ratios=part(lambda new_log_probs, old_log_probs: torch.exp(new_log_probs - old_log_probs)))
    )
    assert {finding.fact.part for finding in report.of(PASSED)} == {"ratios"}


def first(function, said=ADVANTAGES, **options):
    return find(FACTS[0], Subject(name="x", advantages=part(function, said, **options)))


def raises(*given):
    raise RuntimeError("no\n  such   thing")


def test_an_error_is_a_finding_with_its_place_and_what_was_handed_over():
    finding = first(raises)
    line = next(n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "raise RuntimeError" in text)
    assert finding.verdict == NOT_ASKED
    assert finding.got == f"RuntimeError: no such thing (test_examination.py, line {line})"
    assert finding.given == (
        "(rewards float32 (1, 1), values float32 (1, 1), dones bool (1, 1), last_values float32 (1,), gamma 0.9, "
        "gae_lambda 0.8)"
    )
    assert (finding.right, finding.text) == ("", "")


@pytest.mark.parametrize("leave", [exit, sys.exit, lambda: sys.exit("done")])
def test_a_function_that_wants_to_leave_does_not(leave):
    assert first(lambda *given: leave()).got.startswith("SystemExit")


def test_whoever_interrupts_is_heard():
    def interrupted(*given):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first(interrupted)


@pytest.mark.parametrize(
    ("function", "options", "hint"),
    [
        (lambda r, v, d, *rest: r * (1 - d), {}, 'say flags="float"'),
        (lambda r, v, d, *rest: r * ~d, {"flags": "float"}, 'say flags="bool"'),
        (lambda r, *rest: r.clone(), {"arrays": "numpy"}, 'say arrays="torch"'),
        (lambda r, *rest: r.astype(float), {}, 'say arrays="numpy"'),
        (lambda r, *rest: np.zeros((1, 1)) + r, {}, 'say arrays="numpy"'),
        (lambda r, *rest: r + torch.from_numpy(r), {}, 'say arrays="numpy"'),
        (lambda r, *rest: r.mean(dim=0), {"arrays": "numpy"}, 'say arrays="torch"'),
    ],
)
def test_what_the_adapter_may_lack_is_told(function, options, hint):
    assert hint in first(function, **options).text


TWO = lambda r, v, *rest: (r, r + v)  # noqa: E731


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda r, v, d, *rest: r * (1 - d), {}),
        (lambda r, *rest: r.astype(float), {}),
        (TWO, {}),
        (lambda r, *rest: {"advantages": r}, {}),
        (lambda r, *rest: r[:, 0], {}),
        (raises, {}),
    ],
    ids=["flags", "arrays", "no gives", "a dict", "another shape", "an error"],
)
def test_mistakes_of_an_adapter_are_no_failures(function, options):
    report = examine(Subject(name="x", advantages=part(function, ADVANTAGES, **options)))
    assert report.of(FAILED) == () and len(report.of(NOT_ASKED)) >= 6 and not report.ok


def test_a_tuple_is_answered_with_what_to_write():
    assert 'write gives="advantages returns"' in first(TWO).got


def test_what_normalising_and_a_rest_mean_together_is_said():
    def batches(rows, size):
        return torch.randperm(rows).split(size)

    def asked(tiny):
        return examine(
            Subject(
                name="x",
                normalise=part(lambda a: (a - a.mean()) / (a.std(correction=tiny) + 1e-8), "advantages"),
                minibatches=part(batches, "num_rows minibatch_size"),
            )
        )

    def rest(report):
        return next(finding for finding in report.of(CONVENTION) if finding.fact.name == "a rest").text

    assert rest(asked(1)).endswith("no spread. Together with its normalisation this gives NaN weights.")
    assert rest(asked(0)).endswith("no spread.")


def draws(rewards):
    return torch.rand_like(rewards) + float(np.random.random()) + random.random()


def test_the_same_numbers_are_drawn_each_time_and_those_of_others_are_as_before():
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    want = torch.rand(1).item(), np.random.random(), random.random()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    one, other = (first(draws, "rewards").got for _ in range(2))
    assert one == other and one.startswith("advantages")
    assert (torch.rand(1).item(), np.random.random(), random.random()) == want


def test_warnings_of_functions_are_theirs():
    """Where warnings are errors, as in many a project's tests, a function that warns is not wrong for it."""

    def warning(rewards, values, last_values, gamma):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return rewards + gamma * last_values - values

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert first(warning, "rewards values last_values gamma").verdict == PASSED
    alone = Subject(name="x", normalise=part(lambda a: (a - a.mean()) / (a.std() + 1e-8), "advantages"))
    assert examine(alone).of(FAILED) == ()  # torch warns of the spread of one row


def test_gradients_are_there_whatever_is_switched_off_outside():
    ratios = Subject(name="x", ratios=part(lambda new, old: (new - old).exp(), "new_log_probs old_log_probs"))
    for off in (torch.no_grad(), torch.inference_mode()):
        with off:
            assert examine(ratios).of(FAILED) == ()


def test_the_number_of_threads_is_as_before():
    before = torch.get_num_threads()
    seen = []
    first(lambda r, *rest: seen.append(torch.get_num_threads()) or r)
    assert set(seen) == {1} and torch.get_num_threads() == before


def test_sentences_of_facts_hold_no_names_of_code_that_nobody_knows():
    for fact in FACTS:
        assert not re.search(r"\b(ask|probe|Asked|Outcome)\b", fact.says + fact.because)
