"""What the main program does is tried in test_my_ppo; here is that its text is a program."""

import ast

from ppo_lessons.classroom.main_program import DOCSTRING, IMPORTS, MAIN


def test_it_is_a_program_that_needs_what_is_imported():
    tree = ast.parse("\n".join([DOCSTRING, *IMPORTS, MAIN]))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["world", "trained", "into_the_fog", "elsewhere", "as_two", "main"]
    assert all(ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef))
