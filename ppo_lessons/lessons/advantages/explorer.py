"""The lesson's explorer: an advantage sums surprises up to an end; a wrong end reaches as far back as they count."""

import textwrap

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    legend_above,
    new_panels,
    plain,
    signed,
)
from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.marks import segments
from ppo_lessons.lessons.advantages.stretches import SLOTS, STRETCHES, TREATMENTS, Stretch, look_back

NAMES = {
    "terminated": "terminated",
    "truncated": "truncated",
    "full": "rollout full",
    "below": "followed by the row below",
}
WHY = {
    "terminated": "really over, nothing comes after",
    "truncated": "only cut off, the critic's estimate of the last thing seen",
    "full": "we only stop watching, the critic's estimate",
    "below": "the value of the row below",
}
"""What is expected after the last row, and why."""


def whats_after(result: Stretch) -> str:
    """Say what is expected after the last row, and why."""
    why = WHY[result.treated]
    if result.treated == "below":
        why += ", of a fallen detective" if result.fell else ", which knows nothing of this case"
    if not result.fell:
        credit = "nobody fell, no team credit" if result.team_credit else ""
    elif result.treated != "terminated":
        credit = "whoever is said to live on has no team credit"
    else:
        credit = f"team credit {signed(result.credit, 3)}" if result.team_credit else "no team credit"
    return f"{result.next_value:.3f} ({why}{'; ' * bool(credit)}{credit})"


class AdvantageFace:
    """Above what came and what was expected, below the surprises and the advantages that are made of them."""

    def __init__(self, columns: int = 2) -> None:
        self._columns = columns
        plan = "above / above / above / above / below / below / below / below / below"
        self.figure, panels = new_panels(columns, {1: plan}, 0.48)
        above, below = panels["above"], panels["below"]
        self.bands, self.beyond, self.walls = [], [], []
        for axes in (above, below):
            self.bands.append(axes.axvspan(-0.5, 0.5, color=SOFT_BLUE, linewidth=0, zorder=0))
            self.beyond.append(axes.axvspan(17.5, 19, color="#EFEFEF", linewidth=0, zorder=0))
            axes.axhline(0, color=DARK, linewidth=0.8)
            self.walls.append(axes.axvline(0, color=DARK, linewidth=2.5))
        legend_above(above, 2 * columns, self._make_expectations(above))
        legend_above(below, 2 * columns, self._make_surprises(below))

    def _make_expectations(self, axes: Axes) -> dict[str, Artist]:
        """Draw what came and what was expected; return what the legend names."""
        plain(axes, "what came, and what was expected", "", "reward, value")
        axes.set(xlim=(-0.6, SLOTS + 0.6), ylim=(-1.1, 4.3))
        axes.tick_params(labelbottom=False)
        self.said = axes.text(0, 4.2, "", fontsize=SMALL, color=DARK, va="top")
        self.rewards = axes.vlines([], [], [], color="#B0B0AA", linewidth=12)
        self.later_rewards = axes.vlines([], [], [], color="#D0D0CC", linewidth=12)
        self.credit = axes.bar(0, 0, 0.42, color="white", edgecolor=ORANGE, hatch="////", linewidth=1).patches[0]
        (self.path,) = axes.plot([], [], ":", color=ORANGE, linewidth=1.5)
        self.credited = axes.text(0, 0, "", fontsize=SMALL, color=ORANGE, ha="center")
        (self.later_values,) = axes.plot([], [], ".:", color="#5590BB", linewidth=1.2, markersize=4)
        (self.values,) = axes.plot([], [], ".-", color=BLUE, linewidth=1.5, markersize=5)
        (self.leap,) = axes.plot([], [], "--", color=BLUE, linewidth=1.2)
        (self.next_value,) = axes.plot([], [], "D", color=BLUE, markersize=8, markeredgecolor="white")
        self.expected = axes.text(0, 0, "", fontsize=SMALL, color=BLUE, fontweight="bold", va="center")
        return {
            "reward": Patch(color="#B0B0AA"),
            "value V": self.values,
            "expected after it": self.next_value,
            "team credit": self.credit,
        }

    def _make_surprises(self, axes: Axes) -> dict[str, Artist]:
        """Draw the TD errors and the advantages; return what the legend names."""
        plain(axes, "surprises, and the advantages", "step t of the rollout", "log scale beyond 1")
        axes.xaxis.labelpad = 16
        axes.set_yscale("symlog", linthresh=1, linscale=0.6, subs=(2, 3, 4, 5))
        axes.set(xlim=(-0.6, SLOTS + 0.6), ylim=(-9, 13))
        axes.set_yticks([-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 5], ["-3", "", "-1", "", "0", "", "1", "", "3", ""])
        axes.minorticks_off()
        axes.set_xticks(range(0, SLOTS, 3), [""] * (SLOTS // 3))
        look = dict(transform=axes.get_xaxis_transform(), va="top", ha="center", fontsize=SMALL)
        self.ticks = [axes.text(x, -0.05, "", **look) for x in range(0, SLOTS, 3)]
        self.later = axes.text(0, 11, "", fontsize=SMALL, color="#555555", va="top")
        self.parts = axes.vlines([], [], [], color="#7CC7B2", linewidth=11)
        (self.deltas,) = axes.plot([], [], "D", color=GREEN, markerfacecolor="white", markersize=5)
        (self.as_it_was,) = axes.plot([], [], "s--", color=GREY, markersize=4, markerfacecolor="white", linewidth=1)
        (self.advantages,) = axes.plot([], [], ".-", color=ORANGE, markersize=7, linewidth=1.3)
        (self.ring,) = axes.plot([], [], "o", color=ORANGE, markersize=12, markerfacecolor="none", markeredgewidth=2)
        self.number = axes.text(0, 7.5, "", fontsize=SMALL, color="#9A4000", fontweight="bold", ha="center")
        self.weights = [axes.text(0, -7, "", fontsize=SMALL, ha="center", color="#00694C") for _ in range(7)]
        return {
            "TD error": self.deltas,
            "what counts of it": Patch(color="#7CC7B2"),
            "advantage": self.advantages,
            "as recorded": self.as_it_was,
        }

    def show(self, result: Stretch) -> str:
        """Put the artists where the stretch says."""
        count, row = len(result.values), result.looked_at
        places, later = np.arange(count), count + np.arange(len(result.later_values))
        for x, tick in zip(range(0, SLOTS, 3), self.ticks, strict=True):
            tick.set_text(str(result.first + x) if result.first + x < 32 else "")
        for band, beyond, wall in zip(self.bands, self.beyond, self.walls, strict=True):
            band.set_x(row - 0.5)
            beyond.set(x=count - 0.5, width=SLOTS + 0.6 - (count - 0.5))
            wall.set_xdata([count - 0.5] * 2)

        self.rewards.set_segments(segments(places, 0, places, result.rewards))
        self.later_rewards.set_segments(segments(later, 0, later, result.later_rewards))
        self.values.set_data(places, result.values)
        self.later_values.set_data(later, result.later_values)
        self.leap.set_data([count - 1, count], [result.values[-1], result.next_value])
        self.next_value.set_data([count], [result.next_value])
        self.next_value.set_marker({"terminated": "X", "below": "s"}.get(result.treated, "D"))
        self.expected.set(
            position=(count + 0.35, max(result.next_value, 0) + 0.45 if self._columns > 1 else -0.7),
            text=f"{result.next_value:.2f}",
        )
        self._show_credit(result, count)

        self.parts.set_segments(segments(places, 0, places, result.weights * result.td_errors))
        self.deltas.set_data(places, result.td_errors)
        self.advantages.set_data(places, result.advantages)
        self.as_it_was.set_data(places, result.as_it_was)
        here = float(result.advantages[row])
        self.ring.set_data([row], [here])
        self.number.set(x=row, text=signed(here, 2))
        for place, text in enumerate(self.weights, row):
            shown = place < count and not (self._columns < 3 and (place - row) % 2)
            text.set(x=place, text=f"{result.weights[place]:.2f}" if shown else "")
        self._show_end(result, count)
        return self._in_words(result, here)

    def _show_end(self, result: Stretch, count: int) -> None:
        """Say at the wall how the last step is treated, and what comes behind it."""
        said = NAMES[result.treated]
        if result.treated != result.was:
            said += f"\n(in truth {NAMES[result.was]})"
        if self._columns == 1:
            said = textwrap.fill(said, 14)
        self.said.set(x=count - 0.2, text=said)
        self.later.set(x=count - 0.2, text=result.later if self._columns > 1 else "")

    def _in_words(self, result: Stretch, here: float) -> str:
        row, (t, e, a) = result.looked_at, result.badge
        recorded = signed(result.as_it_was[row], 3)
        return (
            f"row ({result.first + row}, {e}, {a}): advantage {signed(here, 3)} (end as recorded: {recorded}), return "
            f"{here + result.values[row]:.3f}; expected after t = {t}: {whats_after(result)}; a TD error k steps on "
            f"counts {result.decay:.3f}^k"
        )

    def _show_credit(self, result: Stretch, count: int) -> None:
        """Draw what is credited to a fallen detective, and where it comes from."""
        paid = result.credit != 0
        source, level = count + int(np.argmax(result.later_rewards)) if paid else 0, 2.2
        self.credit.set(x=count - 1.21, y=result.rewards[-1], height=result.credit, visible=paid)
        self.path.set_data(*([source, source, count - 1, count - 1], [1.1, level, level, 1.0]) if paid else ([], []))
        self.credited.set(position=((source + count - 1) / 2, level + 0.15), text=signed(result.credit, 3) * paid)


def explore() -> Explorer:
    """Move gamma and lambda, and the flags of the last step, on real stretches of the recording."""
    gammas = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
    knobs = (
        Choice("stretch", "the last row", tuple(STRETCHES), next(iter(STRETCHES))),
        Choice("last_step", "the last step is treated", TREATMENTS, TREATMENTS[0]),
        Slider("gamma", "gamma", gammas, 0.98),
        Slider("gae_lambda", "gae_lambda", tuple(round(0.05 * i, 2) for i in range(21)), 0.8),
        Slider("steps_before", "row looked at: steps before the last", tuple(range(7)), 4, play=500),
        Toggle("team_credit", "team_credit", True),
    )
    text = (
        "Explorer: gamma, gae_lambda, the flags of the last step and team_credit against the TD errors and advantages "
        "of four recorded stretches"
    )
    return Explorer("Advantages", text, look_back, AdvantageFace, knobs)
