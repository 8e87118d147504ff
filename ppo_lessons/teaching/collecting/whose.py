"""Goes through the folders of a class and says whose each file is.

A folder is either a room, which holds the work of several students, or what one student handed in. A room is told by
its name ("submitted", "lesson 1"), or as most in it has names that a platform gives. What lies in a student's folder is
that student's, whatever it is called.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ppo_lessons.teaching.collecting.archives import Budget, Refusal, content, in_words, open_plainly
from ppo_lessons.teaching.collecting.folders import ARCHIVE, FILE, FOLDER, UNPACK_FIRST, Reader, Thing
from ppo_lessons.teaching.collecting.platforms import (
    METADATA,
    NBGRADER,
    NO_NAME,
    WORKING_FILES,
    WRITTEN_AT,
    Who,
    holds_several,
    is_nobody,
    name_on_receipt,
    names_of_gradescope,
    receipt_of,
    who,
    who_in_canvas,
    who_in_flat,
    who_in_ilias,
)
from ppo_lessons.teaching.collecting.spelling import number_of, same, without_copy

NOT_A_NOTEBOOK = "not a notebook"
MARKER = ".ppo_lessons_graded"
"""Lies in the folder that the grader wrote."""
FOREIGN = re.compile(
    r"\.(pdf|docx?|xlsx?|pptx?|od[tsp]|html?|css|js|png|jpe?g|gif|svg|webp|heic|mp[34]|mov|avi|pth?|np[yz]|csv)$", re.I
)
"""Endings of what need not be looked into to be known as no notebook."""
DEEP = 3
"""Folders through which a room may be told by what lies in them."""


@dataclass
class Found:
    """A file, and whose it is."""

    who: Who | None
    """None if it is nobody's."""
    thing: Thing
    room: str = ""
    """Label of the folder or the archive in which the student was found."""
    name: str = ""
    attempt: tuple[str, tuple[int, ...], str, str] = ("", (), "", "")
    why: str = ""
    """Why it is left aside."""
    key: tuple[str, str, str] = ("", "", "")
    """Of the student: the same for what is the same student's."""


class Sorting:
    """Collects what was handed in, and what is left aside.

    Args:
        reader: Looks into the folders.
        lessons: Finds a lesson's name in the name of a file.
    """

    def __init__(self, reader: Reader, lessons: re.Pattern[str]) -> None:
        self.reader, self.lessons = reader, lessons
        self.found: list[Found] = []
        self.left: list[Found] = []

    def go_through(self, room: Thing) -> None:
        """Go through what holds the work of several students.

        Raises:
            Refusal: If it cannot be looked into.
        """
        everything = self.reader.children(room, self.reader.budget())
        written = self._written(everything)
        things = self._without_others(everything)
        in_ilias = holds_several(room.stem, self.lessons) or len(_ids(things, who_in_ilias, (FOLDER,))) > 1
        alone = sum(thing.kind in (FOLDER, ARCHIVE) for thing in things) == 1
        alone = alone and not any(_may_be_work(thing) for thing in things)
        alone = alone and (not room.label or not holds_several(room.stem, self.lessons))
        for thing in things:
            student = self._by_platform(thing, written, in_ilias)
            if student is not None:
                self._collect(thing, student, room.label, (), self.reader.budget())
            elif thing.kind in (FOLDER, ARCHIVE):
                self._go_into(thing, room, alone)
            elif thing.kind == FILE and (_may_be_work(thing) or self._is_notebook(thing)):
                self._flat(thing, room)
            else:
                whole = thing.why == UNPACK_FIRST and not holds_several(thing.stem, self.lessons)
                self._leave(thing, Who(thing.stem) if whole else None, room.label, thing.why or NOT_A_NOTEBOOK)

    def _leave(self, thing: Thing, student: Who | None, room: str, why: str) -> None:
        self.left.append(Found(student, thing, room, why=why))

    def _without_others(self, things: Sequence[Thing]) -> list[Thing]:
        """Leave aside what lies beside the students' work: reports of the grader, folders of the platform's own."""
        names = {same(thing.name) for thing in things}
        others = {WORKING_FILES} if "submitted files" in names else set()
        others |= NBGRADER if "submitted" in names and names & NBGRADER else set()
        silent, kept = {METADATA, "index.html", *others}, []
        for thing in things:
            if thing.kind == FOLDER and not thing.depth and os.path.lexists(thing.place.path / MARKER):
                self._leave(thing, None, "", "a report of the grader")
            elif thing.kind == FOLDER and same(thing.name) in others:
                self._leave(thing, None, "", "of the platform, not handed in")
            elif thing.kind != FILE or not (same(thing.name) in silent or receipt_of(thing.name)):
                kept.append(thing)
        return kept

    def _written(self, things: Sequence[Thing]) -> dict[str, Who]:
        """Return the names that a platform wrote down beside the work, by what the work is called."""
        written: dict[str, Who] = {}
        for thing in things:
            if thing.kind == FILE and same(thing.name) == METADATA:
                written |= names_of_gradescope(self.reader.beginning(thing, 5_000_000))
            elif thing.kind == FILE and (work := receipt_of(thing.name)):
                named = name_on_receipt(self.reader.beginning(thing))
                written |= {work: named} if named else {}
        return written

    def _by_platform(self, thing: Thing, written: dict[str, Who], in_ilias: bool) -> Who | None:
        """Return the student if a platform spelled the name of a thing."""
        student = who(thing.name)
        if student is None and thing.kind != FOLDER:
            student = who_in_canvas(thing.name)
        if student is None and in_ilias and not _may_be_work(thing):
            student = who_in_ilias(thing.name if thing.kind == FOLDER else thing.stem)
        named = written.get(student.work) if student else None
        return replace(student, name=named.name, id=named.id) if student and named else student

    def _go_into(self, thing: Thing, room: Thing, alone: bool) -> None:
        """Go through a folder or an archive that no platform named: a room again, or a student's."""
        several = holds_several(thing.stem, self.lessons)
        student = None if several else Who(thing.stem)
        try:
            if several or self._shows_platform(thing) or (alone and self._shows_people(thing)):
                self.go_through(thing)
            else:
                self._collect(thing, student, room.label, (), self.reader.budget())
        except Refusal as refusal:
            self._leave(thing, student, room.label, str(refusal))

    def _shows_platform(self, thing: Thing, deep: int = DEEP) -> bool:
        """Say whether most in a folder has names that a platform gives to what students hand in."""
        things = self.reader.children(thing, self.reader.budget())
        work = [inner for inner in things if inner.kind in (FOLDER, ARCHIVE) or _may_be_work(inner)]
        canvas, ilias = _ids(work, who_in_canvas, (FILE, ARCHIVE)), _ids(work, who_in_ilias, (FOLDER,))
        few = 0 if holds_several(thing.stem, self.lessons) else 1  # people write names like these, too
        weak = (who_in_canvas if len(canvas) > few else None, who_in_ilias if len(ilias) > few else None)
        named = sum(any(read and read(inner.name) for read in (who, *weak)) for inner in work)
        if 2 * named > len(work):
            return True
        folders = [inner for inner in things if inner.kind in (FOLDER, ARCHIVE)]
        rooms = folders if len(folders) == 1 else [one for one in folders if holds_several(one.stem, self.lessons)]
        return deep > 0 and any(self._looks(self._shows_platform, inner, deep - 1) for inner in rooms)

    def _shows_people(self, thing: Thing, deep: int = DEEP) -> bool:
        """Say whether the only folder in a room holds the folders or the files of several people."""
        things = self.reader.children(thing, self.reader.budget())
        folders = [inner for inner in things if inner.kind in (FOLDER, ARCHIVE)]
        if any(is_nobody(inner.name) for inner in folders):
            return False  # it holds the course, or versions of one work, as one student handed them in
        people: dict[str, set[str]] = defaultdict(set)
        for inner in things:
            if _may_be_work(inner) and (lesson := self.lessons.search(inner.stem)):
                people[same(lesson.group())].add(same(who_in_flat(inner.stem, self.lessons).name))
        if any(NO_NAME in names for names in people.values()):
            return False
        rooms = [inner for inner in folders if holds_several(inner.stem, self.lessons)]
        if any(len(names) > 1 for names in people.values()) or len(folders) - len(rooms) > 1:
            return True
        rooms = folders if len(folders) == 1 else rooms
        return deep > 0 and any(self._looks(self._shows_people, inner, deep - 1) for inner in rooms)

    @staticmethod
    def _looks(look: Callable[[Thing, int], bool], thing: Thing, deep: int) -> bool:
        try:
            return look(thing, deep)
        except Refusal:
            return False

    def _is_notebook(self, thing: Thing) -> bool:
        return not FOREIGN.search(thing.name) and self.reader.looks_like_a_notebook(thing)

    def _flat(self, thing: Thing, room: Thing) -> None:
        """Take a file that lies in no student's folder: its name must tell."""
        student = who_in_flat(thing.stem, self.lessons)
        if student.name == NO_NAME and (room.kind == ARCHIVE or without_copy(room.stem)[1]):
            student = replace(student, id=" ".join(filter(None, (room.label, student.id))))
        self._take(thing, student, room.label, (), self.reader.budget())

    def _collect(self, thing: Thing, student: Who, room: str, numbers: tuple[int, ...], budget: Budget) -> None:
        """Take all that a student handed in."""
        if thing.kind in (FOLDER, ARCHIVE):
            try:
                things = self._without_course(thing, self.reader.children(thing, budget), student, room)
            except Refusal as refusal:
                return self._leave(thing, student, room, str(refusal))
            if not things and not numbers:
                self._leave(thing, student, room, "it is empty")  # a student with nothing is one, too
            for inner in things:
                self._collect(inner, student, room, (*numbers, number_of(thing.stem)), budget)
        elif thing.kind == FILE and (_may_be_work(thing) or self._is_notebook(thing)):
            self._take(thing, student, room, numbers, budget)
        else:
            self._leave(thing, student, room, thing.why or NOT_A_NOTEBOOK)
        return None

    def _without_course(self, folder: Thing, things: list[Thing], student: Who, room: str) -> list[Thing]:
        """Leave aside what is the course's own, if a student handed all of it in."""
        names = {same(thing.name) for thing in things}
        if same(folder.name) == "notebooks":
            return [thing for thing in things if thing.kind != FOLDER or same(thing.name) != "source"]
        if not {"start.py", "ppo_lessons"} <= names:
            return things
        self._leave(folder, student, room, "a copy of the course: only its notebooks and my_ppo.py are read")
        own = {"notebooks", "my_ppo.py"}
        return [one for one in things if same(one.name) in own or one.name.lower().endswith(".ipynb")]

    def _take(self, thing: Thing, student: Who, room: str, numbers: tuple[int, ...], budget: Budget) -> None:
        """Note a file, once it is known that it can be read to its end."""
        try:
            self._try(thing, budget)
        except Refusal as refusal:
            return self._leave(thing, student, room, str(refusal))
        name, written_at = student.own or thing.name, ""
        if found := WRITTEN_AT.fullmatch(name):
            name, written_at = found["own"], found["attempt"]
        numbers = (*numbers, number_of(replace(thing, name=name).stem))
        attempt = (student.attempt or written_at, tuple(filter(None, numbers)), same(name), same(thing.label))
        self.found.append(Found(student, thing, room, name, attempt))
        return None

    def _try(self, thing: Thing, budget: Budget) -> None:
        if thing.place.steps:
            budget.spend(0)
            for _ in content(thing.place, self.reader.limits, budget):
                pass
        elif thing.size > self.reader.limits.file:
            raise Refusal(f"it is larger than {in_words(self.reader.limits.file)}")
        else:
            open_plainly(thing.place.path).close()


def _may_be_work(thing: Thing) -> bool:
    """Say whether a file's ending is a notebook's or a script's."""
    return thing.kind == FILE and thing.name.lower().endswith((".ipynb", ".py"))


def _ids(things: Sequence[Thing], read: Callable[[str], Who | None], kinds: tuple[str, ...]) -> set[str]:
    """Return how many students a platform's pattern tells apart in a folder."""
    students = (read(thing.name) for thing in things if thing.kind in kinds)
    return {student.id for student in students if student is not None}
