# %% [markdown]
# `A [B C] D E F G H I J K L M N O [P]`
#
# # 2. The shared buffer: where does everybody's experience go, when is it full, why is it cleared?
#
# **65 minutes (a place to stop after 20), 6 exercises.** You need: [01](01_rollout.ipynb).
#
# Afterwards you can: fill, read and clear a buffer; find the row of any decision; notice rows that were mixed up; say why PPO throws its
# experience away.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will pin a [badge](../docs/glossary.md#badge) on one decision of one detective, follow it into the buffer and out again, and know that
# no number of another row has got in between.
#
# ## A detective's problem: whose row is it?
#
# (6, 0, 0), the detective that fell, is one row among two thousand. Somewhere on its way its action could be laid beside somebody else's
# reward, and it would learn from what another did. No error would say so.

# %% [markdown]
# ## Idea
#
# The whole team shares one policy. So what one detective has lived through teaches all of them, and it all goes into *one*
# [buffer](../docs/glossary.md#shared-buffer). It has room for T steps. When they are there it is full: the update reads it, and then it is
# cleared.

# %%
import torch
from ppo_lessons import SharedBuffer
from ppo_lessons.buffer import Transition
from ppo_lessons.display.tables import Table, row_table
from ppo_lessons.lessons import claim, shared_buffer
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()  # a rollout that runs through all lessons
data = recording.buffer.data
T, E, A, D = data.obs.shape
shared_buffer.field_table(data)

# %% [markdown]
# Ten arrays, all with the axes **T** steps, **E** copies of the world, **A** agents, in this order. (`obs` has D numbers for each agent;
# `episode_over` is one flag for each team.) A row has a *badge* (t, e, a): its step, its copy, its agent.
#
# ## Code: add, until it is full
#
# A fresh buffer of the same size. We add the recorded steps one by one, as `collect` did when they were played. One `add` is one step of
# everybody: E x A places.

# %%
buffer = SharedBuffer(num_steps=T, num_envs=E, num_agents=A, obs_size=D)
while not buffer.is_full:  # node C
    transition = Transition(*(field[buffer.step] for field in data))
    buffer.add(transition)  # node B
    if buffer.step in (1, 10, 32):
        places = f"{buffer.step * E * A:4} of {T * E * A} places"
        claim(f"full after {buffer.step:2} steps", buffer.is_full, places)

# %% [markdown]
# ## Picture: the buffer fills
#
# Two of the 16 copies. In copy 0, detectives 0 and 2 fall in step 6. That row still counts: they were alive when they chose. The next ones are
# no decisions. (What the team *gains* in them is not simply lost: [lesson 03](03_advantages.ipynb) credits it to the row of the fall, as
# far as it comes within the same rollout.)

# %%
shared_buffer.show_filling(data.acting, moments=(10, 32))

# %% [markdown]
# ## Predict: one more
#
# **Question.** The buffer is full. What does one more `add` do?
#
# <details><summary>It overwrites the oldest step.</summary>That is a *replay buffer*, as DQN and SAC have it: they can learn from experience
# of long ago. PPO is not made for that (you will see why below), so here the oldest step stays.</details>
# <details><summary>The buffer grows.</summary>A Python list would. This buffer's memory is reserved once, and every rollout has the same
# T.</details>
# <details><summary>It refuses.</summary>Right. A step too many means that somebody forgot to clear, and then old and new experience would be mixed
# without a word.</details>

# %%
one_more = shared_buffer.refusal(lambda: buffer.add(transition))
print("add:", one_more)
print("get:", shared_buffer.refusal(buffer.get))

# %% [markdown]
# The second refusal: before the rows can be read, somebody has to work out how good each action was. That is `finish`, the subject of
# [lesson 03](03_advantages.ipynb); here we only call it. The order is always: `add` until `is_full`, `finish`, `get`, `clear`.
#
# ## Code: finish, get
#
# Then comes node D of the flowchart, in one line. The flowchart says *states*, as papers do; we say `obs`.

# %%
settings = CONFIG.gamma, CONFIG.gae_lambda
buffer.finish(recording.last_values, *settings, team_credit=True)
states, actions, log_probs_old, returns, advantages = buffer.get()
print("states", tuple(states.shape), " all others", tuple(actions.shape))
print(f"{len(actions)} real decisions of {T * E * A} places (T x E x A)")

# %% [markdown]
# The axes are gone: a flat table of B rows, one for each decision of a living agent. The update need not ask whose row it was: *which* detective
# it is stands in what it saw.
#
# ## Equation: the place of a badge
#
# $$\text{place}(t, e, a) = (t \cdot E + e) \cdot A + a$$
#
# In words: first all copies of step 0, in each its agents 0 to 3; then all of step 1; and so on. The last axis runs fastest: *row-major*
# order, the default of NumPy and PyTorch ([NumPy glossary](https://numpy.org/doc/stable/glossary.html#term-row-major)). Rows of fallen
# agents are then selected away, and those after them move up.
#
# ## The same numbers three ways
#
# By hand, with E = 16 and A = 4; "fallen before" is counted in the buffer:
#
# | name | badge (t, e, a) | (t x 16 + e) x 4 + a | fallen before | row |
# |---|---|---|---|---|
# | drained | (3, 0, 0) | 192 | 9 | 183 |
# | falls | (6, 0, 0) | 384 | 18 | **366** |
# | her mate | (6, 0, 1) | 385 | 18 | 367 |
# | banishes | (9, 0, 3) | 579 | 33 | 546 |
# | wins | (9, 12, 0) | 624 | 36 | 588 |
# | cut off | (13, 1, 0) | 836 | 53 | 783 |

# %%
flat = data.acting.numpy().reshape(-1)  # (T * E * A,), in plain numpy
cells = [["", "place", "fallen before it", "row"]]
for name, (t, e, a) in BADGES.items():
    place = (t * E + e) * A + a
    numbers = place, (~flat[:place]).sum(), flat[:place].sum()
    cells.append([name, *map(str, numbers)])
print(Table(cells))
print("by the package:", recording.rows_of(BADGES.values()))
shared_buffer.show_way(data.acting, badge=(6, 0, 0))

# %% [markdown]
# These six rows come back in later lessons. Here is what the buffer keeps of them. (6, 0, 0) is row 366: its action 4 is *right*, and in the
# very step in which its team banishes a spirit (+0.5) it loses its last health (-0.2) and falls (-0.5): -0.2 in all.

# %%
badges = buffer.badges()
six = recording.rows_of(BADGES.values())
columns = dict(row=torch.arange(len(badges)), action=actions)
columns |= dict(old_log_prob=log_probs_old)
columns |= dict(reward=data.rewards[data.acting])
row_table(badges, six, BADGES, **columns)

# %% [markdown]
# ## Rows mixed up: first two by three
#
# Two agents, three steps. Somebody collected agent by agent: agent 0 got the rewards 1, 2, 3, agent 1 got 10, 20, 30. That is (A, T) =
# (2, 3). Wanted is one line for each step, (T, A) = (3, 2). Two ways give that shape:

# %%
by_agent = torch.tensor([[1, 2, 3], [10, 20, 30]])  # (A, T)
print("permute:", by_agent.permute(1, 0).tolist())  # turn the axes
print("reshape:", by_agent.reshape(3, 2).tolist())  # new borders

# %% [markdown]
# `permute` takes each number along with its badge: in step 0 agent 0 got 1 and agent 1 got 10. `reshape` leaves the numbers in the order
# in which they lie in memory, and only draws new borders between them: now step 0 says that agent 1 got 2, which agent 0 got in step 1.
#
# ## Then with all axes
#
# PettingZoo hands out one dictionary entry *per agent*. Whoever collects them agent by agent ends with the axes (A, T, E), and has to bring
# them to (T, E, A). Right is `x.permute(1, 2, 0)`: old axis 1 (T) first, then old axis 2 (E), then old axis 0 (A).
#
# **Question.** What does `x.reshape(T, E, A)` give?
#
# <details><summary>The same.</summary>The shape is the same, and that is why one believes it. In the small example you saw what happens to the
# numbers.</details>
# <details><summary>An error.</summary>That would be kind. But the shape is possible, and the number of elements is right: nobody
# complains.</details>
# <details><summary>The right shape, with the numbers of other rows in it.</summary>Right. It happens to experts: in two of JaxMARL's MAPPO
# scripts rewards met the values of other agents ([issue 85](https://github.com/FLAIROx/JaxMARL/issues/85)), until a pull request put the order
# right.</details>

# %%
badge_at = shared_buffer.badges_in_place(T, E, A)  # (T, E, A, 3)
agents_first = badge_at.permute(2, 0, 1, 3)  # (A, T, E, 3): agent by agent
right = agents_first.permute(1, 2, 0, 3)  # (T, E, A, 3)
wrong = agents_first.reshape(T, E, A, 3)  # (T, E, A, 3) as well
mixed = data.rewards.permute(2, 0, 1).reshape(T, E, A)
means = data.rewards.mean(), mixed.mean()
print("mean of all rewards: right {:.3f}, mixed up {:.3f}".format(*means))
as_before = (mixed == data.rewards).float().mean()
print(f"places where the reward looks as before: {as_before:.0%}")
at_home = (wrong == badge_at).all(dim=-1).float().mean()
print(f"badges at home: {at_home:.1%}")
shared_buffer.show_places(right, wrong, badge=(6, 0, 0))

# %% [markdown]
# After the reshape, the place of (6, 0, 0) carries what belongs to (24, 0, 0): the same detective, long after it fell. The numbers
# hardly show it: most rewards are 0, and their mean cannot change. Badges do.
#
# **A place to stop.** Next: play, write, and why the buffer is cleared.
#
# ## Play
#
# Follow a badge. Decide first, then move: (1) Only 4 steps are stored. Is the *place* of (6, 0, 0) known already?
# And its *row* (tick the box)? (2) Which badge moves up the furthest when the fallen are selected away? (3) What does `get` say at 31 steps,
# at 32, and after `clear`?

# %%
shared_buffer.explore()

# %% [markdown]
# <details><summary>What we saw</summary>(1) The place follows from the badge alone: 384. The row depends on who fell before, and so on steps that are
# not stored yet. (2) (13, 1, 0), the latest one: by 53. (3) At 31 it refuses, at 32 it gives all rows, after `clear` it refuses again: 0 of
# 32 steps.</details>
#
# A rollout could have other borders. Few copies and many steps: long stories, but all from the same few worlds. Many copies and few
# steps: many stories, each cut short, and the critic has to guess how they go on. The recording has 32 x 16 x 4 places; a training with the
# package's settings has 8 x 128 x 4.
#
# ## Exercise 2.1: flat rows (difficulty 1, 4 minutes)
#
# Lay the rows of living agents under each other, in the order time, environment, agent. `tensor` is (T, E, A) or (T, E, A, D), of any dtype;
# `acting` is bool, (T, E, A). What the fallen hold, NaN included, must not show.


# %% tags=["exercise"]
def flatten_rows(tensor, acting):
    # Return the quantity of the B acting rows, (B,) or (B, D).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

flatten_rows = check(flatten_rows)
# hint("2.1")  # take away the first # for a hint, again for the next
# solution("2.1")

# %% [markdown]
# ## Exercise 2.2: badges (difficulty 2, 6 minutes)
#
# Whose row is it? One line (t, e, a) for each row of `flatten_rows`, in the same order.


# %% tags=["exercise"]
def badges_of(acting):
    # Return the badge of each acting row, int64, (B, 3).
    return ...


# %%
badges_of = check(badges_of)
# hint("2.2")
# solution("2.2")

# %% [markdown]
# ## Exercise 2.3: a mean over real decisions (difficulty 1, 4 minutes)
#
# The mean reward of a rollout, the mean loss, ...: only rows of living agents count, each the same. Return a scalar tensor; NaN if nobody acted at
# all.


# %% tags=["exercise"]
def mean_over_acting(quantity, acting):
    # Return the mean of a (float) quantity over the acting rows, a scalar.
    return ...


# %%
mean_over_acting = check(mean_over_acting)
# hint("2.3")
# solution("2.3")

# %% [markdown]
# ## Exercise 2.4: store a step (difficulty 1, 5 minutes)
#
# Box B. `buffer.data` holds ten tensors, one for each field of a `Transition` and in the same order (you can loop over both), with one axis more
# in front, T. `buffer.step` says how many steps are stored already. Write the ten fields of `transition` into their place, and count the
# step. Nothing is returned.


# %% tags=["exercise"]
def store(buffer, transition):
    # Put one step of everybody into its place, and count it.
    ...


# %%
store = check(store)
# hint("2.4")
# solution("2.4")

# %% [markdown]
# ## Exercise 2.5: is it full? (difficulty 1, 2 minutes)
#
# Box C, asked before every step of a rollout. There is room for `buffer.num_steps` steps.


# %% tags=["exercise"]
def is_full(buffer):
    # Return True if all T steps are stored, False otherwise.
    return ...


# %%
is_full = check(is_full)
# hint("2.5")
# solution("2.5")

# %% [markdown]
# ## Exercise 2.6: clear (difficulty 1, 3 minutes)
#
# Box P. The next step is to go into place 0 again; no number need be wiped. What `finish` worked out from the old rows, `buffer.advantages`
# and `buffer.returns`, must be forgotten: both are None in a fresh buffer. Nothing is returned.


# %% tags=["exercise"]
def clear(buffer):
    # Empty the buffer for the next rollout.
    ...


# %%
clear = check(clear)
# hint("2.6")
# solution("2.6")

# %% [markdown]
# Your functions on the recording. Places 3 to 6 of what a detective sees are its own number: the row itself says whose it is. Does every
# badge agree?

# %%
mine = flatten_rows(data.obs, data.acting)
claim("your rows are those of get()", torch.equal(mine, states))
seen_by, whose = mine[:, 3:7].argmax(dim=1), badges_of(data.acting)[:, 2]
own = torch.equal(seen_by, whose)
claim("each row was seen by the agent on its badge", own)
mean = mean_over_acting(data.rewards, data.acting)
print(f"mean reward of a real decision: {mean:.3f}")

# %% [markdown]
# ## A claim put to the test
#
# "Experience is precious. Why clear it? Keep the old rows and learn from them again." Let us keep them, train the recorded team for ten more
# cycles, and ask after each: how likely are the *recorded* actions now, compared with then?
#
# **A look ahead.** The next cell trains with everything that the later lessons explain. Take it as a film for now; only what it shows
# matters here.

# %%
ratios = shared_buffer.ratios_while_training(cycles=10)  # each (B,)
shared_buffer.show_ageing(ratios)

# %% [markdown]
# At first every action is as likely as then. In four such runs, after ten cycles 56 to 65 % of the rows were outside 0.8 ... 1.2, and 16 to 26 %
# at most half or at least twice as likely.
#
# This is the experience of *another* team, and PPO's gradient is a fair guide only near the policy that played: PPO is *on-policy*. The
# quotient above, the ratio of [lesson 07](07_ratios.ipynb), makes up for other actions, but not for other places: the team no longer walks there,
# and mates no longer answer so.
#
# ## Clear
#
# Node P. The next rollout belongs to the new policy alone.

# %%
buffer.clear()
claim("it is empty", buffer.step == 0, f"step {buffer.step}")
claim("what was read before stays yours", len(actions) > 0)
print("get:", shared_buffer.refusal(buffer.get))

# %% [markdown]
# **Question.** After `clear`, are the old numbers gone from memory?
#
# <details><summary>Yes, all is set to 0.</summary>One could do so, and it would be safe. But it costs time and is not needed: nobody reads an
# empty buffer.</details>
# <details><summary>Most are not, but `get` does not hand them out.</summary>Right. The step goes back to 0, and advantages and returns are forgotten; all
# else stays. `get` refuses until T new steps have taken the place of *all* the old ones and `finish` was called again.</details>
# <details><summary>No, so `get` may mix old and new rows.</summary>A fair worry: the old numbers do lie there. But the buffer is read only when it
# is full, and then every slice is new.</details>
#
# ## On paper
#
# A buffer has T = 4 steps, E = 3 copies and A = 2 agents. (1) What is the place of (2, 1, 0)? (2) Whose is place 17? (3) Places 3, 9 and 15 are of a
# fallen agent. In which row of `get` does (2, 1, 0) stand? (4) x is [[a, b, c], [d, e, f]]. Write down `x.permute(1, 0)` and `x.reshape(3, 2)`.
#
# <details><summary>The answers</summary>(1) (2 x 3 + 1) x 2 + 0 = 14. (2) 17 = 8 x 2 + 1, so a = 1; 8 = 2 x 3 + 2, so e = 2 and t = 2: (2, 2, 1).
# (3) Two of the three lie before place 14, so row 12. (4) [[a, d], [b, e], [c, f]] and [[a, b], [c, d], [e, f]].</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - One buffer for all: axes (T, E, A, ...), one `add` for each step, full after T of them.
# - `get` gives flat rows of living agents in the order t, e, a; permute keeps a number with its badge, reshape does not.
# - PPO is on-policy: after the update the rows belong to a team that no longer exists. Clear.
#
# | code | meaning |
# |---|---|
# | [`store(buffer, transition)`](../ppo_lessons/buffer.py), called by `SharedBuffer.add` | node B: store everybody's step |
# | [`is_full(buffer)`](../ppo_lessons/buffer.py), also `SharedBuffer.is_full` | node C: time to learn? |
# | `states, actions, log_probs_old, returns, advantages = buffer.get()`, [`SharedBuffer.get`](../ppo_lessons/buffer.py) | pull rollout data |
# | [`clear(buffer)`](../ppo_lessons/buffer.py), also `SharedBuffer.clear` | node P: forget it all |
#
# **Next:** [3. Advantages: was this action better than expected?](03_advantages.ipynb)
