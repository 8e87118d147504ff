"""The lesson's explorer: a ratio is one probability now over the same one then; all rows pull at the same weights."""

import copy
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ppo_lessons.actor_critic import ActorCritic, log_probs_of
from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, SMALL, SOFT_BLUE, SOFT_ORANGE, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.losses import approx_kl, clip_fraction, clipped_surrogate_loss, importance_ratios
from ppo_lessons.shipped.recorded_update import normalised_rows, one_pass, recording
from ppo_lessons.shipped.recording import BADGES, CONFIG
from ppo_lessons.spirit_world.rules import ACTION_NAMES

PULLS = ("mini-batch 1", "mini-batch 2", "mini-batch 3", "mini-batch 4", "the followed row alone")
"""Whose loss gives the direction of the push: the mini-batches of one pass, or one row."""
DISTANCES = tuple(round(0.02 * i, 2) for i in range(-20, 21))
FURTHEST = 64.0
"""Ratios are drawn from 1 / 64 to 64; what lies beyond stands in the outermost bars."""
BINS = np.geomspace(1 / FURTHEST, FURTHEST, 62)
"""An odd number of bars: 1 is the middle of one."""
UNMOVED = 1e-4
"""A ratio that is nearer to 1 has not moved."""


class Push(NamedTuple):
    """All rows of the recording, looked up in a policy that was pushed along a gradient."""

    ratios: np.ndarray
    """(B,)."""
    six: np.ndarray
    """Ratios of the rows with `BADGES`, (6,)."""
    advantages: np.ndarray
    """Theirs, normalised, (6,)."""
    followed: int
    """Which of the six is followed."""
    action: int
    """That it took."""
    then: np.ndarray
    """Its probability of every action when it was recorded, (N,)."""
    now: np.ndarray
    """The same under the pushed policy, (N,)."""
    old_log_prob: float
    new_log_prob: float
    """Of the action that it took, in nats."""
    distance: float
    approx_kl: float
    clip_fraction: float
    as_asked: float
    """Share of all rows whose ratio has gone the way that the advantage asks for."""


@lru_cache(maxsize=16)
def step_direction(rows: tuple[int, ...]) -> Tensor:
    """Return the way in which the actor's loss of some rows falls fastest.

    Args:
        rows: Their numbers.

    Returns:
        The gradient of the loss under the recorded policy, with a minus sign and length 1: one number for each weight.
    """
    policy, table = recording().policy, normalised_rows()
    index = torch.tensor(rows)
    new_log_probs, _, _ = policy.evaluate_actions(table.obs[index], table.actions[index])
    ratios = importance_ratios(new_log_probs, table.old_log_probs[index])  # all 1: nothing is clipped here
    loss = clipped_surrogate_loss(ratios, table.advantages[index], CONFIG.clip_eps)
    weights = list(policy.parameters())
    gradients = torch.autograd.grad(loss, weights, materialize_grads=True, allow_unused=True)
    gradient = parameters_to_vector(gradients)
    return -gradient / gradient.norm()


def pushed_policy(distance: float, rows: tuple[int, ...]) -> ActorCritic:
    """Return a copy of the recorded policy whose weights were moved by a distance along `step_direction`."""
    policy = copy.deepcopy(recording().policy)
    moved = parameters_to_vector(policy.parameters()).detach() + distance * step_direction(rows)
    vector_to_parameters(moved, policy.parameters())
    return policy


def push_policy(distance: float, follow: str, pull: str) -> Push:
    """Push the recorded policy along a gradient and look all recorded actions up in it.

    Args:
        distance: How far, as the length of the change of all weights; negative: the other way.
        follow: A name of `BADGES`.
        pull: One of `PULLS`: whose loss gives the direction.

    Returns:
        The ratios, and the probabilities of the followed row.
    """
    rows, badges = normalised_rows(), recording().rows_of(BADGES.values())
    followed = list(BADGES).index(follow)
    here = badges[followed]
    alone = pull == PULLS[-1]
    policy = pushed_policy(distance, (here,) if alone else tuple(one_pass()[PULLS.index(pull)].tolist()))
    with torch.no_grad():
        logits, _ = policy(rows.obs)
        new_log_probs = log_probs_of(logits, rows.actions)
        now = torch.softmax(logits[here], dim=-1)
        then = torch.softmax(recording().policy(rows.obs[here])[0], dim=-1)
    ratios = importance_ratios(new_log_probs, rows.old_log_probs)
    return Push(
        ratios.numpy(),
        ratios[badges].numpy(),
        rows.advantages[badges].numpy(),
        followed,
        int(rows.actions[here]),
        then.numpy(),
        now.numpy(),
        float(rows.old_log_probs[here]),
        float(new_log_probs[here]),
        distance,
        float(approx_kl(new_log_probs, rows.old_log_probs)),
        float(clip_fraction(ratios, CONFIG.clip_eps)),
        float(went_as_asked(ratios, rows.advantages).float().mean()),
    )


def went_as_asked(ratios: Tensor, advantages: Tensor) -> Tensor:
    """Say of each row whether its ratio rose with a positive advantage, or fell with a negative one; bool, (B,)."""
    return (ratios - 1) * torch.sign(advantages) > UNMOVED


class RatioFace:
    """Left the ratios of all rows, below them those of the six badges; right one row's probabilities then and now."""

    def __init__(self, columns: int = 2) -> None:
        plans = {
            1: "all / all / six / six / six / row / row / row",
            2: "all all all row row / all all all row row / six six six six six / six six six six six",
            3: "all all all row row / all all all row row / six six six row row / six six six row row",
        }
        self.figure, panels = new_panels(columns, plans, {1: 0.85, 2: 1.05, 3: 0.95}[columns])
        self._make_histogram(panels["all"])
        self._make_lanes(panels["six"], columns)
        self._make_lookup(panels["row"])

    def _make_histogram(self, axes: Axes) -> None:
        count = len(normalised_rows().actions)
        plain(axes, f"all {count:,} rows by their ratio", "", "rows (log)")
        _scale(axes)
        axes.set(yscale="log", ylim=(0.7, 3000))
        self.bars = axes.stairs(np.ones(len(BINS) - 1), BINS, baseline=0.1, fill=True, color=BLUE)

    def _make_lanes(self, axes: Axes, columns: int) -> None:
        rows, badges = normalised_rows(), recording().rows_of(BADGES.values())
        gap = "\n" if columns == 1 else "   "
        key = f"▶ is to rise (advantage > 0)   ◀ is to fall{gap}filled: it did   | no ratio above"
        plain(axes, "six of them", f"ratio (log scale)\n{key}")
        _scale(axes)
        axes.set(ylim=(5.6, -0.6))
        axes.set_yticks(range(6), BADGES)
        axes.tick_params(axis="y", length=0)
        ceilings = torch.exp(-rows.old_log_probs[badges])
        self.lane = axes.axhspan(-0.5, 0.5, color=SOFT_BLUE, linewidth=0, alpha=0.6)
        self.ceilings = axes.plot(ceilings, range(6), "|", color=GREY, markersize=13, markeredgewidth=2)[0]
        self.ways = [axes.plot([1, 1], [y, y], color=DARK, linewidth=1)[0] for y in range(6)]
        rises = (rows.advantages[badges] > 0).tolist()
        looks = (dict(marker="<", color=ORANGE), dict(marker=">", color=BLUE))
        self.marks = [axes.plot([1], [y], markersize=8, **looks[up])[0] for y, up in enumerate(rises)]
        self.said = [axes.text(0.92 * FURTHEST, y, "", ha="right", va="center", fontsize=SMALL) for y in range(6)]

    def _make_lookup(self, axes: Axes) -> None:
        plain(axes, "white: then, filled: now")
        at = np.arange(len(ACTION_NAMES))
        axes.set(ylim=(0, 1.5), xlim=(-0.6, len(at) - 0.4))
        axes.set_xticks(at, ACTION_NAMES)
        axes.set_yticks(np.arange(0, 1.1, 0.2))
        self.then = axes.bar(at - 0.2, 0, 0.38, facecolor="white", edgecolor=DARK, linewidth=0.9).patches
        self.now = axes.bar(at + 0.2, 0, 0.38, edgecolor=DARK, linewidth=0.9).patches
        self.heights = [axes.text(0, 0, "", ha=side, va="bottom", fontsize=SMALL) for side in ("right", "left")]
        self.words = axes.text(0.02, 0.99, "", transform=axes.transAxes, va="top", fontsize=SMALL, linespacing=1.5)

    def show(self, result: Push) -> str:
        """Put bars and marks where the ratios are."""
        counts, _ = np.histogram(np.clip(result.ratios, 1.0001 / FURTHEST, FURTHEST / 1.0001), BINS)
        self.bars.set_data(np.maximum(counts, 0.1))
        self.lane.set_y(result.followed - 0.5)
        asked = went_as_asked(torch.from_numpy(result.six), torch.from_numpy(result.advantages)).tolist()
        for way, mark, said, ratio, as_asked in zip(self.ways, self.marks, self.said, result.six, asked, strict=True):
            place = float(np.clip(ratio, 1 / FURTHEST, FURTHEST))
            way.set_xdata([1, place])
            mark.set(xdata=[place], markerfacecolor=mark.get_color() if as_asked else "white")
            said.set_text(_short(ratio))
        taken = result.action
        for n, (then, now) in enumerate(zip(self.then, self.now, strict=True)):
            then.set(height=result.then[n], hatch="//" if n == taken else None)
            now.set(
                height=result.now[n],
                hatch="//" if n == taken else None,
                facecolor=SOFT_ORANGE if n == taken else SOFT_BLUE,
            )
        for text, height, side in zip(
            self.heights, (result.then[taken], result.now[taken]), (-0.01, 0.02), strict=True
        ):
            text.set(position=(taken + side, height + 0.01), text=f"{height:.2f}")
        then, now, ratio = result.then[taken], result.now[taken], result.six[result.followed]
        name, action = list(BADGES)[result.followed], ACTION_NAMES[taken]
        quotient = f"{now:.3f} / {then:.3f} = {_short(ratio)}"
        self.words.set_text(f"{name} took “{action}”:\n{quotient}")
        return (
            f"distance {result.distance:+.2f}, {name}: ratio {_short(ratio)} = exp({result.new_log_prob:.3f} - "
            f"({result.old_log_prob:.3f})). All rows: ratios {_short(result.ratios.min())} to "
            f"{_short(result.ratios.max())}, approx_kl {result.approx_kl:.4f}, outside {1 - CONFIG.clip_eps:g} to "
            f"{1 + CONFIG.clip_eps:g} (clip_fraction) {result.clip_fraction:.1%}, gone the way of their advantage "
            f"{result.as_asked:.1%}"
        )


def _scale(axes: Axes) -> None:
    """Give a panel the ratios' log axis, with 1 marked."""
    axes.set(xscale="log", xlim=(1 / FURTHEST, FURTHEST))
    axes.set_xticks([1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64], ["1/64", "1/16", "1/4", "1", "4", "16", "64"])
    axes.minorticks_off()
    axes.axvline(1, color=DARK, linewidth=1, linestyle=":")


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}"


def explore() -> Explorer:
    """Push the recorded policy along a gradient, and see every ratio move."""
    knobs = (
        Slider("distance", "distance", DISTANCES, 0.2, text=lambda distance: f"{distance:+.2f}", play=200),
        Choice("follow", "follow", tuple(BADGES), "drained"),
        Choice("pull", "pushed by", PULLS, PULLS[0]),
    )
    text = "Explorer: how far the policy is pushed along a gradient against the ratios of all recorded rows"
    return Explorer("Ratios", text, push_policy, RatioFace, knobs)
