"""Pictures of training: legends lie beside the curves, never on them, and what belongs together is aligned."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.lessons.coefficient_lab.atlas import AtlasFace
from ppo_lessons.lessons.coefficient_lab.moment import MomentFace
from ppo_lessons.lessons.team_training import figures as training_figures
from ppo_lessons.lessons.team_training.dashboard import DashboardFace
from ppo_lessons.shipped.ages import load_seed_curves
from tests.readable import faults

pytestmark = pytest.mark.slow


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that became pictures."""
    made: list[Figure] = []
    monkeypatch.setattr(training_figures, "Picture", lambda figure, text: made.append(figure))
    yield made


def legends_are_beside_the_curves(figure: Figure) -> None:
    FigureCanvasAgg(figure).draw()
    legends = [(axes, axes.get_legend()) for axes in figure.axes if axes.get_legend()]
    assert legends
    for axes, legend in legends:
        box, panel = legend.get_window_extent(), axes.get_window_extent()
        assert box.y0 > panel.y1 - 1 or box.x0 > panel.x1 - 1, axes.get_title("left")
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, "within the picture"
        assert not any(box.overlaps(other.get_window_extent()) for _, other in legends if other is not legend)


def test_legends_of_learning_curves(figures: list[Figure]):
    small = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=1)
    reports = list(train(TrainingRun("standard", small), 3))
    legends_are_beside_the_curves(training_figures.draw_curves(reports, 20))
    training_figures.show_certificate(reports, load_seed_curves(), ["gae"])
    legends_are_beside_the_curves(figures[0])


def test_curves_can_be_read_however_far_a_run_has_come():
    """Which cycle a picture shows depends on the machine's speed, and where the ticks lie depends on the cycle."""
    small = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=1)
    (report,) = train(TrainingRun("standard", small), 1)
    for cycles in range(40):
        reports = [replace(report, agent_steps=4096 * (cycle + 1)) for cycle in range(cycles)]
        assert not list(faults(training_figures.draw_curves(reports, 120))), cycles


def test_legends_of_living_figures():
    legends_are_beside_the_curves(DashboardFace(8192).figure)
    legends_are_beside_the_curves(MomentFace().figure)
    legends_are_beside_the_curves(AtlasFace().figure)


def test_curves_are_drawn_before_there_are_any(figures: list[Figure]):
    assert training_figures.show_curves([], 20) is None, "a stand-in for Picture"
    FigureCanvasAgg(figures[0]).draw()
