"""Cells run twice, as learners do, and then the notebook again in the same kernel, on a processor that nobody has: no
error, and the words that are stored."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from ppo_lessons.publishing.build import NOTEBOOKS, lessons

ELSEWHERE = f"""import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.notebooks.imagined import ImaginedProcessor
ImaginedProcessor().__enter__();"""


def said(cell: NotebookNode) -> str:
    """What a cell prints, and what its pictures say in words."""
    outputs = cell.outputs
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.parametrize("name", lessons())
def test_every_cell_runs_twice_and_then_the_notebook_once_more(name: str, tmp_path: Path):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    code = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    stored = {place: said(cell) for place, cell in code}
    elsewhere = nbformat.v4.new_code_cell(ELSEWHERE)
    notebook.cells.append(elsewhere)
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where)
    client.reset_execution_trackers()
    with client.setup_kernel(env={**os.environ, "PPO_LESSONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}):
        for place, cell in (*twice(code), (len(notebook.cells) - 1, elsewhere), *code):
            client.execute_cell(cell, place)
            assert cell is elsewhere or said(cell) == stored[place], cell.source


def twice(things: list) -> list:
    return [thing for thing in things for _ in range(2)]
