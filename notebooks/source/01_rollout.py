# %% [markdown]
# `[A] B C D E F G H I J K L M N O P`
#
# # 1. Rollout: how does a whole team produce experience?
#
# **65 minutes (a place to stop after 25), 3 exercises.** You need: [00](00_start_here.ipynb).
#
# Afterwards you can: say what each agent sees, does and gets in a step; tell *terminated*, *truncated* and *fallen* apart; write the
# rules for who acts next and who gets which reward.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will play one step of the whole team by hand, see every number that it leaves behind, and know which of them count.
#
# ## A detective's problem: deciding in the dark
#
# Below is a moment of a recorded game, before step 6 and after it. Detective 0 has one point of health left (green). All four choose at the
# same moment, and none knows what the others choose. Detective 0 goes right. Detective 2 banishes the spirit with one dot, but it and
# detective 0 fall (crosses). Could detective 0 have known better?

# %%
from ppo_lessons.lessons import claim, rollout
from ppo_lessons.shipped.recording import load_recording

recording = load_recording()
rollout.show_before_and_after(recording, step=6, copy=0)

# %% [markdown]
# ## Idea
#
# PPO learns from what the team has just done itself. So first the team plays, and everything is kept: that is a
# [rollout](../docs/glossary.md#rollout). In each step every agent sees something, the shared [policy](../docs/glossary.md#policy) gives each
# action a probability, an action is drawn, the world moves, and rewards come back.
#
# Many copies of the world are played side by side, as arrays.

# %%
import numpy as np
import torch
from ppo_lessons import (
    SharedBuffer,
    SpiritWorld,
    collect,
    policy_player,
    record,
)
from ppo_lessons.shipped.ages import load_age

team = recording.policy  # the shared policy, half-trained
world = SpiritWorld("standard", num_envs=16)
world.reset(seed=7)
print("what everybody sees: (E, A, D) =", world.obs.shape)
print("who acts:            (E, A)    =", world.acting.shape)
acting = f"{world.acting.sum()} of {world.acting.size}"
claim("at the beginning everybody acts", world.acting.all(), acting)

# %% [markdown]
# The axes are always in this order: **E** copies of the world (environments), **A** agents, **D** numbers that one agent sees. Later time,
# **T**, comes in front. The flowchart and the paper say *state* s for what an agent sees; we say `obs`
# ([observation](../docs/glossary.md#observation)).
#
# What do 256 copies cost? Network and rules take all copies at once, so the price of a step grows much more slowly than their number:

# %%
seconds = rollout.seconds_a_step(team, copies=(1, 16, 256))
dearer = seconds[256] / seconds[1]
claim("256 copies cost less than 64 times as much as one", dearer < 64)
rollout.show_costs(seconds)

# %% [markdown]
# Not for nothing, then: on the machines where we measured, 256 copies took between 2.6 and 5.3 times as long as one. But each single
# decision became at least 48 times cheaper.

# %% [markdown]
# ## Picture: a case
#
# A *case* is an episode. Here are four moments of one that the team wins. The dots on a spirit are its toughness k: so many detectives
# must stand next to it in the same step.

# %%
replay = record(policy_player(team, seed=1), seed=9)
rollout.show_boards(replay, (0, 3, 8, 9))

# %% [markdown]
# ## What one detective sees
#
# 34 numbers: first itself (row, column, health), then its own number as four places of which one is 1, then each mate and each spirit,
# with places *relative to itself*. All agents share one network; their own number and their own point of view are what tells them apart.
#
# This is what detective 0 saw before step 6. The last number of each mate and spirit says that it is in sight.

# %%
seen = recording.buffer.data.obs[6, 0, 0]  # step 6, copy 0, detective 0
print("own health:", seen[2].item(), "of 1")
rollout.show_observation(world.case, seen.numpy())

# %% [markdown]
# Not among them: what the mates are about to do, and how late it is (a case is cut off after 64 steps).
#
# ## Actor and critic: one network, two answers
#
# For each observation the shared network gives
#
# - five *logits*, one number for each of the N = 5 actions. The larger a logit is, compared with the others, the likelier its action. This
#   part is the *actor*; the probabilities that follow are the policy.
# - one *value*: an estimate of the rewards still to come for this detective (later ones count a little
#   less). This part is the [critic](../docs/glossary.md#critic). It decides nothing here; [lesson 03](03_advantages.ipynb) needs it.

# %% [markdown]
# ## Equation
#
# How five logits $z$ become the probabilities of the actions $a$ after seeing $s$ (the *softmax*):
#
# $$\pi(a \mid s) = \frac{e^{z_a}}{\sum_b e^{z_b}}$$
#
# Each is above 0, and together they make 1. An action is *drawn* from them. If the likeliest were always taken, the others would never be
# tried, and nothing could be learned about them.
#
# ## Code: decide
#
# Copy 0 of the fresh world, its four detectives. `torch.no_grad` records no graph: a rollout is data, and nothing is differentiated here.

# %%
generator = torch.Generator().manual_seed(3)
obs = torch.from_numpy(world.obs)  # (E, A, D)
with torch.no_grad():
    logits, values = team(obs)  # (E, A, N), (E, A)
decision = team.sample_actions(obs, generator)
rollout.show_choices(logits[0], decision.actions[0])

# %% [markdown]
# Kept for each agent: the action, the logarithm of the probability that it had (its
# [log-probability](../docs/glossary.md#log-probability)), and the value.
#
# As long as the network is the same, the log-probability can be worked out again from `obs` and action. From the first gradient step of the
# update on it cannot: the network that played is gone. So it is written down now.

# %%
all_log_probs = torch.log_softmax(logits, dim=-1)  # (E, A, N)
drawn = decision.actions.unsqueeze(-1)  # (E, A, 1)
by_hand = all_log_probs.gather(-1, drawn).squeeze(-1)  # (E, A)
print("log_probs of copy 0:", decision.log_probs[0].numpy().round(2))
print("values of copy 0:   ", values[0].numpy().round(2))
difference = (by_hand - decision.log_probs).abs().max()
claim("worked out again, they are the same", difference < 1e-5)

# %% [markdown]
# ## What the world pays
#
# | what happens in a step | who gets it | in code |
# |---|---|---|
# | a spirit of toughness k (k dots) is banished | every detective, the fallen too | `BANISH_REWARD` x k |
# | the last spirit is banished | every detective, the fallen too | `WIN_REWARD` on top |
# | a point of health is lost | the detective that lost it | `HEALTH_REWARD` |
# | a fall | the detective that fell | `FALL_REWARD` on top |

# %%
from ppo_lessons.spirit_world.rules import (
    BANISH_REWARD,
    FALL_REWARD,
    HEALTH_REWARD,
    WIN_REWARD,
)

print(f"{BANISH_REWARD=}, {WIN_REWARD=}")
print(f"{HEALTH_REWARD=}, {FALL_REWARD=}")

# %% [markdown]
# ## Code: act
#
# Everybody moves at once. Back come a reward and two flags for each agent, and one flag for each team.

# %%
world.reset(seed=7)  # the same start, should you run this cell again
step = world.step(decision.actions.numpy())
print("rewards    ", step.rewards.shape, step.rewards[0])
print("terminated ", step.terminated.shape, step.terminated[0])
print("truncated  ", step.truncated.shape, step.truncated[0])
print("episode_over", step.episode_over.shape, step.episode_over[0])

# %% [markdown]
# **A place to stop.** You have played one step: see, decide, act. What follows is how a case ends, a whole rollout, and the exercises.
#
# ## Over, cut off, fallen: three different things
#
# - **[terminated](../docs/glossary.md#terminated)**: really over for this agent. It fell, or its case was won or lost.
# - **[truncated](../docs/glossary.md#truncated)**: only cut off by the step limit. The future would have gone on.
# - **[fallen](../docs/glossary.md#fallen)**: terminated *earlier*, while the others play on. Its rows are no decisions of anybody.
#
# Below is a case of a team that has hardly learned anything. *Predict:* over many such cases, what share of the rows of a rollout are real
# decisions?

# %%
chaos = record(policy_player(load_age("chaos"), seed=2), seed=7)
rollout.show_health(chaos)

# %% [markdown]
# ## Play until the buffer is full
#
# `collect` repeats decide and act T times, and stores every step of everybody in one
# [shared buffer](../docs/glossary.md#shared-buffer).

# %%
fresh = SpiritWorld("standard", num_envs=16)
fresh.reset(seed=7)
sizes = dict(num_steps=100, num_envs=16, num_agents=4)
buffer = SharedBuffer(**sizes, obs_size=fresh.obs_size)
generator = torch.Generator().manual_seed(3)
collect(fresh, load_age("chaos"), buffer, generator)
data = buffer.data
for name in ("obs", "actions", "rewards"):
    print(f"{name:7}", tuple(getattr(data, name).shape))
share = data.acting.float().mean()
claim("6 to 8 of 10 rows are real decisions", 0.6 < share < 0.8)
rollout.show_rollout(data.acting, data.terminated, data.truncated)

# %% [markdown]
# Grey is waiting: a fallen agent until its team's case is over. Those rows hold *something* (every array is full), but nothing that anybody
# decided. They are selected away before the update. Multiplying them by 0 would not always do: 0 x NaN is NaN.

# %%
poisoned = torch.tensor([1.0, 2.0, float("nan")])
acting = torch.tensor([True, True, False])
multiplied = (poisoned * acting).sum() / acting.sum()
print("multiplied away:", float(multiplied))
print("selected away:  ", float(poisoned[acting].mean()))

# %% [markdown]
# ## Play
#
# The recording, row by row: 32 steps, 16 copies, 4 detectives. It begins at (6, 0, 0): step 6, copy 0, detective 0. Decide first,
# then move: (1) Does detective 0 still decide something in step 6, in which it falls? And in step 7? (2) Is the likeliest action always the one that is drawn? (3) In
# copy 1 all are cut off in step 13. Does the critic see that coming?

# %%
rollout.explore()

# %% [markdown]
# *Compare two settings* puts two detectives of one team side by side: in the same step each draws from probabilities of its own.
#
# <details><summary>What we saw</summary>(1) In step 6 yes: it was alive when it chose. In step 7 no. (2) No: a little more than half of the
# recorded decisions took the likeliest action. (3) No: for detective 0 its estimate stays between 0.4 and 0.7 in the last nine steps up to
# the cut. It cannot know, for the clock is not among the 34 numbers.</details>
#
# ## Back to the problem
#
# All five choices of (6, 0, 0). *reward, falls*: if the mates do what they did. *mean reward, chance to fall*: as far as detective 0 could
# know, over all 125 answers of its mates, weighted by their probabilities. Only this step is looked at.

# %%
rollout.show_own_choices(6, 0, 0)

# %% [markdown]
# Going right was the likeliest choice, and by this step alone a poor one. It leads next to the spirit with three dots, which is only banished
# if two mates stand there in the same moment, and they hardly ever do: detective 0 falls in more than 99 of 100 cases. Detective 2
# alone banished the spirit with one dot, wherever detective 0 went.
#
# The dark was no excuse here: the spirit's place and toughness and its own health are among the 34 numbers. The policy has not learned yet what
# to make of them. How it learns from such a step is what the course is about.

# %% [markdown]
# ## Exercise 1.1: who acts next? (difficulty 1, 5 minutes)
#
# An agent goes on until it is terminated or truncated. Then it waits, *whatever its flags say meanwhile*, until its team's episode is over.
# After that everybody starts the next case. All arrays are bool: `acting`, `terminated`, `truncated` (E, A), `episode_over` (E,).


# %% tags=["exercise"]
def who_acts_next(acting, terminated, truncated, episode_over):
    # Return who takes part in the next step, bool, (E, A).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

who_acts_next = check(who_acts_next)
# hint("1.1")  # take away the first # for a hint, again for the next
# solution("1.1")

# %% [markdown]
# ## Exercise 1.2: who gets which reward? (difficulty 2, 7 minutes)
#
# The table *What the world pays* as a function. The rewards of the team go to *every* detective, the fallen too; health and falls are the
# detective's own. `HEALTH_REWARD` and `FALL_REWARD` are negative already, so everything is added.
#
# With S spirits: `events.banished` (E, S), `events.won` (E,), `events.health_lost` and `events.fell` (E, A), `case.toughness` (S numbers).


# %% tags=["exercise"]
def rewards_of(case, events):
    # Return the reward of each detective, float32, (E, A).
    return ...


# %%
rewards_of = check(rewards_of)
# hint("1.2")
# solution("1.2")

# %% [markdown]
# ## Exercise 1.3: one step of everybody (difficulty 1, 5 minutes)
#
# Box A, from three parts: `see(env)` returns what every agent sees now, a copy, (E, A, D). `policy.sample_actions(seen, generator)` draws
# with that generator, and returns the decision: actions, log_probs and values, each (E, A). `act(env, policy, seen, decision)` plays it: the
# world moves one step, and what comes back is a `Transition`, all that the buffer stores of this step.


# %% tags=["exercise"]
def play_step(env, policy, generator):
    # Let every agent see, decide and act once; return the Transition.
    return ...


# %%
from ppo_lessons.rollout import act, see

play_step = check(play_step)
# hint("1.3")
# solution("1.3")

# %% [markdown]
# ## A claim put to the test
#
# If both rules are right, they say who acts next, and what everybody gets, in every step of a whole rollout.

# %%
rng, right = np.random.default_rng(0), 0
many = SpiritWorld("standard", num_envs=64)
many.reset(seed=2)
for _ in range(300):
    before = many.acting
    step = many.step(rng.integers(0, 5, (64, 4)))
    ends = step.terminated, step.truncated, step.episode_over
    acts = who_acts_next(before, *ends) == many.acting
    pays = rewards_of(many.case, many.events) == step.rewards
    right += bool(acts.all() and pays.all())
claim("your functions are right in every step", right == 300, f"{right} of 300")

# %% [markdown]
# **Question.** A detective falls in step 9; its team wins in step 20. Is the row of step 9 a real decision?
#
# <details><summary>No, it fell in it.</summary>It is tempting to throw the row of the fall away with those that follow. But the detective was
# alive when it chose, and from this choice there is much to learn. The first row that does not count is that of step 10.</details>
# <details><summary>Yes.</summary>Right: each fall has exactly one last living row, the one in which it happens.</details>
# <details><summary>Only if the team wins.</summary>That would be asking what the decision was worth, which is the question of
# [lesson 03](03_advantages.ipynb). That it was one does not depend on what came of it.</details>
#
# **Question.** All four detectives run the same network. Why do they not all do the same?
#
# <details><summary>Each has its own weights.</summary>Many systems are built so, and then this is the reason. Here there is one network, and one
# set of weights.</details>
# <details><summary>Each sees something else, and each draws its own action.</summary>Right. What an agent sees is relative to itself, and its
# own number is part of it.</details>
# <details><summary>They take turns.</summary>As in a board game, where the second player has seen the first one's move. Here all choose in the
# same moment: that was the problem of detective 0.</details>
#
# ## On paper
#
# (1) Three actions have the logits 0, 0 and ln 2. What are their probabilities? What changes if 5 is added to each logit? (2) Two detectives
# draw from these probabilities, independently of each other. A spirit of toughness 2 is banished if both take the third action. How likely is
# that? (3) In one step the team banishes a spirit of toughness 2, and detective 1 loses its last 2 points of health to others. What is its reward?
#
# <details><summary>The answers</summary>(1) e<sup>z</sup> is 1, 1 and 2, so the probabilities are 1/4, 1/4 and 1/2. Adding 5 multiplies all three
# by the same number, and nothing changes. (2) 1/2 x 1/2 = 1/4. (3) 0.5 x 2 for the spirit, -0.2 x 2 for the health, -0.5 for the fall: 1 -
# 0.4 - 0.5 = +0.1.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - A rollout is T steps of E copies of the world with A agents: arrays of shape (T, E, A, ...).
# - Kept for each row: obs, action, log-probability *then*, value, reward, and how it ended.
# - An action is drawn from probabilities of its own, without knowing what the mates draw.
# - Terminated, truncated and fallen are three things; rows of the fallen are selected away.
#
# | code | meaning |
# |---|---|
# | [`collect(world, team, buffer, generator)`](../ppo_lessons/rollout.py) | nodes A, B, C: play until the buffer is full |
#
# **Next:** [2. The shared buffer: where does everybody's experience go?](02_shared_buffer.ipynb)
