"""The lesson's explorer: a row is one detective's draw out of five probabilities; a fallen one draws nothing."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from ppo_lessons.actor_critic import log_probabilities
from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    SOFT_ORANGE,
    TITLE,
    legend_above,
    plain,
    signed,
)
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.marks import segments
from ppo_lessons.interactive.pixels import Pixels
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES
from ppo_lessons.spirit_world.board import CELL, draw_board
from ppo_lessons.spirit_world.cases import get_case
from ppo_lessons.spirit_world.rules import ACTION_NAMES, MOVES, Events, advance

CASE = get_case("standard")
"""Of the recording."""
BOARD_HEIGHT = CASE.size + 2
"""With the lines below it, in cells of `CELL` pixels."""
LOW, HIGH = -2.6, 5.4
"""Of the axis of values and rewards."""
ENDS_AT_MOST = 3
"""Cases of one copy that can end within the recording."""


class Moment(NamedTuple):
    """One detective in one step of one copy, and the rest of its rollout: T steps, A detectives, N actions."""

    badge: tuple[int, int, int]
    """Step t, copy of the world e, agent a."""
    board: np.ndarray
    """Before the step, RGB, uint8, (height, width, 3); not to be changed."""
    cell: tuple[int, int]
    """Row and column of the detective."""
    acting: bool
    """False: it has fallen and waits, nothing was decided."""
    probabilities: np.ndarray
    """Of its actions by the policy, (N,); NaN if it waits."""
    action: int
    log_prob: float
    """Of the action, as stored in the buffer, in nats; NaN if it waits."""
    value: float
    """NaN if it waits."""
    reward: float
    terminated: bool
    truncated: bool
    happened: str
    """To the whole team in this step, in words."""
    values: np.ndarray
    """Of this detective, NaN where it waits, (T,)."""
    rewards: np.ndarray
    """(T,)."""
    fell: np.ndarray
    """In this step, bool, (T,)."""
    waiting: np.ndarray
    """bool, (T,)."""
    ends: dict[int, str]
    """Step -> how the team's case ended with it: won, lost or cut off."""


@lru_cache(maxsize=1)
def recorded_events() -> tuple[Events, ...]:
    """Return what happened in each recorded step, by the rules of the game: T entries of E copies."""
    actions = recording().buffer.data.actions.numpy()
    drift = np.random.default_rng(0)  # comes last in a step: no event of that step depends on it
    return tuple(
        advance(CASE, state, taken, drift)[1] for state, taken in zip(recording().states, actions, strict=True)
    )


@lru_cache(maxsize=1)
@torch.no_grad()
def recorded_probabilities() -> np.ndarray:
    """Return the probability that the policy gave to each action, (T, E, A, N)."""
    logits, _ = recording().policy(recording().buffer.data.obs)
    return log_probabilities(logits).exp().numpy()


@lru_cache(maxsize=64)
def recorded_board(step: int, copy: int) -> np.ndarray:
    """Return the picture of one copy before a step, RGB, uint8; not to be changed."""
    return draw_board(CASE, recording().board(step, copy))


def look_at(step: int, copy: int, detective: str) -> Moment:
    """Look at one row of the recorded rollout.

    Args:
        step: t, 0 to T - 1.
        copy: e, 0 to E - 1.
        detective: Its number a, as text.

    Returns:
        What it saw, decided and got, and its values and rewards over all steps.
    """
    data, events, at = recording().buffer.data, recorded_events(), (step, copy, int(detective))
    acting = bool(data.acting[at])
    waiting = ~data.acting[:, copy, at[2]].numpy()
    values = np.where(waiting, np.nan, data.values[:, copy, at[2]].numpy())
    row, column = recording().states[step].detectives[copy, at[2]]
    over = np.flatnonzero(data.episode_over[:, copy].numpy())
    return Moment(
        badge=at,
        board=recorded_board(step, copy),
        cell=(int(row), int(column)),
        acting=acting,
        probabilities=recorded_probabilities()[at] if acting else np.full(len(ACTION_NAMES), np.nan),
        action=int(data.actions[at]),
        log_prob=float(data.log_probs[at]) if acting else np.nan,
        value=float(values[step]),
        reward=float(data.rewards[at]),
        terminated=bool(data.terminated[at]),
        truncated=bool(data.truncated[at]),
        happened=happened(events[step], copy),
        values=values,
        rewards=data.rewards[:, copy, at[2]].numpy(),
        fell=np.array([event.fell[copy, at[2]] for event in events]),
        waiting=waiting,
        ends={int(t): _end(events[t], copy) for t in over},
    )


def happened(events: Events, copy: int) -> str:
    """Say in words what happened in one step of one copy."""

    def listed(which: Iterable[int]) -> str:
        return ", ".join(map(str, which))

    gone, fell = np.flatnonzero(events.banished[copy]), np.flatnonzero(events.fell[copy])
    drained = np.flatnonzero((events.health_lost[copy] > 0) & ~events.fell[copy])
    parts = [f"k = {listed(CASE.toughness[s] for s in gone)} banished"] * bool(len(gone))
    parts += [f"{listed(drained)} drained"] * bool(len(drained))
    parts += [f"{listed(fell)} {'falls' if len(fell) == 1 else 'fall'}"] * bool(len(fell))
    parts += [_end(events, copy)] * bool(events.won[copy] | events.lost[copy] | events.adjourned[copy])
    return "; ".join(parts) or "nothing to note"


def _end(events: Events, copy: int) -> str:
    return "won" if events.won[copy] else "lost" if events.lost[copy] else "cut off"


def place_of(number: int, row: int, column: int) -> tuple[float, float]:
    """Return where `draw_board` draws a detective, x and y in cells."""
    return column + (0.25 if number % 2 == 0 else 0.75), row + (0.27 if number % 4 < 2 else 0.73)


SIZES = {1: (360, 700), 2: (580, 372), 3: (840, 372)}
"""Panels side by side -> width and height of the figure in CSS pixels; the board is never scaled."""


class RolloutFace:
    """Left the board before the step, right above the draw, right below values and rewards of the whole rollout."""

    def __init__(self, columns: int = 2) -> None:
        self.figure = Figure(figsize=np.array(SIZES[columns]) / DPI, dpi=DPI, facecolor="white", layout="constrained")
        width, height = SIZES[columns]
        wide, high = CASE.size * CELL, BOARD_HEIGHT * CELL
        self._make_board(self.figure.add_axes((10 / width, 1 - (high + 24) / height, wide / width, high / height)))
        above, below = self.figure.subplots(2, 1, height_ratios=(1, 1.15))
        beside = (wide + 34) / width
        rect = (0, 0, 1, 1 - (high + 40) / height) if columns == 1 else (beside, 0, 1 - beside, 1)
        self.figure.get_layout_engine().set(rect=rect)
        self._make_draw(above)
        self._make_story(below, 4 if columns == 3 else 2)

    def _make_board(self, axes: Axes) -> None:
        plain(axes, "the board before the step")
        axes.set(xlim=(0, CASE.size), ylim=(BOARD_HEIGHT - 0.1, -0.1))
        self.board = axes.add_artist(Pixels(0, CASE.size))
        axes.set_axis_off()
        self.ring = axes.add_patch(Circle((0, 0), 0.31, fill=False, edgecolor=DARK, linewidth=2.2, clip_on=False))
        (self.arrow,) = axes.plot([], [], color=DARK, linewidth=2.2, markersize=7, markevery=[1], clip_on=False)
        for artist in (self.ring, self.arrow):
            artist.set_path_effects([withStroke(linewidth=4.5, foreground="white")])
        self.caption = axes.text(0, CASE.size + 0.3, "", fontsize=SMALL, color=DARK, va="top")
        axes.text(0, CASE.size + 1, "ring: this one; arrow: its action", fontsize=SMALL, va="top")

    def _make_draw(self, axes: Axes) -> None:
        plain(axes, "probabilities; hatched: drawn")
        axes.set(ylim=(0, 1.2), xlim=(-0.6, len(ACTION_NAMES) - 0.4), yticks=(0, 0.5, 1))
        self.bars = axes.bar(ACTION_NAMES, [0.0] * len(ACTION_NAMES), 0.7, color=BLUE, edgecolor="white").patches
        axes.tick_params(axis="x", labelsize=SMALL)
        self.chances = [axes.text(n, 0, "", ha="center", va="bottom", fontsize=SMALL) for n in range(len(ACTION_NAMES))]
        self.silence = axes.text(2, 0.6, "", ha="center", va="center", fontsize=TITLE, color=DARK)

    def _make_story(self, axes: Axes, columns: int) -> None:
        steps = len(recording().states)
        plain(axes, "its whole rollout", "step t")
        axes.set(xlim=(-0.8, steps - 0.2), ylim=(LOW, HIGH), xticks=range(0, steps, 8), yticks=(-2, 0, 2, 4))
        axes.axhline(0, color=DARK, linewidth=0.8)
        self.gap = axes.add_collection(
            PolyCollection([], facecolor="#ECECE8", edgecolor=GREY, hatch="///", linewidth=0)
        )
        self.now = axes.axvspan(-0.5, 0.5, facecolor=SOFT_ORANGE, edgecolor=ORANGE, linewidth=1.2)
        self.gains = axes.vlines([], [], [], color=GREEN, linewidth=4.5, capstyle="butt", zorder=2)
        (self.curve,) = axes.plot([], [], ".-", color=BLUE, markersize=4, linewidth=1.4)
        (self.falls,) = axes.plot([], [], "X", color=DARK, markersize=9, linestyle="none")
        self.ends = axes.vlines([], [], [], linestyle="--", color=DARK, linewidth=1.2, zorder=2)
        (self.here,) = axes.plot([], [], "o", color=DARK, markersize=11, fillstyle="none", markeredgewidth=1.8)
        self.outcomes = [axes.text(0, HIGH, "", ha="right", va="top", fontsize=SMALL) for _ in range(ENDS_AT_MOST)]
        self.words = [axes.text(0, 0, "falls", ha="right", va="bottom", fontsize=SMALL) for _ in range(ENDS_AT_MOST)]
        handles = [self.curve, self.gains, self.gap, self.ends]
        labels = ["value", "reward", "fallen", "case over"]
        legend_above(axes, columns, dict(zip(labels, handles, strict=True)))

    def show(self, result: Moment) -> str:
        """Put everything where the row says."""
        self._show_board(result)
        self._show_draw(result)
        self._show_story(result)
        name = next((f', "{name}"' for name, badge in BADGES.items() if badge == result.badge), "")
        flags = f"terminated {result.terminated}, truncated {result.truncated}, acting {result.acting}"
        if not result.acting:
            return f"badge {result.badge}{name}: fallen, no action is drawn; reward {result.reward:+.2f}; {flags}"
        chance = result.probabilities[result.action]
        return (
            f"badge {result.badge}{name}: action {ACTION_NAMES[result.action]}, probability {chance:.2f}, log_prob "
            f"{result.log_prob:.2f}; value {signed(result.value, 2)}; reward {result.reward:+.2f}; {flags}"
        )

    def _show_board(self, result: Moment) -> None:
        x, y = place_of(result.badge[2], *result.cell)
        down, right = MOVES[result.action] if result.acting else (0, 0)
        self.board.set_data(result.board)
        self.ring.set(center=(x, y), linestyle="-" if result.acting else (0, (2, 1.5)))
        far = (x + 0.8 * right, y + 0.8 * down)
        near = (x + 0.33 * right, y + 0.33 * down)
        visible = bool(down or right)
        self.arrow.set_data(*(zip(near, far, strict=True) if visible else ((), ())))
        self.arrow.set_marker({(-1, 0): "^", (1, 0): "v", (0, -1): "<"}.get((down, right), ">"))
        self.caption.set_text(f"in this step: {result.happened}")

    def _show_draw(self, result: Moment) -> None:
        for n, (bar, label) in enumerate(zip(self.bars, self.chances, strict=True)):
            chance, drawn = result.probabilities[n] if result.acting else 0.0, result.acting and n == result.action
            bar.set(height=chance, facecolor=ORANGE if drawn else BLUE, hatch="///" if drawn else "")
            text = f"{chance:.2f}" if result.acting else ""
            label.set(y=chance + 0.02, text=text, fontweight="bold" if drawn else "normal")
        self.silence.set_text("" if result.acting else "fallen: no decision here")

    def _show_story(self, result: Moment) -> None:
        steps, now = np.arange(len(result.values)), result.badge[0]
        cuts = np.array(list(result.ends), int) + 1
        self.curve.set_data(np.insert(steps.astype(float), cuts, np.nan), np.insert(result.values, cuts, np.nan))
        self.gains.set_segments(segments(steps, 0, steps, result.rewards))
        self.ends.set_segments(segments(cuts - 0.5, LOW, cuts - 0.5, HIGH))
        self.falls.set_data(steps[result.fell], result.values[result.fell])
        self.now.set_x(now - 0.5)
        self.here.set_data((now,), (result.value,))
        starts, stops = np.flatnonzero(np.diff(np.concatenate(([0], result.waiting, [0])))).reshape(-1, 2).T - 0.5
        boxes = [[(x, LOW), (x, HIGH), (y, HIGH), (y, LOW)] for x, y in zip(starts, stops, strict=True)]
        self.gap.set_verts(boxes)
        _write(self.outcomes, [(t - 0.6, HIGH, outcome) for t, outcome in result.ends.items()])
        _write(self.words, [(t - 0.7, result.values[t] + 0.3, "falls") for t in steps[result.fell]])


def _write(labels: list[Text], texts: list[tuple[float, float, str]]) -> None:
    """Put texts to their places x, y; labels that are left over say nothing."""
    spare = [(0.0, 0.0, "")] * (len(labels) - len(texts))
    for label, (x, y, text) in zip(labels, texts + spare, strict=True):
        label.set(x=x, y=y, text=text)


def explore() -> Explorer:
    """Walk through the recorded rollout: any step, any copy of the world, any detective."""
    steps, copies, agents = recording().buffer.data.actions.shape
    knobs = (
        Slider("step", "step t", tuple(range(steps)), 6, play=300),
        Slider("copy", "copy of the world e", tuple(range(copies)), 0),
        Choice("detective", "detective a", tuple(map(str, range(agents))), "0"),
    )
    text = "Explorer: any row of the recorded rollout: its board, the five probabilities, the draw, values and rewards"
    return Explorer("Rollout", text, look_at, RolloutFace, knobs)
