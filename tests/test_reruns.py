"""Cells run twice, and a notebook run again in the same kernel, as learners do: no error, and the same words."""

import os
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from ppo_lessons.classroom.build import NOTEBOOKS, lessons, read_lesson


def said(cell: NotebookNode) -> str:
    """What a cell prints, and what its pictures say in words."""
    outputs = cell.outputs
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.parametrize("name", lessons())
def test_every_cell_runs_twice_and_then_the_notebook_once_more(name: str, tmp_path: Path):
    notebook = read_lesson(name)
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where)
    client.reset_execution_trackers()
    code = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    first: dict[int, str] = {}
    with client.setup_kernel(env={**os.environ, "PPO_LESSONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}):
        for times in (2, 1):
            for place, cell in code:
                for _ in range(times):
                    client.execute_cell(cell, place)
                    assert said(cell) == first.setdefault(place, said(cell)), cell.source
