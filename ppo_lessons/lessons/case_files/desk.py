"""Where a case is solved: name the culprit, point at the clue, repair the function. Wrong suspicions get a reason."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ppo_lessons.classroom.checks import BLANKS, SECONDS
from ppo_lessons.classroom.code_text import import_block
from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.diagnosis.attempt import own_file
from ppo_lessons.classroom.diagnosis.conditions import known_conditions
from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError, in_time
from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.classroom.needs import global_names, import_line
from ppo_lessons.classroom.progress import note, read_progress
from ppo_lessons.display.tables import Table
from ppo_lessons.doctor.examination import FACTS, find
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_ASKED, PASSED, Finding
from ppo_lessons.doctor.house import PARTS_OF, subject_of
from ppo_lessons.doctor.mishaps import in_words
from ppo_lessons.guards.sealed import source_of
from ppo_lessons.lessons.case_files.board import SHOWN
from ppo_lessons.lessons.case_files.case_file import HEALTHY, NOBODY, CaseFile
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.steps import DEFAULT_STEPS

LESSON = 17


def number_of(case: CaseFile) -> str:
    """Return under which number its progress is kept: "17.3"."""
    return f"{LESSON}.{case.number}"


def case_of(number: Any) -> CaseFile | None:
    """Return a case; None, and a word about it, if there is none of that number."""
    found = next((case for case in CASES if case.number == number), None)
    if found is None:
        say(f"A case is one of {CASES[0].number} to {CASES[-1].number}. Got {number!r}")
    return found


def accuse(number: int, node: Any, clue: Any) -> None:
    """Accuse a box of the flowchart, and point at the reading that proves it.

    Args:
        number: Of the case.
        node: Letter of the box, "A" to "P"; "nobody" if the run is healthy.
        clue: Name of a reading; of a healthy run "none".
    """
    if (case := case_of(number)) is None:
        return
    if any(answer is blank for answer in (node, clue) for blank in BLANKS):
        say(
            f'□ case {number}: still open. accuse({number}, "K", "first_ratio") accuses box K by its first ratio; '
            f"where nothing is wrong, it is accuse({number}, {NOBODY!r}, {HEALTHY!r})."
        )
        return
    node, clue = (" ".join(str(answer).split()) for answer in (node, clue))
    box = NOBODY if node.casefold() == NOBODY else node.upper()
    if box not in (*NODES, NOBODY):
        say(f"✘ case {number}: a box is one of A to P, or {NOBODY!r}. Got {node!r}")
        return
    if clue.casefold() not in (*SHOWN, HEALTHY):
        say(f"✘ case {number}: a clue is one of {', '.join(SHOWN)}, or {HEALTHY!r}. Got {clue!r}")
        return
    note(number_of(case), "tried")
    if box != case.node:
        say(f"✘ case {number}: {case.alibi(box)}")
        return
    if clue.casefold() not in case.clues:
        right = "nobody, that is right" if box == NOBODY else "the right box"
        say(f"✘ case {number}: {right}. But {case.no_proof(clue.casefold())}")
        return
    say(f"✔ case {number}: {case.verdict}")
    if not case.fault:
        note(number_of(case), "passed")
        return
    say(f"This is what was planted. Repair it, and hand it over: repair({number}, {', '.join(case.planted)})")
    say(planted_source(case), fold=False)


def planted_source(case: CaseFile) -> str:
    """Return the planted functions as learners write them, under the names of the steps, with their imports."""
    sources, imports = [], {}
    for step, function in case.planted.items():
        (tree,) = ast.parse(source_of(function)).body
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
                node.body = node.body[1:]  # it says what is wrong
            if isinstance(node, ast.FunctionDef):
                node.returns = None
                for argument in node.args.args:
                    argument.annotation = None
        tree.name = step  # type: ignore[attr-defined]
        sources.append(ast.unparse(tree))
        scope = vars(inspect.getmodule(function))
        named = [name for name in global_names(sources[-1]) if name in scope]
        imports |= {name: import_line(name, scope[name]) for name in named}
    return "\n\n\n".join(filter(None, (import_block([*filter(None, imports.values())]), *sources)))


def repair(number: int, *functions: Callable[..., Any]) -> None:
    """Have repaired functions examined, by the doctor's facts and not by their return.

    Args:
        number: Of the case.
        functions: Each has the name of the step that it repairs.
    """
    if (case := case_of(number)) is None:
        return
    if not functions or any(function is blank for function in functions for blank in BLANKS):
        say(f"□ case {number}: nothing repaired yet.")
        return
    if not case.fault:
        say(f"✘ case {number}: there was nothing to repair.")
        return
    own = {getattr(function, "__name__", type(function).__name__): function for function in functions}
    strange = [name for name in own if name not in case.planted]
    if strange:
        say(f"✘ case {number}: repair {', '.join(case.planted)}. Got {', '.join(strange)}")
        return
    if any(function is getattr(DEFAULT_STEPS, name) for name, function in own.items()):
        say(f"✘ case {number}: that is the package's own. Repair the one that was planted, in a few lines.")
        return
    note(number_of(case), "tried")
    try:
        with known_conditions():
            findings = in_time(lambda: examined(case, own), SECONDS, own_file(functions[0]))
    except TooSlowError as error:
        where = f" ({error.line})" if error.line else ""
        say(f"✘ case {number}: it was still running after {SECONDS} seconds{where}.")
        return
    except Exception as error:  # it has no room for what it is handed, or cannot be made
        say(f"✘ case {number}: not yet. {in_words(error)}")
        return
    failed = [finding for finding in findings if finding.verdict in (FAILED, NOT_ASKED, CONVENTION)]
    if failed:
        first = failed[0]
        say(f"✘ case {number}: not yet. {first.fact.part}, {first.fact.name}: {first.fact.says}")
        for name, value in (("given", first.given), ("got", first.got), ("right", first.right), ("note", first.text)):
            if value:
                say(f"  {name}: {value}")
        return
    note(number_of(case), "passed")
    passed = sum(finding.verdict == PASSED for finding in findings)
    say(f"✔ case {number}: closed. {passed} facts about it hold. {case.closing}")


def examined(case: CaseFile, own: dict[str, Callable[..., Any]]) -> list[Finding]:
    """Put the facts to the suspect's update with these functions in their places; a class is made anew."""
    own = {name: function() if isinstance(function, type) else function for name, function in own.items()}
    steps = replace(case.fault.steps if case.fault else DEFAULT_STEPS, **own)
    subject = subject_of(steps)
    parts = {part for step in case.planted for part in PARTS_OF[step]}
    return [find(fact, subject) for fact in FACTS if fact.part in parts]


def show_book() -> None:
    """Show which cases are open, begun and closed."""
    show(case_book(), "the book of cases: thirteen of them")


def case_book() -> Table:
    """Return which cases are open, begun and closed."""
    states = read_progress()
    words = {"passed": "■ closed", "tried": "◪ begun"}
    rows = [[str(case.number), case.title, words.get(states.get(number_of(case), ""), "□ open")] for case in CASES]
    return Table([["case", "what was reported", "state"], *rows], names=3)
