"""The lesson's picture says how long each seed needed, the whole way counted."""

import io

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.lessons.tougher_enemies import figures
from ppo_lessons.lessons.tougher_enemies.figures import show_costs, steps_until
from ppo_lessons.shipped.ways import Stage, Walked

NONE = np.nan


def walk(*stages: tuple[tuple[str, ...], list[int], list[list[float]]]) -> Walked:
    """A way of which only the wins are known: for each stage its cases, its agent-steps, and the wins (S, P)."""
    return Walked(
        stages=tuple(Stage(cases, 1) for cases, _, _ in stages),
        agent_steps=tuple(np.array(steps) for _, steps, _ in stages),
        curves=tuple({"win_rate": np.array(wins, np.float32)} for _, _, wins in stages),
        win_rates=np.empty(0),
        behaviour={},
        actions=(),
    )


@pytest.fixture
def straight() -> Walked:
    """Four seeds: at once, later and only for a while, just so, and never."""
    wins = [[0.95, 0.2, 0.2], [NONE, 0.5, 0.92], [0.1, 0.9, 0.3], [NONE, 0.1, 0.89]]
    return walk((("fog",), [100_000, 200_000, 300_000], wins))


@pytest.fixture
def by_steps() -> Walked:
    """Whoever wins in standard has not yet won in the fog."""
    easy = ("standard",), [100_000, 200_000], [[0.95, 0.99]] * 3
    both = ("standard", "fog"), [300_000], [[0.97]] * 3
    return walk(easy, both, (("fog",), [400_000, 500_000], [[0.4, 0.91], [0.93, 0.95], [0.1, NONE]]))


def test_steps_until_by_hand(straight: Walked):
    steps = steps_until(straight, "fog", 0.9)
    np.testing.assert_array_equal(steps, [100_000, 300_000, 200_000, np.inf])
    np.testing.assert_array_equal(steps_until(straight, "fog"), steps)
    np.testing.assert_array_equal(steps_until(straight, "fog", 0.85), [100_000, 300_000, 200_000, 300_000])
    assert np.isinf(steps_until(straight, "fog", 0.96)).all(), "nobody"


def test_only_the_stage_of_this_case_alone_counts_from_the_beginning_on(by_steps: Walked):
    np.testing.assert_array_equal(steps_until(by_steps, "fog"), [500_000, 400_000, np.inf])
    np.testing.assert_array_equal(steps_until(by_steps, "standard"), [100_000] * 3)


def test_nothing_is_known_yet():
    assert np.isinf(steps_until(walk((("fog",), [100_000], [[NONE]])), "fog", 0.0001)).all()


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_costs_are_told_for_each_seed(straight: Walked, by_steps: Walked):
    picture = show_costs({"straight": straight, "by steps": by_steps}, "fog")
    assert picture.text == (
        "Million agent-steps until 90% of fog: straight: 0.1, 0.3, 0.2, not reached; by steps: 0.5, 0.4, not reached"
    )
    assert is_not_empty(picture)
    assert "until 85% of fog: straight: 0.1, 0.3, 0.2, 0.3" in show_costs({"straight": straight}, "fog", 0.85).text


def drawn(ways: dict[str, Walked], monkeypatch: pytest.MonkeyPatch):
    """The panel as it is drawn."""
    kept = []

    def keep(*sizes: float):
        kept.append(figures_new(*sizes))
        return kept[-1]

    figures_new = figures.new_figure
    monkeypatch.setattr(figures, "new_figure", keep)
    show_costs(ways, "fog")
    return kept[-1][1]


def test_a_dot_for_each_seed_a_ring_where_it_was_not_reached_and_a_bar_at_the_median(
    straight: Walked, by_steps: Walked, monkeypatch: pytest.MonkeyPatch
):
    never = walk((("fog",), [100_000], [[0.0], [0.1], [0.95]]))
    axes = drawn({"straight": straight, "by steps": by_steps, "never": never}, monkeypatch)
    dots = [line for line in axes.lines if line.get_markerfacecolor() == figures.BLUE]
    rings = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in dots] == [
        pytest.approx([0.1, 0.3, 0.2]),
        pytest.approx([0.5, 0.4]),
        pytest.approx([0.1]),
    ]
    assert [len(line.get_xdata()) for line in rings] == [1, 1, 2]
    for row, (dot, ring) in enumerate(zip(dots, rings, strict=True)):
        assert (ring.get_xdata() > 0.5).all(), "beyond the longest way"
        heights = [*dot.get_ydata(), *ring.get_ydata()]
        assert len(set(heights)) == len(heights) and np.round(heights).tolist() == [row] * len(heights)
    bars = [line for line in axes.lines if line.get_marker() == "None"]
    assert [bar.get_xdata()[0] for bar in bars] == pytest.approx([0.25, 0.5]), "none where most did not get there"
    assert [text.get_text() for text in axes.texts] == ["0.2", "0.5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["straight", "by steps", "never"]
