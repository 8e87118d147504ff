"""What is copied instead of drawn: it lies where it should, and looks as if it had been drawn."""

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image

from ppo_lessons.display.picture import new_figure
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.interactive.pixels import Kept, Pixels


def drawn(live: LiveFigure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(live.draw())).convert("RGB"))


def test_pixels_are_copied_unchanged_and_the_right_way_up():
    figure, axes = new_figure(2, 1, layout=None)
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, 200), ylim=(100, 0))
    axes.set_axis_off()
    pixels = axes.add_artist(Pixels(20, 70))
    live = LiveFigure(SimpleNamespace(figure=figure, pixels=pixels))
    picture = np.random.default_rng(0).integers(0, 256, (30, 50, 3)).astype(np.uint8)
    pixels.set_data(picture)
    np.testing.assert_array_equal(drawn(live)[40:70, 20:70], picture)
    assert (drawn(live)[:40] == 255).all() and (drawn(live)[70:] == 255).all()
    doubled = np.asarray(Image.open(io.BytesIO(live.draw(2))).convert("RGB"))
    np.testing.assert_array_equal(doubled[80:140, 40:140], picture.repeat(2, axis=0).repeat(2, axis=1))
    pixels.set_visible(False)
    assert (drawn(live) == 255).all()


def test_kept_artists_are_drawn_once_for_each_thing_they_show():
    figure, axes = new_figure(2, 1, layout=None)
    axes.set_position((0.2, 0.2, 0.6, 0.6))
    axes.set_axis_off()
    text = axes.text(0.5, 0.5, "", ha="center")
    kept = Kept(axes, (text,))
    live = LiveFigure(SimpleNamespace(figure=figure, text=text, kept=kept))

    def show(word: str, key: str) -> bytes:
        text.set_text(word)
        kept.show(key)
        return drawn(live).tobytes()

    empty, one, two = show("", ""), show("one", "1"), show("two", "2")
    assert len({empty, one, two}) == 3
    assert show("two", "1") == one, "copied, not drawn"
    assert (show("", ""), show("one", "1"), show("two", "2")) == (empty, one, two)
