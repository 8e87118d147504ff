"""The facts as tests in somebody's own project, by a pytest of its own, with warnings as errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ppo_lessons

HOUSE = Path(ppo_lessons.__file__).parent.parent
MINE = """
from ppo_lessons.doctor import Subject, part
from ppo_lessons.doctor.in_pytest import PPOFacts
from ppo_lessons.doctor.template import compute_gae

GAE = part(compute_gae, "rewards values dones last_values gamma gae_lambda", "advantages returns", flags="float")

class TestMine(PPOFacts):
    subject = Subject(name="mine", advantages=GAEMORE)
    by_convention = (MEANT)
"""
WARNING = ', normalise=part(lambda a: (a - a.mean()) / (a.std() + 1e-8), "advantages")'
LOSS = ', value_loss=part(lambda v, r: (v - r).square().mean() / 2, "values returns")'
FILES = {
    "plain": MINE.replace("MORE", "").replace("MEANT", ""),
    "meant": MINE.replace("MORE", WARNING).replace("MEANT", '"advantages: truncation",'),
    "no_longer": MINE.replace("MORE", "").replace("MEANT", '"advantages: truncation", "advantages: one step"'),
    "misspelt": MINE.replace("MORE", "").replace("MEANT", '"advantages: truncations", "kl: never negative"'),
    "a_string": MINE.replace("MORE", "").replace("(MEANT)", '"advantages: truncation"'),
    "a_convention": MINE.replace("MORE", LOSS).replace("MEANT", '"advantages: truncation", "value_loss: error"'),
    "unasked": MINE.replace("MORE", ', kl=part(lambda ratios: {}, "ratios")').replace("MEANT", '"kl: never negative",'),
    "class_alone": "from ppo_lessons.doctor.in_pytest import PPOFacts\n\ndef test_nothing():\n    assert PPOFacts\n",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What pytest says to all of these files."""
    folder = tmp_path_factory.mktemp("somebodys")
    for name, text in FILES.items():
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    alone = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOUSE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-W", "error", "-p", "no:cacheprovider", "-rA", "--continue-on-collection-errors"]
    command = [sys.executable, "-m", "pytest", *options, str(folder)]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **alone}, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == ""
    return done.stdout


def facts_of(said, name, verdict):
    return re.findall(rf"^{verdict} test_{name}\.py::TestMine::test_fact\[(.+?)\]", said, re.MULTILINE)


def test_every_fact_of_a_part_that_is_there_is_a_test(said):
    passed = facts_of(said, "plain", "PASSED")
    assert {"advantages: one step", "advantages: boundary", "advantages: returns"} <= set(passed) and len(passed) == 6
    assert facts_of(said, "plain", "FAILED") == ["advantages: truncation"]


def test_a_fact_that_fails_says_all(said):
    assert "AssertionError: FAILED  advantages: truncation. After a truncation the critic's estimate" in said
    assert "right   [0]" in said and "notebooks/03_advantages.ipynb" in said


def test_what_does_not_apply_is_left_out_and_says_why(said):
    assert re.search(r"SKIPPED \[\d+\].+It takes no value of the final observation\.", said)


def test_what_is_meant_to_fail_may_and_a_warning_of_ones_own_code_is_no_failure(said):
    assert facts_of(said, "meant", "FAILED") == []
    passed = facts_of(said, "meant", "PASSED")
    assert "advantages: truncation" in passed and "normalise: no spread" in passed


def test_what_no_longer_fails_is_said(said):
    assert facts_of(said, "no_longer", "FAILED") == ["advantages: one step"]
    assert "advantages: one step is listed in by_convention, and does not fail" in said


def test_a_string_alone_is_one_name(said):
    assert facts_of(said, "a_string", "FAILED") == []
    assert "advantages: truncation" in facts_of(said, "a_string", "PASSED")


def test_a_convention_needs_no_entry(said):
    assert facts_of(said, "a_convention", "FAILED") == ["value_loss: error"]
    assert "its verdict is 'by convention different', which needs no entry" in said


def test_what_could_not_be_asked_fails_and_nothing_makes_it_meant(said):
    failed = [name for name in facts_of(said, "unasked", "FAILED") if name.startswith("kl")]
    assert len(failed) == 3 and "COULD NOT BE ASKED  kl: never negative" in said


def test_our_own_lines_are_not_shown(said):
    failures = said.split("= FAILURES =")[1]
    assert "finding = find(fact" not in failures and "in_pytest.py:" not in failures


def test_a_fact_that_there_is_not_is_no_convention(said):
    assert "ValueError: by_convention has facts about this subject's parts. Got advantages: truncations, kl:" in said
    assert facts_of(said, "misspelt", "PASSED") == []


def test_the_class_itself_is_no_test(said):
    assert re.findall(r"^\w+ test_class_alone\.py::.+$", said, re.MULTILINE) == [
        "PASSED test_class_alone.py::test_nothing"
    ]
