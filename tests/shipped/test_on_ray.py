"""Ray Tune plays the very same runs, tries again what failed, names what fails for good, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray.tune")

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.atlas import make_atlas
from ppo_lessons.shipped.many_runs import UnfinishedError, finish_runs
from ppo_lessons.shipped.on_ray import on_ray, session

pytestmark = pytest.mark.slow

MARK = "PPO_LESSONS_TEST_OF_RAY"
"""A variable that everything inherits which a test starts, so that it is found wherever it hides."""
SMALL = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=2)
RETRIES = 1


def left_behind(mark: str) -> list[str]:
    """Processes that carry the mark, but for this one; on Linux alone."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            carries = f"{MARK}={mark}".encode() in (place / "environ").read_bytes().split(b"\0")
            if carries and int(place.name) != os.getpid():
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return found


def assert_gone(mark: str) -> None:
    deadline = time.monotonic() + 30
    while (found := left_behind(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == []


@pytest.fixture(scope="module")
def play_on_ray() -> Iterator[partial]:
    """The engine, on a Ray that is started once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, f"module {os.getpid()}")
        with session(2):
            yield partial(on_ray, processes=2, retries=RETRIES)
        assert_gone(f"module {os.getpid()}")


def test_the_atlas_is_the_same_bit_for_bit(play_on_ray: partial, tmp_path: Path):
    tiny = dict(grid=((0.2,), (0.0, 0.06), (0.5,)), seeds=(0, 3), cycles=4, every=2, config=SMALL)
    make_atlas(tmp_path / "here.npz", **tiny)
    make_atlas(tmp_path / "ray.npz", **tiny, engine=play_on_ray)
    with np.load(tmp_path / "here.npz") as here, np.load(tmp_path / "ray.npz") as there:
        assert set(here) == set(there)
        for name in here:
            assert here[name].dtype == there[name].dtype
            assert here[name].tobytes() == there[name].tobytes(), name


def fragile(folder: Path) -> Callable[[PPOConfig], dict[str, np.ndarray]]:
    """A run that notes each attempt; of seed 1 always raises, of 2 is killed once, and of 3 is always killed."""

    def play(config: PPOConfig) -> dict[str, np.ndarray]:
        attempts = len(list(folder.glob(f"{config.seed} *")))
        (folder / f"{config.seed} {attempts}").touch()
        if config.seed == 1:
            raise ValueError("clip_eps was too brave")
        if config.seed == 3 or (config.seed == 2 and attempts == 0):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return {"pid": np.array(os.getpid()), "threads": np.array(int(os.environ["OMP_NUM_THREADS"]))}

    return play


def test_what_fails_is_tried_again_and_named_and_what_is_done_is_not_done_again(play_on_ray: partial, tmp_path: Path):
    runs = {f"run {seed}": PPOConfig(seed=seed) for seed in range(5)}
    attempts, kept = tmp_path / "attempts", tmp_path / "kept"
    attempts.mkdir(), kept.mkdir()
    with pytest.raises(UnfinishedError) as raised:
        finish_runs(kept, runs, fragile(attempts), play_on_ray)
    rule, *named = str(raised.value).splitlines()
    assert rule.startswith("Every run must come to its end. 3 of 5 did and are kept")
    assert [line.split(":")[0] for line in sorted(named)] == ["  run 1", "  run 3"]
    assert "clip_eps was too brave" in min(named)
    assert "died" in max(named)
    assert {path.stem for path in kept.iterdir()} == {"run 0", "run 2", "run 4"}

    def tried() -> dict[int, int]:
        return {seed: len(list(attempts.glob(f"{seed} *"))) for seed in range(5)}

    assert tried() == {0: 1, 1: 1 + RETRIES, 2: 2, 3: 1 + RETRIES, 4: 1}
    healthy = partial(_mended, fragile(attempts))
    results = finish_runs(kept, runs, healthy, play_on_ray)
    assert tried() == {0: 1, 1: 1 + RETRIES, 2: 2, 3: 1 + RETRIES, 4: 1}, "only 1 and 3 were left, and they are mended"
    assert [int(result["threads"]) for result in results] == [1, 1, 1, 1, 1]
    assert os.getpid() not in {int(result["pid"]) for result in results}


def _mended(play: Callable, config: PPOConfig) -> dict[str, np.ndarray]:
    if config.seed in (1, 3):
        return {"pid": np.array(os.getpid()), "threads": np.array(int(os.environ["OMP_NUM_THREADS"]))}
    return play(config)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no process groups")
def test_ctrl_c_ends_it_and_the_same_command_goes_on(tmp_path: Path):
    """As in a terminal: the whole group gets the signal, Ray's processes too."""
    grid = "--clip_eps 0.1 0.2 --ent_coef 0.025 --vf_coef 1 --seeds 0 1 2 --cycles 40 --every 4 --set num_envs=8"
    command = [sys.executable, "-W", "error", "-m", "ppo_lessons.shipped.sweep", "--to", "mine.npz", *grid.split()]
    mark = f"stopped {os.getpid()}"
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True)
    variables = {**os.environ, MARK: mark, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([*command, "--processes", "2"], env=variables, **pipes)
    first = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert first.startswith("1 of 6: "), err
    assert process.returncode == 130, err
    assert err.splitlines() == [
        "Ray Tune trains the runs on this machine, 2 at once.",
        "Stopped. The runs that are done are kept; the same command goes on with the others.",
    ]
    assert_gone(mark)
    done = len((first + out).splitlines())
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "mine.runs").glob("*.npz")}
    assert done == len(kept) < 6
    assert not (tmp_path / "mine.npz").exists()

    again = subprocess.run([*command, "--processes", "1"], env=variables, capture_output=True, text=True, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    counted = [line.split(":")[0] for line in again.stdout.splitlines() if " of 6: " in line]
    assert counted == [f"{i} of 6" for i in range(done + 1, 7)]
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items()), "what was done was not done again"
    assert (tmp_path / "mine.npz").exists()
