"""What makes a figure readable, measured: size of letters, room, contrast, and colours that everybody tells apart."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ppo_lessons.display import picture
from ppo_lessons.display.picture import DPI, WIDTHS

SMALLEST = 12
"""CSS pixels."""
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""
APART = 10
"""CIE 1976 difference between two colours that mean different things, and of their lightness in grey print."""
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB."""
TURN = np.array([[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]])
"""hue-rotate(180deg) of the filter effects that browsers know (W3C Filter Effects 1, 8.5)."""


def in_the_dark(colour: np.ndarray) -> np.ndarray:
    """What the browser makes of colours (..., 3) in a dark theme: invert(0.93) hue-rotate(180deg)."""
    return np.clip((0.93 - 0.86 * colour) @ TURN.T, 0, 1)


def linear(colour: np.ndarray) -> np.ndarray:
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def luminance(colour: np.ndarray) -> np.ndarray:
    return linear(np.asarray(colour)) @ [0.2126, 0.7152, 0.0722]


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    low, high = sorted((float(luminance(one)), float(luminance(other))))
    return (high + 0.05) / (low + 0.05)


def lab(linear_rgb: np.ndarray) -> np.ndarray:
    xyz = linear_rgb @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    f = np.cbrt(np.clip(xyz / [0.9505, 1, 1.089], 1e-6, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def mixed_up_by(one: str, other: str) -> list[str]:
    """Who cannot tell two colours apart."""
    pair = [linear(np.array(to_rgb(colour))) for colour in (one, other)]
    who = []
    for name, matrix in BLINDNESS.items():
        a, b = (lab(np.clip(np.array(matrix) @ colour, 0, 1)) for colour in pair)
        if np.linalg.norm(a - b) < APART:
            who.append(name)
    a, b = (lab(np.repeat(colour @ [0.2126, 0.7152, 0.0722], 3)) for colour in pair)
    return [*who, "grey print"] if abs(a[0] - b[0]) < APART else who


def faults(figure: Figure) -> list[str]:
    """Return what is hard to read in a figure as it would be drawn now; nothing is changed in it."""
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    behind = _drawn_without_letters(canvas)
    texts = [(text, text.get_window_extent(canvas.get_renderer())) for text in texts_of(figure)]
    found = []
    for text, box in texts:
        name = repr(text.get_text())
        size = text.get_fontsize() * DPI / 72
        if size < SMALLEST:
            found.append(f"{name} has {size:.1f} pixels")
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1:
            found.append(f"{name} is cut off by the edge")
    for (one, box), (other, second) in combinations(texts, 2):
        shared = Bbox.intersection(box, second)
        if shared is not None and shared.width > 1 and shared.height > 2:
            found.append(f"{one.get_text()!r} and {other.get_text()!r} overlap")
    return [*found, *_covered(figure), *_pale(figure, texts, behind), *_alike(figure)]


def _drawn_without_letters(canvas: FigureCanvasAgg) -> np.ndarray:
    """Draw the figure, and return what is behind its letters, RGB from 0 to 1, (height, width, 3)."""
    figure = canvas.figure
    while True:  # once more where ticks came in while it was drawn
        before = {text: text.get_alpha() for text in figure.findobj(Text)}
        for text in before:
            text.set_alpha(0)
        canvas.draw()
        for text, alpha in before.items():
            text.set_alpha(alpha)
        if before.keys() >= set(texts_of(figure)):
            return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def look_at_all() -> list[str]:
    """Look at every picture that is drawn from now on, at 580 CSS pixels, the width of an output in a window of 1024.

    Returns:
        What is hard to read in them; it grows as they are drawn.
    """
    found: list[str] = []
    draw = picture.draw_png

    def look(figure: Figure) -> bytes:
        title = next((axes.get_title("left") or axes.get_title() for axes in figure.axes), "")
        if figure.get_figwidth() * DPI > WIDTHS[2]:
            found.append(f"{title!r} is {figure.get_figwidth() * DPI:.0f} pixels wide")
        found.extend(f"{title!r}: {fault}" for fault in faults(figure))
        return draw(figure)

    picture.draw_png = look
    return found


def texts_of(figure: Figure) -> Iterator[Text]:
    """Yield every text that is drawn."""
    drawn = {label for axes in figure.axes for label in _tick_labels(axes)}
    ticks = {t for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for t in axis.findobj(Text)}
    labels = {axis.label for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)}
    for text in figure.findobj(Text):
        seen = text.get_visible() and text.get_text().strip() and _is_shown(text)
        if seen and (text not in ticks or text in drawn or text in labels):
            yield text


def _tick_labels(axes: Axes) -> Iterator[Text]:
    if axes.axison and axes.get_visible():
        for axis in (axes.xaxis, axes.yaxis):
            for tick in axis._update_ticks():  # those within the limits; there is no public way to ask
                yield from (label for label in (tick.label1, tick.label2) if label.get_visible())


def _is_shown(artist: Text) -> bool:
    """Whether everything that holds a text is shown too."""
    axes = getattr(artist, "axes", None)
    if axes is not None and not axes.get_visible():
        return False
    legend = axes and axes.get_legend()
    return not (legend and not legend.get_visible() and artist in legend.findobj(Text))


def _covered(figure: Figure) -> Iterator[str]:
    """Yield legends and texts on which data lie."""
    for axes in (axes for axes in figure.axes if axes.get_visible()):
        legends = [part for part in axes.get_children() if isinstance(part, Legend) and part.get_visible()]
        for legend in legends:
            box = legend.get_window_extent()
            for line in axes.lines:
                points = line.get_transform().transform(_along(line)) if line.get_visible() else np.empty((0, 2))
                within = axes.bbox.padded(1).contains
                if any(box.contains(x, y) and within(x, y) for x, y in points):
                    found = line.get_label() if not line.get_label().startswith("_") else line.get_color()
                    yield f"the legend of {axes.get_title('left')!r} lies on {found}"
            for bar in axes.patches:
                drawn = bar.get_visible() and bar.get_alpha() != 0 and bar.get_zorder() > 0
                shared = Bbox.intersection(box, bar.get_window_extent()) if drawn else None
                if shared is not None and shared.width > 1 and shared.height > 1:
                    yield f"the legend of {axes.get_title('left')!r} lies on a bar"


def _along(line: Line2D) -> np.ndarray:
    """Points on a line, close to each other where it is drawn through."""
    points = np.asarray(line.get_xydata(), float)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2 or line.get_linestyle() in ("None", "none", "") or len(points) > 500:
        return points
    shares = np.linspace(0, 1, 20)[:, None, None]
    return (points[:-1] * (1 - shares) + points[1:] * shares).reshape(-1, 2)


def _pale(figure: Figure, texts: list[tuple[Text, Bbox]], behind: np.ndarray) -> Iterator[str]:
    """Yield letters and lines that do not stand out from what is behind them, in light or in the dark."""
    for text, box in texts:
        rows, columns = (slice(max(0, int(a)), int(b) + 1) for a, b in _pixels_of(box, len(behind)))
        if not behind[rows, columns].size:
            continue
        ground = np.median(behind[rows, columns].reshape(-1, 3), axis=0)
        yield from _too_weak(repr(text.get_text()), to_rgba(text.get_color(), text.get_alpha()), ground, TEXT_CONTRAST)
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_visible() and len(line.get_xdata()) and line.get_linewidth() >= 1.2:
                ground = np.array(to_rgb(axes.get_facecolor()))
                name = f"a line of {axes.get_title('left')!r}"
                drawn = line.get_linestyle() not in ("None", "none", "")
                colour = line.get_color() if drawn else line.get_markeredgecolor()
                yield from _too_weak(name, to_rgba(colour, line.get_alpha()), ground, LINE_CONTRAST)


def _pixels_of(box: Bbox, height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    return (height - box.y1, height - box.y0), (box.x0, box.x1)


def _too_weak(name: str, rgba: tuple, ground: np.ndarray, least: float) -> Iterator[str]:
    colour = np.array(rgba[:3]) * rgba[3] + ground * (1 - rgba[3])
    if min(colour - ground, key=abs) == 0 == max(colour - ground, key=abs):
        return  # white on white is there to cover
    for theme, seen in (("light", lambda c: c), ("dark", in_the_dark)):
        ratio = contrast(seen(colour), seen(ground))
        if ratio < least:
            yield f"{name} has a contrast of {ratio:.1f} ({theme})"


def _alike(figure: Figure) -> Iterator[str]:
    """Yield what only a colour tells apart, and not for everybody."""
    for axes in figure.axes:
        looks = {}
        for line in axes.lines:
            if line.get_visible() and not line.get_label().startswith("_"):
                shape = (line.get_marker(), str(line.get_linestyle()), line.get_markerfacecolor() == "white")
                looks.setdefault(shape, {})[line.get_color()] = line.get_label()
        legend = axes.get_legend()
        for patch, text in zip(legend.legend_handles, legend.texts, strict=True) if legend else ():
            if isinstance(patch, Patch):
                looks.setdefault(("patch", patch.get_hatch()), {})[patch.get_facecolor()] = text.get_text()
        for same in looks.values():
            for (one, name), (other, second) in combinations(same.items(), 2):
                if who := mixed_up_by(one, other):
                    yield f"{name} and {second} are told apart by their colours alone, and not by {', '.join(who)}"
