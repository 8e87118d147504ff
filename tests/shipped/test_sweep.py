"""A sweep from a terminal gives the atlas that the package gives, and wrong words end as one sentence."""

from pathlib import Path

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import atlas, engines
from ppo_lessons.shipped.atlas import make_atlas
from ppo_lessons.shipped.many_runs import one_after_another
from ppo_lessons.shipped.sweep import AXES, DONE, FAILED, STOPPED, WRONG, main

HERE = "--processes 1 --to mine.npz"
TINY = f"{HERE} --clip_eps 0.4 0.2 --ent_coef 0 --vf_coef 1 --seeds 3 0 --cycles 4 --every 2 --set num_envs=8"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(atlas, "CASES", 4)


def test_it_is_the_atlas_of_the_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(TINY.split()) == DONE
    told = capsys.readouterr().out.splitlines()
    wanted = dict(grid=((0.2, 0.4), (0.0,), (1.0,)), seeds=(0, 3), cycles=4, every=2, config=PPOConfig(num_envs=8))
    make_atlas(tmp_path / "wanted.npz", **wanted)
    assert (tmp_path / "mine.npz").read_bytes() == (tmp_path / "wanted.npz").read_bytes()
    assert told[:4] == [
        "1 of 4: 0.2_0.0_1.0_0",
        "2 of 4: 0.2_0.0_1.0_3",
        "3 of 4: 0.4_0.0_1.0_0",
        "4 of 4: 0.4_0.0_1.0_3",
    ]
    assert told[4] == "The atlas is in mine.npz: 2 settings, 2 seeds each."
    assert len(told) == 8
    shares = [float(line.split("%")[0]) for line in told[6:]]
    with np.load(tmp_path / "mine.npz") as made:
        wins = made["behaviour"][..., 0].mean(axis=-1).ravel()
    np.testing.assert_allclose(shares, sorted(100 * wins, reverse=True), atol=0.051)


def test_the_same_words_go_on_and_files_are_beside_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PPO_LESSONS_CALLED_FROM", str(tmp_path / "elsewhere"))
    play = atlas.run_setting

    def stop_at_the_second(config: PPOConfig, **sizes: int):
        if config.clip_eps == 0.4:
            raise KeyboardInterrupt
        return play(config, **sizes)

    with monkeypatch.context() as patch:
        patch.setattr(atlas, "run_setting", stop_at_the_second)
        assert main(TINY.split()) == STOPPED
    runs = tmp_path / "elsewhere" / "mine.runs"
    before = {path: path.stat().st_mtime_ns for path in runs.glob("*.npz")}
    assert len(before) == 2
    assert main(TINY.split()) == DONE
    assert len(list(runs.glob("*.npz"))) == 4
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_what_failed_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def fail(config: PPOConfig, **sizes: int):
        raise RuntimeError("no luck")

    monkeypatch.setattr(atlas, "run_setting", fail)
    assert main(f"{TINY} --seeds 0 --clip_eps 0.2".split()) == FAILED
    assert "  0.2_0.0_1.0_0: RuntimeError: no luck" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--to mine.pt", WRONG, "The file of an atlas must end in .npz. Got mine.pt"),
        ("--to no/mine.npz", FAILED, "A file is saved into a folder that is there. There is none: no"),
        (f"{HERE} --clip_eps 0.1 small", WRONG, "--clip_eps takes numbers. Got 'small'"),
        (f"{HERE} --seeds 1 1", WRONG, "--seeds takes each number once. Got 1, 1"),
        (f"{HERE} --seeds 0.5", WRONG, "--seeds takes numbers. Got '0.5'"),
        (f"{HERE} --set ent_coef=1", WRONG, "ent_coef is swept. Got ent_coef with --set"),
        (f"{HERE} --set seed=1", WRONG, "seed is swept. Got seed with --set"),
        (f"{HERE} --set luck=1", WRONG, "PPOConfig takes the names of its fields. Got 'luck'"),
        (f"{HERE} --clip_eps -1", WRONG, "clip_eps must be above 0 and finite. Got -1.0"),
        (f"{HERE} --cycles 3", WRONG, "--cycles must be --every or more: a curve has a point. Got 3 and 12"),
        ("--to mine.npz --processes 0", WRONG, "--processes must be a whole number, 1 or more. Got 0"),
        ("--to mine.npz --faster", WRONG, "unrecognized arguments: --faster. See python -m ppo_lessons.shipped.sweep"),
        ("", WRONG, "--to"),
    ],
)
def test_wrong_words_end_as_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, said: str
):
    assert main(words.split()) == code
    out, err = capsys.readouterr()
    assert said in err
    assert "Traceback" not in err
    assert out == ""
    assert not list(tmp_path.rglob("*.npz"))


def test_a_cluster_without_ray_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert main("--to mine.npz --address auto".split()) == WRONG
    assert "A cluster is reached with Ray" in capsys.readouterr().err


def test_the_usual_sweep_is_the_shipped_atlas(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr("ppo_lessons.shipped.sweep.make_atlas", lambda *given: asked.append(given))
    monkeypatch.setattr("ppo_lessons.shipped.sweep.load_atlas", atlas.load_atlas)
    monkeypatch.setattr("ppo_lessons.shipped.sweep._tell", lambda path: None)
    assert main(HERE.split()) == DONE
    ((_, grid, seeds, cycles, every, config, engine),) = asked
    shipped = atlas.load_atlas()
    assert grid == tuple(getattr(shipped, name) for name in AXES)
    assert (seeds, config) == (shipped.seeds, PPOConfig())
    assert cycles // every == len(shipped.agent_steps)
    assert engine is one_after_another
