"""Two worlds that keep their promise, and many that are broken on purpose, each in one place, always the same one."""

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from pettingzoo import ParallelEnv


class Good(ParallelEnv):
    """Two agents see two numbers; b falls with step 4, and a is cut off with step 6."""

    metadata, possible_agents = {"name": "good_v0"}, ("a", "b")
    seen_by_all = Box(-1, 1, (2,), np.float32)

    def observation_space(self, agent):
        return self.seen_by_all

    def action_space(self, agent):
        return Discrete(3)

    def reset(self, seed=None, options=None):
        if seed is not None or not hasattr(self, "rng"):
            self.rng = np.random.default_rng(seed)
        self.time, self.agents = 0, list(self.possible_agents)
        return self.see(), {agent: {} for agent in self.agents}

    def see(self):
        return {agent: self.see_as(agent) for agent in self.agents}

    def see_as(self, agent):
        return self.rng.uniform(-1, 1, 2).astype(np.float32)

    def step(self, actions):
        self.time += 1
        told = (
            self.see(),
            {agent: self.reward(agent) for agent in self.agents},
            {agent: self.falls(agent) for agent in self.agents},
            {agent: self.cut(agent) for agent in self.agents},
            {agent: {} for agent in self.agents},
        )
        self.agents = [agent for agent in self.agents if not (told[2][agent] or told[3][agent])]
        return told

    def reward(self, agent):
        return 0.5

    def cut(self, agent):
        return self.time == 6

    def falls(self, agent):
        return agent == "b" and self.time == 4


class SeesNaN(Good):
    def see_as(self, agent):
        return super().see_as(agent) * (np.nan if (self.time, agent) == (3, "b") else 1)


class InfiniteReward(Good):
    def reward(self, agent):
        return np.inf if (self.time, agent) == (2, "a") else 0.5


class WrongShape(Good):
    def see_as(self, agent):
        return super().see_as(agent)[: 1 if (self.time, agent) == (2, "a") else 2]


class DoublePrecision(Good):
    def see_as(self, agent):
        return super().see_as(agent).astype(float)


class OutOfBounds(Good):
    def see_as(self, agent):
        return super().see_as(agent) + (3 if (self.time, agent) == (3, "b") else 0)


class Raises(Good):
    def step(self, actions):
        if self.time == 3:
            raise ZeroDivisionError("division by zero")
        return super().step(actions)


class RaisesAtReset(Good):
    def reset(self, seed=None, options=None):
        raise KeyError("no such level")


class KnowsNoSeed(Good):
    def reset(self):
        return super().reset(seed=0)


class ComesBack(Good):
    """b falls with step 2, and is back with step 3."""

    def falls(self, agent):
        return agent == "b" and self.time == 2

    def step(self, actions):
        told = super().step(actions)
        if self.time == 3:
            self.agents = ["a", "b"]
        return told


class Vanishes(Good):
    def step(self, actions):
        told = super().step(actions)
        self.agents = [agent for agent in self.agents if agent == "a" or self.time < 2]
        return told


class SitsOut(Good):
    """b waits in step 3, as if it had its turn later."""

    def step(self, actions):
        told = super().step(actions)
        if self.time < 4:
            self.agents = ["a"] if self.time == 2 else ["a", "b"]
        return told


class Without(Good):
    """One of the five dictionaries lacks one agent in step 2."""

    part, agent = 0, "a"

    def step(self, actions):
        told = super().step(actions)
        if self.time == 2:
            del told[self.part][self.agent]
        return told


class NoObservation(Without):
    pass


class NoReward(Without):
    part, agent = 1, "b"


class NoFlag(Without):
    part, agent = 3, "b"


class NothingLastSeen(Without):
    """What a saw when it was cut off is not told."""

    def step(self, actions):
        told = Good.step(self, actions)
        if self.time == 6:
            del told[0]["a"]
        return told


class NeverEmpty(Good):
    def step(self, actions):
        told = super().step(actions)
        self.agents = self.agents or ["a"]
        return told


class KeepsTheDead(Good):
    def step(self, actions):
        told = super().step(actions)
        self.agents = [*self.agents, "b"] if self.time == 4 else self.agents
        return told


class BareReset(Good):
    def reset(self, seed=None, options=None):
        return super().reset(seed)[0]


class OldStep(Good):
    def step(self, actions):
        seen, rewards, ended, _, infos = super().step(actions)
        return seen, rewards, ended, infos


class Lists(Good):
    """Rewards are a list, in the order of the agents."""

    def step(self, actions):
        seen, rewards, *rest = super().step(actions)
        return seen, list(rewards.values()), *rest


class RewardsAsArrays(Good):
    def reward(self, agent):
        return np.array([0.5])


class RewardsAsText(Good):
    def reward(self, agent):
        return "1.0" if (self.time, agent) == (2, "a") else 1.0


class RewardsAsNothing(Good):
    def reward(self, agent):
        return None if (self.time, agent) == (2, "a") else 1.0


class RewardsOfAGraph(Good):
    """Nobody has detached them from what they were computed with."""

    def reward(self, agent):
        return torch.tensor(0.5, requires_grad=True)


class SeesOfAGraph(Good):
    def see_as(self, agent):
        seen = torch.tensor(super().see_as(agent))
        return seen.requires_grad_() if (self.time, agent) == (2, "b") else seen


class FlagsAsTwo(Good):
    def falls(self, agent):
        return 2 * super().falls(agent)


class CutsAsTwo(Good):
    def cut(self, agent):
        return 2 * super().cut(agent)


class CutsAsNothing(Good):
    def cut(self, agent):
        return None if agent == "b" else super().cut(agent)


class InfosAsNumbers(Good):
    def reset(self, seed=None, options=None):
        seen, infos = super().reset(seed)
        return seen, dict.fromkeys(infos, 7)


class AgentsAsArray(Good):
    def step(self, actions):
        told = super().step(actions)
        self.agents = np.array(self.agents) if self.time == 2 else self.agents
        return told


class FlagsAsWords(Good):
    def falls(self, agent):
        return ("yes" if self.time == 4 else "no") if agent == "b" else False


class FlagsAsNothing(Good):
    def falls(self, agent):
        return None


class PartOfTheTeam(Good):
    def reset(self, seed=None, options=None):
        told = super().reset(seed)
        self.agents = ["a"]
        return told


class NewAgent(Good):
    def step(self, actions):
        told = super().step(actions)
        self.agents = [*self.agents, "c"] if self.time == 2 else self.agents
        return told


class TellsTheDead(Good):
    """b fell with step 4, and is told of in step 5 all the same."""

    def step(self, actions):
        told = super().step(actions)
        if self.time == 5:
            told[0]["b"], told[1]["b"], told[2]["b"], told[3]["b"] = told[0]["a"], 0.0, True, False
        return told


class LargeRewards(Good):
    def reward(self, agent):
        return 1e6 if self.time == 2 else 0.5


class LargeNumbers(Good):
    seen_by_all = Box(-np.inf, np.inf, (2,), np.float32)

    def see_as(self, agent):
        return super().see_as(agent) * (40_000 if self.time == 2 else 1)


class Unseeded(Good):
    def see_as(self, agent):
        return np.random.default_rng().uniform(-1, 1, 2).astype(np.float32)


class AnotherSeed(Good):
    """Makes its generator anew in each reset, also in one that brings no seed."""

    def reset(self, seed=None, options=None):
        self.rng = np.random.default_rng(seed)
        return super().reset()


class OneChanceForAll(Good):
    """Draws from numpy's global numbers, which no seed of a reset reaches."""

    def see_as(self, agent):
        return np.random.uniform(-1, 1, 2).astype(np.float32)


class Remembers(Good):
    """What is seen depends on how many episodes there were before."""

    episodes = 0

    def reset(self, seed=None, options=None):
        self.episodes += 1
        return super().reset(seed)

    def see_as(self, agent):
        return super().see_as(agent) / self.episodes


class OneClock(Good):
    """All copies share a clock: each turns the others' on."""

    clock = np.zeros(1)

    def reset(self, seed=None, options=None):
        self.clock[:] = 0
        return super().reset(seed)

    def step(self, actions):
        self.clock += 1
        return super().step(actions)

    def see_as(self, agent):
        return np.float32([self.clock[0] % 7 / 7, agent == "b"])


class Masked(Good):
    """May do everything but 2."""

    space = Dict({"observation": Box(-1, 1, (2,), np.float32), "action_mask": Box(0, 1, (3,), np.int8)})

    def observation_space(self, agent):
        return self.space

    def see_as(self, agent):
        return {"observation": super().see_as(agent), "action_mask": self.mask_of(agent)}

    def mask_of(self, agent):
        return np.array([1, 1, 0], np.int8)


class SeesNaNInADictionary(Masked):
    def see_as(self, agent):
        seen = super().see_as(agent)
        return seen | {"observation": seen["observation"] * (np.nan if (self.time, agent) == (3, "b") else 1)}


class NothingLegal(Masked):
    def mask_of(self, agent):
        return super().mask_of(agent) * ((self.time, agent) != (2, "a"))


class MaskInInfos(Good):
    def mask_of(self, agent):
        return np.array([1, 1, 0], np.int8)

    def with_masks(self, infos):
        return {agent: {"action_mask": self.mask_of(agent)} for agent in infos}

    def reset(self, seed=None, options=None):
        seen, infos = super().reset(seed)
        return seen, self.with_masks(infos)

    def step(self, actions):
        *told, infos = super().step(actions)
        return *told, self.with_masks(infos)


class LateMask(MaskInInfos):
    """The first mask comes with the first step."""

    reset = Good.reset


class ShortMask(MaskInInfos):
    def mask_of(self, agent):
        return super().mask_of(agent)[: 2 if (self.time, agent) == (3, "b") else 3]


class MaskOfShares(MaskInInfos):
    def mask_of(self, agent):
        return np.array([0.5, 0.5, 0]) if (self.time, agent) == (2, "a") else super().mask_of(agent)


class ForgetsTheMask(Masked):
    """The observation lacks what its space promises."""

    def see_as(self, agent):
        seen = super().see_as(agent)
        return {"observation": seen["observation"]} if (self.time, agent) == (2, "b") else seen


class SeesNoDictionary(Masked):
    """What is seen comes without the mask, and not in a dictionary."""

    def see_as(self, agent):
        return Good.see_as(self, agent) if (self.time, agent) == (2, "b") else super().see_as(agent)


class MaskBelowZero(MaskInInfos):
    def mask_of(self, agent):
        return super().mask_of(agent) - ((self.time, agent) == (2, "a"))


class SeveralMasks(MaskInInfos):
    """Two choices: out of two, and out of three; a mask for each."""

    def action_space(self, agent):
        return MultiDiscrete([2, 3])

    def mask_of(self, agent):
        return np.array([1, 0], np.int8), np.array([0, 0, 1], np.int8)


class UnevenMasks(SeveralMasks):
    """They come as a list of lists."""

    def mask_of(self, agent):
        return [[1, 0], [0, 0, 1]] if (self.time, agent) == (2, "a") else super().mask_of(agent)


class NoInfos(Good):
    def step(self, actions):
        return *super().step(actions)[:4], None


class SpacesAsDictionaries(Good):
    observation_space, action_space = (
        {"a": Good.seen_by_all, "b": Good.seen_by_all},
        {"a": Discrete(3), "b": Discrete(3)},
    )


class ManyFaults(Good):
    """An infinite reward in step 2, NaN in step 3, numbers that are too large in every step, and no seed counts."""

    seen_by_all = Box(-np.inf, np.inf, (2,), np.float32)
    reward = InfiniteReward.reward

    def see_as(self, agent):
        seen = np.random.default_rng().uniform(5000, 6000, 2).astype(np.float32)
        return seen * (np.nan if (self.time, agent) == (3, "b") else 1)


class FlagsAsNumbers(Good):
    """Nothing wrong: 0 and 1 are as good as False and True."""

    def falls(self, agent):
        return int(super().falls(agent))


class CutsAsNumbers(Good):
    """Nothing wrong: 0 and 1 are as good as False and True."""

    def cut(self, agent):
        return int(super().cut(agent))


class MixedNames(Good):
    """Nothing wrong: names are numbers and words."""

    possible_agents = (1, "b")


class MaskAsColumn(MaskInInfos):
    """Nothing wrong: a flag for each action, whatever the shape."""

    def mask_of(self, agent):
        return super().mask_of(agent)[:, None]


class MaskedBits(MaskInInfos):
    """Nothing wrong: of three switches the first must stay off, and the last must be on; it looks."""

    def action_space(self, agent):
        return MultiBinary(3)

    def mask_of(self, agent):
        return np.array([1, 0, 1, 1, 0, 1], np.int8)

    def step(self, actions):
        assert all((switches[0], switches[2]) == (0, 1) for switches in actions.values())
        return super().step(actions)


class Tensors(Good):
    """Nothing wrong: rewards, flags and observations are tensors of no graph."""

    def see_as(self, agent):
        return torch.from_numpy(super().see_as(agent))

    def reward(self, agent):
        return torch.tensor(0.5)

    def falls(self, agent):
        return torch.tensor(super().falls(agent))


class AgentsAsKeys(Good):
    """Nothing wrong: who takes part are the keys of a dictionary."""

    def reset(self, seed=None, options=None):
        told = super().reset(seed)
        self.agents = dict.fromkeys(self.agents).keys()
        return told


class SameArray(Good):
    """What is seen is one array, changed in place."""

    def reset(self, seed=None, options=None):
        self.rows = {agent: np.zeros(2, np.float32) for agent in self.possible_agents}
        return super().reset(seed)

    def see_as(self, agent):
        self.rows[agent][:] = super().see_as(agent)
        return self.rows[agent]


class GoodAlone(gymnasium.Env):
    """Sees two numbers; is cut off with step 5."""

    metadata, observation_space, action_space = {"name": "good_v0"}, Box(-1, 1, (2,), np.float32), Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self.see(), {}

    def see(self):
        return self.np_random.uniform(-1, 1, 2).astype(np.float32)

    def step(self, action):
        self.time += 1
        return self.see(), self.reward(), self.falls(), self.cut(), {}

    def reward(self):
        return 0.5

    def cut(self):
        return self.time == 5

    def falls(self):
        return False


class SeesNaNAlone(GoodAlone):
    def see(self):
        return super().see() * (np.nan if self.time == 3 else 1)


class OutOfBoundsAlone(GoodAlone):
    def see(self):
        return super().see() + (3 if self.time == 2 else 0)


class RaisesAlone(GoodAlone):
    def see(self):
        if self.time == 4:
            raise ZeroDivisionError("division by zero")
        return super().see()


class BareResetAlone(GoodAlone):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class OldStepAlone(GoodAlone):
    def step(self, action):
        seen, reward, ended, cut, info = super().step(action)
        return seen, reward, ended or cut, info


class RewardsAsArraysAlone(GoodAlone):
    def reward(self):
        return np.array([0.5])


class InfiniteRewardAlone(GoodAlone):
    def reward(self):
        return -np.inf if self.time == 3 else 0.5


class FlagsAsNothingAlone(GoodAlone):
    def falls(self):
        return None


class LargeRewardsAlone(GoodAlone):
    def reward(self):
        return 1e6 if self.time == 2 else 0.5


class UnseededAlone(GoodAlone):
    def see(self):
        return np.random.default_rng().uniform(-1, 1, 2).astype(np.float32)


class NothingLegalAlone(GoodAlone):
    """The mask is in the infos."""

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0], {"action_mask": np.ones(3, np.int8)}

    def step(self, action):
        *told, _ = super().step(action)
        return *told, {"action_mask": np.full(3, self.time != 2, np.int8)}


class NoInfosAlone(GoodAlone):
    def step(self, action):
        return *super().step(action)[:4], None


class RewardsAsTextAlone(GoodAlone):
    def reward(self):
        return "1.0"


class RewardsAsNothingAlone(GoodAlone):
    def reward(self):
        return None if self.time == 2 else 0.5


class RewardsInAListAlone(GoodAlone):
    def reward(self):
        return [0.5]


class RewardsOfAGraphAlone(GoodAlone):
    def reward(self):
        return torch.tensor(0.5, requires_grad=True)


class SeesOfAGraphAlone(GoodAlone):
    def see(self):
        return torch.tensor(super().see()).requires_grad_(self.time == 2)


class CutsAsTwoAlone(GoodAlone):
    def cut(self):
        return 2 * super().cut()


class CutsAsNothingAlone(GoodAlone):
    def cut(self):
        return None


class FlagsAsTwoAlone(GoodAlone):
    def falls(self):
        return 2 * (self.time == 3)


class MaskBelowZeroAlone(GoodAlone):
    """The mask is in the infos."""

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0], {"action_mask": np.array([1, 1, -1])}

    def step(self, action):
        *told, _ = super().step(action)
        return *told, {"action_mask": np.array([1, 1, -1])}


class MaskedNumbersAlone(MaskBelowZeroAlone):
    """Its actions are real numbers."""

    action_space = Box(-1, 1, (3,), np.float32)


class TensorsAlone(GoodAlone):
    """Nothing wrong: rewards, flags and observations are tensors of no graph."""

    def see(self):
        return torch.from_numpy(super().see())

    def reward(self):
        return torch.tensor(0.5)

    def falls(self):
        return torch.tensor(self.time == 3)


class ListsForTuplesAlone(GoodAlone):
    """Nothing wrong: lists are as good as tuples."""

    observation_space = Tuple([Box(-1, 1, (2,), np.float32), Discrete(3)])

    def see(self):
        return [super().see(), int(self.np_random.integers(3))]


class FlagsAsNumbersAlone(GoodAlone):
    """Nothing wrong: 0 and 1 are as good as False and True."""

    def falls(self):
        return int(self.time == 3)
