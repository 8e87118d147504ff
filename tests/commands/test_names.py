"""docs/names.md: every hyper-parameter of ours is in the table, and what can be looked up here is true."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import stable_baselines3
import torch
from stable_baselines3 import PPO
from torch.nn.functional import mse_loss

from ppo_lessons.config import PPOConfig

TEXT = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")
TABLE = TEXT.split("## The names")[1].split("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| `")]


def named(cell: str) -> tuple[str, str]:
    """The first name of a cell, and what stands in brackets."""
    name, default = re.match(r"`(\w+)`[^\[]*\[([^\]]*)\]", cell).groups()
    return name, default.strip('"')


def test_every_setting_has_its_row_and_its_default():
    assert dict(named(row[0]) for row in ROWS) == {field.name: str(field.default) for field in fields(PPOConfig)}
    assert {len(row) for row in ROWS} == {6}


def test_the_defaults_of_stable_baselines3_are_those_of_the_version_that_is_named():
    assert f"release {stable_baselines3.__version__}" in TEXT
    theirs = {name: p.default for name, p in inspect.signature(PPO.__init__).parameters.items()}
    checked = 0
    for row in ROWS:
        if (match := re.match(r"`(\w+)`[^\[]*\[([^\]]*)\]", row[1])) and match[1] in theirs:
            name, default = match.groups()
            if name == "learning_rate" and default == "constant":
                continue
            assert str(theirs[name]) == default, name
            checked += 1
    assert checked >= 11


def test_the_worked_value_losses():
    """Errors 0.5 and 2, by hand and by torch."""
    errors = torch.tensor([0.5, 2.0])
    mse = float(mse_loss(errors, torch.zeros(2)))
    assert mse == 2.125 and "2.125" in TEXT
    assert (0.5 * mse, 0.5 * 0.5 * mse) == (1.0625, 0.53125)
    assert "1.0625" in TEXT and "0.53125" in TEXT
    assert float(torch.nn.functional.smooth_l1_loss(errors, torch.zeros(2))) == 0.8125 and "0.8125" in TEXT
    assert float(torch.nn.functional.huber_loss(errors, torch.zeros(2), delta=10.0)) == pytest.approx(1.0625)
