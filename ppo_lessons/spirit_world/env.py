"""The Spirit world as a `TeamEnv`: E copies at once, each starting its next case by itself."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from ppo_lessons.errors import NotReadyError
from ppo_lessons.guards.fields import whole
from ppo_lessons.spirit_world.cases import Case, get_case
from ppo_lessons.spirit_world.rules import ACTION_NAMES, Events, WorldState, advance, new_cases, observe, rewards_of
from ppo_lessons.team_env import TeamStep, as_team_env, check_actions, describe, who_acts_next


class SpiritWorld:
    """E copies of one case, played by a team of A detectives.

    The layouts and the drift are drawn from two generators, so that with the same seed two teams meet the same first
    case in each copy, with the same drift draws, whatever they do.

    Args:
        case: Which one, by name or as a `Case`.
        num_envs: E.
        rewards_of: The rule that says what every detective gets for a step.
        who_acts_next: The rule that says who takes part in the next one.

    Attributes:
        state: Where everything stands now.
        played: Where everything stood after the last step, before a next case was laid out; None before the first.
        events: What happened in the last step; None before the first.

    Raises:
        ValueError: If the case is not known or `num_envs` is no whole number, 1 or more.
    """

    obs: np.ndarray
    acting: np.ndarray
    _layout_rng: np.random.Generator
    _drift_rng: np.random.Generator

    def __init__(
        self,
        case: str | Case = "standard",
        num_envs: int = 1,
        *,
        rewards_of: Callable[[Case, Events], np.ndarray] = rewards_of,
        who_acts_next: Callable[..., np.ndarray] = who_acts_next,
    ) -> None:
        """Make the copies; call `reset` before the first step."""
        self._rewards_of, self._who_acts_next = rewards_of, who_acts_next
        self.case = get_case(case)
        self.num_envs = whole("num_envs", num_envs, 1)
        self.num_agents = self.case.num_detectives
        self.obs_size = self.case.obs_size
        self.num_actions = len(ACTION_NAMES)
        self.events: Events | None = None
        self.played: WorldState | None = None
        self._state: WorldState | None = None

    @property
    def state(self) -> WorldState:
        """Where everything stands now.

        Raises:
            NotReadyError: Before the first `reset`.
        """
        if self._state is None:
            raise NotReadyError("Call reset(seed) before anything else. Got a SpiritWorld that was never reset")
        return self._state

    def reset(self, seed: int) -> None:
        """Lay out fresh cases in all copies and seed both generators."""
        layout, drift = map(np.random.default_rng, np.random.SeedSequence(whole("seed", seed, 0)).spawn(2))
        state = new_cases(self.case, self.num_envs, layout)
        self._become(state, observe(self.case, state), state.health > 0, _layout_rng=layout, _drift_rng=drift)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; `obs`, `acting`, `state` and `events` are new afterwards.

        A step that is broken off (Ctrl-C) has not happened, but that its draws are used up.

        Args:
            actions: One action a detective, 0 to 4, int64, (E, A); those of fallen detectives are ignored.

        Returns:
            Rewards and ends of this step, and what was seen after it.

        Raises:
            NotReadyError: Before the first `reset`.
            ValueError: If the actions are not (E, A) whole numbers from 0 to 4.
        """
        state = self.state
        check_actions(actions, self.num_envs, self.num_agents, self.num_actions)
        after, events = advance(self.case, state, actions, self._drift_rng)
        decided = events.won | events.lost
        terminated = events.fell | decided[:, None]
        truncated = events.adjourned[:, None] & ~terminated & self.acting
        episode_over = decided | events.adjourned
        final_obs = observe(self.case, after)
        state, obs = self._start_next(after, final_obs, episode_over) if episode_over.any() else (after, final_obs)
        rewards = self._rewards_of(self.case, events)
        acting = self._who_acts_next(self.acting, terminated, truncated, episode_over)
        self._become(state, obs, acting, events, after)
        return TeamStep(rewards, terminated, truncated, episode_over, final_obs)

    def _start_next(self, state: WorldState, obs: np.ndarray, over: np.ndarray) -> tuple[WorldState, np.ndarray]:
        """Return state and sight (E, A, D) with the next case laid out in the copies that are over (E,)."""
        fresh = new_cases(self.case, int(over.sum()), self._layout_rng)
        mixed, seen = WorldState(*(array.copy() for array in state)), obs.copy()
        for array, rows in zip(mixed, fresh, strict=True):
            array[over] = rows
        seen[over] = observe(self.case, fresh)
        return mixed, seen

    def _become(
        self,
        state: WorldState,
        obs: np.ndarray,
        acting: np.ndarray,
        events: Events | None = None,
        played: WorldState | None = None,
        **generators: np.random.Generator,
    ) -> None:
        """Change everything in one call: an interrupt comes before all of it or after."""
        vars(self).update(_state=state, obs=obs, acting=acting, events=events, played=played, **generators)

    def get_state(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as arrays and plain numbers; `set_state` takes it."""
        return {
            **{name: array.copy() for name, array in self.state._asdict().items()},
            "layout_rng": self._layout_rng.bit_generator.state,
            "drift_rng": self._drift_rng.bit_generator.state,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on exactly from what `get_state` returned.

        Raises:
            ValueError: If the arrays do not fit this case and number of copies.
        """
        world = WorldState(**{name: np.array(state[name]) for name in WorldState._fields})
        like = new_cases(self.case, self.num_envs, np.random.default_rng(0))
        for name, got, want in zip(WorldState._fields, world, like, strict=True):
            if got.shape != want.shape or got.dtype != want.dtype:
                raise ValueError(f"{name} must be {want.dtype} {want.shape}. Got {got.dtype} {got.shape}")
        layout, drift = np.random.default_rng(), np.random.default_rng()
        layout.bit_generator.state, drift.bit_generator.state = state["layout_rng"], state["drift_rng"]
        self._become(world, observe(self.case, world), world.health > 0, _layout_rng=layout, _drift_rng=drift)


@as_team_env.register(str)
@as_team_env.register(Case)
def _play_case(case: str | Case, num_envs: int) -> SpiritWorld:
    return SpiritWorld(case, num_envs)


@describe.register(SpiritWorld)
def _describe_case(env: SpiritWorld) -> dict[str, Any]:
    return asdict(env.case)
