"""The page for teachers: what is generated is what lessons and exercises say, and what is written by hand is whole."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.publishing.build import NOTEBOOKS, SOURCE, lessons, read_lesson
from ppo_lessons.publishing.pages import filled
from ppo_lessons.publishing.teaching_page import COURSES, SHOWN, about, needed_lessons, needs_of, teaching_parts

PAGE = NOTEBOOKS.parent / "docs" / "teaching.md"
NUMBERS = [name[:2] for name in lessons()]
WITH_SECTION = re.findall(
    r"^### (\d\d) ", PAGE.read_text(encoding="utf-8").split("<!-- lessons without")[0], re.MULTILINE
)
PLANNED = [number for number in WITH_SECTION if number != "00"]
STEP = re.compile(r"^- \*\*(?P<minutes>\d+) min\*\* (?P<what>\S.+)$", flags=re.MULTILINE)
QUESTION = re.compile(r"^\d\. .+\? \*[^*]+\.\*$", flags=re.MULTILINE)
LEFT_OUT = re.compile(r"^- \*\*(\d\d)\*\*(?:, \*\*(\d\d)\*\*)*: \S.+$", flags=re.MULTILINE)


@cache
def parts() -> dict[str, str]:
    """Return all generated parts, made once."""
    return teaching_parts()


def exercises_of(number: str) -> str:
    """Return the generated part that holds an exercise: "8.1"."""
    return parts().get(f"exercises {number.split('.')[0].zfill(2)}", parts()["lessons without a plan"])


def section(number: str) -> str:
    """Return what the page says of a lesson, under its heading."""
    (found,) = re.findall(rf"^### {number} .+?(?=^##)", page(), flags=re.MULTILINE | re.DOTALL)
    return found


def page() -> str:
    """Return the page as it stands."""
    return PAGE.read_text(encoding="utf-8")


def source_of(number: str) -> str:
    """Return the text of a lesson, without the marks of comments, on one line."""
    (path,) = SOURCE.glob(f"{number}_*.py")
    return " ".join(re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).split())


def test_every_lesson_has_its_parts_and_each_has_one_place_in_the_page():
    assert parts().keys() >= {f"{what} {number}" for what in ("lesson", "exercises") for number in WITH_SECTION}
    assert filled(PAGE, parts())


def test_all_lessons_up_to_the_case_files_have_a_section_and_others_are_told_without_a_plan():
    assert WITH_SECTION[:18] == [f"{number:02}" for number in range(18)]
    without = re.findall(r"^### (\d\d) ", parts()["lessons without a plan"], flags=re.MULTILINE)
    assert [*WITH_SECTION, *without] == NUMBERS


def test_a_lesson_without_a_plan_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "teaching.md").write_text(page().replace("<!-- lesson 08 -->", ""), encoding="utf-8")
    monkeypatch.setattr("ppo_lessons.publishing.teaching_page.PAGE", tmp_path / "teaching.md")
    told = teaching_parts()
    assert "lesson 08" not in told and "exercises 08" not in told
    assert told["lessons without a plan"].startswith("### 08 clipping\n\n**55 minutes")
    assert "| 8.3 `still_pushed` | 3 | 7 |" in told["lessons without a plan"]


@pytest.mark.parametrize("number", WITH_SECTION)
def test_goals_minutes_and_place_to_stop_are_those_of_the_head(number: str):
    source, said = source_of(number), parts()[f"lesson {number}"]
    head = source[source.index(" # ") : source.index(" # %%" if " # %%" in source else " %% ")]
    minutes = re.search(r"\*\*\d+ minutes(?: \(a place to stop after \d+\))?", head)
    assert minutes and said.startswith(f"{minutes[0]}.**")
    goals = head[head.index("Afterwards you can: ") :].strip()
    assert goals in said.replace("](../notebooks/", "](")


def test_links_of_a_head_lead_on_from_the_pages():
    text = "**5 minutes.** You need: [02](02_b.ipynb), [a word](../docs/a.md#b).\n\nAfterwards you can: see,\nand say."
    cells = [nbformat.v4.new_markdown_cell(text)]
    needs = "You need: [02](../notebooks/02_b.ipynb), [a word](a.md#b)."
    assert about(cells) == f"**5 minutes.** {needs} Afterwards you can: see, and say."


def test_a_head_may_say_neither_needs_nor_goals():
    cells = [nbformat.v4.new_markdown_cell("# 1. Something")]
    assert (needs_of(cells), needed_lessons(cells), about(cells)) == ("", (), "**5 minutes.**")
    cells[0].source = "You need: [07](07_a.ipynb)."
    assert needed_lessons(cells) == ("07",)


def test_every_exercise_stands_in_its_lesson_with_points_and_minutes():
    for exercise in EXERCISES:
        row = f"| {exercise.number} `{exercise.name}` | {exercise.difficulty} | {exercise.minutes} |"
        assert row in exercises_of(exercise.number)
    for paper in PAPERS:
        source = source_of(paper.number.split(".")[0].zfill(2))
        minutes = re.search(rf"Exercise {re.escape(paper.number)}, on paper \((\d+) minutes\)", source)
        assert minutes and f"| {paper.number} on paper | 1 | {minutes[1]} |" in exercises_of(paper.number)
    rows = re.findall(r"^\| \d+\.\d+ ", "\n".join(parts().values()), flags=re.MULTILINE)
    assert len(rows) == len(EXERCISES) + len(PAPERS)


def test_the_first_mistakes_of_each_exercise_are_there_with_their_advice_and_no_others():
    for exercise in EXERCISES:
        part = exercises_of(exercise.number).replace("\\", "")
        (line,) = re.findall(rf"^- {re.escape(exercise.number)}, .+$", part, flags=re.MULTILINE)
        told = [f'"{mistake.name}": {mistake.advice}' for mistake in exercise.mistakes]
        assert line == f"- {exercise.number}, {' '.join(told[:SHOWN])}"


def test_on_paper_no_right_answer_is_told():
    for paper in PAPERS:
        pattern = rf"^- {re.escape(paper.number)}, (.+)$"
        (line,) = re.findall(pattern, exercises_of(paper.number), flags=re.MULTILINE)
        assert f'"{paper.right}"' not in line
        assert not paper.choices or not any(choice in line for choice in paper.choices)


def test_points_and_minutes_of_a_course_add_up():
    for title, numbers in COURSES.items():
        table = parts()[f"course {title}"]
        rows = re.findall(r"^\| \[(\d\d) .+?\]\(.+?\) \| (\d+) \| (\d*) \|", table, flags=re.MULTILINE)
        assert [row[0] for row in rows] == list(numbers)
        heads = [re.search(r"\*\*(\d+) minutes", source_of(number)) for number in numbers]
        assert [int(row[1]) for row in rows] == [int(head[1]) for head in heads if head]
        points = sum(e.difficulty for e in EXERCISES if e.number.split(".")[0].zfill(2) in numbers)
        points += sum(paper.number.split(".")[0].zfill(2) in numbers for paper in PAPERS)
        minutes = sum(int(row[1]) for row in rows)
        assert f"| **together** | **{minutes}** | **{points}** | |" in table


def test_what_a_lesson_needs_comes_before_it_or_its_loss_is_said():
    for title, numbers in COURSES.items():
        (told,) = re.findall(rf"<!-- course {title} -->.+?(?=^##)", page(), flags=re.MULTILINE | re.DOTALL)
        said = {number for match in LEFT_OUT.finditer(told) for number in re.findall(r"\*\*(\d\d)\*\*", match[0])}
        skipped = {number for number in NUMBERS if number < max(numbers)} - set(numbers)
        assert said == skipped
        for place, number in enumerate(numbers):
            (name,) = [name for name in lessons() if name[:2] == number]
            missing = set(needed_lessons(read_lesson(name).cells)) - set(numbers[:place])
            assert missing <= said
            assert all(f"{each} (left out)" in told for each in missing)


def test_needs_are_read_without_what_would_only_be_better():
    assert needed_lessons(read_lesson("13_coefficient_lab").cells) == ("08", "09", "10")
    assert needed_lessons(read_lesson("15_team_critic").cells) == ("09", "12")


@pytest.mark.parametrize("number", PLANNED)
def test_every_lesson_has_a_plan_of_fifty_minutes(number: str):
    minutes = [int(step["minutes"]) for step in STEP.finditer(section(number))]
    assert 5 <= len(minutes) <= 7
    assert sum(minutes) == 50


@pytest.mark.parametrize("number", PLANNED)
def test_every_lesson_has_three_or_four_questions_with_their_answers(number: str):
    asked = section(number).split("**Questions**\n\n")[1].split("\n\n")[0].splitlines()
    assert len(asked) in (3, 4)
    assert all(QUESTION.match(line) for line in asked)
    assert "**When time is short:**" in section(number)


@pytest.mark.parametrize("number", PLANNED)
def test_plans_name_what_is_in_the_lesson(number: str):
    (path,) = SOURCE.glob(f"{number}_*.py")
    folder = Path(NOTEBOOKS.parent, "ppo_lessons", "lessons", path.stem[3:])
    code = " ".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.py")))
    there = f"{source_of(number)} {code}"
    steps = " ".join(step["what"] for step in STEP.finditer(section(number)))
    named = re.findall(r"`([^`]+)`", steps) + re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", re.sub(r"`[^`]+`", "", steps))
    missing = [name for name in named if name.rstrip(".?!").casefold() not in there.casefold()]
    assert missing == []


def test_homework_and_class_name_exercises_of_the_lesson():
    for number in PLANNED:
        steps = " ".join(step["what"] for step in STEP.finditer(section(number)))
        asked = set(re.findall(rf"\b{int(number)}\.\d\b", steps))
        assert asked <= {task.number for task in (*EXERCISES, *PAPERS)}
        mine = {task.number for task in (*EXERCISES, *PAPERS) if task.number.split(".")[0] == str(int(number))}
        assert mine - asked == set(), f"lesson {number}: {mine - asked} is neither for class nor for home"
