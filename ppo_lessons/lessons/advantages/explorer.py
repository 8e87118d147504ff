"""Explorer of lesson 03: an advantage sums surprises up to an end; a wrong end reaches as far back as they count."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.patches import Patch
from torch import Tensor

from ppo_lessons.advantages import gae, next_values, td_errors, with_team_credit
from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SOFT_BLUE, new_figure, plain, signed
from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES, FOLDER, NUM_ENVS, SEED, SKIPPED_STEPS
from ppo_lessons.spirit_world.env import SpiritWorld

SLOTS = 18
"""Steps in the picture: those of the stretch, and what the buffer holds after it."""
STRETCHES = {
    "wins (9, 12, 0)": (0, BADGES["wins"]),
    "is cut off (13, 1, 0)": (0, BADGES["cut off"]),
    "falls (6, 0, 0)": (0, BADGES["falls"]),
    "rollout full (31, 15, 0)": (18, (31, 15, 0)),
}
"""Name -> first step, and the badge (t, e, a) of the last row."""
TREATMENTS = ("as it was", "truncated", "terminated", "followed by the row below")
"""What the last step is said to have been."""


class Stretch(NamedTuple):
    """One detective's L steps up to an end of some kind."""

    badge: tuple[int, int, int]
    """(t, e, a) of the last row."""
    first: int
    """Step t of the first row."""
    looked_at: int
    """Place of the row that is looked at, 0 to L - 1."""
    rewards: np.ndarray
    """(L,)."""
    credit: float
    """Team credit that the last row got on top of its reward."""
    values: np.ndarray
    """(L,)."""
    next_value: float
    """What is expected after the last row."""
    td_errors: np.ndarray
    """(L,)."""
    weights: np.ndarray
    """By how much each TD error counts for the row that is looked at: (gamma * gae_lambda) ** steps, (L,)."""
    advantages: np.ndarray
    """(L,)."""
    as_it_was: np.ndarray
    """Advantages with the flags of the recording and with team credit, (L,)."""
    later_rewards: np.ndarray
    """What the buffer holds after the last row, of the next case or of a fallen detective, (up to SLOTS - L,)."""
    later_values: np.ndarray
    """The same length."""
    later: str
    """Whose rows these are."""
    was: str
    """What the last step was: terminated, truncated or full."""
    treated: str
    """terminated, truncated, full or below."""
    fell: bool
    """The detective fell with the last step, and its case went on."""
    team_credit: bool
    decay: float
    """gamma * gae_lambda."""


@lru_cache(maxsize=1)
def final_estimates() -> Tensor:
    """Return what the critic makes of the last thing seen in each step, before a next case is laid out, (T, E, A).

    The buffer has it only where a detective was cut off. Here it is asked everywhere, to see what a wrong flag does.
    """
    world = SpiritWorld("standard", NUM_ENVS)
    world.reset(SEED)
    taken = np.load(FOLDER / "actions.npy", allow_pickle=False).astype(np.int64)
    seen = [torch.from_numpy(world.step(actions).final_obs.copy()) for actions in taken]
    return recording().policy.estimate_values(torch.stack(seen[SKIPPED_STEPS:]))


def look_back(
    stretch: str, last_step: str, gamma: float, gae_lambda: float, steps_before: int, team_credit: bool
) -> Stretch:
    """Work out the advantages of one detective's steps up to an end.

    Args:
        stretch: One of `STRETCHES`.
        last_step: What the last step is said to have been, one of `TREATMENTS`.
        gamma: Discount, 0 to 1.
        gae_lambda: 0 to 1.
        steps_before: How many steps before the last one the row lies that is looked at, 0 to 6.
        team_credit: Whether a fallen detective is credited with what its team gets later.

    Returns:
        The stretch. Its advantages are those of `gae`; the one looked at is the sum of `weights * td_errors`.
    """
    first, badge = STRETCHES[stretch]
    last, e, a = badge
    data, rows = recording().buffer.data, slice(first, last + 1)
    later = slice(last + 1, first + SLOTS)
    fell = bool(data.terminated[last, e, a] & ~data.episode_over[last, e])
    was = "terminated" if data.terminated[last, e, a] else "truncated" if data.truncated[last, e, a] else "full"
    below = "full" if last + 1 == len(data.rewards) else "below"  # below the last row of all there is none
    treated = dict(zip(TREATMENTS, (was, "truncated", "terminated", below), strict=True))[last_step]

    settings = gamma, gae_lambda
    rewards, values, deltas, advantages, following = _advantages(badge, first, treated, team_credit, *settings)
    *_, as_it_was, _ = _advantages(badge, first, was, True, *settings)
    looked_at = len(values) - 1 - steps_before
    ahead = np.arange(len(values)) - looked_at
    return Stretch(
        badge,
        first,
        looked_at,
        data.rewards[rows, e, a].numpy(),
        float(rewards[-1] - data.rewards[last, e, a]),
        values.numpy(),
        float(following),
        deltas.numpy(),
        np.where(ahead >= 0, (gamma * gae_lambda) ** np.maximum(ahead, 0).astype(float), 0.0),
        advantages.numpy(),
        as_it_was.numpy(),
        data.rewards[later, e, a].numpy(),
        data.values[later, e, a].numpy(),
        "no rows" if below == "full" else "fallen, waiting" if fell else "another case",
        was,
        treated,
        fell,
        team_credit,
        gamma * gae_lambda,
    )


def _advantages(
    badge: tuple[int, int, int], first: int, treated: str, team_credit: bool, gamma: float, gae_lambda: float
) -> tuple[Tensor, ...]:
    """Return rewards, values, TD errors and advantages of a stretch, each (L,), and the last of its next values."""
    last, e, a = badge
    data, last_values = recording().buffer.data, recording().last_values
    rows = slice(first, last + 1)
    rewards, values = data.rewards[rows, e, a], data.values[rows, e, a]
    if team_credit and treated == "terminated":  # who is said to be alive still has an estimate, and no credit
        copy, agent = slice(e, e + 1), slice(a, a + 1)
        column = data.rewards[:, copy, agent], data.acting[:, copy, agent], data.episode_over[:, copy]
        rewards = with_team_credit(*column, gamma)[rows, 0, 0]
    is_last = torch.arange(len(values)) == len(values) - 1
    ends = (
        is_last & (treated == "terminated"),
        is_last & (treated == "truncated"),
        final_estimates()[rows, e, a],
        last_values[e, a] if treated == "full" or last + 1 == len(data.values) else data.values[last + 1, e, a],
    )
    following = next_values(values, *ends)
    advantages = gae(rewards, values, *ends, gamma, gae_lambda)
    return rewards, values, td_errors(rewards, values, following, gamma), advantages, following[-1]


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

    def __init__(self) -> None:
        ratios = {"height_ratios": (1, 1.45)}
        self.figure, (above, below) = new_figure(9.4, 4.3, 2, 1, sharex=True, gridspec_kw=ratios)
        plain(above, "what came, and what was expected", "", "reward, value")
        plain(
            below,
            "surprises, and the advantages made of them",
            "step t of the rollout",
            "TD error, advantage\n(log beyond 1)",
        )
        below.xaxis.labelpad = 16
        above.set(xlim=(-0.6, SLOTS + 0.6), ylim=(-1.1, 4.3))
        below.set_yscale("symlog", linthresh=1, linscale=0.6, subs=(2, 3, 4, 5))
        below.set(ylim=(-9, 13))
        below.set_yticks([-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 5], ["-3", "", "-1", "", "0", "", "1", "2", "3", "5"])
        below.minorticks_off()
        above.tick_params(labelbottom=False)
        below.set_xticks(range(0, SLOTS, 3), [""] * (SLOTS // 3))
        self.ticks = [
            below.text(x, -0.05, "", transform=below.get_xaxis_transform(), va="top", ha="center", fontsize=8)
            for x in range(0, SLOTS, 3)
        ]
        self.bands = [axes.axvspan(-0.5, 0.5, color=SOFT_BLUE, linewidth=0, zorder=0) for axes in (above, below)]
        self.beyond = [axes.axvspan(17.5, 19, color="#EFEFEF", linewidth=0, zorder=0) for axes in (above, below)]
        self.zeros = [axes.axhline(0, color=DARK, linewidth=0.8) for axes in (above, below)]
        self.walls = [axes.axvline(0, color=DARK, linewidth=2.5) for axes in (above, below)]
        self.said = above.text(0, 4.2, "", fontsize=8, color=DARK, va="top")
        self.later = below.text(0, 11, "", fontsize=8, color="#555555", va="top")

        self.rewards = above.vlines([], [], [], color="#B0B0AA", linewidth=12)
        self.later_rewards = above.vlines([], [], [], color="#D0D0CC", linewidth=12)
        self.credit = above.bar(0, 0, 0.42, color="white", edgecolor=ORANGE, hatch="////", linewidth=1).patches[0]
        (self.path,) = above.plot([], [], ":", color=ORANGE, linewidth=1.5)
        self.credited = above.text(0, 0, "", fontsize=8, color=ORANGE, ha="center")
        (self.values,) = above.plot([], [], ".-", color=BLUE, linewidth=1.5, markersize=5)
        (self.later_values,) = above.plot([], [], ".:", color="#8FB8D4", linewidth=1.2, markersize=4)
        (self.leap,) = above.plot([], [], "--", color=BLUE, linewidth=1.2)
        (self.next_value,) = above.plot([], [], "D", color=BLUE, markersize=8, markeredgecolor="white")
        self.expected = above.text(0, 0, "", fontsize=9, color=BLUE, fontweight="bold", va="center")

        self.parts = below.vlines([], [], [], color="#7CC7B2", linewidth=11)
        (self.deltas,) = below.plot([], [], "D", color=GREEN, markerfacecolor="white", markersize=5)
        (self.as_it_was,) = below.plot([], [], "s--", color=GREY, markersize=4, markerfacecolor="white", linewidth=1)
        (self.advantages,) = below.plot([], [], ".-", color=ORANGE, markersize=7, linewidth=1.3)
        (self.ring,) = below.plot([], [], "o", color=ORANGE, markersize=12, markerfacecolor="none", markeredgewidth=2)
        self.number = below.text(0, 7.5, "", fontsize=8, color="#B04A00", fontweight="bold", ha="center")
        self.weights = [below.text(0, -7, "", fontsize=8, ha="center", color="#00694C") for _ in range(7)]
        named = {
            "reward": Patch(color="#B0B0AA"),
            "value V": self.values,
            "expected after the last row\n(a cross: nothing more)": self.next_value,
            "team credit": self.credit,
            "the row looked at": Patch(color=SOFT_BLUE),
            "TD error": self.deltas,
            "the part of it that counts for\nthe row looked at (its weight\nis in the bottom line)": Patch(
                color="#7CC7B2"
            ),
            "advantage": self.advantages,
            "advantage, last step and team\ncredit as in the recording": self.as_it_was,
        }
        self.figure.legend(
            named.values(), named.keys(), fontsize=8, frameon=False, loc="outside right center", labelspacing=0.9
        )
        self.moving = (
            *self.bands, *self.beyond, *self.zeros, self.rewards, self.later_rewards, self.credit, self.path,
            self.credited, self.later_values, self.values, self.leap, self.next_value, self.expected, *self.walls,
            self.said, self.later, self.parts, self.deltas, self.as_it_was, self.advantages, self.ring, self.number,
            *self.weights, *self.ticks,
        )  # fmt: skip

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

        self.rewards.set_segments(_stems(places, result.rewards))
        self.later_rewards.set_segments(_stems(later, result.later_rewards))
        self.values.set_data(places, result.values)
        self.later_values.set_data(later, result.later_values)
        self.leap.set_data([count - 1, count], [result.values[-1], result.next_value])
        self.next_value.set_data([count], [result.next_value])
        self.next_value.set_marker({"terminated": "X", "below": "s"}.get(result.treated, "D"))
        self.expected.set(position=(count + 0.35, max(result.next_value, 0) + 0.45), text=f"{result.next_value:.2f}")
        self._show_credit(result, count)

        self.parts.set_segments(_stems(places, result.weights * result.td_errors))
        self.deltas.set_data(places, result.td_errors)
        self.advantages.set_data(places, result.advantages)
        self.as_it_was.set_data(places, result.as_it_was)
        here = float(result.advantages[row])
        self.ring.set_data([row], [here])
        self.number.set(x=row, text=signed(here, 2))
        for place, text in enumerate(self.weights, row):
            text.set(x=place, text=f"{result.weights[place]:.2f}" if place < count else "")
        said = NAMES[result.treated]
        if result.treated != result.was:
            said += f"\n(in truth {NAMES[result.was]})"
        self.said.set(x=count - 0.2, text=said)
        self.later.set(x=count - 0.2, text=result.later)

        t, e, a = result.badge
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


def _stems(places: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return a vertical segment from 0 to each height, (L, 2, 2)."""
    return np.stack((np.stack((places, 0 * heights), -1), np.stack((places, heights), -1)), 1)


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
