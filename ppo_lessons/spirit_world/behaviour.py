"""What the team does, in numbers: by them chaos, survival and mastery can be told apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.team_env import make_meter


@dataclass(frozen=True, kw_only=True)
class TeamBehaviour:
    """How a team played, over all steps and cases that were watched. NaN where nothing was there to be measured."""

    cases: int
    """Cases that ended."""
    win_rate: float
    """Share of the cases in which every spirit was banished."""
    survival: float
    """Share of the detectives that were still standing when their case ended."""
    case_length: float
    """Mean steps of a case."""
    team_return: float
    """Mean undiscounted sum of rewards of a case, per detective (a reward for everyone is counted once)."""
    banished: dict[int, float]
    """Toughness k -> share of the spirits of that toughness that were banished, in the cases that ended."""
    teaming_up: float
    """Mean number of living detectives next to a spirit of toughness 2 or more, whenever at least one is."""
    mate_distance: float
    """Mean steps between two living detectives of a team."""
    health_lost_alone: float
    """How often a spirit drained a detective that stood next to it alone, per 100 steps of a living detective."""
    visits: np.ndarray = field(repr=False)
    """Share of the steps of living detectives in each cell, (size, size)."""


def recent(behaviours: Sequence[TeamBehaviour], quantity: str, cases: int = 400, least: int = 1) -> list[float]:
    """Return one quantity of a training run, smoothed: its mean over the reports that hold the last cases.

    Args:
        behaviours: One a cycle, in order; some may hold no finished case.
        quantity: Name of a field of `TeamBehaviour` that is a number.
        cases: How many finished cases to look back.
        least: NaN as long as fewer cases than this have finished: the mean of one case says nothing.

    Returns:
        One value for each behaviour; NaN as long as there is nothing to average.
    """
    values = np.array([getattr(behaviour, quantity) for behaviour in behaviours], float)
    weights = np.array([behaviour.cases for behaviour in behaviours], float)
    seen = np.cumsum(weights)
    smooth = []
    for i in range(len(values)):
        first = int(np.searchsorted(seen, seen[i] - cases, side="right")) if seen[i] > cases else 0
        known = np.isfinite(values[first : i + 1]) & (weights[first : i + 1] > 0)
        window = slice(first, i + 1)
        total = weights[window][known].sum()
        smooth.append(
            float((values[window] * weights[window])[known].sum() / total) if total >= least else float("nan")
        )
    return smooth


@make_meter.register(SpiritWorld)
class BehaviourMeter:
    """Watches a `SpiritWorld` step by step and sums up what the team does.

    Args:
        env: The world, after its reset. One meter belongs to one world.
        first_case_only: True: each copy counts until its first case ends, so that E copies give exactly E cases,
            long ones as often as short ones.
    """

    def __init__(self, env: SpiritWorld, *, first_case_only: bool = False) -> None:
        """Start at zero."""
        self.case = env.case
        self.first_case_only = first_case_only
        self.running_return = np.zeros(env.num_envs)
        """Rewards of the case that is being played, summed, mean over the detectives, (E,)."""
        self.counting = np.ones(env.num_envs, bool)
        self._each_pair = np.triu_indices(env.num_agents, k=1)
        self.clear()

    def clear(self) -> None:
        """Forget what was summed up; cases that are being played go on."""
        self._sums = dict.fromkeys(("cases", "won", "standing", "length", "team_return", "alone"), 0.0)
        self._pairs = np.zeros(2)  # summed distance, number of pairs
        self._gathered = np.zeros(2)  # summed detectives, number of spirits with somebody next to them
        self._banished = np.zeros(self.case.num_spirits)
        self._visits = np.zeros((self.case.size, self.case.size))

    def watch(self, env: SpiritWorld, rewards: np.ndarray) -> None:
        """Take in the step that was just played.

        Args:
            env: The world after the step.
            rewards: Of that step, (E, A).
        """
        state, events = env.played, env.events
        if state is None or events is None:
            raise ValueError("watch() takes a world that has just played a step. Got one that has not")
        count = self.counting
        self.running_return += rewards.mean(axis=1)
        self._watch_positions(state.detectives[count], state.health[count] + events.health_lost[count] > 0)
        self._watch_spirits(events.next_to[count], events.banished[count])

        over = (events.won | events.lost | events.adjourned) & count
        if over.any():
            sums = self._sums
            sums["cases"] += over.sum()
            sums["won"] += events.won[over].sum()
            sums["standing"] += (state.health[over] > 0).mean(axis=1).sum()
            sums["length"] += state.clock[over].sum()
            sums["team_return"] += self.running_return[over].sum()
            self._banished += state.banished[over].sum(axis=0)
            self.running_return[over] = 0.0
            if self.first_case_only:
                self.counting = count & ~over

    def _watch_positions(self, detectives: np.ndarray, alive: np.ndarray) -> None:
        """Detectives (e, A, 2), and who lived during the step (e, A)."""
        cells = (detectives @ (self.case.size, 1))[alive]  # number of the cell, row by row
        self._visits += np.bincount(cells, minlength=self._visits.size).reshape(self._visits.shape)
        a, b = self._each_pair
        both = alive[:, a] & alive[:, b]
        distance = np.abs(detectives[:, a] - detectives[:, b]).sum(axis=-1)
        self._pairs += (distance * both).sum(), both.sum()

    def _watch_spirits(self, next_to: np.ndarray, banished: np.ndarray) -> None:
        """Who stood next to which spirit (e, A, S), and which spirits were banished (e, S)."""
        gathered = next_to.sum(axis=1)  # (e, S)
        tough = gathered[:, np.array(self.case.toughness) >= 2]
        self._gathered += tough.sum(), (tough > 0).sum()
        self._sums["alone"] += ((gathered == 1) & ~banished).sum()

    def summary(self) -> TeamBehaviour:
        """Return what was seen since the start or the last `clear`."""
        sums, toughness = self._sums, np.array(self.case.toughness)
        cases = sums["cases"]
        per_spirit = _ratio(self._banished, cases)
        return TeamBehaviour(
            cases=int(cases),
            win_rate=float(_ratio(sums["won"], cases)),
            survival=float(_ratio(sums["standing"], cases)),
            case_length=float(_ratio(sums["length"], cases)),
            team_return=float(_ratio(sums["team_return"], cases)),
            banished={int(k): float(per_spirit[toughness == k].mean()) for k in np.unique(toughness)},
            teaming_up=float(_ratio(*self._gathered)),
            mate_distance=float(_ratio(*self._pairs)),
            health_lost_alone=float(_ratio(100 * sums["alone"], self._visits.sum())),
            visits=_ratio(self._visits, self._visits.sum()),
        )


def _ratio(total: np.ndarray | float, count: float) -> np.ndarray:
    """Return total / count, NaN if the count is 0."""
    return np.asarray(total) / count if count else np.full_like(np.asarray(total, float), np.nan)
