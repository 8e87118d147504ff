"""`my_ppo.py` as text: one docstring, imports, each function once in the order of the flowchart, and how to run it."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from ppo_lessons.classroom.code_text import bound_by, import_block, imported_as, pieces_of, renamed
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.main_program import A_MARK, DOCSTRING, IMPORTS, MAIN, MARK, STEPS_MARK, STEPS_NOTE
from ppo_lessons.classroom.needs import Needs, global_names, names_at_definition
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.spirit_world.curriculum import Way
from ppo_lessons.steps import Steps

OF_MAIN = "STEPS RULES WAY SHARING CYCLES main trained world into_the_fog elsewhere as_two Steps".split()
RESERVED = frozenset((*global_names(MAIN), *OF_MAIN))
"""Names with which the main program works."""
IN_STEPS = frozenset(field.name for field in fields(Steps))
RULES_OF_THE_WORLD = ("rewards_of", "who_acts_next")
"""What a learner writes for the world and not for the training."""
RULES_OF_THE_WAY = tuple(field.name for field in fields(Way))
"""What a learner writes for the way from case to case."""
RULES_OF_THE_RANKS = tuple(field.name for field in fields(Sharing))
"""What a learner writes for a training on many processes."""


@dataclass
class OwnFile:
    """The parts of the file. What a learner wrote between them stays where it is."""

    head: str
    """Docstring, and what the learner has put there."""
    imports: dict[str, str]
    """Name -> the line that imports it."""
    sections: dict[str, str]
    """Name of a function -> its section, mark and all."""
    main: str
    """How it is run, and what the learner has put behind."""


def read(text: str) -> OwnFile:
    """Take the file apart.

    Args:
        text: Of the file; an empty one gives a new file.

    Raises:
        SyntaxError: If it is no Python.
    """
    if not text.strip():
        return OwnFile(DOCSTRING, {}, {}, MAIN)
    ast.parse(text)
    blocks = re.split(rf"^(?={A_MARK}$)", text, flags=re.MULTILINE)
    head, imports = _without_imports(blocks[0])
    sections, after, main = {}, "", ""
    for i, block in enumerate(blocks[1:], 1):
        named = re.match(rf"{MARK}[\d.]+ (\w+)", block)
        if named:
            sections[named.group(1)] = block.rstrip() + "\n"
        elif block.startswith(STEPS_MARK):
            after = _without_steps(block)
        else:
            main = "".join(blocks[i:])
            break
    return OwnFile(head, imports, sections, f"{after}\n\n\n{main}".lstrip() if after else main or MAIN)


def _without_steps(block: str) -> str:
    """Return what a learner has written below the steps."""
    lines = block.splitlines()
    for node in reversed(ast.parse(block).body):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id in ("STEPS", "RULES", "WAY", "SHARING"):
            del lines[node.lineno - 1 : node.end_lineno]
    ours = (STEPS_MARK, STEPS_NOTE)
    return "\n".join(line for line in lines if line not in ours).strip()


def _without_imports(text: str) -> tuple[str, dict[str, str]]:
    """Split what stands in front of the functions into imports and all else."""
    lines = text.splitlines()
    imports: dict[str, str] = {}
    body = ast.parse(text).body
    for i, node in reversed(list(enumerate(body))):
        alone = all(other.lineno != node.lineno for j, other in enumerate(body) if j != i)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and alone and node.names[0].name != "*":
            imports |= {
                (alias.asname or alias.name): ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
                for alias in node.names
            }
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip(), imports


def put(file: OwnFile, exercise: Exercise, needs: Needs, all_names: Iterable[str]) -> dict[str, str]:
    """Put a function with what it needs into the file, in place of an earlier version.

    What another function of the file uses stays. A constant, helper or import whose name already stands for something
    else gets another name; one that is there already, with all that it needs, is used as it is.

    Args:
        file: Is changed.
        exercise: Which the function answers.
        needs: The function and what it needs.
        all_names: Of all exercises: a helper of such a name is not the exercise's answer.

    Returns:
        What got another name: old -> new.
    """
    kept = _still_needed(file, exercise.name)
    there = {name: piece for section in file.sections.values() for name, piece in pieces_of(section).items()} | kept
    names = _new_names(file, exercise, needs, there, {*all_names} - {exercise.name})
    for name, line in needs.imports.items():
        file.imports[names.get(name, name)] = imported_as(line, names[name]) if name in names else line
    shared = {piece.name for piece in needs.pieces[:-1] if there.get(piece.name) == piece.source} - names.keys()
    own = [renamed(piece.source, names) for piece in needs.pieces if piece.name not in shared]
    file.sections[exercise.name] = _section(exercise, [*kept.values(), *own])
    return names


def _new_names(
    file: OwnFile, exercise: Exercise, needs: Needs, there: dict[str, str], others: set[str]
) -> dict[str, str]:
    """Return old -> new name of all that would stand for two things at once."""
    imported = {name: line for name, line in file.imports.items() if name not in there}
    always = {name: line for line in IMPORTS for name in bound_by(line)}
    taken = {name for name, line in needs.imports.items() if _means_else(name, line, imported, always)}
    taken |= {name for name in needs.imports if name in there or (name in RESERVED and name not in always)}
    pieces = needs.pieces[:-1]
    taken |= {piece.name for piece in pieces if piece.name in others | RESERVED | imported.keys()}
    taken |= {piece.name for piece in pieces if there.get(piece.name, piece.source) != piece.source}
    at_once = {name for piece in needs.pieces for name in names_at_definition(piece.source)}
    taken |= {piece.name for piece in pieces if piece.name in there and piece.name in at_once}
    while True:  # what uses something of another name is another thing itself
        more = {p.name for p in pieces if p.name in there and taken & set(global_names(p.source))} - taken
        if not more:
            break
        taken |= more
    ending = exercise.number.replace(".", "_")
    return {name: f"{name}_{ending}" for name in taken}


def _means_else(name: str, line: str, imported: dict[str, str], always: dict[str, str]) -> bool:
    if name in always:
        node = ast.parse(always[name]).body[0]
        assert isinstance(node, (ast.Import, ast.ImportFrom))
        alias = next(alias for alias in node.names if (alias.asname or alias.name) == name)
        return line != ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
    return imported.get(name, line) != line


def _still_needed(file: OwnFile, name: str) -> dict[str, str]:
    """Take the earlier version out, and return the helpers and constants of it that others use, with all they need."""
    before = pieces_of(file.sections.pop(name, ""))
    before.pop(name, None)
    used = set(global_names("\n\n".join([file.head, *file.sections.values(), file.main])))
    while more := {each for piece in before if piece in used for each in global_names(before[piece])} - used:
        used |= more
    return {each: source for each, source in before.items() if each in used}


def _section(exercise: Exercise, sources: list[str]) -> str:
    lesson = f"lesson {exercise.number.split('.')[0].zfill(2)}, box {exercise.node} of the flowchart"
    lines = [f"{MARK}{exercise.number} {exercise.name}: {lesson} ---", f"# {exercise.hints[1]}"]
    if exercise.used:
        lines.append(f"# {exercise.used}")
    wrapped = [piece for line in lines for piece in _comment(line)]
    return "\n".join(wrapped) + "\n\n\n" + "\n\n\n".join(sources) + "\n"


def _comment(line: str, width: int = 100) -> Iterable[str]:
    words, text = line.split(" "), ""
    for word in words:
        if text and len(text) + len(word) >= width:
            yield text
            text = "#"
        text = f"{text} {word}" if text else word
    yield text


def written(file: OwnFile, exercises: Iterable[Exercise]) -> str:
    """Return the whole file.

    Args:
        file: Its parts.
        exercises: All there are, for the order of the flowchart.
    """
    order = [e.name for e in sorted(exercises, key=lambda e: (e.node, *map(int, e.number.split("."))))]
    names = [name for name in order if name in file.sections]
    body = [file.sections[name].rstrip() for name in names]
    steps = [name for name in names if name in IN_STEPS]
    listed = "".join(f"    {name}={name},\n" for name in steps)
    call = f"STEPS = Steps(\n{listed})" if steps else "STEPS = Steps()"
    rules = ", ".join(f"{name}={name}" for name in RULES_OF_THE_WORLD if name in names)
    way = ", ".join(f"{name}={name}" for name in RULES_OF_THE_WAY if name in names)
    sharing = ", ".join(f"{name}={name}" for name in RULES_OF_THE_RANKS if name in names)
    ours = f"RULES = dict({rules})\nWAY = Way({way})\nSHARING = Sharing({sharing})"
    body.append(f"{STEPS_MARK}\n{STEPS_NOTE}\n\n{call}\n{ours}")
    parts = [file.head, _imports_of(file, body), *body, file.main.rstrip()]
    text = parts[0] + "\n\n" + parts[1] + "\n\n\n" + "\n\n\n".join(parts[2:]) + "\n"
    return text


def _imports_of(file: OwnFile, body: list[str]) -> str:
    """Return the imports that the file needs, each once; none of a name that the file defines itself."""
    text = "\n\n".join([file.head, *body, file.main])
    used, defined = set(global_names(text)), {name for section in file.sections.values() for name in pieces_of(section)}
    always = {name: line for line in IMPORTS for name in bound_by(line)}
    lines = {line for name, line in file.imports.items() if name in used - defined and name not in always}
    return import_block({*lines, *IMPORTS})
