"""What of an answer is a student's own: without what the course gives away."""

from collections.abc import Sequence
from dataclasses import dataclass

from ppo_lessons.teaching.outcomes import BLANK, BORROWED, MISSING, UNREADABLE, Graded
from ppo_lessons.teaching.results.code_shape import Shape, shape_of
from ppo_lessons.teaching.results.given_away import GivenAway

LONG_COMMENT = 4
"""Words from which a comment tells something of whoever wrote it."""
NOTHING_OWN = (BLANK, MISSING, UNREADABLE, BORROWED)
"""Outcomes of which there is nothing to compare; who borrowed is told so anyway."""


@dataclass(frozen=True)
class OwnAnswer:
    """One answer that can be compared with others."""

    graded: Graded
    shape: Shape
    lines: tuple[str, ...]
    """Without those of the blank."""
    comments: tuple[str, ...]
    """In words; those that stand in the course are left out, and short ones."""
    size: int
    """Nodes of the tree of what is one's own; where there is no tree, words."""
    from_hint: bool
    """Whether it is the third hint under any names."""
    from_package: bool
    """Whether it is the package's own source under any names, or has its docstring, and is not the hint."""

    @property
    def student(self) -> str:
        """Whose it is."""
        return self.graded.student


def own_answers(graded: Sequence[Graded], given: GivenAway) -> list[OwnAnswer]:
    """Return the answers to one exercise that can be compared.

    Args:
        graded: What all students have in it.
        given: What the course gives away of it.
    """
    return [_read(each, given) for each in graded if each.outcome not in NOTHING_OWN and each.source.strip()]


def _read(graded: Graded, given: GivenAway) -> OwnAnswer:
    shape = shape_of(graded.source)
    lines = tuple(line for line in shape.lines if line not in given.lines)
    told = [words for words in shape.comments if len(words.split()) >= LONG_COMMENT]
    size = given.own(shape) if shape.tree else sum(len(line.split()) for line in lines)
    from_hint = shape.tree in given.trees
    from_package = not from_hint and (
        shape.tree in given.solutions or not given.docstrings.isdisjoint(shape.docstrings)
    )
    own_comments = tuple(words for words in told if f" {words} " not in given.words)
    return OwnAnswer(graded, shape, lines, own_comments, size, from_hint, from_package)
