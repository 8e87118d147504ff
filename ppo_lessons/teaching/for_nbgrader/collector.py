"""Which of the files in a class's zip is whose: nbgrader's collector, which takes one notebook of each student."""

from pathlib import Path
from typing import Any

from nbgrader.plugins import FileNameCollectorPlugin


class OneOfEach(FileNameCollectorPlugin):
    """Takes one notebook of each student; nbgrader itself gives up the whole class at the second one.

    Two students of one name are told apart by the platform's number, if there is one. If there is none, nbgrader stops
    as usual: who is left out must not be left to chance.
    """

    def __init__(self, **options: Any) -> None:
        """Begin a class."""
        super().__init__(**options)
        self._taken: set[str] = set()
        self._owners: dict[tuple[str, str], tuple[str, str | None]] = {}

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Return whose notebook a file is, and of which lesson; None if it is not to be taken.

        Args:
            submitted_file: Its path.
        """
        found = super().collect(submitted_file)
        if found is None:
            return None
        student, lesson, number = found["student_id"], found["file_id"], found.pop("number", None)
        place = submitted_file.rpartition(lesson)[0]
        plain = f"{place}{lesson}.ipynb"
        if plain in self._taken or (Path(plain).exists() and Path(plain) != Path(submitted_file)):
            self.log.warning("Left out, as another one lies beside it: %s", submitted_file)
            return None
        self._taken.add(plain)
        first, its_number = self._owners.setdefault((student, lesson), (place, number))
        if first != place and number != its_number:
            found["student_id"] = f"{student}_{number}"
            self.log.warning("A second %s: the one in %s is called %s", student, place, found["student_id"])
        elif first != place:
            self.log.error("%s has two notebooks, in %s and in %s. Leave one of them", student, first, place)
        return found
