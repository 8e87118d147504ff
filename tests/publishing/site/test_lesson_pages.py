"""A lesson as a page: what it gains, and that the notebook itself is left alone."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ppo_lessons.publishing.site.lesson_pages import alive, note, opened, page_of_lesson
from ppo_lessons.publishing.site.living import Drawn
from ppo_lessons.publishing.site.pictures import Pictures


@pytest.fixture
def page(tmp_path):
    link = '<a href="01_rollout.ipynb">lesson 01</a>'
    output = new_output("display_data", data={"text/html": link, "text/plain": "lesson 01"})
    notebook = new_notebook(
        cells=[new_markdown_cell(f"`A B`\n\n# 1. Rollout: how?\n\n## {link}"), new_code_cell("1", outputs=[output])]
    )
    before = copy.deepcopy(notebook)
    page = page_of_lesson(notebook, Pictures(tmp_path), [], "../docs/running/laptop.md")
    assert notebook == before
    return page


def test_under_its_title_it_says_how_to_run_it(page):
    head = page.cells[0].source
    assert head.startswith("`A B`\n\n# 1. Rollout: how?\n\n:::{note}")
    assert head.count("](../docs/running/laptop.md)") == 1
    assert note("../docs/running/laptop.md") in head


def test_a_link_in_html_leads_to_the_page(page):
    assert page.cells[0].source.endswith('## <a href="01_rollout.html">lesson 01</a>')
    assert page.cells[1].outputs[0].data["text/html"] == '<a href="01_rollout.html">lesson 01</a>'


def test_what_is_folded_is_read_as_markdown():
    assert opened("Before\n<details><summary>How $x$?</summary>So: `y`.</details>") == (
        "Before\n\n<details><summary>How $x$?</summary>\n\nSo: `y`.\n\n</details>\n"
    )


def test_a_living_figure_takes_the_place_of_its_picture():
    figures = [Drawn("Explorer: a & b", "01_rollout_explore", "coarser here")]
    html = '<img class="ppo-picture" alt="Explorer: a &amp; b" src="x.png">'
    assert alive(html, figures) == (
        f'<div class="ppo-living" data-figure="01_rollout_explore">{html}<p class="ppo-coarser">coarser here</p></div>'
    )
    assert alive("<img alt='another'>", figures) == "<img alt='another'>"
