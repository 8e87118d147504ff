"""Whole runs of the coefficient lab: what is trained there is what `train` trains, in turn, through stop and go on."""

import math
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.coefficient_lab import runs as runs_lab
from ppo_lessons.lessons.coefficient_lab.runs import EVERY, LOOKS, PANELS, RunsFace, RunsLab, Trial, new_trial
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of, measures
from ppo_lessons.training import TrainingRun, TrainReport, train

pytestmark = pytest.mark.slow

SMALL = PPOConfig(num_envs=4, num_steps=4, minibatch_size=64, epochs=2)


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults, and small rollouts."""
    monkeypatch.setattr(runs_lab, "PPOConfig", lambda: SMALL)


def numbers(reports: Iterable[TrainReport]) -> list[tuple[float, ...]]:
    """All numbers of reports but the times, NaN as None, so that they can be compared."""
    rows = [(r.cycle, r.agent_steps, r.mean_reward, *measures(r.behaviour), *astuple(r.update)) for r in reports]
    return [tuple(None if isinstance(x, float) and math.isnan(x) else x for x in row) for row in rows]


def trained(cycles: int, seed: int, **changes: float) -> list[TrainReport]:
    return list(train(TrainingRun("standard", replace(SMALL, seed=seed, **changes)), cycles))


class Watcher:
    """Stands in for `train_cycle`: notes which run is trained, and does something before a given cycle."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[TrainingRun] = []
        self.before: dict[int, Callable[[], None]] = {}
        self.original = runs_lab.train_cycle
        monkeypatch.setattr(runs_lab, "train_cycle", self)

    def __call__(self, run: TrainingRun) -> TrainReport:
        self.runs.append(run)
        self.before.pop(len(self.runs), lambda: None)()
        return self.original(run)


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    return Watcher(monkeypatch)


def press(lab: RunsLab, button: str) -> None:
    lab.controls._handle_custom_msg({"pressed": button}, [])


def presses(lab: RunsLab, button: str) -> Callable[[], None]:
    """Press a button that stops from another thread, as the kernel's main thread would, and wait until it is heard."""

    def do() -> None:
        threading.Thread(target=press, args=(lab, button)).start()
        assert lab._background._stop.wait(30)

    return do


def end(lab: RunsLab) -> str:
    lab._background._thread.join(60)
    assert not lab.running
    assert lab.wait()
    return lab.screen.said


def test_seeds_are_trained_in_turn_as_train_does(watcher: Watcher):
    lab = RunsLab()
    assert "nothing trained yet" in lab.screen.said
    lab.controls.put(cycles=8, seeds=3, clip_eps=0.4, epochs=4)
    press(lab, "train")
    said = end(lab)
    (trial,) = lab.trials
    assert [run.config.seed for run in watcher.runs] == [0, 1, 2] * 8
    for seed, reports in enumerate(trial.reports):
        assert numbers(reports) == numbers(trained(8, seed, clip_eps=0.4, epochs=4))
    assert trial.finished
    assert "clip_eps 0.4, epochs 4: cycle 8 of 8, 3 seeds" in said
    assert not lab.screen.failed


def test_stop_keeps_and_go_on_resumes_to_the_same_reports(watcher: Watcher):
    lab = RunsLab()
    lab.controls.put(cycles=8, seeds=2)
    watcher.before[5] = presses(lab, "stop")
    press(lab, "train")
    said = end(lab)
    (trial,) = lab.trials
    assert [len(reports) for reports in trial.reports] == [3, 2]
    assert "cycle 2 of 8" in said
    assert not trial.finished
    watcher.before[9] = presses(lab, "stop")
    press(lab, "go on")
    end(lab)
    assert len(watcher.runs) == 9
    press(lab, "go on")
    assert "cycle 8 of 8" in end(lab)
    for seed, reports in enumerate(trial.reports):
        assert numbers(reports) == numbers(trained(8, seed))
    press(lab, "go on")  # there is nothing left
    end(lab)
    assert len(watcher.runs) == 16


def test_trials_are_worked_one_after_the_other(watcher: Watcher):
    lab = RunsLab()
    lab.controls.put(cycles=8, seeds=1)

    def add() -> None:
        for clip_eps in (0.1, 0.4):
            lab.controls.put(clip_eps=clip_eps)
            press(lab, "train")

    watcher.before[3] = add
    press(lab, "train")
    said = end(lab)
    assert [trial.name for trial in lab.trials] == ["default settings", "clip_eps 0.1", "clip_eps 0.4"]
    assert [run.config.clip_eps for run in watcher.runs] == [0.2] * 8 + [0.1] * 8 + [0.4] * 8
    assert all(trial.finished for trial in lab.trials)
    assert said.count("cycle 8 of 8, 1 seed") == 3


def test_forget(watcher: Watcher):
    lab = RunsLab()
    empty, trials = lab.screen.png, lab.trials
    lab.controls.put(cycles=8, seeds=1)
    watcher.before[6] = presses(lab, "forget")
    press(lab, "train")
    for _ in range(2):  # forget draws once more after the work has ended
        end(lab)
    assert lab.trials is trials, "the atlas holds this list"
    while trials:
        lab.wait(0.05)
    assert lab.wait()
    assert "nothing trained yet" in lab.screen.said
    assert lab.screen.png == empty
    assert len(watcher.runs) == 6
    press(lab, "go on")
    end(lab)
    assert len(watcher.runs) == 6


def test_a_trial_is_named_by_what_differs():
    assert new_trial(1, 8).name == "default settings"
    assert new_trial(1, 8, clip_eps=0.2, ent_coef=0.025).name == "default settings"
    assert (
        new_trial(1, 8, epochs=8, learning_rate=3e-4, vf_coef=0.0).name == "vf_coef 0, learning_rate 0.0003, epochs 8"
    )
    assert [run.config.seed for run in new_trial(3, 8).runs] == [0, 1, 2]


def test_curves_are_those_of_the_atlas():
    trial = new_trial(2, 9)
    width = len(BEHAVIOUR) + len(LEARNING)
    assert trial.curves().shape == (2, 0, width)
    for _ in range(2 * EVERY + 1):
        trial.train()
    assert [len(reports) for reports in trial.reports] == [5, 4]
    assert trial.curves().shape == (2, 1, width), "as far as all have come"
    while not trial.finished:
        trial.train()
    curves = trial.curves()
    assert curves.shape == (2, 2, width)
    for seed in range(2):
        np.testing.assert_array_equal(curves[seed], curves_of(trained(9, seed), EVERY))
    kl = [report.update.approx_kl for report in trial.reports[1][4:8]]
    assert curves[1, 1, (*BEHAVIOUR, *LEARNING).index("approx_kl")] == pytest.approx(np.mean(kl))


def test_a_run_that_is_no_longer_finite_ends_its_trial_alone(watcher: Watcher):
    lab = RunsLab()
    lab.controls.put(cycles=8, seeds=2)

    def poison() -> None:
        lab.trials[0].runs[1].policy.critic_head.bias.data.fill_(math.nan)
        lab.controls.put(seeds=1, vf_coef=0.3)
        press(lab, "train")

    watcher.before[12] = poison
    press(lab, "train")
    said = end(lab)
    bad, good = lab.trials
    assert [len(reports) for reports in bad.reports] == [6, 5]
    (failed,) = bad.failed
    assert failed.startswith("seed 1: ")
    assert "cycle 6" in failed
    assert bad.finished
    assert f"cycle 5 of 8, 2 seeds, ended: {failed[:20]}" in said
    assert len(good.reports[0]) == 8
    assert "vf_coef 0.3: cycle 8 of 8, 1 seed" in said
    assert not lab.screen.failed


def test_another_mistake_is_said(monkeypatch: pytest.MonkeyPatch):
    def fail(run: TrainingRun) -> TrainReport:
        raise ZeroDivisionError("no")

    lab = RunsLab()
    with monkeypatch.context() as patch:
        patch.setattr(runs_lab, "train_cycle", fail)
        lab.controls.put(cycles=8, seeds=1)
        press(lab, "train")
        said = end(lab)
    assert "ZeroDivisionError: no" in said
    assert lab.screen.failed
    press(lab, "go on")
    assert "cycle 8 of 8" in end(lab)


def test_forget_forgets_a_failure(monkeypatch: pytest.MonkeyPatch):
    lab = RunsLab()
    monkeypatch.setattr(runs_lab, "train_cycle", lambda run: 1 / 0)
    lab.controls.put(cycles=8, seeds=1)
    press(lab, "train")
    end(lab)
    press(lab, "forget")
    assert lab.wait()
    assert "nothing trained yet" in lab.screen.said


@pytest.fixture(scope="module")
def reports() -> list[TrainReport]:
    """Of a run that is large enough for win rates to be known."""
    return trained(40, 0, num_envs=16, num_steps=8)


def told(reports: list[TrainReport], seeds: int = 1, cycles: int = 40, **changes: float) -> Trial:
    """A trial that has been trained, the same reports for each seed."""
    config = replace(SMALL, **changes)
    return Trial(config, 40, [TrainingRun("standard", config)] * seeds, [reports[:cycles]] * seeds)


def test_the_picture_shows_the_five_newest_trials(reports: list[TrainReport]):
    face = RunsFace()
    live = LiveFigure(face)
    names = [0.05, 0.1, 0.4, 0.5, 1.0, 2.0]
    trials = [told(reports, clip_eps=clip_eps) for clip_eps in names]
    seen = []
    for count in range(len(names) + 1):
        said = face.show(trials[:count])
        seen.append(live.draw())
        assert said.count("cycle 40 of 40") == min(count, len(LOOKS))
    assert len(set(seen)) == len(seen)
    assert [re.split("[;\n]", text.get_text())[0] for text in face.names] == [
        f"clip_eps {clip_eps:g}" for clip_eps in (2.0, 0.1, 0.4, 0.5, 1.0)
    ], "the sixth takes the place of the first, the others keep theirs"
    face.show(trials[:2])
    assert live.draw() == seen[2], "nothing is left behind"


def test_lines_are_means_and_bands_reach_to_all_seeds(reports: list[TrainReport]):
    two = Trial(SMALL, 40, [TrainingRun("standard", SMALL)] * 2, [reports[:20], reports[20:]])
    face = RunsFace()
    face.show([two])
    curves = two.curves()
    assert curves.shape[1] == 5
    for i, (name, *_) in enumerate(PANELS):
        values = curves[:, :, (*BEHAVIOUR, *LEARNING).index(name)]
        known = np.isfinite(values).all(axis=0)
        x, y = face.lines[i * len(LOOKS)].get_data()
        np.testing.assert_allclose(y, values.mean(axis=0)[known])
        np.testing.assert_allclose(x, (np.arange(1, 6) * 4 * 4096 / 1e6)[known])
        if known.sum() > 1:
            corners = face.bands[i * len(LOOKS)].get_paths()[0].vertices
            assert corners[:, 1].min() == pytest.approx(values[:, known].min())
            assert corners[:, 1].max() == pytest.approx(values[:, known].max())


def test_the_longest_name_fits(reports: list[TrainReport]):
    face = RunsFace()
    live = LiveFigure(face)
    face.show([told(reports, clip_eps=0.02, ent_coef=0.005, vf_coef=0.05, learning_rate=3e-4, epochs=8)])
    live.draw()
    assert face.names[0].get_window_extent().x1 <= live.size[0]


def test_a_reader_without_a_kernel_gets_the_same_text():
    data, _ = RunsLab()._repr_mimebundle_()
    assert data["text/plain"].startswith("Whole runs: win_rate")
    assert len(data["text/html"]) < 150_000
