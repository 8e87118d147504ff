"""Faults that were planted in a small site are found, and nothing else is."""

import pytest

from ppo_lessons.publishing.site.links import Page, fault_of, find_faults, page_at

GOOD = """<a href="b.html#there">b</a><a href="https://example.org">out</a><a href="#here" id="here">x</a>
<img src="data:image/png;base64,AA"><script src="a.js?v=1"></script>"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "a.html").write_text(GOOD)
    (tmp_path / "b.html").write_text('<p id="there">b</p>')
    (tmp_path / "a.js").write_text("")
    (tmp_path / "a.css").write_text("a { background: url(data:image/png;base64,AA) }")
    return tmp_path


def test_a_whole_site_has_no_faults(small):
    assert find_faults(small) == []
    assert len(Page(GOOD).addresses) == 5
    assert page_at(small / "b.html").places == {"there"}


@pytest.mark.parametrize(
    ("tag", "address", "fault"),
    [
        ("a", "c.html", "c.html leads nowhere"),
        ("a", "b.html#elsewhere", "b.html#elsewhere leads to no place in that page"),
        ("a", "#nowhere", "#nowhere leads to no place in that page"),
        ("script", "https://example.org/x.js", "<script> would load https://example.org/x.js from elsewhere"),
        ("img", "//example.org/x.png", "<img> would load //example.org/x.png from elsewhere"),
    ],
)
def test_a_fault_is_told(small, tag, address, fault):
    assert fault_of(small / "a.html", tag, address) == fault
    kind = "href" if tag == "a" else "src"
    (small / "d.html").write_text(f'<{tag} {kind}="{address}">')
    assert find_faults(small) == [f"d.html: {fault}"]


def test_a_style_that_loads_from_elsewhere_is_told(small):
    (small / "b.css").write_text('@import "https://example.org/font.css";')
    assert find_faults(small) == ["b.css: https://example.org/font.css is not in the site"]
