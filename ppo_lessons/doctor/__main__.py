"""`python -m ppo_lessons.doctor FILE`: examine a PPO, or read the vital signs of a run from its log."""

import argparse
import json
import sys
from pathlib import Path
from types import ModuleType

from ppo_lessons.doctor import findings
from ppo_lessons.doctor.examination import examine
from ppo_lessons.doctor.house import subject_of_module
from ppo_lessons.doctor.logs import read_log
from ppo_lessons.doctor.report import Report, page_of
from ppo_lessons.doctor.subject import Subject, load_subject
from ppo_lessons.doctor.vital_signs import diagnose
from ppo_lessons.guards.files import require_folder, write_whole

PASSED, FAILED, NOT_EXAMINED = 0, 1, 2
ABOUT = """A Python file (.py) is examined: it RUNS, with all that you may do. The doctor looks in it for what is made
by Subject(...); if there is none, for functions that have the names of this course's steps, as in my_ppo.py. Anything
else is read as the log of a run (a CSV, JSON lines, TensorBoard's event file or its folder), and never executed. Exit
code 0: nothing failed, or nothing is out of the ordinary; 1: something did, or is; 2: nothing failed, but it, or some
of its facts, could not be examined."""


def main(arguments: list[str] | None = None) -> int:
    """Examine what the arguments name, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ppo_lessons.doctor", description=ABOUT)
    parser.add_argument("file", type=Path, nargs="?", help="your PPO's adapter, my_ppo.py, or a log")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON, too")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the report as a page, too")
    parser.add_argument("--template", action="store_true", help="print an adapter to begin with, and end")
    asked = parser.parse_args(arguments)
    if asked.template:
        print((Path(__file__).parent / "template.py").read_text(encoding="utf-8"), end="")
        return PASSED
    if asked.file is None:
        parser.error("name a file, or ask for --template")
    try:
        is_code = asked.file.suffix == ".py"
        return (
            _examine(asked.file, asked.json, asked.page) if is_code else _diagnose(asked.file, asked.json, asked.page)
        )
    except (ValueError, TypeError, OSError) as error:
        print(f"Not examined: {error}", file=sys.stderr)
        return NOT_EXAMINED


def _examine(file: Path, as_json: Path | None, page: Path | None) -> int:
    for out in (as_json, page):
        if out is not None:
            require_folder(out.parent)
    reports = [examine(subject) for subject in subjects_in(load_subject(file), file)]
    print("\n".join(report.text() for report in reports), end="")
    if as_json is not None:
        write_whole(as_json, lambda out: out.write(_joined([report.json() for report in reports]).encode()))
    if page is not None:
        write_whole(page, lambda out: out.write(page_of(reports).encode()))
    return _code_of(reports)


def _code_of(reports: list[Report]) -> int:
    """Return the exit code: what failed counts more than what could not be asked."""
    if any(report.of(findings.FAILED) for report in reports):
        return FAILED
    if any(report.of(findings.NOT_ASKED) for report in reports):
        return NOT_EXAMINED
    return PASSED if all(report.ok for report in reports) else FAILED


def _diagnose(log: Path, as_json: Path | None, page: Path | None) -> int:
    if page is not None:
        raise ValueError("A page is made of an examination. Got --page for a log")
    if as_json is not None:
        require_folder(as_json.parent)
    diagnosis = diagnose(read_log(log))
    print(diagnosis.text(), end="")
    if as_json is not None:
        text = json.dumps(diagnosis.data(), indent=2, ensure_ascii=False) + "\n"
        write_whole(as_json, lambda out: out.write(text.encode()))
    return PASSED if diagnosis.healthy else FAILED


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def subjects_in(module: ModuleType, file: Path) -> list[Subject]:
    """Return the subjects of a file: those that it makes, or the steps of the course that are written in it.

    Raises:
        ValueError: If there are none.
    """
    made = {id(value): value for value in vars(module).values() if isinstance(value, Subject)}
    if empty := [subject.name for subject in made.values() if not subject.parts()]:
        raise ValueError(
            f"A subject names its functions: Subject(name=..., advantages=part(...)). Got none in {empty[0]}"
        )
    if made:
        return list(made.values())
    steps = subject_of_module(module, file.name)
    if steps is None:
        raise ValueError(
            f"A subject is made by Subject(...), or its functions have the names of this course's steps. Got {file} "
            "with neither; --template prints one to begin with"
        )
    return [steps]


__all__ = ["Report", "main", "subjects_in"]

if __name__ == "__main__":
    raise SystemExit(main())
