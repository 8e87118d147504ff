"""Where a learner's answers are handed in: checks in one line, hints one by one, the solution, and the progress."""

import functools
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from ppo_lessons.classroom.checks import Verdict, diagnose
from ppo_lessons.classroom.code_text import import_block
from ppo_lessons.classroom.console import say
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.my_ppo import collect
from ppo_lessons.classroom.needs import needs_of
from ppo_lessons.classroom.paper import OnPaper, judge
from ppo_lessons.classroom.progress import note, show_strip, welcome_back
from ppo_lessons.guards.sealed import is_sealed

WITHOUT_SOLUTIONS = "This copy of the course comes without solutions. Ask whoever handed it out."


def find_exercises(lessons: str) -> tuple[Exercise, ...]:
    """Return the exercises of all lessons, in the order of their numbers.

    Args:
        lessons: Dotted name of a package with a folder for each lesson; one with exercises has a package `exercises`,
            in which a module with an exercise holds it as `EXERCISE`.
    """
    folders = _inside(lessons, only_folders=True)
    packages = (f"{lesson}.exercises" for lesson in folders if f"{lesson}.exercises" in _inside(lesson))
    modules = [importlib.import_module(name) for package in packages for name in _inside(package)]
    found = [module.EXERCISE for module in modules if hasattr(module, "EXERCISE")]
    return tuple(sorted(found, key=lambda exercise: [int(part) for part in exercise.number.split(".")]))


def _inside(name: str, *, only_folders: bool = False) -> list[str]:
    """Return the dotted names of the modules in a package."""
    found = pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}.")
    return [module.name for module in found if module.ispkg or not only_folders]


def _name_of(function: Any) -> Any:
    """Return the name by which a function answers: of a partial that of what is inside, of an object its class's."""
    inner = inspect.unwrap(function) if callable(function) else function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return getattr(inner, "__name__", None) or type(inner).__name__


def solution_source(exercise: Exercise) -> str:
    """Return the package's source of an exercise, with the imports that it needs to stand on its own."""
    needs = needs_of(exercise.function)
    source = "\n\n\n".join(piece.source for piece in needs.pieces)
    return f"{import_block(needs.imports.values())}\n\n\n{source}".lstrip()


class Desk:
    """Takes answers, and remembers what was said to the learner.

    Args:
        exercises: All functions that can be handed in.
        papers: All that is to be worked out with pen and paper.
    """

    def __init__(self, exercises: Sequence[Exercise], papers: Sequence[OnPaper] = ()) -> None:
        self.exercises, self.papers = tuple(exercises), tuple(papers)
        self._hints_given: dict[str, int] = {}
        self._last_verdicts: dict[str, Verdict] = {}

    def find(self, number_or_name: str) -> Exercise | None:
        """Return the exercise of that number or that function name."""
        return next((e for e in self.exercises if number_or_name in (e.number, e.name)), None)

    def check(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Check a learner's function, say in one line what was found, and return the function to go on with.

        Args:
            function: The learner's; its name says which exercise it answers.

        Returns:
            The learner's function if it is right, the package's own otherwise.
        """
        exercise = self.find(str(_name_of(function)))
        if exercise is None:
            names = ", ".join(e.name for e in self.exercises)
            say(f"✘ check() takes a function with the name of an exercise: {names}. Got {function!r:.60}")
            return function
        verdict = diagnose(exercise, function)
        last = self._last_verdicts.get(exercise.number)
        if function is exercise.function and last is not None and last.kind != "passed":
            # The check was run again by itself; its name holds the stand-in that it put there.
            again = f"run the cell with your function first. The last time: {last.text}"
            verdict = last if last.kind == "blank" else Verdict(last.kind, again, last.mistake)
        else:
            self._last_verdicts[exercise.number] = verdict
        text = verdict.text
        if verdict.kind == "passed":
            note(exercise.number, "passed")
            reason = collect(exercise, function, self.exercises)
            where = "and stands in my_ppo.py." if reason is None else f"but could not be put into my_ppo.py: {reason}."
            text = f"{text} Yours is used from here on, {where}"
        elif verdict.kind not in ("blank", "borrowed"):
            note(exercise.number, "tried")
        mark = {"passed": "✔", "blank": "□"}.get(verdict.kind, "✘")
        say(f"{mark} {exercise.number} {exercise.name}: {text}")
        return function if verdict.kind == "passed" else exercise.function

    def check_on_paper(self, number: str | float, answer: Any) -> None:
        """Say in one line whether an answer that was found with pen and paper is right, and remember it.

        Args:
            number: For instance "4.4"; 4.4 without quotes will do.
            answer: A number or a word; `...` while it is blank.
        """
        if (paper := self._paper(number)) is None:
            say(f"There is nothing on paper {number!r}. There are {', '.join(p.number for p in self.papers)}")
            return
        verdict = judge(paper, answer)
        if verdict.kind in ("passed", "mistake", "different"):
            note(paper.number, "passed" if verdict.kind == "passed" else "tried")
        mark = {"passed": "✔", "blank": "□"}.get(verdict.kind, "✘")
        say(f"{mark} on paper {paper.number}: {verdict.text}")

    def inputs(self, number: str, place: int = 1) -> tuple[Any, ...]:
        """Return the inputs of one of an exercise's probes, to call a function with: `gae(*inputs("3.3", 2))`.

        Args:
            number: For instance "3.3".
            place: Which of them, from 1, as a check says.

        Raises:
            ValueError: If there is no such exercise or place.
        """
        exercise = self.find(number)
        if exercise is None or not 1 <= place <= len(exercise.probes):
            raise ValueError(f"inputs() takes the number of an exercise and of a probe. Got {number!r}, {place!r}")
        return exercise.probes[place - 1].make()

    def hint(self, number: str | float) -> None:
        """Print the next of the three hints of an exercise.

        Args:
            number: For instance "11.1"; 11.1 without quotes will do.
        """
        if (paper := self._paper(number)) is not None:
            say(f"Hint: {paper.hint}")
            return
        if (exercise := self._numbered(number)) is None:
            return
        number = exercise.number
        given = self._hints_given.get(number, 0)
        self._hints_given[number] = min(given + 1, len(exercise.hints))
        place = min(given, len(exercise.hints) - 1)
        text, is_code = exercise.hints[place], place == len(exercise.hints) - 1
        if is_code and is_sealed(exercise.function):
            say(f"Hint {place + 1} would be the function's lines. {WITHOUT_SOLUTIONS}")
            return
        say(f"Hint {place + 1} of {len(exercise.hints)}:" + ("" if is_code else f" {text}"))
        if is_code:
            say(textwrap.indent(text, "    "), fold=False)
            say(f'That was the last one. The solution: solution("{number}")')

    def solution(self, number: str | float) -> None:
        """Print the package's own source of an exercise, or how the answer of one on paper is found.

        Args:
            number: For instance "11.1".
        """
        paper = self._paper(number)
        exercise = None if paper is not None else self._numbered(number)
        if paper is None and exercise is None:
            return
        if any(is_sealed(each.function) for each in self.exercises):
            say(WITHOUT_SOLUTIONS)
        elif paper is not None:
            say(f"{paper.right}. {paper.because}")
        elif exercise is not None:
            say(f"# {exercise.function.__module__}\n{solution_source(exercise)}", fold=False)

    def show_progress(self) -> None:
        """Show the flowchart with what has been written of it, what comes next, and every exercise."""
        show_strip(self.exercises, [paper.number for paper in self.papers])

    def welcome(self) -> None:
        """Say in one line how far the learner is and what comes next."""
        welcome_back(self.exercises)

    def _paper(self, number: str | float) -> OnPaper | None:
        return next((paper for paper in self.papers if paper.number == str(number)), None)

    def _numbered(self, number: str | float) -> Exercise | None:
        exercise = self.find(str(number))
        if exercise is None:
            say(f"There is no exercise {number!r}. There are {', '.join(e.number for e in self.exercises)}")
        return exercise
