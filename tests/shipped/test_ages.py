"""The shipped teams are what their names say, and the script that made them works."""

from pathlib import Path

import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.ages import AGES, FOLDER, fits, load_age, make_ages
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("seed", [3, 4])
def test_each_age_can_be_told_by_its_numbers(age: str, seed: int):
    """On cases and draws that the script did not look at, and with the thresholds that chose it."""
    behaviour = evaluate(policy_player(load_age(age), seed=seed), seed=seed)
    slack = {"chaos": (0.0, 0.0), "survival": (0.0, 0.03), "mastery": (0.03, 0.02)}[age]
    from dataclasses import replace

    assert fits(age, replace(behaviour, win_rate=behaviour.win_rate + slack[0], survival=behaviour.survival + slack[1]))
    assert not any(fits(other, behaviour) for other in AGES if other != age)


def test_the_ages_differ_in_behaviour_and_not_only_in_return():
    chaos, survival, mastery = (evaluate(policy_player(load_age(age))) for age in AGES)
    assert chaos.team_return < survival.team_return < mastery.team_return
    assert chaos.teaming_up < survival.teaming_up < mastery.teaming_up
    assert survival.mate_distance < chaos.mate_distance
    assert chaos.health_lost_alone > mastery.health_lost_alone > survival.health_lost_alone
    assert mastery.banished[3] > 0.9 > 0.3 > max(chaos.banished[3], survival.banished[3])


def test_shipped_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 150_000


def test_the_script_saves_each_age_at_its_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The first two ages take seconds; mastery is given up after the cycles that are allowed."""
    with pytest.raises(RuntimeError, match="Got chaos, survival"):
        make_ages(tmp_path, PPOConfig(), most_cycles=40)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chaos.pt", "survival.pt"]
    assert "survival: cycle" in capsys.readouterr().out


def test_an_unknown_age_is_refused():
    with pytest.raises(ValueError, match=r"chaos, survival, mastery. Got 'youth'"):
        load_age("youth")


def test_load_age_gives_a_fresh_copy_each_time():
    first, second = load_age("mastery"), load_age("mastery")
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert not torch.equal(next(first.parameters()), next(second.parameters()))
