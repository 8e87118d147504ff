"""The page for a class: what it says, and that it can be read everywhere."""

import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import sync_playwright

from benchmarks.browser import CHROMIUM, FLAGS
from ppo_lessons.lessons import desk
from ppo_lessons.teaching.outcomes import BLANK, MISSING, MISTAKE, RIGHT, SYNTAX, TAMPERED, UNKNOWN, UNREADABLE
from ppo_lessons.teaching.results.class_page import class_page
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.next_to_explain import shared_mistakes
from tests.browser.jupyter_lab import needs_chromium
from tests.teaching.made_up_class import ABSENT, COPIED, LESSONS, NASTY, Note, graded, made_up_class
from tests.teaching.page_reader import PageReader

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FOUND = """async () => (await axe.run({resultTypes: ['violations']})).violations
    .map(found => `${found.id}: ${found.nodes[0].html}`)"""
CLASS = made_up_class()
PAGE = class_page(CLASS, "../notebooks")
READ = PageReader(PAGE)
MAX = desk.find("8.1").mistakes[0]


def page_of(*rows, **more):
    return class_page(ClassResult(graded=rows, **more))


def said(page):
    return " ".join(PageReader(page).text.split())


def test_it_begins_with_the_next_thing_to_explain():
    rows = [graded(f"{i:02}", "8.1", name="clipped_surrogate_loss") for i in range(19)]
    rows += [graded(f"{i:02}", "8.1", MISTAKE, name="clipped_surrogate_loss", mistake=MAX.name) for i in range(19, 30)]
    text = said(class_page(ClassResult(graded=rows), "../notebooks"))
    begin = text.index("The next thing to explain")
    assert text[begin:].startswith(
        f"The next thing to explain 11 of 30: {MAX.name} "
        "Exercise 8.1 clipped_surrogate_loss in lesson 08_clipping.ipynb "
        f"What the course says to them: {MAX.advice}"
    )
    assert begin < text.index("Everybody at a glance") and begin < 120


def test_then_come_the_next_most_frequent():
    topics = shared_mistakes(CLASS)[:5]
    places = [READ.text.index(topic.mistake) for topic in topics]
    assert places == sorted(places) and READ.text.index("Then") < places[1] < READ.text.index("Everybody")


def test_where_no_name_is_known_and_what_was_left_blank():
    rows = [graded(s, n, o) for s in "abc" for n, o in (("7.1", RIGHT), ("7.2", UNKNOWN), ("7.3", BLANK))]
    text = said(page_of(*rows))
    assert "No answer shows a mistake that has a name." in text
    assert "Most often wrong in a way that no check can name: 7.2 f, 3 of 3." in text
    assert "Left blank by many who began the lesson: 7.3 f, 3 of 3." in text


def test_all_is_well():
    text = said(page_of(graded("Ada", "7.2")))
    assert "1 student; 1 exercise." in text and "No answer shows a mistake" in text
    assert "Most often wrong" not in text and "Files that" not in text and "no answer needs" not in text


def test_every_exercise_has_its_histograms():
    for exercise in CLASS.exercises:
        section = PAGE[PAGE.index(f'id="exercise-{exercise.replace(".", "-")}"') :].split("</section>")[0]
        graded_here = CLASS.of_exercise(exercise)
        for outcome, count in Counter(each.outcome for each in graded_here).items():
            assert f'<th scope="row">{outcome}</th><td class="count">{count} of 30</td>' in section
        text = PageReader(f"<section {section}</section>").text
        for mistake in {each.mistake for each in graded_here if each.mistake}:
            assert mistake in text


def test_who_made_a_mistake_and_what_has_no_name_can_be_unfolded():
    rows = [
        graded("Ada", "8.1", MISTAKE, mistake=MAX.name, source="a"),
        graded("Ben", "8.1", SYNTAX, source="b = ="),
        graded("Cem", "8.1", RIGHT, source="c"),
        graded("Dia", "8.1", UNKNOWN, source=NASTY, text=NASTY),
    ]
    page = page_of(*rows)
    folded = [said(f"<details>{each}") for each in re.findall(r"<details>(.*?</details>)", page, re.DOTALL)]
    assert folded == [
        "whoAda",
        f"answers without a name (2) S Ben: invalid syntax in line 3. b = = ? Dia: {NASTY} {NASTY}",
    ]


def test_who_has_not_begun_stands_with_each_lesson():
    rows = [graded(s, "7.2", o) for s, o in zip("ABCDE", (RIGHT, BLANK, MISSING, UNREADABLE, BLANK), strict=True)]
    text = said(page_of(*rows, not_handed_in=["Zoë"]))
    assert "1 handed in nothing: Zoë." in text
    assert "Handed in nothing of it: C; Zoë." in text and "Handed it in, all blank: B; E." in text
    assert "Not known, as a file could not be read: D." in text


def test_what_should_be_looked_at_by_a_person():
    assert f"Did what no answer needs {NASTY}, 7.2 importance_ratios: it tried to open" in " ".join(READ.text.split())
    assert "Gus Fox/08_clipping (2).ipynb: It is no notebook" in READ.text and "2 files could not be read" in READ.text
    assert "could not be read" not in said(page_of(graded("a", "7.2")))
    assert "1 file could not be read" in said(page_of(graded("a", "7.2"), not_read=[Note("a", "b", "c")]))
    assert "Did what no answer needs" in said(page_of(graded("a", "7.2", TAMPERED)))


def test_answers_that_are_the_same_are_listed_last():
    assert READ.text.index("suspiciously the same") > READ.text.index("Lesson 15")
    assert (
        READ.text.count("Smith, Tom; Vogel, Xenia: the same but for names of variables in") == 1 and COPIED in READ.text
    )


def test_every_word_of_a_student_is_text():
    assert {"script", "img", "iframe", "link"}.isdisjoint(READ.tags) and "<script" not in PAGE
    assert not [name for _, attributes in READ.attributes for name in attributes if name.startswith("on")]
    assert READ.text.count(NASTY) > 6 and any(NASTY in title for title in READ.of("title"))


def test_links_lead_somewhere():
    places = READ.of("id")
    assert len(set(places)) == len(places)
    inside = {link[1:] for link in READ.of("href") if link.startswith("#")}
    outside = {link for link in READ.of("href") if not link.startswith("#")}
    assert inside <= set(places) and outside == {f"../notebooks/{name}" for name in (
        "07_ratios.ipynb", "08_clipping.ipynb", "11_full_update.ipynb", "15_team_critic.ipynb")}  # fmt: skip
    assert ".ipynb" not in "".join(PageReader(class_page(CLASS)).of("href"))


def test_the_same_class_is_the_same_page():
    graded_ones = list(CLASS.graded)
    random.Random(0).shuffle(graded_ones)
    mixed = ClassResult(graded=graded_ones, not_read=CLASS.not_read[::-1], not_handed_in=ABSENT[::-1])
    assert class_page(mixed, "../notebooks") == PAGE


@pytest.mark.slow
def test_another_process_makes_the_same_page():
    """Whatever order its sets have."""
    code = (
        "import hashlib; from ppo_lessons.teaching.results.class_page import class_page;"
        "from tests.teaching.made_up_class import made_up_class;"
        "page = class_page(made_up_class(), '../notebooks').encode(); print(hashlib.sha256(page).hexdigest())"
    )
    wanted = hashlib.sha256(PAGE.encode()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.stdout.strip(), done.returncode) == (wanted, 0), done.stderr


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1024, 390])
def test_it_fits_the_window_and_axe_finds_nothing(browser, tmp_path, width, scheme):
    (tmp_path / "class.html").write_text(PAGE, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
    page = context.new_page()
    page.goto((tmp_path / "class.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".next").bounding_box()["y"] < 300, "what to explain next is seen without scrolling"
    assert min(box["width"] for who in page.locator(".heat .who").all()[:9] if (box := who.bounding_box())) > 90
    page.evaluate(AXE)
    assert page.evaluate(FOUND) == []
    context.close()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("lessons", [LESSONS, [str(i) for i in range(1, 17)]], ids=["some", "all"])
def test_on_paper_no_table_is_cut(browser, tmp_path, lessons):
    (tmp_path / "class.html").write_text(class_page(made_up_class(lessons)), encoding="utf-8")
    context = browser.new_context(viewport={"width": 703, "height": 1000}, color_scheme="dark")  # A4 without margins
    page = context.new_page()
    page.goto((tmp_path / "class.html").as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 703
    assert page.locator(".heat").bounding_box()["width"] <= 703
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cells = "[...document.querySelectorAll('.heat td')].filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
    assert page.evaluate(cells) == 0, "every sign has room"
    assert page.pdf().count(b"/Type /Page\n") > len(lessons), "each lesson begins on a page of its own"
    context.close()
