"""The lesson's explorer: ways through the cases, stage by stage.

What someone understands afterwards: what a team can do in a case that it never saw, what each stage adds, what it
costs of the cases before, and that the road matters as much as the goal.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, SMALL, TITLE, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.shipped.ways import LADDER, SEEDS, WAYS, Walked, load_ways
from ppo_lessons.spirit_world.evaluation import Replay

MOST_STAGES = max(len(stages) for stages in WAYS.values())
MOST_STEPS = 8.2
"""Million agent-steps that the figure has room for."""


BESIDE = {
    "survival": ("standing at the end", 1),
    "teaming_up": ("together at a spirit", 4),
    "health_lost_alone": ("health lost alone", 8),
    "case_length": ("steps of a case", 128),
    "explained_variance": ("explained variance", 1),
}
"""What can be drawn beside the win rate: what its line says, and the number at its top."""


class Page(NamedTuple):
    """One stage of one way."""

    way: str
    walked: Walked
    stage: int
    """From 0; the last one if the way has not so many."""
    beside: str
    seed: int
    forgotten: np.ndarray
    """Of each case of the ladder: the best win rate at an earlier stage, less the one now, mean of the seeds, (K,)."""
    replays: dict[str, Replay]


@lru_cache(maxsize=1)
def shipped() -> dict[str, Walked]:
    """Return the shipped ways; not to be changed."""
    return load_ways()


@lru_cache(maxsize=64)
def _replay(way: str, stage: int, seed: int, after: bool) -> Replay:
    return shipped()[way].replay(stage, seed, after)


def open_page(way: str, stage: int, beside: str, seed: int) -> Page:
    """Look up what a stage of a way has made of the team.

    Args:
        way: One of `WAYS`.
        stage: From 1.
        beside: What is drawn beside the win rate, one of `BESIDE`.
        seed: Of the team whose case is replayed.

    Returns:
        The page.
    """
    walked = shipped()[way]
    place = min(stage, len(walked.stages)) - 1
    rates = walked.win_rates[:, : place + 2]  # (S, stages, K)
    forgotten = (rates[:, :-1].max(axis=1) - rates[:, -1]).mean(axis=0)
    case = walked.stages[place].cases[0]
    replays = {f"{case}, {when}": _replay(way, place, seed, when == "after") for when in ("before", "after")}
    return Page(way, walked, place, beside, seed, forgotten, replays)


class WaysFace:
    """The learning curves of the whole way, and what the team wins in every case after each stage."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "course / table", 2: "course course / table table", 3: "course table"}
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 1.85, 3: 3.2}[columns])
        course, table = panels["course"], panels["table"]
        course.set(xlim=(0, MOST_STEPS), ylim=(0, 1.02))
        (self.wins,) = course.plot([], [], color=ORANGE, linewidth=1.8)
        (self.beside,) = course.plot([], [], "--", color=BLUE, linewidth=1.5)
        self.band = course.fill_between([], [], [], color=ORANGE, alpha=0.18, linewidth=0)
        self.here = course.axvspan(0, 1, color=GREY, alpha=0.14, linewidth=0)
        self.borders = [course.axvline(-1, color=DARK, linewidth=0.8, linestyle=":") for _ in range(MOST_STAGES)]
        plain(course, " \n ", "million agent-steps")
        self.headline = course.set_title(" \n ", fontsize=TITLE, loc="left", color=DARK)

        shape = (MOST_STAGES + 1, len(LADDER))
        self.image = table.imshow(np.zeros(shape), cmap="Blues", vmin=0, vmax=2.6, aspect="auto")
        turned = dict(rotation=90) if columns != 2 else {}
        table.set_xticks(range(shape[1]), LADDER, **turned)
        self.cells = [[table.text(k, row, "", ha="center", va="center", fontsize=SMALL, color=DARK)
                       for k in range(shape[1])] for row in range(shape[0])]  # fmt: skip
        look = dict(ha="right", va="center", fontsize=SMALL, color=DARK, in_layout=False)
        self.rows = [table.text(-0.6, row, "", **look) for row in range(shape[0])]
        table.set_yticks([])
        plain(table, " ", y=" \n \n \n ")  # room for the names of the rows, which move
        table.tick_params(labelsize=SMALL)
        self.title = table.set_title("won in each case, after each stage", fontsize=TITLE, loc="left", color=DARK)
        self.frame = table.add_patch(Rectangle((-0.48, 0), shape[1] - 0.04, 0.96, fill=False, edgecolor=ORANGE, lw=2.5))

    def show(self, result: Page) -> str:
        """Turn to a page."""
        walked, stage = result.walked, result.stage
        ends = [steps[-1] / 1e6 for steps in walked.agent_steps]
        steps = np.concatenate(walked.agent_steps) / 1e6
        wins, beside = (
            np.concatenate([each[name] for each in walked.curves], axis=1) for name in ("win_rate", result.beside)
        )
        known = np.isfinite(wins).all(axis=0)
        self.wins.set_data(steps[known], wins[:, known].mean(axis=0))
        known_beside = np.isfinite(beside).all(axis=0)
        label, high = BESIDE[result.beside]
        self.beside.set_data(steps[known_beside], beside[:, known_beside].mean(axis=0) / high)
        self.headline.set_text(f"solid: cases won (band: 5 seeds)\ndashed: {label}, from 0 to {high:g}")
        self.band.set_data(steps[known], wins[:, known].min(axis=0), wins[:, known].max(axis=0))
        begin = ends[stage - 1] if stage else 0.0
        self.here.set(x=begin, width=ends[stage] - begin)
        for i, border in enumerate(self.borders):
            border.set_xdata([ends[i] if i < len(ends) else -1] * 2)
        self._fill(result)
        return self._in_words(result)

    def _fill(self, result: Page) -> None:
        rates = result.walked.win_rates.mean(axis=0)  # (stages + 1, K)
        shown = np.full((MOST_STAGES + 1, len(LADDER)), np.nan)
        shown[: len(rates)] = rates
        self.image.set_data(np.nan_to_num(shown))
        names = ["nothing", *("+".join(each.cases) for each in result.walked.stages)]
        names = [name if len(name) < 12 else "all at once" for name in names]
        for row, texts in enumerate(self.cells):
            for k, text in enumerate(texts):
                text.set_text("" if np.isnan(shown[row, k]) else f"{shown[row, k]:.2f}")
            self.rows[row].set_text(names[row] if row < len(names) else "")
        self.frame.set_y(result.stage + 1 - 0.48)

    def _in_words(self, result: Page) -> str:
        stage, rates = result.walked.stages[result.stage], result.walked.win_rates.mean(axis=0)
        before, after = rates[result.stage], rates[result.stage + 1]
        places = [LADDER.index(case) for case in stage.cases]
        own = ", ".join(f"{LADDER[k]} from {before[k]:.0%} to {after[k]:.0%}" for k in places)
        beside = result.walked.curves[result.stage][result.beside][:, -1].mean()
        lost = [f"{LADDER[k]} {lost:.0%}" for k, lost in enumerate(result.forgotten) if lost > 0.05]
        seen = {case for each in result.walked.stages[: result.stage + 1] for case in each.cases}
        never = [k for k, case in enumerate(LADDER) if case not in seen]
        zero_shot = ", ".join(f"{LADDER[k]} {after[k]:.0%}" for k in never) or "none left"
        return (
            f"{result.way}, stage {result.stage + 1} of {len(result.walked.stages)}: {own}. Never seen so far, and won "
            f"all the same: {zero_shot}. Forgotten since it was best: {', '.join(lost) or 'nothing above 5 %'}. After "
            f"it, {BESIDE[result.beside][0]}: {beside:.2f}"
        )


def explore_ways() -> Explorer:
    """Go through the shipped ways, stage by stage."""
    knobs = (
        Choice("way", "way", tuple(WAYS), "small steps"),
        Slider("stage", "stage", tuple(range(1, MOST_STAGES + 1)), 3),
        Choice("beside", "beside the wins", tuple(BESIDE), "survival"),
        Slider("seed", "seed of the team shown", SEEDS, SEEDS[0]),
    )
    theatre = Theatre("Before and after", {}, "the same case, played before and after a stage")

    def play(results: list[Page]) -> None:
        if results:
            theatre.put(results[-1].replays)

    text = "Ways through the cases: learning curves, and what is won in every case after each stage"
    return Explorer("Ways", text, open_page, WaysFace, knobs, (theatre,), play)
