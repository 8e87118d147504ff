"""A report as text, as data and as a page."""

import json
import re
from html.parser import HTMLParser

import pytest
import torch

from ppo_lessons.doctor.examination import FACTS, examine
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, NOT_ASKED, PASSED, Finding
from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.report import WIDTH, Report, failure, page_of
from ppo_lessons.doctor.subject import Subject

NASTY = "<script>alert('x')</script> & \"so on\""


def named_so(name="somebody's", **more):
    return Subject(
        name=name,
        ratios=part(lambda new, old: (old - new).exp(), "new_log_probs old_log_probs"),
        value_loss=part(lambda v, r: (v - r).square().mean() / 2, "values returns"),
        **more,
    )


REPORT = examine(named_so(version="1.2"))


def of_verdicts(*verdicts):
    findings = tuple(Finding(fact=fact, verdict=verdict) for fact, verdict in zip(FACTS, verdicts, strict=False))
    return Report(subject=Subject(name="x"), findings=findings)


@pytest.mark.parametrize(
    ("verdicts", "ok"),
    [
        ((PASSED, PASSED), True),
        ((PASSED, CONVENTION, NOT_APPLICABLE), True),
        ((CONVENTION, NOT_APPLICABLE), True),
        ((PASSED, FAILED), False),
        ((PASSED, NOT_ASKED), False),
        ((NOT_APPLICABLE,), False),
        ((), False),
    ],
)
def test_it_is_well_if_nothing_failed_and_something_was_looked_at(verdicts, ok):
    assert of_verdicts(*verdicts).ok is ok


def test_counts_and_title():
    assert REPORT.title == "somebody's 1.2"
    assert len(REPORT.of(PASSED)) == 2 and len(REPORT.of(FAILED)) == 2 and len(REPORT.of(CONVENTION)) == 1
    assert REPORT.counts == "2 passed, 2 failed, 1 by convention different, 1 not applicable"  # of its parts
    assert Report(subject=Subject(name="x"), findings=()).title == "x"


def test_the_text_says_what_is_wrong_first():
    text = REPORT.text()
    assert text.startswith("somebody's 1.2: 2 passed, 2 failed")
    assert text.index("FAILED  ratios: direction. A ratio is new over old.") < text.index("By convention different")
    assert "    given   new_log_probs [-0.69315, -1.3863], old_log_probs [-1.3863, -0.69315]\n" in text
    assert "    got     ratios [0.5, 2]\n    right   [2, 0.5]\n    note    It is upside down.\n" in text
    assert "    lesson  notebooks/07_ratios.ipynb\n" in text
    assert "Passed\n    ratios: first ratio\n    value_loss: gradient\n" in text
    assert "Not applicable\n    value_loss: clip: It does not take value_clip and old_values.\n" in text
    assert "Not looked at, since no function was named: advantages, normalise" in text
    assert max(map(len, text.splitlines())) <= WIDTH and text.endswith("\n") and not text.endswith("\n\n")


def test_what_there_is_not_has_no_heading():
    text = examine(
        Subject(name="x", total_loss=part(lambda a, v, e: a + v - e, "actor_loss value_loss entropy"))
    ).text()
    assert "FAILED" not in text and "By convention" not in text and "Not applicable" not in text


def test_notes_of_the_subject_are_read_everywhere():
    report = examine(named_so(notes="Restated; the clip is switched off."))
    assert "\n    Restated; the clip is switched off.\n" in report.text()
    assert "<p>Restated; the clip is switched off.</p>" in report.page()
    assert report.data()["notes"] == "Restated; the clip is switched off."


def test_one_error_is_told_once():
    def raises(*given):
        raise RuntimeError("no such thing")

    text = examine(Subject(name="x", advantages=part(raises, "rewards values"))).text()
    assert text.count("RuntimeError: no such thing") == 1
    assert "COULD NOT BE ASKED  advantages: definition. As above: advantages: one step\n" in text
    assert (
        text.count("COULD NOT BE ASKED  advantages") == len([fact for fact in FACTS if fact.part == "advantages"]) - 4
    )


def test_what_could_not_be_asked_is_told_everywhere():
    def raises(*given):
        raise RuntimeError("no such thing")

    report = examine(named_so(kl=part(raises, "ratios")))
    assert ", 2 failed, 3 could not be asked, " in report.counts and not report.ok
    text = report.text()
    assert text.index("FAILED  ratios: direction") < text.index("COULD NOT BE ASKED  kl: the same policy.")
    assert "why" not in text[text.index("COULD NOT") : text.index("By convention")]
    assert [each["verdict"] for each in report.data()["findings"] if each["part"] == "kl"] == [NOT_ASKED] * 3
    page = report.page()
    assert page.count('<tr class="unasked">') == 3 and page.count("?&nbsp;could not be asked") == 3
    assert page.count("RuntimeError: no such thing") == 3


def test_the_page_begins_with_what_failed():
    kinds = re.findall(r"&nbsp;([a-z ]+)</td>", examine(named_so(kl=part(lambda r: {}, "ratios"))).page())
    assert kinds[:5] == ["failed"] * 2 + ["could not be asked"] * 3 and "failed" not in kinds[5:]


def test_the_page_is_read_on_a_phone():
    """Below 40rem terms stand over what they say, and cells under each other."""
    narrow = REPORT.page().split("@media (max-width: 40rem) {")[1].split("@media print")[0]
    assert "dl { grid-template-columns: 1fr; }" in narrow and "table, tbody, tr, th, td { display: block; }" in narrow
    assert "overflow-wrap: anywhere" in narrow and 'name="viewport"' in REPORT.page()


def test_a_printed_report_is_its_text():
    assert str(REPORT) == REPORT.text()


def test_one_cause_of_all_failures_is_told_once():
    def normalised(rewards, values, last_values, gamma, gae_lambda):
        found, following, value = torch.zeros_like(rewards), 0.0, last_values
        for t in reversed(range(len(rewards))):
            following = rewards[t] + gamma * value - values[t] + gamma * gae_lambda * following
            found[t], value = following, values[t]
        return (found - found.mean()) / (found.std() + 1e-8)

    text = examine(Subject(name="x", advantages=part(normalised))).text()
    assert text.count("They are normalised already") == 1
    assert text.index("FAILED  advantages: one step. The last") < text.index("They are normalised already")
    assert text.index("They are normalised already") < text.index("FAILED  advantages: definition. As above")
    assert text.count("FAILED  advantages") == text.count("As above: advantages: one step") + 1 >= 5


def test_equal_numbers_of_different_facts_are_told_each():
    text = examine(Subject(name="x", ratios=part(lambda new, old: new - new, "new_log_probs old_log_probs"))).text()
    assert "As above" not in text


def test_the_data_is_plain():
    data = json.loads(REPORT.json())
    assert data == REPORT.data()
    assert (data["subject"], data["version"], data["ok"]) == ("somebody's", "1.2", False)
    assert [(each["part"], each["fact"]) for each in data["findings"]] == [(fact.part, fact.name) for fact in FACTS]
    (wrong,) = [each for each in data["findings"] if each["fact"] == "direction"]
    assert set(wrong) == {
        "part", "fact", "says", "verdict", "given", "got", "right", "text", "because", "lesson",
    }  # fmt: skip
    assert wrong["verdict"] == "failed" and wrong["got"] == "ratios [0.5, 2]"


class Reader(HTMLParser):
    """Reads a page, and minds that every tag is closed."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.tags = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, words):
        self.words.append(words)

    @property
    def text(self):
        return "".join(self.words)


def test_the_page_is_well_formed_and_needs_nothing_else():
    page = REPORT.page()
    read = Reader(page)
    assert page.startswith("<!doctype html>\n") and read.tags.count("html") == read.tags.count("h1") == 1
    assert "http" not in page and not {"script", "link", "img"} & set(read.tags)
    assert "ratios: direction" in read.text and "ratios [0.5, 2]" in read.text and "2 failed" in read.text
    assert read.tags.count("tr") == 1 + sum(
        finding.fact.part in ("ratios", "value_loss") for finding in REPORT.findings
    )
    assert "Not looked at" in read.text


def test_what_somebody_wrote_is_text_on_the_page():
    def raises(*given):
        raise RuntimeError(NASTY)

    report = examine(Subject(name=NASTY, version=NASTY, notes=NASTY, kl=part(raises, "ratios")))
    read = Reader(report.page())
    assert "script" not in read.tags
    assert read.text.count(NASTY) >= 4
    assert json.loads(report.json())["subject"] == NASTY


def test_several_reports_are_one_page():
    read = Reader(page_of([REPORT, examine(named_so("another's"))]))
    assert read.tags.count("html") == 1 and read.tags.count("h1") == 2
    assert "somebody's 1.2, another's: examined by ppo_lessons.doctor" in read.text


def test_a_failure_alone_is_what_a_test_says():
    (wrong, _) = REPORT.of(FAILED)
    lines = failure(wrong).splitlines()
    assert lines[0] == "FAILED  ratios: direction. A ratio is new over old."
    assert [line.split()[0] for line in lines[1:]][:4] == ["given", "got", "right", "note"]


def test_long_numbers_without_a_space_are_not_lost():
    finding = Finding(fact=FACTS[0], verdict=FAILED, given="x" * 300, got=" ", right=str(torch.tensor(1)))
    assert "x" * 300 in failure(finding)
