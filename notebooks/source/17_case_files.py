# %% [markdown]
# `[A] [B] [C] [D] [E] [F] [G] [H] [I] [J] [K] [L] [M] [N] [O] [P]`
#
# # 17. Case files: which step is broken?
#
# **125 minutes (a place to stop after 60), 0 exercises.** You need: [11](11_full_update.ipynb), [12](12_team_training.ipynb).
#
# Afterwards you can: read a training run like a doctor, name the box that is to blame and the reading that proves it, repair it, say when *nothing* is wrong, and have any PPO examined, yours or another's.

# %%
from ppo_lessons.lessons import welcome
from ppo_lessons.lessons.case_files import accuse, repair, show_book

welcome()
show_book()

# %% [markdown]
# ## Promise
#
# Thirteen runs lie on the table. In each of them one box of the flowchart was replaced, by a mistake that real people make, or by none. You will find the culprits.
#
# **The detective's problem.** No broken window, no footprints: the program runs, the numbers are finite, the curve moves. That something is wrong is only a feeling.

# %% [markdown]
# ## Idea
#
# PPO fails *silently*. A wrong sign, a swapped axis, a forgotten line: the code runs all the same, and a network is good at making something of nonsense. So one does not look at the return alone. One takes readings that have a right value
# whatever the team does: the first ratio is 1, no gradient above the limit arrives, an epoch sees every row once. And one compares: with a twin of the same seed, and with what is usual.
#
# *Predict:* in how many of twelve faulty runs does the return look all right in the end? The answer is in the recap.

# %% [markdown]
# ## A win that is punished
#
# First a fault on paper. A tutorial for several agents, from scratch and widely read, has for years reckoned advantages by these rules: what comes next counts *only when* it is over; gamma is multiplied by gamma, where lambda
# should be; the last row is left out. Here in our words, on one win: eight steps, 10 at the end, the critic expects 2 all along.

# %%
import torch
from ppo_lessons.advantages import estimate_advantages


def next_values(values, terminated, truncated, final_values, last_values):
    following = torch.cat((values[1:], last_values.unsqueeze(0)))
    return following * terminated


def gae(td_errors, ends, gamma, gae_lambda):
    advantages = torch.zeros_like(td_errors)
    for t in reversed(range(len(td_errors) - 1)):
        following = advantages[t + 1]
        advantages[t] = td_errors[t] + gamma * gamma * following
    return advantages


# %%
rewards, values = torch.zeros(8, 1), torch.full((8, 1), 2.0)
rewards[7], never = 10.0, torch.zeros(8, 1, dtype=torch.bool)
over, rest = never.clone(), (torch.zeros(8, 1), torch.zeros(1))
over[7] = True
win = (rewards, values, over, never, *rest, 0.99, 0.95)
wrong = {"next_values": next_values, "gae": gae}
for name, own in {"right": {}, "by the tutorial": wrong}.items():
    numbers = estimate_advantages(*win, **own)[:, 0].tolist()
    print(f"{name:<16}", " ".join(f"{x + 0.0:6.1f}" for x in numbers))

# %% [markdown]
# Every step of a *win* but the last is blamed, the first ones most. And what does such a run look like from outside?
#
# ## The clue board
#
# Left one reading over the whole run: the suspect, its healthy twin of the same seed, and in grey what sixty healthy runs show. Right all twelve at one cycle: in the grey they are usual. Below, both teams play. Go back to the first cycles: causes are there.
#
# `first_ratio`: the largest |[ratio](../docs/glossary.md#importance-ratio) - 1| of an update's first mini-batch. `actor_grad`, `critic_grad`, `step_grad`: gradients of each head and of all, *as they reach the optimizer*, the last in units of `max_grad_norm`. `rows_used`: different rows in an epoch, as a share of the buffer's places.

# %% [markdown]
# ## Case 1. Whoever wins, wins less and less
#
# A team was trained by the rules of a tutorial that is read by thousands. No error, no NaN. Its return begins to rise and gives up. *The first case is an easy one: you have just worked out what its advantages are.* Which reading says that the critic is told nonsense?
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>A gamma near 0</summary>Right, nearly: then neither what comes next nor what is summed up counts. Only the last row would still be missing.</details>
# <details><summary>More copies of the world</summary>More rows of the same nonsense.</details>
# <details><summary>A larger network</summary>It would learn the wrong targets better.</details>

# %%
from ppo_lessons.lessons import case_files

case_files.clue_board(1)

# %% tags=["case"]
# a box and a clue, for instance: accuse(1, "K", "first_ratio")
accuse(1, ..., ...)
repair(1, ...)

# %% [markdown]
# ## Case 2. After fifty cycles they all walk the same way
#
# It begins well. Then the team grows certain, of one way for everything, and nothing moves any more. Somebody says "clipping", somebody says "the step size".
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>ent_coef 0</summary>Right: then the sign decides nothing, and the fault sleeps until somebody sets it.</details>
# <details><summary>A larger ent_coef</summary>That makes it worse, and sooner.</details>
# <details><summary>clip_eps 0.1</summary>Clipping slows the way down; it goes on.</details>

# %%
case_files.clue_board(2)

# %% tags=["case"]
accuse(2, ..., ...)
repair(2, ...)

# %% [markdown]
# ## Case 3. Large gradients, and a policy that stands still
#
# The gradients are long, longer than usual, from the start. And yet approx_kl falls to nothing: the policy does not move. How can both be true?
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>A single gradient step in all</summary>Right: there is nothing yet that could pile up. A test of one step passes.</details>
# <details><summary>A smaller max_grad_norm</summary>It shortens the pile; its direction stays that of the past.</details>
# <details><summary>A larger step size</summary>The direction is wrong, not the length.</details>

# %%
case_files.clue_board(3)

# %% tags=["case"]
accuse(3, ..., ...)
repair(3, ...)

# %% [markdown]
# ## Case 4. The critic expects the same of every moment
#
# A colleague added a dimension, "so that all shapes fit". torch said something about it once, in a warning that nobody read. The team survives and seldom wins.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>vf_coef 0</summary>Right, and so would a world in which all returns are alike.</details>
# <details><summary>A larger vf_coef</summary>More weight on a wrong loss.</details>
# <details><summary>Advantages that are not normalised</summary>The critic would be as blind.</details>

# %%
case_files.clue_board(4)

# %% tags=["case"]
accuse(4, ..., ...)
repair(4, ...)

# %% [markdown]
# ## Case 5. Everything is clipped at once
#
# The second report says clip_fraction 0.26, and soon it is 1. "PPO is unstable", says the chat.
#
# **When it is closed.** Which test would *not* have found it?
#
# <details><summary>One with fresh weights</summary>Right: near 0 all logits are alike, and the policy is uniform with one softmax and with two.</details>
# <details><summary>One after a hundred cycles</summary>There the first ratio is far from 1.</details>
# <details><summary>The ratio before the first step, after some training</summary>That is the test that finds it.</details>

# %%
case_files.clue_board(5)

# %% tags=["case"]
accuse(5, ..., ...)
repair(5, ...)

# %% [markdown]
# ## Case 6. Since a colleague rewrote GAE, it learns more slowly
#
# "Straight from the paper, as a double sum", he says. Since then the return lags behind its twin, of the same seed, by twenty to fifty cycles. He swears that it is the same function.
#
# **When it is closed.** What would settle it?
#
# <details><summary>The same inputs to both functions</summary>Right: two functions are compared by what they return. Two runs are compared by luck.</details>
# <details><summary>Ten more cycles</summary>Chance goes on for ten cycles.</details>
# <details><summary>The same seed</summary>It is the same seed. One different last digit, and after some cycles it is another team.</details>

# %%
case_files.clue_board(6)

# %% tags=["case"]
accuse(6, ..., ...)

# %% [markdown]
# ## Case 7. After 250 cycles they still play by chance
#
# Nothing is learned, nothing is reported. The log says approx_kl 0.0000, and somebody takes that for stability.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>One epoch, one mini-batch</summary>Right, nearly: there the ratio is 1 in a healthy run, too. Only the missing gradient would tell.</details>
# <details><summary>More epochs</summary>However many: new over new is 1.</details>
# <details><summary>A larger clip_eps</summary>Nothing ever comes near the interval's ends.</details>
#
# **A place to stop.** When this one is closed, six are left.

# %%
case_files.clue_board(7)

# %% tags=["case"]
accuse(7, ..., ...)
repair(7, ...)

# %% [markdown]
# ## Case 8. Certain after ten cycles, and wrong
#
# No other run decides so fast. By cycle 10 the entropy is next to nothing, and soon so is everything else.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>One epoch and one mini-batch</summary>Right: no ratio leaves the interval, and the larger and the smaller of the two are the same.</details>
# <details><summary>A smaller clip_eps</summary>Then ratios are outside even sooner.</details>
# <details><summary>A larger ent_coef</summary>It slows it down. The pushing goes on.</details>

# %%
case_files.clue_board(8)

# %% tags=["case"]
accuse(8, ..., ...)
repair(8, ...)

# %% [markdown]
# ## Case 9. They survive, and never win
#
# What was seen was laid out "by environment, for speed", all else by time. The update runs, and quickly.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>num_envs 1</summary>Right: with one copy of the world there is only one order.</details>
# <details><summary>num_steps 1</summary>Right as well: with one step there is only one order.</details>
# <details><summary>A larger minibatch_size</summary>Rows are mixed up whatever is cut out of them.</details>

# %%
case_files.clue_board(9)

# %% tags=["case"]
accuse(9, ..., ...)
repair(9, ...)

# %% [markdown]
# ## Case 10. It wins, and every update takes four times as long
#
# The return rises a little late, and it rises. Somebody notices that the machine is busy for longer than it was. *In the return nothing shows.*
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>A tiny step size</summary>Right: then old policies are all but the new one. The time that it takes would still tell.</details>
# <details><summary>A longer rollout</summary>Four of them are still four of them.</details>
# <details><summary>Fewer epochs</summary>Fewer passes, over too many rows.</details>

# %%
case_files.clue_board(10)

# %% tags=["case"]
accuse(10, ..., ...)
repair(10, ...)

# %% [markdown]
# ## Case 11. Somebody made all shapes alike in the buffer
#
# "No more special cases for the fallen", says the commit. All tests that there are pass, and the curve looks like its neighbour's.
#
# **When it is closed.** Where would nobody ever see it?
#
# <details><summary>In a world for one agent</summary>Right: there every place of the buffer is a decision. So tests in CartPole pass.</details>
# <details><summary>With a larger team</summary>More of them fall.</details>
# <details><summary>In a harder case</summary>More of them fall, and sooner.</details>

# %%
case_files.clue_board(11)

# %% tags=["case"]
accuse(11, ..., ...)
repair(11, ...)

# %% [markdown]
# ## Case 12. A one-word change in the shuffle
#
# `randperm` became `randint`: "also random". It learns. A little more slowly, perhaps, or it is the seed.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>More epochs</summary>Right: what one epoch leaves out the next may bring.</details>
# <details><summary>minibatch_size as large as the rollout</summary>One mini-batch with repeats still leaves 37 % out.</details>
# <details><summary>A larger network</summary>It has nothing to do with it.</details>

# %%
case_files.clue_board(12)

# %% tags=["case"]
accuse(12, ..., ...)
repair(12, ...)

# %% [markdown]
# ## Case 13. A perfect curve, and a reviewer who is not happy
#
# The return is all that one could wish for. *Nothing shows in it.* The reviewer says that two lines stand in the wrong order, and asks for one reading.
#
# **When it is closed.** Which setting would have hidden it?
#
# <details><summary>A large max_grad_norm</summary>Right: nothing is ever shortened, and before or after is the same.</details>
# <details><summary>A small one</summary>Then far more of what arrives is above it.</details>
# <details><summary>Another optimizer</summary>Plain gradient descent would have shown it in the return: long gradients make long steps there.</details>

# %%
case_files.clue_board(13)

# %% tags=["case"]
accuse(13, ..., ...)
repair(13, ...)

# %% [markdown]
# ## The doctor
#
# What graded your repairs is a tool of its own. It puts the facts of PPO to *any* functions, through an adapter of a few lines: [the doctor](../docs/doctor.md) says how, [a table](../docs/real_ppos.md) what it found in well-known ones, and [the field guide](../docs/field_guide.md) leads from a symptom to suspects to the test that decides. Here it looks at an update of ours with one wrong step:

# %%
from ppo_lessons import Steps
from ppo_lessons.doctor import examine, subject_of


def value_loss(values, returns):
    return (values - returns.unsqueeze(-1)).square().mean()


report = examine(subject_of(Steps(value_loss=value_loss)))
first = report.of("failed")[0]
print(f"{first.fact.part}, {first.fact.name}: {first.fact.says}")
print(f"got {first.got}, right {first.right}")

# %% [markdown]
# ## Recap
#
# - Readings that have a right value whatever the team does come first: first ratio 1, no gradient beyond the limit, every row once.
# - Causes are in the first cycles; later everything follows from everything. A run that differs from its twin is no proof.
# - In four of twelve faulty runs (10 to 13) the return ends where healthy ones end. Tests of *functions* find these; curves do not.
#
# | code | meaning |
# |---|---|
# | [`python -m ppo_lessons.doctor my_doctor.py`](../docs/doctor.md) | the facts of PPO, put to your functions |
# | [`diagnose(read_log("progress.csv"))`](../ppo_lessons/doctor/vital_signs.py) | what is out of the ordinary in a run, since when, and who may be to blame |
# | [`Steps(value_loss=mine)`](../ppo_lessons/steps.py) | one box replaced: so every case was made |
#
# Next: the same update on many processes and machines: [18](18_beyond_one_machine.ipynb).
