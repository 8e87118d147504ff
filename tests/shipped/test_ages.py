"""The shipped teams are what their names say, and the scripts that made them and the curves work."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.ages import AGES, FOLDER, fits, load_age, load_seed_curves, make_ages, make_seed_curves
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


@pytest.mark.parametrize("seed", [3, 4])
def test_how_often_a_detective_is_drained_alone_tells_the_ages_apart_and_teaming_up_does_not(seed: int):
    chaos, survival, mastery = (
        evaluate(policy_player(load_age(age), seed=seed), cases=2000, seed=seed) for age in AGES
    )
    alone = [round(age.health_lost_alone, 1) for age in (chaos, survival, mastery)]
    assert alone == pytest.approx([6.4, 0.3, 2.5], abs=0.15)
    together = [age.teaming_up for age in (chaos, survival, mastery)]
    assert together == pytest.approx([1.1, 1.9, 2.1], abs=0.15)
    assert survival.mate_distance == pytest.approx(0.6, abs=0.07) and mastery.mate_distance == pytest.approx(
        1.1, abs=0.07
    )


def test_the_curves_of_a_seed_are_those_of_its_run(tmp_path: Path):
    """The first 16 cycles of the first seed; on another processor the last digits differ, and later the runs."""
    make_seed_curves(tmp_path, seeds=[0], cycles=16)
    made = json.loads((tmp_path / "seed_curves.json").read_text(encoding="utf-8"))
    shipped = load_seed_curves()
    assert shipped.win_rate.shape == shipped.survival.shape == (len(shipped.seeds), len(shipped.agent_steps))
    assert made["agent_steps"] == shipped.agent_steps[:4].tolist() == [16384, 32768, 49152, 65536]
    assert made["survival"][0][0] is None and np.isnan(shipped.survival[0, 0]), "too few cases"
    np.testing.assert_allclose(np.array(made["survival"], float), shipped.survival[:1, :4], atol=0.2)


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
