"""The lesson's explorer: a whole update, step by step; which knobs carry it how far, and which number tells so."""

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SMALL, legend_above, new_panels, plain, signed
from ppo_lessons.interactive.controls import Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.full_update.figures import weight_changes
from ppo_lessons.minibatches import count_gradient_steps, shuffle_rows, split_rows
from ppo_lessons.shipped.recorded_update import SEED, policy_after, recorded_rows, recorded_update
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import minibatch_losses
from ppo_lessons.update import NAMES

MOST_STEPS, MOST_EPOCHS = 64, 8
"""What the knobs allow: 8 epochs of 8 mini-batches."""
LN_5 = math.log(5)
"""Entropy of a pure guess among five actions, in nats."""
LAYERS = ("actor_trunk.0", "actor_trunk.2", "actor_head", "critic_head")
"""Of the network; the two of the trunk are shared by actor and critic."""


class Course(NamedTuple):
    """A whole update of n gradient steps; nothing in it is to be changed."""

    curves: dict[str, np.ndarray]
    """Losses and diagnostics of each mini-batch before its step, and grad_norm, by name, each (n,)."""
    planned: int
    """Gradient steps that it would have taken without target_kl, n or more."""
    per_epoch: int
    """Mini-batches of an epoch."""
    refused_kl: float
    """approx_kl of the mini-batch that ended it early, on which no step was taken; NaN if it ran to its end."""


class Update(NamedTuple):
    """An update, standing at one of its gradient steps."""

    course: Course
    config: PPOConfig
    step: int
    """So many gradient steps have been taken, 0 to n."""
    asked: int
    """So many were asked for, `step` or more."""
    moved: np.ndarray
    """Length of the change of each layer's weights / their length before the update, by `LAYERS`, (4,)."""


def planned_minibatches(config: PPOConfig) -> tuple[Tensor, ...]:
    """Return the row numbers of every mini-batch that `recorded_update` would use without target_kl, in its order."""
    generator, num_rows = torch.Generator().manual_seed(SEED), len(recorded_rows().actions)
    orders = [shuffle_rows(num_rows, generator) for _ in range(config.epochs)]
    return tuple(piece for order in orders for piece in split_rows(order, config.minibatch_size))


@lru_cache(maxsize=16)
def course_of(config: PPOConfig) -> Course:
    """Run the recorded update and collect its numbers.

    Args:
        config: As for `ppo_update`.

    Returns:
        All that happened in it.
    """
    taken, num_rows = recorded_update(config), len(recorded_rows().actions)
    table = np.array([[*map(float, step.losses), step.grad_norm] for step in taken])
    planned = count_gradient_steps(num_rows, config.minibatch_size, config.epochs)
    per_epoch = count_gradient_steps(num_rows, config.minibatch_size, 1)
    refused_kl = float("nan")
    if len(taken) < planned:
        index = planned_minibatches(config)[len(taken)]
        minibatch = Rows(*(tensor[index] for tensor in recorded_rows()))
        with torch.no_grad():
            refused_kl = float(minibatch_losses(taken[-1].policy, minibatch, config).approx_kl)
    return Course(dict(zip(NAMES, table.T, strict=True)), planned, per_epoch, refused_kl)


def follow_update(step: int, **knobs: Any) -> Update:
    """Update the recorded policy on the recorded rows, and stop to look after some gradient steps.

    Args:
        step: Gradient steps before the look; if the update has fewer, it stands at its last one.
        knobs: Fields of `PPOConfig` that are to differ from the settings of the lessons.

    Returns:
        The whole update, and where it stands.

    Raises:
        NonFiniteError: If the settings make a loss or the gradient infinite.
    """
    config = replace(CONFIG, **knobs)
    course = course_of(config)
    at = min(step, len(course.curves["total_loss"]))
    moved = weight_changes(*(policy_after(steps, config).state_dict() for steps in (0, at)))
    return Update(course, config, at, step, np.array([moved[f"{layer}.weight"] for layer in LAYERS]))


PLANS = {
    1: "losses losses / approx_kl approx_kl / grad_norm grad_norm / entropy clip_fraction / weights weights",
    2: "losses losses approx_kl / entropy clip_fraction grad_norm / weights weights weights",
    3: "losses approx_kl weights / entropy clip_fraction grad_norm",
}


def _make_panels(columns: int) -> tuple[Figure, dict[str, Axes]]:
    """Make the figure with all that never moves, and return its panels by name."""
    figure, panels = new_panels(columns, PLANS, {1: 1.4, 2: 1.35, 3: 1.8}[columns])
    titles = {"approx_kl": "approx_kl, limit", "grad_norm": "grad_norm, limit"}
    for name in ("losses", "entropy", "approx_kl", "clip_fraction", "grad_norm"):
        axes = plain(panels[name], titles.get(name, name), "epochs" if name in ("clip_fraction", "grad_norm") else "")
        axes.set(xlim=(0, MOST_EPOCHS), xticks=range(0, MOST_EPOCHS + 1, 2))
        for epoch in range(0, MOST_EPOCHS, 2):
            axes.axvspan(epoch, epoch + 1, color="#F0F0EC", linewidth=0, zorder=0)
    _signed_log(panels["losses"], (-0.7, 20), 0.1, (-0.5, 0, 0.1, 1, 10))
    panels["losses"].axhline(0, color=DARK, linewidth=0.8)
    _signed_log(panels["approx_kl"], (-1e-4, 5), 1e-3, (0, 0.001, 0.01, 0.1, 1))
    panels["entropy"].set_ylim(0.5, 1.95)
    panels["entropy"].axhline(LN_5, color=GREY, linewidth=0.8)
    panels["entropy"].text(MOST_EPOCHS, LN_5 + 0.03, "ln 5: a pure guess", ha="right", va="bottom", fontsize=SMALL)
    panels["clip_fraction"].set_ylim(-0.02, 1.02)
    panels["clip_fraction"].set_yticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
    panels["grad_norm"].set(yscale="log", ylim=(0.02, 200))
    panels["grad_norm"].set_yticks((0.1, 1, 10, 100), ("0.1", "1", "10", "100"))
    panels["grad_norm"].minorticks_off()

    weights = plain(panels["weights"], "weights moved (log scale)")
    weights.set(xscale="log", xlim=(8e-4, 3), ylim=(len(LAYERS) - 0.5, -0.5))
    weights.set_yticks(range(len(LAYERS)), LAYERS)
    weights.set_xticks((0.001, 0.01, 0.1, 1), ("0.1 %", "1 %", "10 %", "100 %"))
    weights.minorticks_off()
    weights.hlines(range(len(LAYERS)), 8e-4, 3, color="#E4E4DF", linewidth=1, zorder=0)
    return figure, panels


class UpdateFace:
    """First the losses, then what becomes of the policy and of the gradient, at last of the weights."""

    def __init__(self, columns: int = 2) -> None:
        self.figure, panels = _make_panels(columns)
        losses, kl, weights = panels["losses"], panels["approx_kl"], panels["weights"]
        curves = ("losses", "entropy", "approx_kl", "clip_fraction", "grad_norm")
        self._now = [panels[name].axvline(0, color=DARK, linewidth=1) for name in curves]
        self._curves = {
            "value_loss": Curve(losses, GREEN, "s", ":", "value"),
            "total_loss": Curve(losses, DARK, "D", "--", "total"),
            "actor_loss": Curve(losses, BLUE, "o", "-", "actor"),
            "entropy": Curve(panels["entropy"], ORANGE, "o"),
            "approx_kl": Curve(kl, DARK, "o"),
            "clip_fraction": Curve(panels["clip_fraction"], GREY, "o"),
            "grad_norm": Curve(panels["grad_norm"], BLUE, "o"),
        }
        legend_above(losses, columns=3)
        look = dict(color=ORANGE, linestyle="--", linewidth=1.2)
        self._kl_limit, self._grad_limit = (panels[name].axhline(1, **look) for name in ("approx_kl", "grad_norm"))
        self._not_taken = kl.axvspan(0, 1, facecolor="none", edgecolor="#C8C8C8", hatch="////", linewidth=0)
        (self._refused,) = kl.plot([], [], "X", color=ORANGE, markersize=9, markeredgecolor="white")
        look = dict(ha="right", va="top", fontsize=SMALL, color=ORANGE, in_layout=False)
        self._ended = kl.text(MOST_EPOCHS, 4, "X: stopped here", **look)
        self._ended.set_bbox(dict(facecolor="white", linewidth=0, pad=1))
        (self._moved,) = weights.plot([], [], "o", color=BLUE, markersize=7)
        self._labels = [weights.text(1, row, "", va="center", fontsize=SMALL) for row in range(len(LAYERS))]

    def show(self, result: Update) -> str:
        """Draw the update pale, and what has happened of it strong."""
        course, config, step = result.course, result.config, result.step
        taken = len(course.curves["total_loss"])
        epochs = (np.arange(course.planned) + 0.5) / course.per_epoch  # the middle of each step's share of an epoch
        now = epochs[step - 1] if step else 0.0
        for line in self._now:
            line.set_xdata([now, now])
        self._not_taken.set(x=taken / course.per_epoch, width=(course.planned - taken) / course.per_epoch)
        for name, curve in self._curves.items():
            curve.show(epochs[:taken], course.curves[name], step)
        stopped = taken < course.planned
        self._refused.set_data([epochs[taken]] if stopped else [], [course.refused_kl] if stopped else [])
        self._ended.set_visible(stopped)
        self._kl_limit.set_visible(config.target_kl is not None)
        self._kl_limit.set_ydata([1.5 * (config.target_kl or 1)] * 2)
        self._grad_limit.set_ydata([config.max_grad_norm] * 2)
        moved = np.where(result.moved > 0, result.moved, np.nan)  # a log scale has no place for 0
        self._moved.set_data(moved, range(len(LAYERS)))
        for label, share in zip(self._labels, result.moved, strict=True):
            label.set(x=max(share, 8e-4) * 1.5, text=f"{share:.1%}")
        return f"{_where(result)}; {_end(result)}"


class Curve:
    """One quantity over the update: pale as a whole, strong up to the current step, a large mark at it.

    Args:
        axes: Where.
        colour: Of the line.
        marker: Of its points.
        style: Of the line.
        label: For a legend.
    """

    def __init__(self, axes: Axes, colour: str, marker: str, style: str = "-", label: str = "") -> None:
        look = dict(color=colour, marker=marker, linestyle=style, linewidth=1.2)
        (self._whole,) = axes.plot([], [], **{**look, "linewidth": 0.8}, markersize=2, alpha=0.6)
        (self._done,) = axes.plot([], [], **look, markersize=3, label=label)
        (self._dot,) = axes.plot([], [], color=colour, marker=marker, markersize=7, markeredgecolor="white")
        for artist in (self._whole, self._done, self._dot):
            artist.set(clip_on=False, in_layout=False)

    def show(self, x: np.ndarray, y: np.ndarray, step: int) -> None:
        """Draw points (n,), of which the first `step` have happened."""
        self._whole.set_data(x, y)
        self._done.set_data(x[:step], y[:step])
        self._dot.set_data(x[step - 1 : step] if step else [], y[step - 1 : step] if step else [])


def _signed_log(axes: Axes, limits: tuple[float, float], linear_up_to: float, ticks: tuple[float, ...]) -> None:
    axes.set_yscale("symlog", linthresh=linear_up_to)
    axes.set_ylim(limits)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _where(result: Update) -> str:
    course, step, taken = result.course, result.step, len(result.course.curves["total_loss"])
    place = f"step {step} of {taken}"
    if result.asked > step:
        place += f" (the last one: there is no step {result.asked})"
    if not step:
        return f"{place}: no weight has moved yet"
    epoch, minibatch = divmod(step - 1, course.per_epoch)
    numbers = {name: curve[step - 1] for name, curve in course.curves.items()}
    shortened = numbers["grad_norm"] > result.config.max_grad_norm
    return (
        f"{place}, epoch {epoch + 1}, mini-batch {minibatch + 1} of {course.per_epoch}: "
        f"actor_loss {signed(numbers['actor_loss'], 4)}, value_loss {numbers['value_loss']:.4f}, "
        f"entropy {numbers['entropy']:.4f}, total_loss {signed(numbers['total_loss'], 4)}, "
        f"approx_kl {numbers['approx_kl']:.4f}, clip_fraction {numbers['clip_fraction']:.1%}, "
        f"grad_norm {numbers['grad_norm']:.3g}{' (shortened)' if shortened else ''}"
    )


def _end(result: Update) -> str:
    taken, planned = len(result.course.curves["total_loss"]), result.course.planned
    if result.config.target_kl is None:
        return "not stopped early"
    limit = f"1.5 × {result.config.target_kl:g}"
    if taken == planned:
        return f"not stopped early: approx_kl is never above {limit}"
    refused = f"the next mini-batch had approx_kl {result.course.refused_kl:.4f}, above {limit}"
    return f"stopped early, {taken} of {planned} steps taken: {refused}"


def explore() -> Explorer:
    """Move every knob of the update of the recorded rollout, and step through it."""
    knobs = (
        Slider("step", "gradient step", tuple(range(MOST_STEPS + 1)), 8, play=300),
        Slider("epochs", "epochs", tuple(range(1, MOST_EPOCHS + 1)), 4),
        Slider("minibatch_size", "minibatch_size", (256, 512, 1024, 2048), 512, text=_name_size),
        Slider("learning_rate", "learning_rate", tuple(4e-3 * 2.0**i for i in range(-4, 3)), 4e-3),
        Slider("clip_eps", "clip_eps", (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6), 0.2),
        Slider("vf_coef", "vf_coef", (0.0, 0.1, 0.2, 0.5, 1.0, 2.0), 0.5),
        Slider("ent_coef", "ent_coef", (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2), 0.02),
        Slider("max_grad_norm", "max_grad_norm", (0.1, 0.2, 0.5, 1.0, 2.0, 5.0), 1.0),
        Slider("target_kl", "target_kl", (None, 0.003, 0.005, 0.01, 0.02, 0.03), None, text=_name_limit),
        Toggle("advantage_normalisation", "advantage_normalisation", True),
    )
    text = "Explorer: the whole update of the recorded rollout, step by step, with every knob that it has"
    return Explorer("The whole update", text, follow_update, UpdateFace, knobs)


def _name_size(size: int) -> str:
    return "all rows" if size >= 2048 else str(size)


def _name_limit(target_kl: float | None) -> str:
    return "none" if target_kl is None else f"{target_kl:g}"
