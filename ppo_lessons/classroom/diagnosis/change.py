"""A change of a right function: it stands before it (other inputs) or behind it (its result is changed)."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

Function = Callable[..., Any]
Inputs = list[Any]


@dataclass(frozen=True)
class Change:
    """Something that happened to a right function, or to a mistaken one."""

    name: str
    """What was done: "the sign turned"."""
    advice: str
    """What to look at."""
    of: Callable[[Function], Function]
    """Makes the changed function."""
    blunt: bool = False
    """Whether much that differs becomes the same by it: it is not put together with another change."""


def after(change: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return a change of the result."""
    return lambda function: lambda *args: change(function(*args))


def before(change: Callable[[Inputs], Inputs]) -> Callable[[Function], Function]:
    """Return a change of the inputs."""
    return lambda function: lambda *args: function(*change(list(args)))


def contents(value: Any) -> dict[str, Any]:
    """Return the fields of a NamedTuple or a dataclass that hold tensors, arrays or numbers."""
    if hasattr(value, "_fields"):
        return value._asdict()
    if not is_dataclass(value):
        return {}
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: content for name, content in found.items() if isinstance(content, (int, float))}


def with_content(value: Any, field: str, content: Any) -> Any:
    """Return a value with another content in one field."""
    return value._replace(**{field: content}) if hasattr(value, "_fields") else replace(value, **{field: content})


def changed_value(change: Change, value: Any) -> Any:
    """Return a value after a change."""
    return change.of(lambda x: x)(value)
