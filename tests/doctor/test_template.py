"""What an adapter begins with can be examined as it stands."""

from pathlib import Path

import torch

from ppo_lessons.doctor import template
from ppo_lessons.doctor.examination import examine
from ppo_lessons.doctor.findings import FAILED
from ppo_lessons.doctor.quantities import words_of
from ppo_lessons.doctor.subject import KINDS


def test_it_fails_where_one_flag_stands_for_both_ends():
    """As most code that it will be replaced by: the first thing to be read is worth reading."""
    report = examine(template.SUBJECT)
    assert [finding.fact.name for finding in report.of(FAILED)] == ["truncation"]
    assert "let the adapter do so, too" in report.of(FAILED)[0].text


def test_its_function_is_right_but_for_that():
    rewards, values, dones = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.zeros(2)
    advantages, returns = template.compute_gae(rewards, values, dones, torch.tensor(5.0), gamma=0.5, lam=0.5)
    assert advantages.tolist() == [1 + 0.5 * 4 - 3 + 0.25 * 0.5, 0.5] and returns.tolist() == [3.125, 4.5]


def test_the_parts_that_are_left_out_are_told_in_words_that_there_are():
    lines = [line.strip(" #") for line in Path(template.__file__).read_text(encoding="utf-8").splitlines()]
    offered = [line.split("=part(") for line in lines if "=part(" in line and not line.startswith("SUBJECT")]
    named = {kind: rest for kind, rest in offered if kind.isidentifier()}
    assert set(named) <= set(KINDS) and len(named) >= 5
    for rest in named.values():
        for quoted in rest.split('"')[1::2]:
            assert words_of(quoted)
