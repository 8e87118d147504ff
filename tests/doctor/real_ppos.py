"""Puts the facts of PPO to implementations that people use, and writes `docs/real_ppos.md`.

After a change of the facts or of the installed versions `python -m tests.doctor.real_ppos` writes the page anew, and
the difference is to be read: every failure is followed up, and gets a remark.
"""

from itertools import groupby
from pathlib import Path

from ppo_lessons.doctor import Report, Subject, examine, subject_of
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, PASSED, Finding
from ppo_lessons.doctor.report import named
from ppo_lessons.steps import Steps

PAGE = Path(__file__).parents[2] / "docs" / "real_ppos.md"
CELLS = {
    PASSED: "passed",
    FAILED: "**failed**",
    NOT_ASKED: "**not asked**",
    CONVENTION: "convention",
    NOT_APPLICABLE: "-",
}
OURS, SB3, CLEANRL, TORCHRL, TUTORIAL = (
    "ppo_lessons",
    "Stable-Baselines3",
    "CleanRL",
    "TorchRL",
    "PettingZoo's tutorial",
)
INTRODUCTION = """# The facts of PPO, put to real implementations

What `python -m ppo_lessons.doctor` says of five PPOs, each through an adapter in
[`tests/doctor/subjects`](../tests/doctor/subjects). *convention*: another usual way, not wrong, to be known when
numbers are compared or settings carried over; *-*: there is nothing to ask. Every failure was followed up by hand, and
has a remark: some are faults, some are ways of storing or reporting that the fact does not foresee. How settings are
called elsewhere stands in [names.md](names.md). Made by `python -m tests.doctor.real_ppos`, and held by
`tests/doctor/test_real_ppos.py`.
"""
SAME = "The same, once more."
REMARKS = {
    SB3: {
        "value_loss: clip": "True, and only with clip_range_vf, which is None by default: SB3 takes the error of the "
        "clipped value alone. A value that has left the interval has no gradient, whichever way it went.",
        "rollout: actions and rewards": "So it is: at view 7, which is cut off, it stores 3.5 + 0.99 x 8 = 11.42. This "
        "is how SB3 bootstraps after a cut, and its advantages are right.",
    },
    CLEANRL: {
        "advantages: truncation": "A fault, and known there (issue 198): one flag stands for both ends, and a time "
        "limit counts as death.",
    },
    TORCHRL: {
        "kl: never negative": "It is called kl_approx there; it is reported, and decides nothing.",
    },
    TUTORIAL: {
        "advantages: one step": "A fault: the last row of an episode, with its reward, is never reckoned.",
        "advantages: definition": "Three faults: the last row is left out, nothing is bootstrapped unless the next "
        "step terminates, and what should fade with gamma lambda fades with gamma squared.",
        "advantages: termination": "A fault: the row of the end is left out, and the row before it cannot know of it.",
        "advantages: truncation": "A fault: nothing is bootstrapped after a cut, and nothing in the row before it.",
        "advantages: both flags": "The row of the end is left out.",
        "advantages: columns": "The episode is over for everybody when it is for one, and the row of the end is left "
        "out.",
        "normalise: mean and spread": "A fault: normalised advantages are worked out, and the loss takes the others.",
        "normalise: other units": SAME,
        "minibatches: coverage": "A fault: the last step, with what was won or lost in it, is not learned.",
        "rollout: every decision": f"{SAME} In this world somebody falls in the second step.",
    },
}
"""Implementation -> fact -> what came of following it up."""


def subjects() -> list[Subject]:
    """Return all of them, ours first. Two of them are imported here, and are heavy."""
    from tests.doctor.subjects import cleanrl, sb3, torchrl_ppo, tutorial

    return [subject_of(Steps()), *(module.SUBJECT for module in (sb3, cleanrl, torchrl_ppo, tutorial))]


def examined() -> list[Report]:
    """Put every fact to each."""
    return [examine(subject) for subject in subjects()]


def page(reports: list[Report]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, _table(reports), "## What failed\n", _lines(reports, FAILED)]
    parts += ["## What is different by convention\n", _lines(reports, CONVENTION), "## How they were asked\n"]
    notes = [f"- **{report.title}.** {_note(report)}\n" for report in reports]
    return "\n".join([*parts, "".join(notes)])


def _note(report: Report) -> str:
    return report.subject.notes or "This package's own steps, as they come."


def _table(reports: list[Report]) -> str:
    heads = ["part", "fact", *(report.title for report in reports)]
    lines = [heads, ["---"] * len(heads)]
    rows = zip(*(report.findings for report in reports), strict=True)
    for part, group in groupby(rows, key=lambda row: row[0].fact.part):
        for number, row in enumerate(group):
            first = [f"`{part}`" if number == 0 else "", row[0].fact.name]
            lines.append([*first, *(CELLS[finding.verdict] for finding in row)])
    counts = [f"{len(report.of(PASSED))} passed, {len(report.of(FAILED))} failed" for report in reports]
    lines.append(["", "in all", *counts])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _lines(reports: list[Report], verdict: str) -> str:
    return "".join(f"- {_line(report, finding)}\n" for report in reports for finding in report.of(verdict))


def _line(report: Report, finding: Finding) -> str:
    name = report.subject.name
    said = f"**{name}, {named(finding)}.**"
    if finding.verdict == FAILED:
        said += f" Given {finding.given}: got {finding.got}, right: {finding.right}."
    else:
        said += f" {finding.text}"
    return f"{said} {REMARKS.get(name, {}).get(named(finding), '')}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(page(examined()), encoding="utf-8")
