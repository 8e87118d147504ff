# %% [markdown]
# `[A] B C D E F G H [I] [J] K L M N O P`
#
# # 16. Other worlds: how does my own environment train?
#
# **55 minutes (a place to stop after 20), 2 exercises, 3 on paper.** You need: [02](02_shared_buffer.ipynb), [10](10_entropy.ipynb), [12](12_team_training.ipynb).
#
# Afterwards you can: read a world of a team, have it checked and mend it, train in worlds that others wrote, forbid actions rightly, choose real numbers, and carry
# settings from one library to another.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will read a world of thirty lines, find out what is wrong with it, train a team in it in seconds and watch it. Then the same code goes to worlds that nobody here wrote: knights that fall, a taxi with
# actions that lead nowhere, a pendulum that wants numbers.
#
# **The detective's problem.** She has read every case of ours. On Monday a letter comes from another town: other streets, other rules, and the clerk there writes everything down in
# dictionaries.

# %% [markdown]
# ## Idea
#
# The update never sees a world. It sees rows. All that a world must do is to fill them truly: what each agent saw, what it did, what it got, whether it was
# [really over](../docs/glossary.md#terminated) or [only cut off](../docs/glossary.md#truncated), and who had [fallen](../docs/glossary.md#fallen).
#
# Most worlds are written in one of two ways: for [Gymnasium](https://gymnasium.farama.org/) with one agent, for [PettingZoo](https://pettingzoo.farama.org/) with several. A step of PettingZoo's
# `ParallelEnv` returns five dictionaries, keyed by the agents that took part:
#
# | dictionary | in our buffer |
# |---|---|
# | observations | `obs` |
# | rewards | `rewards` |
# | terminations | `terminated` |
# | truncations | `truncated` |
# | infos | not a row; perhaps an action mask |
#
# and `env.agents` says who goes on.

# %% [markdown]
# ## A world of thirty lines
#
# Three agents in a corridor of seven cells, three lanterns. A lantern shines while somebody stands beneath it, and all are paid the share of lanterns that shine. After twelve steps we
# stop watching; the lanterns would go on shining. First what changes between episodes:

# %%
import math

import numpy as np
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv


class Corridor(ParallelEnv):
    metadata = {"name": "lanterns"}

    def __init__(self):
        self.possible_agents = ["ada", "ben", "cleo"]
        self.views, self.moves = Box(-1, 1, (6,), np.float32), Discrete(3)

    def observation_space(self, agent):
        return self.views

    def action_space(self, agent):
        return self.moves

    def reset(self, seed=None, options=None):
        self.agents, self.time = self.possible_agents[:], 0
        self.lamps = np.sort(np.random.permutation(7)[:3])
        self.places = np.array([3, 3, 3])
        return self.seen(), {agent: {} for agent in self.agents}


# %% [markdown]
# Then what an agent sees (its place, and from there the lanterns and the mates), and the step. Read both cells slowly: promises are broken in them, and something is wrong that no program can know.


# %%
class Lanterns(Corridor):
    def seen(self):
        seen = {}
        for a, agent in enumerate(self.agents):
            here = self.places[a]
            mates = np.roll(self.places, -a)[1:] - here
            numbers = [here - 3, *(self.lamps - here), *mates]
            seen[agent] = np.array(numbers) / 6
        return seen

    def step(self, actions):
        moves = np.array([actions[agent] - 1 for agent in self.agents])
        self.places = (self.places + moves).clip(0, 6)
        self.time += 1
        shining = np.isin(self.lamps, self.places).mean(keepdims=True)
        rewards = dict.fromkeys(self.agents, shining)
        over = dict.fromkeys(self.agents, self.time == 12)
        never = dict.fromkeys(self.agents, False)
        infos = {agent: {} for agent in self.agents}
        return self.seen(), rewards, over, never, infos


# %% [markdown]
# ## The check
#
# `find_faults` plays 200 steps of random legal actions, and the same once more with a second copy beside it. It says every promise that it saw broken: where first, how often, and what to do. *Predict:* what will it find?

# %%
import textwrap

from ppo_lessons.other_worlds import find_faults

faults = find_faults(Lanterns)
for fault in faults:
    print("*", fault.split(". Got ")[0].split(": ")[0])
print()
print(textwrap.fill(f"The first in full: {faults[0]}", 72))

# %% [markdown]
# ## Exercise 16.1, on paper (2 minutes)
#
# What the check cannot know: `over`, the end of our watching, stands in the third dictionary that `step` returns, the terminations. Where does it belong: `"terminations"`,
# `"truncations"`, `"both"` or `"neither"`?

# %% tags=["on-paper"]
from ppo_lessons.lessons import check_on_paper

answer = ...
check_on_paper("16.1", answer)

# %% [markdown]
# ## Mended
#
# A generator of the world's own, which mends two findings; float32, as the space says; one number as the reward; `agents` is empty after the last step; and its end is a truncation.


# %%
class MendedCorridor(Corridor):
    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng()

    def reset(self, seed=None, options=None):
        if seed is not None:  # without one the random numbers go on
            self.rng = np.random.default_rng(seed)
        self.agents, self.time = self.possible_agents[:], 0
        self.lamps = np.sort(self.rng.permutation(7)[:3])
        self.places = np.array([3, 3, 3])
        return self.seen(), {agent: {} for agent in self.agents}

    def seen(self):
        seen = {}
        for a, agent in enumerate(self.agents):
            here = self.places[a]
            mates = np.roll(self.places, -a)[1:] - here
            look = [here - 3, *(self.lamps - here), *mates]
            seen[agent] = np.array(look, np.float32) / 6
        return seen


# %%
class MendedLanterns(MendedCorridor):
    def step(self, actions):
        moves = np.array([actions[agent] - 1 for agent in self.agents])
        self.places = (self.places + moves).clip(0, 6)
        self.time += 1
        shining = float(np.isin(self.lamps, self.places).mean())
        seen, acted = self.seen(), self.agents
        is_up = self.time == 12
        if is_up:
            self.agents = []
        rewards = dict.fromkeys(acted, shining)
        never, up = dict.fromkeys(acted, False), dict.fromkeys(acted, is_up)
        return seen, rewards, never, up, {agent: {} for agent in acted}


from ppo_lessons.lessons import claim

claim("the check finds nothing more", find_faults(MendedLanterns) == [])

# %% [markdown]
# ## Train, and watch
#
# `PettingZooTeam` turns E copies of a world into arrays; the rest you know. *Predict:* by chance about a third of the lanterns shine. How many after fifty cycles?

# %%
from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.classroom import my_steps
from ppo_lessons.other_worlds import PettingZooTeam

config = PPOConfig(num_envs=64, num_steps=12, minibatch_size=384)
run = TrainingRun(PettingZooTeam(MendedLanterns, 64), config)
steps = my_steps()
shine = [report.mean_reward for report in train(run, 50, steps)]
print("copies, agents, numbers seen:", run.env.obs.shape)
claim("at first about a third shine", 0.2 < shine[0] < 0.5)
claim("after fifty cycles more than 60 %", np.mean(shine[-5:]) > 0.6)


# %%
import torch
from ppo_lessons.lessons import other_worlds


def walk(decide):
    team = PettingZooTeam(MendedLanterns)
    team.reset(4)
    lamps, places = team.envs[0].lamps, [np.array([3, 3, 3])]
    for _ in range(12):
        step = team.step(decide(torch.from_numpy(team.obs)))
        own = step.final_obs[0, :, 0]  # the first number: (place - 3) / 6
        places.append(np.rint(own * 6 + 3).astype(int))
    return np.array(places), lamps


draws, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
walks = {
    "by chance": walk(lambda obs: rng.integers(0, 3, (1, 3))),
    "trained": walk(lambda o: run.policy.choose_actions(o, draws).numpy()),
}
other_worlds.show_walks(walks, cells=7)

# %% [markdown]
# Nine numbers are seen: six of the world, and three that say whose view it is.
#
# And the flag that the check could not know? The same world, its end handed out as a termination:


# %%
class NothingAfter(MendedLanterns):
    def step(self, actions):
        seen, rewards, never, up, infos = super().step(actions)
        return seen, rewards, up, never, infos


run = TrainingRun(PettingZooTeam(NothingAfter, 64), config)
dark = [report.mean_reward for report in train(run, 50, steps)]
apart = np.mean(shine[-5:]) - np.mean(dark[-5:])
claim("a wrong flag costs more than 15 points", apart > 0.15)

# %% [markdown]
# The critic cannot tell step 12 from step 5, learns that nothing comes after views like these, and blames whoever stands beneath a lantern.
#
# *Try:* leave out `np.sort` and train again: about two thirds shine in the end, and not nine tenths. The same lanterns are seen, but which of them comes first changes from episode to episode. When a world does not
# train, look at what the agents see before you look at PPO.
#
# **A place to stop.** Next: worlds of others.

# %% [markdown]
# ## Knights that fall
#
# In [knights_archers_zombies](https://pettingzoo.farama.org/environments/butterfly/knights_archers_zombies/) two archers and two knights hold a field against zombies. Who is touched falls, and is gone until the next episode. So the
# number of agents changes in the middle.

# %%
from ppo_lessons.shipped.elsewhere import knights

team, rng = PettingZooTeam(knights, 2), np.random.default_rng(0)
team.reset(4)
who, ends = [], []
for _ in range(400):
    who.append(team.acting.copy())
    step = team.step(rng.integers(0, team.num_actions, (2, 4)))
    ends.append(step.episode_over)
who, ends = np.array(who), np.array(ends)
other_worlds.show_decisions(who[:, 1], ends[:, 1])

# %% [markdown]
# The buffer has a place for everybody at every step. What becomes a row is a decision, and nothing else:

# %%
run = TrainingRun(team, PPOConfig(num_envs=2, num_steps=400))
(report,) = train(run, 1, steps)
acting = run.buffer.data.acting  # (T, E, A)
print("places:", tuple(acting.shape))
claim("a row for each decision", report.update.num_rows == acting.sum())

# %% [markdown]
# ## Exercise 16.2, on paper (2 minutes)
#
# One copy of the knights' world plays the 8 steps of a rollout, in which no episode ends. One of its four agents falls in the third of these steps, another in the fifth; the other two go on. How many rows come from
# this copy?

# %% tags=["on-paper"]
answer = ...
check_on_paper("16.2", answer)

# %% [markdown]
# ## Equation: what may not be done
#
# A player may not set on a taken field. Worlds say so with an [action mask](../docs/glossary.md#action-mask): 1 where an action is legal. With $m_i$ for the mask and $z_i$ for the logits:
#
# $$\pi(i) = \frac{m_i\, e^{z_i}}{\sum_j m_j\, e^{z_j}}$$
#
# It must hold in the rollout *and* in the update: the ratio compares one action under two policies, and both must be masked alike. So it is done where both come by, at the logits (Huang & Ontañón 2022).
#
# By hand: logits 2, 1, 0, the middle one illegal. $e^2 / (e^2 + e^0) = 0.88$, and 0.12 for the last.

# %% [markdown]
# ## Exercise 16.3: only what is legal (difficulty 1, 5 minutes)
#
# `logits` are what the actor says, (..., N); `legal` says which actions are allowed, bool (..., N), at least one in each row. Return logits (..., N) from which softmax gives every other action the
# probability exactly 0. Legal logits stay as they are, shape and dtype, too; put -1e9 in the place of the others: with minus infinity *our* entropy, the sum of $p \ln p$, would hold 0 times
# infinity, which is NaN. The inputs must not be changed.


# %% tags=["exercise"]
def only_legal(logits, legal):
    # Return logits that give no probability to what is not legal.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

only_legal = check(only_legal)
# hint("16.3")
# solution("16.3")
logits = torch.tensor([[2.0, 1.0, 0.0]])
legal = torch.tensor([[True, False, True]])
shares = only_legal(logits, legal).softmax(dim=-1)[0]
print([round(float(p), 2) for p in shares])

# %% [markdown]
# ## Play: four ways to forbid
#
# Decide first: (1) Put 0 in the place of the logit: how often is something illegal drawn, and what if all logits are four times as large? (2) Which way makes every weight NaN, although the chances are right? (3) Multiply the
# chances by the mask: what do they add up to, and who is pulled that should not be?

# %%
other_worlds.explore_masks()

# %% [markdown]
# ## A taxi with a mask
#
# Gymnasium's Taxi says in its infos which actions would change anything: not against a wall, and no picking up where nobody waits. The others count as illegal here. `GymnasiumTeam` lays the mask behind what the agent sees (500
# places, one-hot), and the network reads it there. With k legal actions the [entropy](../docs/glossary.md#entropy) is at most ln k. With one it is 0, and no bonus changes that.

# %%
import gymnasium
from ppo_lessons.actor_critic import log_probabilities
from ppo_lessons.other_worlds import GymnasiumTeam

taxi = GymnasiumTeam(lambda: gymnasium.make("Taxi-v4"), 8)
config = PPOConfig(num_envs=8, num_steps=32, minibatch_size=128)
run = TrainingRun(taxi, config)
(report,) = train(run, 1, steps)
with torch.no_grad():
    seen = torch.from_numpy(taxi.obs)
    chances = log_probabilities(run.policy(seen)[0]).exp()
illegal = seen[..., -6:] == 0
print("numbers seen:", taxi.obs_size, "of which the mask:", taxi.num_actions)
claim("something is illegal", bool(illegal.any()))
claim("and never drawn", float(chances[illegal].max()) == 0)

# %% [markdown]
# ## Real numbers
#
# A motor wants a number and not a choice. Then the actor's outputs are the means of [normal distributions](../docs/glossary.md#gaussian-policy), and the logarithms of their spreads are parameters beside the network. The rest of PPO is as it was. For an action of N numbers $a_i$ with means $\mu_i$ and spreads $\sigma_i$:
#
# $$\ln p(a) = \sum_i \left( -\frac{(a_i - \mu_i)^2}{2 \sigma_i^2} - \ln \sigma_i - \tfrac12 \ln 2\pi \right)$$
#
# By hand: one number, mean 0, spread 1. At the mean itself $\ln p = -0.92$, one spread away $-1.42$. It is a density: with a spread below 0.39 it is above 0 at the mean.

# %% [markdown]
# ## Exercise 16.4: the log-density (difficulty 2, 8 minutes)
#
# `means` are what the actor says, (..., N), `log_std` the logarithms of the standard deviations, (N,), `actions` what was chosen, (..., N). The N numbers of an action are independent. Return the log-density of each action, in
# nats, (...): the sum over its N numbers.


# %% tags=["exercise"]
def gaussian_log_probs(means, log_std, actions):
    # Return the log-density of each action.
    return ...


# %%
gaussian_log_probs = check(gaussian_log_probs)
# hint("16.4")
# solution("16.4")
means, log_std = torch.zeros(2, 1), torch.zeros(1)
densities = gaussian_log_probs(means, log_std, torch.tensor([[0.0], [1.0]]))
print([round(float(d), 2) for d in densities])

# %% [markdown]
# The pendulum's motor takes -2 to 2. We choose in units: -1 and 1 are the ends, and what is beyond is cut off by the adapter; $\ln p$ is that of the number before. The spreads begin at 1, and the entropy, the sum of
# $\ln \sigma + \tfrac12 \ln 2\pi e$, at 1.42; it can be negative.

# %%
pendulum = GymnasiumTeam(lambda: gymnasium.make("Pendulum-v1"), 8)
run = TrainingRun(pendulum, config)
(report,) = train(run, 1, steps)
entropy = 0.5 * math.log(2 * math.pi * math.e)
print("actions:", tuple(run.buffer.data.actions.shape))
claim("about 1.42 at first", abs(report.update.entropy - entropy) < 0.2)
moved = bool(run.policy.log_std.detach().abs().max() > 0)
claim("the spread learns, too", moved)

# %% [markdown]
# ## What else fits, and what does not
#
# | your world | what to do |
# |---|---|
# | none yet | `python start.py new-world lamp_room`, in a terminal in the course's folder, writes one like the lanterns into `my_worlds/`, with a test that plays PettingZoo's own rules, this check, and twenty cycles |
# | several choices at once (`MultiDiscrete`) | nothing: they are drawn independently, given what is seen; log-probabilities and entropies add up |
# | agents that see or choose differently | `different_agents="padded"`: one network, what is missing is padded and masked; `"own_networks"`: one for each kind |
# | a step takes milliseconds | `InWorkers(lambda: PettingZooTeam(make_env), 8)`: each copy in a process of its own |
# | Gymnasium's vector environments | `GymnasiumVectorTeam(env)` |
# | large pictures | make them small and grey, or let the world say what it shows |
# | agents that take turns, or come back | it does not fit: a row in which somebody has no say is no decision |

# %% [markdown]
# ## How far does it go?
#
# Three worlds of others, three seeds each, trained with this package (settings: `ppo_lessons.shipped.elsewhere`): a cart that balances a pole, three agents that spread over three landmarks, and the knights. By chance means random actions.

# %%
from ppo_lessons.shipped.elsewhere import load_elsewhere

found = load_elsewhere()
print("world          by chance   three seeds at the end")
for name, (_, returns, chance) in found.items():
    ends = " ".join(f"{end:6.1f}" for end in sorted(returns[:, -1]))
    print(f"{name:<14} {chance:9.1f}   {ends}")
other_worlds.show_learning(found)

# %% [markdown]
# ## The same by other names
#
# Your settings come from another library? Names differ, and under one name meanings differ: [the table](../docs/names.md) has every field of `PPOConfig` in five libraries. The traps: a half in the value loss; advantages normalised over
# a mini-batch or over the whole rollout; what counts as a batch; time's end taken for a death.

# %% [markdown]
# ## Exercise 16.5, on paper (2 minutes)
#
# CleanRL's value loss is *half* of the mean squared error (leave its clip of the value aside), and by default its `vf_coef` is 0.5. Which `vf_coef` of ours gives the same loss?

# %% tags=["on-paper"]
answer = ...
check_on_paper("16.5", answer)

# %% [markdown]
# **Question.** A world masks actions, and somebody takes only the *rollout* in hand: what is illegal is drawn anew until something legal comes. What is wrong with that?
#
# <details><summary>It takes too long.</summary>A little. That is not the trouble.</details>
# <details><summary>The stored log-probabilities are those of another policy.</summary>Right: the policy that played gives the legal ones all of the probability, and the stored numbers say less. Ratio, KL and
# entropy in the update are then those of a policy that nobody played.</details>
# <details><summary>Nothing: the same actions are drawn.</summary>They are, with the same chances. But the update asks how likely they *were*, and gets another answer.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - A world fills rows. The check says which promises it saw broken, where, whose, and what to do. What an end means, only you know.
# - Masks belong at the logits, in rollout and update alike.
# - Real numbers are drawn around the actor's outputs, with spreads that learn.
#
# | code | meaning |
# |---|---|
# | [`find_faults(make_env)`](../ppo_lessons/other_worlds/check.py) | the promises that it saw broken, in words |
# | [`PettingZooTeam(make_env, 8, different_agents="padded")`](../ppo_lessons/other_worlds/adapters.py) | eight copies, agents of several kinds |
# | [`InWorkers(lambda: PettingZooTeam(make_env), 8)`](../ppo_lessons/other_worlds/workers.py) | each copy in a process |
# | [`only_legal(logits, legal)`](../ppo_lessons/action_kinds.py) | what a mask does |
#
# Next: thirteen runs in which something may be wrong, and how one finds out what: [17](17_case_files.ipynb).
