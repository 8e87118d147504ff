# %% [markdown]
# `A B C D E F G H I J K [L] M N O P`
#
# # 8. Clipping: when does PPO stop pushing?
#
# **55 minutes (a place to stop after 15), 3 exercises.** You need: [07](07_ratios.ipynb).
#
# Afterwards you can: write the clipped surrogate loss; say of any row whether it still pushes, and which way; explain why the loss takes
# a minimum, and why clipping does not bound the policy.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will write the line that decides, for each of the team's memories, whether PPO goes on pushing it. And you will see what that line cannot do.
#
# ## Idea
#
# **One detective's problem.** In the row (9, 12, 0) a detective's step won a case. In (6, 0, 0) another one went right and fell. In each
# [epoch](../docs/glossary.md#epoch) the team looks at both again. Must every pass make the first likelier and the second rarer, without end, for one memory each?
#
# PPO lets go of a row when its [ratio](../docs/glossary.md#importance-ratio) has moved far enough *in the direction that its
# [advantage](../docs/glossary.md#advantage) asked for*.

# %% [markdown]
# **Question.** "Far enough" is set by [epsilon](../docs/glossary.md#clip-epsilon). It is 0.2, so the interval is 0.8 to 1.2. A row has ratio 0.7 and advantage +1. Does it
# still push? (Decide now; the table below answers.)
#
# <details><summary>No: 0.7 is outside the interval.</summary>So one would think, if clipping means that outside nothing counts. But the action
# was good, and it has become *rarer*. It went the wrong way, and the loss still pulls it back up: row 1 of the table.</details>
# <details><summary>Yes: it should come back up.</summary>Right: outside, but on the side where its advantage does not want it to be. Row 1 of the table.</details>
# <details><summary>It depends on what the critic says.</summary>The critic has a say, but it is in the advantage already. Ratio and advantage
# decide.</details>

# %% [markdown]
# ## Equation
#
# $$L^\text{CLIP} = \mathrm{mean}\big(\min(r\,A,\ \mathrm{clip}(r, 1-\epsilon, 1+\epsilon)\,A)\big)$$
#
# (Schulman et al. 2017, equation 7.) In our words `ratios`, `advantages`, `clip_eps`. clip(r, 0.8, 1.2) is r inside the interval, and the nearer end outside. The whole is to
# be made *large*; optimizers make things small, so our loss is minus this: the [clipped surrogate loss](../docs/glossary.md#clipped-surrogate-loss). (Why $r A$ is a *surrogate*
# for what we really want is told in [lesson 04](04_policy_gradient.ipynb).) The minimum is a pessimist: of two estimates it reports the worse.

# %% [markdown]
# ## The same numbers three ways
#
# By hand, epsilon 0.2:
#
# | row | ratio | advantage | r A | clip(r) A | the smaller | does it push? |
# |---|---|---|---|---|---|---|
# | 1 | 0.7 | +1 | 0.7 | 0.8 | 0.7 | yes, up: good, and it became rarer |
# | 2 | 0.7 | -1 | -0.7 | -0.8 | -0.8 | no: bad, and rare enough now |
# | 3 | 1.0 | +1 | 1.0 | 1.0 | 1.0 | yes, up |
# | 4 | 1.1 | -1 | -1.1 | -1.1 | -1.1 | yes, down |
# | 5 | 1.3 | +3 | 3.9 | 3.6 | 3.6 | no: good, and likely enough now |
# | 6 | 1.3 | -2 | -2.6 | -2.4 | -2.6 | yes, down: bad, and it became likelier |
#
# Loss: -(0.7 - 0.8 + 1.0 - 1.1 + 3.6 - 2.6) / 6 = **-0.1333**

# %%
import numpy as np

r = np.array([0.7, 0.7, 1.0, 1.1, 1.3, 1.3])
A = np.array([1.0, -1.0, 1.0, -1.0, 3.0, -2.0])
smaller = np.minimum(r * A, np.clip(r, 0.8, 1.2) * A)
print(f"loss {-smaller.mean():.4f}")

# %%
import torch
from ppo_lessons import losses

r_table, A_table = torch.from_numpy(r), torch.from_numpy(A)
loss = losses.clipped_surrogate_loss(r_table, A_table, clip_eps=0.2)
print(f"loss {loss:.4f}")

# %% [markdown]
# Stable-Baselines3 2.9.2 gives **-0.1333** too: a test of this course runs the lines of its `PPO.train` on this table.
#
# ## Four cases outside the interval
#
# A row pushes if its part of the loss changes with its ratio. Ask autograd:

# %%
for ratio in (0.7, 1.3):
    for advantage in (+1.0, -1.0):
        r, A = torch.tensor([ratio]), torch.tensor([advantage])
        r.requires_grad_()
        losses.clipped_surrogate_loss(r, A, clip_eps=0.2).backward()
        slope = r.grad.item() + 0.0  # no "-0"
        print(f"ratio {ratio}, A {advantage:+.0f}: gradient {slope:+.0f}")

# %% [markdown]
# Two of the four are silent, two are not. A gradient of -1 means that a step, which goes *against* the gradient, raises the ratio. Where the row went the wrong
# way, $r A$ is the smaller of the two, and that one is not clipped.
#
# **On paper.** What is the loss of the six rows with epsilon 0.4, and who is silent? And row 4 alone, at epsilon 0.05?
#
# <details><summary>Answer</summary>The interval is 0.6 to 1.4, and all six are inside: -(0.7 - 0.7 + 1.0 - 1.1 + 3.9 - 2.6) / 6 = -1.2 / 6 = -0.2. Nobody is silent. Row 4 at epsilon 0.05: 1.1
# is above 1.05, r A = -1.1, clip(r) A = -1.05, the smaller is -1.1. It has risen although it was bad, and is pushed down.</details>
#
# ## Why the minimum, and not the clip alone?
#
# One might think that clip(r) A would do, without any minimum. Look at both:

# %%
from ppo_lessons.lessons import claim, clipping

clipping.show_minimum_and_clip(clip_eps=0.2)

# %% [markdown]
# The clip alone is flat on *both* sides. A good action that has become rare (left panel, below 0.8) would get no help any more. The smaller one follows $r A$ there. We let one
# row alone take sixty small steps with each of the two:

# %%
surrogates = {
    "the minimum": lambda r, A: torch.min(r * A, r.clamp(0.8, 1.2) * A),
    "the clip alone": lambda r, A: r.clamp(0.8, 1.2) * A,
}
for ratio, advantage in ((0.7, 1.0), (1.3, -1.0), (1.0, 1.0)):
    for name, surrogate in surrogates.items():
        log_r = torch.tensor(ratio).double().log().requires_grad_()
        for _ in range(60):
            loss = -surrogate(log_r.exp(), advantage)
            (slope,) = torch.autograd.grad(loss, log_r)
            log_r = (log_r - 0.05 * slope).detach().requires_grad_()
        end = log_r.detach().exp()
        print(f"A {advantage:+.0f}, {name:14}: {ratio} -> {end:.2f}")

# %% [markdown]
# With the clip alone, the two that went the wrong way are lost for good. With the minimum they come back, go on, and are let go a little beyond the other end. From 1.0 the two
# do the same.
#
# **At the very ends** the curve has a kink: on one side it slopes, on the other it is flat. Which slope holds in the point itself is arbitrary, and the paper does not say. PyTorch
# happens to give the slope of the inside, and `still_pushed` below follows it:

# %%
for ratio in (1.24, 1.25, 1.26):  # epsilon 0.25, which floats hold exactly
    r = torch.tensor([ratio], requires_grad=True)
    losses.clipped_surrogate_loss(r, torch.ones(1), 0.25).backward()
    print(f"ratio {ratio}, A +1: gradient {r.grad.item() + 0.0:+.0f}")

# %% [markdown]
# ## Picture
#
# The six rows of the table, on the curve of the smaller one:

# %%
clipping.show_clipped_surrogate(r_table, A_table, clip_eps=0.2)

# %% [markdown]
# Flat means silent. For a good action the curve is flat on the right only, for a bad one on the left only. On the other side it goes on
# falling, as steep as ever.
#
# **A place to stop.** You know the whole rule. What follows holds it against the team's rows, and shows what it cannot do.

# %% [markdown]
# ## On the recording
#
# Before the loss, the advantages of each mini-batch are brought to mean 0 and standard deviation 1 ([advantage
# normalisation](../docs/glossary.md#advantage-normalisation); for each mini-batch as in Stable-Baselines3 and CleanRL; MAPPO does it once for the whole buffer). We take those
# of the first pass, and the ratios after eight gradient steps of the recorded update:

# %%
from ppo_lessons.display.tables import Note, row_table
from ppo_lessons.shipped import recorded_update as recorded
from ppo_lessons.shipped.recording import BADGES

recording, rows = recorded.recording(), recorded.normalised_rows()
badges, advantages = recording.buffer.badges(), rows.advantages
six, pieces = recording.rows_of(BADGES.values()), recorded.one_pass()


def ratios_after(steps):
    now = recorded.log_probs_under(recorded.policy_after(steps), rows)
    return losses.importance_ratios(now, rows.old_log_probs)


ratios = ratios_after(8)
pushed = losses.still_pushed(ratios, advantages, clip_eps=0.2)
outside = (ratios - 1).abs() > 0.2
columns = dict(ratio=ratios, advantage=advantages)
columns |= dict(outside=outside, still_pushed=pushed)
Note(row_table(badges, six, BADGES, digits=2, **columns))

# %% [markdown]
# After eight steps the winning move has become likely enough: it is outside, in the direction that its advantage asked for, and silent. The row (6, 0, 0), "falls", is to become
# rarer and has become likelier; it is pushed down. Both, from the first step to the last:

# %%
history = torch.stack([ratios_after(steps) for steps in range(17)])
two = {name: BADGES[name] for name in ("falls", "wins")}
places = dict(zip(two, recording.rows_of(two.values()), strict=True))
clipping.show_rows_over_steps(
    {name: history[:, place].tolist() for name, place in places.items()},
    {name: advantages[place].item() for name, place in places.items()},
    clip_eps=0.2,
)

# %% [markdown]
# "Falls" is pushed down at every step, wherever it goes: above 1.2 (after nine steps) it is outside, but on the wrong side. "Wins" is let go above 1.2, and moves on all the same. Who
# moves it? Keep the question. And here is a whole mini-batch after eight steps:

# %%
third = pieces[2]
clipping.show_pushed_rows(ratios[third], advantages[third], clip_eps=0.2)

# %% [markdown]
# Upper right and lower left are silent. Upper left and lower right are outside too, and pushed back. The [`clip_fraction`](../docs/glossary.md#clip-fraction) counts all four
# corners: it says how many rows are outside, *not* how many are silent.

# %% [markdown]
# ## Play
#
# You see all rows of the recording, in the middle of their update. Decide first, then move: (1) no gradient step so far: does any epsilon clip anything? (2) A
# smaller epsilon: do more rows fall silent, or fewer? (3) Is there an epsilon at which `clip_fraction` and the silent share are equal?

# %%
clipping.explore()

# %% [markdown]
# ## Exercise 8.1: the clipped surrogate loss (difficulty 1, 4 minutes)
#
# Equation 7 with a minus sign in front. Its gradient goes through `ratios`.


# %% tags=["exercise"]
def clipped_surrogate_loss(ratios, advantages, clip_eps):
    # Return one number to make small.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

clipped_surrogate_loss = check(clipped_surrogate_loss)
# hint("8.1")
# solution("8.1")

# %% [markdown]
# ## Exercise 8.2: how many rows are outside? (difficulty 1, 3 minutes)
#
# The share of rows whose ratio lies outside the interval, on either side. The two ends still belong to it.


# %% tags=["exercise"]
def clip_fraction(ratios, clip_eps):
    # Return a number from 0 to 1, as a tensor.
    return ...


# %%
clip_fraction = check(clip_fraction)
# hint("8.2")
# solution("8.2")

# %% [markdown]
# ## Exercise 8.3: who is still pushed? (difficulty 3, 7 minutes)
#
# Say True or False for each row, without asking autograd. A row with advantage 0 pushes nowhere. At exactly $1 \pm \epsilon$ a row still pushes (our choice, and PyTorch's).


# %% tags=["exercise"]
def still_pushed(ratios, advantages, clip_eps):
    # Return bool, (B,).
    return ...


# %%
still_pushed = check(still_pushed)
# hint("8.3")
# solution("8.3")

# %% [markdown]
# ## A claim put to the test
#
# "Clipping keeps the ratios within $1 \pm \epsilon$, so the new policy stays near the old one."
#
# **Question.** Twenty epochs on one rollout, epsilon 0.2, with your loss. Where does the largest ratio end up?
#
# <details><summary>At 1.2 or below.</summary>The word "clip" promises it. But that would take a wall, and the loss only goes flat there, for rows
# that went the way they were asked to go.</details>
# <details><summary>Outside: nothing bounds it.</summary>Right: other rows move the same weights, and in the first step no row is clipped at all.</details>
# <details><summary>As far as without clipping.</summary>It is no wall, but it does a lot: the incentive is gone. See the second line of the
# picture.</details>

# %%
mine = clipped_surrogate_loss
after = {"clip_eps 0.2": clipping.long_update(mine, clip_eps=0.2)}
after["no clipping"] = clipping.long_update(mine, clip_eps=1e6)
nothing = torch.zeros(len(rows.actions))
kl_of = {
    name: [float(losses.approx_kl(r.log(), nothing)) for r in history]
    for name, history in after.items()
}
clipping.show_motion(after, kl_of, clip_eps=0.2)

# %%
first, *_, last = (clip_fraction(r, 0.2) for r in after["clip_eps 0.2"])
claim("the very first step leaves every row inside", first == 0)
claim("after twenty epochs every row is inside", last == 0)
with_clip, without = (kl[-1] for kl in kl_of.values())
further = "more than 10 times"
claim("without clipping it goes further", without > 10 * with_clip, further)

# %% [markdown]
# The clip is a strong brake and no wall. When the first step is taken all ratios are 1 and nothing is clipped, whatever epsilon is; how long this step is, the learning rate
# decides, and no clip. And later? Take one mini-batch, this loss alone and one step of plain gradient descent: do its silent rows stay where they are?

# %%
import copy

policy = copy.deepcopy(recorded.policy_after(10))


def ratios_of_third():
    seen, taken = rows.obs[third], rows.actions[third]
    now, _, _ = policy.evaluate_actions(seen, taken)
    return losses.importance_ratios(now, rows.old_log_probs[third])


before = ratios_of_third()
silent = ~still_pushed(before, advantages[third], 0.2)
loss = clipped_surrogate_loss(before, advantages[third], 0.2)
(gradient,) = torch.autograd.grad(loss, before, retain_graph=True)
claim("the silent rows have gradient 0", (gradient[silent] == 0).all())
loss.backward()
torch.optim.SGD(policy.parameters(), lr=0.1).step()
further = (ratios_of_third() - 1).abs() > (before - 1).abs()
claim("so none of them moves further out", not (silent & further).any())

# %% [markdown]
# They asked for nothing, and some were moved further out all the same, by rows that share the network with them. Such rows, and the running mean that Adam keeps of earlier
# gradients, can carry "wins" on. **Clipping takes away the incentive, not the motion.** So [approx_kl](../docs/glossary.md#approximate-kl) is watched, and an update may be ended by it: [lesson 11](11_full_update.ipynb).

# %% [markdown]
# **Question.** The log says `clip_fraction 0.24`. What do you know?
#
# <details><summary>24 % of the rows have no gradient.</summary>At most 24 %: some of the rows outside may be on the wrong side, and those are
# pushed back.</details>
# <details><summary>24 % of the rows have a ratio outside the interval.</summary>Right, and not more. `still_pushed` tells them apart.</details>
# <details><summary>The gradient was shortened by 24 %.</summary>There is such a clipping, of the gradient's length, but it is another one:
# `max_grad_norm`, in [lesson 11](11_full_update.ipynb).</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - The loss takes the smaller of two numbers for each row, clipped and not, and turns the sign.
# - A row falls silent when it is outside *in the direction that its advantage asked for*. Outside on the other side it is pushed back: for that the minimum is there.
# - Clipping removes an incentive; it does not bound the policy. In the first step no row is clipped at all.
#
# | code | meaning |
# |---|---|
# | [`clipped_surrogate_loss(ratios, advantages, clip_eps)`](../ppo_lessons/losses.py) | node L: conservative policy improvement loss |
#
# **A name that may mislead.** The paper calls the mean of $r A$, *without* clip, $L^\text{CPI}$ (equation 6), after the conservative policy iteration of Kakade and
# Langford (2002). The map says "conservative policy improvement loss" of node L, and means the *clipped* one: conservative, because what is made large is never above $L^\text{CPI}$.
#
# **Next:** [9. The value loss: how does the critic learn?](09_value_loss.ipynb)
