"""Functions typed into a notebook: their source can be found again, and they belong to `__main__`."""

import linecache
from collections.abc import Callable
from typing import Any

CELLS = iter(range(10**6))


def typed(source: str, name: str, namespace: dict[str, Any] | None = None) -> Callable[..., Any]:
    """Define a function as a notebook cell does, and return it."""
    file = f"<cell {next(CELLS)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


def define(signature: str, *lines: str) -> str:
    """A function's source."""
    return f"def {signature}:\n" + "".join(f"    {line}\n" for line in lines)
