"""Equations become MathML: known ones by hand, and every equation of the lessons without a scrap of TeX left."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from ppo_lessons.publishing.build import lessons, read_lesson
from ppo_lessons.publishing.site.equations import mathml

NAME = "{http://www.w3.org/1998/Math/MathML}"
TEX = re.compile(r"\$\$(?P<displayed>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", flags=re.DOTALL)


def equations():
    for name in lessons():
        for cell in read_lesson(name).cells:
            if cell.cell_type == "markdown":
                text = re.sub(r"`[^`]*`", "", cell.source)
                for found in TEX.finditer(text):
                    yield name, found["displayed"] or found["inline"]


def words(tree):
    return "".join(tree.itertext())


def test_a_fraction_is_a_fraction_and_a_greek_letter_is_one():
    tree = ElementTree.fromstring(mathml(r"\frac{\gamma}{2}", displayed=False))
    (fraction,) = tree.iter(f"{NAME}mfrac")
    assert [words(part) for part in fraction] == ["γ", "2"]


def test_a_displayed_one_stands_in_a_line_of_its_own():
    assert ElementTree.fromstring(mathml("x", displayed=True)).get("display") == "block"
    assert ElementTree.fromstring(mathml("x", displayed=False)).get("display") == "inline"


def test_aligned_lines_are_rows():
    tree = ElementTree.fromstring(mathml(r"\begin{aligned}a &= b \\ &= \textstyle\sum c\end{aligned}", displayed=True))
    rows = [[words(cell) for cell in row] for row in tree.iter(f"{NAME}mtr")]
    assert rows == [["a", "=b"], ["", "=∑c"]]


@pytest.mark.parametrize("tex", [r"\begin{unknown}a & b\end{unknown}", r"\mystery x"])
def test_what_would_be_left_as_tex_is_refused(tex):
    with pytest.raises(ValueError, match="nothing of it is left as TeX"):
        mathml(tex, displayed=True)


def test_lessons_have_equations():
    assert len(list(equations())) > 50


@pytest.mark.parametrize("lesson", sorted({name for name, _ in equations()}))
def test_of_every_equation_nothing_is_left_as_tex(lesson):
    for tex in (tex for name, tex in equations() if name == lesson):
        shown = words(ElementTree.fromstring(mathml(tex, displayed=False)))
        assert not re.search(r"[\\$]|\b(text|mathrm|frac|left|right|big|Big|sum|quad)\b", shown), tex
