"""Several cases at once: each copy of the world plays its own case, and all are padded to one size."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ppo_lessons.spirit_world.behaviour import BehaviourMeter, TeamBehaviour
from ppo_lessons.spirit_world.cases import Case, get_case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.team_env import TeamStep, as_team_env, check_actions, describe, make_meter


class SeveralCases:
    """E copies of the Spirit world, shared out evenly among several cases; a `TeamEnv`.

    The observation is that of the largest case: as many mates as its team has, as many spirits. What a smaller case
    does not have is never seen (zeros), and detectives that it does not have never act. The numbers that `rules` gives
    as shares of the team are shares of the largest one, so that they mean the same in all cases.

    Args:
        cases: Names or `Case`s, each name once.
        num_envs: E, at least one for each case.
        rules: What `SpiritWorld` takes besides, such as `rewards_of`.

    Raises:
        ValueError: If a case is not known, two have one name, or there are fewer copies than cases.
    """

    def __init__(self, cases: Sequence[str | Case], num_envs: int, **rules: Any) -> None:
        """Make the copies; call `reset` before the first step."""
        self.cases = [get_case(case) for case in cases]
        names = [case.name for case in self.cases]
        if len(set(names)) < len(names) or not names:
            raise ValueError(f"Several cases must be one or more, each of its own name. Got {names}")
        if num_envs < len(names):
            raise ValueError(f"Each case needs a copy of the world. Got {num_envs} copies for {names}")
        self.num_envs, self.num_agents = num_envs, max(case.num_detectives for case in self.cases)
        spirits = max((case.toughness for case in self.cases), key=len)
        self.largest = replace(self.cases[0], num_detectives=self.num_agents, toughness=(1,) * len(spirits))
        self.obs_size = self.largest.obs_size
        shares = np.array_split(np.arange(num_envs), len(names))
        self.copies = [slice(int(share[0]), int(share[-1]) + 1) for share in shares]
        self.worlds = [SpiritWorld(case, len(share), **rules) for case, share in zip(self.cases, shares, strict=True)]
        self.num_actions = self.worlds[0].num_actions
        self._places = [_places(case, self.largest) for case in self.cases]
        self.present = np.zeros((num_envs, self.num_agents), bool)
        """Which agents there are, bool, (E, A)."""
        for case, copies in zip(self.cases, self.copies, strict=True):
            self.present[copies, : case.num_detectives] = True

    @property
    def obs(self) -> np.ndarray:
        """What each agent sees, float32, (E, A, D)."""
        return self._padded_obs([world.obs for world in self.worlds])

    @property
    def acting(self) -> np.ndarray:
        """Which agents take part in the next step, bool, (E, A)."""
        return self._padded([world.acting for world in self.worlds])

    def reset(self, seed: int) -> None:
        """Lay out fresh cases in all copies, each case with a seed of its own."""
        for world, own in zip(self.worlds, np.random.SeedSequence(seed).generate_state(len(self.worlds)), strict=True):
            world.reset(int(own))

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `SpiritWorld.step`."""
        check_actions(actions, self.num_envs, self.num_agents, self.num_actions)
        steps = [
            world.step(actions[copies, : world.num_agents])
            for world, copies in zip(self.worlds, self.copies, strict=True)
        ]
        return TeamStep(
            rewards=self._padded([step.rewards for step in steps]),
            terminated=self._padded([step.terminated for step in steps]),
            truncated=self._padded([step.truncated for step in steps]),
            episode_over=np.concatenate([step.episode_over for step in steps]),
            final_obs=self._padded_obs([step.final_obs for step in steps]),
        )

    def _padded(self, parts: list[np.ndarray]) -> np.ndarray:
        """Lay (e, a) of each case into (E, A)."""
        whole = np.zeros((self.num_envs, self.num_agents), parts[0].dtype)
        for part, copies in zip(parts, self.copies, strict=True):
            whole[copies, : part.shape[1]] = part
        return whole

    def _padded_obs(self, parts: list[np.ndarray]) -> np.ndarray:
        """Lay (e, a, d) of each case into (E, A, D)."""
        whole = np.zeros((self.num_envs, self.num_agents, self.obs_size), np.float32)
        for part, copies, (columns, scale) in zip(parts, self.copies, self._places, strict=True):
            whole[copies, : part.shape[1], columns] = part * scale
        return whole

    def get_state(self) -> dict[str, Any]:
        """Return everything that the next step depends on; `set_state` takes it."""
        states = enumerate(world.get_state() for world in self.worlds)
        return {f"{i}.{name}": part for i, state in states for name, part in state.items()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on exactly from what `get_state` returned."""
        for i, world in enumerate(self.worlds):
            own = f"{i}."
            world.set_state({name.removeprefix(own): part for name, part in state.items() if name.startswith(own)})


def _places(case: Case, largest: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return where each of a case's numbers (d,) stands in the largest observation, and what it is multiplied by."""
    agents, most = case.num_detectives, largest.num_detectives
    mates, spirits = 4 * (agents - 1), 5 * case.num_spirits
    columns = np.concatenate(
        (
            np.arange(3 + agents),
            3 + most + np.arange(mates),
            3 + most + 4 * (most - 1) + np.arange(spirits),
        )
    )
    scale = np.ones(case.obs_size, np.float32)
    shares = scale[case.obs_size - spirits :].reshape(-1, 5)
    shares[:, 2:4] = agents / most  # toughness / A, next to it / A
    return columns, scale


@make_meter.register(SeveralCases)
class SeveralMeters:
    """Watches each case with a `BehaviourMeter` of its own.

    Args:
        env: The cases, after their reset.
    """

    def __init__(self, env: SeveralCases) -> None:
        """Start at zero."""
        self.copies = env.copies
        self.meters = [BehaviourMeter(world) for world in env.worlds]

    @property
    def running_return(self) -> np.ndarray:
        """Rewards of the case that is being played, summed, mean over the detectives, (E,)."""
        return np.concatenate([meter.running_return for meter in self.meters])

    @running_return.setter
    def running_return(self, running_return: np.ndarray) -> None:
        """Go on from these, (E,)."""
        for meter, copies in zip(self.meters, self.copies, strict=True):
            meter.running_return = running_return[copies].copy()

    def watch(self, env: SeveralCases, rewards: np.ndarray) -> None:
        """Take in the step that was just played, with its rewards, (E, A)."""
        for meter, world, copies in zip(self.meters, env.worlds, self.copies, strict=True):
            meter.watch(world, rewards[copies, : world.num_agents])

    def summary(self) -> dict[str, TeamBehaviour]:
        """Return name of a case -> the team's behaviour in it."""
        return {meter.case.name: meter.summary() for meter in self.meters}

    def clear(self) -> None:
        """Forget what was summed up; cases that are being played go on."""
        for meter in self.meters:
            meter.clear()


@as_team_env.register(list)
@as_team_env.register(tuple)
def _play_several(cases: Sequence[str | Case], num_envs: int) -> SeveralCases:
    return SeveralCases(cases, num_envs)


@as_team_env.register(dict)
def _play_described(world: dict[str, Any], num_envs: int) -> SpiritWorld | SeveralCases:
    if "cases" in world:
        return SeveralCases([Case(**case) for case in world["cases"]], num_envs)
    return SpiritWorld(Case(**world), num_envs)


@describe.register(SeveralCases)
def _describe_cases(env: SeveralCases) -> dict[str, Any]:
    return {"cases": [asdict(case) for case in env.cases]}
