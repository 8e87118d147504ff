"""Steps of the update that keep a record of who asked for them, for exercises that put steps together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ppo_lessons.steps import Steps


class Asked:
    """A step that writes down each time it is asked for.

    Args:
        name: Its name in `Steps`.
        function: What it does.
        record: Where the names are written down, in order.
    """

    def __init__(self, name: str, function: Callable[..., Any], record: list[str]) -> None:
        self.name, self.function, self.record = name, function, record

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Write the name down, and do it."""
        self.record.append(self.name)
        return self.function(*given, **named)


def counted(steps: Steps, *names: str) -> tuple[Steps, list[str]]:
    """Return steps of which some write down that they were asked for, and the record.

    Args:
        steps: Of which.
        names: Which.

    Returns:
        The steps, and the list of names, which grows as they are asked for.
    """
    record: list[str] = []
    return replace(steps, **{name: Asked(name, getattr(steps, name), record) for name in names}), record


def times(count: int) -> str:
    """Return "never", "once", "3 times"."""
    return {0: "never", 1: "once"}.get(count, f"{count} times")
