"""A lesson's notebook as a page: pictures in files of their own, flowcharts drawn, and a word about how to run it."""

import copy
import re
from collections.abc import Sequence
from html import escape

from nbformat import NotebookNode

from ppo_lessons.publishing.site.flowcharts import drawn
from ppo_lessons.publishing.site.living import Drawn
from ppo_lessons.publishing.site.pictures import Pictures

DETAILS = re.compile(r"<details>\s*<summary>(?P<head>.*?)</summary>(?P<body>.*?)</details>", flags=re.DOTALL)
LESSON = re.compile(r'(?<=href=")([^":]+)\.ipynb(?=["#])')
DRAWINGS = "../_static/drawings"
TITLE = re.compile(r"^# .+$", flags=re.MULTILINE)


def page_of_lesson(
    notebook: NotebookNode, pictures: Pictures, figures: Sequence[Drawn], how_to_run: str
) -> NotebookNode:
    """Make the notebook from which a lesson's page is built.

    Args:
        notebook: As it is stored, with its outputs; left as it is.
        pictures: Take its pictures.
        figures: Take the place of their stored pictures.
        how_to_run: Link to the page that says how a lesson is run.

    Returns:
        Another notebook.
    """
    page = copy.deepcopy(notebook)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = drawn(opened(LESSON.sub(r"\1.html", cell.source)), DRAWINGS)
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                html = LESSON.sub(r"\1.html", pictures.kept(data["text/html"]))
                data["text/html"] = alive(html, figures)
    first = page.cells[0]
    first.source = TITLE.sub(lambda title: f"{title[0]}\n\n{note(how_to_run)}", first.source, count=1)
    return page


def alive(html: str, figures: Sequence[Drawn]) -> str:
    """Return an output in which the stored picture of a living figure is marked, so that the page brings it to life.

    Args:
        html: Of the output.
        figures: Of the lesson.
    """
    for figure in figures:
        if f'alt="{escape(figure.text)}"' in html:
            coarser = f'<p class="ppo-coarser">{escape(figure.coarser)}</p>'
            return f'<div class="ppo-living" data-figure="{figure.name}">{html}{coarser}</div>'
    return html


def note(how_to_run: str) -> str:
    """Return what stands under the title of every lesson.

    Args:
        how_to_run: Link.
    """
    return (
        ":::{note}\nThis page is for reading: what a cell printed and drew stands below it. To run the cells, change "
        "the numbers and have your answers to the exercises checked, open the lesson in JupyterLab: "
        f"[how to run it]({how_to_run}).\n:::"
    )


def opened(text: str) -> str:
    """Return a text whose folded parts are read as Markdown too, so that equations and code in them are drawn.

    Args:
        text: Markdown.
    """
    return DETAILS.sub(
        lambda part: f"\n<details><summary>{part['head'].strip()}</summary>\n\n{part['body'].strip()}\n\n</details>\n",
        text,
    )
