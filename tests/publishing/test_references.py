"""Every paper that the course names stands on the page of references, and nothing else."""

import re

import pytest

from ppo_lessons.publishing.reference_pages import SOURCE, functions_with_sources
from ppo_lessons.publishing.references import PAPERS, named_in, references_page

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SOURCE.glob("[0-9]*.py"))}
TEXTS |= {f"{module}.{name}": source for module, name, source in functions_with_sources()}


def test_how_papers_are_named():
    text = (
        "Schulman et al. (2017), equation 7; Schulman et al. 2016; Nota and\n# Thomas (2020), Shannon 1948, in May 2020"
    )
    assert named_in(text) == {
        *("Schulman et al. (2017)", "Schulman et al. (2016)", "Nota & Thomas (2020)", "Shannon (1948)")
    }


@pytest.mark.parametrize("where", TEXTS)
def test_every_paper_that_is_named_is_listed(where: str):
    assert named_in(TEXTS[where]) <= {paper.named for paper in PAPERS}


@pytest.mark.parametrize("where", TEXTS)
def test_a_link_to_a_paper_is_that_of_the_list(where: str):
    links = set(re.findall(r'https?://(?:arxiv|doi|joschu)[^ )\]">]+', TEXTS[where]))
    assert links <= {paper.link for paper in PAPERS}


def test_every_paper_is_used():
    page = references_page()
    for paper in PAPERS:
        (line,) = (line for line in page.splitlines() if line.startswith(f"- **{paper.named}.**"))
        assert "code: [" in line or "lessons: [" in line, line
