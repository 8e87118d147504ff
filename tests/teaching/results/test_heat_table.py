"""The class at a glance."""

from collections import Counter

from ppo_lessons.teaching.outcomes import MISTAKE, OUTCOMES, RIGHT
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.heat_table import heat_table
from ppo_lessons.teaching.results.page_parts import SIGNS
from tests.teaching.made_up_class import NASTY, graded, made_up_class
from tests.teaching.page_reader import PageReader

CLASS = made_up_class()
PAGE = heat_table(CLASS)


def test_a_row_for_each_student_and_a_cell_for_each_exercise():
    read = PageReader(PAGE)
    assert read.tags.count("tr") == 2 + len(CLASS.students)
    assert read.tags.count("td") == len(CLASS.graded) + len(CLASS.students), "and the points"
    places = [PAGE.index(f"<bdi>{name}") for name in ("Abbot", "Ängström", "Baker", "Özil", "Zhou")]
    assert places == sorted(places)


def test_signs_say_it_without_colour_and_the_legend_says_them():
    counts = Counter(each.outcome for each in CLASS.graded)
    words = PageReader(PAGE).words
    for outcome in OUTCOMES:
        text, _ = SIGNS[outcome]
        assert f"{outcome} ({counts[outcome]})" in words
        assert words.count(text) == counts[outcome] + 1 and words.count(outcome) == counts[outcome], (
            "for who cannot see"
        )


def test_the_legend_holds_only_what_there_is():
    page = heat_table(ClassResult(graded=[graded("Ada", "7.2")]))
    assert "right (1)" in page and "blank" not in page


def test_the_head_leads_to_the_exercises():
    page = heat_table(ClassResult(graded=[graded("Ada", n) for n in ("2.10", "2.9", "10.1")]))
    assert PageReader(page).of("href") == ["#exercise-2-9", "#exercise-2-10", "#exercise-10-1"]
    assert [a for tag, a in PageReader(page).attributes if a.get("scope") == "colgroup"] == [
        {"scope": "colgroup", "colspan": "2", "class": "first"},
        {"scope": "colgroup", "colspan": "1", "class": "first"},
    ]
    assert page.count('class="right first"') == 2, "a line stands between two lessons"


def test_a_cell_says_whose_and_which_mistake():
    one = graded(NASTY, "15.5", MISTAKE, mistake="174", points=1, out_of=3)
    read = PageReader(heat_table(ClassResult(graded=[one, graded(NASTY, "15.6", RIGHT, out_of=2)])))
    assert read.of("title") == [f"{NASTY}, 15.5: named mistake, the answer “174”", f"{NASTY}, 15.6: right"]
    assert "points of 5" in read.words and "2" in read.words and "script" not in read.tags
