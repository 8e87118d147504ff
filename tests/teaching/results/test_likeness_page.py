"""What is said of answers that are the same."""

from ppo_lessons.teaching.results.likeness import PACKAGE, TEXT, Alike
from ppo_lessons.teaching.results.likeness_page import NO_PROOF, likeness_section
from ppo_lessons.teaching.results.together import Together
from tests.teaching.made_up_class import NASTY, graded
from tests.teaching.page_reader import PageReader


def group(number, *sources, kind=TEXT, reason="the same text in 14 lines"):
    rows = tuple(graded(f"{NASTY} {i}", number, name="gae", source=source) for i, source in enumerate(sources))
    return Alike(kind=kind, graded=rows, reason=reason)


def test_nothing_was_found():
    page = likeness_section((), ())
    assert "None were found." in page and NO_PROOF in page


def test_groups_stand_with_their_exercise_reason_and_answers():
    alike = (
        group("3.3", "a = 1", "a = 1"),
        group("3.3", "p", kind=PACKAGE, reason="as the package"),
        group("7.2", "x", "y"),
    )
    read = PageReader(likeness_section(alike, ()))
    assert read.tags.count("h3") == 2 and read.of("href") == ["#exercise-3-3", "#exercise-7-2"]
    assert read.text.count("the same text in 14 lines.") == 2 and read.text.count("as the package.") == 1
    assert read.tags.count("pre") == 4, "the same text is shown once"
    assert f"{NASTY} 0; {NASTY} 1" in read.text and "script" not in read.tags
    assert read.text.count(NO_PROOF) == 1 and "None were found" not in read.text


def test_pairs_come_with_what_is_usual():
    pair = Together(students=("Ada", NASTY), exercises=("7.1", "7.2", "8.1"), of=4, others=0.26)
    read = PageReader(likeness_section((), (pair,)))
    assert f"Ada; {NASTY}: the same but for names of variables in 3 of the 4 exercises" in read.text
    assert "(7.1, 7.2, 8.1). Two others of this class: in 0.3 of 4, on average." in read.text
