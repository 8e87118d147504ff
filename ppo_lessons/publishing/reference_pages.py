"""The glossary, and the map from equation to function to lesson to test: generated, so that they cannot drift.

`pages` writes them anew into `docs/`; a test holds them against the sources.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from ppo_lessons.publishing.terms import TERMS

REPOSITORY = Path(__file__).parents[2]
DOCS, SOURCE, TESTS = REPOSITORY / "docs", REPOSITORY / "notebooks" / "source", REPOSITORY / "tests"
TRUTHS = ("test_sb3_parity.py", "test_golden.py")
"""Tests that hold our numbers against somebody else's."""
MODULES = (
    "actor_critic",
    "team_view",
    "value_normalisation",
    "advantages",
    "buffer",
    "minibatches",
    "losses",
    "policy_gradient",
    "optimisation",
    "steps",
    "update",
    "training",
)


def glossary_page() -> str:
    """Return docs/glossary.md.

    Raises:
        AttributeError: If a name does not stand where a term says.
    """
    lines = [
        "# Glossary",
        "",
        "Generated from `ppo_lessons/publishing/reference_pages.py` by `python start.py format`.",
    ]
    for term in TERMS:
        module, name = _where(term.code)
        symbol = f", {term.symbol}" if term.symbol else ""
        where = f"[`{name}`](../{module}){symbol}, lesson {_lesson_link(term.lesson)}"
        lines += ["", f"## {term.term}", "", f"{term.meaning[0].upper()}{term.meaning[1:]}. In code: {where}."]
    return "\n".join(lines) + "\n"


def map_page() -> str:
    """Return docs/map.md: every function whose docstring names a source, with its lessons and tests."""
    lines = [
        "# From equation to function to lesson to test",
        "",
        "Generated from the docstrings, the lessons and the tests by `python start.py format`.",
        "",
        "| source | function | lessons | tests |",
        "|---|---|---|---|",
    ]
    for module, name, source in functions_with_sources():
        pattern = re.compile(rf"\b{name}\b")
        lessons = [path for path in sorted(SOURCE.glob("*.py")) if pattern.search(path.read_text(encoding="utf-8"))]
        own = [
            path for path in sorted(TESTS.rglob("test_*.py")) if path.name in TRUTHS or path.stem == f"test_{module}"
        ]
        tests = [path for path in own if pattern.search(path.read_text(encoding="utf-8"))]
        lesson_links = ", ".join(f"[{p.stem[:2]}](../notebooks/{p.stem}.ipynb)" for p in lessons)
        test_links = ", ".join(f"[{_test_name(test)}](../{test.relative_to(REPOSITORY).as_posix()})" for test in tests)
        lines.append(f"| {source} | [`{name}`](../ppo_lessons/{module}.py) | {lesson_links} | {test_links} |")
    return "\n".join(lines) + "\n"


def _test_name(path: Path) -> str:
    """A golden test is called after its lesson too."""
    return f"{path.parent.name}/{path.name}" if path.parent != TESTS else path.name


def functions_with_sources() -> Iterator[tuple[str, str, str]]:
    """Yield (module, function, source) in the order of the flow."""
    for module_name in MODULES:
        module = importlib.import_module(f"ppo_lessons.{module_name}")
        for name, member in vars(module).items():
            if name.startswith("_") or getattr(member, "__module__", "") != module.__name__ or not callable(member):
                continue
            found = re.search(r"References:\n\s+(.+?)(?:\n\s*\n|\Z)", inspect.getdoc(member) or "", flags=re.DOTALL)
            if found:
                text = " ".join(found.group(1).split())
                yield module_name, name, re.sub(r",? (https?://\S+)", r" [link](\1)", text)


def _where(code: str) -> tuple[str, str]:
    """Return the file in which a name stands, and the name in it."""
    parts, place = code.split("."), REPOSITORY / "ppo_lessons"
    while (place / parts[0]).is_dir():
        place /= parts.pop(0)
    file, names = (place / parts[0]).with_suffix(".py").relative_to(REPOSITORY), parts[1:]
    found = importlib.import_module(".".join(file.with_suffix("").parts))
    for name in names:
        if not (name in getattr(found, "__annotations__", {}) or name in getattr(found, "_fields", ())):
            found = getattr(found, name)
    return file.as_posix(), ".".join(names)


def _lesson_link(name: str) -> str:
    """Return the number of a lesson as a link.

    Raises:
        ValueError: If there is no lesson, or several, of this name.
    """
    (path,) = SOURCE.glob(f"[0-9][0-9]_{name}.py")
    return f"[{path.stem[:2]}](../notebooks/{path.stem}.ipynb)"
