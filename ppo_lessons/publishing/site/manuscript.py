"""What the site is made of: lessons with their stored outputs, pages, and every file of the course that they link to.

They are laid into a folder of their own in the same places as in the repository, so that links between them stay true.
Nothing is executed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import nbformat

from ppo_lessons.publishing.reference_pages import REPOSITORY
from ppo_lessons.publishing.site.lesson_pages import page_of_lesson
from ppo_lessons.publishing.site.living import Drawn
from ppo_lessons.publishing.site.pictures import Pictures

LINK = re.compile(r"(?P<head>!?\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\()(?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
FRONT = "README.md"
"""Becomes the front page, index.md."""
OUTSIDE = re.compile(r"^[a-z]+:")
"""A link with a scheme leads out of the course."""
PICTURES = (".png", ".gif", ".svg", ".webp")
LANGUAGES = {".py": "python", ".js": "javascript", ".css": "css", ".toml": "toml", ".yml": "yaml", ".json": "json"}


Figures = Mapping[str, Sequence[Drawn]]


class Manuscript:
    """The sources of the site, as they are laid into a folder.

    Args:
        folder: Is filled.
        pictures: Where the pictures of the lessons go.
        figures: Lesson -> its living figures.
        repository: The course.
    """

    def __init__(self, folder: Path, pictures: Pictures, figures: Figures, repository: Path = REPOSITORY) -> None:
        self.folder, self.repository = folder, repository.resolve()
        self._pictures, self._figures = pictures, figures
        self._waiting: list[Path] = []
        self.taken: set[Path] = set()
        """Files of the course that have a page of their own, relative to it."""

    def write(self) -> None:
        """Lay everything that can be reached from the lessons, the pages and the front page into the folder."""
        lessons = sorted(self.repository.glob("notebooks/[0-9][0-9]_*.ipynb"))
        pages = sorted(self.repository.glob("docs/**/*.md"))
        for path in (self.repository / FRONT, *lessons, *pages):
            self._want(path)
        while self._waiting:
            self._take(self._waiting.pop(0))

    def _want(self, path: Path) -> None:
        place = path.relative_to(self.repository)
        if place not in self.taken:
            self.taken.add(place)
            self._waiting.append(path)

    def _take(self, path: Path) -> None:
        place = path.relative_to(self.repository)
        if path.suffix == ".ipynb":
            notebook, figures = nbformat.read(path, as_version=4), self._figures.get(path.stem, [])
            notebook = page_of_lesson(notebook, self._pictures, figures, self.how_to_run())
            for cell in notebook.cells:
                if cell.cell_type == "markdown":
                    cell.source = self._linked(cell.source, path)
            self._put(place, nbformat.writes(notebook))
        elif path.suffix == ".md":
            text = self._linked(path.read_text(encoding="utf-8"), path)
            self._put(Path("index.md") if str(place) == FRONT else place, text)
        elif path.suffix in PICTURES:
            self._put(place, path.read_bytes())
        else:
            self._put(place, path.read_text(encoding="utf-8"))
            self._put(place.with_name(f"{place.name}.md"), source_page(place))

    def _put(self, place: Path, content: str | bytes) -> None:
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def how_to_run(self) -> str:
        """Return the link, seen from the folder of the lessons, that leads to how a lesson is run."""
        running = sorted(self.repository.glob("docs/running/*.md"))
        named = [path for path in running if path.stem in ("index", "README", "running")] or running
        return f"../docs/running/{named[0].name}" if named else "../index.md#installing"

    def _linked(self, text: str, page: Path) -> str:
        return LINK.sub(self._relink(page), text)

    def _relink(self, page: Path) -> Callable[[re.Match[str]], str]:
        def target(found: re.Match[str]) -> str:
            link, anchor = found["target"], found["anchor"] or ""
            path = (page.parent / link).resolve()
            if OUTSIDE.match(link) or not path.is_relative_to(self.repository):
                return found[0]
            if path.is_dir():
                return found["words"]
            if path.name == FRONT and path.parent == self.repository:
                return f"{found['head']}{link[: -len(FRONT)]}index.md{anchor})"
            if path.is_file():
                self._want(path)
            keeps_its_name = path.suffix in (".md", ".ipynb", *PICTURES) or not path.is_file()
            return found[0] if keeps_its_name else f"{found['head']}{link}.md{anchor})"

        return target


def source_page(place: Path) -> str:
    """Return the page of a file that is no page: its name, and its text with numbered lines.

    Args:
        place: Of the file in the course.
    """
    language = LANGUAGES.get(place.suffix, "text")
    include = f"```{{literalinclude}} {place.name}\n:language: {language}\n:linenos:\n```"
    return f"---\norphan: true\n---\n\n# {place.as_posix()}\n\n{include}\n"
