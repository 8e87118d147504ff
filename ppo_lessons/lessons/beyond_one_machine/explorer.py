"""The lesson's explorer: what more machines give, and where it stops paying.

What someone understands afterwards: work shrinks with the number of machines and talk does not; shared out, the rows
run out; with rows for each, they are worth less and less.
"""

import numpy as np

from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SMALL, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.beyond_one_machine.scaling import MACHINES, NETWORKS, Scaling, scale
from ppo_lessons.shipped.rank_costs import load_rank_costs

ROWS = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
HIDDEN = (64, 128, 256, 512, 1024)
HOW = ("shared out", "for each")
NOISE_SCALES = (1e4, 3e4, 1e5, 3e5, 1e6)


class ScalingFace:
    """Left the speed on 1 to 512 machines, right where the time of a cycle goes."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "speed / time", 2: "speed time", 3: "speed speed time"}
        self.figure, panels = new_panels(columns, plans, {1: 2.7, 2: 3.1, 3: 3.1}[columns])
        self._speed(panels["speed"])
        self._time(panels["time"])

    def _speed(self, axes) -> None:  # type: ignore[no-untyped-def]
        machines = np.array(MACHINES)
        axes.plot(machines, machines, ":", color=GREY, linewidth=1.2, label="R times as fast")
        (self.speed,) = axes.plot(machines, machines, "s--", color=BLUE, markersize=4, label="rows a second")
        (self.worth,) = axes.plot(machines, machines, "o-", color=ORANGE, markersize=4, label="towards the goal")
        self.pays = axes.axvline(1, color=DARK, linewidth=1.0, linestyle="-.")
        self.said = axes.text(0.97, 0.04, "", fontsize=SMALL, ha="right", color=DARK, transform=axes.transAxes)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.set(xlim=(0.8, 640), ylim=(0.003, 700))
        ticks = (1, 8, 64, 512)
        axes.set_xticks(ticks, ticks)
        axes.set_yticks((1 / 64, 1 / 8, *ticks), ("1/64", "1/8", *ticks))
        axes.minorticks_off()
        plain(axes, "", "machines", "times one machine")
        legend_above(axes, 2)

    def _time(self, axes) -> None:  # type: ignore[no-untyped-def]
        places = np.arange(len(MACHINES))
        looks = (("play", BLUE, ""), ("learn", GREEN, "//"), ("talk", ORANGE, "xx"))
        self.bars = {
            name: axes.bar(places, 0, 0.8, color=color, hatch=hatch, edgecolor="white", linewidth=0, label=name).patches
            for name, color, hatch in looks
        }
        axes.set(xlim=(-0.6, len(MACHINES) - 0.4), ylim=(0, 1.02))
        axes.set_xticks(places[::3], MACHINES[::3])
        plain(axes, "", "machines", "share of the work of a cycle")
        legend_above(axes, 3)

    def show(self, result: Scaling) -> str:
        """Put curves and bars where the formula says."""
        self.speed.set_ydata(result.speed)
        self.worth.set_ydata(result.worth)
        self.pays.set_xdata([result.pays_until] * 2)
        self.said.set_text(f"pays up to {result.pays_until}")
        for place, course in enumerate(result.courses):
            bottom, whole = 0.0, course.play + course.learn + course.talk
            for name, bars in self.bars.items():
                share = getattr(course, name) / whole
                bars[place].set(y=bottom, height=share)
                bottom += share
        return in_words(result)


def in_words(result: Scaling) -> str:
    """Say what 8, 64 and 512 machines give, in a line."""
    parts = [
        f"{machines} machines: {result.speed[place]:.2g} times the rows a second, {result.worth[place]:.2g} times "
        f"towards the goal, {result.talk_share[place]:.0%} talk"
        for place, machines in enumerate(MACHINES)
        if machines in (8, 64, 512)
    ]
    return f"{'; '.join(parts)}. More than half of each machine is used up to {result.pays_until}."


def explore() -> Explorer:
    """Let machines, network and rows grow."""
    costs = load_rank_costs()
    knobs = (
        Choice("how", "rows", HOW, HOW[0]),
        Slider("rows", "rows a cycle", ROWS, 4096),
        Slider("hidden_size", "hidden size", HIDDEN, 64),
        Choice("network", "network", tuple(NETWORKS), "10 Gbit/s"),
        Slider("noise_scale", "noise scale", NOISE_SCALES, 1e5),
        Toggle("waits", "all wait for the newest weights", True),
    )
    text = (
        "Explorer: rows, network size and bandwidth against the speed on 1 to 512 machines, and where it stops paying"
    )

    def worked_out(**values) -> Scaling:  # type: ignore[no-untyped-def]
        return scale(costs, **values)

    return Explorer("Machines", text, worked_out, ScalingFace, knobs)
