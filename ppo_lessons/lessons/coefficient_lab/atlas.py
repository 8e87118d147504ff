"""The atlas of the coefficient lab: shipped runs over clip_eps, ent_coef and vf_coef, asked at once.

What someone understands afterwards: for which settings a team comes to master its cases, what the others end up doing
instead, and how broad the good region is.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle

from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, SMALL, TITLE, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.lessons.coefficient_lab.runs import AGENT_STEPS, EVERY, Trial
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, Atlas, load_atlas
from ppo_lessons.spirit_world.evaluation import Replay

QUANTITIES = {
    "win_rate": ("cases won", 0, 1),
    "survival": ("detectives standing at the end", 0, 1),
    "banished_3": ("spirits of toughness 3 banished", 0, 1),
    "teaming_up": ("together at a tough spirit", 1, 4),
    "mate_distance": ("steps between two mates", 0, 4.2),
    "health_lost_alone": ("health lost alone, per 100 steps", 0, 7),
    "team_return": ("return of a case, per detective", -0.3, 5),
    "entropy": ("entropy (nats)", 0, 1.65),
    "approx_kl": ("approx_kl", 0, 0.15),
    "clip_fraction": ("clip_fraction", 0, 0.5),
    "value_loss": ("value_loss", 0, 0.32),
    "explained_variance": ("explained_variance", 0, 1),
}
"""What can be looked at: name -> what the axis says, and its limits."""


class OwnRun(NamedTuple):
    """A trial of the learner's, as the atlas shows it."""

    name: str
    clip_eps: float
    ent_coef: float
    vf_coef: float
    agent_steps: np.ndarray
    """(P,)."""
    values: np.ndarray
    """Mean of the seeds, (P,)."""


class Page(NamedTuple):
    """What the atlas says of one setting, and of its neighbours with the same vf_coef."""

    atlas: Atlas
    place: tuple[int, int, int]
    """Of clip_eps, ent_coef and vf_coef."""
    quantity: str
    point: int
    """Of the curves, from 0."""
    seed: int
    grid: np.ndarray
    """The quantity at that point, mean of the seeds that have it, (C, N)."""
    curves: np.ndarray
    """The quantity of every seed of this setting, (S, P)."""
    usual: np.ndarray
    """The same of the default setting, mean of the seeds, (P,)."""
    visits: np.ndarray
    """Of the trained team, (size, size)."""
    own: list[OwnRun]
    replays: dict[str, Replay]


@lru_cache(maxsize=1)
def shipped() -> Atlas:
    """Return the shipped atlas; not to be changed."""
    return load_atlas()


@lru_cache(maxsize=64)
def _replay(c: int, n: int, v: int, s: int) -> Replay:
    return shipped().replay(c, n, v, s)


def mean_of_seeds(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean over an axis without what is NaN; NaN where all of it is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def open_page(
    quantity: str, point: int, clip_eps: float, ent_coef: float, vf_coef: float, seed: int, trials: Sequence[Trial] = ()
) -> Page:
    """Look a setting up.

    Args:
        quantity: One of `QUANTITIES`.
        point: Of the curves, from 1.
        clip_eps: On the grid.
        ent_coef: On the grid.
        vf_coef: On the grid.
        seed: Of the team whose walks and replay are shown.
        trials: Runs of the learner's own.

    Returns:
        The page.
    """
    atlas, usual = shipped(), PPOConfig()
    c, n, v = atlas.place(clip_eps, ent_coef, vf_coef)
    middle = atlas.place(usual.clip_eps, usual.ent_coef, usual.vf_coef)
    s, values = atlas.seeds.index(seed), atlas.curves[quantity]
    return Page(
        atlas,
        (c, n, v),
        quantity,
        point - 1,
        seed,
        mean_of_seeds(values[:, :, v, :, point - 1], axis=2),
        values[c, n, v],
        mean_of_seeds(values[middle], axis=0),
        atlas.visits[c, n, v, s],
        [own_run(trial, quantity) for trial in trials],
        {"default settings": _replay(*middle, s), "chosen settings": _replay(c, n, v, s)},
    )


def own_run(trial: Trial, quantity: str) -> OwnRun:
    """Return a trial of the learner's as the atlas shows it."""
    values = mean_of_seeds(trial.curves()[:, :, (*BEHAVIOUR, *LEARNING).index(quantity)], axis=0)
    steps = np.arange(1, len(values) + 1) * EVERY * AGENT_STEPS
    config = trial.config
    return OwnRun(trial.name, config.clip_eps, config.ent_coef, config.vf_coef, steps, values)


def between(value: float, ticks: Sequence[float]) -> float:
    """Return where a value lies on an axis that gives every tick the same room; beside the last one if outside."""
    return float(np.interp(value, ticks, range(len(ticks)), left=-0.4, right=len(ticks) - 0.6))


def star(run: OwnRun, atlas: Atlas) -> tuple[float, float, int, bool]:
    """Return where the star of a run stands.

    Args:
        run: A trial of the learner's.
        atlas: For the grid.

    Returns:
        Places along ent_coef and clip_eps, the page (place of the nearest vf_coef), and whether this is its true place.
    """
    n, c, v = (between(getattr(run, name), getattr(atlas, name)) for name in ("ent_coef", "clip_eps", "vf_coef"))
    page = max(0, min(round(v), len(atlas.vf_coef) - 1))
    inside = 0 <= n <= len(atlas.ent_coef) - 1 and 0 <= c <= len(atlas.clip_eps) - 1
    return n, max(c - 0.3, -0.4), page, inside and v == page


class AtlasFace:
    """The grid, the curves of one setting, and where its trained team walks."""

    def __init__(self, columns: int = 2) -> None:
        atlas = shipped()
        plans = {1: "grid / curves / walks", 2: "grid curves / grid walks", 3: "grid curves walks"}
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 1.95, 3: 3.3}[columns])
        grid, curves, walks = (panels[name] for name in ("grid", "curves", "walks"))
        shape = (len(atlas.clip_eps), len(atlas.ent_coef))
        self.image = grid.imshow(np.zeros(shape), cmap="Blues", vmin=0, vmax=1, origin="lower", aspect="auto")
        grid.set_xticks(range(shape[1]), [f"{x:g}" for x in atlas.ent_coef])
        grid.set_yticks(range(shape[0]), [f"{x:g}" for x in atlas.clip_eps])
        plain(grid, " \n ", "ent_coef", "clip_eps")
        self.title = grid.set_title(" \n ", fontsize=TITLE, loc="left", color=DARK)
        self.cells = [
            grid.text(n, c, "", ha="center", va="center", fontsize=SMALL, color=DARK) for c, n in np.ndindex(shape)
        ]
        self.frame = grid.add_patch(Rectangle((0, 0), 0.94, 0.94, fill=False, edgecolor=ORANGE, linewidth=3))
        look = dict(linestyle="none", marker="*", markersize=13, clip_on=False, in_layout=False)
        (self.stars,) = grid.plot([], [], color=DARK, markeredgecolor="white", **look)
        (self.hollow,) = grid.plot([], [], color="white", markeredgecolor=DARK, **look)

        curves.set(xlim=(0, atlas.agent_steps[-1] / 1e6), ylim=(0, 1))
        (self.usual,) = curves.plot([], [], color=GREY, linewidth=3, linestyle=":", label="default")
        self.band = curves.fill_between([], [], [], color=BLUE, alpha=0.18, linewidth=0)
        (self.line,) = curves.plot([], [], color=BLUE, linewidth=1.8, label="chosen, 3 seeds")
        self.own = [
            curves.plot([], [], color=DARK, linestyle=style, linewidth=1.3, marker="*", markersize=5)[0]
            for style in ("-", "--", "-.", ":", (0, (5, 1)))
        ]
        self.now = curves.axvline(0, color=ORANGE, linewidth=1.2)
        self.scale, self.curves = curves.yaxis, curves
        plain(curves, "its course", "million agent-steps")
        legend_above(curves)

        size = atlas.visits.shape[-1]
        self.visits = walks.imshow(
            np.zeros((size, size)), cmap="Blues", norm=PowerNorm(0.4, vmin=0, vmax=0.2), extent=(0, size, size, 0)
        )
        walks.set_axis_off()
        self.walks_said = walks.set_title("walks", fontsize=TITLE, loc="left", color=DARK)

    def show(self, result: Page) -> str:
        """Turn to a page."""
        label, low, high = QUANTITIES[result.quantity]
        atlas, (c, n, v) = result.atlas, result.place
        self.image.set(data=result.grid, clim=(low, high + 1.5 * (high - low)))  # no darker than dark letters allow
        for cell, value in zip(self.cells, result.grid.ravel(), strict=True):
            cell.set_text("-" if np.isnan(value) else f"{value:.2f}")
        self.frame.set_xy((n - 0.47, c - 0.47))
        stars = [star(run, atlas) for run in result.own]
        for artist, wanted in ((self.stars, True), (self.hollow, False)):
            places = [(x, y) for x, y, page, is_true in stars if page == v and is_true == wanted]
            artist.set_data(*np.reshape(places, (-1, 2)).T)

        self.curves.set_ylim(low, high)
        steps = atlas.agent_steps / 1e6
        self.usual.set_data(steps, result.usual)
        self.line.set_data(steps, mean_of_seeds(result.curves, axis=0))
        known = np.isfinite(result.curves).all(axis=0)
        self.band.set_data(steps[known], result.curves[:, known].min(axis=0), result.curves[:, known].max(axis=0))
        newest = result.own[-len(self.own) :]
        for i, line in enumerate(self.own):
            line.set_data((newest[i].agent_steps / 1e6, newest[i].values) if i < len(newest) else ([], []))
        self.now.set_xdata([steps[result.point]] * 2)

        self.visits.set_data(result.visits)
        self.walks_said.set_text(f"walks of seed {result.seed}")
        self.title.set_text(f"{label}\nvf_coef {atlas.vf_coef[v]:g}, after {steps[result.point]:.2f} million")
        return self._in_words(result, label)

    def _in_words(self, result: Page, label: str) -> str:
        atlas, (c, n, v) = result.atlas, result.place
        now = result.curves[:, result.point]
        behaviour = {name: mean_of_seeds(values[c, n, v], axis=0) for name, values in atlas.behaviour.items()}
        own = ""
        for run in result.own:
            *_, page, is_true = star(run, atlas)
            nearest = f"☆ (not on the grid, at its nearest place with vf_coef {atlas.vf_coef[page]:g})"
            mark = "★" if is_true else nearest
            if np.isfinite(run.values[-1:]).any():
                own += f"; {mark} {run.name}: {run.values[-1]:.2f}"
        return (
            f"clip_eps {atlas.clip_eps[c]:g}, ent_coef {atlas.ent_coef[n]:g}, vf_coef {atlas.vf_coef[v]:g}: {label} "
            f"{', '.join(f'{value:.2f}' for value in now)} in its three seeds after "
            f"{atlas.agent_steps[result.point] / 1e6:.2f} million agent-steps. The trained teams win "
            f"{behaviour['win_rate']:.0%}, survive {behaviour['survival']:.0%}, stand "
            f"{behaviour['teaming_up']:.2f} together at a tough spirit{own}"
        )


def explore_atlas(trials: Sequence[Trial] = ()) -> Explorer:
    """Turn the pages of the shipped atlas.

    Args:
        trials: Runs of the learner's own, `RunsLab().trials`; they appear as starred lines, and as stars on the
            grid: hollow ones are not on it, and stand at the nearest place.

    Returns:
        The explorer.
    """
    atlas, usual = shipped(), PPOConfig()
    points = tuple(range(1, len(atlas.agent_steps) + 1))

    def in_millions(point: int) -> str:
        return f"{atlas.agent_steps[point - 1] / 1e6:.2f}"

    knobs = (
        Choice("quantity", "quantity", tuple(QUANTITIES), "win_rate"),
        Slider("point", "million agent-steps", points, points[-1], in_millions, play=250),
        Slider("clip_eps", "clip_eps", atlas.clip_eps, usual.clip_eps),
        Slider("ent_coef", "ent_coef", atlas.ent_coef, usual.ent_coef),
        Slider("vf_coef", "vf_coef", atlas.vf_coef, usual.vf_coef),
        Slider("seed", "seed of the team shown", atlas.seeds, atlas.seeds[0]),
    )
    theatre = Theatre("Teams of the atlas", {}, "the same case, played by teams of the atlas")

    def compute(**settings: object) -> Page:
        return open_page(**settings, trials=tuple(trials))

    def play(results: list[Page]) -> None:
        if results:
            theatre.put(replays_of(results))

    text = "Atlas: training runs over clip_eps, ent_coef and vf_coef, their curves, behaviour, walks and replays"
    return Explorer("Atlas", text, compute, AtlasFace, knobs, (theatre,), play)


def replays_of(results: Sequence[Page]) -> dict[str, Replay]:
    """Return the replays of one or two pages: the default settings, and what was chosen."""
    shown = {"default settings": results[0].replays["default settings"]}
    for i, result in enumerate(results):
        name = "chosen settings" if len(results) == 1 else ("first choice", "second choice")[i]
        shown[name] = result.replays["chosen settings"]
    return shown
