"""What matplotlib draws slowly, copied instead: pixels without resampling, and texts that come back."""

from collections.abc import Hashable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

from ppo_lessons.display.picture import DPI


class Pixels(Artist):
    """An array of pixels that is copied into the figure; to be added to axes with `add_artist`.

    Args:
        x: Of its lower left corner, in the data coordinates of the axes.
        y: Of the same corner.
    """

    def __init__(self, x: float, y: float) -> None:
        super().__init__()
        self._corner = x, y
        self.set_data(np.zeros((1, 1, 3), np.uint8))

    def set_data(self, picture: np.ndarray) -> None:
        """Show another picture.

        Args:
            picture: RGB, uint8, (height, width, 3); each is a CSS pixel.
        """
        opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
        self._rgba = np.concatenate((picture[::-1], opaque), axis=2)  # Agg wants the lowest row first
        self.stale = True

    def draw(self, renderer: RendererBase) -> None:
        """Copy the pixels to where the corner is."""
        if not self.get_visible():
            return
        x, y = self.axes.transData.transform(self._corner).round()
        density, context = round(self.axes.figure.dpi / DPI), renderer.new_gc()
        renderer.draw_image(context, x, y, self._rgba.repeat(density, axis=0).repeat(density, axis=1))
        context.restore()
        self.stale = False


class Kept(Artist):
    """Artists within one panel that are drawn once for each thing that they `show`, and copied when it comes back.

    Nothing that moves may lie below them.

    Args:
        axes: The panel; what it covers is copied.
        artists: In drawing order.
    """

    def __init__(self, axes: Axes, artists: Sequence[Artist]) -> None:
        super().__init__()
        self.artists = tuple(artists)
        self._shown: Hashable = None
        for artist in self.artists:
            artist.set_animated(True)
        axes.add_artist(self)
        self._kept: dict[tuple[Hashable, float], object] = {}

    def show(self, what: Hashable) -> None:
        """Say what the artists show now: a name for how they look."""
        self._shown, self.stale = what, True

    def draw(self, renderer: RendererBase) -> None:
        """Draw the artists, or copy what was drawn before."""
        shown = self._shown, self.axes.figure.dpi
        if shown not in self._kept:
            for artist in self.artists:
                artist.draw(renderer)
            self._kept[shown] = renderer.copy_from_bbox(self.axes.bbox)
        renderer.restore_region(self._kept[shown])
        self.stale = False
