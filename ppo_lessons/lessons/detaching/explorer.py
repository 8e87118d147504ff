"""Explorer of lesson 04: gradient runs back along every path it finds; only a cut keeps it out of the rollout."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text
from torch import Tensor

from ppo_lessons import losses
from ppo_lessons.actor_critic import ActorCritic, log_probs_and_entropy
from ppo_lessons.advantages import gae, with_team_credit
from ppo_lessons.buffer import Rows, Transition, flatten_rows
from ppo_lessons.display.gradients import GROUPS, NOT_REACHED, NOT_THERE
from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    PAPER,
    SOFT_BLUE,
    SOFT_ORANGE,
    new_figure,
    plain,
    rounded,
)
from ppo_lessons.interactive.controls import Choice, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.shipped.recorded_update import first_policy, one_pass, recording
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import Steps, forward_pass
from ppo_lessons.update import minibatch_losses

LOSSES = ("actor_loss", "value_loss", "entropy", "total_loss")
"""What `backward()` can start from."""
LAYERS = ("actor_trunk.0", "actor_trunk.2", "actor_head", "critic_trunk.0", "critic_trunk.2", "critic_head")
"""The layers of an `ActorCritic`, by their names in `named_parameters()`."""
FROZEN = ("old_log_probs", "advantages", "returns")
"""Fields of the rows that are to be data."""
ROUNDING = 1e-12
"""A gradient that is shorter, in float64, is 0: its paths cancel."""

Arrow = tuple[str, str]
"""A connection, from and to; "head, now" and "head, then": the pass through the network in the update, and before."""


class GradientTrace(NamedTuple):
    """Where one backward pass went. The length of a gradient is NaN where no path leads, and 0 where paths cancel."""

    loss: str
    """Name of what `backward()` started from."""
    boxes: dict[str, float | None]
    """Length of the gradient of each tensor, and of each part of the network; None: no such part (a shared trunk)."""
    arrows: dict[Arrow, float]
    """Length of what comes back along each connection."""
    layers: dict[str, float | None]
    """Length of the gradient of each layer's weights and biases, by `LAYERS`; None: no such layer."""
    wanted: dict[str, float | None]
    """The same if the rollout is data."""
    spoilt: tuple[str, ...]
    """Layers and parts of the network whose gradient is another one than if the rollout is data."""
    cuts: tuple[str, ...]
    """What the settings cut: "no_grad", and the detached fields of the rows."""
    with_graph: tuple[str, ...]
    """Fields of the rows that carry a graph into the losses."""
    normalised: bool
    """Whether the advantages were normalised."""
    value: float
    """Of the loss."""
    ratios: tuple[float, float]
    """Smallest and largest of the mini-batch."""
    grad_norm: float
    """Length of the gradient of all weights together."""


class Taps:
    """Keeps what runs through every connection, so that its gradient can be asked for afterwards.

    Each connection gets a view of its own: the gradient of that view is what comes back along this connection alone.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Tensor] = {}
        self.arrows: dict[Arrow, Tensor] = {}
        self.when = "then"

    def arrow(self, source: str, target: str, tensor: Tensor) -> Tensor:
        """Return the view of a tensor that goes from one box to another."""
        self.arrows[source, target] = view = tensor.view_as(tensor)
        return view

    def tapped(self, function: Callable[..., Any], sources: tuple[str, ...], *outputs: str) -> Callable[..., Any]:
        """Return the same function with a tap on its first arguments, by their names, and on its outputs."""

        def run(*arguments: Any) -> Any:
            taken = [self.arrow(name, outputs[0], value) for name, value in zip(sources, arguments, strict=False)]
            result = function(*taken, *arguments[len(taken) :])
            self.boxes.update(zip(outputs, result if isinstance(result, tuple) else (result,), strict=True))
            return result

        return run

    def watch(self, policy: ActorCritic) -> None:
        """Put a tap between the trunks and the heads of a network, for good."""
        for head, trunk in (("actor_head", "actor_trunk"), ("critic_head", "critic_trunk")):
            trunk = "actor_trunk" if policy.shared_trunk else trunk
            getattr(policy, head).register_forward_pre_hook(
                lambda _, inputs, head=head, trunk=trunk: self.arrow(trunk, f"{head}, {self.when}", inputs[0])
            )

    def steps(self) -> Steps:
        """Return the update's own steps, tapped."""
        tapped = self.tapped
        parts = ("actor_loss", "value_loss", "entropy")
        return Steps(
            forward_pass=tapped(forward_pass, (), "logits", "values"),
            log_probs_and_entropy=tapped(log_probs_and_entropy, (), "new_log_probs", "entropies"),
            importance_ratios=tapped(losses.importance_ratios, ("new_log_probs", "old_log_probs"), "ratios"),
            clipped_surrogate_loss=tapped(losses.clipped_surrogate_loss, ("ratios",), "actor_loss"),
            value_loss=tapped(losses.value_loss, ("values", "returns"), "value_loss"),
            entropy_bonus=tapped(losses.entropy_bonus, ("entropies",), "entropy"),
            total_loss=tapped(losses.total_loss, parts, "total_loss"),
        )


@lru_cache(maxsize=1)
def _data() -> tuple[Transition, Tensor, Tensor]:
    """Return the recorded steps, their rewards with team credit, and the last values, in float64."""
    buffer, last_values = recording().buffer, recording().last_values
    data = Transition(*(part.double() if part.is_floating_point() else part for part in buffer.data))
    return data, with_team_credit(data.rewards, data.acting, data.episode_over, CONFIG.gamma), last_values.double()


def play_again(policy: ActorCritic, taps: Taps, *, no_grad: bool) -> Rows:
    """Work the rows of the recording out once more under the policy that played them: the same numbers.

    Args:
        policy: Copy of the recorded policy, in float64.
        taps: Keep what runs through.
        no_grad: Whether it happens under `torch.no_grad()`, as it should.

    Returns:
        The rows; old_log_probs, advantages and returns carry a graph unless `no_grad`. (The values of final
        observations and after the last step are data here.)
    """
    data, rewards, last_values = _data()
    with torch.set_grad_enabled(not no_grad):
        logits, values = policy(data.obs)
        actions, acting = data.actions[data.acting], data.acting
        taps.boxes["old_values"] = values
        taps.boxes["old_log_probs"], _ = log_probs_and_entropy(logits[acting], actions)
        ends = (data.terminated, data.truncated, data.final_values, last_values)
        given = taps.arrow("old_values", "advantages", values)
        taps.boxes["advantages"] = advantages = gae(rewards, given, *ends, CONFIG.gamma, CONFIG.gae_lambda)
        given = taps.arrow("old_values", "returns", values)
        taps.boxes["returns"] = returns = taps.arrow("advantages", "returns", advantages) + given
        flat = (flatten_rows(tensor, acting) for tensor in (returns, advantages))
        return Rows(data.obs[acting], actions, taps.boxes["old_log_probs"], *flat)


class _Backward(NamedTuple):
    """What one backward pass found."""

    lengths: dict[Any, float]
    """Of the gradient of each box, connection and layer; NaN where no path leads."""
    gradients: dict[str, Tensor]
    """Of the weights and biases of each layer that the network has, as one vector; 0 where no path leads."""
    value: float
    ratios: tuple[float, float]
    with_graph: tuple[str, ...]


@lru_cache(maxsize=128)
def _backward(loss: str, no_grad: bool, detached: tuple[str, ...], shared: bool, normalise: bool) -> _Backward:
    policy, taps = copy.deepcopy(first_policy(shared)).double(), Taps()
    taps.watch(policy)
    rows = play_again(policy, taps, no_grad=no_grad)
    rows = rows._replace(**{name: getattr(rows, name).detach() for name in detached})
    minibatch = Rows(*(tensor.index_select(0, one_pass()[0]) for tensor in rows))
    with_graph = tuple(name for name, tensor in minibatch._asdict().items() if tensor.requires_grad)
    taps.when = "now"
    minibatch = minibatch._replace(advantages=taps.arrow("advantages", "actor_loss", minibatch.advantages))
    config = replace(CONFIG, normalise_advantages=normalise)
    start = getattr(minibatch_losses(policy, minibatch, config, taps.steps()), loss)

    asked: dict[Any, list[Tensor]] = {name: [tensor] for name, tensor in (taps.boxes | taps.arrows).items()}
    for name, parameter in policy.named_parameters():  # a shared trunk is named once, as the actor's
        asked.setdefault(name.rpartition(".")[0], []).append(parameter)
    tensors = [tensor for group in asked.values() for tensor in group if tensor.requires_grad]
    found = dict(zip(map(id, tensors), torch.autograd.grad(start, tensors, allow_unused=True), strict=True))
    came = {name: [found.get(id(tensor)) for tensor in group] for name, group in asked.items()}

    ratios = taps.boxes["ratios"].detach()
    return _Backward(
        {name: _length(gradients) for name, gradients in came.items()},
        {name: _vector(asked[name], came[name]) for name in LAYERS if name in asked},
        float(start.detach()),
        (float(ratios.min()), float(ratios.max())),
        with_graph,
    )


def _vector(weights: list[Tensor], gradients: list[Tensor | None]) -> Tensor:
    pairs = zip(weights, gradients, strict=True)
    return torch.cat([(torch.zeros_like(w) if gradient is None else gradient).flatten() for w, gradient in pairs])


def _length(gradients: list[Tensor | None]) -> float:
    found = [gradient.norm() for gradient in gradients if gradient is not None]
    if not found:
        return NOT_REACHED
    length = float(torch.stack(found).norm())
    return length if length > ROUNDING else 0.0


def trace_gradients(
    loss: str,
    no_grad: bool,
    detach_old_log_probs: bool,
    detach_advantages: bool,
    detach_returns: bool,
    normalise_advantages: bool,
    shared_trunk: bool,
) -> GradientTrace:
    """Send one loss of a real mini-batch backwards, and look where its gradient arrives; no weight is changed.

    Args:
        loss: Which one, of `LOSSES`.
        no_grad: Whether the rollout is played under `torch.no_grad()`.
        detach_old_log_probs: Whether this field of the rows is detached.
        detach_advantages: As above.
        detach_returns: As above.
        normalise_advantages: Whether the advantages get mean 0 and standard deviation 1 before the loss.
        shared_trunk: Whether actor and critic share the hidden layers; if not, they have two equal copies of them.

    Returns:
        Where gradient flows, as autograd says.
    """
    chosen = zip(FROZEN, (detach_old_log_probs, detach_advantages, detach_returns), strict=True)
    detached = tuple(name for name, cut in chosen if cut)
    found = _backward(loss, no_grad, detached, shared_trunk, normalise_advantages)
    wanted = _backward(loss, no_grad, FROZEN, shared_trunk, normalise_advantages)
    spoilt = [
        layer
        for layer, gradient in found.gradients.items()
        if not torch.allclose(gradient, wanted.gradients[layer], rtol=1e-9, atol=ROUNDING)
    ]
    parts = {part: [layer for layer in found.gradients if layer.split(".")[0] == part] for part in GROUPS}
    return GradientTrace(
        loss,
        {name: length for name, length in found.lengths.items() if isinstance(name, str) and name not in LAYERS}
        | {part: _together(found, layers) for part, layers in parts.items()},
        {name: length for name, length in found.lengths.items() if isinstance(name, tuple)},
        {layer: found.lengths.get(layer, NOT_THERE) for layer in LAYERS},
        {layer: wanted.lengths.get(layer, NOT_THERE) for layer in LAYERS},
        (*spoilt, *(part for part, layers in parts.items() if set(layers) & set(spoilt) and part not in spoilt)),
        (*(("no_grad",) if no_grad else ()), *detached),
        found.with_graph,
        normalise_advantages,
        found.value,
        found.ratios,
        _together(found, list(found.gradients)) or 0.0,
    )


def _together(found: _Backward, layers: list[str]) -> float | None:
    """Return the length of the gradient of some layers together."""
    if not layers:
        return NOT_THERE
    reached = [found.gradients[layer] for layer in layers if not math.isnan(found.lengths[layer])]
    return _length([*reached])


WIDTH, HEIGHT = 6.72, 3.9
"""Of the diagram, in inches: the unit of the places below."""
PLACES = {
    "obs": (0.22, 1.78, 0.34, 0.3),
    "actor_trunk": (1.02, 2.72, 0.8, 0.5),
    "critic_trunk": (1.02, 0.84, 0.8, 0.5),
    "actor_head": (2.1, 2.72, 0.78, 0.5),
    "critic_head": (2.1, 0.84, 0.78, 0.5),
    "entropies": (3.21, 3.4, 0.94, 0.4),
    "new_log_probs": (3.21, 2.84, 0.94, 0.4),
    "old_log_probs": (3.21, 2.14, 0.94, 0.4),
    "old_values": (3.21, 1.34, 0.94, 0.4),
    "values": (3.21, 0.44, 0.94, 0.4),
    "ratios": (4.3, 2.84, 0.72, 0.4),
    "advantages": (4.3, 2.0, 0.74, 0.4),
    "returns": (4.3, 1.2, 0.74, 0.4),
    "entropy": (5.27, 3.4, 0.72, 0.4),
    "actor_loss": (5.27, 2.5, 0.72, 0.4),
    "value_loss": (5.27, 0.6, 0.72, 0.4),
    "total_loss": (6.25, 2.0, 0.72, 0.4),
}
"""Centre, width and height of each box."""
SHARED = (1.02, 1.78, 0.8, 2.38)
"""Of a trunk that both share."""
HISTORY = ("old_log_probs", "old_values", "advantages", "returns")
"""Boxes of the rollout."""


class Link(NamedTuple):
    """A connection of the diagram, in the direction of the forward pass."""

    source: str
    target: str
    when: str = ""
    """Of connections inside the network: in which pass."""
    shift: float = 0.0
    """How far beside the middle of its boxes it runs, in inches."""
    cut: str = ""
    """Which setting cuts it."""

    def length(self, trace: GradientTrace) -> float:
        """Return the length of what comes back along it."""
        if self.when:
            ends = [key for key in trace.arrows if key[1] == f"{self.target}, {self.when}"]
            return trace.arrows[ends[0]]
        length = trace.arrows.get((self.source, self.target), trace.boxes[self.target])
        return NOT_REACHED if length is None else length

    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where it leaves its source and where it meets its target."""
        x0, y0, w0, h0 = PLACES[self.source]
        x1, y1, w1, h1 = PLACES[self.target]
        if x0 == x1:
            return (x0, y0 - h0 / 2), (x1, y1 + h1 / 2)
        slope = 0.0 if self.when else 0.1 * (y1 > y0) - 0.1 * (y1 < y0)
        return (x0 + w0 / 2, y0 + self.shift + slope), (x1 - w1 / 2, y1 + self.shift - slope)


LINKS = (
    *(Link(f"{part}_trunk", f"{part}_head", "now", 0.1) for part in ("actor", "critic")),
    *(Link(f"{part}_trunk", f"{part}_head", "then", -0.1) for part in ("actor", "critic")),
    Link("actor_head", "entropies"),
    Link("actor_head", "new_log_probs"),
    Link("actor_head", "old_log_probs", cut="no_grad"),
    Link("critic_head", "old_values", cut="no_grad"),
    Link("critic_head", "values"),
    Link("new_log_probs", "ratios"),
    Link("old_log_probs", "ratios", cut="old_log_probs"),
    Link("old_values", "advantages"),
    Link("old_values", "returns"),
    Link("advantages", "returns"),
    Link("entropies", "entropy"),
    Link("ratios", "actor_loss"),
    Link("advantages", "actor_loss", cut="advantages"),
    Link("values", "value_loss"),
    Link("returns", "value_loss", cut="returns"),
    Link("entropy", "total_loss"),
    Link("actor_loss", "total_loss"),
    Link("value_loss", "total_loss"),
)


def _right_of(length: float) -> float:
    """Return where a text beside a bar begins, on a square-root scale."""
    return (length**0.5 + 0.08) ** 2


def _number(length: float) -> str:
    return "none" if math.isnan(length) else f"{length:.3f}" if length else "0"


class GradientFace:
    """Left the way back from the loss to the weights, right what arrives in each layer.

    Each box is a lamp under its name: the names stand still, the lamps are lit and put out.
    """

    def __init__(self) -> None:
        self.figure, (left, right) = new_figure(9.4, HEIGHT, 1, 2, layout=None)
        left.set_position((0, 0, WIDTH / 9.4, 1))
        left.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        left.set_axis_off()
        self._draw_ground(left)
        self.lines = [self._make_line(left, link) for link in LINKS]
        boxes = {name: place for name, place in PLACES.items() if name != "obs"} | {"shared": SHARED}
        lamps = boxes | {"shared": PLACES["actor_trunk"]}
        self.frames = {name: self._make_box(left, *place) for name, place in boxes.items()}
        self.lamps = {name: self._make_lamp(left, *place) for name, place in lamps.items()}
        self.numbers = {name: self._write(left, x, y - 0.09, "") for name, (x, y, *_) in lamps.items()}
        self.critic_trunk = self._write(
            left, PLACES["critic_trunk"][0], PLACES["critic_trunk"][1] + 0.1, "critic_trunk"
        )
        self.scissors = [self._make_scissors(left, link) for link in LINKS if link.cut]
        self.normalised = left.text(4.86, 2.14, "normalised", va="center", fontsize=8, style="italic", color=DARK)
        self.begin = left.text(0, 0, "▼ backward()", ha="right", va="bottom", fontsize=8, weight="bold", color=DARK)

        right.set_position(((WIDTH + 0.98) / 9.4, 0.13, (9.4 - WIDTH - 1.1) / 9.4, 0.72))
        plain(right, "", "length (square-root scale)", "")
        right.set_title("the gradient that arrives", fontsize=10, loc="right", color=DARK, pad=20)
        right.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        right.set(xlim=(0, 4), ylim=(5.6, -0.5))
        right.set_xticks([0, 0.1, 0.5, 1, 2], ["0", "0.1", "0.5", "1", "2"])
        right.set_yticks(range(6), LAYERS)
        right.tick_params(axis="y", length=0)
        self.bars = right.barh(range(6), 0.0, 0.56, color=SOFT_BLUE, edgecolor=BLUE, linewidth=1.2).patches
        look = dict(color=DARK, markeredgewidth=2)
        self.wanted = right.plot([], [], "|", markersize=17, **look)[0]
        self.said = [right.text(0, y, "", va="center", fontsize=8) for y in range(6)]
        key = right.plot([], [], "|", markersize=9, label="if the rollout is data", **look)
        right.legend(handles=key, fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.05, 0.98))
        self.moving = (
            *(part for line in self.lines for part in line),
            *(*self.frames.values(), *self.lamps.values(), *self.numbers.values(), self.critic_trunk),
            *(*self.scissors, self.normalised, self.begin, *self.bars, self.wanted, *self.said),
        )

    @classmethod
    def _draw_ground(cls, axes: Axes) -> None:
        """Draw what never moves: the band of the rollout, the names, and the words at the edges."""
        axes.add_patch(Rectangle((2.66, 0.92), 2.09, 1.5, facecolor=PAPER, edgecolor="#D8D8D0", linewidth=1))
        axes.text(2.74, 1.74, "rollout: history", va="center", fontsize=8, style="italic", color=DARK)
        axes.text(0.08, 3.72, "forward →", va="center", fontsize=9, color=GREY)
        axes.text(0.95, 3.72, "← gradient", va="center", fontsize=9, color=BLUE, weight="bold")
        key = "thick: gradient flows, with its length    dashed: no path    hatched or thin, 0: paths cancel    ✂ cut"
        axes.text(0.08, 0.1, key, va="center", fontsize=8, color=DARK)
        for name, (x, y, *_) in PLACES.items():
            if name != "critic_trunk":
                cls._write(axes, x, y + 0.1 * (name != "obs"), name)
        for trunk in ("actor_trunk", "critic_trunk"):
            axes.plot((0.36, 0.62), (PLACES["obs"][1], PLACES[trunk][1]), color=GREY, linewidth=0.9, linestyle="--")

    @staticmethod
    def _write(axes: Axes, x: float, y: float, text: str) -> Text:
        return axes.text(x, y, text, ha="center", va="center", fontsize=8, color=DARK)

    @staticmethod
    def _make_box(axes: Axes, x: float, y: float, width: float, height: float) -> Rectangle:
        return axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, fill=False))

    @staticmethod
    def _make_lamp(axes: Axes, x: float, y: float, width: float, height: float) -> Rectangle:
        return axes.add_patch(Rectangle((x - width / 2 + 0.04, y - 0.17), width - 0.08, 0.16, linewidth=0))

    @staticmethod
    def _make_line(axes: Axes, link: Link) -> tuple[Line2D, Polygon]:
        """Draw a connection, and the head of an arrow that points back to its source."""
        begin, end = np.array(link.ends())
        along = (end - begin) / np.hypot(*(end - begin))
        across = np.array((-along[1], along[0]))
        head = begin + np.array((0 * along, 0.13 * along + 0.07 * across, 0.13 * along - 0.07 * across))
        return axes.plot(*zip(begin, end, strict=True))[0], axes.add_patch(Polygon(head, linewidth=0))

    @staticmethod
    def _make_scissors(axes: Axes, link: Link) -> Text:
        middle = np.mean(link.ends(), axis=0)
        return axes.text(*middle, "✂", ha="center", va="center", fontsize=13, color=DARK)

    def show(self, result: GradientTrace) -> str:
        """Light what gradient flows through."""
        for link, (line, head) in zip(LINKS, self.lines, strict=True):
            length = link.length(result)
            colour = ORANGE if link.when == "then" or {link.source, link.target} & set(HISTORY) else BLUE
            flows = length > 0
            line.set(
                color=colour if flows else GREY if math.isnan(length) else DARK,
                linewidth=2.6 if flows else 0.9,
                linestyle=(0, (4, 3)) if math.isnan(length) else "-",
            )
            head.set(visible=flows, facecolor=colour)
        shared = result.boxes["critic_trunk"] is None
        for name in self.frames:
            there = (name == "shared") == shared if name.endswith("trunk") or name == "shared" else True
            self._show_box(name, result, there)
        for mark, cut in zip(self.scissors, (link.cut for link in LINKS if link.cut), strict=True):
            mark.set_visible(cut in result.cuts)
        self.critic_trunk.set_visible(not shared)
        self.normalised.set_visible(result.normalised)
        x, y, width, height = PLACES[result.loss]
        self.begin.set_position((x + width / 2 + 0.06, y + height / 2 + 0.03))
        self._show_bars(result)
        return _in_words(result)

    def _show_box(self, name: str, result: GradientTrace, there: bool) -> None:
        frame, lamp, number = self.frames[name], self.lamps[name], self.numbers[name]
        name = "actor_trunk" if name == "shared" else name
        length = result.boxes[name]
        lit = there and length is not None and not math.isnan(length)
        frame.set_visible(there)
        lamp.set_visible(lit)
        number.set_visible(lit)
        colour, soft = (ORANGE, SOFT_ORANGE) if name in HISTORY or name in result.spoilt else (BLUE, SOFT_BLUE)
        frame.set(edgecolor=colour if lit else GREY, linewidth=2 if lit else 0.9, linestyle="-" if lit else "--")
        if lit:
            lamp.set(facecolor=soft if length else "white", edgecolor=colour, hatch=None if length else "////")
            number.set_text(_number(length))
            number.set_bbox(None if length else dict(facecolor="white", edgecolor="none", pad=1))

    def _show_bars(self, result: GradientTrace) -> None:
        marks = []
        for y, (layer, bar, said) in enumerate(zip(LAYERS, self.bars, self.said, strict=True)):
            length, wanted = result.layers[layer], result.wanted[layer]
            spoilt = layer in result.spoilt
            if length is None or wanted is None:
                bar.set_width(0)
                said.set(text="shared: see actor_trunk", x=_right_of(0), color=GREY)
                continue
            bar.set(
                width=0 if math.isnan(length) else length,
                facecolor=SOFT_ORANGE if spoilt else SOFT_BLUE,
                edgecolor=ORANGE if spoilt else BLUE,
                hatch="////" if spoilt else None,
            )
            if wanted > 0:
                marks.append((wanted, y))
            ends = [end for end in (length, wanted) if end > 0]
            said.set(
                text=_number(length) if length else "0: they cancel",
                x=_right_of(max(ends, default=0)),
                color=GREY if math.isnan(length) else DARK,
            )
        self.wanted.set_data(*np.reshape(marks, (-1, 2)).T)


def _in_words(result: GradientTrace) -> str:
    """Return what one backward pass did in one line."""
    lengths = {layer: length for layer, length in result.layers.items() if length is not None}
    groups = {
        "reaches": [layer for layer, length in lengths.items() if length > 0],
        "paths cancel to 0 in": [layer for layer, length in lengths.items() if length == 0],
        "no path to": [layer for layer, length in lengths.items() if math.isnan(length)],
        "another gradient than it should be": [layer for layer in result.spoilt if layer in lengths],
    }
    said = "; ".join(f"{what}: {', '.join(layers)}" for what, layers in groups.items() if layers)
    value, (low, high) = rounded(result.value, 4), result.ratios
    return (
        f"{result.loss} {value:.4f}, ratios {low:.2f} to {high:.2f}, grad_norm {result.grad_norm:.3f}. "
        f"{said[0].upper()}{said[1:]}. Cut: {', '.join(result.cuts) or 'nothing'}; "
        f"with a graph: {', '.join(result.with_graph) or 'no field of the rows'}"
        f"{'; advantages normalised' if result.normalised else ''}"
    )


def explore() -> Explorer:
    """Choose what is cut off from the graph, and see where a loss of one recorded mini-batch goes."""
    knobs = (
        Choice("loss", "backward from", LOSSES, "actor_loss"),
        Toggle("no_grad", "rollout under no_grad"),
        Toggle("detach_old_log_probs", "detach old_log_probs", True),
        Toggle("detach_advantages", "detach advantages", True),
        Toggle("detach_returns", "detach returns", True),
        Toggle("normalise_advantages", "normalise advantages"),
        Toggle("shared_trunk", "shared trunk"),
    )
    text = "Explorer: what is detached against the boxes, connections and layers that the gradient of a loss reaches"
    return Explorer("Gradient X-ray", text, trace_gradients, GradientFace, knobs)
