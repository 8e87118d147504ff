"""The exams: answers written before anybody looked at the tables, with what the checks say to them.

`exam/*/replies.txt` holds a line for each answer, read by a person: what was found, and `misleading` in front where the
words would send somebody the wrong way. After a change of the checks `python -m tests.classroom.test_exam` writes the
files anew, and the difference is to be read.
"""

from pathlib import Path

import pytest

from ppo_lessons.classroom.checks import Verdict, diagnose
from ppo_lessons.lessons import desk
from tests.classroom.exam_answers import EXAMS, Answer, read_exam, written

ANSWERS = {which: {answer.key: answer for answer in read_exam(which)} for which in ("first", "second")}
NUMBERS = [exercise.number for exercise in desk.exercises]


def replies_file(which: str) -> Path:
    """Where the replies of an exam are kept."""
    return EXAMS / which / "replies.txt"


def found(answer: Answer) -> Verdict:
    """What the check says."""
    exercise = desk.find(answer.number)
    assert exercise is not None
    return diagnose(exercise, written(answer))


def reply(verdict: Verdict) -> str:
    """A verdict in a line, without numbers: the last digits are the processor's."""
    what = verdict.mistake or verdict.why.split(" Line ")[0]
    return f"{verdict.kind}: {what}" if what else verdict.kind


def read_replies(which: str) -> dict[str, str]:
    """Key of an answer -> what stands in the file."""
    lines = replies_file(which).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" => ", 1) for line in lines)


def replies_are_those_that_were_read(which: str, number: str, right: bool) -> None:
    kept = read_replies(which)
    for key, answer in ANSWERS[which].items():
        if answer.number == number and answer.is_right == right:
            assert reply(found(answer)) == kept[key].removeprefix("misleading "), key


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("which", ANSWERS)
def test_every_wrong_answer_gets_the_reply_that_was_read(which: str, number: str):
    replies_are_those_that_were_read(which, number, right=False)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("which", ANSWERS)
def test_every_right_answer_is_accepted(which: str, number: str):
    replies_are_those_that_were_read(which, number, right=True)


@pytest.mark.parametrize("which", ANSWERS)
def test_the_goals_hold(which: str):
    kept, answers = read_replies(which), ANSWERS[which]
    assert kept.keys() == answers.keys()
    right = [kept[key] for key, answer in answers.items() if answer.is_right]
    wrong = [kept[key] for key, answer in answers.items() if not answer.is_right]
    assert set(right) == {"passed"}, "every right answer is accepted"
    assert sum(text == "passed" for text in wrong) <= 0.005 * len(wrong)
    told = [text for text in wrong if text.split(":")[0] in ("mistake", "explained", "error")]
    assert len(told) >= 0.9 * len(wrong), "named or explained; Python's own error names the learner's line"
    assert sum(text.startswith("misleading") for text in wrong) <= len(wrong) / 200


def test_there_are_enough_of_them():
    all_answers = [answer for answers in ANSWERS.values() for answer in answers.values()]
    assert sum(answer.is_right for answer in all_answers) >= 100 and sum(not a.is_right for a in all_answers) >= 300
    assert {answer.number for answer in ANSWERS["second"].values()} == set(NUMBERS)


def write_replies(which: str) -> None:
    """Write the file anew; what was marked stays marked."""
    before = read_replies(which) if replies_file(which).exists() else {}
    marked = {key for key, text in before.items() if text.startswith("misleading")}
    found_now = {key: reply(found(answer)) for key, answer in ANSWERS[which].items()}
    lines = [f"{key} => {'misleading ' if key in marked else ''}{text}\n" for key, text in found_now.items()]
    replies_file(which).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    for which in ANSWERS:
        write_replies(which)
