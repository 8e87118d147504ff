# %% [markdown]
# `A B C [D] E F G H I J K L M N O P`
#
# # 3. Advantages: was this action better than expected?
#
# **65 minutes (a place to stop after 20), 4 exercises.** You need: [02](02_shared_buffer.ipynb).
#
# Afterwards you can: write TD errors and GAE; say what to expect after a step that went on, was cut off, or was the end; give a fallen
# detective its share of what its team wins later.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# For each row of the buffer you will know one signed number, its [advantage](../docs/glossary.md#advantage): how much better the action
# turned out than the critic had expected. The update pushes actions with large numbers to become likelier, and those with small ones less likely.
#
# ## A detective's problem: was it a mistake?
#
# (6, 0, 0) went right, lost its last health, and fell: a reward of -0.2. But its team banished a spirit in this step, and another one three
# steps later. And what had the critic expected of it? How good was the action?

# %% [markdown]
# ## Idea
#
# A reward alone says little. +0.5 is splendid for a team that expected nothing, and poor for one that expected 2. So we compare: what came,
# plus what is *now* expected, minus what was expected *before*. The critic supplies both expectations. Two words for it:
#
# - The [discount](../docs/glossary.md#discount) $\gamma$ (gamma), here 0.98: a reward one step later counts $\gamma$ as much, two steps later
#   $\gamma^2$.
# - The value $V(s)$: the critic's estimate, for a detective that sees s, of all its rewards still to come, discounted and added up:
#   $r_t + \gamma r_{t+1} + \gamma^2 r_{t+2} + \dots$

# %%
import torch
from ppo_lessons import advantages as adv
from ppo_lessons.lessons import advantages as lesson
from ppo_lessons.lessons import claim
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
buffer, last_values = recording.buffer, recording.last_values
data, gamma = buffer.data, CONFIG.gamma  # 0.98
ends = (data.terminated, data.truncated, data.final_values, last_values)
lesson.six_rows(recording, reward=data.rewards, value=data.values)

# %% [markdown]
# ## Predict
#
# **Question.** "Her mate" (6, 0, 1): in this step a spirit was banished (+0.5 for everybody), and detectives 0 and 2 fell. The critic had
# expected 0.395 from here on. Was the mate's action better than expected?
#
# <details><summary>Yes: 0.5 is more than 0.395.</summary>The comparison is the right idea, but the two numbers are not of the same kind: 0.395 was for
# the whole future, 0.5 is for this step. What is left of the future has to be added to the reward first.</details>
# <details><summary>No: after this step less is left to expect.</summary>Right. With two mates gone the critic expects -1.087. You will see
# 0.5 + 0.98 x (-1.087) - 0.395 = -0.960.</details>
# <details><summary>It did not fall, so yes.</summary>It was the luckier one, but what counts is what it may now expect: a team of two can no
# longer banish the spirit of toughness 3.</details>
#
# ## Equation: one step
#
# $$\delta_t = r_t + \gamma\, V_{\text{next}} - V(s_t)$$
#
# The *[TD error](../docs/glossary.md#td-error)* (temporal difference; Schulman et al. 2016, section 3, where it stands without a number).
# In code: `rewards`, `gamma`, `next_values`, `values`. Mostly "next" is the value in the detective's next row. But what if there is none?
#
# | after this row | next value | because |
# |---|---|---|
# | it goes on | `values[t + 1]` | the next row of the same agent |
# | **terminated** | 0 | really over: nothing comes any more |
# | **truncated** | `final_values` | only cut off: what the critic made of the last thing *seen* |
# | the rollout is full | `last_values` | the case goes on, we just stop watching |
#
# (Pardo et al. 2018.) If both flags are set, terminated wins.

# %%
following = adv.next_values(data.values, *ends)
deltas = adv.td_errors(data.rewards, data.values, following, gamma)
numbers = dict(next_value=following, td_error=deltas)
flags = dict(terminated=data.terminated, truncated=data.truncated)
lesson.six_rows(recording, **numbers, **flags)

# %% [markdown]
# ## Cut off is not over
#
# The row "cut off": the step limit of copy 1. The limit is for our convenience and no part of the task: no detective sees a clock. Three ways to treat
# it, and only one is right. (The row below belongs to the *next* case, whose fresh start knows nothing of this one.)

# %%
t, e, a = BADGES["cut off"]
value, next_case = data.values[t, e, a], data.values[t + 1, e, a]
final = data.final_values[t, e, a]
nothing = torch.tensor(0.0)
ways = {"as if it had died": nothing, "row below (the next case)": next_case}
ways["final observation (right)"] = final
for name, v in ways.items():
    print(f"{name:26} 0.98 x {v:.3f} - {value:.3f} = {0.98 * v - value:+.3f}")

# %% [markdown]
# A test that anybody can do in the head: reward 1 in every step, for ever, $\gamma$ = 0.9. The right value is 1 + 0.9 + 0.81 + ... = 10. Nothing is ever
# a surprise, so every advantage has to be 0. Now cut off after five steps, or treat the cut as an end. (`estimate_advantages` is this lesson in
# one call: `next_values`, `td_errors`, and `gae`, which comes below.)

# %%
ones, tens = torch.ones(5), torch.full((5,), 10.0)
last = torch.arange(5) == 4
never = torch.zeros(5, dtype=torch.bool)
next_case = torch.tensor(77.0)  # must not matter
rest = tens, next_case, 0.9, 0.95
cut_off = adv.estimate_advantages(ones, tens, never, last, *rest)
as_if_dead = adv.estimate_advantages(ones, tens, last, never, *rest)
lesson.show_ends({"truncated": cut_off, "treated as terminated": as_if_dead})

# %% [markdown]
# -9 in the last step, for nothing but a clock, and (you will see next how) `gae` carries it backwards: a long life looks like a mistake.
# Well-known teaching code treats truncation so (CleanRL's issues #198 and #457 are about it).
#
# ## First two steps
#
# A TD error looks one step ahead and then trusts the critic. Let us trust it one step later:
#
# $$r_t + \gamma r_{t+1} + \gamma^2 V(s_{t+2}) - V(s_t)$$
#
# Add $\gamma V(s_{t+1})$ and take it away again, and this is $\delta_t + \gamma\,\delta_{t+1}$. So to look further ahead is to add later TD errors.
# On the row "drained":

# %%
t, e, a = BADGES["drained"]
r, V = data.rewards[:, e, a], data.values[:, e, a]
two_steps = r[t] + gamma * r[t + 1] + gamma**2 * V[t + 2] - V[t]
added = deltas[t, e, a] + gamma * deltas[t + 1, e, a]
print(f"looked two steps ahead: {two_steps:.3f}")
print(f"two TD errors added:    {added:.3f}")

# %% [markdown]
# ## Equation: many steps
#
# How far should one look? Near by, one depends on the critic's mistakes; far ahead, on chance. GAE, *generalised advantage estimation*, looks
# at all distances and lets each later TD error count $\gamma\lambda$ times as much as the one before it:
#
# $$A_t = \delta_t + \gamma\lambda\,\delta_{t+1} + (\gamma\lambda)^2\,\delta_{t+2} + \dots$$
#
# (Schulman et al. 2016, equation 16.) Everything after $\delta_t$ is $\gamma\lambda$ times the same sum one step later. So, from the last row up:
#
# $$A_t = \delta_t + \gamma\lambda\, A_{t+1}$$
#
# At every end the sum is cut: there $A_{t+1}$ counts as 0. $\lambda$, the [GAE lambda](../docs/glossary.md#gae-lambda), is `gae_lambda`, here 0.8.

# %% [markdown]
# ## The same numbers three ways
#
# One detective in two cases, with numbers for working by hand: $\gamma$ = 0.8, $\lambda$ = 0.5, so $\gamma\lambda$ = 0.4. The first case is cut off with t = 2,
# where the final observation is worth 4; the second is really over with t = 5. Read it from the bottom up:
#
# | t | r | V | next V | TD error | advantage | return |
# |---|---|---|---|---|---|---|
# | 0 | 1 | 2 | 3 | 1.4 | 1.4 + 0.4 x -0.52 = 1.192 | 3.192 |
# | 1 | 0 | 3 | 1 | -2.2 | -2.2 + 0.4 x 4.2 = -0.520 | 2.480 |
# | 2 | 2 | 1 | **4** (cut off) | 4.2 | **cut:** 4.200 | 5.200 |
# | 3 | 0 | 5 | 2 | -3.4 | -3.4 + 0.4 x -0.2 = -3.480 | 1.520 |
# | 4 | -1 | 2 | 4 | 0.2 | 0.2 + 0.4 x -1 = -0.200 | 1.800 |
# | 5 | 3 | 4 | **0** (over) | -1.0 | **cut:** -1.000 | 3.000 |

# %%
import numpy as np

r = np.array([1.0, 0, 2, 0, -1, 3])
V = np.array([2.0, 3, 1, 5, 2, 4])
next_v = np.array([3.0, 1, 4, 2, 4, 0])
goes_on = np.array([1, 1, 0, 1, 1, 0])
delta, A, following_a = r + 0.8 * next_v - V, np.zeros(6), 0.0
for t in reversed(range(6)):
    A[t] = following_a = delta[t] + 0.8 * 0.5 * goes_on[t] * following_a
print("numpy:  ", " ".join(f"{x:+.3f}" for x in A))
over, cut = torch.arange(6) == 5, torch.arange(6) == 2
final_v = torch.tensor([0, 0, 4.0, 0, 0, 0])
after_v = torch.tensor(6.0)  # of the next case: must not matter
rest = over, cut, final_v, after_v, 0.8, 0.5
r_all, V_all = (torch.tensor(x).float() for x in (r, V))
by_package = adv.estimate_advantages(r_all, V_all, *rest)
print("package:", " ".join(f"{x:+.3f}" for x in by_package))

# %% [markdown]
# The golden numbers, those of a program that is not ours: Stable-Baselines3 2.9.2, `RolloutBuffer.compute_returns_and_advantage`, gives on these rows
# **+1.192 -0.520 +4.200 -3.480 -0.200 -1.000**. (It adds $\gamma V_\text{final}$ to the reward of a truncated row, then treats the row as an end: the
# same.) The *return* is advantage plus the **old** value: what the critic should have said ([lesson 09](09_value_loss.ipynb)).

# %% [markdown]
# ## Lambda: how far to look
#
# $\lambda$ = 0: the TD error; all trust in the critic. $\lambda$ = 1: discounted return minus value; all trust in what came, up to the end or the
# edge of the rollout. In between, as a rule: less noise than 1, less of the critic's error than 0.

# %%
at_0 = adv.estimate_advantages(data.rewards, data.values, *ends, gamma, 0.0)
at_1 = adv.estimate_advantages(data.rewards, data.values, *ends, gamma, 1.0)
summed, later = torch.zeros_like(at_1), last_values
for t in reversed(range(32)):
    is_end = data.terminated[t] | data.truncated[t]
    goes_on = torch.where(is_end, following[t], later)
    summed[t] = later = data.rewards[t] + gamma * goes_on  # from the end


def same(a, b):
    return (a - b).abs().max() < 1e-5


returns, advantages = buffer.returns, buffer.advantages
claim("lambda 0 gives the TD error", same(at_0, deltas))
claim("lambda 1 gives return - value", same(at_1, summed - data.values))
above = returns - data.values
claim("returns - values are the advantages", same(above, advantages))

# %% [markdown]
# **A place to stop.** You know what an advantage is. What follows is what is special about a team, and then the exercises.
#
# ## The fallen
#
# Detective 0 fell at t = 6. At t = 9 the two mates that were left banished the next spirit, and everybody was rewarded, the fallen too. But rows of
# the fallen are not learned from.
#
# **Question.** Which part of that +1.0 reaches the row (6, 0, 0)?
#
# <details><summary>None: it is dead, the sum is cut there.</summary>So it would be, if nothing were done: whatever its team gains later would not
# count for the detective, and a sacrifice that makes a win possible would look like a plain loss.</details>
# <details><summary>All of it, discounted three times, if it is credited to its last row.</summary>Right, in this recording:
# $0.98^3 \times 1.0$ = 0.941 is added to the reward of (6, 0, 0). That is `with_team_credit`.</details>
# <details><summary>It comes in through the critic's estimate of the next row.</summary>For the living it does. But here the next row is one of the
# fallen, and after a termination the next value is 0.</details>

# %%
who = data.acting, data.episode_over
credited = adv.with_team_credit(data.rewards, *who, gamma)
given = data.rewards, data.values, *ends, gamma, CONFIG.gae_lambda
alone = adv.estimate_advantages(*given)
numbers = dict(reward=data.rewards, credited=credited)
numbers |= dict(alone=alone, with_team=buffer.advantages)
lesson.six_rows(recording, **numbers)

# %% [markdown]
# With [team credit](../docs/glossary.md#team-credit) the fall goes from -0.977 to -0.036: hardly worse than expected. "Drained", three rows before
# it, moves along through the sum.
# The other four keep their numbers.
#
# So the detective's question has an answer: its action turned out about as good as the critic had expected. That other choices would have been
# better ([lesson 01](01_rollout.ipynb)) an advantage does not say. It compares with an expectation, not with what was not tried.
#
# How much of the credit arrives depends on the length T of the rollout:

# %%
first_8 = (x[:8] for x in (data.rewards, *who))
credit = adv.with_team_credit(*first_8, gamma) - data.rewards[:8]
print(f"credit of (6, 0, 0) if T = 8: {credit[6, 0, 0]:.3f}")
credits = lesson.mean_credit(recording.policy, gamma, (8, 32, 512))
part_8, part_32 = (credits[T] / credits[512] for T in (8, 32))
claim("T = 8: less than 6 tenths of the credit arrives", part_8 < 0.6)
claim("T = 32: more than that, not all", 0.6 < part_32 < 0.95)
lesson.show_mean_credit(credits)

# %% [markdown]
# With T = 8, as in the package's training, step 9 would lie in the next rollout, and (6, 0, 0) would get nothing. Over all falls, three
# measurements gave a mean credit of 0.22 to 0.25 at T = 8, and of 0.48 to 0.62 when the rollout is much longer than a case: about four
# tenths arrive. Two more things to know:
#
# - A reward k steps after the fall counts $\gamma^k$ and not $(\gamma\lambda)^k$. For it, $\lambda$ is as good as 1, with all the noise of that.
# - Every fallen detective gets this share, whether its fall *helped* or not.

# %% [markdown]
# So it is a choice (`PPOConfig(team_credit=...)`), and not the only one. MAPPO's StarCraft code (Yu et al. 2022) cuts the sum only when the
# whole team is done, and its critic goes on estimating for the fallen, so that there is something to expect after a fall and beyond the
# rollout. Ours has no value of having fallen: it counts what came.

# %% [markdown]
# ## Picture: copy 0, step by step
#
# Follow one panel from left to right. Where V jumps and no reward makes up for it, there is a large TD error; the advantages of
# the rows before are pulled the same way, less and less.

# %%
copy = 0
with_credit = adv.td_errors(credited, data.values, following, gamma)
shown = data.rewards, data.values, with_credit, advantages, data.acting
of_ends = [flag[:, copy] for flag in (data.terminated, data.truncated)]
lesson.show_along_copy(*(x[:, copy] for x in shown), of_ends)

# %% [markdown]
# After t = 6 the critic expects little of detectives 1 and 3, between -1.0 and -2.0. The banishing at t = 9 is a happy surprise. Their
# falls, -0.7 each, have *positive* advantages: the critic had expected worse.
#
# ## Play
#
# Four real ends. The row looked at is taken apart: the green parts of the TD errors, added up, are its advantage. Decide first, then move: (1) *Is
# cut off*, treated as terminated: which rows does it change? Which with `gae_lambda` 0? (2) *Falls*, `team_credit` off: does the
# row before the fall notice, at `gae_lambda` 0.8 and at 0? (3) *Rollout full*, treated as truncated: what changes?

# %%
lesson.explore()

# %% [markdown]
# <details><summary>What we saw</summary>(1) All of them, the later the more: each step back the mistake counts 0.98 x 0.8 as much. With
# `gae_lambda` 0 only the last row. (2) At 0.8 it does, at 0 it does not. (3) Nothing: both ways the critic's estimate of the last thing seen
# stands in for the future.</details>
#
# ## Exercise 3.1: the TD error (difficulty 1, 2 minutes)
#
# All are (T, ...): T steps, whatever axes follow. No loop is needed.


# %% tags=["exercise"]
def td_errors(rewards, values, next_values, gamma):
    # Return by how much each step was better than expected, (T, ...).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

td_errors = check(td_errors)
# hint("3.1")
# solution("3.1")

# %% [markdown]
# ## Exercise 3.2: what comes after a row (difficulty 2, 4 minutes)
#
# The table under *Equation: one step*, for all rows at once. `terminated` and `truncated` are bool (T, ...), `last_values` has no axis T. `torch.cat` joins along T,
# `torch.where(condition, a, b)` selects. `final_values` is read only where `truncated`: elsewhere anything can stand in it, NaN as well.


# %% tags=["exercise"]
def next_values(values, terminated, truncated, final_values, last_values):
    # Return what the critic expects after each step, or what takes
    # its place at an end, (T, ...).
    return ...


# %%
next_values = check(next_values)
# hint("3.2")
# solution("3.2")

# %% [markdown]
# ## Exercise 3.3: GAE (difficulty 2, 6 minutes)
#
# The recursion above, from the last row upwards. `td_errors` are (T, ...); `ends`, bool (T, ...), is `terminated | truncated`: it says where the sum is
# cut. Leave `td_errors` as they are. The smallest example of the check is the six-row table.


# %% tags=["exercise"]
def gae(td_errors, ends, gamma, gae_lambda):
    # Return the advantage of every row, (T, ...).
    return ...


# %%
gae = check(gae)
# hint("3.3")
# solution("3.3")

# %% [markdown]
# ## Exercise 3.4: credit after one's own fall (difficulty 3, 7 minutes)
#
# Each fall's row gets, discounted, what the detective's rows as a fallen one bring until its case is over. First by hand, $\gamma$ = 0.5: it falls
# in step 0, and its case is over with step 2. Read from the bottom up; the *purse* is what is carried from row to row:
#
# | step | acting | reward | + 0.5 x purse from below | credited | purse |
# |---|---|---|---|---|---|
# | t = 0 | yes | 1 | 0.5 x 6 | **4** | 0: it acted |
# | t = 1 | no | 2 | 0.5 x 8 | 6 | 6 |
# | t = 2 | no | 8 | the case is over: nothing | 8 | 8 |
#
# (And really: 1 + 0.5 x 2 + 0.25 x 8 = 4.) Now for all agents at once; `rewards` and `acting` are (T, E, A), `episode_over` is (T, E). In each row,
# from the last one up:
#
# 1. Where the case is over with this step, empty the purse: what lies below belongs to another case.
# 2. Add $\gamma$ times the purse to the reward. This is the credited reward.
# 3. The purse of a fallen agent is now this sum; that of an agent that acted is empty.
#
# What you write into the rows of the fallen is not looked at.


# %% tags=["exercise"]
def with_team_credit(rewards, acting, episode_over, gamma):
    # Return the rewards to use in td_errors, (T, E, A).
    return ...


# %%
with_team_credit = check(with_team_credit)
# hint("3.4")
# solution("3.4")

# %% [markdown]
# ## Your advantages against the recording's
#
# All 1934 rows of the recording, by your four functions. (As long as a blank is open, the package's function stands in.)

# %%
mine = with_team_credit(data.rewards, *who, gamma)
after = next_values(data.values, *ends)
mine = td_errors(mine, data.values, after, gamma)
mine = gae(mine, ends[0] | ends[1], gamma, CONFIG.gae_lambda)
one_step = td_errors(credited, data.values, after, gamma)
living = data.acting  # the rows of the living, as before
right = same(mine[living], advantages[living])
claim("your advantages are right", right, f"{living.sum()} rows")
right = same(one_step[living], with_credit[living])
claim("your TD errors are right", right)

# %% [markdown]
# ## A claim put to the test
#
# "It is in the official tutorial, so it is right." An eight-step win: +10 at the end, the critic says 2 everywhere. The loop below follows the
# rules of PettingZoo's from-scratch PPO [tutorial](https://pettingzoo.farama.org/tutorials/cleanrl/implementing_PPO/), as it was when we looked, in our own words.
# How many mistakes do you see?

# %%
rewards, values = torch.zeros(8), torch.full((8,), 2.0)
rewards[7] = 10.0
over, never = torch.arange(8) == 7, torch.arange(8) == 8
copied = torch.zeros(8)
for t in reversed(range(7)):
    after = 0.99 * values[t + 1] * over[t + 1]
    surprise = rewards[t] + after - values[t]
    copied[t] = surprise + 0.99 * 0.99 * copied[t + 1]
rest = torch.zeros(8), torch.tensor(2.0)
after = next_values(values, over, never, *rest)
yours = td_errors(rewards, values, after, 0.99)
yours = gae(yours, over | never, 0.99, 0.95)
print("tutorial", *(f"{x:+6.2f}" for x in copied[:7]), " none")
print("yours   ", *(f"{x:+6.2f}" for x in yours))

# %% [markdown]
# A win, and every step that is trained on is called a mistake.
#
# <details><summary>The mistakes</summary>The future counts only <em>where</em> it is over (the flag is turned round, and is read one row too low);
# gamma stands where lambda belongs; the last row, the win itself, is left out. No error, no warning: it takes a closed form, a comparison with
# another implementation, or a reader who does not trust it.</details>
#
# ## On paper
#
# Three rows of one detective: rewards 0, 0, 4, values 1, 2, 2; $\gamma$ = 0.5, and the case is won with the third. (1) The three TD errors? (2) The
# advantages with $\lambda$ = 0.5? (3) With $\lambda$ = 1? (4) Which three values would make every TD error 0? (5) What changes if the third row is only
# cut off, with a final value of 2?
#
# <details><summary>The answers</summary>(1) 0 + 0.5 x 2 - 1 = 0, then 0 + 0.5 x 2 - 2 = -1, then 4 + 0 - 2 = 2. (2) From the bottom, with
# 0.25: 2, then -1 + 0.25 x 2 = -0.5, then 0 + 0.25 x -0.5 = -0.125. (3) With 0.5: 2, 0, 0. Indeed 0.25 x 4 - 1 = 0: what came minus what was expected.
# (4) 1, 2 and 4, the discounted sums themselves. (5) The third TD error becomes 4 + 0.5 x 2 - 2 = 3, and the advantages 3, -0.25,
# -0.0625.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - TD error: what came, plus what is now expected, minus what was expected. Advantage: this one and the later ones, each step further on counting
#   less. Return: advantage plus old value.
# - Terminated: 0 is expected. Truncated: the final observation's value. The sum is cut at both.
# - The fallen: their rewards after the fall, as far as the rollout goes, are credited to their last row.
# - (6, 0, 0), the fall: -0.977 alone, -0.036 with its team.
#
# | code | meaning |
# |---|---|
# | [`gae(td_errors, ends, ...)`](../ppo_lessons/advantages.py) | node D: was this action better than expected? |
# | [`with_team_credit(rewards, ...)`](../ppo_lessons/advantages.py) | credit after one's own fall |
#
# **Next:** [4. Policy gradient: what do we want to make large, and why does this loss do it?](04_policy_gradient.ipynb) It also derives GAE from
# looking one, two, three ... steps ahead, and averaging.
