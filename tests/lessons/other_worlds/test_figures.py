"""The lesson's pictures say what their data say."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from ppo_lessons.lessons.other_worlds import figures
from ppo_lessons.lessons.other_worlds.figures import show_decisions, show_learning, show_walks


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """Figures and their panels, as they were made."""
    kept, new_figure = [], figures.new_figure

    def keep(*sizes: float, **options: object):
        kept.append(new_figure(*sizes, **options))
        return kept[-1]

    monkeypatch.setattr(figures, "new_figure", keep)
    return kept


# ---- who decided when


def test_decisions_are_told_and_drawn(drawn: list):
    acting = np.ones((6, 3), bool)
    acting[2:4, 1] = acting[3, 2] = False
    over = np.array([False, False, False, True, False, True])
    picture = show_decisions(acting, over)
    assert picture.text == "6 steps of 3 agents in one copy: 18 places, 15 decisions, 2 episodes ended"
    assert is_not_empty(picture)
    _, axes = drawn[-1]
    image = np.asarray(axes.images[0].get_array(), float)
    np.testing.assert_array_equal(image, acting.T, "a row for each agent, a column for each step")
    rows, columns = axes.images[0].get_extent()[2:], axes.images[0].get_extent()[:2]
    assert sorted(rows) == [-0.5, 2.5] and list(columns) == [-0.5, 5.5] and axes.yaxis_inverted()
    assert [list(line.get_xdata()) for line in axes.lines] == [[3.5, 3.5], [5.5, 5.5]], "after the step"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1", "2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "agent")


def test_the_legend_of_decisions_shows_the_colours_that_are_drawn(drawn: list):
    show_decisions(np.array([[True, False]]), np.array([False]))
    figure, axes = drawn[-1]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["a decision: a row", "fallen: no row", "an episode ends"]
    image = axes.images[0]
    acts, fell = (image.to_rgba(np.array([[value]]))[0, 0, :3] for value in (1.0, 0.0))
    named = [to_rgb(patch.get_facecolor()) for patch in legend.get_patches()]
    np.testing.assert_allclose(named, [acts, fell], atol=0.04)


@pytest.mark.parametrize(("acts", "decisions"), [(True, 8), (False, 0)])
def test_everybody_or_nobody_decides(drawn: list, acts: bool, decisions: int):
    picture = show_decisions(np.full((4, 2), acts), np.zeros(4, bool))
    assert picture.text == f"4 steps of 2 agents in one copy: 8 places, {decisions} decisions, 0 episodes ended"
    assert not drawn[-1][1].lines
    assert drawn[-1][1].images[0].get_clim() == (0, 1.5), "the same colours, whoever acts"


# ---- where they go


PLACES = np.array([[1, 1, 1], [0, 1, 2], [0, 2, 3], [0, 2, 4]])
LANTERNS = np.array([0, 2, 4])


@pytest.mark.parametrize(
    ("after_each_step", "shine", "said"),
    [
        ([[0, 1, 2], [0, 2, 3], [0, 2, 4]], "78%", "most"),
        ([[1, 1, 1], [3, 3, 3]], "0%", "few"),
        ([[0, 0, 0], [2, 2, 2], [0, 2, 4]], "56%", "some"),
        ([[0, 0, 0], [4, 0, 4], [2, 2, 2]], "44%", "few"),
        ([[4, 2, 0]], "100%", "most"),
    ],
)
def test_walks_are_told_by_what_shines_after_each_step(drawn: list, after_each_step: list, shine: str, said: str):
    """Two beneath one lantern make one that shines; the beginning, here all three of them, does not count."""
    places = np.array([[0, 2, 4], *after_each_step])
    picture = show_walks({"a walk": (places, LANTERNS)}, cells=5)
    assert picture.text == f"Where the agents go in the corridor, step by step. a walk: {said} of the lanterns shine"
    assert drawn[-1][1][0, 0].get_title("left") == f"a walk: {shine} shine"
    assert is_not_empty(picture)


def test_two_walks_are_told_one_after_the_other():
    standing = np.ones((3, 3), int)
    picture = show_walks({"one": (PLACES, LANTERNS), "other": (standing, np.array([1, 2, 3]))}, cells=5)
    assert picture.text.endswith("step by step. one: most of the lanterns shine; other: few of the lanterns shine")


def test_walks_as_they_are_drawn(drawn: list):
    show_walks({"one": (PLACES, LANTERNS), "other": (PLACES[:3, :2] + 1, LANTERNS[1:])}, cells=6)
    first, second = drawn[-1][1][0]
    assert (first.get_title("left"), second.get_title("left")) == ("one: 78% shine", "other: 25% shine")
    for axes, places, lanterns in ((first, PLACES, LANTERNS), (second, PLACES[:3, :2] + 1, LANTERNS[1:])):
        assert len(axes.lines) == places.shape[1]
        for a, line in enumerate(axes.lines):
            np.testing.assert_array_equal(line.get_ydata(), range(len(places)))
            np.testing.assert_array_equal(np.round(line.get_xdata()), places[:, a])
        spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
        np.testing.assert_allclose(spans, [(lantern - 0.42, lantern + 0.42) for lantern in lanterns])
        assert axes.get_xticks().tolist() == [0, 1, 2, 3, 4, 5] and axes.get_xlim() == (-0.5, 5.5)
    assert first.get_ylim() == second.get_ylim() and first.yaxis_inverted(), "time goes down"
    assert max(first.get_ylim()) >= 3.5, "the longer walk has room"
    assert (first.get_ylabel(), second.get_ylabel()) == ("step", "")


def test_agents_in_one_cell_can_be_told_apart(drawn: list):
    show_walks({"x": (np.full((4, 3), 2), LANTERNS)}, cells=5)
    lines = drawn[-1][1][0, 0].lines
    beside = [float(line.get_xdata()[0]) for line in lines]
    assert np.diff(beside).min() > 0.1 and np.mean(beside) == pytest.approx(2) and max(beside) < 2.42
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines]
    assert all(len(set(each)) == 3 for each in zip(*looks, strict=True)), "by any of the three alone"


# ---- how others learned


@pytest.fixture
def worlds() -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    steps = np.array([1000, 2000, 4000])
    return {
        "a pole": (steps, np.array([[20.0, 100.0, 400.0], [30.0, 300.0, 500.0], [10.0, 200.0, 480.0]]), 22.34),
        "knights": (steps * 10, np.array([[-3.0, -1.0, 2.0], [-2.0, 1.0, 1.5]]), -4.0),
    }


def test_learning_is_told_by_chance_and_by_the_mean_of_the_ends(worlds: dict):
    picture = show_learning(worlds)
    assert picture.text == (
        "Mean return of an episode. a pole: by chance 22.3, at the end 460.0; knights: by chance -4.0, at the end 1.8"
    )
    assert is_not_empty(picture)


def test_learning_as_it_is_drawn(drawn: list, worlds: dict):
    show_learning(worlds)
    panels = drawn[-1][1][0]
    thousand = {"a pole": [1, 2, 4], "knights": [10, 20, 40]}
    means = {"a pole": [20, 200, 460], "knights": [-2.5, 0, 1.75]}
    for axes, (name, (_, returns, chance)) in zip(panels, worlds.items(), strict=True):
        mean, by_chance = axes.lines
        assert axes.get_title("left") == name
        np.testing.assert_allclose(mean.get_xydata(), np.stack([thousand[name], means[name]], axis=1))
        assert list(by_chance.get_ydata()) == [chance, chance] and by_chance.get_linestyle() == ":"
        (band,) = axes.collections
        corners = band.get_paths()[0].vertices
        for at, x in enumerate(thousand[name]):
            there = corners[corners[:, 0] == x, 1]
            assert (there.min(), there.max()) == pytest.approx((returns[:, at].min(), returns[:, at].max()))
        assert axes.get_xlim() == (0, thousand[name][-1])
        low, high = axes.get_ylim()
        assert low < min(chance, returns.min()) and returns.max() < high
    assert [axes.get_ylabel() for axes in panels] == ["return of an episode", ""]
    assert [axes.get_xlabel() for axes in panels] == ["", "thousand agent-steps"]


@pytest.mark.parametrize("number", [1, 3])
def test_one_panel_says_what_the_steps_are(drawn: list, worlds: dict, number: int):
    pole = worlds["a pole"]
    show_learning({f"world {i}": pole for i in range(number)})
    labels = [axes.get_xlabel() for axes in drawn[-1][1][0]]
    assert [i for i, label in enumerate(labels) if label] == [number // 2]
