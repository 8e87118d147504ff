"""The lesson's pictures: who decided when, where a team went, and how others learned in worlds that others wrote."""

from collections.abc import Mapping

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SOFT_BLUE, Picture, new_figure, plain

LOOKS = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, ":", "^"))
"""Colour, line and marker of each agent."""


def show_decisions(acting: np.ndarray, episode_over: np.ndarray) -> Picture:
    """Draw which places of a buffer hold a decision, for one copy of a world.

    Args:
        acting: Who decided something, bool, (T, A).
        episode_over: With which steps an episode ended, bool, (T,).

    Returns:
        The picture.
    """
    steps, agents = acting.shape
    figure, axes = new_figure(5.8, 1.15 + 0.22 * agents)
    axes.imshow(acting.T, cmap="Blues", vmin=0, vmax=1.5, aspect="auto", interpolation="nearest")
    ends = np.flatnonzero(episode_over)
    for end in ends:
        axes.axvline(end + 0.5, color=ORANGE, linewidth=1.6, linestyle="--")
    axes.set_yticks(range(agents), [f"{a}" for a in range(agents)])
    plain(axes, "one copy of the world: who decided something, step by step", "step", "agent")
    handles = [
        Patch(color="#3787C0", label="a decision: a row"),
        Patch(facecolor="white", edgecolor=GREY, label="fallen: no row"),
        Line2D([], [], color=ORANGE, linestyle="--", label="an episode ends"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    said = f"{steps} steps of {agents} agents in one copy: {acting.size} places, {int(acting.sum())} decisions"
    return Picture(figure, f"{said}, {len(ends)} episodes ended")


def show_walks(walks: Mapping[str, tuple[np.ndarray, np.ndarray]], cells: int) -> Picture:
    """Draw where a team went in a corridor with lanterns, before and after.

    Args:
        walks: Title -> places of the agents, at first where they begin, (T, A), and those of the lanterns, (K,).
        cells: Length of the corridor.

    Returns:
        The picture.
    """
    figure, panels = new_figure(5.8, 2.9, 1, len(walks), sharey=True, squeeze=False)
    longest, said = max(len(places) for places, _ in walks.values()), []
    for axes, (title, (places, lanterns)) in zip(panels[0], walks.items(), strict=True):
        steps, agents = places.shape
        for lantern in lanterns:
            axes.axvspan(lantern - 0.42, lantern + 0.42, color="#F6D06F", alpha=0.55, linewidth=0)
        for a in range(agents):
            colour, style, marker = LOOKS[a % len(LOOKS)]
            beside = (a - (agents - 1) / 2) * 0.16  # so that agents in one cell can be told apart
            line = axes.plot(places[:, a] + beside, range(steps), style, color=colour, linewidth=1.4)[0]
            line.set(marker=marker, markersize=4)
        shine = np.mean([np.isin(lanterns, now).mean() for now in places[1:]])
        axes.set(xlim=(-0.5, cells - 0.5), ylim=(longest - 0.5, -0.5))
        axes.set_xticks(range(cells))
        plain(axes, f"{title}: {shine:.0%} shine", "cell", "step" if axes is panels[0, 0] else "")
        much = "few" if shine < 0.5 else "some" if shine < 0.6 else "most"  # a team is another one on another machine
        said.append(f"{title}: {much} of the lanterns shine")
    return Picture(figure, f"Where the agents go in the corridor, step by step. {'; '.join(said)}")


def show_learning(worlds: Mapping[str, tuple[np.ndarray, np.ndarray, float]]) -> Picture:
    """Draw how teams learned in some worlds: mean, lowest and highest of the seeds, and what chance earns.

    Args:
        worlds: Name -> agent-steps (P,), returns of an episode (S, P), and the mean return of random play.

    Returns:
        The picture.
    """
    figure, panels = new_figure(5.8, 2.5, 1, len(worlds), squeeze=False)
    said = []
    for axes, (name, (steps, returns, chance)) in zip(panels[0], worlds.items(), strict=True):
        thousand = steps / 1e3
        axes.fill_between(thousand, returns.min(axis=0), returns.max(axis=0), color=SOFT_BLUE, linewidth=0)
        axes.plot(thousand, returns.mean(axis=0), color=BLUE, linewidth=1.8)
        axes.axhline(chance, color=DARK, linewidth=1.2, linestyle=":")
        axes.set(xlim=(0, thousand[-1]))
        first = axes is panels[0, 0]
        plain(axes, name, "thousand agent-steps" if axes is panels[0, len(worlds) // 2] else "")
        axes.set_ylabel("return of an episode" if first else "", fontsize=9)
        said.append(f"{name}: by chance {chance:.1f}, at the end {returns[:, -1].mean():.1f}")
    handles = [Line2D([], [], color=BLUE, label="mean of the seeds (band: all)"),
               Line2D([], [], color=DARK, linestyle=":", label="by chance")]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return Picture(figure, f"Mean return of an episode. {'; '.join(said)}")
