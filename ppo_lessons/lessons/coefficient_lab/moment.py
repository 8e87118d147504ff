"""The frozen moment of the coefficient lab: one rollout and its weights kept fixed, one knob changed, one true update.

What someone understands afterwards: which numbers of the update a coefficient moves, and that the team that comes out
of it is what counts; it plays the same cases before and after.
"""

import copy
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SMALL, legend_above, new_panels, plain, signed
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.shipped.recording import CONFIG, NUM_ENVS, NUM_STEPS, SEED, SKIPPED_STEPS
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import MinibatchLosses, minibatch_losses
from ppo_lessons.update import UpdateReport, ppo_update

CASES, REPLAY_SEED = 64, 106
"""Cases that each team plays before and after, and the one that is replayed."""
MOST_STEPS = 128
"""Gradient steps that the figure has room for."""
SHARES = ("win_rate", "survival", *(f"banished, toughness {k}" for k in (1, 2, 3)), "teaming_up / 4")
"""What the team does, each from 0 to 1."""
NAMES = ("wins", "survival", "banishes k=1", "banishes k=2", "banishes k=3", "together / 4")
"""The same, as the figure names them."""


class Frozen(NamedTuple):
    """A team at one age, its rollout, and how it plays."""

    policy: ActorCritic
    rows: Rows
    behaviour: TeamBehaviour
    replay: Replay


class Moment(NamedTuple):
    """One update of a frozen team, and what came of it."""

    age: str
    report: UpdateReport
    approx_kl: np.ndarray
    """Before each gradient step, in its mini-batch, (K,): 0 before the first."""
    clip_fraction: np.ndarray
    """(K,)."""
    pulls: dict[str, dict[str, float]]
    """Term of the loss -> part of the network -> length of its gradient, at the frozen weights, all rows at once."""
    before: TeamBehaviour
    after: TeamBehaviour
    replays: tuple[Replay, Replay]
    """The same case, played before and after."""


@lru_cache(maxsize=len(AGES))
def freeze(age: str) -> Frozen:
    """Play a rollout of T = 32 steps in E = 16 copies with the team of one age, and measure how it plays.

    Args:
        age: chaos, survival or mastery.

    Returns:
        The team, its rows and its behaviour; not to be changed.
    """
    policy, world = load_age(age), SpiritWorld("standard", NUM_ENVS)
    world.reset(SEED)
    generator = torch.Generator().manual_seed(SEED)
    buffer = SharedBuffer(SKIPPED_STEPS, NUM_ENVS, world.num_agents, world.obs_size)
    collect(world, policy, buffer, generator)  # thrown away: so that the copies are not all at their first steps
    buffer = SharedBuffer(NUM_STEPS, NUM_ENVS, world.num_agents, world.obs_size)
    last_values = collect(world, policy, buffer, generator)
    buffer.finish(last_values, CONFIG.gamma, CONFIG.gae_lambda, team_credit=CONFIG.team_credit)
    return Frozen(policy, buffer.get(), *_play(policy))


def _play(policy: ActorCritic) -> tuple[TeamBehaviour, Replay]:
    return evaluate(policy_player(policy), cases=CASES), record(policy_player(policy), seed=REPLAY_SEED)


def update_frozen(age: str, **changes: Any) -> Moment:
    """Update a frozen team once, with some settings changed, and let the new team play.

    Args:
        age: chaos, survival or mastery.
        changes: Fields of `PPOConfig`; all others are those of the lessons. Adam begins anew.

    Returns:
        What the update reported and the teams before and after, on the same cases.
    """
    frozen, config = freeze(age), replace(CONFIG, **changes)
    policy, steps = copy.deepcopy(frozen.policy), []

    def watch(index: torch.Tensor, losses: MinibatchLosses, grad_norm: torch.Tensor) -> None:
        steps.append((float(losses.approx_kl), float(losses.clip_fraction)))

    generator = torch.Generator().manual_seed(SEED)
    optimizer = make_optimizer(policy, config)
    report = ppo_update(policy, optimizer, frozen.rows, config, generator, on_minibatch=watch)
    losses = minibatch_losses(frozen.policy, frozen.rows, config)
    terms = {
        "actor": losses.actor_loss,
        "critic": config.vf_coef * losses.value_loss,
        "entropy": config.ent_coef * losses.entropy,
    }
    behaviour, replay = _play(policy)
    kl, clipped = np.array(steps).T
    pulls = gradient_lengths(frozen.policy, terms)
    return Moment(age, report, kl, clipped, pulls, frozen.behaviour, behaviour, (frozen.replay, replay))


def shares_of(behaviour: TeamBehaviour) -> list[float]:
    """Return the numbers of `SHARES`."""
    banished = [behaviour.banished[k] for k in (1, 2, 3)]
    return [behaviour.win_rate, behaviour.survival, *banished, behaviour.teaming_up / 4]


class MomentFace:
    """The team before and after, how far the update went, and the pulls on the network."""

    PARTS = ("actor_trunk", "actor_head", "critic_head")
    TERMS = (("actor", BLUE, ""), ("critic", GREEN, "//"), ("entropy", ORANGE, ".."))

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "team / pulls / course", 2: "team course / team pulls", 3: "team pulls course"}
        self.figure, panels = new_panels(columns, plans, {1: 2.6, 2: 1.6, 3: 3.1}[columns])
        team, pulls, course = (panels[name] for name in ("team", "pulls", "course"))
        plain(team, f"the team on the same {CASES} cases")
        team.set(xlim=(-0.03, 1.3), ylim=(len(SHARES) - 0.4, -0.4))
        team.set_yticks(range(len(SHARES)), NAMES)
        team.set_xticks([0, 0.5, 1])
        team.hlines(range(len(SHARES)), 0, 1, color="#E4E4DF", linewidth=1, zorder=0)
        rows = np.arange(len(SHARES))
        self.ways = [team.plot([], [], color=DARK, linewidth=1.5)[0] for _ in SHARES]
        look = dict(linestyle="none", markersize=8, clip_on=False)
        (self.before,) = team.plot(
            rows * 0.0, rows, marker="o", color=GREY, markerfacecolor="white", label="before", **look
        )
        (self.after,) = team.plot(rows * 0.0, rows, marker="D", color=BLUE, label="after", **look)
        self.said = [team.text(1.1, row, "", fontsize=SMALL, va="center") for row in rows]
        legend_above(team)

        plain(pulls, "who pulls how hard (log scale)")
        pulls.set(yscale="log", ylim=(1e-4, 200), xlim=(-0.6, 2.6), yticks=(1e-4, 1e-2, 1, 100))
        pulls.set_xticks(range(3), ["trunk", "actor", "critic"])
        self.bars = []
        for i, (name, colour, hatch) in enumerate(self.TERMS):
            at = np.arange(3) + 0.27 * (i - 1)
            self.bars.append(
                pulls.bar(at, 1e-9, 0.25, color=colour, hatch=hatch, edgecolor="white", label=name).patches
            )
        legend_above(pulls, columns=3)

        plain(course, "how far the policy goes", "gradient step (log scale)")
        course.set(xscale="log", xlim=(0.9, MOST_STEPS * 1.1), yscale="log", ylim=(1e-7, 500))
        course.set_xticks([1, 4, 16, 64], ["1", "4", "16", "64"])
        course.set_yticks([1e-6, 1e-4, 1e-2, 1, 100])
        course.minorticks_off()
        (self.kl,) = course.plot([], [], "o-", color=DARK, linewidth=1.4, markersize=3, label="approx_kl")
        (self.clipped,) = course.plot([], [], "s--", color=ORANGE, linewidth=1.4, markersize=3, label="clip_fraction")
        legend_above(course)

    def show(self, result: Moment) -> str:
        """Put everything where the update left it."""
        before, after = shares_of(result.before), shares_of(result.after)
        rows = np.arange(len(SHARES))
        self.before.set_data(before, rows)
        self.after.set_data(after, rows)
        for row, (way, said, old, new) in enumerate(zip(self.ways, self.said, before, after, strict=True)):
            way.set_data([old, new], [row, row])
            said.set_text("" if math.isnan(new) else f"{new:.2f}")
        for bars, (term, *_) in zip(self.bars, self.TERMS, strict=True):
            for bar, part in zip(bars, self.PARTS, strict=True):
                length = result.pulls[term][part]
                bar.set_height(length if length is not None and length > 0 else 1e-9)
        steps = np.arange(1, len(result.approx_kl) + 1)
        self.kl.set_data(steps, _if_positive(result.approx_kl))
        self.clipped.set_data(steps, _if_positive(result.clip_fraction))
        report, old, new = result.report, result.before, result.after
        return (
            f"{result.age}, {report.num_rows} rows, {report.num_gradient_steps} gradient steps: actor_loss "
            f"{signed(report.actor_loss, 4)}, value_loss {report.value_loss:.3f}, entropy {report.entropy:.3f}, "
            f"grad_norm {report.grad_norm:.2f}, approx_kl {report.approx_kl:.4f}, clip_fraction "
            f"{report.clip_fraction:.1%}. Team, before → after: wins {old.win_rate:.0%} → {new.win_rate:.0%}, survival "
            f"{old.survival:.0%} → {new.survival:.0%}, together at a tough spirit "
            f"{old.teaming_up:.2f} → {new.teaming_up:.2f}"
        )


def _if_positive(values: np.ndarray) -> np.ndarray:
    """A log scale has no place for 0, which approx_kl and clip_fraction are before the first step."""
    return np.where(values > 1e-12, values, np.nan)


def explore_moment() -> Explorer:
    """Change one knob of one update of a frozen team, and see losses, gradients and the team that it makes.

    Under the figure the same case is played by the team before the update and after it.
    """
    knobs = (
        Choice("age", "age of the team", AGES, "survival"),
        Slider("clip_eps", "clip_eps", (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 1e6), 0.2, _or_off),
        Slider("vf_coef", "vf_coef", (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0), 0.5),
        Slider("ent_coef", "ent_coef", (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), 0.02),
        Slider("learning_rate", "learning_rate", (1e-4, 3e-4, 1e-3, 2e-3, 4e-3, 8e-3, 0.016, 0.03), 4e-3),
        Slider("epochs", "epochs", (1, 2, 4, 8, 16, 32), 4),
    )
    text = (
        "Frozen moment: one true update of a frozen team, its losses, gradients and diagnostics, and the team after it"
    )
    theatre = Theatre("Before and after the update", {}, "the same case, before and after the update")

    def play(results: list[Moment]) -> None:
        if results:
            theatre.put(replays_of(results))

    return Explorer("Frozen moment", text, update_frozen, MomentFace, knobs, (theatre,), play)


def replays_of(results: list[Moment]) -> dict[str, Replay]:
    """Return the replays of one or two panels under their names; "before" is shown once where it is the same."""
    names = ("first setting", "second setting") if len(results) > 1 else ("",)
    shown: dict[str, Replay] = {}
    for name, result in zip(names, results, strict=True):
        before, after = result.replays
        shown.setdefault(f"{result.age}, before", before)
        shown[f"{result.age}, after{name and ', '}{name}"] = after
    return shown


def _or_off(clip_eps: float) -> str:
    return "no clipping" if clip_eps > 1000 else f"{clip_eps:g}"
