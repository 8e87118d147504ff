"""An answer in two forms that can be compared: its own lines, and its tree without the names that were chosen."""

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

LEFT_OUT = frozenset(("ctx", "annotation", "returns", "type_comment", "kind", "type_params"))
"""Fields of a tree that do not change what is worked out."""
INSIDE = frozenset(("body", "orelse", "finalbody", "handlers", "cases"))
"""Fields that hold statements: a loop counts as its head, and each of its statements for itself."""
NAMED: dict[type, str] = {ast.Name: "id", ast.arg: "arg", ast.ExceptHandler: "name"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NAMED |= dict.fromkeys(DEFINITIONS, "name")
"""Which field holds a name that an answer may choose. Names of attributes and of keywords are others' choice."""
NAME = "$"
LONGEST = 20_000
"""Characters. What is longer is no answer to an exercise, and would take long to read."""


@dataclass(frozen=True)
class Statement:
    """One statement, or the head of one that holds others."""

    text: str
    """Its tree, in which every name that the answer chose is a blank."""
    size: int
    """Nodes of its tree."""


@dataclass(frozen=True)
class Shape:
    """What of an answer can be compared."""

    lines: tuple[str, ...]
    """Those with something in them, comments too, without indentation; several spaces count as one."""
    comments: tuple[str, ...]
    """Comments and docstrings: their words, in small letters."""
    docstrings: tuple[str, ...]
    """Docstrings alone."""
    tree: str
    """In one line, names that the answer chose numbered in the order of their appearance; "" if it is no program."""
    statements: tuple[Statement, ...]
    """All of them, in order; imports and docstrings left out."""
    names: frozenset[str]
    """Names that the answer chose; those of the parameters left out."""


@lru_cache(maxsize=4096)
def shape_of(source: str) -> Shape:
    """Return the forms of an answer. Nothing of it is run, and whatever it is, nothing is raised.

    Args:
        source: Of a cell: a function, perhaps with imports and functions of its own.
    """
    lines = tuple(" ".join(line.split()) for line in source.splitlines() if line.strip())
    if len(source) > LONGEST:
        return Shape(lines, (), (), "", (), frozenset())
    try:
        tree = ast.parse(source)
        reader = _Reader(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Shape(lines, _in_words(_comments(source)), (), "", (), frozenset())
    docstrings = _in_words(reader.docstrings)
    comments = (*_in_words(_comments(source)), *docstrings)
    return Shape(lines, comments, docstrings, reader.tree, reader.statements, reader.names)


def _in_words(remarks: list[str]) -> tuple[str, ...]:
    return tuple(words for remark in remarks if (words := in_words(remark)))


def in_words(text: str) -> str:
    """Return the words of a text in small letters, without what stands between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _comments(source: str) -> list[str]:
    if "#" not in source:
        return []
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass  # what stands before the error counts
    return found


class _Reader:
    """Goes through a tree once, and writes it down as words; a name that a program may choose has `NAME` in front."""

    def __init__(self, tree: ast.Module) -> None:
        self.docstrings: list[str] = []
        self._words: list[str] = []
        self._parameters: set[str] = set()
        self._chosen: set[str] = set()
        self._heads: list[tuple[int, int, int]] = []
        self._block(tree.body)
        self._parameters = {NAME + name for name in self._parameters}
        self._chosen = {NAME + name for name in self._chosen} | self._parameters

    @property
    def tree(self) -> str:
        """The whole in one line, chosen names numbered in the order of their appearance."""
        numbers: dict[str, str] = {}
        chosen = self._chosen
        return " ".join(
            numbers.setdefault(word, f"{NAME}{len(numbers)}") if word in chosen else word for word in self._words
        )

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All heads and simple statements, chosen names left out."""
        words = [NAME if word in self._chosen else word for word in self._words]
        return tuple(Statement(" ".join(words[begin:end]), size) for begin, end, size in self._heads)

    @property
    def names(self) -> frozenset[str]:
        """Names that were chosen, without the parameters'."""
        return frozenset(name.removeprefix(NAME) for name in self._chosen - self._parameters)

    def _block(self, statements: Sequence[ast.AST]) -> None:
        self._words.append("[")
        for statement in statements:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                if isinstance(statement.value.value, str):
                    self.docstrings.append(statement.value.value)
                    continue
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._statement(statement)
        self._words.append("]")

    def _statement(self, statement: ast.AST) -> None:
        blocks: list[list[ast.AST]] = []
        begin = len(self._words)
        size = self._node(statement, blocks)
        if not isinstance(statement, DEFINITIONS):
            self._heads.append((begin, len(self._words), size))
        for block in blocks:
            self._block(block)

    def _node(self, node: ast.AST, blocks: list[list[ast.AST]] | None = None) -> int:
        """Write a node down, but for the blocks in it, which are handed back. Return how many nodes that were."""
        kind, size, words = type(node), 1, self._words
        words.append(kind.__name__)
        named = NAMED.get(kind)
        for field in kind._fields:
            if field in LEFT_OUT:
                continue
            value = getattr(node, field, None)
            if isinstance(value, ast.AST):
                size += self._node(value)
            elif isinstance(value, list):
                if blocks is not None and field in INSIDE:
                    blocks.append(value)
                    continue
                words.append("(")
                for each in value:
                    if isinstance(each, ast.AST):
                        size += self._node(each)
                    else:  # of `global`, or what a keyword has by default
                        words.append(repr(each))
                words.append(")")
            elif field == named and value:
                self._name(node, value)
            else:
                words.append(repr(value))
        return size

    def _name(self, node: ast.AST, name: str) -> None:
        self._words.append(NAME + name)
        if isinstance(node, ast.arg):
            self._parameters.add(name)
        elif not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Store):
            self._chosen.add(name)
