"""The lesson's explorer: a badge alone says the place of a row; its row in `get()` depends on who fell before it."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Patch, Rectangle
from matplotlib.patheffects import withStroke

from ppo_lessons.buffer import SharedBuffer, Transition, badges_of, flatten_rows
from ppo_lessons.display.picture import BLUE, DARK, DPI, GREY, ORANGE, SMALL, SOFT_BLUE, TITLE, plain
from ppo_lessons.errors import NotReadyError
from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.pixels import Kept, Pixels
from ppo_lessons.lessons.shared_buffer.figures import FALLEN
from ppo_lessons.lessons.shared_buffer.grid import (
    ACTING,
    CELL,
    EMPTY,
    FALLEN_WAITING,
    FULL,
    OUTSIDE,
    SHAPE,
    A,
    E,
    T,
    draw_grid,
)
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES, CONFIG

CLEARED = T + 1
"""The moment after the buffer was filled, read and cleared."""
AROUND = 4
"""So many neighbours are listed on either side of the followed row."""


class Neighbour(NamedTuple):
    """One line of the list around the followed row."""

    number: int
    """Its place, or its row."""
    badge: tuple[int, int, int] | None
    holds: int
    """EMPTY, ACTING, FALLEN_WAITING or OUTSIDE."""


class Filling(NamedTuple):
    """A buffer at one moment, and the badge that is followed."""

    moment: int
    """0 to T: so many steps were added; T + 1: it was cleared afterwards."""
    step: int
    """Steps in the buffer."""
    is_full: bool
    grid: np.ndarray
    """What each place holds, int, (T, E, A)."""
    living: int
    """Rows of living agents so far."""
    name: str
    badge: tuple[int, int, int]
    """Step t, copy e, agent a."""
    place: int
    """In the order t, e, a, fallen agents included."""
    row: int | None
    """Among the rows of living agents; None as long as its step is not stored."""
    living_only: bool
    """Whether the list is of rows of living agents, else of all places."""
    around: list[Neighbour]
    """2 x AROUND + 1 lines; the one in the middle is followed."""
    refusal: str
    """What `get` says when it is asked too early; empty if it gives the rows."""


@lru_cache(maxsize=CLEARED + 1)
def buffer_at(moment: int) -> SharedBuffer:
    """Fill a fresh buffer with the recorded steps, as `collect` did; not to be changed.

    Args:
        moment: How many steps to add, 0 to T; finished when it is full; T + 1: cleared after that.

    Returns:
        The buffer.
    """
    data, last_values = recording().buffer.data, recording().last_values
    buffer = SharedBuffer(*SHAPE, data.obs.shape[-1])
    for t in range(min(moment, T)):
        buffer.add(Transition(*(field[t] for field in data)))
    if buffer.is_full:
        buffer.finish(last_values, CONFIG.gamma, CONFIG.gae_lambda, team_credit=CONFIG.team_credit)
    if moment == CLEARED:
        buffer.clear()
    return buffer


def fill_buffer(moment: int, follow: str, living_only: bool) -> Filling:
    """Look into the buffer at one moment, and follow a badge.

    Args:
        moment: 0 to T: so many steps were added; T + 1: it was cleared afterwards.
        follow: A name out of `BADGES`.
        living_only: True: list the rows of living agents. False: all places.

    Returns:
        What is where.
    """
    buffer, badge = buffer_at(moment), BADGES[follow]
    acting = buffer.data.acting[: buffer.step]  # (step, E, A)
    living = int(acting.sum())
    grid = np.full(SHAPE, EMPTY)
    grid[: buffer.step] = np.where(acting.numpy(), ACTING, FALLEN_WAITING)
    places = torch.arange(T * E * A).view(SHAPE)
    place, stored = int(places[badge]), badge[0] < buffer.step
    row = int((flatten_rows(places[: buffer.step], acting) < place).sum()) if stored else None
    try:
        buffer.get()
        refusal = ""
    except NotReadyError as error:
        refusal = str(error)
    around: list[Neighbour] = []
    if not living_only:
        badges = badges_of(torch.ones(SHAPE, dtype=torch.bool))  # (T * E * A, 3)
        around = list_around(place, badges, grid.ravel())
    elif row is not None:
        around = list_around(row, badges_of(acting), np.full(living, ACTING))
    kept = (buffer.step, buffer.is_full, grid, living)
    return Filling(moment, *kept, follow, badge, place, row, living_only, around, refusal)


def list_around(middle: int, badges: torch.Tensor, holds: np.ndarray) -> list[Neighbour]:
    """Return the lines around one row.

    Args:
        middle: Its number.
        badges: Of all rows, (B, 3).
        holds: What each holds, (B,).

    Returns:
        2 x AROUND + 1 lines; those before the first row and after the last one are OUTSIDE.
    """
    inside = range(len(badges))
    return [
        Neighbour(i, *((tuple(badges[i].tolist()), int(holds[i])) if i in inside else (None, OUTSIDE)))
        for i in range(middle - AROUND, middle + AROUND + 1)
    ]


class Stage(NamedTuple):
    """How the figure is laid out, in CSS pixels."""

    size: tuple[int, int]
    cell: int
    """Width and height of a place."""
    floor: int
    """Below the grid."""
    lines: tuple[int, int, int, int]
    """Left, bottom, width and height of the list."""


STAGES = {
    1: Stage((360, 476), 4, 322, (42, 36, 300, 171)),
    2: Stage((580, 550), CELL, 300, (150, 36, 300, 171)),
    3: Stage((840, 330), CELL, 80, (600, 80, 230, T * CELL)),
}
"""Panels side by side -> layout."""


class BufferFace:
    """Left all places, a line for each step, as text is read; right the lines around the followed row."""

    def __init__(self, columns: int = 2) -> None:
        stage = STAGES[columns]
        self.cell, (width, height) = stage.cell, stage.size
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        share = np.array((width, height, width, height))
        grid = self.figure.add_axes(np.array((42, stage.floor, E * A * stage.cell, T * stage.cell)) / share)
        lines = self.figure.add_axes(np.array(stage.lines) / share)
        self._make_grid(grid)
        self._make_list(lines)
        self._make_arrow(grid, lines)

    def _make_grid(self, axes: Axes) -> None:
        plain(axes, "", "copy e, in each the agents a = 0, 1, 2, 3", "step t")
        axes.set(xlim=(0, E * A), ylim=(T, 0), yticks=np.arange(0, T, 8) + 0.5)
        axes.set_yticklabels(range(0, T, 8))
        every = 1 if self.cell == CELL else 3
        axes.set_xticks(np.arange(0, E, every) * A + A / 2, range(0, E, every))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        self.pixels = axes.add_artist(Pixels(0, T))
        self.title = axes.set_title("", fontsize=TITLE, loc="left", color=DARK)
        look = dict(fill=False, edgecolor=DARK, linewidth=1.6, linestyle=(0, (3, 1.5)), clip_on=False)
        self.next = axes.add_patch(Rectangle((0, 0), E * A, 1, **look))
        self.next_label = axes.text(E * A + 0.6, 0, "", fontsize=SMALL, va="center")
        box = dict(facecolor="white", edgecolor="none", pad=4)
        self.word = axes.text(E * A / 2, 0.78 * T, "", fontsize=TITLE, ha="center", va="center", bbox=box)
        self.frame = axes.add_patch(Rectangle((0, 0), 1.3, 1.3, edgecolor=DARK, linewidth=1.8, clip_on=False))
        self.frame.set_path_effects([withStroke(linewidth=4, foreground="white")])
        handles = [Patch(facecolor=FULL, edgecolor=FULL, label="acting"),
                   Patch(facecolor=FALLEN, edgecolor=GREY, hatch="xxx", label="fallen"),
                   Patch(facecolor="white", edgecolor=GREY, label="empty"),
                   Patch(facecolor=ORANGE, edgecolor=DARK, label="followed")]  # fmt: skip
        where = dict(loc="upper left", bbox_to_anchor=(-0.02, -38 / (T * self.cell)), columnspacing=1)
        axes.legend(handles=handles, fontsize=SMALL, frameon=False, ncols=4 if self.cell == CELL else 2, **where)

    def _make_list(self, axes: Axes) -> None:
        count = 2 * AROUND + 1
        axes.set(xlim=(0, 1), ylim=(count - 0.5, -0.5))
        axes.set_axis_off()
        self.list_title = axes.set_title("", fontsize=TITLE, loc="left", color=DARK)
        self.boxes = [axes.add_patch(Rectangle((0.02, i - 0.42), 0.96, 0.84, linewidth=0.8)) for i in range(count)]
        look = dict(fontsize=SMALL, va="center", family="DejaVu Sans Mono")
        self.texts = [axes.text(0.06, i, "", **look) for i in range(count)]
        self.silence = axes.text(0.5, AROUND, "", fontsize=SMALL, ha="center", va="center")
        self.says = axes.text(0.02, count - 0.2, "", fontsize=SMALL, va="top")
        self.list = Kept(axes, (*self.boxes, *self.texts, self.silence))

    def _make_arrow(self, grid: Axes, lines: Axes) -> None:
        look = dict(arrowstyle="-|>", mutation_scale=12, color=DARK, linewidth=1.3, shrinkA=6, shrinkB=0)
        self.arrow = ConnectionPatch((0, 0), (0.02, AROUND), "data", "data", axesA=grid, axesB=lines, **look)
        self.arrow.set_path_effects([withStroke(linewidth=3.5, foreground="white")])
        self.figure.add_artist(self.arrow)

    def show(self, result: Filling) -> str:
        """Put everything where the buffer says."""
        self._show_grid(result)
        self._show_list(result)
        cleared = "cleared: " if result.moment == CLEARED else ""
        row = "not known yet" if result.row is None else f"{result.row} ({result.place - result.row} fallen before it)"
        where = f"place {result.place}" + f", row {row}" * result.living_only
        given = f"get() refuses: {result.refusal}" if result.refusal else f"get() gives {result.living} rows"
        return (
            f"{cleared}{result.step} steps stored, {result.step * E * A} of {T * E * A} places, {result.living} of "
            f'them real decisions, is_full {result.is_full}; "{result.name}" {result.badge}: {where}; {given}'
        )

    def _show_grid(self, result: Filling) -> None:
        t, e, a = result.badge
        stored, column = t < result.step, e * A + a
        self.pixels.set_data(draw_grid(result.grid, result.living_only, self.cell))
        self.next.set(y=result.step, visible=not result.is_full)
        self.next_label.set(
            y=result.step + 0.5, text="" if result.is_full else "◂ next" if self.cell < CELL else "◂ next add"
        )
        self.frame.set(xy=(column - 0.15, t - 0.15), facecolor=ORANGE if stored else "white")
        self.frame.set_linestyle("-" if stored else (0, (1.5, 1)))
        self.arrow.xy1 = column + 0.5, t + 0.5
        self.arrow.set(visible=bool(result.around), linestyle="-" if stored else (0, (4, 3)))
        state = "full" if result.is_full else "not full yet" if result.step else "empty"
        self.title.set_text(f"the buffer: {result.step} of {T} steps, {state}")
        words = {0: "nothing stored yet", CLEARED: "cleared (node P): nothing can be read any more"}
        word = words.get(result.moment, "")
        self.word.set(text=word if self.cell == CELL else word.replace(": ", ":\n"), visible=result.moment in words)

    def _show_list(self, result: Filling) -> None:
        (t, e, a), place = result.badge, result.place
        title = f"place ({t} x {E} + {e}) x {A} + {a} = {place}"
        if result.living_only:
            gone, row = ("?", "?") if result.row is None else (place - result.row, result.row)
            title = f"row {place} - {gone} fallen = {row}"
        self.list_title.set_text(title)
        self.list.show(tuple(result.around))
        lines = result.around or [Neighbour(0, None, OUTSIDE)] * len(self.boxes)
        looks = (("white", GREY, ""), (SOFT_BLUE, BLUE, ""), (FALLEN, GREY, "  fallen"), ("white", "white", ""))
        for i, (line, box, text) in enumerate(zip(lines, self.boxes, self.texts, strict=True)):
            face, edge, remark = looks[line.holds]
            followed = i == AROUND and line.holds == ACTING
            middle = i == AROUND and bool(result.around)
            box.set(facecolor=ORANGE if followed else face, edgecolor=DARK if middle else edge)
            text.set_text(f"{line.number:4}  {line.badge}{remark}" if line.holds != OUTSIDE else "")
            text.set(color="white" if followed else DARK, fontweight="bold" if middle else "normal")
        unknown = "its row is not known yet:\nit depends on who has fallen\nbefore it"
        self.silence.set_text("" if result.around else unknown)
        self.says.set_text("get() refuses" if result.refusal else f"get() gives {result.living} rows")


def explore() -> Explorer:
    """Fill the shared buffer step by step, and follow a badge into it and out again."""
    moments = tuple(range(CLEARED + 1))
    knobs = (
        Slider("moment", "steps stored", moments, 10, lambda m: "cleared" if m == CLEARED else str(m), play=300),
        Choice("follow", "follow", tuple(BADGES), "falls"),
        Toggle("living_only", "rows of living agents only"),
    )
    text = "Explorer: the shared buffer of the recording fills step by step; a badge followed to its place and its row"
    return Explorer("Shared buffer", text, fill_buffer, BufferFace, knobs)
