"""The facts of PPO as tests in somebody's own project.

from ppo_lessons.doctor.in_pytest import PPOFacts

class TestMyPPO(PPOFacts):
    subject = Subject(name="mine", advantages=part(my_gae))
"""

from typing import Any, ClassVar

from ppo_lessons.doctor.examination import FACTS, find
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, Fact
from ppo_lessons.doctor.report import failure
from ppo_lessons.doctor.subject import Subject


class PPOFacts:
    """A test for every fact that has a part of the subject to ask; make a class of your own from it."""

    subject: ClassVar[Subject]
    """Whose parts are asked."""
    by_convention: ClassVar[tuple[str, ...] | str] = ()
    """Facts that are known to fail and are meant to: "advantages: truncation". One that no longer fails is said."""

    def _meant(self) -> tuple[str, ...]:
        """Return `by_convention`; a string alone is one name."""
        return (self.by_convention,) if isinstance(self.by_convention, str) else tuple(self.by_convention)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make a test of every fact (pytest calls this)."""
        if "fact" in metafunc.fixturenames:
            facts = [fact for fact in FACTS if fact.part in self.subject.parts()]
            there = {f"{fact.part}: {fact.name}" for fact in facts}
            if strange := [name for name in self._meant() if name not in there]:
                raise ValueError(f"by_convention has facts about this subject's parts. Got {', '.join(strange)}")
            metafunc.parametrize("fact", facts, ids=[f"{fact.part}: {fact.name}" for fact in facts])

    def test_fact(self, fact: Fact) -> None:
        """Put one fact to the subject."""
        __tracebackhide__ = True  # what pytest shows is what the fact says, and not these lines
        finding = find(fact, self.subject)
        if finding.verdict == NOT_APPLICABLE:
            import pytest  # where there is a test, there is pytest

            pytest.skip(finding.text)
        name = f"{fact.part}: {fact.name}"
        meant = name in self._meant()
        if finding.verdict == NOT_ASKED or (finding.verdict == FAILED and not meant):
            raise AssertionError(failure(finding))
        if meant and finding.verdict == CONVENTION:
            raise AssertionError(
                f"{name} is listed in by_convention: its verdict is {CONVENTION!r}, which needs no entry"
            )
        if meant and finding.verdict != FAILED:
            raise AssertionError(f"{name} is listed in by_convention, and does not fail")
