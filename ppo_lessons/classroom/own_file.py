"""`my_ppo.py` as text: one docstring, imports, each function once in the order of the flowchart, and how to run it."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, fields

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.needs import Needs, global_names
from ppo_lessons.steps import Steps

DOCSTRING = '''"""My own PPO, collected from the lessons: every function in here has passed its check.

Run it with `python my_ppo.py`. It trains a team with these functions, saves the team, and draws its learning curve.
"""'''
IMPORTS = (
    "from pathlib import Path",
    "import matplotlib.pyplot as plt",
    "from tqdm import tqdm",
    "from ppo_lessons import PPOConfig, Steps, TrainingRun, save_policy, train",
)
MARK = "# --- "
STEPS_MARK, MAIN_MARK = f"{MARK}my steps ---", f"{MARK}train a team with them ---"
MAIN = f'''{MAIN_MARK}

CYCLES = 300


def main() -> None:
    """Train a team with these steps, save it, and draw its learning curve. Ctrl-C ends the training early."""
    here = Path(__file__).resolve().parent
    run, won = TrainingRun("standard", PPOConfig()), []
    try:
        for report in tqdm(train(run, CYCLES, STEPS), total=CYCLES, unit="cycle"):
            won.append(100 * report.behaviour.win_rate)
    except KeyboardInterrupt:
        print(f"Ended after {{run.cycle}} cycles.")
    save_policy(run.policy, here / "my_team.pt")
    figure, axes = plt.subplots()
    axes.plot(range(1, len(won) + 1), won)
    axes.set(xlabel="cycle", ylabel="cases won, per cent", ylim=(0, 100), title="My team")
    figure.savefig(here / "my_curve.png", dpi=150)
    print("The team: my_team.pt. Its learning curve: my_curve.png.")


if __name__ == "__main__":
    main()
'''
RESERVED = frozenset(("STEPS", "CYCLES", "main", "Path", "plt", "tqdm", "PPOConfig", "Steps", "TrainingRun"))
IN_STEPS = frozenset(field.name for field in fields(Steps))


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
    blocks = re.split(rf"^(?={MARK})", text, flags=re.MULTILINE)
    head, imports = _without_imports(blocks[0])
    sections, main = {}, ""
    for i, block in enumerate(blocks[1:], 1):
        named = re.match(rf"{MARK}[\d.]+ (\w+)", block)
        if named:
            sections[named.group(1)] = block.rstrip() + "\n"
        elif block.startswith(STEPS_MARK):
            continue
        else:
            main = "".join(blocks[i:])
            break
    return OwnFile(head, imports, sections, main or MAIN)


def _without_imports(text: str) -> tuple[str, dict[str, str]]:
    """Split what stands in front of the functions into imports and all else."""
    lines = text.splitlines()
    imports: dict[str, str] = {}
    for node in reversed(ast.parse(text).body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports |= {
                (alias.asname or alias.name): ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
                for alias in node.names
            }
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip(), imports


def put(file: OwnFile, exercise: Exercise, needs: Needs) -> None:
    """Put a function with what it needs into the file, in place of an earlier version.

    A constant, helper or import whose name already stands for something else in the file gets another name.

    Args:
        file: Is changed.
        exercise: Which the function answers.
        needs: The function and what it needs.
    """
    before = file.sections.pop(exercise.name, "")
    taken = {name: piece for section in file.sections.values() for name, piece in _pieces(section).items()}
    names: dict[str, str] = {}
    ending = exercise.number.replace(".", "_")
    for name, line in needs.imports.items():
        elsewhere = name in taken or name in RESERVED or file.imports.get(name, line) != line
        if elsewhere and line not in IMPORTS and not any(line in each for each in IMPORTS):
            names[name] = f"{name}_{ending}"
            line = re.sub(rf"( as {name})?$", f" as {names[name]}", line)
        file.imports[names.get(name, name)] = line
    for piece in needs.pieces[:-1]:
        if piece.name in RESERVED or taken.get(piece.name, piece.source) != piece.source:
            names[piece.name] = f"{piece.name}_{ending}"
    own = [
        renamed(piece.source, names)
        for piece in needs.pieces
        if taken.get(piece.name) != piece.source or piece.name in names
    ]
    kept = _still_needed(before, own, file)
    file.sections[exercise.name] = _section(exercise, [*kept, *own])


def _still_needed(before: str, own: list[str], file: OwnFile) -> list[str]:
    """Return helpers of the earlier version that other functions of the file use as well."""
    defined = {name for source in own for name in _pieces(source)}
    used = {name for section in file.sections.values() for name in global_names(section)}
    return [source for name, source in _pieces(before).items() if name in used and name not in defined]


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


def _pieces(section: str) -> dict[str, str]:
    """Return name -> source of what a section defines."""
    found = {}
    for node in ast.parse(section).body:
        source = ast.get_source_segment(section, node, padded=True) or ""
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(section.splitlines()[first - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = source
    return found


def renamed(source: str, names: dict[str, str]) -> str:
    """Return source in which names have been replaced, but no attribute and no keyword of a call.

    Args:
        source: Python.
        names: Old name -> new name.
    """
    if not names:
        return source
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for i in reversed(range(len(tokens))):
        token = tokens[i]
        is_attribute = i > 0 and tokens[i - 1].string == "."
        is_keyword = (
            tokens[i + 1].string == "=" and i > 0 and tokens[i - 1].string in ("(", ",")
            if i + 1 < len(tokens)
            else False
        )
        if token.type == tokenize.NAME and token.string in names and not is_attribute and not is_keyword:
            row, column = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:column] + names[token.string] + line[column + len(token.string) :]
    return "".join(lines)


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
    body.append(f"{STEPS_MARK}\n# Every other step of the flowchart is the package's own.\n\n{call}")
    parts = [file.head, _imports_of(file, body), *body, file.main.rstrip()]
    text = parts[0] + "\n\n" + parts[1] + "\n\n\n" + "\n\n\n".join(parts[2:]) + "\n"
    return text


def _imports_of(file: OwnFile, body: list[str]) -> str:
    """Return the imports that the file needs, each once; none of a name that the file defines itself."""
    text = "\n\n".join([file.head, *body, file.main])
    used, defined = set(global_names(text)), {name for section in file.sections.values() for name in _pieces(section)}
    always = {name: line for line in IMPORTS for name in _bound(line)}
    lines = {line for name, line in file.imports.items() if name in used - defined and name not in always}
    return import_block({*lines, *IMPORTS})


def _bound(line: str) -> list[str]:
    node = ast.parse(line).body[0]
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    return [alias.asname or alias.name for alias in node.names]


def import_block(lines: Iterable[str]) -> str:
    """Return imports in order, with one line for each module from which something is taken."""
    plain = sorted(line for line in lines if line.startswith("import "))
    merged = [*plain, *_merged(sorted(line for line in lines if line.startswith("from ")))]
    groups: list[list[str]] = [[], [], []]
    for line in merged:
        package = line.split()[1].split(".")[0]
        groups[0 if package in sys.stdlib_module_names else 2 if package == "ppo_lessons" else 1].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)


def _constants_then_classes(name: str) -> tuple[bool, bool, str]:
    return not name.isupper(), not name[0].isupper(), name


def _merged(lines: list[str]) -> list[str]:
    modules: dict[str, list[str]] = {}
    for line in lines:
        module, names = line.removeprefix("from ").split(" import ")
        modules.setdefault(module, []).extend(each for each in names.split(", ") if each not in modules.get(module, []))
    return [
        f"from {module} import {', '.join(sorted(names, key=_constants_then_classes))}"
        for module, names in modules.items()
    ]
