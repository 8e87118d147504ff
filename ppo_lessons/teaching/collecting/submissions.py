"""What a class has handed in, whatever lies in the folder: each file with its student, and what is left aside and why.

Nothing is written to the disk, nothing is run, and nothing that a student can put there stops the reading.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ppo_lessons.publishing.build import lessons as all_lessons
from ppo_lessons.teaching.collecting.archives import Limits, Place, Refusal, content
from ppo_lessons.teaching.collecting.folders import Reader
from ppo_lessons.teaching.collecting.platforms import Who, lesson_pattern
from ppo_lessons.teaching.collecting.spelling import same, shown
from ppo_lessons.teaching.collecting.whose import NOT_A_NOTEBOOK, Found, Sorting

USUAL = Limits()
MANY = 20
"""So many files of one student that are no notebooks are named one by one."""


@dataclass(frozen=True)
class HandedIn:
    """A file that counts as handed in. Its content is not kept: it is read when it is asked for."""

    student: str
    """As the class knows the student; no two are the same."""
    path: str
    """Where it was found, for the teacher: "lesson1.zip: Müller Anna_48211_assignsubmission_file_/01_rollout.ipynb"."""
    name: str
    """The file's own name, without what a platform put in front."""
    attempt: tuple[str, tuple[int, ...], str, str]
    """Sorts the files of a student from old to new: what the platform says of it, which copies they are, the name."""
    place: Place = field(repr=False)
    limits: Limits = field(repr=False)

    def read(self) -> bytes:
        """Return the content.

        Raises:
            Refusal: If it is too much, damaged, locked, or gone in the meantime.
        """
        return b"".join(content(self.place, self.limits))


@dataclass(frozen=True)
class NotRead:
    """What was left aside."""

    student: str
    """As the class knows the student; "" if it is nobody's."""
    path: str
    """Where it was found, for the teacher."""
    why: str
    """One short sentence."""


def read_folder(
    folder: Path, limits: Limits = USUAL, lessons: Sequence[str] | None = None
) -> tuple[list[HandedIn], list[NotRead]]:
    """Find what a class has handed in.

    Args:
        folder: With a folder or a file for each student, or the downloads of a platform, as they are or unpacked; or
            one zip or notebook.
        limits: How much is read.
        lessons: Names of the lessons; by default all of the course.

    Returns:
        The files, and what was left aside, both in the order of students and attempts, which is the same for the same
        names whatever the disk's order and times are.

    Raises:
        ValueError: If there is no such folder, or nothing in it; one sentence for the teacher.
    """
    try:
        known = folder.is_dir() or folder.is_file()
    except OSError:
        known = False
    if not known:
        raise ValueError(f"There is no such folder, zip or notebook: {folder}")
    reader = Reader(limits)
    sorting = Sorting(reader, lesson_pattern(all_lessons() if lessons is None else lessons))
    try:
        sorting.go_through(reader.root(folder))
    except Refusal as refusal:
        raise ValueError(f"{folder}: {refusal}") from None
    if not sorting.found and not sorting.left:
        raise ValueError(f"There is nothing in it: {folder}")
    return _named(sorting, limits)


def _named(sorting: Sorting, limits: Limits) -> tuple[list[HandedIn], list[NotRead]]:
    """Give each student a label, and sort."""
    everything = [*sorting.found, *sorting.left]
    labels = _labels([found for found in everything if found.who is not None])
    handed_in = [
        HandedIn(labels[found.key], found.thing.label, found.name, found.attempt, found.thing.place, limits)
        for found in sorting.found
    ]
    left = [NotRead(labels.get(found.key, ""), found.thing.label, found.why) for found in sorting.left]
    order = sorted(handed_in, key=lambda one: (same(one.student), one.student, one.attempt, one.path))
    return order, _shortened(sorted(left, key=lambda one: (same(one.student), one.student, one.path, one.why)))


def _labels(found: Sequence[Found]) -> dict[tuple[str, str, str], str]:
    """Return a label for each student: the name, and what tells two of one name apart only where there are two."""
    _tell_apart(found)
    known: dict[tuple[str, str, str], set[Who]] = defaultdict(set)
    for one in found:
        known[one.key].add(one.who)
    first = {key: min((who.name == who.id, who.name, who.id) for who in people) for key, people in known.items()}
    plain = {key: shown(name, 80) for key, (_, name, _) in first.items()}
    often = Counter(map(same, plain.values()))
    taken: set[str] = set()
    labels = {}
    for key in sorted(known):
        name, number = plain[key], first[key][2]
        label = f"{name} ({shown(number, 60)})" if often[same(name)] > 1 and number and number != name else name
        count = 1
        while same(label) in taken or not label:
            count += 1
            label = f"{name or 'student'} [{count}]"
        taken.add(same(label))
        labels[key] = label
    return labels


def _tell_apart(found: Sequence[Found]) -> None:
    """Decide who is the same student.

    A platform's own number for a student decides it. Where a number holds within one download only (Moodle), the name
    does, unless one download has two of that name: nobody can say then who of them is who in the next one.
    """
    numbers: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in found:
        if not one.who.lasting:
            numbers[one.who.platform, same(one.who.name)][one.room].add(one.who.id)
    for one in found:
        name = same(one.who.name)
        if one.who.lasting:
            one.key = (one.who.platform, "", one.who.id) if one.who.id and one.who.platform else ("", name, one.who.id)
        else:
            twice = any(len(ids) > 1 for ids in numbers[one.who.platform, name].values())
            one.key = (one.who.platform, name, one.who.id if twice else "")


def _shortened(left: list[NotRead]) -> list[NotRead]:
    """Name a few files of a student that are no notebooks, and count the others."""
    kept, seen = [], Counter()
    for one in left:
        seen[one.student] += one.why == NOT_A_NOTEBOOK
        if one.why != NOT_A_NOTEBOOK or seen[one.student] <= MANY:
            kept.append(one)
    for student, count in seen.items():
        if count > MANY:
            kept.append(NotRead(student, "", f"{count - MANY:,} more files that are not notebooks"))
    return sorted(kept, key=lambda one: (same(one.student), one.student, one.path == "", one.path, one.why))
