"""The desk: what is said to an accusation and to a repair, in one paragraph, and what is written down of it."""

import inspect
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.classroom.progress import note, read_progress
from ppo_lessons.lessons.case_files import desk
from ppo_lessons.lessons.case_files.board import SHOWN
from ppo_lessons.lessons.case_files.case_file import HEALTHY, NOBODY, CaseFile
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.lessons.case_files.desk import accuse, case_book, planted_source, repair, show_book
from ppo_lessons.steps import DEFAULT_STEPS
from tests.answers import unfolded

FAULTY = [case for case in CASES if case.fault]
OF_FAULTY = [str(case.number) for case in FAULTY]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written down belongs to nobody."""
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What is printed by a call, unfolded; no line of it is too long, but for code."""

    def call(function: Callable[..., None], *given: Any) -> str:
        capsys.readouterr()
        assert function(*given) is None
        printed = capsys.readouterr()
        assert not printed.err
        prose = printed.out.split("This is what was planted.")[0]
        assert all(len(line) <= 72 for line in prose.splitlines()), prose
        return unfolded(printed.out).rstrip("\n")

    return call


def accused(case: CaseFile) -> tuple[str, str]:
    return case.node, case.clues[0]


def by_another_name(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same code as an object of its own, as if it had been typed in a cell."""
    if isinstance(function, type):
        return type(name, (function,), {})
    return types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__)


def typed(source: str, *names: str) -> list[Callable[..., Any]]:
    """What a cell with this text defines."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "cell", "exec"), scope)
    return [scope[name] for name in names]


def own_of_the_package(case: CaseFile) -> list[Callable[..., Any]]:
    return [by_another_name(getattr(DEFAULT_STEPS, name), name) for name in case.planted]


# ---- accusations


@pytest.mark.parametrize("case", CASES, ids=[str(case.number) for case in CASES])
def test_the_right_accusation(case: CaseFile, said: Callable[..., str]):
    for clue in case.clues:
        printed = said(accuse, case.number, case.node, clue)
        assert printed.startswith(f"✔ case {case.number}: {case.verdict}")
        if not case.fault:
            assert read_progress() == {"17.6": "passed"} and "planted" not in printed
            continue
        assert f"hand it over: repair({case.number}, {', '.join(case.planted)})" in printed
        assert read_progress() == {f"17.{case.number}": "tried"}, "it is closed when it is repaired"


def test_the_planted_code_is_shown_as_it_stands(capsys: pytest.CaptureFixture[str]):
    for case in FAULTY:
        capsys.readouterr()
        accuse(case.number, *accused(case))
        assert capsys.readouterr().out.endswith(f"\n{planted_source(case)}\n")


@pytest.mark.parametrize("case", CASES, ids=[str(case.number) for case in CASES])
def test_every_wrong_box(case: CaseFile, said: Callable[..., str]):
    for box in (*NODES, NOBODY):
        if box != case.node:
            assert said(accuse, case.number, box, case.clues[0]) == f"✘ case {case.number}: {case.alibi(box)}"
    assert read_progress() == {f"17.{case.number}": "tried"}


@pytest.mark.parametrize("case", CASES, ids=[str(case.number) for case in CASES])
def test_every_wrong_clue(case: CaseFile, said: Callable[..., str]):
    begins = "nobody, that is right" if case.node == NOBODY else "the right box"
    for clue in (*SHOWN, HEALTHY):
        if clue not in case.clues:
            wanted = f"✘ case {case.number}: {begins}. But {case.no_proof(clue)}"
            assert said(accuse, case.number, case.node, clue) == wanted
    assert read_progress() == {f"17.{case.number}": "tried"}


@pytest.mark.parametrize("given", [(..., ...), ("K", ...), (..., "entropy"), (None, "entropy"), ("K", None)])
def test_blank(given: tuple[Any, Any], said: Callable[..., str]):
    printed = said(accuse, 3, *given)
    assert printed.startswith('□ case 3: still open. accuse(3, "K", "first_ratio") accuses box K by its first ratio')
    assert "where nothing is wrong, it is accuse(3, 'nobody', 'none')." in printed
    assert read_progress() == {}


@pytest.mark.parametrize("number", [0, 14, "three", None, ..., 2.5])
def test_no_such_case(number: Any, said: Callable[..., str]):
    assert said(accuse, number, "K", "entropy") == f"A case is one of 1 to 13. Got {number!r}"
    assert said(repair, number, print) == f"A case is one of 1 to 13. Got {number!r}"
    assert read_progress() == {}


@pytest.mark.parametrize("box", ["Q", "", "KL", "box K", 11, ["K"]])
def test_not_a_box(box: Any, said: Callable[..., str]):
    assert said(accuse, 3, box, "entropy") == f"✘ case 3: a box is one of A to P, or 'nobody'. Got {str(box)!r}"
    assert read_progress() == {}


@pytest.mark.parametrize("clue", ["gut feeling", "", "K", 3])
def test_not_a_clue(clue: Any, said: Callable[..., str]):
    printed = said(accuse, 3, "O", clue)
    assert printed == f"✘ case 3: a clue is one of {', '.join(SHOWN)}, or 'none'. Got {str(clue)!r}"
    assert read_progress() == {}


@pytest.mark.parametrize(
    ("number", "box", "clue"),
    [(3, "o", "actor_grad"), (3, " O ", " Actor_Grad\n"), (6, "Nobody", "NONE"), (6, " nobody", " none ")],
)
def test_capitals_and_spaces_do_not_matter(number: int, box: str, clue: str, said: Callable[..., str]):
    assert said(accuse, number, box, clue).startswith(f"✔ case {number}")


# ---- what was planted


@pytest.mark.parametrize("case", FAULTY, ids=OF_FAULTY)
def test_the_planted_source_stands_alone_and_is_refused(case: CaseFile, said: Callable[..., str]):
    """Copied into a cell it runs; handed over as it is, it has all of its mistake. No word in it tells."""
    source = planted_source(case)
    assert '"""' not in source and "Tensor" not in source.replace("tensor", "") and "->" not in source
    assert not re.search(r"def \w+\(.*:.*\):", source), "no annotations"
    printed = said(repair, case.number, *typed(source, *case.planted))
    assert printed.startswith(f"✘ case {case.number}: not yet. ") and " right: " in printed
    assert read_progress() == {f"17.{case.number}": "tried"}


@pytest.mark.parametrize("case", FAULTY, ids=OF_FAULTY)
def test_the_planted_functions_are_refused(case: CaseFile, said: Callable[..., str]):
    """A fact that they break is shown: what was given, what came, what is right."""
    planted = [by_another_name(own, name) for name, own in case.planted.items()]
    printed = said(repair, case.number, *planted)
    assert printed.startswith(f"✘ case {case.number}: not yet. ")
    assert all(f" {word}: " in printed for word in ("given", "got", "right"))


# ---- repairs


@pytest.mark.parametrize("case", FAULTY, ids=OF_FAULTY)
def test_every_case_can_be_closed(case: CaseFile, said: Callable[..., str]):
    printed = said(repair, case.number, *own_of_the_package(case))
    assert re.fullmatch(
        rf"✔ case {case.number}: closed\. \d+ facts about it hold\. {re.escape(case.closing)}", printed, re.DOTALL
    )
    assert read_progress() == {f"17.{case.number}": "passed"}


def next_values(values, terminated, truncated, final_values, last_values):
    following = torch.cat((values[1:], last_values[None]))
    following[truncated] = final_values[truncated]
    return following * ~terminated


def gae(td_errors, ends, gamma, gae_lambda):
    advantages, following = [], torch.zeros_like(td_errors[0])
    for error, end in zip(td_errors.flip(0), ends.flip(0), strict=True):
        following = error + gamma * gae_lambda * following * ~end
        advantages.append(following)
    return torch.stack(advantages[::-1])


def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    return sum((actor_loss, vf_coef * critic_loss, -ent_coef * entropy))


def gradient_step(total_loss, policy, optimizer, max_grad_norm):
    policy.zero_grad()
    total_loss.backward()
    length = nn.utils.clip_grad_norm_(list(policy.parameters()), max_grad_norm)
    optimizer.step()
    return length


def value_loss(values, returns):
    return nn.functional.mse_loss(values, returns)


def forward_pass(policy, obs):
    logits, values = policy(obs)
    return logits, values


def importance_ratios(new_log_probs, old_log_probs):
    return new_log_probs.exp() / old_log_probs.exp()


def clipped_surrogate_loss(ratios, advantages, clip_eps):
    clipped = torch.clamp(ratios, 1 - clip_eps, 1 + clip_eps)
    return torch.max(-ratios * advantages, -clipped * advantages).mean()


def flatten_rows(tensor, acting):
    return tensor.flatten(0, 2)[acting.flatten()]


def detach_rows(rows):
    return rows._replace(**{name: getattr(rows, name).detach() for name in rows._fields})


def store(buffer, transition):
    for place, new in zip(buffer.data, transition, strict=True):
        place[buffer.step] = new
    buffer.step += 1


def shuffle_rows(num_rows, generator):
    return torch.rand(num_rows, generator=generator).argsort()


BY_HAND = {
    1: (gae, next_values), 2: (total_loss,), 3: (gradient_step,), 4: (value_loss,), 5: (forward_pass,),
    7: (importance_ratios,), 8: (clipped_surrogate_loss,), 9: (flatten_rows,), 10: (detach_rows,), 11: (store,),
    12: (shuffle_rows,), 13: (gradient_step,),
}  # fmt: skip


@pytest.mark.parametrize("number", BY_HAND)
def test_repairs_that_are_written_in_another_way_are_right_as_well(number: int, said: Callable[..., str]):
    assert said(repair, number, *BY_HAND[number]).startswith(f"✔ case {number}: closed.")


def test_there_is_one_by_hand_for_every_case():
    assert list(BY_HAND) == [case.number for case in FAULTY]


def test_a_class_that_was_repaired_is_right_too(said: Callable[..., str]):
    source = planted_source(CASES[9])
    assert source.count("self.kept[-4:]") == 1
    (mine,) = typed(source.replace("self.kept[-4:]", "self.kept[-1:]"), "detach_rows")
    assert isinstance(mine, type)
    assert said(repair, 10, mine).startswith("✔ case 10: closed.")
    (mine,) = typed(source.replace("self.kept[-4:]", "self.kept[-2:]"), "detach_rows")
    assert said(repair, 10, mine).startswith("✘ case 10: not yet. minibatches, on-policy")


def test_blank_repairs(said: Callable[..., str]):
    for given in ((), (...,), (None,), (gae, ...)):
        assert said(repair, 1, *given) == "□ case 1: nothing repaired yet."
    assert read_progress() == {}


@pytest.mark.parametrize("case", FAULTY, ids=OF_FAULTY)
def test_the_packages_own_function_is_not_a_repair(case: CaseFile, said: Callable[..., str]):
    printed = said(repair, case.number, *[getattr(DEFAULT_STEPS, name) for name in case.planted])
    assert printed.startswith(f"✘ case {case.number}: that is the package's own.")
    assert read_progress() == {}


def test_half_of_a_repair_is_none(said: Callable[..., str]):
    for half in (gae, next_values):
        assert said(repair, 1, half).startswith("✘ case 1: not yet. advantages, ")


def test_wrong_names(said: Callable[..., str]):
    assert said(repair, 1, value_loss) == "✘ case 1: repair next_values, gae. Got value_loss"
    assert said(repair, 2, lambda *numbers: 0) == "✘ case 2: repair total_loss. Got <lambda>"
    assert said(repair, 2, 3) == "✘ case 2: repair total_loss. Got int"
    assert said(repair, 4, total_loss, value_loss, gae) == "✘ case 4: repair value_loss. Got total_loss, gae"
    assert read_progress() == {}


def test_there_is_nothing_to_repair_in_case_6(said: Callable[..., str]):
    assert said(repair, 6, gae) == "✘ case 6: there was nothing to repair."
    assert read_progress() == {}


def test_another_convention_is_refused_and_named(said: Callable[..., str]):
    """It would be right elsewhere; here the settings were chosen for ours."""

    def summed(values, returns):
        return (values - returns).square().sum()

    def halved(values, returns):
        return (values - returns).square().mean() / 2

    for other, word in ((summed, "the sum over the rows"), (halved, "half of the mean squared error")):
        printed = said(repair, 4, by_another_name(other, "value_loss"))
        assert printed.startswith("✘ case 4: not yet. value_loss, error: ") and word in printed

    def summed_up(ratios, advantages, clip_eps):
        clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages
        return -torch.min(ratios * advantages, clipped).sum()

    printed = said(repair, 8, by_another_name(summed_up, "clipped_surrogate_loss"))
    assert printed.startswith("✘ case 8: not yet. actor_loss, value: ") and "sums over the rows" in printed


WRONG = {
    "returns nothing": (2, "def total_loss(*given): pass"),
    "the package's kind of thing, and not it": (12, "def shuffle_rows(num_rows, generator): return [0] * num_rows"),
    "raises": (5, "def forward_pass(policy, obs): raise KeyError('obs')"),
    "exits": (2, "def total_loss(a, b, c, d, e): raise SystemExit"),
    "a name that is missing": (4, "def value_loss(values, returns): return mse(values, returns)"),
    "too little room": (2, "def total_loss(actor_loss, critic_loss): return actor_loss + critic_loss"),
    "too little room, in a step that is wired": (5, "def forward_pass(policy): return policy"),
    "a class that cannot be made": (10, "class detach_rows:\n    def __init__(self, rows): pass"),
    "no gradient": (4, "def value_loss(values, returns): return (values - returns).detach().square().mean()"),
}
"""What is wrong -> the case, and what is handed over as its step."""


@pytest.mark.parametrize("kind", WRONG)
def test_whatever_is_handed_over_there_is_an_answer(kind: str, said: Callable[..., str]):
    number, source = WRONG[kind]
    (own,) = typed(source, *CASES[number - 1].planted)
    assert said(repair, number, own).startswith(f"✘ case {number}: not yet. ")
    assert read_progress() == {f"17.{number}": "tried"}


def test_what_was_raised_is_said(said: Callable[..., str]):
    (own,) = typed("def value_loss(values, returns): return mse(values, returns)", "value_loss")
    printed = said(repair, 4, own)
    assert printed.startswith("✘ case 4: not yet. ") and "NameError: name 'mse' is not defined" in printed
    (own,) = typed("def total_loss(actor_loss): return actor_loss", "total_loss")
    printed = said(repair, 2, own)
    assert "total_loss(actor_loss) is to be handed actor_loss, value_loss, entropy, vf_coef, ent_coef" in printed


def never_ends(ratios, advantages, clip_eps):
    while True:
        pass


def test_what_never_ends_is_cut_off(said: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk, "SECONDS", 1)
    printed = said(repair, 8, by_another_name(never_ends, "clipped_surrogate_loss"))
    line = inspect.getsourcelines(never_ends)[1] + 1
    assert re.fullmatch(
        rf"✘ case 8: it was still running after 1 seconds \(line ({line}: while True:|{line + 1}: pass)\)\.", printed
    )
    assert read_progress() == {"17.8": "tried"}


def test_what_it_prints_is_not_shown_and_what_it_draws_is_not_felt(said: Callable[..., str]):
    def loud(values, returns):
        print("hello")
        torch.manual_seed(7)
        torch.rand(3)
        return (values - returns).square().mean()

    before = torch.get_rng_state()
    printed = said(repair, 4, by_another_name(loud, "value_loss"))
    assert printed.startswith("✔ case 4: closed.") and "hello" not in printed
    assert torch.equal(torch.get_rng_state(), before)


def test_what_was_closed_stays_closed(said: Callable[..., str]):
    said(repair, 4, value_loss)
    said(accuse, 4, "A", "entropy")
    said(repair, 4, by_another_name(CASES[3].planted["value_loss"], "value_loss"))
    assert read_progress() == {"17.4": "passed"}


# ---- the book


def test_the_book_says_what_is_open_begun_and_closed(said: Callable[..., str]):
    assert [row[2] for row in case_book().cells[1:]] == ["□ open"] * 13
    note("17.2", "tried")
    note("17.13", "passed")
    note("16.3", "passed")
    head, *rows = case_book().cells
    assert head == ["case", "what was reported", "state"]
    assert [row[:2] for row in rows] == [[str(case.number), case.title] for case in CASES]
    states = {row[0]: row[2] for row in rows}
    assert (states.pop("2"), states.pop("13")) == ("◪ begun", "■ closed")
    assert set(states.values()) == {"□ open"}
    printed = said(show_book)
    assert printed.count("□ open") == 11 and "◪ begun" in printed and "■ closed" in printed


def test_rows_are_the_packages():
    """What the planted class needs to be written is what the buffer hands out."""
    assert "from ppo_lessons.buffer import Rows" in planted_source(CASES[9])
    assert typed(planted_source(CASES[9]), "Rows") == [Rows]
