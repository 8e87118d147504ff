"""What others wrote is shown, and does nothing."""

from html import unescape

import pytest
from markdown_it import MarkdownIt

from ppo_lessons.teaching.results.foreign_text import escaped, in_markdown, shown
from tests.teaching.made_up_class import NASTY
from tests.teaching.page_reader import PageReader


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x85", "\ud800", "\u202e", "\u2066", "\uffff"])
def test_what_cannot_be_seen_is_marked(bad):
    assert shown(f"a{bad}b") == escaped(f"a{bad}b") == in_markdown(f"a{bad}b") == "a\ufffdb"


def test_what_can_be_seen_stays():
    text = "Zoë Çelik-邓伟 👩‍🎓\n\tx = {'a': 1}"
    assert shown(text) == text and shown("a\r\nb\rc") == "a\nb\nc"


@pytest.mark.parametrize("text", [NASTY, "&lt;", "' onmouseover='x", '" onmouseover="x', "</pre><p>", "<!--", "]]>"])
def test_html_is_text_inside_and_in_attributes(text):
    read = PageReader(f"<p title='{escaped(text)}'>{escaped(text)}</p><p title=\"{escaped(text)}\"></p>")
    assert read.tags == ["p", "p"] and read.text == text and read.of("title") == [text, text]


@pytest.mark.parametrize(
    "text",
    ["# a", "*a* _b_ **c**", "`a`", "<b>a</b>", "$x$ $$y$$", r"\(x\) \[y\]", "[a](http://b)", "![a](b)", "a | b",
     "~~a~~", "1. a", "1) a", "- a", "---", "===", "+ a", "> a", "http://a.b", "a@b.c", "&lt;", r"\begin{x}",
     "www.a.b"],
)  # fmt: skip
def test_nothing_in_markdown_is_a_mark(text):
    page = MarkdownIt("gfm-like", {"linkify": False}).render(in_markdown(text))
    read = PageReader(page)
    assert read.tags == ["p"] and read.text.strip() == text
    assert not set(in_markdown(text)) & set("*_`<>$\\[]|~@/+.-") and unescape(in_markdown(text)) == text


def test_markdown_is_one_line():
    assert in_markdown("a\n\n# b\n\tc") == "a &#35; b c"
