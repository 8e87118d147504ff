"""Puts the facts of one part to one function, for the tests of the facts."""

from ppo_lessons.doctor.examination import FACTS, find
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, PASSED
from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.subject import Subject


class Answers:
    """What the facts of a part said about a function, by their names."""

    def __init__(self, kind, function, *said, **options):
        subject = Subject(name="somebody's", **{kind: part(function, *said, **options)})
        self.findings = {fact.name: find(fact, subject) for fact in FACTS if fact.part == kind}

    def of(self, verdict):
        return [name for name, finding in self.findings.items() if finding.verdict == verdict]

    @property
    def passed(self):
        return self.of(PASSED)

    @property
    def failed(self):
        return self.of(FAILED)

    @property
    def unasked(self):
        return self.of(NOT_ASKED)

    @property
    def different(self):
        return {name: self.findings[name].text for name in self.of(CONVENTION)}

    @property
    def unfit(self):
        return {name: self.findings[name].text for name in self.of(NOT_APPLICABLE)}

    def __getitem__(self, name):
        return self.findings[name]


def names_of(kind):
    """The facts of a part."""
    return {fact.name for fact in FACTS if fact.part == kind}


def require_reproducible(finding):
    """A failure says what was handed over, what came and what is right."""
    assert finding.given and finding.got and finding.right
    assert "Error" not in finding.got, finding.got
    assert finding.got != finding.right
