"""Every flowchart of the lessons has been drawn since it was written, and is told in words."""

import re

import pytest

from ppo_lessons.publishing.site.flowcharts import KEPT, drawing_of, drawn, flowcharts, in_words

CHART = 'flowchart TD\n    A["A. Play"] --> B{"B. Full?"}\n    B -- No --> A\n    B -- Yes --> C["C. Learn"]'


def test_every_flowchart_has_its_drawing_and_every_drawing_its_flowchart():
    assert {path.name for path in KEPT.iterdir()} == {drawing_of(text) for text in flowcharts()}


def test_a_drawing_says_what_the_text_says_and_loads_nothing():
    for text in flowcharts():
        svg = (KEPT / drawing_of(text)).read_text(encoding="utf-8")
        shown = re.sub(r"\s+", "", "".join(re.findall(r">([^<>]+)<", svg)))
        for label in re.findall(r'"([A-Z]\. [^"]*)"', text):
            assert label.replace(" ", "") in shown
        assert not re.findall(r'(?:href|src)="(?!#)', svg)
        assert "foreignObject" not in svg, "a picture in a page shows none"


def test_every_arrow_is_told():
    assert in_words(CHART) == ["A. Play, then B. Full?", "B. Full? No: A. Play", "B. Full? Yes: C. Learn"]
    for text in flowcharts():
        assert len(in_words(text)) == text.count(" -->")


def test_one_that_was_not_drawn_is_refused():
    with pytest.raises(FileNotFoundError, match="must be drawn before the site is built"):
        drawn(f"Text\n\n```mermaid\n{CHART}\n```\n", "drawings")


def test_in_a_page_it_is_a_picture_and_its_words():
    text = next(flowcharts())
    page = drawn(f"Before\n\n```mermaid\n{text}\n```\n\nAfter", "../drawings")
    assert "```" not in page
    assert f'src="../drawings/{drawing_of(text)}"' in page
    assert page.count("<li>") == len(in_words(text))
