"""The lesson's explorer: what each critic says of the same moment, and what really came.

What someone understands afterwards: a critic is not asked what to do, it is asked what to expect; the team's critic
notices what happens behind the fog, and the actor never does.
"""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.patches import Rectangle

from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, SMALL, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.team_critic.moments import PLACES, judge, judges, played_case, put_mate, views_of, what_came
from ppo_lessons.shipped.critics import CRITICS, SHOWN, Critics, load_critics
from ppo_lessons.spirit_world.board import draw_board
from ppo_lessons.spirit_world.rules import ACTION_NAMES, WorldState

LOWEST, HIGHEST = -1.0, 6.0
"""Of the values that the figure has room for."""


class Moment(NamedTuple):
    """One moment of the case for one detective."""

    step: int
    detective: int
    mate: int
    """Whom `where` is about."""
    where: str
    state: WorldState
    """With the mate in its place, one copy."""
    own: float
    team: float
    came: float
    """What really came, had the mate not been moved."""
    chances: list[float]
    """Of the actor's actions."""
    course: np.ndarray
    """Own, team, and what came, at each step of the case as it was played, (3, F - 1)."""
    seen: bool
    """Whether the detective sees the mate."""


def look(step: int, detective: int, where: str) -> Moment:
    """Look at one moment.

    Args:
        step: Of the case, from 0.
        detective: Whose value.
        where: Where the next mate (by number) is put, one of `PLACES`.

    Returns:
        What both critics say.
    """
    replay = played_case()
    mate = (detective + 1) % replay.actions.shape[1]
    state = put_mate(replay.frame(step), detective, mate, where)
    judged, (obs, _) = judge(state), views_of(state)
    with torch.no_grad():
        logits = judges()[0](obs)[0][0, detective]
    frames = WorldState(*(array[:-1] for array in replay.states))
    whole = judge(frames)
    came = what_came(replay.rewards)
    course = np.stack([whole.own[:, detective].numpy(), whole.team[:, detective].numpy(), came[:, detective]])
    from_mate = 3 + 4 + 4 * (mate - (mate > detective))
    return Moment(
        step=step,
        detective=detective,
        mate=mate,
        where=where,
        state=state,
        own=float(judged.own[0, detective]),
        team=float(judged.team[0, detective]),
        came=float(came[step, detective]),
        chances=logits.softmax(dim=-1).tolist(),
        course=course,
        seen=bool(obs[0, detective, from_mate + 3] > 0),
    )


class CriticsFace:
    """The board, what both critics say, the whole case, and what they foresaw while they learned."""

    def __init__(self, columns: int = 2) -> None:
        plans = {
            1: "board / says / course / foresaw",
            2: "board says / course foresaw",
            3: "board says course / board says foresaw",
        }
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 2.6, 3: 2.2}[columns])
        replay = played_case()
        size = replay.case.size
        board = panels["board"]
        self.board = board.imshow(draw_board(replay.case, replay.frame(0)), extent=(0, size, size, 0))
        self.ring = board.add_patch(Rectangle((0, 0), 0.98, 0.98, fill=False, edgecolor=DARK, linewidth=1.8))
        board.set_axis_off()
        plain(board, "the moment")

        says = panels["says"]
        self.bars = says.barh(range(3), 0, color=(BLUE, ORANGE, GREEN)).patches
        for bar, hatch in zip(self.bars, ("", "///", "..."), strict=True):
            bar.set(hatch=hatch, edgecolor="white", linewidth=0)
        self.numbers = [says.text(0, i, "", va="center", fontsize=SMALL, color=DARK) for i in range(3)]
        says.set(xlim=(LOWEST, HIGHEST + 1.2), ylim=(2.5, -0.5))
        says.set_yticks(range(3), ["own\ncritic", "team's\ncritic", "really\ncame"])
        says.axvline(0, color=DARK, linewidth=0.8)
        plain(says, "what is still to come", "discounted rewards")

        course = panels["course"]
        looks = (("own", BLUE, "-"), ("team's", ORANGE, "--"), ("came", GREEN, ":"))
        self.lines = [
            course.plot([], [], style, color=colour, linewidth=1.8, label=name)[0] for name, colour, style in looks
        ]
        self.now = course.axvline(0, color=DARK, linewidth=1)
        course.set(xlim=(0, len(replay) - 2), ylim=(LOWEST, HIGHEST))
        plain(course, "the whole case", "step")
        legend_above(course, columns=3)
        self._draw_foresaw(panels["foresaw"], load_critics()[SHOWN])

    def _draw_foresaw(self, axes, critics: Critics) -> None:
        """The explained variance while teams learned the case, each with its critic: this does not move."""
        steps = critics.agent_steps / 1e6
        for name, colour, style in (("own", BLUE, "-"), ("team", ORANGE, "--")):
            curves = critics.curves["explained_variance"][list(CRITICS).index(name)]
            axes.plot(
                steps, curves.mean(axis=0), style, color=colour, linewidth=1.8, label=name.replace("team", "team's")
            )
            axes.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        axes.set(xlim=(0, steps[-1]), ylim=(0, 1))
        plain(axes, "explained variance in training", "million agent-steps")
        legend_above(axes)

    def show(self, result: Moment) -> str:
        """Look at another moment."""
        self.board.set_data(draw_board(played_case().case, result.state))
        row, column = result.state.detectives[0, result.detective]
        self.ring.set_xy((column + 0.01, row + 0.01))
        values = (result.own, result.team, result.came)
        for bar, number, value in zip(self.bars, self.numbers, values, strict=True):
            bar.set_width(value)
            number.set(x=max(value, 0) + 0.1, text=f"{value:.2f}")
        for line, values_of in zip(self.lines, result.course, strict=True):
            line.set_data(range(len(values_of)), values_of)
        self.now.set_xdata([result.step] * 2)
        return self._in_words(result)

    def _in_words(self, result: Moment) -> str:
        likeliest = ACTION_NAMES[int(np.argmax(result.chances))]
        standing = result.state.health[0] > 0
        if not standing[result.detective]:
            return f"Step {result.step}: detective {result.detective} has fallen. Nobody asks a critic about it."
        seen = "sees" if result.seen else "does not see"
        return (
            f"Step {result.step}, detective {result.detective}: its own critic says {result.own:.2f}, the team's "
            f"{result.team:.2f}, really came {result.came:.2f}. It {seen} mate {result.mate} ({result.where}); its "
            f"likeliest action is {likeliest}, {max(result.chances):.0%}"
        )


def explore_critics() -> Explorer:
    """Go through a case in the fog, and move a mate behind it."""
    steps = tuple(range(len(played_case()) - 1))
    knobs = (
        Slider("step", "step of the case", steps, min(4, steps[-1]), play=600),
        Slider("detective", "detective", (0, 1, 2, 3), 0),
        Choice("where", "the next mate", PLACES, PLACES[0]),
    )
    text = "Critics: a moment in the fog, what the own and the team's critic say of it, and what really came"
    return Explorer("Critics", text, look, CriticsFace, knobs)
