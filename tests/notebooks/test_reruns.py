"""On a processor that nobody has, a notebook is run; then here, in the same kernel, each cell twice as learners do
(what trains, once): no error, the words that are stored, and pictures that can be read from the last row."""

import os
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from ppo_lessons.publishing.build import NOTEBOOKS, lessons

ELSEWHERE = f"""import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.notebooks.imagined import ImaginedProcessor
elsewhere = ImaginedProcessor()
elsewhere.__enter__();"""
HERE_AGAIN = """elsewhere.__exit__(None, None, None)
from tests.readable import look_at_all
hard_to_read = look_at_all();"""
"""There a training takes three times as long, and what is different the second time is so on every processor."""
SEEN = "print(*hard_to_read, sep='\\n', end='')"

LONG = 1.0
"""Seconds; what takes longer trains, and is run once more only."""


def said(cell: NotebookNode) -> str:
    """What a cell prints, and what its pictures say in words."""
    outputs = cell.outputs
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.parametrize("name", lessons())
def test_the_notebook_runs_and_then_again_every_cell_twice(name: str, tmp_path: Path):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    code = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    stored = {place: said(cell) for place, cell in code}
    more = [nbformat.v4.new_code_cell(source) for source in (ELSEWHERE, HERE_AGAIN, SEEN)]
    elsewhere, here_again, seen = ((cell, place) for place, cell in enumerate(more, start=len(notebook.cells)))
    notebook.cells += more
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where)
    client.reset_execution_trackers()
    with client.setup_kernel(env={**os.environ, "PPO_LESSONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}):
        client.execute_cell(*elsewhere)
        seconds = {}
        for place, cell in code:
            start = time.monotonic()
            client.execute_cell(cell, place)
            seconds[place] = time.monotonic() - start
            assert said(cell) == stored[place], cell.source
        client.execute_cell(*here_again)
        for place, cell in code:
            for _ in range(2 if seconds[place] < LONG else 1):
                client.execute_cell(cell, place)
                assert said(cell) == stored[place], cell.source
        client.execute_cell(*seen)
        assert not said(seen[0]), said(seen[0])
