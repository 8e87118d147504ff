import pytest

from ppo_lessons.data_parallel.launch import run_on_processes
from ppo_lessons.data_parallel.program import main
from ppo_lessons.data_parallel.ranks import RankError

SMALL = ["--set", "num_envs=4", "--set", "minibatch_size=64", "--set", "epochs=1"]


def test_a_team_is_trained_by_two_processes(tmp_path):
    said = run_on_processes(2, ["standard", "--to", str(tmp_path), "--cycles", "2", *SMALL])
    assert said.startswith("cycle 2, agent-steps 256, won of the last 400 cases ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports.jsonl", "run.pt", "team.pt"]


def test_alone_it_says_who_starts_it(capsys):
    assert main(["standard", "--cycles", "1"]) == 1
    assert "rank ?: A rank is started by torchrun" in capsys.readouterr().err


def test_what_is_no_setting_is_said(capsys):
    assert main(["standard", "--set", "clip=0.1"]) == 1
    assert "clip_eps" in capsys.readouterr().err


def test_an_unknown_case_is_said(capsys):
    with pytest.raises(SystemExit):
        main(["nowhere"])
    assert "'nowhere' (choose from 'stray'" in capsys.readouterr().err


def test_what_a_rank_said_is_raised():
    with pytest.raises(RankError, match=r"Every rank plays a copy of the world or more. Got num_envs 1 for 2 ranks"):
        run_on_processes(2, ["standard", "--set", "num_envs=1"])
