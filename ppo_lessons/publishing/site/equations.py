"""Equations as MathML, written when the site is built: browsers draw it themselves, and screen readers read it."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

NOT_KNOWN = {"{aligned}": "{align*}", r"\textstyle": ""}
"""What latex2mathml does not know, or takes for something else -> what says the same, or nearly so."""
WORDS = re.compile(r"\\(?:text\w*|mathrm|operatorname)\{[^{}]*\}")


def mathml(tex: str, *, displayed: bool) -> str:
    """Return an equation as MathML.

    Args:
        tex: In TeX, without dollar signs.
        displayed: Whether it stands in a line of its own.

    Raises:
        ValueError: If something of it would be shown as TeX.

    References:
        MathML Core, https://www.w3.org/TR/mathml-core/
    """
    plain = tex
    for theirs, ours in NOT_KNOWN.items():
        plain = plain.replace(theirs, ours)
    plain = WORDS.sub(lambda words: words[0].replace(r"\_", "_"), plain)
    written = convert(plain, display="block" if displayed else "inline")
    try:
        shown = "".join(ElementTree.fromstring(written).itertext())
    except ElementTree.ParseError:  # of "&", which it leaves as it is
        shown = "&"
    if re.search(r"[\\&$]", shown):
        raise ValueError(f"An equation must be such that nothing of it is left as TeX. Got {tex!r}, shown as {shown!r}")
    return written


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), displayed=False))
    raise nodes.SkipNode


def _displayed(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="ppo-equation">{mathml(node.astext(), displayed=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of it.

    Args:
        app: Sphinx.
    """
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
