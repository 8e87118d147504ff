"""Python as text: what it defines, names replaced, imports in order."""

import ast
import io
import sys
import tokenize
from collections.abc import Iterable


def pieces_of(section: str) -> dict[str, str]:
    """Return name -> source of what a section defines."""
    found = {}
    for node in ast.parse(section).body:
        source = ast.get_source_segment(section, node, padded=True) or ""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(section.splitlines()[first - 1 : node.end_lineno])
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                found[target.id] = source
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


def bound_by(line: str) -> list[str]:
    """Return the names that an import binds."""
    node = ast.parse(line).body[0]
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    return [alias.asname or alias.name for alias in node.names]


def imported_as(line: str, name: str) -> str:
    """Return an import under another name."""
    node = ast.parse(line).body[0]
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    node.names[0].asname = name
    return ast.unparse(node)
