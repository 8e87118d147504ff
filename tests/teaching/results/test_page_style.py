"""Contrast in light, in the dark and on paper, and what a phone and a printer get."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from ppo_lessons.teaching.results.page_style import STYLE
from tests.readable import LINE_CONTRAST, TEXT_CONTRAST, contrast

PALETTES = dict(zip(("light", "dark", "paper"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL), strict=True))
GROUNDS = ("paper", "soft", "right", "wrong", "odd", "borrowed", "stopped", "loud")


def colours(palette):
    return {name: np.array(to_rgba(value)) for name, value in re.findall(r"--(\w+): (#\w+)", PALETTES[palette])}


def on(ground, over):
    return over[:3] * over[3] + ground[:3] * (1 - over[3])


@pytest.mark.parametrize("palette", PALETTES)
def test_every_sign_can_be_read_on_every_ground_and_its_pattern(palette):
    found = colours(palette)
    for name in GROUNDS:
        for ground in (found[name][:3], on(found[name], found["stripe"])):
            assert contrast(found["ink"][:3], ground) >= TEXT_CONTRAST, name


@pytest.mark.parametrize("palette", PALETTES)
def test_text_links_and_lines(palette):
    found = colours(palette)
    for name in ("ink", "quiet", "link"):
        for ground in ("paper", "soft"):
            assert contrast(found[name][:3], found[ground][:3]) >= TEXT_CONTRAST, (name, ground)
    for name in ("line", "bar"):
        assert contrast(found[name][:3], found["paper"][:3]) >= LINE_CONTRAST, name


def test_every_palette_has_every_colour():
    names = set(re.findall(r"var\(--(\w+)\)", STYLE))
    assert names == set(colours("light")) == set(colours("dark")) == set(colours("paper"))


def test_paper_is_black_on_white():
    found = {name: tuple(value) for name, value in colours("paper").items()}
    black, white = (0, 0, 0, 1), (1, 1, 1, 1)
    assert {found[name] for name in ("ink", "quiet", "link", "bar", "line")} == {black}
    assert {found[name] for name in GROUNDS} == {white}


def test_each_kind_of_ground_has_a_pattern_of_its_own():
    patterns = [re.search(rf"^\.{kind} {{ (.*?) }}", STYLE, re.MULTILINE)[1] for kind in GROUNDS[2:]]
    shapes = [re.sub(r"var\(--\w+\)", "", pattern) for pattern in patterns]
    assert len(set(shapes)) == len(shapes)


def test_screens_before_paper():
    """What is dark is printed black on white: the last rule wins."""
    dark, phone, paper = (
        STYLE.index(f"@media {what}") for what in ("(prefers-color-scheme: dark)", "(max-width", "print")
    )
    assert dark < phone < paper and "url(" not in STYLE and "@import" not in STYLE
