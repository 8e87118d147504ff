"""What came of an examination, as text, as JSON and as a page."""

import html
import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, PASSED, VERDICTS, Finding
from ppo_lessons.doctor.subject import Subject

WIDTH = 100
MARKS = {PASSED: "✓", FAILED: "✗", NOT_ASKED: "?", CONVENTION: "≈", NOT_APPLICABLE: "–"}
CLASSES = {FAILED: "failed", NOT_ASKED: "unasked"}
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8886; }
dl { display: grid; grid-template-columns: 5rem 1fr; margin: .4rem 0; } dt { font-weight: 600; } dd { margin: 0; }
.failed { border-left: .35rem solid #D55E00; } .unasked { border-left: .35rem dashed #E69F00; }
code { overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; } thead { position: absolute; left: -100vw; }
  table, tbody, tr, th, td { display: block; } tr { padding: .6rem 0 .6rem .5rem; border-bottom: 1px solid #8886; }
  th, td { padding: .1rem 0; border: 0; overflow-wrap: anywhere; } dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; }
}
@media print { body { max-width: none; } }
"""


@dataclass(frozen=True)
class Report:
    """All findings on one subject."""

    subject: Subject
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed, all could be asked, and something was looked at."""
        verdicts = {finding.verdict for finding in self.findings}
        return not {FAILED, NOT_ASKED} & verdicts and bool({PASSED, CONVENTION} & verdicts)

    def of(self, verdict: str) -> tuple[Finding, ...]:
        """Return the findings of one verdict."""
        return tuple(finding for finding in self.findings if finding.verdict == verdict)

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.subject.name} {self.subject.version}".strip()

    @property
    def counts(self) -> str:
        """How many facts about the parts that are there have each verdict, in words.

        What could not be asked is said only if there is some.
        """
        there = self.subject.parts()
        counts = Counter(finding.verdict for finding in self.findings if finding.fact.part in there)
        return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name] or name != NOT_ASKED)

    def __str__(self) -> str:
        """Return the text: a report that is printed is read."""
        return self.text()

    def text(self) -> str:
        """Return the report as lines for a terminal."""
        lines = [f"{self.title}: {self.counts}", ""]
        if self.subject.notes:
            lines += [_wrapped(f"    {self.subject.notes}", "    "), ""]
        for verdict in (FAILED, NOT_ASKED):
            lines += [line for finding in self.of(verdict) for line in (self._said_once(finding), "")]
        if different := self.of(CONVENTION):
            lines += ["By convention different (not wrong; know it when you compare numbers or carry settings over)"]
            lines += [_wrapped(f"    {named(finding)}: {finding.text}", "        ") for finding in different] + [""]
        if passed := self.of(PASSED):
            lines += ["Passed", *_by_part(passed), ""]
        unasked, unnamed = self._not_applicable()
        if unasked:
            lines += ["Not applicable"]
            lines += [_wrapped(f"    {named(finding)}: {finding.text}", "        ") for finding in unasked] + [""]
        if unnamed:
            lines += [_wrapped(f"Not looked at, since no function was named: {', '.join(unnamed)}", "    ")]
        return "\n".join(lines).rstrip() + "\n"

    def _said_once(self, finding: Finding) -> str:
        """Return what is wrong, or that it has been said of another fact of this part."""
        first = next(each for each in self.of(finding.verdict) if _same(each, finding))
        return failure(finding) if first is finding else f"{_head(finding)}. As above: {named(first)}"

    def _not_applicable(self) -> tuple[list[Finding], list[str]]:
        """Return what could not be asked of a part that is there, and the parts that are not."""
        there = self.subject.parts()
        found = self.of(NOT_APPLICABLE)
        unnamed = dict.fromkeys(finding.fact.part for finding in found if finding.fact.part not in there)
        return [finding for finding in found if finding.fact.part in there], list(unnamed)

    def data(self) -> dict[str, Any]:
        """Return the report as plain data, in the order of the facts."""
        return {
            "subject": self.subject.name,
            "version": self.subject.version,
            "notes": self.subject.notes,
            "ok": self.ok,
            "findings": [_data(finding) for finding in self.findings],
        }

    def json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False) + "\n"

    def page(self) -> str:
        """Return the report as one HTML page that needs nothing else."""
        return page_of((self,))

    def section(self) -> str:
        """Return what a page says about this subject."""
        there = [finding for finding in self.findings if finding.fact.part in self.subject.parts()]
        there.sort(key=lambda finding: (finding.verdict != FAILED, finding.verdict != NOT_ASKED))
        rows = "\n".join(_page_row(finding) for finding in there)
        notes = f"<p>{html.escape(self.subject.notes)}</p>\n" if self.subject.notes else ""
        unnamed = ", ".join(self._not_applicable()[1])
        left = f"<p>Not looked at, since no function was named: {html.escape(unnamed)}</p>\n" if unnamed else ""
        return (
            f"<h1>{html.escape(self.title)}</h1>\n<p>{html.escape(self.counts)}</p>\n{notes}<table>\n"
            "<thead><tr><th scope='col'>Part and fact</th><th scope='col'>Verdict</th>"
            f"<th scope='col'>Finding</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n{left}"
        )


def page_of(reports: Sequence[Report]) -> str:
    """Return reports as one HTML page that needs nothing else."""
    title = html.escape(f"{', '.join(report.title for report in reports)}: examined by ppo_lessons.doctor")
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body><main>\n{''.join(report.section() for report in reports)}"
        "</main></body>\n</html>\n"
    )


def named(finding: Finding) -> str:
    """Return part and fact: "advantages: truncation"."""
    return f"{finding.fact.part}: {finding.fact.name}"


def _head(finding: Finding) -> str:
    return f"{finding.verdict.upper()}  {named(finding)}"


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings are of the same part and have the same cause: one error, or one note that explains all."""
    if one is other or one.fact.part != other.fact.part:
        return one is other
    return one.got == other.got if one.verdict == NOT_ASKED else one.of_all and one.text == other.text


def failure(finding: Finding) -> str:
    """Return what is wrong: the fact, the smallest input, what came, what is right, why, and where it is taught."""
    head = _wrapped(f"{_head(finding)}. {finding.fact.says}", "        ")
    return "\n".join([head, *(_wrapped(f"    {name:<7} {value}", " " * 12) for name, value in _rows(finding))])


def _rows(finding: Finding) -> list[tuple[str, str]]:
    fact = finding.fact
    rows = [("given", finding.given), ("got", finding.got), ("right", finding.right), ("note", finding.text)]
    if finding.verdict == NOT_ASKED:
        return [(name, value) for name, value in rows if value]
    rows += [("why", fact.because), ("lesson", f"notebooks/{fact.lesson}.ipynb")]
    return [(name, value) for name, value in rows if value]


def _wrapped(text: str, indent: str) -> str:
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, initial_indent="", break_long_words=False) or lead


def _by_part(findings: tuple[Finding, ...]) -> list[str]:
    groups = groupby(findings, key=lambda finding: finding.fact.part)
    return [
        _wrapped(f"    {part}: {', '.join(finding.fact.name for finding in group)}", "        ")
        for part, group in groups
    ]


def _data(finding: Finding) -> dict[str, str]:
    fact = finding.fact
    return {
        "part": fact.part,
        "fact": fact.name,
        "says": fact.says,
        "verdict": finding.verdict,
        "given": finding.given,
        "got": finding.got,
        "right": finding.right,
        "text": finding.text,
        "because": fact.because,
        "lesson": fact.lesson,
    }


def _page_row(finding: Finding) -> str:
    fact, verdict = finding.fact, finding.verdict
    said = html.escape(fact.says)
    if verdict in CLASSES:
        pairs = "".join(f"<dt>{name}</dt><dd><code>{html.escape(value)}</code></dd>" for name, value in _rows(finding))
        said += f"<dl>{pairs}</dl>"
    elif finding.text:
        said += f" <em>{html.escape(finding.text)}</em>"
    kind = f' class="{CLASSES[verdict]}"' if verdict in CLASSES else ""
    name = html.escape(named(finding))
    return f"<tr{kind}><th scope='row'>{name}</th><td>{MARKS[verdict]}&nbsp;{verdict}</td><td>{said}</td></tr>"
