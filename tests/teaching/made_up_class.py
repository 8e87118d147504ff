"""A class of thirty that nobody has taught: all outcomes, names that try out every page, and some who work together."""

import random
from dataclasses import dataclass, replace

from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.teaching.outcomes import (
    BLANK,
    BORROWED,
    DIED,
    ENDLESS,
    MEMORY,
    MISSING,
    MISTAKE,
    RIGHT,
    SYNTAX,
    TAMPERED,
    UNKNOWN,
    UNREADABLE,
    Graded,
)
from ppo_lessons.teaching.results.class_result import ClassResult
from tests.classroom.exam_answers import read_exam

NASTY = "<script>alert('x')</script> & \"so on\""
STUDENTS = (
    "Abbot, Ada", "Ängström, Åsa", "Baker, Ben", "Çelik, Can", "Deng, 邓伟", "Dvořák, Eliška", "Ek, Frida", "Fox, Gus",
    "García-Márquez y López de la Torre, María del Carmen Guadalupe", "Groß, Günther", "Hahn, Ida", "Ito, 伊藤",
    "Jørgensen, Kaj", "Kowalski, Łukasz", "Lee, Mia", "Müller, Jürgen", "Nagy, Örs", "O'Neill, Niamh", "Özil, Pınar",
    "Park, Quyn", "Quist, Rolf", "Roy, Sita", "Smith, Tom", "Šimek, Ulrich", "Tran, Vy", "Ünal, Willi", "Vogel, Xenia",
    "Wang, Yu", "Zhou, Zoë", NASTY,
)  # fmt: skip
ABSENT = ("Nobody, Nora", "Öde, Otto")
LESSONS = ("7", "8", "11", "15")
SCHEME = "# keep what helps and is not yet far enough, the rest stays out"
COPIED = f"""def still_pushed(ratios, advantages, clip_eps):
    {SCHEME}
    too_high = (ratios > 1 + clip_eps) & (advantages > 0)
    too_low = (ratios < 1 - clip_eps) & (advantages < 0)
    stopped = too_high | too_low | (advantages == 0)
    return ~stopped
"""


@dataclass(frozen=True)
class Note:
    """Of a file that was not read."""

    student: str
    path: str
    why: str


NOT_READ = (
    Note("Fox, Gus", "Gus Fox/08_clipping (2).ipynb", "It is no notebook: it begins with PK, as a zip file does."),
    Note(NASTY, f"hand-in/{NASTY}.ipynb", "It is longer than 16 MB."),
)


def written(answer):
    """An answer of the exam as it stands in a cell."""
    return "\n".join([f"def {answer.signature}:", *(f"    {line}" if line else "" for line in answer.body.split("\n"))])


ANSWERS = {
    right: {
        exercise.number: [
            written(answer)
            for which in ("first", "second")
            for answer in read_exam(which)
            if answer.number == exercise.number and answer.is_right is right
        ]
        for exercise in EXERCISES
    }
    for right in (True, False)
}
"""Right or not, number -> sources."""
TEXTS = {
    RIGHT: "right, on 6 different inputs.",
    UNKNOWN: "not yet. With new_log_probs [-0.69315] it gives 0.5, where 2 is right.",
    BORROWED: "this is the package's own function. Write yours, it is only a few lines.",
    BLANK: "still blank, the package's own is used.",
    MISSING: "There is no definition of it in what was handed in.",
    SYNTAX: "invalid syntax in line 3.",
    ENDLESS: "it was still running after 5 seconds.",
    MEMORY: "it asked for more than 2 GB.",
    DIED: "the process ended without an answer (exit code 3).",
    TAMPERED: f"it tried to open a file: /home/{NASTY}",
    UNREADABLE: "the notebook could not be read.",
}


def graded(student, exercise, outcome=RIGHT, **more):
    """One outcome with all that belongs to it."""
    values = dict(name="f", points=int(outcome == RIGHT), out_of=1, text=TEXTS.get(outcome, ""))
    return Graded(student=student, exercise=exercise, outcome=outcome, **(values | more))


def _of_exercise(draw, student, exercise, skill):
    kind = draw.choices(
        (RIGHT, MISTAKE, UNKNOWN, BLANK, SYNTAX, ENDLESS, BORROWED),
        (skill, 1 - skill, 0.12, 0.15 * exercise.difficulty, 0.03, 0.02, 0.03),
    )[0]
    favourites = exercise.mistakes[: 1 if draw.random() < 0.6 else 7]
    mistake = draw.choice(favourites) if kind == MISTAKE else None
    text = f"not yet. It looks like {mistake.name}. {mistake.advice}" if mistake else TEXTS[kind]
    head, body = draw.choice(ANSWERS[kind == RIGHT][exercise.number]).split("\n", 1)
    source = f"{head}\n    own = {STUDENTS.index(student)}\n{body}" if kind != BLANK else ""
    return Graded(
        student=student,
        exercise=exercise.number,
        name=exercise.name,
        outcome=kind,
        points=exercise.points if kind == RIGHT else 0,
        out_of=exercise.points,
        mistake=mistake.name if mistake else "",
        text=text,
        source=source,
        where=f"{exercise.number.split('.')[0].zfill(2)}_lesson.ipynb, cell 12",
        remarks=("defined twice: the last definition counts",) if draw.random() < 0.05 else (),
    )


def _on_paper(draw, student, paper):
    wrong = draw.choice(list(paper.mistakes))
    right = draw.random() < 0.6
    return Graded(
        student=student,
        exercise=paper.number,
        name="on paper",
        outcome=RIGHT if right else MISTAKE,
        points=int(right),
        out_of=1,
        mistake="" if right else str(wrong),
        text=f"right. {paper.because}" if right else f"not yet. {paper.mistakes[wrong]}",
        source=f"answer = {paper.right if right else wrong!r}",
    )


def made_up_class(lessons=LESSONS):
    """The class, drawn with one seed."""
    draw = random.Random(7)
    found = {}
    for student in STUDENTS:
        skill = draw.uniform(0.3, 0.95)
        for exercise in EXERCISES:
            if exercise.number.split(".")[0] in lessons:
                found[student, exercise.number] = _of_exercise(draw, student, exercise, skill)
        for paper in PAPERS:
            if paper.number.split(".")[0] in lessons:
                found[student, paper.number] = _on_paper(draw, student, paper)
    _special(found)
    return ClassResult(graded=list(found.values()), not_read=NOT_READ, not_handed_in=ABSENT)


def _special(found):
    """What chance does not bring."""

    def put(student, exercise, outcome=None, **more):
        if (student, exercise) in found:
            before = found[student, exercise]
            outcome = outcome or before.outcome
            points = before.out_of if outcome == RIGHT else 0
            values = dict(outcome=outcome, points=points, mistake="", text=TEXTS.get(outcome, ""))
            found[student, exercise] = replace(before, **(values | more))

    of = {student: [number for who, number in found if who == student] for student in STUDENTS}
    for student, outcome, lesson in (
        ("Ek, Frida", MISSING, "8."),
        ("Fox, Gus", UNREADABLE, "8."),
        ("Lee, Mia", BLANK, ""),
    ):
        for number in of[student]:
            if number.startswith(lesson):
                put(student, number, outcome, source="")
    put("Tran, Vy", "7.1", MEMORY)
    put("Ünal, Willi", "7.2", DIED)
    put(
        NASTY,
        "7.2",
        TAMPERED,
        source=f"def importance_ratios(new, old):\n    # {NASTY}\n    return open('/etc/passwd')",
    )
    for student in ("Baker, Ben", "Özil, Pınar"):
        put(student, "8.3", RIGHT, source=COPIED)
    put(
        "Zhou, Zoë",
        "8.3",
        RIGHT,
        source=COPIED.replace("too_high", "a").replace("too_low", "b").replace("stopped", "c"),
    )
    for number in of["Smith, Tom"]:
        before = found["Smith, Tom", number]
        put("Vogel, Xenia", number, before.outcome, source=before.source, mistake=before.mistake, text=before.text)
