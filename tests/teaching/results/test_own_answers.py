"""What of an answer is a student's own."""

import inspect

from ppo_lessons.lessons import desk
from ppo_lessons.teaching.outcomes import BLANK, BORROWED, MISSING, RIGHT, SYNTAX, UNKNOWN, UNREADABLE
from ppo_lessons.teaching.results.given_away import given_away
from ppo_lessons.teaching.results.own_answers import own_answers
from tests.teaching.made_up_class import graded

KL = given_away("7.3")
LOOP = """def approx_kl(new_log_probs, old_log_probs):
    # Return how far the policy has moved, k3, a scalar.
    # my own way of saying it
    total = 0.0
    for new, old in zip(new_log_probs.tolist(), old_log_probs.tolist()):
        total += math.exp(new - old) - 1 - (new - old)
    return torch.tensor(total / len(new_log_probs))
"""


def read(source, outcome=RIGHT, given=KL):
    (answer,) = own_answers([graded("a", "7.3", outcome, source=source)], given)
    return answer


def test_lines_of_the_blank_and_its_comments_are_nobodys():
    blank = [line for line in KL.lines if line.startswith("#")]
    source = LOOP.replace("# Return how far the policy has moved, k3, a scalar.", blank[0])
    answer = read(source)
    assert answer.lines[0] == "# my own way of saying it" and len(answer.lines) == 5
    assert answer.comments == ("my own way of saying it",)
    assert answer.size == sum(statement.size for statement in answer.shape.statements)
    assert not answer.from_hint and not answer.from_package


def test_short_comments_and_what_the_lesson_says_are_nobodys():
    for remark in ("one of each", "nodes of kl", "No KL divergence is negative.", "(r - 1) - ln r, the mean"):
        assert read(f"def approx_kl(a, b):\n    # {remark}\n    return 1").comments in ((), ("r 1 ln r the mean",)), (
            remark
        )


def test_hint_and_package_are_told_apart():
    hint = read("def approx_kl(a, b):\n    x = (a - b).detach()\n    return (x.exp() - 1 - x).mean()")
    package = read(inspect.getsource(desk.find("7.3").function))
    assert hint.from_hint and not hint.from_package and package.from_package and not package.from_hint


def test_the_package_without_its_docstring_or_with_another_body():
    exercise, given = desk.find("3.4"), given_away("3.4")
    source = inspect.getsource(exercise.function)
    bare = source.replace(f'"""{exercise.function.__doc__}"""', "")
    assert bare != source and read(bare, given=given).from_package
    assert read(source.replace("return credited", "return -credited"), given=given).from_package, "its docstring"
    assert not read(bare.replace("return credited", "return -credited"), given=given).from_package


def test_a_hint_is_not_called_the_package_s():
    given = given_away("7.2")
    answer = read("def importance_ratios(a, b):\n    return torch.exp(a - b)", given=given)
    assert answer.from_hint and not answer.from_package


def test_what_cannot_be_compared_is_left_out():
    outcomes = (BLANK, MISSING, UNREADABLE, BORROWED, RIGHT, UNKNOWN, SYNTAX)
    all_of_them = [graded(str(i), "7.3", outcome, source="x") for i, outcome in enumerate(outcomes)]
    assert [answer.student for answer in own_answers(all_of_them, KL)] == ["4", "5", "6"]
    assert own_answers([graded("a", "7.3", RIGHT, source=" \n")], KL) == []


def test_without_a_tree_words_are_counted():
    answer = read(LOOP.replace("total = 0.0", "total = = 0.0"), SYNTAX)
    assert answer.shape.tree == "" and answer.size == sum(len(line.split()) for line in answer.lines) > 20
