"""What stands beside every page: each page once, under the first caption that fits."""

from ppo_lessons.publishing.site.table_of_contents import with_contents


def test_pages_stand_on_their_shelves(tmp_path):
    for name, text in {
        "index.md": "# Course",
        "notebooks/08_clipping.ipynb": "{}",
        "docs/field_guide.md": "# Field guide: from a symptom",
        "docs/running/laptop.md": "# On a laptop",
        "ppo/code.py.md": "---\norphan: true\n---\n# code",
        "CONTRIBUTING.md": "# Contributing",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with_contents(tmp_path)
    front = (tmp_path / "index.md").read_text()
    entries = [line for line in front.splitlines() if line.endswith(">")]
    assert entries == [
        "08 clipping <notebooks/08_clipping>",
        "On a laptop <docs/running/laptop>",
        "Field guide <docs/field_guide>",
        "Contributing <CONTRIBUTING>",
    ]
    assert front.count("{toctree}") == 4
