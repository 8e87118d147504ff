"""Somebody's PPO as a subject: what is refused, and how a part is asked."""

import sys

import pytest
import torch

from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.subject import KINDS, MOST_BATCHES, Asked, Subject, load_subject


def made(**parts):
    return Subject(name="x", **parts)


def zero(*given):
    return 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: made(kl=zero), r"kl must be made by part\(...\). Got function"),
        (
            lambda: made(kl=part(zero, "logits")),
            "kl can be handed new_log_probs, .+ Got logits; a small function around",
        ),
        (lambda: made(kl=part(zero)), "Say in `takes` what kl is handed: some of new_log_probs, .+ Got nothing"),
        (
            lambda: made(advantages=part(zero, "rewards", "returns")),
            "`gives` of advantages must have advantages. Got ret",
        ),
        (lambda: made(entropy=part(zero, "logits", "kl")), "must have entropies or entropy. Got kl"),
        (lambda: made(rollout=part(zero, "make_env num_steps")), "`gives` of rollout must have .+ Got nothing"),
        (lambda: made(minibatches=part(zero, "num_rows", "rewards")), "`gives` of minibatches must have index or obs"),
        (lambda: made(kl=part(zero, "ratios", values="B")), "Axes are given for what kl takes or gives. Got values"),
        (lambda: made(advantages=part(zero, "rewards", rows="N")), "rewards of advantages has the axes T N .+ Got 'N'"),
        (lambda: made(advantages=part(zero, "rewards", rows="B")), "advantages has the axes T N .+ Got 'B'"),
        (lambda: made(value_loss=part(zero, "values", value_loss="B")), "value_loss of value_loss has the axes none"),
        (lambda: made(log_probs=part(zero, "logits", logits="B")), "logits of log_probs has the axes B K .+ Got 'B'"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_part_that_there_is_not_is_answered_with_the_one_that_was_meant():
    with pytest.raises(TypeError, match=r"Got 'advantage'\. Did you mean 'advantages'\?"):
        made(advantage=part(zero, "rewards"))
    with pytest.raises(TypeError, match="name"):
        Subject(kl=part(zero, "ratios"))


def test_its_parts():
    kl, ratios = part(zero, "ratios"), part(zero, "new_log_probs old_log_probs")
    assert made(kl=kl, ratios=ratios).parts() == {"ratios": ratios, "kl": kl}
    assert made().parts() == {}
    assert set(KINDS) == set(Subject.__dataclass_fields__) - {"name", "version", "notes"}


ROLLOUT = {"rewards": torch.arange(6.0).reshape(3, 2), "last_values": torch.tensor([10.0, 20.0]), "gamma": 0.5}


def asked(function, *said, kind="advantages", **options):
    return Asked(kind, part(function, *said, **options))


def test_it_is_called_by_names_and_answers_in_them():
    ask = asked(lambda last, gamma, r: (r * gamma + last, r), "last_values gamma rewards", "returns advantages")
    found = ask(**ROLLOUT)
    assert found["returns"].tolist() == [[10, 20.5], [11, 21.5], [12, 22.5]]
    assert torch.equal(found["advantages"], ROLLOUT["rewards"])
    assert [name for name, _ in ask.handed] == ["last_values", "gamma", "rewards"]


def test_a_function_of_one_column_is_called_for_each():
    calls = []

    def one(rewards, last):
        calls.append(rewards.shape)
        return rewards + last

    found = asked(one, "rewards last_values", rows="T")(**ROLLOUT)
    assert calls == [(3,), (3,)]
    assert found["advantages"].tolist() == [[10, 21], [12, 23], [14, 25]]


@pytest.mark.parametrize("rows", ["T A", "T E", "E T"])
def test_agents_or_copies_alone_are_columns(rows):
    calls = []
    asked(lambda rewards: calls.append(1) or rewards, "rewards", rows=rows)(**ROLLOUT)
    assert calls == [1]


def test_what_it_gives_if_nothing_is_said():
    assert asked(zero, "ratios", kind="kl").gives == ("kl",)
    assert asked(zero, "loss", kind="gradient_step")(loss=None) == {}
    assert asked(zero, "ratios", kind="kl").has_gradient
    assert not asked(zero, "ratios", kind="kl", arrays="numpy").has_gradient


@pytest.mark.parametrize(
    ("result", "gives", "message"),
    [
        ((1, 2), "", "It should give advantages alone. Got a tuple: say in `gives` what each is"),
        ((1, 2, 3), "advantages returns", "It should give advantages, returns. Got 3 things"),
        (torch.zeros(3, 2), "advantages returns", "It should give advantages, returns. Got Tensor"),
        ({"advantages": 1, "returns": 2}, "advantages returns", "It should give advantages, returns. Got dict"),
    ],
)
def test_other_things_than_were_said(result, gives, message):
    with pytest.raises(ValueError, match=message):
        asked(lambda rewards: result, "rewards", gives)(**ROLLOUT)


def test_mini_batches_are_gone_over():
    ask = asked(lambda rows: torch.arange(rows).split(2), "num_rows", kind="minibatches")
    assert [batch["index"].tolist() for batch in ask.each(num_rows=5)] == [[0, 1], [2, 3], [4]]
    table = asked(lambda a, o: [(a[0], o[0])], "actions obs", "actions obs", kind="minibatches")
    (batch,) = table.each(actions=torch.ones(2, 3), obs=torch.ones(2, 3, 4))
    assert batch["actions"].shape == (3,) and batch["obs"].shape == (3, 4)


def test_mini_batches_without_an_end():
    def for_ever(rows):
        while True:
            yield torch.arange(rows)

    with pytest.raises(ValueError, match=f"should come to an end. Got more than {MOST_BATCHES}"):
        list(asked(for_ever, "num_rows", kind="minibatches").each(num_rows=2))
    as_many_as_that = asked(lambda rows: [torch.arange(2)] * MOST_BATCHES, "num_rows", kind="minibatches")
    assert len(list(as_many_as_that.each(num_rows=2))) == MOST_BATCHES


def test_outputs_in_the_place_of_takes_are_told():
    with pytest.raises(ValueError, match=r'Got kl; .+The first string is `takes`: .+ write gives="kl"'):
        made(kl=part(zero, "kl"))
    with pytest.raises(ValueError) as refused:
        made(kl=part(zero, "logits"))
    assert "first string" not in str(refused.value)


def file_with(folder, text, name="somebodys.py"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_file_is_run_and_may_import_from_its_own_folder(tmp_path):
    file_with(tmp_path, "TWO = 2", "beside_it_31415.py")
    path, before = list(sys.path), set(sys.modules)
    module = load_subject(file_with(tmp_path, "from beside_it_31415 import TWO\nx = TWO + 1", "somebodys_31415.py"))
    assert module.x == 3 and module.__name__ == "somebodys_31415"
    assert sys.path == path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_file_takes_nobodys_name(tmp_path):
    """`random.py` is somebody's file here, and stays the library's elsewhere."""
    import random

    module = load_subject(file_with(tmp_path, "MINE = 1", "random.py"))
    assert module.MINE == 1 and sys.modules["random"] is random
    del sys.modules["examined_random"]


def test_arguments_of_the_doctor_are_none_of_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["doctor", "file.py", "--page", "x.html"])
    text = "import argparse, sys\nargparse.ArgumentParser().parse_args()\nARGV = list(sys.argv)"
    path = file_with(tmp_path, text, "parses_31415.py")
    assert load_subject(path).ARGV == [str(path)]
    assert sys.argv == ["doctor", "file.py", "--page", "x.html"]
    with pytest.raises(ValueError):
        load_subject(file_with(tmp_path, "1 / 0"))
    assert sys.argv == ["doctor", "file.py", "--page", "x.html"]
    del sys.modules["parses_31415"]


MADE = "from ppo_lessons.doctor import Subject, part"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nraise OSError('no')", r"somebodys.py was run, and came to OSError: no \(somebodys.py, line 2\)$"),
        ("def f(:\n", r"SyntaxError: .+\(somebodys.py, line 1\)"),
        ("import no_such_module_31415", r"ModuleNotFoundError: .+no_such_module_31415'"),
        ("from .ppo import gae", "ImportError: attempted relative import"),
        ("exit(0)", "SystemExit: 0"),
        ("import argparse\nargparse.ArgumentParser().error('no')", r"SystemExit: 2 \(somebodys.py, line 2\)$"),
        (f"{MADE}\n\nSubject(name='x', kl=len)", r"kl must be made by part.+ \(somebodys.py, line 3\)$"),
        (f"{MADE}\nSubject(name='x', kll=1)", r"Did you mean 'kl'\? \(somebodys.py, line 2\)$"),
        (
            f"{MADE}\nSubject(name='x', rollout=part(lambda e, n: 0, 'make_env num_steps'))",
            r"`gives` of rollout must have .+ \(somebodys.py, line 2\)$",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_run_to_its_end(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        load_subject(file_with(tmp_path, text))
    assert "somebodys" not in sys.modules


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Got .+missing\.py, which is not there"):
        load_subject(tmp_path / "missing.py")
    with pytest.raises(FileNotFoundError, match=r"A subject is a Python file\. Got .+table\.csv"):
        load_subject(file_with(tmp_path, "a,b", "table.csv"))
