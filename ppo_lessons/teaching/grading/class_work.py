"""Grades a whole class: reads what was handed in, chooses answers, and has each looked at once, ever."""

import hashlib
import json
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper
from ppo_lessons.guards.files import write_whole
from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.publishing.house import modules
from ppo_lessons.teaching.grading.choosing import Chosen, FileRead, chosen_answer, chosen_paper, lessons_of
from ppo_lessons.teaching.grading.grader import Found, Grader
from ppo_lessons.teaching.grading.pool import Workers
from ppo_lessons.teaching.outcomes import RIGHT, Graded

Item = TypeVar("Item")
Result = TypeVar("Result")
ON_PAPER = "on paper"


class File(Protocol):
    """One file that was handed in."""

    student: str
    name: str

    def read(self) -> bytes:
        """Return its content."""


@dataclass(frozen=True)
class Unread:
    """A file of which nothing is known."""

    student: str
    path: str
    why: str


class ClassWork:
    """Grades what a class has handed in. What was found is kept, so that a run that was stopped goes on.

    Args:
        kept: Folder for what was found.
        which: Number of the set of other inputs, from 1.
        places: How many answers are looked at at the same time.
        say: Is told how far it is.
    """

    def __init__(self, kept: Path, which: int, places: int, say: Callable[[str], None]) -> None:
        """Note what is to be done; workers are started when the first of them is needed."""
        self.kept, self.which, self.places, self.say = kept, which, places, say
        kept.mkdir(parents=True, exist_ok=True)
        self._lock, self._locks = threading.Lock(), dict[str, threading.Lock]()
        self._start, self._workers, self._grader = threading.Lock(), None, None
        self.why_not_enclosed = ""

    def read(self, files: Sequence[File]) -> tuple[dict[str, list[FileRead]], list[Unread]]:
        """Find the answers in all files.

        Args:
            files: Of all students, those of one from old to new.

        Returns:
            Student -> files, and those that could not be read.
        """
        told = list(self._in_parallel(self._read_one, files))
        students: dict[str, list[FileRead]] = {file.student: [] for file in files}
        unread = []
        for file, each in zip(files, told, strict=True):
            students[file.student].append(FileRead(name=file.name, told=each))
            if "unreadable" in each:
                unread.append(Unread(file.student, getattr(file, "path", file.name), each["unreadable"]))
        return students, unread

    def _read_one(self, place: int, file: File) -> dict[str, Any]:
        try:
            content = file.read()
        except ValueError as error:
            return {"unreadable": str(error)}
        key = self._key(b"read", file.name.lower().endswith(".py"), content)
        return self._once(key, lambda: self._asked().read(place, content, file.name))

    def grade(self, students: dict[str, list[FileRead]], lessons: Sequence[str]) -> list[Graded]:
        """Grade all answers of all students.

        Args:
            students: Student -> files.
            lessons: Two digits each; none: all that anybody handed in.
        """
        wanted = set(lessons) or {lesson for files in students.values() for lesson in lessons_of(files)}
        tasks = [
            (student, asked, self._chosen(asked, files))
            for student, files in students.items()
            for asked in (*EXERCISES, *PAPERS)
            if asked.number.split(".")[0].zfill(2) in wanted
        ]
        found = self._in_parallel(lambda place, task: self._grade_one(place, task[1], task[2]), tasks)
        graded = []
        for (student, asked, chosen), each in zip(tasks, found, strict=True):
            graded.append(_graded(student, asked, chosen, each))
            if len(graded) == len(tasks) or tasks[len(graded)][0] != student:
                right = sum(one.student == student and one.outcome == RIGHT for one in graded)
                self.say(f"{student}: {right} of {sum(task[0] == student for task in tasks)} right")
        return graded

    def _chosen(self, asked: Exercise | OnPaper, files: Sequence[FileRead]) -> Chosen:
        if isinstance(asked, OnPaper):
            return chosen_paper(asked.number, files)
        return chosen_answer(asked.number, asked.name, files)

    def _grade_one(self, place: int, asked: Exercise | OnPaper, chosen: Chosen) -> Found:
        if chosen.outcome:
            return {"outcome": chosen.outcome, "text": chosen.text, "mistake": ""}
        run = dict(chosen.run)
        key = self._key(asked.number.encode(), self.which, json.dumps(run, sort_keys=True).encode())
        if isinstance(asked, OnPaper):
            return self._once(key, lambda: self._asked().grade_paper(place, asked, run))
        return self._once(key, lambda: self._asked().grade(place, asked, run))

    def _key(self, kind: bytes, setting: int, content: bytes) -> str:
        return hashlib.sha256(b"\0".join((_version(), kind, str(setting).encode(), content))).hexdigest()

    def _once(self, key: str, work: Callable[[], Found]) -> Found:
        """Return what was found before, or find it and keep it."""
        path = self.kept / f"{key[:32]}.json"
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:  # two students may hand in the same
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                found = work()
            write_whole(path, lambda out: out.write(json.dumps(found, sort_keys=True).encode()))
            return found

    def _asked(self) -> Grader:
        """Return the grader; the first who asks starts it."""
        with self._start:
            if self._grader is None:
                self.say("Starting the workers ...")
                self._workers = Workers(EXERCISES, self.which, self.places)
                for kind in ("examine", "explain"):
                    self._workers.start(kind)
                self._grader = Grader(EXERCISES, self.which, self._workers)
                for kind in ("examine", "explain"):
                    self._workers.ready(kind)
                self.why_not_enclosed = self._workers.why_not
            return self._grader

    def _in_parallel(self, work: Callable[[int, Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Do work on all items, each at one of the places, and return what came of them in their order."""
        free: queue.Queue[int] = queue.Queue()
        for place in range(self.places):
            free.put(place)

        def at_a_place(item: Item) -> Result:
            place = free.get()
            try:
                return work(place, item)
            finally:
                free.put(place)

        with ThreadPoolExecutor(self.places) as pool:
            try:
                yield from pool.map(at_a_place, items)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                if self._workers is not None:
                    self._workers.end()  # nobody waits for what is still at work
                raise

    def close(self) -> None:
        """End the workers."""
        if self._workers is not None:
            self._workers.close()


def _graded(student: str, asked: Exercise | OnPaper, chosen: Chosen, found: Found) -> Graded:
    return Graded(
        student=student,
        exercise=asked.number,
        name=ON_PAPER if isinstance(asked, OnPaper) else asked.name,
        points=asked.points if found["outcome"] == RIGHT else 0,
        out_of=asked.points,
        source=chosen.source,
        where=chosen.where,
        remarks=chosen.remarks,
        **{key: found[key] for key in ("outcome", "mistake", "text")},
    )


@cache
def _version() -> bytes:
    """Return what changes when anything changes that can change what is found."""
    whole = hashlib.sha256(f"{sys.version} {torch.__version__}".encode())
    for path in modules():
        whole.update(path.read_bytes())
    return whole.digest()
