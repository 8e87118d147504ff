"""The facts of PPO as tests in somebody's own project.

from ppo_lessons.doctor.in_pytest import PPOFacts

class TestMyPPO(PPOFacts):
    subject = Subject(name="mine", advantages=part(my_gae))
"""

from typing import Any, ClassVar

from ppo_lessons.doctor.examination import FACTS, find
from ppo_lessons.doctor.findings import FAILED, NOT_APPLICABLE, Fact
from ppo_lessons.doctor.report import failure
from ppo_lessons.doctor.subject import Subject


class PPOFacts:
    """A test for every fact that has a part of the subject to ask; make a class of your own from it."""

    subject: ClassVar[Subject]
    """Whose parts are asked."""
    by_convention: ClassVar[tuple[str, ...]] = ()
    """Facts that are known to fail and are meant to: "advantages: truncation". One that no longer fails is said."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make a test of every fact (pytest calls this)."""
        if "fact" in metafunc.fixturenames:
            facts = [fact for fact in FACTS if fact.part in self.subject.parts()]
            there = {f"{fact.part}: {fact.name}" for fact in facts}
            if strange := [name for name in self.by_convention if name not in there]:
                raise ValueError(f"by_convention has facts about this subject's parts. Got {', '.join(strange)}")
            metafunc.parametrize("fact", facts, ids=[f"{fact.part}: {fact.name}" for fact in facts])

    def test_fact(self, fact: Fact) -> None:
        """Put one fact to the subject."""
        finding = find(fact, self.subject)
        if finding.verdict == NOT_APPLICABLE:
            import pytest  # where there is a test, there is pytest

            pytest.skip(finding.text)
        meant = f"{fact.part}: {fact.name}" in self.by_convention
        if meant and finding.verdict != FAILED:
            raise AssertionError(f"{fact.part}: {fact.name} is listed in by_convention, and does not fail")
        if finding.verdict == FAILED and not meant:
            raise AssertionError(failure(finding))
