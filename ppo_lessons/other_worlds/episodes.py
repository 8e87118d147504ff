"""How episodes went in a world that others wrote: the one thing that can be said of all of them."""

from typing import Any, NamedTuple

import numpy as np

from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from ppo_lessons.other_worlds.workers import InWorkers
from ppo_lessons.team_env import make_meter


class Episodes(NamedTuple):
    """Episodes that ended; NaN where none did."""

    finished: int
    """How many."""
    mean_return: float
    """Rewards of an episode, summed, not discounted; mean over the agents and the episodes."""
    mean_length: float
    """Steps of an episode."""


@make_meter.register(Copies)
@make_meter.register(GymnasiumVectorTeam)
@make_meter.register(InWorkers)
class EpisodeMeter:
    """Sums up the rewards of every episode that it saw whole.

    Where a step was played that it did not watch, or the world was reset, nobody knows what the episodes that are being
    played have earned; they are not counted when they end.

    Args:
        env: The world, after its reset.
    """

    def __init__(self, env: Any) -> None:
        """Start at zero."""
        self.running_return = np.zeros(env.num_envs)
        self._steps = np.zeros(env.num_envs)
        self._acting = env.acting
        self.clear()

    def watch(self, env: Any, rewards: np.ndarray) -> None:
        """Take in the step that was just played, with its rewards, (E, A)."""
        goes_on = env.acting_before is self._acting  # every step and every reset makes this array anew
        earned = (self.running_return if goes_on else np.nan) + rewards.mean(axis=1, dtype=float)
        steps = self._steps + env.acting_before.any(axis=1)
        over = env.last_step.episode_over
        if (known := over & ~np.isnan(earned)).any():
            self._ended += zip(earned[known].tolist(), steps[known].tolist(), strict=True)
        self.running_return, self._steps = np.where(over, 0, earned), np.where(over, 0, steps)
        self._acting = env.acting  # last: a watch that was broken off is as good as none

    def cut_off(self, env: Any, copies: np.ndarray, acting: np.ndarray) -> None:
        """Leave out the episodes of some copies, which were broken off; theirs begin anew.

        Args:
            env: The world, in which they have begun.
            copies: Which, bool, (E,).
            acting: What `env.acting` was before.
        """
        known = self.running_return if acting is self._acting else np.full(len(copies), np.nan)
        self.running_return, self._steps = np.where(copies, 0, known), np.where(copies, 0, self._steps)
        self._acting = env.acting

    def summary(self) -> Episodes:
        """Return what was seen since the start or the last `clear`."""
        if not self._ended:
            return Episodes(0, float("nan"), float("nan"))
        mean_return, mean_length = np.mean(self._ended, axis=0).tolist()
        return Episodes(len(self._ended), mean_return, mean_length)

    def clear(self) -> None:
        """Forget what was summed up; episodes that are being played go on."""
        self._ended: list[tuple[float, float]] = []
