"""Gymnasium's own vector environments as a `TeamEnv` of teams of one, without a junk row at the end of an episode."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import iterate

from ppo_lessons.errors import NonFiniteError, NotReadyError, WorldError
from ppo_lessons.guards.fields import whole
from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.copies import check_choices
from ppo_lessons.other_worlds.made_worlds import name_of
from ppo_lessons.other_worlds.spaces import MASK, Layout
from ppo_lessons.team_env import TeamStep


class GymnasiumVectorTeam:
    """A Gymnasium `VectorEnv` as a `TeamEnv`: E copies, one agent each, whichever way its copies start anew.

    - *Disabled*: we ask for the next episode ourselves (`reset_mask`).
    - *Same step*: what was seen last is read from `infos["final_obs"]`.
    - *Next step*: the step after an end is no decision, only the next episode's beginning. Nobody acts in it, so it
      never becomes a row.

    A step that is broken off leaves copies of which nobody knows where they stand: call `reset`, or `begin_again`, as
    `train` does. If the worker processes of an `AsyncVectorEnv` died with it, another vector environment is needed.

    Args:
        env: For instance `gymnasium.make_vec("CartPole-v1", 8, vectorization_mode="vector_entry_point")`.

    Raises:
        ValueError: If a space is of a kind that does not fit.
    """

    num_agents = 1
    agents = ("the agent",)

    def __init__(self, env: VectorEnv) -> None:
        """Reset it once to see what it tells; call `reset` before the first step."""
        if not isinstance(env, VectorEnv):
            raise ValueError(f"A vector environment is asked for, for instance of gymnasium.make_vec. Got {env}")
        self.env, self.num_envs, self.name = env, env.num_envs, name_of(env)
        self._mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        spaces = [(env.single_observation_space, env.single_action_space)]
        self.layout = Layout(spaces, agent_id=False, masked=MASK in env.reset(seed=0)[1])
        self.obs_size, self.num_actions = self.layout.blank.shape[1], self.layout.num_actions
        self.action_kind, self.num_kinds, self.steps_played = self.layout.kind, 1, 0
        self._ready, self._seed = False, -1

    def reset(self, seed: int) -> None:
        """Lay out the first episodes."""
        self._seed = whole("seed", seed, 0)
        self._begin(self._seed)

    @property
    def broken_off(self) -> np.ndarray:
        """Copies in whose middle a step was broken off, bool, (E,): all of them or none."""
        return np.full(self.num_envs, not self._ready and self._seed >= 0)

    def begin_again(self) -> None:
        """Lay out new episodes in all copies, if they were broken off."""
        if self.broken_off.any():  # with another seed, and the same one whenever the same run comes here
            self._begin(int(np.random.SeedSequence((self._seed, self.steps_played)).generate_state(1)[0]))

    def _begin(self, seed: int) -> None:
        self._ready = False
        pending = getattr(getattr(self.env, "_state", None), "value", "default")
        try:
            if pending != "default":  # workers that were asked something, and whose answer nobody has taken
                getattr(self.env, f"{pending}_wait")(timeout=30)
            told = self.env.reset(seed=seed)
        except Exception as error:
            raise WorldError(promises.of_call("reset", error).at(self.name)) from error
        obs = self._rows(*told)
        self._require_choice(obs, np.zeros(self.num_envs, bool))
        vars(self).update(obs=obs, acting=np.ones((self.num_envs, 1), bool), _ready=True)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if not self._ready:
            raise NotReadyError("Call reset(seed) before step(). Got a world whose reset was not called or broken off")
        check_choices(actions, self)
        self._ready = False  # until all is done: whatever breaks it off finds this said
        waited = ~self.acting[:, 0]  # their next episode begins in this step
        try:
            seen, rewards, ended, cut, infos = self.env.step(self._chosen(actions[:, 0]))
        except Exception as error:
            raise WorldError(promises.of_call("step", error).at(self.name)) from error
        ended, cut = ended & ~waited, cut & ~ended & ~waited
        over = ended | cut
        obs = self._rows(seen, infos)
        final_obs = obs.copy()
        if self._mode == AutoresetMode.SAME_STEP:
            for e in np.flatnonzero(over):
                last = _mask_in(infos.get("final_info", {}), e)
                self.layout.write(0, infos["final_obs"][e], last, final_obs[e, 0])
        elif self._mode == AutoresetMode.DISABLED and over.any():
            begun = self._rows(*self.env.reset(options={"reset_mask": over}))
            obs = np.where(over[:, None, None], begun, obs)
        waits = over if self._mode == AutoresetMode.NEXT_STEP else np.zeros_like(over)
        self._require_finite(final_obs, rewards)
        self._require_choice(obs, waits)
        self.acting_before = self.acting
        self.obs, self.acting = np.where(waits[:, None, None], self.layout.blank, obs), ~waits[:, None]
        self.steps_played += 1
        self._ready = True
        whole_episode = waited if self._mode == AutoresetMode.NEXT_STEP else over
        earned = np.where(waited, 0, rewards).astype(np.float32)
        self.last_step = TeamStep(earned[:, None], ended[:, None], cut[:, None], whole_episode, final_obs)
        return self.last_step

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    def _chosen(self, chosen: np.ndarray) -> Any:
        """Return the actions of the world for what was chosen in each copy."""
        choice = self.layout.choices[0]
        if isinstance(choice.space, Discrete):
            return chosen + choice.action(np.zeros((), int))
        return np.stack([choice.action(each) for each in chosen])

    def _rows(self, seen: Any, infos: dict[str, Any]) -> np.ndarray:
        """Return what is seen in every copy, (E, 1, D)."""
        rows = np.repeat(self.layout.blank[None], self.num_envs, axis=0)
        space, size = self.env.single_observation_space, self.layout.seen_size
        if MASK in infos and not self.layout.kind.masked:
            raise WorldError(promises.late_mask(MASK).at(self.name))
        if isinstance(space, Box) and space.dtype != np.uint8 and not self.layout.kind.masked:
            rows[:, 0, :size] = np.reshape(seen, (self.num_envs, size))
            return rows
        for e, each in enumerate(iterate(self.env.observation_space, seen)):
            self.layout.write(0, each, _mask_in(infos, e), rows[e, 0])
        return rows

    def _require_finite(self, final_obs: np.ndarray, rewards: np.ndarray) -> None:
        for what, array in (("An observation", final_obs), ("A reward", rewards)):
            if not np.isfinite(array).all():
                place = np.argwhere(~np.isfinite(array))[0]
                raise NonFiniteError(promises.not_finite(what, array[tuple(place)]).at(self._where(place[0])))

    def _require_choice(self, obs: np.ndarray, waits: np.ndarray) -> None:
        if self.action_kind.masked and (stuck := ~self.layout.can_act(obs)[:, 0] & ~waits).any():
            raise WorldError(promises.nothing_legal().at(self._where(int(stuck.argmax()))))

    def _where(self, e: int) -> str:
        return f"{self.name}, copy {e}, step {self.steps_played + 1}"


def _mask_in(infos: dict[str, Any], e: int) -> dict[str, Any] | None:
    """Return what the infos of all copies say of the action mask of copy e; None if it told none."""
    if MASK not in infos or not infos.get(f"_{MASK}", np.ones(e + 1, bool))[e]:
        return None
    return {MASK: infos[MASK][e]}
