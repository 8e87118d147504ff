"""From lesson text to notebook: `notebooks/source/NN_name.py` is the only source, the .ipynb follows from it.

Run it as `python start.py notebooks`. Built twice, a notebook is the same byte for byte.
"""

import argparse
import hashlib
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper
from ppo_lessons.lessons import desk

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCE = NOTEBOOKS / "source"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
"""Points at a widget of the kernel that built the notebook: another one each time, and gone by the time it is read."""


def lessons() -> list[str]:
    """Return the names of all lessons, in order: 00_start_here, ..."""
    return sorted(path.stem for path in SOURCE.glob("[0-9][0-9]_*.py"))


def read_lesson(name: str) -> NotebookNode:
    """Make a lesson's notebook from its source, blank and not yet run.

    Args:
        name: For instance "01_rollout".

    Returns:
        The notebook. Each cell's id is a digest of its text, so that a changed line changes one cell only.
    """
    return notebook_of((SOURCE / f"{name}.py").read_text(encoding="utf-8"))


def notebook_of(text: str) -> NotebookNode:
    """Make a notebook from the text of a lesson's source, blank and not yet run, as `read_lesson` does."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def solve(notebook: NotebookNode) -> NotebookNode:
    """Fill every blank with the package's own source, in place; one on paper with its right answer.

    Args:
        notebook: A blank notebook; its exercise cells hold `def name(...)` of an exercise that returns `...`, its cells
            on paper `answer = ...`.

    Returns:
        The same notebook.
    """
    for cell in notebook.cells:
        if (exercise := exercise_of(cell)) is not None:
            cell.source = solution_source(exercise)
        if (paper := paper_of(cell)) is not None:
            cell.source = cell.source.replace("answer = ...", f"answer = {paper.right!r}")
    return notebook


def exercise_of(cell: NotebookNode) -> Exercise | None:
    """Return the exercise whose blank stands in a cell; None if it holds none."""
    if cell.cell_type != "code" or "exercise" not in cell.metadata.get("tags", []):
        return None
    name = re.search(r"^def (\w+)\(", cell.source, flags=re.MULTILINE)
    exercise = desk.find(name.group(1)) if name else None
    if exercise is None:
        raise ValueError(f"A cell with the tag exercise defines the function of an exercise. Got: {cell.source[:60]!r}")
    return exercise


def paper_of(cell: NotebookNode) -> OnPaper | None:
    """Return what is to be worked out on paper for a cell; None if nothing is."""
    if cell.cell_type != "code" or "on-paper" not in cell.metadata.get("tags", []):
        return None
    asked = re.search(r'^answer = \.\.\.\ncheck_on_paper\("([\d.]+)", answer\)$', cell.source, flags=re.MULTILINE)
    paper = next((paper for paper in desk.papers if asked and paper.number == asked.group(1)), None)
    if paper is None:
        form = "`answer = ...` and `check_on_paper(number, answer)`"
        raise ValueError(f"A cell with the tag on-paper holds {form}. Got: {cell.source[:80]!r}")
    return paper


def execute(notebook: NotebookNode, folder: Path = NOTEBOOKS, seconds: int = 120) -> NotebookNode:
    """Run a notebook in a fresh kernel and keep its outputs, without what differs from run to run.

    Args:
        notebook: Is changed in place.
        folder: The kernel's working folder.
        seconds: A cell may take so long.

    Returns:
        The same notebook.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell raises.
    """
    client = NotebookClient(
        notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    with tempfile.TemporaryDirectory() as nobodys_home:
        client.execute(env={**os.environ, "PPO_LESSONS_HOME": nobodys_home, "OMP_NUM_THREADS": "1"})
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _join_streams(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def _join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join printed pieces that follow each other: where the kernel flushed is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook in the one form that git sees."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def is_stale(name: str) -> bool:
    """Say whether a built notebook no longer has the cells of its source, or was never built."""
    path = NOTEBOOKS / f"{name}.ipynb"
    if not path.exists():
        return True
    built = nbformat.read(path, as_version=4)
    fresh = read_lesson(name)
    return _cells(built) != _cells(fresh) or built.metadata != fresh.metadata


def _cells(notebook: NotebookNode) -> list[tuple[str, str, str, dict]]:
    return [(cell.cell_type, cell.id, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def main() -> None:
    """Build and execute the lessons that are named, or all."""
    parser = argparse.ArgumentParser(prog="python start.py notebooks", description=main.__doc__)
    parser.add_argument("names", nargs="*", help="for instance 01 or 01_rollout; all if none is given")
    parser.add_argument("--solved", type=Path, help="write solved notebooks into this folder instead")
    options = parser.parse_args()
    chosen = [name for name in lessons() if not options.names or any(name.startswith(start) for start in options.names)]
    for name in chosen:
        notebook = read_lesson(name)
        if options.solved:
            options.solved.mkdir(parents=True, exist_ok=True)
            solve(notebook)
        write(execute(notebook), (options.solved or NOTEBOOKS) / f"{name}.ipynb")
        print(f"built {name}")


if __name__ == "__main__":
    main()
