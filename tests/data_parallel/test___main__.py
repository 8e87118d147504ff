import runpy
import sys

import pytest


def test_the_door_leads_to_the_program(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ppo_lessons.data_parallel", "--help"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("ppo_lessons.data_parallel", run_name="__main__")
    assert left.value.code == 0
    assert "Train a team of detectives on many processes" in capsys.readouterr().out
