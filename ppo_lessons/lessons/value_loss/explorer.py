"""The lesson's explorer: vf_coef does little for the critic and much for who steers the trunk that it shares."""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from ppo_lessons.buffer import Rows
from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SMALL, legend_above, new_panels, plain, signed
from ppo_lessons.interactive.controls import Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.marks import segments
from ppo_lessons.losses import explained_variance
from ppo_lessons.shipped.recorded_update import one_pass, policy_after, recorded_rows, recording
from ppo_lessons.shipped.recording import BADGES, CONFIG
from ppo_lessons.steps import minibatch_losses

TERMS = ("actor_loss", "vf_coef * value_loss", "ent_coef * entropy")
LAYERS = ("trunk.0", "trunk.2", "actor_head", "critic_head")
"""Parts of the parameters' names."""
VF_COEFS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Each has an update of its own, made when it is first asked for."""


class Tug(NamedTuple):
    """The critic in the middle of an update, and what pulls at the network there."""

    values: np.ndarray
    """What the critic says of each row of the recording, (B,)."""
    returns: np.ndarray
    """What it should say, (B,)."""
    lengths: np.ndarray
    """Length of the gradient of each of the `TERMS` in each of the `LAYERS`, before the clip, (3, 4)."""
    trunk_lengths: np.ndarray
    """The same in the whole trunk (with separate trunks: in both together), (3,)."""
    cosine: float
    """Between the pulls of actor and critic on the shared trunk; 0 if the critic does not pull, NaN without one."""
    from_actor: float
    """Angle between the sum of these two pulls and the actor's, in degrees; NaN without one."""
    grad_norm: float
    """Length of the whole gradient before the clip."""
    kept: float
    """What the clip multiplies every part of the gradient by, above 0, 1 at most."""
    value_loss: float
    """Of all rows, as the next three."""
    explained_variance: float
    actor_loss: float
    approx_kl: float
    vf_coef: float
    steps: int
    shared_trunk: bool


@lru_cache(maxsize=512)
def pull_trunk(vf_coef: float, steps: int, shared_trunk: bool) -> Tug:
    """Look at the critic and at the gradients after some gradient steps of an update with this vf_coef.

    Args:
        vf_coef: Weight of the value loss, in all of these steps.
        steps: Gradient steps so far, 0 to 16, from the recorded policy on the recorded rows.
        shared_trunk: False: each has its own trunk; both begin as copies of the recorded one.

    Returns:
        All rows as the critic sees them; the gradients are those of the update's first mini-batch. Not to be changed.
    """
    config = replace(CONFIG, vf_coef=vf_coef, shared_trunk=shared_trunk)
    policy, rows = policy_after(steps, config), recorded_rows()
    first = minibatch_losses(policy, Rows(*(tensor[one_pass()[0]] for tensor in rows)), config)
    weighted = first.actor_loss, vf_coef * first.value_loss, -config.ent_coef * first.entropy
    names, parameters = zip(*policy.named_parameters(), strict=True)
    by_term = [_gradient(loss, parameters) for loss in weighted]
    whole = float(torch.cat([sum(parts).flatten() for parts in zip(*by_term, strict=True)]).norm())
    trunk = [_flat(gradient, names, "trunk") for gradient in by_term]
    cosine, from_actor = _angles(trunk[0], trunk[1]) if shared_trunk else (np.nan, np.nan)
    with torch.no_grad():
        everything, values = minibatch_losses(policy, rows, config), policy.estimate_values(rows.obs)
    return Tug(
        values.numpy(),
        rows.returns.numpy(),
        np.array([[float(_flat(gradient, names, part).norm()) for part in LAYERS] for gradient in by_term]),
        np.array([float(pull.norm()) for pull in trunk]),
        cosine,
        from_actor,
        whole,
        min(1.0, config.max_grad_norm / whole),
        float(everything.value_loss),
        explained_variance(values, rows.returns),
        float(everything.actor_loss),
        float(everything.approx_kl),
        vf_coef,
        steps,
        shared_trunk,
    )


def _gradient(loss: Tensor, parameters: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)


def _flat(gradient: tuple[Tensor, ...], names: tuple[str, ...], part: str) -> Tensor:
    return torch.cat([g.flatten() for g, name in zip(gradient, names, strict=True) if part in name]).double()


def _angles(actor: Tensor, critic: Tensor) -> tuple[float, float]:
    """Return the cosine between two pulls, and the angle of their sum to the first one in degrees."""
    cosine, along = (torch.cosine_similarity(actor, other, dim=0).clamp(-1, 1) for other in (critic, actor + critic))
    return float(cosine), float(torch.rad2deg(torch.acos(along)))


LOOKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))
"""Colour and marker of each term."""
NAMED = ("her mate", "banishes", "wins")
"""Three of the six familiar rows; the other three would hide each other."""


class ValueFace:
    """Left what the critic says, in the middle how hard each term pulls at each layer, right who steers the trunk."""

    def __init__(self, columns: int = 2) -> None:
        plans = {
            1: "critic / layers / plane",
            2: "critic plane / layers layers",
            3: "critic layers plane",
        }
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 2.25, 3: 3.4}[columns])
        self._critic(panels["critic"])
        self._layers(panels["layers"], columns)
        self._plane(panels["plane"])

    def _critic(self, axes: Axes) -> None:
        plain(axes, "what the critic says", "returns", "values")
        axes.set(xlim=(-2.1, 4.6), ylim=(-3.4, 4.9))
        axes.axline((0, 0), slope=1, color=DARK, linewidth=1, linestyle="--")
        axes.text(4.4, 3.6, "right", fontsize=SMALL, ha="right", va="top")
        (self.points,) = axes.plot([], [], "o", color=DARK, markersize=2, alpha=0.6, markeredgewidth=0)
        self.three = recording().rows_of(BADGES[name] for name in NAMED)
        for name, x in zip(NAMED, recorded_rows().returns[self.three].tolist(), strict=True):
            axes.axvline(x, ymax=0.86, color=ORANGE, linewidth=0.8, linestyle=":")  # returns are data: only values move
            low = axes.get_xaxis_transform()
            axes.text(x, 0.01, f" {name}", transform=low, fontsize=SMALL, rotation=90, ha="right", va="bottom")
        (self.named,) = axes.plot([], [], "D", color=ORANGE, markeredgecolor=DARK, markeredgewidth=0.6, markersize=5)
        self.said = axes.text(0.02, 0.98, "", transform=axes.transAxes, fontsize=SMALL, va="top")

    def _layers(self, axes: Axes, columns: int) -> None:
        plain(axes, "how hard each term pulls")
        axes.set(yscale="log", xlim=(-0.6, 3.6), ylim=(2e-5, 3e2))
        axes.set_xticks(range(4), ["trunk 1", "trunk 2", "actor", "critic"])
        axes.minorticks_off()
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
        axes.set_axisbelow(True)
        self.places = np.arange(4) + np.array([[-0.25], [0], [0.25]])
        self.stems = [axes.vlines([], [], [], color=colour, linewidth=1.5) for colour, _ in LOOKS]
        self.before, self.after = [], []
        for colour, marker in LOOKS:
            look = dict(marker=marker, linestyle="none", color=colour, markersize=6)
            self.before += axes.plot([], [], markerfacecolor="white", **look)
            self.after += axes.plot([], [], **look)
        hollow = axes.plot([], [], "o", color=GREY, markerfacecolor="white")[0]
        names = ("actor", "critic", "entropy", "before the clip")
        legend_above(axes, 4 if columns == 2 else 2, dict(zip(names, (*self.after, hollow), strict=True)))
        self.clip = axes.text(0.02, 0.02, "", transform=axes.transAxes, fontsize=SMALL)

    def _plane(self, axes: Axes) -> None:
        plain(axes, "who steers the trunk")
        axes.set(xlim=(-0.75, 1.4), ylim=(-1.4, 1.6), aspect="equal", anchor="W")
        axes.set_axis_off()
        (self.sides,) = axes.plot([], [], color=GREY, linewidth=0.8, linestyle=":")
        look = dict(arrowstyle="-|>", mutation_scale=13, shrinkA=0, shrinkB=0)
        both = [(BLUE, 1.8), (ORANGE, 1.8), (DARK, 2.6)]
        self.arrows = [FancyArrowPatch((0, 0), (1, 0), color=colour, linewidth=width, **look) for colour, width in both]
        for arrow in self.arrows:
            axes.add_patch(arrow)
        self.tips = (
            axes.text(0, 0, "actor", color=BLUE, fontsize=SMALL, ha="center", va="top"),
            axes.text(0, 0, "critic", color=ORANGE, fontsize=SMALL, ha="right", va="center"),
            axes.text(0, 0, "sum", color=DARK, fontsize=SMALL, ha="left", va="bottom", weight="bold"),
        )
        self.verdict = axes.text(0.3, -0.35, "", fontsize=SMALL, ha="center", va="top")

    def show(self, result: Tug) -> str:
        """Put points, markers and arrows where the result says."""
        self.points.set_data(result.returns, result.values)
        self.named.set_data(result.returns[self.three], result.values[self.three])
        self.said.set_text(f"value_loss {result.value_loss:.3f}\nexplained_variance {result.explained_variance:.2f}")
        self._show_layers(result)
        self._show_plane(result)
        actor, critic, entropy = result.trunk_lengths
        cosine = f" (cosine of actor and critic {signed(result.cosine, 2)})" if result.shared_trunk else "s"
        return (
            f"vf_coef {result.vf_coef:g}, steps {result.steps}: value_loss {result.value_loss:.4f}, explained_variance "
            f"{result.explained_variance:.3f}, actor_loss {signed(result.actor_loss, 4)}, approx_kl "
            f"{result.approx_kl:.4f}; pulls at the trunk{cosine}: actor {actor:.3f}, critic {critic:.3f}, entropy "
            f"{entropy:.3f}; grad_norm {result.grad_norm:.2f}, clipped to {result.grad_norm * result.kept:.2f}"
        )

    def _show_layers(self, result: Tug) -> None:
        for term, lengths in enumerate(result.lengths):
            there = lengths > 0
            x, before, after = self.places[term][there], lengths[there], lengths[there] * result.kept
            self.stems[term].set_segments(segments(x, after, x, before))
            self.before[term].set_data(x, before)
            self.after[term].set_data(x, after)
        self.clip.set_text(f"clip: all times {result.kept:.2f}" if result.kept < 1 else "clip: nothing to shorten")

    def _show_plane(self, result: Tug) -> None:
        actor, critic, _ = result.trunk_lengths
        both = result.shared_trunk and critic > 0
        for artist in (self.arrows[0], self.arrows[2], self.tips[0], self.tips[2]):
            artist.set_visible(result.shared_trunk)
        for artist in (self.sides, self.arrows[1], self.tips[1]):
            artist.set_visible(both)
        self.verdict.set(text=_verdict(result), y=-0.35 if result.shared_trunk else 0.6)
        cosine = result.cosine if both else 0.0
        tips = np.array([(actor, 0), (critic * cosine, critic * (1 - cosine**2) ** 0.5), (0, 0)])
        tips[2] = tips[0] + tips[1]
        tips /= np.hypot(*tips.T).max()  # the longest arrow has length 1
        self.sides.set_data(*tips[[0, 2, 1]].T)
        for arrow, text, tip, shift in zip(self.arrows, self.tips, tips, SHIFTS, strict=True):
            arrow.set_positions((0, 0), tip)
            text.set_position(tip + shift)


SHIFTS = ((0, -0.06), (-0.06, 0), (0.05, 0.03))


def _verdict(result: Tug) -> str:
    if not result.shared_trunk:
        return "Two trunks:\nno weight is pulled by both.\nOnly the clip still couples them:\none factor for all."
    if not result.trunk_lengths[1]:
        return "The critic does not pull:\nthe actor steers alone."
    from_critic = np.degrees(np.arccos(result.cosine)) - result.from_actor
    return (
        f"The sum points {result.from_actor:.0f}° away\nfrom the actor's pull,\n{from_critic:.0f}° from the critic's."
    )


def explore() -> Explorer:
    """Move vf_coef, at any step of an update with it, with one trunk or two."""
    knobs = (
        Slider("vf_coef", "vf_coef", VF_COEFS, 0.5),
        Slider("steps", "gradient steps so far", tuple(range(17)), 8, play=300),
        Toggle("shared_trunk", "shared trunk", True),
    )
    text = "Explorer: vf_coef, gradient steps and the trunk against what the critic says and who pulls at which layer"
    return Explorer("Value loss", text, pull_trunk, ValueFace, knobs)
