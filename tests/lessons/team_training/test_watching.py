"""Training can be watched, stopped and taken up again."""

from collections.abc import Iterator

import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import Picture
from ppo_lessons.lessons.team_training import watching
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.training import TrainingRun, TrainReport, train

pytestmark = pytest.mark.slow

SMALL = PPOConfig(num_envs=16, num_steps=8, minibatch_size=128, seed=1)


class Panel:
    """Stands in for what IPython's display returns."""

    def __init__(self) -> None:
        self.updates: list[Picture] = []

    def update(self, picture: Picture) -> None:
        self.updates.append(picture)


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    panel = Panel()
    monkeypatch.setattr(watching, "display", lambda picture, display_id: panel)
    return panel


def test_watch_training_collects_reports_and_draws_the_end(panel: Panel):
    run = TrainingRun("standard", SMALL)
    reports = watching.watch_training(run, 3)
    assert [report.cycle for report in reports] == [1, 2, 3]
    again = watching.watch_training(run, 2, reports=reports)
    assert again is reports and [report.cycle for report in reports] == [1, 2, 3, 4, 5]
    assert len(panel.updates) >= 2
    assert len({picture.text for picture in panel.updates}) == 1, (
        "nbval compares the words of the first drawing with the last"
    )


def test_stopping_keeps_the_team_and_the_reports(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(run: TrainingRun, cycles: int, steps: object) -> Iterator[TrainReport]:
        yield from train(run, 2)
        raise KeyboardInterrupt

    run = TrainingRun("standard", SMALL)
    monkeypatch.setattr(watching, "train", interrupted)
    reports = watching.watch_training(run, 50)
    assert len(reports) == 2 and "Stopped in cycle 3" in capsys.readouterr().out
    monkeypatch.setattr(watching, "train", train)
    assert len(watching.watch_training(run, 1, reports=reports)) == 3


def test_training_ends_when_the_share_is_won():
    world = TrainingRun("stray", PPOConfig(num_envs=64, num_steps=16, seed=0), policy=load_age("mastery"))
    reports = list(train(world, 20))
    assert watching.is_won(reports, 0.5, cases=50)
    assert not watching.is_won(reports, 1.01, cases=50)
    assert not watching.is_won(reports[:1], 0.0, cases=10**6)
