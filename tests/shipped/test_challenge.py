"""The open challenge: how a team is measured, and what the page says of ours."""

import re
from pathlib import Path

import pytest

from ppo_lessons.shipped import challenge
from ppo_lessons.shipped.challenge import CASE, CLOSET, Standing, load_challenger, make_challenger, measure
from ppo_lessons.shipped.ways import load_team
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import cooperative_player, policy_player

PAGE = (Path(__file__).parents[2] / "docs" / "open_challenge.md").read_text(encoding="utf-8")
FEW = 250
"""Cases here; a share of so many is off by at most 0.032, as a rule."""


def stated(row: str) -> Standing:
    """What the page says in the row that begins so."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith("|") and row in line]
    drawn, greedy = re.findall(r"\| ([\d.]+) % ", line)
    return Standing(float(drawn) / 100, float(greedy) / 100)


def test_the_closet_is_midnight_in_a_small_room():
    midnight = CASES[CASE]
    assert (CLOSET.toughness, CLOSET.sight, CLOSET.health) == (midnight.toughness, midnight.sight, midnight.health)
    assert CLOSET.size < midnight.size


@pytest.mark.slow
def test_midnight_can_be_won_by_who_sees_everything():
    assert evaluate(cooperative_player, CASE, cases=FEW).win_rate > 0.88


@pytest.mark.slow
@pytest.mark.parametrize(("row", "load"), [("5 x 5", load_challenger), ("nothing else", lambda: load_team("eclipse"))])
def test_the_page_says_how_ours_stands(row, load):
    said, found = stated(row), measure(load(), cases=FEW)
    for one, other in zip(said, found, strict=True):
        assert abs(one - other) < 0.1
        assert other < 0.5, "not won"


def test_a_team_is_measured_with_drawn_and_with_likeliest_actions(make_policy):
    policy = make_policy(34, 5)
    standing = measure(policy, cases=6)
    drawn, greedy = (evaluate(policy_player(policy, greedy=g), CASE, cases=6).win_rate for g in (False, True))
    assert standing == Standing(drawn, greedy)


def test_the_way_is_gone_and_the_team_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(challenge, "GOALS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(challenge, "measure", lambda policy: Standing(0.0, 0.0))
    assert make_challenger(tmp_path) == Standing(0.0, 0.0)
    assert (tmp_path / "midnight.pt").exists()
    assert "out of eclipse after" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError):
        make_challenger(tmp_path / "nowhere")
