"""Which lessons are meant on the command line."""

import re

from ppo_lessons.publishing.build import lessons


def chosen(wish: str | None) -> list[str]:
    """Return the names of the lessons that are wished for, in order; 00 is always among them.

    Args:
        wish: Numbers, as in "1-7" or "1,3,5-8"; None: all.

    Raises:
        ValueError: If it is no such list, or a lesson is not there.
    """
    there = {int(name[:2]): name for name in lessons()}
    if wish is None:
        return list(there.values())
    numbers = {0}
    for piece in wish.split(","):
        named = re.fullmatch(r"\s*([0-9]{1,2})\s*(?:-\s*([0-9]{1,2})\s*)?", piece)
        first, last = (int(named[1]), int(named[2] or named[1])) if named else (1, 0)
        if last < first:
            raise ValueError(f"--lessons wants numbers, the smaller first, such as 1-7 or 1,3,5-8. Got {wish!r}")
        numbers |= set(range(first, last + 1))
    if strange := sorted(numbers - there.keys()):
        raise ValueError(f"There is no lesson {strange[0]} here. There are {', '.join(map(str, there))}.")
    return [there[number] for number in sorted(numbers)]
