"""Lines that do not stand in clear: a handout for a class can come without solutions.

Sealed lines are zlib and base64. That is no secret: it keeps an answer from catching the eye, and from nobody who wants
it. What is sealed is source, so that every Python can open it; `teaching.sealing` seals.
"""

import ast
import base64
import inspect
import zlib
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

_OPENED: dict[str, str] = {}
"""Name of a module that was sealed as a whole -> its source."""
_MARK = "__sealed__"


def seal(source: str) -> str:
    """Return source as it is sealed."""
    return base64.b64encode(zlib.compress(source.encode(), 9)).decode()


def _open(blob: str) -> str:
    return zlib.decompress(base64.b64decode(blob)).decode()


def sealed(blob: str) -> Callable[[FunctionType], FunctionType]:
    """Give a function its own lines back: `@sealed("...")` stands next to its `def`, and `...` in place of its body.

    Name, signature, annotations and docstring are those that stand there; the code is what was sealed, as fast as ever.
    `inspect.getsource` and tracebacks show what stands there.

    Args:
        blob: The function's source, sealed, without decorators.
    """

    def put_back(function: FunctionType) -> FunctionType:
        code = function.__code__
        module = _compiled(_open(blob), code.co_filename, code.co_firstlineno)
        function.__code__ = next(
            const for const in module.co_consts if isinstance(const, CodeType) and const.co_name == code.co_name
        )
        setattr(function, _MARK, True)
        return function

    return put_back


def unseal(names: dict[str, Any], blob: str) -> None:
    """Run the lines of a module that is sealed as a whole: `unseal(globals(), "...")`.

    Args:
        names: The module's own names.
        blob: The module's source, sealed.
    """
    source = _OPENED[names["__name__"]] = _open(blob)
    exec(_compiled(source, names["__file__"], 1), names)


def _compiled(source: str, filename: str, line: int) -> CodeType:
    """Compile what was sealed as if all of it stood in one line of its file: no other line of that file has to do."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = line, line, 0, 0  # type: ignore[attr-defined]
    return compile(tree, filename, "exec", dont_inherit=True)


def is_sealed(function: Callable[..., Any]) -> bool:
    """Say whether the lines of a function do not stand in clear."""
    return hasattr(inspect.unwrap(function), _MARK)


def source_of(thing: Callable[..., Any]) -> str:
    """Return the source of a function or a class, also of one whose module is sealed as a whole.

    Raises:
        OSError: If it is not at hand.
        TypeError: If it is written in no Python.
    """
    opened = _OPENED.get(thing.__module__)
    if opened is None:
        return inspect.getsource(thing)
    for node in ast.parse(opened).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == thing.__name__:
            return ast.get_source_segment(opened, node) or ""
    raise OSError(f"{thing.__name__} does not stand by itself in {thing.__module__}")
