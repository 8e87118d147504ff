"""Runs are played once, kept one by one, and named when they fail."""

from pathlib import Path

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.many_runs import UnfinishedError, finish_runs

RUNS = {f"run {seed}": PPOConfig(seed=seed) for seed in range(4)}


def play(config: PPOConfig) -> dict[str, np.ndarray]:
    return {"seed": np.array(config.seed), "twice": np.array([config.seed, config.seed], np.float16)}


def test_runs_come_in_their_order_and_what_is_kept_is_not_played_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    first = finish_runs(tmp_path, dict(list(RUNS.items())[1:3]), play)
    assert [int(run["seed"]) for run in first] == [1, 2]
    assert first[0]["twice"].dtype == np.float16
    played = []
    runs = finish_runs(tmp_path, RUNS, lambda config: played.append(config.seed) or play(config))
    assert played == [0, 3]
    assert [int(run["seed"]) for run in runs] == [0, 1, 2, 3]
    assert capsys.readouterr().out.splitlines() == ["1 of 2: run 1", "2 of 2: run 2", "3 of 4: run 0", "4 of 4: run 3"]


def test_a_run_that_fails_is_named_and_the_others_are_kept(tmp_path: Path):
    def fragile(config: PPOConfig) -> dict[str, np.ndarray]:
        if config.seed % 2:
            raise OSError(f"no luck\nwith {config.seed}")
        return play(config)

    with pytest.raises(UnfinishedError) as raised:
        finish_runs(tmp_path, RUNS, fragile)
    assert str(raised.value) == (
        "Every run must come to its end. 2 of 4 did and are kept; the same call tries the rest. Got\n"
        "  run 1: OSError: no luck with 1\n  run 3: OSError: no luck with 3"
    )
    assert {path.stem for path in tmp_path.iterdir()} == {"run 0", "run 2"}
    assert len(finish_runs(tmp_path, RUNS, play)) == 4


def test_ctrl_c_ends_them_and_keeps_what_is_done(tmp_path: Path):
    def stop(config: PPOConfig) -> dict[str, np.ndarray]:
        if config.seed == 2:
            raise KeyboardInterrupt
        return play(config)

    with pytest.raises(KeyboardInterrupt):
        finish_runs(tmp_path, RUNS, stop)
    assert {path.stem for path in tmp_path.iterdir()} == {"run 0", "run 1"}


def test_an_engine_is_asked_only_if_something_is_left(tmp_path: Path):
    finish_runs(tmp_path, RUNS, play)
    assert len(finish_runs(tmp_path, RUNS, play, engine=lambda *given: pytest.fail("nothing is left"))) == 4
