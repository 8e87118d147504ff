"""Grades answers: each is examined in a process of its own, judged here, and explained if it is wrong."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper, judge
from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.grading.answerless import answer_codes
from ppo_lessons.teaching.grading.confinement import Limits
from ppo_lessons.teaching.grading.encoding import decode
from ppo_lessons.teaching.grading.examiner import outcomes
from ppo_lessons.teaching.grading.pool import Workers

TO_EXAMINE = Limits()
TO_EXPLAIN = Limits(cpu_seconds=40, wall_seconds=60.0)
TO_READ = Limits(cpu_seconds=30, wall_seconds=60.0, memory=2 << 30, reply=1 << 26)
Found = dict[str, Any]
"""outcome, text, mistake."""

TOLD = {"borrowed", "memory", "tampered", "raised", "outcomes", "value"}
"""What is told about an answer that is examined has one of these."""
SAID = {
    found.ENDLESS: "it does not come to an end: a loop that never stops, or far too much work.",
    found.MEMORY: "it asks for far more memory than this takes.",
    found.DIED: "it ended the whole process, as os._exit or a crash does.",
}
IN_NOTEBOOK = "right by itself, but not where the package's own function and the inputs of the lesson are out of reach."


class Grader:
    """Knows what right answers return, and asks workers about all others.

    Args:
        exercises: All there are.
        which: Number of the set of other inputs.
        workers: Started.
    """

    def __init__(self, exercises: Sequence[Exercise], which: int, workers: Workers) -> None:
        """Work out what right answers return."""
        self.exercises, self.which, self.workers = tuple(exercises), which, workers
        anew = drawn_anew("ppo_lessons.lessons", which)
        self._right = {
            one.number: [[decode(each) for each in run] for run in outcomes(one, other, which, one.function)[0]]
            for one, other in zip(self.exercises, anew, strict=True)
        }
        codes = {number: base64.b64encode(code).decode() for number, code in answer_codes(self.exercises).items()}
        self._codes = {number: {n: c for n, c in codes.items() if n != number} for number in codes}

    def read(self, place: int, content: bytes, name: str) -> dict[str, Any]:
        """Find the answers in a file.

        Args:
            place: Of the workers.
            content: The file.
            name: Of the file.

        Returns:
            See `read_notebook`.
        """
        text = base64.b64encode(content).decode()
        reply = self.workers.ask(
            "examine", place, {"kind": "read", "content": text, "name": name, "limits": asdict(TO_READ)}
        )
        told = reply.get("reply", {})
        if "answers" in told or "unreadable" in told:
            return told
        why = f"{told['raised']!s:.60}: {told.get('said', '')!s:.200}" if "raised" in told else ""
        return {"unreadable": why or "it is too large or too deep to be read"}

    def grade(self, place: int, exercise: Exercise, answer: dict[str, Any]) -> Found:
        """Grade one answer.

        Args:
            place: Of the workers.
            exercise: What was asked.
            answer: What is run: "cells", "picks" and "imports".
        """
        job = {"name": exercise.name, "number": exercise.number, "inputs": self.which}
        job |= {key: answer[key] for key in ("cells", "picks", "imports")}
        examine = {"kind": "examine", "codes": self._codes[exercise.number], "limits": asdict(TO_EXAMINE)}
        told = self.workers.ask("examine", place, job | examine)
        if settled := self._settled(exercise, told):
            return settled
        told = self.workers.ask("explain", place, job | {"kind": "explain", "limits": asdict(TO_EXPLAIN)})
        return _explained(told)

    def grade_paper(self, place: int, paper: OnPaper, answer: dict[str, Any]) -> Found:
        """Grade an answer that was worked out on paper.

        Args:
            place: Of the workers.
            paper: What was asked.
            answer: What is run: "cells", "picks", "imports", and the "name" that holds it.
        """
        job = {key: answer[key] for key in ("cells", "picks", "imports", "name")}
        told = self.workers.ask("examine", place, job | {"kind": "value", "limits": asdict(TO_EXAMINE)})
        if (broken := _broken(told)) is not None:
            return broken
        try:
            value = decode(told["reply"]["value"])
        except (KeyError, ValueError):
            return _unknown("what stands there cannot be worked out.")
        verdict = judge(paper, value)
        kinds = {"passed": found.RIGHT, "mistake": found.MISTAKE, "blank": found.BLANK}
        return {
            "outcome": kinds.get(verdict.kind, found.UNKNOWN),
            "text": verdict.text,
            "mistake": _one(verdict.mistake),
        }

    def _settled(self, exercise: Exercise, told: dict[str, Any]) -> Found | None:
        """Return what is known without an explanation; None if one is wanted."""
        if (broken := _broken(told)) is not None:
            return broken
        reply = told["reply"]
        if "borrowed" in reply:
            text = f"{reply['borrowed']!s:.200}. Write yours, it is only a few lines."
            return {"outcome": found.BORROWED, "text": text, "mistake": ""}
        if "raised" not in reply and self._is_right(exercise.number, reply.get("outcomes")):
            shown, others = (len(run) for run in self._right[exercise.number][:2])
            text = f"right, on the {shown} inputs of the lesson and on {others} others."
            return {"outcome": found.RIGHT, "text": text, "mistake": ""}
        return None

    def _is_right(self, number: str, told: Any) -> bool:
        """Say whether what was told is what a right answer returns, every time."""
        right = self._right[number]
        try:
            if [len(run) for run in told] != [len(run) for run in right]:
                return False
            got = [[decode(each) for each in run] for run in told]
        except (TypeError, ValueError, KeyError):
            return False
        return all(alike(*pair) for runs in zip(got, right, strict=True) for pair in zip(*runs, strict=True))


def _broken(told: dict[str, Any]) -> Found | None:
    """Return the outcome of an answer that told nothing of use; None if it did."""
    reply = told.get("reply", {})
    if told["ended"] == "told" and not reply.keys() & TOLD:
        reply = {"tampered": "it answers in the place of its examiner"}
    if "tampered" in reply or told["ended"] == "too long":
        text = f"{reply.get('tampered', 'it answers without end')!s:.100}. No answer needs that."
        return {"outcome": found.TAMPERED, "text": text, "mistake": ""}
    ends = {"endless": found.ENDLESS, "died": found.DIED}
    outcome = found.MEMORY if "memory" in reply else ends.get(told["ended"])
    return None if outcome is None else {"outcome": outcome, "text": SAID[outcome], "mistake": ""}


def _explained(told: dict[str, Any]) -> Found:
    """Return the outcome of a wrong answer, in the words of the checks."""
    reply = told.get("reply", {})
    if "raised" in reply:
        return _unknown(f"it stops with {reply['raised']!s:.60}: {reply.get('said', '')!s:.200}")
    kind, text = str(reply.get("kind")), str(reply.get("text", ""))[:600]
    if kind == "passed":
        return _unknown(IN_NOTEBOOK)
    if kind == "mistake" and reply.get("mistake"):
        return {"outcome": found.MISTAKE, "text": text, "mistake": f"{reply['mistake']!s:.150}"}
    if kind in ("borrowed", "blank"):
        return {"outcome": {"borrowed": found.BORROWED, "blank": found.BLANK}[kind], "text": text, "mistake": ""}
    return _unknown(text or "no words were found for what is the matter.")


def _unknown(text: str) -> Found:
    return {"outcome": found.UNKNOWN, "text": text, "mistake": ""}


def _one(mistake: str | None) -> str:
    return "" if mistake is None else str(mistake)
