"""Grade what a class has handed in: `python start.py grade FOLDER`."""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from ppo_lessons.guards.files import write_whole
from ppo_lessons.guards.places import as_called
from ppo_lessons.teaching.chosen import chosen
from ppo_lessons.teaching.collecting.submissions import read_folder
from ppo_lessons.teaching.collecting.whose import MARKER
from ppo_lessons.teaching.grading.choosing import FileRead
from ppo_lessons.teaching.grading.class_work import ClassWork
from ppo_lessons.teaching.handing_out.sealing import is_sealed_course
from ppo_lessons.teaching.results.class_page import class_page
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.feedback import feedback_notebook, feedback_page
from ppo_lessons.teaching.results.file_names import file_name
from ppo_lessons.teaching.results.table import answers_csv, points_csv


def grade_folder(
    folder: Path, to: Path, lessons: Sequence[str] = (), which: int = 0, roster: Sequence[str] = (), places: int = 0
) -> ClassResult:
    """Grade all that lies in a folder, and write what came of it.

    Args:
        folder: What was handed in: notebooks, folders, zips.
        to: Folder for the results; what was found in an earlier run is used.
        lessons: Two digits each; none: all that anybody handed in.
        which: Number of the set of inputs on which answers are tried besides those of the lesson; 0: one that nobody
            can foresee, the same whenever results go to this folder.
        roster: Names of all who belong to the class.
        places: How many answers are looked at at the same time; 0: as many as there are cores.

    Returns:
        What was found.

    Raises:
        ValueError: If there is nothing to grade.
    """
    files, not_read = read_folder(folder)
    to.mkdir(parents=True, exist_ok=True)
    (to / MARKER).touch()
    work = ClassWork(to / ".found", which or _drawn(to / ".found" / "inputs"), places or os.cpu_count() or 1, print)
    try:
        students, unread = work.read(files)
        for each in not_read:  # of whom nothing else is there, nothing is known
            if each.student and all(file.student != each.student for file in files):
                told = FileRead(name=each.path, told={"unreadable": each.why})
                students.setdefault(each.student, []).append(told)
        graded = work.grade(students, lessons)
    finally:
        work.close()
    if not graded:
        raise ValueError("Nothing of the course was found in what was handed in.")
    result = ClassResult(graded=graded, not_read=(*not_read, *unread), not_handed_in=_absent(roster, students))
    _write(result, to)
    if work.why_not_enclosed:
        print(f"Answers ran without namespaces of their own ({work.why_not_enclosed}): see docs/teaching.md.")
    return result


def _drawn(path: Path) -> int:
    """Return the number that was drawn for a folder, or draw it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(1 + secrets.randbelow(10**9)), encoding="utf-8")
    return int(path.read_text(encoding="utf-8"))


def _absent(roster: Sequence[str], students: Sequence[str]) -> list[str]:
    there = {student.casefold() for student in students}
    return [name for name in roster if name.casefold() not in there]


def _write(result: ClassResult, to: Path) -> None:
    """Write the tables, the class page, and a feedback for each student; feedback of others goes."""
    pages = {"answers.csv": answers_csv(result), "points.csv": points_csv(result), "class.html": class_page(result)}
    taken: list[str] = []
    for student in result.students:
        taken.append(name := file_name(student, taken))
        pages[f"feedback/{name}.html"] = feedback_page(result, student)
        pages[f"feedback/{name}.ipynb"] = feedback_notebook(result, student)
    (to / "feedback").mkdir(exist_ok=True)
    for old in (to / "feedback").iterdir():
        if f"feedback/{old.name}" not in pages and old.suffix in (".html", ".ipynb"):
            old.unlink()
    for name, page in pages.items():
        content = page if isinstance(page, bytes) else page.encode("utf-8", "replace")
        write_whole(to / name, lambda out, content=content: out.write(content))


def main() -> int:
    """Grade what a class has handed in: notebooks, folders, zips of a learning platform."""
    parser = argparse.ArgumentParser(prog="python start.py grade", description=main.__doc__)
    parser.add_argument("folder", help="what was handed in")
    parser.add_argument("--to", help="folder for the results; FOLDER_graded if none is given")
    parser.add_argument("--lessons", default="", help="for instance 1-7; all that were handed in if none is given")
    parser.add_argument(
        "--inputs", type=int, default=0, help="a number that chooses the other inputs; drawn if not given"
    )
    parser.add_argument("--roster", help="a text file with a name a line, to see who is missing")
    parser.add_argument("--places", type=int, default=0, help="so many answers at the same time")
    options = parser.parse_args()
    folder = as_called(options.folder)
    to = as_called(options.to) if options.to else folder.with_name(f"{folder.stem}_graded")
    try:
        if is_sealed_course():
            raise ValueError("This course is a handout without solutions. Grade with the course itself.")
        if options.inputs < 0:
            raise ValueError(f"--inputs wants a number from 1. Got {options.inputs}")
        lessons = [name[:2] for name in chosen(options.lessons)] if options.lessons else []
        roster = as_called(options.roster).read_text(encoding="utf-8-sig").split("\n") if options.roster else []
        names = [name.strip() for name in roster if name.strip()]
        result = grade_folder(folder, to, lessons, options.inputs, names, options.places)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it was.")
        return 130
    except (ValueError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    counts = ((len(result.students), "student"), (len(result.exercises), "exercise"))
    told = ", ".join(f"{number} {what}{'s' * (number != 1)}" for number, what in counts)
    print(f"{told}. For the class: {to / 'class.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
