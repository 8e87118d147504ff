"""E separate copies of a world that others wrote, played one after the other: what all such teams share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ppo_lessons.action_kinds import ActionKind
from ppo_lessons.errors import NonFiniteError, NotReadyError, WorldError
from ppo_lessons.guards.fields import whole
from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.spaces import Layout
from ppo_lessons.team_env import TeamStep, check_actions


class Copies:
    """E separate worlds, played one after the other; what `PettingZooTeam` and `GymnasiumTeam` share.

    A step happens as a whole or not at all: `obs` and `acting` are new once every copy has been played. If it is broken
    off before (an error of a copy, Ctrl-C), nobody knows where the copies stand that had their turn: `broken_off` says
    which, and `begin_again` lays out their next episodes, as `train` does. Whoever plays on without it has them cut off
    with the next step: truncated, with reward 0 and what was seen last.

    Attributes:
        num_envs, num_agents, obs_size, num_actions, obs, acting: As in `TeamEnv`.
        action_kind: What an agent chooses.
        num_kinds: How many networks the agents ask for.
        steps_played: Whole steps since the start.
        acting_before, last_step: Who took part in the last whole step, and what it returned.
    """

    num_agents: int
    agents: Sequence[Any]
    name: str
    first_copy = 0
    """Number of the first copy, where others are elsewhere."""
    obs: np.ndarray
    acting: np.ndarray

    def __init__(self, make_env: Callable[[], Any], num_envs: int) -> None:
        """Make the copies."""
        self.num_envs = whole("num_envs", num_envs, 1)
        self._refuse(promises.of_maker(make_env), "make_env")
        self.make_env = make_env
        self.envs = [self._made() for _ in range(self.num_envs)]
        self._refuse(promises.of_copies(self.envs), type(self.envs[0]).__name__)
        self.steps_played = 0
        self._time = np.zeros(self.num_envs, int)  # steps in the episode of each copy
        self._ready = False

    def lay_out(self, layout: Layout) -> None:
        """Note what the agents see and choose."""
        self.layout, self.obs_size, self.num_actions = layout, layout.blank.shape[1], layout.num_actions
        self.action_kind, self.num_kinds = layout.kind, layout.num_kinds

    def reset(self, seed: int) -> None:
        """Lay out the first episodes; broken off, it must be called again."""
        seed = whole("seed", seed, 0)
        self._ready = False
        obs = np.stack([self._begin(e, seed + e) for e in range(self.num_envs)])
        acting = np.ones(obs.shape[:2], bool)
        self._require_sound(obs, acting)
        vars(self).update(obs=obs, acting=acting, _unknown=np.zeros(self.num_envs, bool), _ready=True)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if not self._ready:
            raise NotReadyError("Call reset(seed) before step(). Got a world whose reset was not called or broken off")
        check_choices(actions, self)
        shape = (self.num_envs, self.num_agents)
        ends = (np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(self.num_envs, bool))
        result = TeamStep(np.zeros(shape, np.float32), *ends, final_obs=self.obs.copy())
        acting = np.ones(shape, bool)
        for e in range(self.num_envs):
            if self._unknown[e]:
                result.truncated[e], result.episode_over[e] = self.acting[e], True
            else:
                self._unknown[e] = True  # before its turn: whatever breaks the step off finds this said
                self._time[e] += 1
                acting[e] = self._play(e, actions[e], result)
        self._require_finite(result)
        acting |= result.episode_over[:, None]
        obs = np.where(acting[..., None], result.final_obs, self.layout.blank)
        for e in np.flatnonzero(result.episode_over):
            obs[e] = self._begin(e)
        self._require_sound(obs, acting)
        # One call, so that an interrupt comes before all of it or after.
        unknown = np.zeros(self.num_envs, bool)
        counted = {"acting_before": self.acting, "last_step": result, "steps_played": self.steps_played + 1}
        vars(self).update(obs=obs, acting=acting, _unknown=unknown, **counted)
        return result

    @property
    def broken_off(self) -> np.ndarray:
        """Copies in whose middle a step was broken off, bool, (E,)."""
        return self._unknown.copy() if self._ready else np.zeros(self.num_envs, bool)

    def begin_again(self) -> None:
        """Lay out new episodes in these copies; the others stay where they are."""
        broken, obs, acting = self.broken_off, self.obs.copy(), self.acting.copy()
        for e in np.flatnonzero(broken):
            obs[e], acting[e] = self._begin(e), True
        self._require_sound(obs, acting)
        vars(self).update(obs=obs, acting=acting, _unknown=np.zeros(self.num_envs, bool))

    def close(self) -> None:
        """Close every copy."""
        for env in self.envs:
            if hasattr(env, "close"):
                env.close()

    def _made(self) -> Any:
        """Return one copy, as it was made."""
        raise NotImplementedError

    def _begin(self, e: int, seed: int | None = None) -> np.ndarray:
        """Lay out an episode of one copy, and return what its agents see, (A, D)."""
        raise NotImplementedError

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        """Play the actions (A,) in copy e, write into row e of the result, and return who goes on, (A,)."""
        raise NotImplementedError

    def _call(self, e: int, name: str, *given: Any, **named: Any) -> Any:
        """Call the world itself; an error of its own comes with where it was raised."""
        try:
            return getattr(self.envs[e], name)(*given, **named)
        except Exception as error:
            raise WorldError(promises.of_call(name, error).at(self._where(e))) from error

    def _where(self, e: int) -> str:
        return f"{self.name}, copy {self.first_copy + e}, {f'step {self._time[e]}' if self._time[e] else 'reset'}"

    @staticmethod
    def _refuse(findings: Iterable[Finding], where: str) -> None:
        for finding in findings:
            raise WorldError(finding.at(where))

    def _require_finite(self, step: TeamStep) -> None:
        for what, array in (("A reward", step.rewards), ("An observation", step.final_obs)):
            if not np.isfinite(array).all():
                e, a, *_ = place = np.argwhere(~np.isfinite(array))[0]
                finding = promises.not_finite(what, array[tuple(place)], self.agents[a])
                raise NonFiniteError(finding.at(self._where(e)))

    def _require_sound(self, obs: np.ndarray, acting: np.ndarray) -> None:
        """Refuse what the next decisions cannot be made from."""
        if not np.isfinite(obs).all():
            e, a, d = np.argwhere(~np.isfinite(obs))[0]
            raise NonFiniteError(promises.not_finite("An observation", obs[e, a, d], self.agents[a]).at(self._where(e)))
        if self.action_kind.masked and (stuck := acting & ~self.layout.can_act(obs)).any():
            e, a = np.argwhere(stuck)[0]
            raise WorldError(promises.nothing_legal(self.agents[a]).at(self._where(e)))


def check_choices(actions: np.ndarray, env: Any) -> None:
    """Refuse actions that are not of the world's kind, or not legal.

    Args:
        actions: One of each agent, (E, A), or (E, A, k) for several choices or real numbers.
        env: The world, with its `obs`, `acting`, `action_kind` and `layout`.

    Raises:
        ValueError: If shape, dtype or range is wrong, or a mask forbids it; nothing has been played then.
    """
    kind: ActionKind = env.action_kind
    if not kind.heads and not kind.continuous:
        check_actions(actions, env.num_envs, env.num_agents, env.num_actions)
        places = actions[..., None]
    else:
        actions, want = np.asarray(actions), (env.num_envs, env.num_agents, *kind.shape(env.num_actions))
        if actions.shape != want or np.issubdtype(actions.dtype, np.integer) == kind.continuous:
            numbers = "real" if kind.continuous else "whole"
            raise ValueError(f"actions must be {numbers} numbers {want}. Got {actions.dtype} {actions.shape}")
        if kind.continuous:
            if not np.isfinite(actions).all():
                raise NonFiniteError("actions must be finite. Got NaN or infinity")
            return
        sizes = np.array(kind.heads)
        if ((actions < 0) | (actions >= sizes)).any():
            raise ValueError(f"actions must be below {kind.heads}. Got {actions.min()} to {actions.max()}")
        places = actions + np.cumsum(sizes) - sizes
    if kind.masked:
        legal = np.take_along_axis(env.layout.legal(env.obs), places, axis=-1).all(axis=-1)
        if (bad := np.argwhere(env.acting & ~legal)).size:
            e, a = bad[0]
            got = f"{actions[e, a].tolist()} of agent {env.agents[a]!r} ({env.name}, copy {e})"
            raise ValueError(f"actions must be legal: drawn by a policy that knows masks. Got {got}")
