"""Whatever a check is given, it answers, in time and in a line, and leaves everything as it was."""

import collections
import functools
import random
import time
import warnings

import numpy as np
import pytest
import torch
from IPython.core.autocall import ExitAutocall

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom import checks
from ppo_lessons.classroom.checks import Verdict, diagnose
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import desk
from tests.classroom.cells import typed

TOTAL = "def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):\n"
RIGHT = f"{TOTAL}    return actor_loss + vf_coef * critic_loss - ent_coef * entropy\n"


def exercise(number: str) -> Exercise:
    found = desk.find(number)
    assert found is not None
    return found


def of_total_loss(body: str, **names: object) -> Verdict:
    """The verdict on a total loss with that body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return diagnose(
        exercise("10.3"), typed(TOTAL + lines, "total_loss", {"__name__": "__main__", "torch": torch, **names})
    )


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("print(actor_loss)", "explained", "print shows, return hands on"),
        ("total = actor_loss", "explained", "returns nothing"),
        ("if entropy > 1:\n    return actor_loss", "explained", "With some inputs it returns nothing"),
        ("...", "blank", "still blank"),
        ("'''What comes.'''", "blank", "still blank"),
        ("total = ...\nreturn total", "blank", "still blank"),
        ("return (x for x in [actor_loss])", "explained", "generator"),
        ("yield actor_loss", "explained", "generator"),
        ("return map(float, [1])", "explained", "gone through only once"),
        ("return actor_loss.mean", "explained", "the () are missing"),
        ("return torch.randn(())", "explained", "draws random numbers"),
        ("return 'a word'", "explained", "asked for is a float32 tensor"),
        ("return torch.eye(3).to_sparse()", "explained", "asked for is a float32 tensor with one number"),
        ("return actor_loss.bfloat16().sum().repeat(2)", "explained", "bfloat16"),
        ("loop = []\nloop.append(loop)\nreturn loop", "explained", "asked for is a float32 tensor"),
        ("return object()", "explained", "asked for is a float32 tensor"),
        ("class Silent(Exception):\n    def __str__(self):\n        raise ValueError\nraise Silent", "error", "Silent"),
        ("raise SystemExit(3)", "error", "SystemExit"),
        ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("return undefined", "error", "line 2: return undefined"),
        ("torch.allclose = torch.isclose = lambda *a, **k: True\nreturn actor_loss", "error", "in the place of"),
    ],
)
def test_unusual_answers_get_the_reply_that_fits(body: str, kind: str, says: str):
    verdict = of_total_loss(body)
    assert (verdict.kind, says in verdict.text) == (kind, True), verdict.text
    assert len(verdict.text) <= 400 and "\n" not in verdict.text


def test_two_equal_texts_are_never_shown():
    for number, answer in (
        ("12.2", "def f(kl, target_kl):\n    return torch.tensor(target_kl is not None and kl > 1.5 * target_kl)"),
        ("6.3", "def f(num_rows, minibatch_size, epochs):\n    return str(6)"),
        ("8.2", "def f(ratios, clip_eps):\n    return ((ratios - 1).abs() > clip_eps).float().mean().numpy()"),
    ):
        verdict = diagnose(exercise(number), typed(answer, "f", {"torch": torch}))
        assert verdict.kind != "passed"
        if "expected" in verdict.text:
            got, want = verdict.text.rstrip(".").split(" gives ")[1].split(", expected ")
            assert got != want, verdict.text


@pytest.mark.parametrize(
    "wrap",
    [functools.lru_cache, functools.partial, lambda f: functools.wraps(f)(functools.partial(f)), torch.no_grad()],
    ids=["lru_cache", "partial", "wrapped partial", "no_grad"],
)
def test_wrapped_answers_are_looked_at(wrap):
    function = wrap(
        typed(
            "def should_stop(kl, target_kl):\n    return target_kl is not None and kl > 1.5 * target_kl", "should_stop"
        )
    )
    assert diagnose(exercise("12.2"), function).kind == "passed"
    wrong = wrap(
        typed("def should_stop(kl, target_kl):\n    return target_kl is not None and kl > target_kl", "should_stop")
    )
    assert diagnose(exercise("12.2"), wrong).kind in ("mistake", "explained")


def test_source_that_does_not_stand_by_itself():
    body = "        note = '''\nflush left\n'''\n        return (values - returns).sum()\n"
    flush_left = f"if True:\n    def value_loss(values, returns):\n{body}"
    assert diagnose(exercise("9.1"), typed(flush_left, "value_loss")).kind in ("mistake", "explained", "different")
    two_lines = "answer = dict(f=lambda values,\n    returns: (values - returns).abs().max())['f']\n"
    assert diagnose(exercise("9.1"), typed(two_lines, "answer")).kind in ("mistake", "explained", "different")


@pytest.mark.parametrize(
    "loop", ["while True:\n    try:\n        actor_loss + 0\n    except:\n        pass", "time.sleep(60)"]
)
def test_the_limit_is_for_the_whole_check_and_holds_for_everything(loop: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "SECONDS", 0.3)
    began = time.monotonic()
    verdict = of_total_loss(loop, time=time)
    assert verdict.kind == "error" and "still running" in verdict.text
    assert "line" in verdict.text
    assert time.monotonic() - began < 20, "a minute if the limit did not hold"


def test_a_slow_answer_is_slow_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "SECONDS", 1)
    verdict = of_total_loss("time.sleep(0.4)\nreturn actor_loss", time=time)
    assert "still running after 1 seconds" in verdict.text, "one limit for all probes, not one for each"


def states() -> tuple:
    _, numbers, place, *_ = np.random.get_state()
    return (
        torch.get_rng_state().tolist(), numbers.tolist(), place, random.getstate(), torch.get_default_dtype(),
        torch.get_num_threads(), torch.is_grad_enabled(), list(warnings.filters), torch.allclose, torch.Tensor.mean,
    )  # fmt: skip


MEDDLING = """torch.manual_seed(3)
np.random.seed(3)
random.seed(3)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(2 if torch.get_num_threads() == 1 else 1)
torch.set_grad_enabled(False)
warnings.simplefilter("error")
torch.Tensor.mean = torch.Tensor.sum
return actor_loss"""


def test_a_check_leaves_everything_as_it_was():
    before = states()
    of_total_loss(MEDDLING, np=np, random=random, warnings=warnings)
    assert states() == before


def test_a_check_works_under_conditions_of_its_own():
    right, detached = typed(RIGHT, "total_loss"), typed(RIGHT.replace("entropy\n", "entropy.detach()\n"), "total_loss")
    threads = torch.get_num_threads()
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    try:
        assert diagnose(exercise("10.3"), right).kind == "passed"
        assert diagnose(exercise("10.3"), detached).kind != "passed"
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
    assert torch.get_num_threads() == threads


def test_the_package_may_not_be_called_nor_torch_be_bent():
    given = "from ppo_lessons.losses import total_loss as given\n"
    body = f"{given}return given(actor_loss, critic_loss, entropy, vf_coef, ent_coef)"
    assert of_total_loss(body).kind == "borrowed"
    kept = torch.allclose
    torch.allclose = lambda *args, **kwargs: True
    try:
        assert of_total_loss("return critic_loss").kind != "passed"
    finally:
        torch.allclose = kept


def test_no_warning_and_no_print_reaches_the_learner(capfd: pytest.CaptureFixture[str]):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        of_total_loss(
            "print('hello')\nwarnings.warn('look out')\nreturn actor_loss.std() + actor_loss", warnings=warnings
        )
    assert not seen and capfd.readouterr() == ("", "")


class Shell:
    """As much of IPython as `exit()` needs."""

    ended = False

    def ask_exit(self) -> None:
        self.ended = True


def test_exit_does_not_end_the_kernel(monkeypatch: pytest.MonkeyPatch):
    shell = Shell()
    monkeypatch.setattr("ppo_lessons.classroom.diagnosis.conditions.get_ipython", lambda: shell)
    verdict = of_total_loss("exit()", exit=ExitAutocall(shell))
    assert verdict.kind == "error" and not shell.ended
    ExitAutocall(shell)()
    assert shell.ended, "afterwards exit() is exit() again"


def test_the_learner_can_paste_the_input():
    from ppo_lessons.lessons import inputs

    verdict = of_total_loss("return actor_loss + vf_coef * critic_loss + ent_coef * entropy**3")
    call = verdict.text[verdict.text.index("total_loss(") :].split(" gives ")[0]
    answer = eval(call, {"torch": torch, "total_loss": exercise("10.3").function, "inputs": inputs})
    assert f"expected {float(answer):.4g}" in verdict.text
    for each in desk.exercises:
        for place in range(1, len(each.probes) + 1):
            assert len(inputs(each.number, place)) == len(each.probes[place - 1].make())
    with pytest.raises(ValueError, match="takes the number of an exercise"):
        inputs("10.3", 99)


@pytest.mark.parametrize(
    ("number", "source"),
    [
        (
            "5.1",
            "def f(rows):\n    rows.obs.detach().zero_()\n    return Rows(*(tensor.detach() for tensor in rows))\n",
        ),
        (
            "11.3",
            "def f(policy, rows, *more):\n    rows.returns.add_(1)\n    return own(policy, rows, *more)\n",
        ),
    ],
)
def test_what_is_changed_in_place_is_seen_inside_rows_too(number: str, source: str):
    verdict = diagnose(exercise(number), typed(source, "f", {"Rows": Rows, "own": exercise(number).function}))
    assert verdict.kind == "explained" and "changed in place; expected: as they were" in verdict.text


@pytest.mark.parametrize(
    ("number", "source"),
    [
        ("6.2", "def f(order, size):\n    return collections.deque(order.split(size))\n"),
        (
            "6.2",
            "def f(order, size):\n    return np.array([piece.tolist() for piece in order.split(size)], dtype=object)\n",
        ),
        ("5.2", "def f(policy):\n    return np.array([name for name, _ in policy.named_parameters()])\n"),
        ("10.3", "def f(actor, critic, entropy, a, b):\n    return torch.empty((), device='meta')\n"),
        ("10.3", "def f(actor, critic, entropy, a, b):\n    return Strange()\n"),
    ],
)
def test_what_cannot_be_compared_is_not_said_to_remember(number: str, source: str):
    class Strange:
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        __hash__ = None  # type: ignore[assignment]

    names = {"collections": collections, "np": np, "torch": torch, "Strange": Strange}
    assert diagnose(exercise(number), typed(source, "f", names)).kind not in ("hidden state", "passed")


def test_who_looks_at_the_clock_is_told_so():
    verdict = of_total_loss("return actor_loss * (time.perf_counter_ns() % 1000)", time=time)
    assert verdict.kind == "hidden state" and "look at the clock" in verdict.text


def test_words_that_were_false_once():
    stop = "def f(kl, target_kl):\n    return target_kl and kl > 1.5 * target_kl\n"
    assert "With some inputs it returns nothing" in diagnose(exercise("12.2"), typed(stop, "f")).text
    least = "def f(learning_rate, cycle, anneal_cycles):\n    return min(learning_rate, 0.0005)\n"
    assert "does not depend on learning_rate" not in diagnose(exercise("12.1"), typed(least, "f")).text
    step = "def f(loss, policy, optimizer, limit):\n    loss.backward()\n    optimizer.step()\n    return policy\n"
    assert "the () are missing" not in diagnose(exercise("11.2"), typed(step, "f")).text
    shown = "def f(values, returns):\n    print('shape', values.shape)\n    loss = (values - returns).square().mean()\n"
    assert "prints its result" not in diagnose(exercise("9.1"), typed(shown, "f")).text


def test_the_line_is_the_cells_line_below_a_decorator_too():
    source = (
        "import torch\n\n\n@torch.no_grad()\ndef f(new, old):\n    d = new - old\n    return (d.exp() - 1 + d).mean()\n"
    )
    verdict = diagnose(exercise("7.3"), typed(source.replace("+ d", "- 2 * d"), "f"))
    assert "Line 7, `2`" in verdict.text, verdict.text
