"""Every edit gives another program, and can be taken back."""

import ast

from ppo_lessons.classroom.diagnosis.edits import edits

SOURCE = """def f(values, returns, size):
    pieces = list(values.split(size))
    if len(pieces) > 1 and size != 0:
        pieces[-1] = returns[:, None] + 0.5 * (values - returns)
    return pieces if size else torch.cat(pieces, dim=0).mean()
"""


def test_edits_change_the_program_and_can_be_undone():
    tree = ast.parse(SOURCE).body[0]
    assert isinstance(tree, ast.FunctionDef)
    before, programs = ast.dump(tree), set()
    found = list(edits(tree))
    assert ast.dump(tree) == before
    for edit in found:
        old = [place.swap(place.new) for place in edit.places]
        programs.add(ast.dump(tree))
        for place, value in zip(reversed(edit.places), reversed(old), strict=True):
            place.swap(value)
        assert ast.dump(tree) == before
    assert len(programs) > 200
    whats = {edit.what for edit in found}
    assert {
        "look at the operator",
        "look at the comparison",
        "look at the order of the lines",
        "look at the brackets",
    } <= whats
