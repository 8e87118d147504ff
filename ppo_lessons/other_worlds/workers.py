"""Slow worlds in processes of their own, through Gymnasium's `AsyncVectorEnv`.

Each worker holds a team with one copy. All that a step tells goes through shared memory, as one observation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium import logger
from gymnasium.spaces import Box, Dict, MultiBinary, MultiDiscrete
from gymnasium.vector import AsyncVectorEnv

from ppo_lessons.errors import NotReadyError, WorldError
from ppo_lessons.guards.fields import whole
from ppo_lessons.other_worlds.copies import Copies, check_choices
from ppo_lessons.team_env import TeamStep


class InWorkers:
    """E copies of a world, each in a process of its own, as a `TeamEnv`: the same rows as from one process.

    A worker that dies, or whose world raises an error, ends all of them, and the error says which it was.
    `begin_again`, which `train` calls, starts new ones. So does the next step, in which every episode is cut off then
    (truncated, with reward 0 and what was seen last).

    A script that uses it must begin its work under `if __name__ == "__main__":`, since each process loads it once more.

    Worth it for worlds that take milliseconds for a step; for faster ones the way to another process takes longer.

    Args:
        make_team: Makes a team with one copy, for instance `lambda: PettingZooTeam(make_env)`.
        num_envs: E, the number of processes.
        timeout: Seconds after which a step that does not come back counts as failed.

    Raises:
        WorldError: If a world breaks its promise, here or later: which, where, and what to do.
    """

    def __init__(self, make_team: Callable[[], Copies], num_envs: int, *, timeout: float = 120.0) -> None:
        """Ask one team for its sizes; the workers start with the first reset."""
        self.num_envs, self._make_team, self._timeout = whole("num_envs", num_envs, 1), make_team, timeout
        team = make_team()
        if getattr(team, "num_envs", None) != 1:
            raise ValueError(f"make_team must make a team with one copy. Got {team}")
        self.name, self.agents, self.layout = team.name, team.agents, team.layout
        self.num_agents, self.obs_size, self.num_actions = team.num_agents, team.obs_size, team.num_actions
        self.action_kind, self.num_kinds, self.steps_played = team.action_kind, team.num_kinds, 0
        team.close()
        self._workers: AsyncVectorEnv | None = None
        self._seed: int | None = None

    def reset(self, seed: int) -> None:
        """Start the workers where there are none, and lay out the first episodes."""
        self._seed = whole("seed", seed, 0)
        told = self._begin(self._seed)
        self.obs, self.acting = told["obs"].copy(), told["acting"].astype(bool)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if self._seed is None:
            raise NotReadyError("Call reset(seed) before step(). Got a world whose reset was not called or broken off")
        check_choices(actions, self)
        if self._workers is None:
            step, told = self._all_cut_off()
        else:
            workers = self._workers
            told = self._asked(lambda: workers.step_async(actions), lambda: workers.step_wait(self._timeout))
            flags = (told[name].astype(bool) for name in ("terminated", "truncated"))
            step = TeamStep(
                told["rewards"].copy(), *flags, told["episode_over"][:, 0].astype(bool), told["final_obs"].copy()
            )
        new = {"obs": told["obs"].copy(), "acting": told["acting"].astype(bool)}
        new |= {"acting_before": self.acting, "last_step": step}
        vars(self).update(**new, steps_played=self.steps_played + 1)
        return step

    @property
    def broken_off(self) -> np.ndarray:
        """Copies in whose middle a step was broken off, bool, (E,): all of them or none."""
        return np.full(self.num_envs, self._workers is None and self._seed is not None)

    def begin_again(self) -> None:
        """Start new workers where the old ones were ended, and lay out new episodes."""
        if self.broken_off.any():
            told = self._begin(self._next_seed())
            vars(self).update(obs=told["obs"].copy(), acting=told["acting"].astype(bool))

    def close(self) -> None:
        """End all workers, with their worlds closed if they still answer."""
        workers, self._workers = self._workers, None
        if workers is not None and not workers.closed:
            workers.close()

    def _end_all(self) -> None:
        """Kill all workers: some of them died, or hang, and would not answer."""
        workers, self._workers = self._workers, None
        if workers is not None:
            for process in workers.processes:
                process.kill()
                process.join()
            for pipe in workers.parent_pipes:
                if pipe is not None:
                    pipe.close()
            workers.closed = True

    def __del__(self) -> None:
        """Leave nobody behind."""
        if getattr(self, "_workers", None) is not None:
            self._end_all()

    def _all_cut_off(self) -> tuple[TeamStep, Any]:
        """Start new workers; the episodes of the old ones are cut off with what was seen last."""
        told = self._begin(self._next_seed())
        shape = self.acting.shape
        nothing, over = np.zeros(shape, np.float32), np.ones(self.num_envs, bool)
        return TeamStep(nothing, np.zeros(shape, bool), self.acting.copy(), over, self.obs.copy()), told

    def _next_seed(self) -> int:
        """Return another seed, and the same one whenever the same run comes here."""
        return int(np.random.SeedSequence((self._seed, self.steps_played)).generate_state(1)[0])

    def _begin(self, seed: int) -> Any:
        if self._workers is None:
            makers = [Maker(self._make_team, e) for e in range(self.num_envs)]
            try:
                # spawned and not forked: a process with threads in it, as torch has, must not be copied
                self._workers = AsyncVectorEnv(makers, copy=False, context="spawn")
            except (OSError, EOFError) as error:
                rule = "Each worker must be able to make its world, as this process was"
                got = f"{type(error).__name__} from a process of {self.name} that died"
                raise WorldError(
                    f"{rule}. Got {got}. What it raised itself stands above; a script needs if __name__ == '__main__':"
                ) from error
        workers = self._workers
        return self._asked(lambda: workers.reset_async(seed=seed), lambda: workers.reset_wait(self._timeout))

    def _asked(self, ask: Callable[[], None], wait: Callable[[], tuple[Any, ...]]) -> Any:
        """Ask all workers something, and return what they tell; whatever goes wrong ends them all."""
        try:
            with _quietly():
                ask()
                return wait()[0]
        except BaseException as error:
            self._end_all()
            if isinstance(error, (WorldError, ValueError)) or not isinstance(error, Exception):
                raise
            what = type(error).__name__ + (f": {error}" if str(error) else "")
            raise WorldError(
                f"A worker must answer within {self._timeout:g} s. Got {what} from a process of {self.name} that died "
                "or hangs. All workers were ended; the next step starts new ones. Look for too little memory, or a "
                "world that waits for something"
            ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Let the error itself speak: Gymnasium's log would tell it too, and breaks off at a % in what it tells."""
    before, logger.min_level = logger.min_level, logger.ERROR + 1
    try:
        yield
    finally:
        logger.min_level = before


class Maker:
    """Makes one copy's team in its worker.

    Args:
        make_team: Makes a team with one copy.
        copy: Its number.
    """

    def __init__(self, make_team: Callable[[], Copies], copy: int) -> None:
        """Note what to make."""
        self.make_team, self.copy = make_team, copy

    def __call__(self) -> "OneCopy":
        """Make it."""
        return OneCopy(self.make_team(), self.copy)


class OneCopy(gymnasium.Env):
    """A team with one copy as a Gymnasium environment whose observation is all that a step tells. It never ends.

    Args:
        team: The team.
        copy: Its number, for errors.
    """

    def __init__(self, team: Copies, copy: int) -> None:
        """Say how large everything is."""
        self.team, agents = team, team.num_agents
        team.first_copy = copy
        numbers, seen = (Box(-np.inf, np.inf, shape, np.float32) for shape in ((agents,), (agents, team.obs_size)))
        flags = {name: MultiBinary(agents) for name in ("acting", "terminated", "truncated")}
        self.observation_space = Dict(obs=seen, final_obs=seen, rewards=numbers, episode_over=MultiBinary(1), **flags)
        kind, sizes = team.action_kind, (agents, *team.action_kind.shape(team.num_actions))
        heads = np.broadcast_to(kind.heads or team.num_actions, sizes)
        self.action_space = Box(-np.inf, np.inf, sizes, np.float32) if kind.continuous else MultiDiscrete(heads)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict]:
        """Lay out the first episode."""
        self.team.reset(seed or 0)
        shape = self.team.acting.shape
        nothing = np.zeros(shape, bool)
        return self._told(TeamStep(nothing, nothing, nothing, nothing[:, 0], self.team.obs)), {}

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Play one step."""
        return self._told(self.team.step(action[None])), 0.0, False, False, {}

    def close(self) -> None:
        """Close the world."""
        self.team.close()

    def _told(self, step: TeamStep) -> dict[str, Any]:
        told = {name: array[0] for name, array in step._asdict().items()}
        return {**told, "episode_over": step.episode_over, "obs": self.team.obs[0], "acting": self.team.acting[0]}
