"""The lesson's explorer: gradient runs back along every path it finds; only a cut keeps it out of the rollout."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    DPI,
    GREY,
    ORANGE,
    PAPER,
    SMALL,
    SOFT_BLUE,
    SOFT_ORANGE,
    TITLE,
    legend_above,
    new_figure,
    plain,
    rounded,
)
from ppo_lessons.interactive.controls import Choice, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.detaching.diagram import HEIGHT, HISTORY, LINKS, PLACES, SHARED, WIDTH, Link
from ppo_lessons.lessons.detaching.gradient_trace import LAYERS, LOSSES, GradientTrace, trace_gradients

SIZES = {1: (360, 240), 2: (580, 580), 3: (840, 390)}
"""Panels side by side -> width and height of the figure in CSS pixels."""
STAGES = {
    1: (None, (0.32, 0.19, 0.62, 0.57)),
    2: ((0, 0.34, 1, 0.66), (0.19, 0.075, 0.78, 0.185)),
    3: ((0, 0, 580 / 840, 1), (0.805, 0.13, 0.185, 0.72)),
}
"""Panels side by side -> where diagram and bars stand; in one column there is no room for the diagram."""


def _right_of(length: float) -> float:
    """Return where a text beside a bar begins, on a square-root scale."""
    return (length**0.5 + 0.08) ** 2


def _number(length: float) -> str:
    return "none" if math.isnan(length) else f"{length:.3f}" if length else "0"


class GradientFace:
    """Left the way back from the loss to the weights, right what arrives in each layer.

    Each box is a lamp under its name: the names stand still, the lamps are lit and put out.
    """

    def __init__(self, columns: int = 2) -> None:
        width, height = SIZES[columns]
        diagram, bars = STAGES[columns]
        self.figure, (left, right) = new_figure(width / DPI, height / DPI, 1, 2, layout=None)
        left.set_position(diagram or (0, 0, 1, 1))
        left.set_visible(diagram is not None)
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
        self.normalised = left.text(4.78, 1.92, "normalised", va="center", fontsize=SMALL, style="italic", color=DARK)
        self.begin = left.text(0, 0, "▼ backward()", ha="right", va="bottom", fontsize=SMALL, weight="bold", color=DARK)

        right.set_position(bars)
        plain(right, "what arrives", "length (root scale)")
        right.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        right.set(xlim=(0, 4), ylim=(5.6, -0.5))
        right.set_xticks([0, 0.1, 0.5, 1, 2], ["0", "0.1", "0.5", "1", "2"])
        right.set_yticks(range(6), LAYERS)
        right.tick_params(axis="y", length=0)
        self.bars = right.barh(range(6), 0.0, 0.56, color=SOFT_BLUE, edgecolor=BLUE, linewidth=1.2).patches
        look = dict(color=DARK, markeredgewidth=2)
        self.wanted = right.plot([], [], "|", markersize=17, **look)[0]
        self.said = [right.text(0, y, "", va="center", fontsize=SMALL) for y in range(6)]
        key = right.plot([], [], "|", markersize=9, **look)
        legend_above(right, 1, {"if rollout is data": key[0]})

    @classmethod
    def _draw_ground(cls, axes: Axes) -> None:
        """Draw what never moves: the band of the rollout, the names, and the words at the edges."""
        axes.add_patch(Rectangle((2.52, 0.94), 2.26, 1.5, facecolor=PAPER, edgecolor="#D8D8D0", linewidth=1))
        axes.text(2.58, 1.74, "rollout: history", va="center", fontsize=SMALL, style="italic", color=DARK)
        axes.text(0.08, 3.72, "forward →", va="center", fontsize=SMALL, color=GREY)
        axes.text(0.08, 3.5, "← gradient", va="center", fontsize=SMALL, color=BLUE, weight="bold")
        key = "thick: gradient flows   dashed: no path   hatched or thin, 0: paths cancel   ✂ cut"
        axes.text(0.08, 0.12, key, va="center", fontsize=SMALL, color=DARK)
        for name, (x, y, *_) in PLACES.items():
            if name != "critic_trunk":
                cls._write(axes, x, y + 0.1 * (name != "obs"), name)
        for trunk in ("actor_trunk", "critic_trunk"):
            axes.plot((0.39, 0.55), (PLACES["obs"][1], PLACES[trunk][1]), color=GREY, linewidth=0.9, linestyle="--")

    @staticmethod
    def _write(axes: Axes, x: float, y: float, text: str) -> Text:
        return axes.text(x, y, text, ha="center", va="center", fontsize=SMALL, color=DARK)

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
        return axes.text(*middle, "✂", ha="center", va="center", fontsize=TITLE, color=DARK)

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
                said.set(text="shared", x=_right_of(0), color=GREY)
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
        Toggle("advantage_normalisation", "normalise advantages"),
        Toggle("shared_trunk", "shared trunk"),
    )
    text = "Explorer: what is detached against the boxes, connections and layers that the gradient of a loss reaches"
    return Explorer("Gradient X-ray", text, trace_gradients, GradientFace, knobs)
