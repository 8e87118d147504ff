# %% [markdown]
# `A B C D E F G H I J K [L] M N O P`
#
# # 8. Clipping: when does PPO stop pushing?
#
# **20 minutes, 3 exercises.** You need: [07](07_ratios.ipynb).
#
# Afterwards you can: write the clipped surrogate loss; say of any row whether it still pushes, and which way; explain why clipping does not
# bound the policy.

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
# The same rows are used for several epochs. Suppose a detective once stepped right and a spirit was banished. Must every pass make that step likelier,
# without end, for one lucky memory? PPO lets go of a row when its ratio has moved far enough *in the direction that its advantage asked
# for*.

# %% [markdown]
# **Question.** Epsilon is 0.2, so the interval is 0.8 to 1.2. A row has ratio 0.7 and advantage +1. Does it still push? (Decide now; the table below
# answers.)
#
# <details><summary>No: 0.7 is outside the interval.</summary>Not so, though many courses say it. The action was good, and it has become
# *rarer*. It went the wrong way, and the loss still pulls it back up: row 1 of the table.</details>
# <details><summary>Yes: it should come back up.</summary>Right: outside, but on the side where its advantage does not want it to be. Row 1 of the table.</details>
# <details><summary>It depends on what the critic says.</summary>Not so: what the critic had to say is in the advantage already. Ratio and advantage
# decide.</details>

# %% [markdown]
# ## Equation
#
# $$L^\text{CLIP} = \mathrm{mean}\big(\min(r\,A,\ \mathrm{clip}(r, 1-\epsilon, 1+\epsilon)\,A)\big)$$
#
# (Schulman et al. 2017, equation 7.) In our words `ratios`, `advantages`, `clip_eps`. It is to be made *large*; optimizers make things small, so our loss is
# minus this. The minimum is a pessimist: of two estimates it reports the worse.

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
# ## Picture

# %%
from ppo_lessons.lessons import claim, clipping

clipping.show_clipped_surrogate(r_table, A_table, clip_eps=0.2)

# %% [markdown]
# Flat means silent. For a good action the curve is flat on the right only, for a bad one on the left only. On the other side it goes on
# falling, as steep as ever.

# %% [markdown]
# ## On the recording
#
# Before the loss, the advantages of each mini-batch are brought to mean 0 and standard deviation 1. (Here as in Stable-Baselines3 and CleanRL; MAPPO does
# it once for the whole buffer.) Then a short training loop, as in [lesson 07](07_ratios.ipynb):

# %%
from ppo_lessons import Rows
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
rows, badges = recording.buffer.get(), recording.buffer.badges()
six = recording.rows_of(BADGES.values())
generator = torch.Generator().manual_seed(0)
order = shuffle_rows(len(rows.actions), generator)
pieces = split_rows(order, CONFIG.minibatch_size)
minibatches = [Rows(*(tensor[piece] for tensor in rows)) for piece in pieces]
advantages = torch.empty(len(rows.actions))
for piece in pieces:
    advantages[piece] = normalise_advantages(rows.advantages[piece])
print("mini-batches of", [len(piece) for piece in pieces], "rows")


# %%
import copy
import dataclasses

from ppo_lessons import make_optimizer
from ppo_lessons.steps import gradient_step
from ppo_lessons.update import minibatch_losses


def after_steps(num_steps, config=CONFIG):
    # A copy of the recorded policy, trained a little on the recorded rows.
    policy = copy.deepcopy(recording.policy)
    optimizer = make_optimizer(policy, config)
    for step in range(num_steps):
        minibatch = minibatches[step % len(minibatches)]
        total = minibatch_losses(policy, minibatch, config).total_loss
        gradient_step(total, policy, optimizer, config.max_grad_norm)
    return policy


# %%
from ppo_lessons.display.tables import Note, row_table


def ratios_under(policy):
    now, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    return losses.importance_ratios(now, rows.old_log_probs).detach()


ratios = ratios_under(after_steps(8))
pushed = losses.still_pushed(ratios, advantages, clip_eps=0.2)
outside = (ratios - 1).abs() > 0.2
columns = dict(ratio=ratios, advantage=advantages)
columns |= dict(outside=outside, still_pushed=pushed)
Note(row_table(badges, six, BADGES, digits=2, **columns))

# %% [markdown]
# After eight steps the winning move has become likely enough: outside, in the direction that its advantage asked for, and silent. And here is a whole
# mini-batch:

# %%
third = pieces[2]
clipping.show_pushed_rows(ratios[third], advantages[third], clip_eps=0.2)

# %% [markdown]
# Upper right and lower left are silent. Upper left and lower right are outside too, and pushed back. `clip_fraction` counts all four corners: it
# says how many rows are outside, *not* how many are silent.

# %% [markdown]
# ## Play
#
# All rows of the recording, in the middle of their update. Decide first, then move: (1) no gradient step so far: does any epsilon clip anything? (2) A
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
# For each row True or False, without asking autograd. A row with advantage 0 pushes nowhere. At exactly $1 \pm \epsilon$ a row still pushes.


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
# <details><summary>At 1.2 or below.</summary>Not so: that would take a wall. The loss only goes flat there, for rows that went the way they were
# asked to go.</details>
# <details><summary>Outside: nothing bounds it.</summary>Right: other rows move the same weights, and the first step knows no clip at all.</details>
# <details><summary>As far as without clipping.</summary>Not so: the incentive is gone, and that counts for much. See the second
# line.</details>

# %%
from ppo_lessons import Steps, ppo_update


def play_on(clip_eps):  # twenty epochs: ratios and approx_kl after each step
    policy, after = copy.deepcopy(recording.policy), []
    config = dataclasses.replace(CONFIG, epochs=20, clip_eps=clip_eps)
    optimizer = make_optimizer(policy, config)
    generator = torch.Generator().manual_seed(0)
    hooks = dict(on_minibatch=lambda *_: after.append(ratios_under(policy)))
    hooks |= dict(steps=Steps(clipped_surrogate_loss=clipped_surrogate_loss))
    ppo_update(policy, optimizer, rows, config, generator, **hooks)
    nothing = torch.zeros(len(rows.actions))
    return after, [float(losses.approx_kl(r.log(), nothing)) for r in after]


runs = {"clip_eps 0.2": play_on(0.2), "no clipping": play_on(1e6)}
ratios_of = {name: ratios for name, (ratios, _) in runs.items()}
kl_of = {name: kl for name, (_, kl) in runs.items()}
clipping.show_motion(ratios_of, kl_of, clip_eps=0.2)

# %%
first, *_, last = (clip_fraction(r, 0.2) for r in ratios_of["clip_eps 0.2"])
claim("the very first step leaves every row inside", first == 0)
claim("after twenty epochs every row is inside", last == 0)
with_clip, without = (kl[-1] for kl in kl_of.values())
further = "more than 10 times"
claim("without clipping it goes further", without > 10 * with_clip, further)

# %% [markdown]
# The clip is a strong brake and no wall. When the first step is taken all ratios are 1 and nothing is clipped, whatever epsilon is; this step is as
# long as the learning rate makes it. And later? Take one mini-batch, only this loss, plain gradient descent: do its silent rows stay where
# they are?

# %%
policy, batch, normalised = after_steps(8), minibatches[2], advantages[third]


def ratios_of_batch():
    now, _, _ = policy.evaluate_actions(batch.obs, batch.actions)
    return losses.importance_ratios(now, batch.old_log_probs)


before = ratios_of_batch()
silent = ~still_pushed(before, normalised, 0.2)
loss = clipped_surrogate_loss(before, normalised, 0.2)
(gradient,) = torch.autograd.grad(loss, before, retain_graph=True)
descent = torch.optim.SGD(policy.parameters(), lr=0.1)
gradient_step(loss, policy, descent, max_grad_norm=1.0)
further = (ratios_of_batch() - 1).abs() > (before - 1).abs()
claim("the silent rows have gradient 0", (gradient[silent] == 0).all())
claim("so none of them moves further out", not (silent & further).any())

# %% [markdown]
# They asked for nothing and were moved all the same, by rows that share the network with them. **Clipping takes away the incentive, not the motion.** So
# approx_kl is watched, and an update may be ended by it: [lesson 11](11_full_update.ipynb).

# %% [markdown]
# **Question.** The log says `clip_fraction 0.24`. What do you know?
#
# <details><summary>24 % of the rows have no gradient.</summary>Not so: some of the rows outside are on the wrong side and are pushed back. The silent ones
# are at most 24 %.</details>
# <details><summary>24 % of the rows have a ratio outside the interval.</summary>Right, and not more. `still_pushed` tells them apart.</details>
# <details><summary>The gradient was shortened by 24 %.</summary>Not so: that is another clipping, of the gradient's length (`max_grad_norm`), in lesson
# 10.</details>

# %% [markdown]
# ## Recap
#
# - The loss takes the smaller of two numbers for each row, clipped and not, and turns the sign.
# - A row falls silent when it is outside *in the direction that its advantage asked for*; outside on the other side it is pushed back.
# - Clipping removes an incentive; it does not bound the policy. The first step is not clipped at all.
#
# | code | meaning |
# |---|---|
# | [`clipped_surrogate_loss(ratios, advantages, clip_eps)`](../ppo_lessons/losses.py) | node L: conservative policy improvement loss |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# **Next:** [9. The value loss: how does the critic learn?](09_value_loss.ipynb)
