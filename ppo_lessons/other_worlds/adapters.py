"""Other worlds for the same training: any PettingZoo `ParallelEnv`, and any Gymnasium environment as a team of one.

Dictionaries end here: `spaces` turns observations into numbers and choices into actions, `promises` says what is wrong.
"""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import aec_to_parallel

from ppo_lessons.errors import WorldError
from ppo_lessons.other_worlds import made_worlds, promises, words
from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.made_worlds import name_of
from ppo_lessons.other_worlds.masks import mask_as_it_came, of_mask
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.spaces import MASK, Layout
from ppo_lessons.team_env import TeamStep

WAYS = ("padded", "own_networks")
"""What can be done with agents that see or choose differently."""


class PettingZooTeam(Copies):
    """E copies of a PettingZoo `ParallelEnv` as a `TeamEnv`.

    The same agents must take part in every episode. An agent that leaves `agents` has fallen: it sees zeros and does
    not act until its team's episode is over. It is paid nothing meanwhile, so there is nothing for `team_credit` to
    credit. A step that is broken off (Ctrl-C, an error) cuts off the episodes of the copies that it had reached. Action
    masks (`{"observation": ..., "action_mask": ...}`, or `infos[agent]`) are kept; how they are laid out stands at
    `GymnasiumTeam`.

    Args:
        make_env: Makes one copy. An `AECEnv` whose agents act at once is played through PettingZoo's own conversion.
        num_envs: E.
        agent_id: Whether each agent also sees its own number, one-hot (the weights are shared; this tells them apart).
        different_agents: What to do if agents see or choose differently. "padded": one network for all; who sees less
            sees zeros behind it, who can do less has the rest masked. "own_networks": besides, a network for each kind
            of agent. None: refuse.

    Raises:
        ValueError: If a space is of a kind that does not fit.
        WorldError: If a world breaks its promise, here or later: which, where, and what to do.
    """

    def __init__(
        self,
        make_env: Callable[[], ParallelEnv | AECEnv],
        num_envs: int = 1,
        *,
        agent_id: bool = True,
        different_agents: str | None = None,
    ) -> None:
        """Make the copies, and reset the first to see what it tells; call `reset` before the first step."""
        if different_agents not in (None, *WAYS):
            raise ValueError(f"different_agents must be None, {' or '.join(map(repr, WAYS))}. Got {different_agents!r}")
        super().__init__(make_env, num_envs)
        env = self.envs[0]
        self.agents = list(env.possible_agents)
        self.num_agents = len(self.agents)
        spaces = [(env.observation_space(agent), env.action_space(agent)) for agent in self.agents]
        _, infos = self._laid_out(0, 0)
        masked = any(MASK in (infos.get(agent) or {}) for agent in self.agents)
        layout = Layout(spaces, agent_id, different_agents == "own_networks", masked)
        if different_agents is None and layout.kinds_seen > 1:
            raise ValueError(
                f"Agents that see or choose differently ask for your choice: different_agents={WAYS[0]!r} (one network "
                f"for all, what is missing is padded) or {WAYS[1]!r} (one for each kind). Got {spaces}"
            )
        self.lay_out(layout)

    def _made(self) -> ParallelEnv:
        env = made(self.make_env)
        self.name = name_of(env)
        env = simultaneous(env, self.name) if isinstance(env, AECEnv) else env
        self._refuse(made_worlds.of_parallel_world(env), self.name)
        return env

    def _laid_out(self, e: int, seed: int | None) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Reset one copy, and return observations and infos."""
        self._time[e] = 0
        outcome = self._call(e, "reset", seed=seed)
        self._refuse(promises.of_parallel_reset(self.agents, outcome, who_is_left(self.envs[e])), self._where(e))
        return outcome

    def _begin(self, e: int, seed: int | None = None) -> np.ndarray:
        seen, infos = self._laid_out(e, seed)
        rows = self.layout.blank.copy()
        for a, name in enumerate(self.agents):
            self._write(e, a, seen[name], infos.get(name), rows[a])
        return rows

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        env, names, choices = self.envs[e], self.agents, self.layout.choices
        acting = self.acting[e].nonzero()[0].tolist()
        asked = names if len(acting) == len(names) else [names[a] for a in acting]
        place = e if asked is names else (e, acting)  # a whole row is written far faster than picked places
        outcome = self._call(e, "step", {names[a]: choices[a].action(actions[a]) for a in acting})
        try:
            seen, earned, ended, cut, infos = outcome
            looks = [(a, seen[names[a]], infos.get(names[a])) for a in acting]
            rewards, over, off = ([part[name] for name in asked] for part in (earned, ended, cut))
            odd = not (NUMBERS.issuperset(map(type, rewards)) and FLAGS.issuperset(map(type, over + off)))
            if odd:  # it may be as good
                odd, rewards, over, off = _looked_at(rewards, over, off)
            going = [name for name, o, c in zip(asked, over, off, strict=True) if not (o or c)]
            odd |= env.agents != going and set(env.agents) != set(going)
            result.rewards[place] = rewards
            if len(going) < len(asked):
                result.terminated[place] = over
                result.truncated[place] = [c and not o for o, c in zip(over, off, strict=True)]
        except Exception:  # whatever taking apart what is not as promised can raise
            odd = True
        if odd:
            self._explain(e, asked, outcome)
            got = words.in_words(outcome)
            raise WorldError(f"step() must return what the ParallelEnv API says. Got {got} ({self._where(e)})")
        for a, sight, info in looks:
            self._write(e, a, sight, info, result.final_obs[e, a])
        result.episode_over[e] = not going
        return [name in going for name in names]

    def _explain(self, e: int, acting: list[Any], outcome: Any) -> None:
        """Refuse a step with the first promise that it broke."""
        self._refuse(promises.of_parallel_step(acting, outcome, who_is_left(self.envs[e])), self._where(e))

    def _write(self, e: int, a: int, seen: Any, info: Any, row: np.ndarray) -> None:
        try:
            self.layout.write(a, seen, info, row)
        except Exception:
            raise WorldError(of_look(self.layout, a, seen, info, self.agents[a]).at(self._where(e))) from None


class GymnasiumTeam(Copies):
    """E copies of a Gymnasium environment as a `TeamEnv`: a team of one.

    A step that is broken off (Ctrl-C, an error) cuts off the episodes of the copies that it had reached. Action masks
    (in the observation, or `infos["action_mask"]`) are kept: 0 or 1 for each action. Those of several choices stand one
    after the other in one array, or each in an array of its own in a tuple. For `MultiDiscrete([2, 3])` these are five
    flags; for `MultiBinary(3)` six: may the first be off, may it be on, may the second be off, and so on.

    Args:
        make_env: Makes one copy.
        num_envs: E.

    Raises:
        ValueError: If a space is of a kind that does not fit.
        WorldError: If a world breaks its promise, here or later: which, where, and what to do.
    """

    num_agents = 1
    agents = ("the agent",)

    def __init__(self, make_env: Callable[[], gymnasium.Env], num_envs: int = 1) -> None:
        """Make the copies, and reset the first to see what it tells; call `reset` before the first step."""
        super().__init__(make_env, num_envs)
        env = self.envs[0]
        infos = self._laid_out(0, 0)[1]
        self.lay_out(Layout([(env.observation_space, env.action_space)], agent_id=False, masked=MASK in infos))

    def _made(self) -> gymnasium.Env:
        env = made(self.make_env)
        self.name = name_of(env)
        self._refuse(made_worlds.of_gymnasium_world(env), self.name)
        return env

    def _laid_out(self, e: int, seed: int | None) -> tuple[Any, dict[str, Any]]:
        self._time[e] = 0
        outcome = self._call(e, "reset", seed=seed)
        self._refuse(promises.of_gymnasium_reset(outcome), self._where(e))
        return outcome

    def _begin(self, e: int, seed: int | None = None) -> np.ndarray:
        seen, info = self._laid_out(e, seed)
        rows = self.layout.blank.copy()
        self._write(e, seen, info, rows[0])
        return rows

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        outcome = self._call(e, "step", self.layout.choices[0].action(actions[0]))
        try:
            seen, earned, ended, cut, info = outcome
            result.rewards[e] = earned
            usual = type(earned) in NUMBERS and type(info) is dict
            usual = usual and (type(ended) in FLAGS or (type(ended) is int and 0 <= ended <= 1))
            usual = usual and (type(cut) in FLAGS or (type(cut) is int and 0 <= cut <= 1))
        except Exception:  # whatever taking apart what is not as promised can raise
            usual = False
        if not usual:  # it may be as good
            self._refuse(promises.of_gymnasium_step(outcome), self._where(e))
            seen, earned, ended, cut, info = outcome
            with np.errstate(over="ignore"):  # what is too large for float32 is told as infinite
                result.rewards[e] = words.as_array(earned)
        self._write(e, seen, info, result.final_obs[e, 0])
        result.terminated[e, 0], result.truncated[e, 0] = ended, cut and not ended
        result.episode_over[e] = ended or cut
        return [True]

    def _write(self, e: int, seen: Any, info: Any, row: np.ndarray) -> None:
        try:
            self.layout.write(0, seen, info, row)
        except Exception:
            raise WorldError(of_look(self.layout, 0, seen, info).at(self._where(e))) from None


def _looked_at(rewards: list[Any], over: list[Any], off: list[Any]) -> tuple[bool, np.ndarray, list[bool], list[bool]]:
    """Return whether rewards or flags of other types are odd, and what they are: numbers and flags have many types."""
    earned, ended, cut = np.array(rewards), np.array(over), np.array(off)
    odd = not (earned.ndim == ended.ndim == cut.ndim == 1) or earned.dtype.kind not in "fiub"
    if not ended.dtype.kind == cut.dtype.kind == "b":
        odd |= not (words.are_flags(ended) and words.are_flags(cut))
    return odd, earned, ended.astype(bool).tolist(), cut.astype(bool).tolist()


NUMBERS = frozenset((float, int, bool, np.float64, np.float32, np.int64, np.int32, np.bool_))
"""Types of which everything is a reward; others are looked at."""
FLAGS = frozenset((bool, np.bool_))


def made(make_env: Callable[[], Any]) -> Any:
    """Return a copy of a world.

    Raises:
        WorldError: With what was raised instead, and where.
    """
    try:
        return make_env()
    except Exception as error:
        raise WorldError(promises.of_call("make_env", error).at("make_env")) from error


def who_is_left(env: Any) -> Any:
    """Return `agents` of a world; None if it does not say."""
    return getattr(env, "agents", None)


def of_look(layout: Layout, a: int, seen: Any, info: Any, agent: Any = None) -> Finding:
    """Say what it is in an observation, in its infos, or in the mask that came with it, that does not fit."""
    for finding in promises.of_info(info, agent):
        return finding
    sight, choice = layout.sights[a], layout.choices[a]
    mask = mask_as_it_came(sight, seen, info)
    if mask is not None and not (layout.kind.masked or choice.continuous):
        return promises.late_mask(MASK, agent)
    wrong = None if mask is None else of_mask(sight.declared, choice.space, mask, False, agent)
    return wrong or promises.of_observation(seen, sight.declared, agent)


def simultaneous(env: AECEnv, name: str) -> ParallelEnv:
    """Return an `AECEnv` whose agents act at once as a `ParallelEnv`, through PettingZoo's own conversion.

    Raises:
        WorldError: If its agents take turns.
    """
    for finding in made_worlds.of_turn_taker(env):
        raise WorldError(finding.at(name))
    return aec_to_parallel(env)
