"""The field guide: every mistake and every case is in it, and its counts are those of the shipped runs."""

import re

from ppo_lessons.doctor.suspects import DECIDES
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.publishing.field_guide import field_guide
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.vital_runs import load_vital_runs


def test_every_mistake_and_every_case_is_in_it():
    page = field_guide()
    assert all(f"| {name} | {fault.node}, " in page for name, fault in FAULTS.items())
    assert all(f"`{fact}`" in page for fact in DECIDES.values())
    assert all(case.title in page for case in CASES)


def test_its_counts_are_those_of_the_runs():
    runs, page = load_vital_runs(), field_guide()
    of = {int(each) for each in re.findall(r"\d+ of (\d+)", page)} - {8}
    assert of == {int((runs.illness == next(iter(FAULTS))).sum())}
    assert re.search(r"softmax before logits \(I\), (\d+) of \1", page)  # it always shows
