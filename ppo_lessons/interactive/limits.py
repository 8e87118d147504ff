"""Axis limits at which every setting of the knobs still fits: the pure function is asked for its extremes, once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from ppo_lessons.interactive.controls import Knob, Toggle

MARGIN, WITH_TEXTS = 0.05, 0.12
"""Room beside what lies farthest out, as a share of the whole; and in a panel with texts beside points and bars."""

MOST = 81
"""Settings that are asked; at a few milliseconds each, nobody waits."""


class Limits(NamedTuple):
    """Of one panel; None where the face has set them itself."""

    x: tuple[float, float] | None
    y: tuple[float, float] | None


def find_limits(
    figure: Figure, show: Callable[[Any], Any], compute: Callable[..., Any], knobs: Sequence[Knob]
) -> dict[str, Limits]:
    """Return the limits of every panel whose face has set none, such that all probed settings lie within.

    A panel that holds an image has its limits by it.

    Args:
        figure: Of a face; what it shows is changed.
        show: Puts what `compute` returns into the figure.
        compute: A pure function of the knobs' values. A setting that it refuses is left out.
        knobs: Asked at their ends and middles.

    Returns:
        Name of a panel -> its limits.

    Raises:
        ValueError: If there are so many settings to be asked that everybody would wait.
    """
    free = [
        (panel.get_autoscalex_on() and not panel.images, panel.get_autoscaley_on() and not panel.images)
        for panel in figure.axes
    ]
    if not any(map(any, free)):
        return {_name(panel): Limits(None, None) for panel in figure.axes}
    asked = list(probes(knobs))
    if len(asked) > MOST:
        raise ValueError(f"With more than {MOST} settings to be asked a face sets its limits itself. Got {len(asked)}")
    points = [(np.empty((0, 2)),) for _ in free]
    for settings in asked:
        with suppress(Exception):  # the panel says it, when somebody moves the knobs there
            show(compute(**settings))
        points = [(*kept, *_points(panel)) for kept, panel in zip(points, figure.axes, strict=True)]
    found = {}
    for panel, ways, parts in zip(figure.axes, free, points, strict=True):
        every = np.concatenate(parts).T
        rooms = MARGIN, WITH_TEXTS if any(_in_data(text, panel)[1] for text in panel.texts) else MARGIN
        pairs = zip(ways, every, (panel.xaxis, panel.yaxis), rooms, strict=True)
        ends = (_around(values, axis, room) if way else None for way, values, axis, room in pairs)
        found[_name(panel)] = Limits(*ends)
    return found


def _name(panel: Axes) -> str:
    """A panel keeps its name wherever it stands; without one it is known by its place."""
    return panel.get_label() or str(panel.figure.axes.index(panel))


def set_limits(figure: Figure, limits: Mapping[str, Limits]) -> None:
    """Give the panels of a figure the limits that `find_limits` found."""
    for panel in figure.axes:
        x, y = limits[_name(panel)]
        panel.set(**{name: pair for name, pair in (("xlim", x), ("ylim", y)) if pair is not None})


def probes(knobs: Sequence[Knob]) -> Iterator[dict[str, Any]]:
    """Yield the settings that are asked: every knob at its ends and its middle, in all combinations."""
    all_values = [(False, True) if isinstance(knob, Toggle) else knob.values for knob in knobs]
    asked = [dict.fromkeys((values[0], values[len(values) // 2], values[-1])) for values in all_values]
    for setting in product(*asked):
        yield {knob.name: value for knob, value in zip(knobs, setting, strict=True)}


def _points(panel: Axes) -> Iterator[np.ndarray]:
    """Yield the corners of everything in a panel, (n, 2); NaN in a direction that is not measured in data."""
    for artist in (*panel.lines, *panel.patches, *panel.collections, *panel.texts):
        if not artist.get_visible():
            continue
        in_data = _in_data(artist, panel)
        if any(in_data):
            corners = np.asarray(_corners(artist, panel), float)
            yield np.where(in_data, np.where(np.isfinite(corners), corners, np.nan), np.nan)


def _in_data(artist: Artist, panel: Axes) -> tuple[bool, bool]:
    """Whether x and y of an artist are measured in the data of its panel."""
    return artist.get_transform().contains_branch_seperately(panel.transData)


def _corners(artist: Artist, panel: Axes) -> Any:
    if isinstance(artist, Line2D):
        return np.reshape(artist.get_xydata(), (-1, 2))
    if isinstance(artist, Patch):
        return artist.get_path().transformed(artist.get_patch_transform()).vertices
    if isinstance(artist, Collection):
        return artist.get_datalim(panel.transData).get_points()
    return [artist.get_position()] if isinstance(artist, Text) and artist.get_text() else np.empty((0, 2))


def _around(values: np.ndarray, axis: Any, share: float) -> tuple[float, float] | None:
    """Return limits around some values, with a margin on the axis' own scale; 0 is an end without one."""
    values = values[np.isfinite(values)]
    if axis.get_scale() == "log":
        values = values[values > 0]
    if not len(values) or values.min() == values.max():
        return None
    ends = values.min(), values.max()
    low, high = axis.get_transform().transform(np.array(ends))
    room = share * (high - low)
    wide = axis.get_transform().inverted().transform(np.array([low - room, high + room]))
    low, high = (float(end if end == 0 else wider) for end, wider in zip(ends, wide, strict=True))
    return low, high
