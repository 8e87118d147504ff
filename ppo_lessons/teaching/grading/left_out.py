"""What stands in the place of an answer while answers are graded."""

from typing import NoReturn

CALLED: list[str] = []
"""Names of the functions that were called although they are left out."""


class LeftOutError(Exception):
    """Raised by a function of the package that is asked for."""


def left_out(name: str) -> NoReturn:
    """Note the call of a function that is asked for, and refuse it.

    Args:
        name: Of the function.

    Raises:
        LeftOutError: Always.
    """
    CALLED.append(name)
    raise LeftOutError(f"the package's own {name} is what is asked for: write it yourself")
