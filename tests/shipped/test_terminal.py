"""Words in, a trained team and sentences out; wrong words end as one sentence, and nothing is lost on the way."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ppo_lessons
from ppo_lessons.checkpoints import load_policy, load_run, save_policy, save_run
from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import interruptible, kept_run, terminal
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.shipped.terminal import DONE, LOST, STOPPED, WRONG, command, config_of, main, read_order
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.several import SeveralCases
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train

TINY = "--set num_envs=4 --set num_steps=8 --set minibatch_size=32 --cycles 3"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """In a folder of its own, with few cases at the end and none but the asked-for savings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terminal, "FRESH_CASES", 4)
    monkeypatch.setattr(interruptible, "SAVED_SECONDS", float("inf"))


@pytest.fixture
def ppo(capsys):
    """Types a command; returns its exit code, and what it said on stdout and on stderr."""

    def types(line):
        code = main(shlex.split(line))
        said = capsys.readouterr()
        return code, said.out, said.err

    return types


# ---- training


def test_a_team_is_trained_saved_and_tried(ppo, tmp_path):
    code, out, err = ppo(f"stray --to a.pt {TINY}")
    team, tried, further = out.splitlines()
    assert (code, err) == (DONE, "A fresh team begins with stray.\n")
    assert team == "The team is in a.pt, after 3 cycles of 384 agent-steps in all."
    assert tried.startswith("Of 4 fresh cases of stray it wins ") and tried.endswith("% of the detectives standing.")
    assert further == (
        "To go on: python -m ppo_lessons.train stray --to a.pt --cycles 1003 "
        "--set num_envs=4 --set num_steps=8 --set minibatch_size=32"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt", "a.run.json", "a.run.pt"]


def test_it_is_the_run_of_the_packages_own_training(ppo):
    ppo(f"stray --to a.pt {TINY} --seed 4 --set clip_eps=0.1")
    run = TrainingRun("stray", PPOConfig(num_envs=4, num_steps=8, minibatch_size=32, seed=4, clip_eps=0.1))
    for _ in train(run, 3):
        pass
    weights = load_policy("a.pt").state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in run.policy.state_dict().items())


def test_it_says_that_many_cases_unless_a_test_wants_fewer(monkeypatch):
    monkeypatch.undo()
    assert terminal.FRESH_CASES == 400


def test_several_cases_are_played_at_once(ppo):
    code, out, err = ppo(f"stray pack --to a.pt {TINY}")
    assert code == DONE and err == "A fresh team begins with stray, pack.\n"
    assert "fresh cases of stray " in out and "fresh cases of pack " in out
    env = load_run("a.run.pt").env
    assert isinstance(env, SeveralCases) and [case.name for case in env.cases] == ["stray", "pack"]


@pytest.mark.parametrize("cases", ["stray", "stray pack"])
@pytest.mark.parametrize(("when", "done"), [("in it", 1), ("behind it", 2)])
def test_after_ctrl_c_the_same_command_goes_on_bit_for_bit(ppo, kept_in, tmp_path, press, cases, when, done):
    line = f"{cases} --from chaos --to {{}} {TINY}"
    ppo(line.format("straight.pt"))
    press(2, when)
    code, out, _ = ppo(line.format("a.pt"))
    assert code == STOPPED
    stopped, further = out.splitlines()
    assert stopped == f"Stopped after {done} cycles, {128 * done} agent-steps. Saved in a.pt."
    press(0, "never")
    code, _, err = ppo(further.removeprefix("To go on: python -m ppo_lessons.train "))
    assert code == DONE and err == f"The run in a.run.pt goes on after cycle {done}.\n"
    assert kept_in(tmp_path / "a.pt") == kept_in(tmp_path / "straight.pt")


def test_the_same_command_once_more_trains_no_further(ppo, kept_in, tmp_path):
    _, told, _ = ppo(f"stray --to a.pt {TINY}")
    before = kept_in(tmp_path / "a.pt")
    code, out, _ = ppo(f"stray --to a.pt {TINY}")
    assert (code, out) == (DONE, told) and kept_in(tmp_path / "a.pt") == before


def test_a_goal_ends_it(ppo, monkeypatch):
    monkeypatch.setattr(kept_run, "is_ready", lambda finished, won, goal, least: goal <= 0.8 and len(won) >= 2)
    code, out, _ = ppo(f"stray --to a.pt {TINY} --until 0.8")
    assert code == DONE and "after 2 cycles" in out and "It has won 80% or more of its last 400 cases." in out
    assert "--until" not in out and "--cycles 3 " in out, "to go on it takes no goal"
    _, out, _ = ppo(f"stray --to a.pt {TINY} --until 0.9")
    assert "after 3 cycles" in out and "It has won" not in out and "--cycles 1003 --until 0.9" in out


# ---- the team to begin with


@pytest.fixture
def with_a_teams_critic():
    config = PPOConfig(num_envs=4, hidden_size=8, shared_trunk=False, critic="team", value_normalisation=True)
    policy = TrainingRun("stray", config).policy
    save_policy(policy, "first.pt")
    return policy


def test_a_team_goes_on_with_its_own_kind_of_network(ppo, with_a_teams_critic):
    code, _, err = ppo(f"pack --from first.pt --to a.pt {TINY} --set learning_rate=1e-9")
    assert code == DONE and err == "The team first.pt begins with pack.\n"
    before, after = with_a_teams_critic, load_policy("a.pt")
    assert after.team_size == before.team_size and after.value_normalisation and not after.shared_trunk
    for old, new in zip(before.parameters(), after.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=1e-5)


def test_another_network_must_not_be_asked_for(ppo, with_a_teams_critic):
    code, out, err = ppo(f"pack --from first.pt --to a.pt {TINY} --set hidden_size=16 --set critic=own")
    assert (code, out) == (WRONG, "") and err == (
        "A team to begin with keeps its network, hidden_size 8, shared_trunk False, value_normalisation True, "
        "critic team. Got hidden_size 16, critic own\n"
    )
    assert config_of({"hidden_size": 8, "critic": "team"}, with_a_teams_critic).hidden_size == 8


def test_a_team_of_another_game_does_not_fit(ppo, make_policy):
    save_policy(make_policy(), "first.pt")
    code, _, err = ppo(f"stray --from first.pt --to a.pt {TINY}")
    assert code == WRONG and err == "The policy must have (obs_size, num_actions) = (34, 5). Got (4, 3)\n"


# ---- what is there already


def test_a_run_of_other_arguments_is_neither_gone_on_with_nor_lost(ppo, kept_in, tmp_path):
    ppo(f"stray --to a.pt {TINY}")
    before = kept_in(tmp_path / "a.pt")
    code, _, err = ppo(f"pack --to a.pt {TINY} --seed 1")
    assert code == WRONG and err == (
        "A run goes on with what it was begun with. Got case pack for stray, seed 1 for 0 in a.run.pt. "
        "Another --to begins another run, --anew throws this one away\n"
    )
    assert kept_in(tmp_path / "a.pt") == before


def test_anew_throws_it_away_and_says_so(ppo, kept_in, tmp_path):
    ppo(f"pack --to a.pt {TINY} --seed 1")
    code, out, err = ppo(f"stray --to a.pt {TINY} --anew")
    assert code == DONE and "--anew" not in out
    assert err == "Thrown away: what was in a.pt, a.run.pt, a.run.json.\nA fresh team begins with stray.\n"
    ppo(f"stray --to b.pt {TINY}")
    assert kept_in(tmp_path / "a.pt") == kept_in(tmp_path / "b.pt")


def test_after_ctrl_c_a_new_run_goes_on_without_anew(ppo, press):
    press(2, "in it")
    code, out, _ = ppo(f"stray --to a.pt {TINY} --anew")
    assert code == STOPPED and "--anew" not in out


def test_a_team_from_elsewhere_is_not_overwritten(ppo, tmp_path):
    save_policy(load_age("chaos"), "a.pt")
    before = (tmp_path / "a.pt").read_bytes()
    code, _, err = ppo(f"stray --to a.pt {TINY}")
    assert code == WRONG and err.startswith("A team that stands there without its run is overwritten with --anew only")
    assert (tmp_path / "a.pt").read_bytes() == before
    assert ppo(f"stray --to a.pt {TINY} --anew")[2].startswith("Thrown away: what was in a.pt.\n")


def test_a_team_is_not_trained_onto_itself(ppo, tmp_path):
    save_policy(load_age("chaos"), "a.pt")
    code, _, err = ppo(f"stray --from ../{tmp_path.name}/a.pt --to a.pt {TINY}")
    assert code == WRONG and err.startswith("--from and --to must be two files")


# ---- wrong words


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "arguments are required: CASE, --to"),
        ("stray", "arguments are required: --to"),
        ("--to a.pt", "arguments are required: CASE"),
        ("stray --to a.pt --cycle 3", "unrecognized arguments: --cycle 3"),
        ("stray fag --to a.pt", f"A case is one of {', '.join(CASES)}. Got 'fag'"),
        ("stray stray --to a.pt", "each of its own name. Got ['stray', 'stray']"),
        ("stray pack --to a.pt --set num_envs=1", "Each case needs a copy of the world. Got 1 copies"),
        ("stray --to a", "The file of a team must end in .pt. Got a"),
        ("stray --to nowhere/a.pt", "A file is saved into a folder that is there. There is none: nowhere"),
        ("stray --to a.pt --from youth", "or one of chaos, survival, mastery. Got 'youth'"),
        ("stray --to a.pt --from .", "."),
        ("stray --to a.pt --from damaged.pt", "A checkpoint must be whole, and hold data only. Got damaged.pt"),
        ("stray --to a.pt --from run.pt", "The file must be a policy checkpoint of format 3. Got run.pt: a run"),
        ("stray --to a.pt --cycles many", "--cycles must be a whole number, 1 or more. Got 'many'"),
        ("stray --to a.pt --cycles 0", "--cycles must be a whole number, 1 or more. Got 0"),
        ("stray --to a.pt --until 95", "--until must be above 0, and 1 at most. Got '95'"),
        ("stray --to a.pt --until most", "--until must be above 0, and 1 at most. Got 'most'"),
        ("stray --to a.pt --until nan", "--until must be above 0, and 1 at most. Got 'nan'"),
        ("stray --to a.pt --seed x", "seed must be a whole number, 0 or more. Got 'x'"),
        ("stray --to a.pt --seed 1 --set seed=1", "Each setting is given once. Got seed twice"),
        ("stray --to a.pt --set clip_eps", "--set takes NAME=VALUE. Got 'clip_eps'"),
        ("stray --to a.pt --set clip_esp=1", "Got 'clip_esp'. Did you mean 'clip_eps'?"),
        ("stray --to a.pt --set gamma=2", "gamma must be 0 to 1. Got 2.0"),
        ("stray --to a.pt --set team_credit=maybe", "team_credit must be True or False. Got 'maybe'"),
        ("stray --to a.pt --set num_envs=4.0", "num_envs must be a whole number, 1 or more. Got '4.0'"),
    ],
)
def test_wrong_words_end_as_one_sentence_and_leave_no_file(ppo, tmp_path, tiny, line, says):
    (tmp_path / "damaged.pt").write_bytes(b"PK")
    save_run(TrainingRun("stray", tiny), "run.pt")
    code, out, err = ppo(line)
    assert (code, out, err.count("\n")) == (WRONG, "", 1) and says in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.pt", "run.pt"]


@pytest.mark.parametrize("damaged", ["a.run.pt", "a.run.json"])
def test_a_damaged_file_is_named(ppo, tmp_path, damaged):
    ppo(f"stray --to a.pt {TINY}")
    (tmp_path / damaged).write_bytes(b"PK")
    code, _, err = ppo(f"stray --to a.pt {TINY}")
    assert code == WRONG and damaged in err and err.endswith("--anew throws this one away\n")
    assert ppo(f"stray --to a.pt {TINY} --anew")[0] == DONE


def test_help_tells_all_words(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert all(word in said for word in ("CASE", "--from", "--to", "--cycles", "--until", "--seed", "--set", "--anew"))


# ---- how a command is written


@pytest.mark.parametrize(
    "line",
    [
        "stray --to a.pt",
        "stray pack --from chaos --to 'my team.pt' --cycles 20 --until 0.9 --seed 3 --anew",
        "fog --to a.pt --set critic=team --set shared_trunk=False --set learning_rate=1e-05 --set target_kl=None",
    ],
)
def test_a_command_asks_for_what_it_was_made_of(line, monkeypatch):
    monkeypatch.setattr(terminal.os, "name", "posix")
    assert command(read_order(shlex.split(line))) == f"python -m ppo_lessons.train {line}"


def test_on_windows_a_command_is_quoted_as_its_shell_wants_it(monkeypatch):
    order = read_order(["stray", "--to", "my team.pt"])
    monkeypatch.setattr(terminal.os, "name", "nt")
    assert command(order) == 'python -m ppo_lessons.train stray --to "my team.pt"'


# ---- what goes wrong later


def test_a_training_that_gets_lost_ends_as_a_sentence(ppo, monkeypatch):
    def play(run, cycles):
        yield from train(run, 2)
        yield from train(run, cycles, Steps(total_loss=lambda *losses, **more: float("nan") * sum(losses)))

    monkeypatch.setattr(interruptible, "train", play)
    code, out, err = ppo(f"stray --to a.pt {TINY}")
    assert (code, out) == (LOST, "") and "must be finite" in err
    assert err.endswith("(cycle 3). Saved as it was after cycle 2: a.pt\n") and load_run("a.run.pt").cycle == 2


def test_a_full_disk_ends_as_a_sentence(ppo, monkeypatch):
    def play(run, cycles):
        yield from train(run, 1)
        monkeypatch.setattr(kept_run, "save_policy", full)
        yield from train(run, cycles - 1)

    def full(policy, path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(interruptible, "train", play)
    code, out, err = ppo(f"stray --to a.pt {TINY}")
    assert (code, out) == (LOST, "") and err.endswith("No space left on device: a.pt\n")


def test_ctrl_c_before_the_training(ppo, listening, monkeypatch):
    monkeypatch.setattr(terminal, "load_start", lambda name: signal.raise_signal(signal.SIGINT))
    assert ppo(f"stray --to a.pt {TINY}") == (STOPPED, "", "Stopped before the training began.\n")


def test_ctrl_c_behind_the_training(ppo, listening, monkeypatch):
    monkeypatch.setattr(terminal, "evaluate", lambda *given, **more: signal.raise_signal(signal.SIGINT))
    code, out, _ = ppo(f"stray --to a.pt {TINY}")
    assert code == STOPPED and "Stopped after 3 cycles" in out and load_run("a.run.pt").cycle == 3


# ---- a process of its own

ALONE = "stray pack --to {} --cycles {} --set num_envs=4 --set num_steps=8 --set minibatch_size=32"


@pytest.fixture
def begun(listening, tmp_path):
    """Starts the command; `listening` makes Ctrl-C mean to it what it usually means, whoever started the tests."""
    house = str(Path(ppo_lessons.__file__).parent.parent)
    paths = os.pathsep.join(filter(None, (house, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    processes = []

    def begin(line):
        words = [sys.executable, "-W", "error", "-m", "ppo_lessons.train", *shlex.split(line)]
        processes.append(subprocess.Popen(words, cwd=tmp_path, env=environment, **pipes))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole group of processes")
def test_ctrl_c_from_outside_and_the_same_command_again_make_the_team_of_a_straight_run(begun, kept_in, tmp_path):
    """It hits what it hits; how far the training came is asked afterwards, so that no machine is too fast or slow."""
    process = begun(ALONE.format("a.pt", 10_000_000))
    for line in process.stderr:
        if line.startswith("cycle 50 of 10,000,000, "):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == STOPPED and "Traceback" not in err
    done = load_run("a.run.pt").cycle
    assert done >= 50 and f"Stopped after {done:,} cycles" in out and "To go on: python -m ppo_lessons.train" in out

    process = begun(ALONE.format("a.pt", done + 3))
    out, err = process.communicate(timeout=300)
    assert process.returncode == DONE and f"The run in a.run.pt goes on after cycle {done:,}." in err
    assert main(shlex.split(ALONE.format("straight.pt", done + 3))) == DONE
    assert kept_in(tmp_path / "a.pt") == kept_in(tmp_path / "straight.pt")
