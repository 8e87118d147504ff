"""The pages that follow from the sources, so that they cannot drift: `python start.py format` writes them anew."""

import re
from pathlib import Path

from ppo_lessons.publishing.build import exercise_of, lessons, read_lesson
from ppo_lessons.publishing.doctor_pages import doctor_parts
from ppo_lessons.publishing.field_guide import field_guide
from ppo_lessons.publishing.house import core_graph, floor_plan, in_numbers
from ppo_lessons.publishing.many_runs_page import many_runs_parts
from ppo_lessons.publishing.minutes import HEAD, head_of
from ppo_lessons.publishing.reference_pages import DOCS, REPOSITORY, SOURCE, glossary_page, map_page
from ppo_lessons.publishing.references import references_page
from ppo_lessons.publishing.running_pages import RUNNING, running_parts
from ppo_lessons.publishing.teaching_page import teaching_parts

TITLE = re.compile(r"^# \d+\. [^:]+: (?P<question>.+)$", flags=re.MULTILINE)


def lesson_table() -> str:
    """Return the lessons as a table: minutes, exercises, and the question that each answers.

    Raises:
        ValueError: If a lesson does not begin with its question and its minutes.
    """
    rows = ["| lesson | minutes | exercises | the question it answers |", "|---|---|---|---|"]
    for name in lessons():
        cells = read_lesson(name).cells
        question, minutes = TITLE.search(cells[0].source), HEAD.search(cells[0].source)
        if question is None or minutes is None:
            raise ValueError(f"A lesson begins with `# N. Name: question?` and `**M minutes`. Got {name}")
        exercises = sum(exercise_of(cell) is not None for cell in cells)
        link = f"[{name.replace('_', ' ')}](notebooks/{name}.ipynb)"
        now = HEAD.search(head_of(cells))
        assert now is not None
        rows.append(f"| {link} | {now['all']} | {exercises} | {question['question']} |")
    return "\n".join(rows)


def filled(page: Path, parts: dict[str, str]) -> str:
    """Return a page with its generated parts anew; each stands between `<!-- name -->` and `<!-- end -->`.

    Raises:
        ValueError: If a part has no place in the page.
    """
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        place = re.compile(rf"(?<=<!-- {name} -->\n\n).*?(?=\n\n<!-- end -->)", flags=re.DOTALL)
        if len(place.findall(text)) != 1:
            raise ValueError(f"{page.name} must have one place <!-- {name} --> ... <!-- end -->. Got none or several")
        text = place.sub(lambda _, part=part: part, text)
    return text


def pages() -> dict[Path, str]:
    """Return path -> text of every page that is generated, as a whole or in parts."""
    interactive = REPOSITORY / "ppo_lessons" / "interactive"
    readme, contributing = REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"
    static = REPOSITORY / "jupyter" / "share" / "jupyter" / "labextensions" / "ppo_lessons" / "static"
    shared = {
        static / name: (interactive / name).read_text(encoding="utf-8") for name in ("theatre.js", "controls.css")
    }
    house = {"floor plan": floor_plan(), "core": f"```\n{core_graph()}\n```", "numbers": in_numbers()}
    sources = {SOURCE / f"{name}.py": name for name in lessons()}
    return {
        DOCS / "glossary.md": glossary_page(),
        DOCS / "map.md": map_page(),
        DOCS / "references.md": references_page(),
        DOCS / "field_guide.md": field_guide(),
        DOCS / "doctor.md": filled(DOCS / "doctor.md", doctor_parts()),
        RUNNING / "index.md": filled(RUNNING / "index.md", running_parts()),
        DOCS / "many_runs.md": filled(DOCS / "many_runs.md", many_runs_parts()),
        DOCS / "teaching.md": filled(DOCS / "teaching.md", teaching_parts()),
        **{path: _with_minutes(path.read_text(encoding="utf-8"), name) for path, name in sources.items()},
        readme: filled(readme, {"lessons": lesson_table()}),
        contributing: filled(contributing, house),
        **shared,  # so that JupyterLab plays a stored replay without a kernel
    }


def _with_minutes(text: str, name: str) -> str:
    """Return a lesson's source that says how long it takes."""
    return HEAD.sub(head_of(read_lesson(name).cells), text, count=1)


def write_pages() -> None:
    """Write them where they stand."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages()
