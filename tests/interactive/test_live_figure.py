"""A living figure shows what matplotlib's own full drawing shows, whatever was drawn before and whoever else draws."""

import io
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ppo_lessons.display.picture import BLUE, GREY, ORANGE, new_figure, plain
from ppo_lessons.interactive import live_figure
from ppo_lessons.interactive.live_figure import LiveFigure

STATES = (0.2, 0.5, 0.8)


def scene(layout: str | None) -> tuple[Figure, tuple[Artist, ...]]:
    """A panel with something that stands still and four artists that move, none below what stands still."""
    figure, axes = new_figure(4.0, 2.4, layout=layout)
    plain(axes, "a panel", "here", "there")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 0.8], [0.3, 0.9], color=GREY, linewidth=4)
    (line,) = axes.plot([], [], "o-", color=BLUE)
    (bar,) = axes.bar([0.9], [0.1], 0.05, bottom=0.1, color=ORANGE)
    said, title = axes.text(0.1, 0.1, ""), figure.text(0.6, 0.9, "", fontsize=9)
    return figure, (bar, line, said, title)


def move(moving: tuple[Artist, ...], at: float) -> None:
    bar, line, said, title = moving
    bar.set_height(at)
    line.set_data([0.1, at], [at, 0.5])
    said.set(position=(0.1, 0.9 * at), text=f"{at:.3f}")
    title.set_text(f"at {at:g}")


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def drawn_in_full(at: float, layout: str | None) -> np.ndarray:
    """What matplotlib draws of that state, with nothing blitted."""
    figure, moving = scene(layout)
    move(moving, at)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_it_shows_what_a_full_drawing_shows(layout: str | None):
    figure, moving = scene(layout)
    live = LiveFigure(SimpleNamespace(figure=figure, parts=moving))
    for at in (*STATES, STATES[0]):
        move(moving, at)
        np.testing.assert_array_equal(pixels(live.draw()), drawn_in_full(at, layout))
    assert live.size == (400, 240)
    assert pixels(live.draw()).shape == (240, 400, 3)


def test_the_same_state_gives_the_same_bytes():
    figure, moving = scene("constrained")
    live, seen = LiveFigure(SimpleNamespace(figure=figure, parts=moving)), []
    for at in (*STATES, *STATES):
        move(moving, at)
        seen.append(live.draw())
    assert seen[:3] == seen[3:]
    assert len(set(seen)) == 3


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_on_a_screen_of_two_pixels_it_is_as_large_and_as_sharp_as_drawn_in_full(layout: str | None):
    figure, moving = scene(layout)
    live = LiveFigure(SimpleNamespace(figure=figure, parts=moving))
    move(moving, STATES[0])
    draft = live.draw(1)
    for at in (STATES[1], STATES[0]):
        move(moving, at)
        sharp = pixels(live.draw(2))
    assert sharp.shape == (480, 800, 3)
    assert live.size == (400, 240)
    halved = sharp.reshape(240, 2, 400, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - pixels(draft)).mean() < 4, "the same picture"
    assert live.draw(1) == draft, "a draft after it is the draft before it"


def colours(png: bytes) -> np.ndarray:
    """RGB, also of a picture with a palette."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_what_is_stored_is_smaller_and_looks_the_same():
    figure, moving = scene(None)
    live = LiveFigure(SimpleNamespace(figure=figure, parts=moving))
    move(moving, 0.5)
    quick, small = live.draw(2), live.draw(2, small=True)
    assert len(small) < len(quick)
    assert np.abs(colours(small).astype(int) - colours(quick)).mean() < 0.5
    assert live.draw(2, small=True) == small


def test_figures_are_drawn_by_several_threads_at_once():
    made = [scene(None) for _ in STATES]
    lives = [LiveFigure(SimpleNamespace(figure=figure, parts=moving)) for figure, moving in made]
    wanted = [drawn_in_full(at, None) for at in STATES]
    together, right = threading.Barrier(len(STATES)), []

    def draw(live: LiveFigure, moving: tuple[Artist, ...], at: float, want: np.ndarray) -> None:
        together.wait(30)
        for shift in (0.05, 0, -0.05, 0) * 4:
            move(moving, at + shift)
            picture = live.draw()
            if shift == 0:
                right.append(np.array_equal(pixels(picture), want))

    parts = zip(lives, [moving for _, moving in made], STATES, wanted, strict=True)
    threads = [threading.Thread(target=draw, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * (8 * len(STATES))


def test_a_picture_is_finished_before_somebody_else_may_draw(monkeypatch: pytest.MonkeyPatch):
    figure, moving = scene(None)
    live = LiveFigure(SimpleNamespace(figure=figure, parts=moving))
    move(moving, 0.5)
    wanted = pixels(live.draw())

    class SomebodyWaits:
        """As soon as the lock is free, another drawing of the same figure begins."""

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            canvas, background = live._stages[1]
            canvas.restore_region(background)

    monkeypatch.setattr(live_figure, "DRAWING", SomebodyWaits())
    np.testing.assert_array_equal(pixels(live.draw()), wanted)
