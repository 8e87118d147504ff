"""The lesson's explorer: the bonus pulls every row towards undecided, except where it is uniform or certain already."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from ppo_lessons import losses
from ppo_lessons.actor_critic import entropy_of, log_probabilities, log_probs_of
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    TITLE,
    legend_above,
    new_panels,
    plain,
    signed,
)
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.shipped.recorded_update import recorded_rows, recording
from ppo_lessons.shipped.recording import BADGES, CONFIG
from ppo_lessons.spirit_world.rules import ACTION_NAMES

ENT_COEFS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
TIMES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
"""Factors of the logits: 0 uniform, 1 as recorded, 50 all but certain. One over the temperature."""
HIGHEST = math.log(len(ACTION_NAMES))
"""Entropy of a uniform choice."""


class Entropy(NamedTuple):
    """All rows of the recording under a policy that is less or more certain than the one that played."""

    probabilities: np.ndarray
    """Of the actions of the followed detective, (N,)."""
    pull: np.ndarray
    """How the entropy term, in a step down the loss of this row alone, would move its logits, (N,)."""
    entropies: np.ndarray
    """Of each row, in nats, (B,)."""
    followed: float
    """Entropy of the followed detective."""
    parts: tuple[float, float, float]
    """What is added up: actor_loss, vf_coef * value_loss, -ent_coef * entropy; means over all rows."""
    total_loss: float
    ent_coef: float
    times: float
    badge: str


@lru_cache(maxsize=1)
def _seen() -> tuple[Tensor, Tensor]:
    """Return the recorded policy's logits (B, N) and values (B,), without a graph."""
    with torch.no_grad():
        return recording().policy(recorded_rows().obs)


@lru_cache(maxsize=64)
def _losses(times: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return actor_loss, value_loss and entropy of all rows, and the entropy of each (B,)."""
    rows, (logits, values) = recorded_rows(), _seen()
    log_probs = log_probs_of(times * logits, rows.actions)
    entropies = entropy_of(log_probabilities(times * logits))
    ratios = losses.importance_ratios(log_probs, rows.old_log_probs)
    actor_loss = losses.clipped_surrogate_loss(ratios, normalise_advantages(rows.advantages), CONFIG.clip_eps)
    return actor_loss, losses.value_loss(values, rows.returns), losses.entropy_bonus(entropies), entropies


def scale_logits(ent_coef: float, times: float, badge: str) -> Entropy:
    """Multiply the logits of the recorded policy, and look at its entropy and at its loss.

    Args:
        ent_coef: Weight of the entropy.
        times: What all logits are multiplied by: 0 makes the policy uniform, above 1 more certain.
        badge: The followed detective, one of `BADGES`.

    Returns:
        The followed row, all entropies, and the three parts of the total loss.
    """
    actor_loss, critic_loss, entropy, entropies = _losses(times)
    (row,) = recording().rows_of([BADGES[badge]])
    logits = (times * _seen()[0][row]).unsqueeze(0).requires_grad_()  # (1, N)
    all_log_probs = log_probabilities(logits)
    (gradient,) = torch.autograd.grad(-ent_coef * losses.entropy_bonus(entropy_of(all_log_probs)), logits)
    total = losses.total_loss(actor_loss, critic_loss, entropy, CONFIG.vf_coef, ent_coef)
    return Entropy(
        all_log_probs.detach()[0].exp().numpy(),
        -gradient[0].numpy(),
        entropies.numpy(),
        abs(float(entropies[row])),  # rounding: never -0.000
        (float(actor_loss), float(CONFIG.vf_coef * critic_loss), float(-ent_coef * entropy)),
        float(total),
        ent_coef,
        times,
        badge,
    )


class EntropyFace:
    """Left one detective's choice and the pull on it, in the middle all entropies, right what the loss adds up."""

    def __init__(self, columns: int = 2) -> None:
        plans = {
            1: "choice / pull / histogram / sum",
            2: "choice histogram / pull sum",
            3: "choice histogram sum / pull histogram sum",
        }
        self.figure, panels = new_panels(columns, plans, {1: 2.0, 2: 2.15, 3: 1.9}[columns])
        self._choice(panels["choice"])
        self._pull(panels["pull"])
        self._histogram(panels["histogram"])
        self._sum(panels["sum"])

    def _choice(self, axes: Axes) -> None:
        plain(axes, " ", "", "probability")
        axes.set(ylim=(0, 1.02), xticks=[])
        axes.axhline(1 / len(ACTION_NAMES), color=DARK, linewidth=1, linestyle=":")
        self.chances = axes.bar(ACTION_NAMES, 0, color=BLUE, edgecolor=DARK, linewidth=0.5).patches
        axes.set_xticks(range(len(ACTION_NAMES)), [])
        self.title = axes.set_title(" ", fontsize=TITLE, loc="left", color=DARK)

    def _pull(self, axes: Axes) -> None:
        plain(axes, "the entropy term's pull (log scales)")
        axes.set_yscale("symlog", linthresh=1e-3, linscale=0.6)
        axes.set(ylim=(-0.5, 0.5))
        axes.set_yticks([-0.1, -0.01, 0, 0.01, 0.1], ["-0.1", "-0.01", "0", "0.01", "0.1"])
        axes.minorticks_off()
        axes.axhline(0, color=DARK, linewidth=0.8)
        axes.set_xlim(-0.6, len(ACTION_NAMES) - 0.4)
        self.pulls = axes.bar(ACTION_NAMES, 0, color=GREEN, hatch="..", edgecolor=DARK, linewidth=0.5).patches
        self.none = axes.text(2, 0.05, "", fontsize=SMALL, ha="center")

    def _histogram(self, axes: Axes) -> None:
        plain(axes, "all rows by entropy, in nats")
        axes.set_yscale("function", functions=(lambda rows: np.sqrt(np.maximum(rows, 0)), np.square))
        axes.set(xlim=(-0.04, 1.7), ylim=(0, 2600))
        axes.set_yticks([0, 50, 200, 500, 1000, 2000])
        self.edges = np.linspace(0, HIGHEST, 41)
        self.rows = axes.stairs(np.zeros(40), self.edges, fill=True, color=BLUE)
        ceiling = f"ln {len(ACTION_NAMES)}"
        axes.plot([HIGHEST, HIGHEST], [0, 2500], color=DARK, linestyle=":", linewidth=1.5, label=ceiling)
        (self.mean,) = axes.plot([], [], color=ORANGE, linestyle="--", linewidth=1.8, label="mean")
        (self.mark,) = axes.plot([], [], "v", color=DARK, markersize=7, label="followed")
        legend_above(axes, 3)

    def _sum(self, axes: Axes) -> None:
        plain(axes, "what total_loss adds up")
        axes.set_xticks(range(4), ["actor", "+ critic", "- entropy", "= total"])
        axes.axhline(0, color=DARK, linewidth=0.8)
        looks = (BLUE, ""), (ORANGE, "//"), (GREEN, ".."), (GREY, "")
        look = dict(edgecolor=DARK, linewidth=0.5)
        self.bars = [axes.bar(x, 0, 0.62, color=c, hatch=h, **look).patches[0] for x, (c, h) in enumerate(looks)]
        self.ends = [axes.plot([], [], color=DARK, linewidth=0.8, linestyle=":")[0] for _ in range(3)]
        self.labels = [axes.text(x, 0, "", fontsize=SMALL, ha="center", va="bottom") for x in range(4)]

    def show(self, result: Entropy) -> str:
        """Put bars, lines and marks where the result says."""
        for bar, chance in zip(self.chances, result.probabilities, strict=True):
            bar.set_height(chance)
        self.title.set_text(f"{result.badge}: H = {result.followed:.3f}")
        for bar, pull in zip(self.pulls, result.pull, strict=True):
            bar.set_height(pull)
        length = float(np.linalg.norm(result.pull))
        self.none.set_text("" if length > 3e-4 else "(almost) no pull")
        self.rows.set_data(np.histogram(result.entropies.astype(float).clip(0, HIGHEST), self.edges)[0])
        mean = float(result.entropies.mean())
        self.mean.set_data([mean, mean], [0, 2100])
        self.mark.set_data([result.followed], [2300])
        ends = np.cumsum(result.parts)
        bottoms = (0, ends[0], ends[1], 0)
        for bar, label, bottom, height in zip(
            self.bars, self.labels, bottoms, (*result.parts, result.total_loss), strict=True
        ):
            bar.set(y=bottom, height=height)
            label.set(y=max(bottom, bottom + height) + 0.008, text=signed(height, 4))
        for x, (line, end) in enumerate(zip(self.ends, ends, strict=True)):
            line.set_data([x, x + 1], [end, end])
        actor, critic, entropy = (round(part, 4) + 0.0 for part in result.parts)
        chances = ", ".join(f"{a} {p:.3f}" for a, p in zip(ACTION_NAMES, result.probabilities, strict=True))
        return (
            f"ent_coef {result.ent_coef:g}, logits times {result.times:g}: mean entropy {mean:.3f} of {HIGHEST:.3f}, "
            f"of {result.badge} {result.followed:.3f} ({chances}), pull of length {length:.4f}; "
            f"actor_loss {signed(actor, 4)}, vf_coef * value_loss {signed(critic, 4)}, - ent_coef * entropy "
            f"{signed(entropy, 4)}, total_loss {signed(result.total_loss, 4)}"
        )


def explore() -> Explorer:
    """Make the recorded policy less or more certain, and weigh its entropy."""
    knobs = (
        Slider("ent_coef", "ent_coef", ENT_COEFS, 0.02),
        Slider("times", "logits times", TIMES, 1.0),
        Choice("badge", "followed detective", tuple(BADGES), "falls"),
    )
    text = "Explorer: ent_coef and a factor of all logits against one detective's choice, all entropies and total_loss"
    return Explorer("Entropy", text, scale_logits, EntropyFace, knobs)
