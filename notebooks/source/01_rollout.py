# %% [markdown]
# `[A] B C D E F G H I J K L M N O P`
#
# # 1. Rollout: how does a whole team produce experience?
#
# **25 minutes, 2 exercises.** You need: [00](00_start_here.ipynb).
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

# %% [markdown]
# ## Idea
#
# A team learns only from what it did itself. So first it plays: every agent sees something, the shared policy gives each action a
# probability, an action is drawn, the world moves, rewards come back. Many copies of the world are played at once; that costs hardly more
# than one.

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
from ppo_lessons.lessons import claim, rollout
from ppo_lessons.shipped.ages import load_age

team = load_age("survival")  # the shared policy, early in its training
world = SpiritWorld("standard", num_envs=16)
world.reset(seed=7)
print("what everybody sees: (E, A, D) =", world.obs.shape)
print("who acts:            (E, A)    =", world.acting.shape)
acting = f"{world.acting.sum()} of {world.acting.size}"
claim("at the beginning everybody acts", world.acting.all(), acting)

# %% [markdown]
# The axes are always in this order: **E** copies of the world (environments), **A** agents, **D** numbers that one agent sees. Later time,
# **T**, comes in front. The flowchart and the paper say *state* s for what an agent sees; we say `obs`.

# %% [markdown]
# ## Picture: a case
#
# A *case* is an episode. Here are four moments of one. The dots on a spirit are its toughness k.

# %%
replay = record(policy_player(team, seed=1), seed=7)
rollout.show_boards(replay, (0, 3, 6, 9))

# %% [markdown]
# ## What one detective sees
#
# 34 numbers: itself (row, column, health), its own number, then each mate and each spirit *relative to itself*. All agents share one
# network; their own number and their own point of view are what tells them apart.

# %%
rollout.show_observation(world.case, world.obs[0, 0])

# %% [markdown]
# ## Equation
#
# The network turns what an agent sees, $s$, into five *logits* $z$, and these into the probabilities of its actions:
#
# $$\pi(a \mid s) = \frac{e^{z_a}}{\sum_b e^{z_b}}$$
#
# An action is *drawn* from them. The best one is not simply taken, or the team would never try anything else.

# %% [markdown]
# ## Code: decide
#
# Copy 0 of the world, its four detectives. No graph is recorded (`torch.no_grad`): a rollout is data, not something to differentiate.

# %%
generator = torch.Generator().manual_seed(3)
obs = torch.from_numpy(world.obs)  # (E, A, D)
with torch.no_grad():
    logits, values = team(obs)  # (E, A, N), (E, A)
decision = team.sample_actions(obs, generator)
rollout.show_choices(logits[0], decision.actions[0])

# %% [markdown]
# Kept for each agent: the action, the *log-probability* it had at this moment, and the critic's estimate (`values`) of what is still to come.
# The log-probability cannot be worked out later: by then the policy has changed.

# %%
all_log_probs = torch.log_softmax(logits, dim=-1)  # (E, A, N)
drawn = decision.actions.unsqueeze(-1)  # (E, A, 1)
by_hand = all_log_probs.gather(-1, drawn).squeeze(-1)  # (E, A)
print("log_probs of copy 0:", decision.log_probs[0].numpy().round(2))
print("the same by hand:   ", by_hand[0].numpy().round(2))
print("values of copy 0:   ", values[0].numpy().round(2))

# %% [markdown]
# ## Code: act
#
# Everybody moves at once. Back come a reward and two flags for each agent, and one flag for each team.

# %%
step = world.step(decision.actions.numpy())
print("rewards    ", step.rewards.shape, step.rewards[0])
print("terminated ", step.terminated.shape, step.terminated[0])
print("truncated  ", step.truncated.shape, step.truncated[0])
print("episode_over", step.episode_over.shape, step.episode_over[0])

# %% [markdown]
# ## Over, cut off, fallen: three different things
#
# - **terminated**: really over for this agent. It fell, or its case was won or lost.
# - **truncated**: only cut off by the step limit. The future would have gone on.
# - **fallen**: terminated *earlier*, while the others play on. Its rows are no decisions of anybody.
#
# *Predict:* in a team that plays at random, how many of the rows of a rollout are real decisions?

# %%
chaos = record(policy_player(load_age("chaos"), seed=2), seed=7)
rollout.show_health(chaos)

# %% [markdown]
# ## Play until the buffer is full
#
# `collect` repeats decide and act T times and stores every step of everybody in one shared buffer.

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
rollout.show_rollout(data.acting, data.terminated, data.truncated)

# %% [markdown]
# Grey is waiting: a fallen agent until its team's case is over. Those rows hold *something* (every array is full), but nothing that anybody
# decided. They are selected away before the update. Multiplying them by 0 would not do: 0 x NaN is NaN.

# %%
poisoned = torch.tensor([1.0, 2.0, float("nan")])
acting = torch.tensor([True, True, False])
multiplied = (poisoned * acting).sum() / acting.sum()
print("multiplied away:", float(multiplied))
print("selected away:  ", float(poisoned[acting].mean()))

# %% [markdown]
# ## Play
#
# A rollout that was recorded: 32 steps, 16 copies, 4 detectives. It runs through all lessons. Decide first, then move: (1) Detective 0 of copy 0 falls
# in step 6. Does it still decide something in step 6? And in step 7? (2) Is the likeliest action always the one that is drawn? (3) In copy 1 all are
# cut off in step 13. Does the critic see that coming?

# %%
rollout.explore()

# %% [markdown]
# The critic does not: the clock is not among the 34 numbers. *Compare two settings* puts two detectives of one team side by side: in the same step each
# draws from probabilities of its own.

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
# Banishing a spirit of toughness k: `BANISH_REWARD` x k for *every* detective, the fallen too. The last spirit: `WIN_REWARD` more for everybody.
# Each point of health lost: `HEALTH_REWARD`; a fall: `FALL_REWARD`; both negative, and the detective's own.
#
# `events.banished` (E, S), `events.won` (E,), `events.health_lost` and `events.fell` (E, A), `case.toughness` (S numbers).


# %% tags=["exercise"]
def rewards_of(case, events):
    # Return the reward of each detective, float32, (E, A).
    return ...


# %%
from ppo_lessons.spirit_world.rules import (
    BANISH_REWARD,
    FALL_REWARD,
    HEALTH_REWARD,
    WIN_REWARD,
)

print(f"{BANISH_REWARD=}, {WIN_REWARD=}")
print(f"{HEALTH_REWARD=}, {FALL_REWARD=}")
rewards_of = check(rewards_of)
# hint("1.2")
# solution("1.2")

# %% [markdown]
# ## A claim put to the test
#
# If both rules are right, they foretell `acting` and the rewards in every step of a whole rollout.

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
claim("your functions foretell every step", right == 300, f"{right} of 300")

# %% [markdown]
# **Question.** A detective falls at step 9; its team wins at step 20. Is the row of step 9 a real decision?
#
# <details><summary>No, it fell in it.</summary>Not so: it was alive when it chose, and this choice is the one that most needs to be learned from.
# The first row that does not count is that of step 10.</details>
# <details><summary>Yes.</summary>Right: exactly one last living row for each fall.</details>
# <details><summary>Only if the team wins.</summary>Not so: whether it was a decision does not depend on what came of it.</details>

# %% [markdown]
# **Question.** All four detectives run the same network. Why do they not all do the same?
#
# <details><summary>Each has its own weights.</summary>Not so: the weights are shared, there is one network.</details>
# <details><summary>Each sees something else, and each draws its own action.</summary>Right. What an agent sees is relative to itself, and its
# own number is part of it.</details>
# <details><summary>They take turns.</summary>Not so: all decide at once, in the same step.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - A rollout is T steps of E copies of the world with A agents: arrays of shape (T, E, A, ...).
# - Kept for each row: obs, action, log-probability *then*, value, reward, and how it ended.
# - Terminated is not truncated is not fallen; rows of the fallen are selected away.
#
# | code | meaning |
# |---|---|
# | [`collect(world, team, buffer, generator)`](../ppo_lessons/rollout.py) | nodes A, B, C: play until the buffer is full |
#
# **Next:** [2. The shared buffer: where does everybody's experience go?](02_shared_buffer.ipynb)
