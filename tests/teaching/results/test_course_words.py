"""What the course says of its exercises."""

from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.publishing.build import NOTEBOOKS
from ppo_lessons.teaching.results.course_words import advice, lesson_file, lesson_name, mistake_words


def test_every_lesson_with_exercises_has_its_file():
    for each in (*EXERCISES, *PAPERS):
        assert (NOTEBOOKS / lesson_file(each.number.split(".")[0].zfill(2))).exists()
    assert lesson_file("07") == "07_ratios.ipynb" and lesson_name("02") == "shared buffer"


def test_what_there_is_not_has_words_all_the_same():
    assert (lesson_file("99"), lesson_name("99")) == ("lesson 99", "")
    assert advice("99.1", "x") == "" == advice("8.1", "of no table") == advice("15.5", "no such answer")


def test_every_mistake_of_the_tables_has_its_advice():
    for exercise in EXERCISES:
        assert all(advice(exercise.number, mistake.name) == mistake.advice for mistake in exercise.mistakes)
    for paper in PAPERS:
        assert all(advice(paper.number, str(wrong)) == told for wrong, told in paper.mistakes.items())


def test_on_paper_a_mistake_is_the_answer_that_was_given():
    assert mistake_words("15.5", "174") == "the answer “174”"
    assert mistake_words("8.1", "the larger of the two (max for min)") == "the larger of the two (max for min)"
