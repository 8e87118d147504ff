"""The lesson's explorer: what a mask must do to the chances, to the entropy and to the gradient.

What someone understands afterwards: a logit of 0 is no probability of 0, chances that are only multiplied do not add
up, minus infinity makes the entropy NaN, and with -1e9 nothing pulls on what is forbidden.
"""

import numpy as np
from matplotlib.axes import Axes

from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, SMALL, TITLE, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.other_worlds.masking import MASKS, WAYS, Masked, in_words, mask_row
from ppo_lessons.spirit_world.rules import ACTION_NAMES

TIMES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Factors of the logits."""


class MaskFace:
    """Left the chances with and without the mask, right the pull on the logits."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "chances / pull", 2: "chances pull", 3: "chances chances pull"}
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 3.0, 3: 3.0}[columns])
        self._chances(panels["chances"])
        self._pull(panels["pull"])

    def _chances(self, axes: Axes) -> None:
        places = np.arange(len(ACTION_NAMES))
        look = dict(color="white", hatch="...", edgecolor=GREY, linewidth=0.8)
        self.before = axes.bar(places, 0, 0.9, label="without mask", **look).patches
        self.now = axes.bar(places, 0, 0.62, color=BLUE, label="with mask").patches
        self.illegal = [axes.text(x, 0.02, "", fontsize=TITLE, ha="center", color=ORANGE) for x in places]
        self.said = axes.text(4.4, 0.9, "", fontsize=SMALL, ha="right", color=DARK)
        axes.set(ylim=(0, 1.04))
        axes.set_xticks(places, ACTION_NAMES)
        plain(axes, "chances (x: illegal)")
        legend_above(axes)

    def _pull(self, axes: Axes) -> None:
        places = np.arange(len(ACTION_NAMES))
        self.pulls = axes.bar(places, 0, 0.62, color=GREY, hatch="//", edgecolor=DARK, linewidth=0.5).patches
        self.nan = axes.text(2, 0.4, "", fontsize=TITLE, ha="center", color=ORANGE)
        axes.axhline(0, color=DARK, linewidth=0.8)
        axes.set(ylim=(-1.1, 1.1))
        axes.set_xticks(places, ACTION_NAMES)
        plain(axes, "pull on each logit: ln pi of the first\nlegal action, and the entropy")

    def show(self, result: Masked) -> str:
        """Put the bars where the result says."""
        for a, legal in enumerate(result.legal):
            self.before[a].set_height(float(result.before[a]))
            self.now[a].set_height(float(result.chances[a]))
            self.illegal[a].set(text="" if legal else "x", y=float(max(result.before[a], result.chances[a])) + 0.015)
        total = f"together {float(result.chances.sum()):.2f}"
        self.said.set_text(f"{total}, entropy {result.entropy:.2f}".replace("nan", "NaN"))
        nan = np.isnan(result.pull)
        for bar, height in zip(self.pulls, np.where(nan, 0, result.pull), strict=True):
            bar.set_height(float(height))
        self.nan.set_text("NaN: so would be\nevery weight" if nan.any() else "")
        return in_words(result).replace("nan", "NaN")


def explore_masks() -> Explorer:
    """Forbid some actions, in four ways."""
    knobs = (
        Choice("legal", "legal", tuple(MASKS), "two of five"),
        Choice("way", "what is done", WAYS, WAYS[0]),
        Slider("times", "logits times", TIMES, 1.0),
    )
    text = "Explorer: four ways to forbid actions, against the chances, the entropy and the pull on the logits"
    return Explorer("Masks", text, mask_row, MaskFace, knobs)
