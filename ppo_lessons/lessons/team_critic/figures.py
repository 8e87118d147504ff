"""The lesson's pictures: what each critic reads, and how teams fared with either."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from ppo_lessons.display.picture import BLUE, ORANGE, Picture, new_figure, plain
from ppo_lessons.shipped.critics import CRITICS, Critics

LOOKS = {"own": (BLUE, "-"), "team": (ORANGE, "--")}
"""Colour and line of each critic."""


def show_inputs(team_obs: Tensor, acting: Tensor) -> Picture:
    """Draw what the team's critic reads for each agent, one row each: light where a number is 0.

    Args:
        team_obs: For one copy, (A, A D + A).
        acting: Who is alive, bool, (A,).

    Returns:
        The picture.
    """
    agents, length = team_obs.shape
    size = (length - agents) // agents
    figure, axes = new_figure(5.8, 0.9 + 0.3 * agents)
    axes.imshow(np.abs(team_obs.numpy()), cmap="Blues", vmin=0, vmax=1.4, aspect="auto", interpolation="nearest")
    for border in range(1, agents + 1):
        axes.axvline(border * size - 0.5, color=ORANGE, linewidth=1.5)
    places = [(b + 0.5) * size - 0.5 for b in range(agents)]
    axes.set_xticks([*places, agents * size + agents / 2 - 0.5], [*(f"seen by {b}" for b in range(agents)), "who"])
    axes.set_yticks(range(agents), [f"{a}" if alive else f"{a}, fallen" for a, alive in enumerate(acting.tolist())])
    plain(axes, "a row for each detective's critic: what all see, and whose row it is", "", "detective")
    fallen = [str(a) for a, alive in enumerate(acting.tolist()) if not alive]
    said = f"{length} numbers for each of {agents} detectives: {agents} views of {size}, then its number, one-hot"
    return Picture(figure, f"{said}. Fallen: {', '.join(fallen) or 'nobody'}")


def show_critics(found: Mapping[str, Critics], quantity: str = "win_rate") -> Picture:
    """Draw how teams fared with each critic: mean, lowest and highest of the seeds.

    Args:
        found: Case -> its runs.
        quantity: Something that a team does, by its name in the atlas.

    Returns:
        The picture.
    """
    figure, panels = new_figure(5.8, 2.6, 1, len(found), sharey=True, squeeze=False)
    said = []
    for axes, (case, critics) in zip(panels[0], found.items(), strict=True):
        steps = critics.agent_steps / 1e6
        for name, curves in zip(CRITICS, critics.curves[quantity], strict=True):
            colour, style = LOOKS[name]
            known = np.isfinite(curves).all(axis=0)
            axes.plot(steps[known], curves[:, known].mean(axis=0), style, color=colour, linewidth=1.7, label=name)
            if name in ("own", "team"):
                low, high = curves[:, known].min(axis=0), curves[:, known].max(axis=0)
                axes.fill_between(steps[known], low, high, color=colour, alpha=0.13, linewidth=0)
        axes.set(xlim=(0, steps[-1]), ylim=(0, 1.02))
        plain(
            axes,
            case,
            "million agent-steps" if axes is panels[0, len(found) // 2] else "",
            quantity if axes is panels[0, 0] else "",
        )
        ends = {name: critics.behaviour[quantity][i].mean() for i, name in enumerate(CRITICS)}
        said.append(f"{case}: " + ", ".join(f"{name} {end:.2f}" for name, end in ends.items()))
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False, fontsize=9
    )
    return Picture(figure, f"{quantity} at the end, mean of the seeds. {'; '.join(said)}")
