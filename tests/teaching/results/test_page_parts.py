"""Parts of the pages."""

from ppo_lessons.teaching.outcomes import OUTCOMES, RIGHT, UNKNOWN
from ppo_lessons.teaching.results.page_parts import (
    LONGEST,
    SIGNS,
    anchor,
    bar,
    bars,
    code,
    document,
    lesson_link,
    lesson_title,
    names,
    sign,
)
from ppo_lessons.teaching.results.page_style import STYLE
from tests.teaching.made_up_class import NASTY
from tests.teaching.page_reader import PageReader


def test_every_outcome_has_a_sign_of_its_own():
    assert tuple(SIGNS) == OUTCOMES and len({text for text, _ in SIGNS.values()}) == len(OUTCOMES)
    assert all(f".{kind} " in STYLE for _, kind in SIGNS.values() if kind != "nothing")
    assert PageReader(sign(UNKNOWN)).text == "?" and "odd" in sign(UNKNOWN) and 'aria-hidden="true"' in sign(RIGHT)


def test_a_document_needs_nothing_else():
    page = document(NASTY, "<p>x</p>")
    read = PageReader(page)
    assert page.startswith("<!doctype html>\n") and read.tags.count("html") == 1 and read.text.count(NASTY) == 1
    assert not {"script", "link", "img"} & set(read.tags) and "http" not in page and 'lang="en"' in page
    assert 'name="viewport"' in page and 'charset="utf-8"' in page


def test_lessons():
    assert lesson_title("02") == "Lesson 02: shared buffer" and lesson_title("99") == "Lesson 99"
    assert lesson_link("07", "../notebooks/") == '<a href="../notebooks/07_ratios.ipynb">07_ratios.ipynb</a>'
    assert lesson_link("07", "") == "<code>07_ratios.ipynb</code>", "a link that leads nowhere is none"
    assert PageReader(lesson_link("07", NASTY)).tags == ["a"]
    assert anchor("2.10") == "exercise-2-10"


def test_a_bar_is_as_long_as_its_share():
    assert "width:36.7%" in bar(11, 30) and "width:100.0%" in bar(3, 3) and bar(0, 30) == "" and "width:0%" in bar(1, 0)


def test_a_histogram_has_its_numbers_in_words():
    read = PageReader(bars(NASTY, [("<b>s</b>", "<i>right</i>", 2), ("", "wrong", 1)], 3, "mistakes"))
    assert read.text.split() == [*NASTY.split(), "sright2", "of", "3", "wrong1", "of", "3"]
    assert read.tags.count("tr") == read.tags.count("th") == 2 and read.tags.count("td") == 5
    assert ("table", {"class": "bars mistakes"}) in read.attributes


def test_names_and_code_are_text():
    read = PageReader(names([NASTY, "Ada"]) + code(NASTY))
    assert read.tags == ["bdi", "bdi", "pre", "code"] and read.text.startswith(f"{NASTY}; Ada{NASTY}")


def test_code_has_an_end():
    assert code("x\n  y").startswith("<pre><code>x\n  y</code></pre>")
    assert PageReader(code("x" * LONGEST)).text.strip() == "x" * LONGEST
    assert PageReader(code("x" * (LONGEST + 1234))).text.strip() == "x" * LONGEST + "\n… and 1,234 characters more"
