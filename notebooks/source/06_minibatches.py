# %% [markdown]
# `A B C D E [F G H] I J K L M N O P`
#
# # 6. Mini-batches: why several epochs, why shuffle, why split?
#
# **20 minutes, 3 exercises.** You need: [05](05_detaching.ipynb).
#
# Afterwards you can: shuffle and split the rows of a rollout; say what each of the two buys; foretell the number of gradient steps of an
# update; choose `epochs` and `minibatch_size` with reasons.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will follow one decision, the badge (6, 0, 0), through four epochs, and find it in exactly one mini-batch of each.

# %% [markdown]
# ## Idea
#
# Playing is dear, computing is cheap. So the rows of one rollout are gone through several times (*epochs*). Each time they are shuffled and
# dealt into *mini-batches*, and each mini-batch gives one gradient step. The steps are rougher than one over all rows, but there are
# more of them.

# %%
import torch
from ppo_lessons import minibatches
from ppo_lessons.display.tables import Table, row_table
from ppo_lessons.lessons import claim
from ppo_lessons.lessons import minibatches as lesson
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
buffer = recording.buffer
rows, badges, acting = buffer.get(), buffer.badges(), buffer.data.acting
num_rows = len(rows.actions)
(ours,) = recording.rows_of([BADGES["falls"]])  # where (6, 0, 0) stands
print(f"{num_rows} rows; (6, 0, 0) is row {ours}")
print(f"epochs {CONFIG.epochs}, minibatch_size {CONFIG.minibatch_size}")

# %% [markdown]
# ## Equation
#
# Algorithm 1 of Schulman et al. (2017) says: optimise "with K epochs and minibatch size M". For us K is `epochs` and M is `minibatch_size`, so that
#
# $$\text{gradient steps} = K \cdot \left\lceil \frac{\text{num\_rows}}{M} \right\rceil$$
#
# and the last mini-batch of an epoch is smaller if the rows do not divide evenly. Here: 4 x ceil(1934 / 512) = 4 x 4 = 16.

# %% [markdown]
# ## Neighbours look alike
#
# In the buffer's order, the next row is three times out of four a mate in the very same step. The same detective comes again about 60 rows
# later, one step on. Both are in nearly the same situation. As a number: Pearson's correlation, 1 if the one rises in step with the other, 0 if no
# straight line connects them.

# %%
values = buffer.data.values  # (T, E, A): what the critic said
both = acting[:, :, 0] & acting[:, :, 1]
mates = lesson.correlation(values[:, :, 0][both], values[:, :, 1][both])
stays = acting[:-1] & acting[1:]
in_time = lesson.correlation(values[:-1][stays], values[1:][stays])
print("correlation of the values")
print(f"of detectives 0 and 1 in the same step: {mates:.2f}")
print(f"of one detective in two steps running:  {in_time:.2f}")

# %%
shuffled = minibatches.shuffle_rows(num_rows, torch.Generator().manual_seed(0))
lesson.show_neighbours(values[acting], shuffled)

# %% [markdown]
# ## Predict
#
# **Question.** We split the rows *without* shuffling, 512 at a time. What is in the first mini-batch?
#
# <details><summary>A bit of everything: 16 copies, 4 detectives.</summary>All copies, yes, but look at the order t, e, a: time runs slowest.</details>
# <details><summary>The first eight or nine steps of everybody, and nothing later.</summary>Right. 512 rows are 8 steps of 64 rows, and a little more because
# some have fallen. The first gradient step would be about the start of the rollout only.</details>
# <details><summary>The first detective, from beginning to end.</summary>That would be the order a, t, e. Ours is t, e, a.</details>

# %%
in_order = torch.arange(num_rows)
cells = [["rows", "mini-batch", "steps", "mean return"]]
for name, order in (("in order", in_order), ("shuffled", shuffled)):
    for number, piece in enumerate(order.split(512)):
        t, returns = badges[piece, 0], rows.returns[piece]
        span = f"{t.min()} to {t.max()}"
        cells.append([name, str(number), span, f"{returns.mean():.2f}"])
cells.append(["all", "", "0 to 31", f"{rows.returns.mean():.2f}"])
Table(cells)

# %% [markdown]
# Unshuffled, each step would hear of one part of the rollout only: the first of poorer moments, the third of richer ones, and so in every
# epoch. Shuffled, each mini-batch is a fair sample of the whole.
#
# ## Code: shuffle (node G)
#
# A *permutation*: every row number once. It is drawn from a generator of its own. Whoever else draws random numbers, in the world or in another
# cell, changes nothing; the same seed gives the same update again.

# %%
generator = torch.Generator().manual_seed(1)
order = minibatches.shuffle_rows(num_rows, generator)
_ = torch.rand(5)  # somebody else draws numbers meanwhile
again = minibatches.shuffle_rows(num_rows, torch.Generator().manual_seed(1))
next_epoch = minibatches.shuffle_rows(num_rows, generator)
print("first rows:", order[:6].tolist())
once = order.sort().values == in_order
claim("each row stands there once", once.all(), f"{int(once.sum())} rows")
claim("the same seed gives the same order", torch.equal(order, again))
same = torch.equal(order, next_epoch)
claim("the next epoch has the same order", same)

# %% [markdown]
# ## Code: split (node H)
#
# Pieces of 512 in that order, and the rest: 398 rows. Each piece of row numbers picks the *same* rows out of all five tensors, so that what
# belongs together stays together.

# %%
generator = torch.Generator().manual_seed(1)
epochs = []
cells = [["epoch", "sizes", "different rows", "(6, 0, 0) is in"]]
for epoch in range(CONFIG.epochs):  # node F
    order = minibatches.shuffle_rows(num_rows, generator)
    pieces = minibatches.split_rows(order, CONFIG.minibatch_size)
    epochs.append(pieces)
    sizes = ", ".join(str(len(piece)) for piece in pieces)
    different = len(torch.cat(pieces).unique())
    (place,) = lesson.place_of(ours, pieces)
    where = f"mini-batch {place}"
    cells.append([str(epoch + 1), sizes, str(different), where])
Table(cells)

# %% [markdown]
# Our badge is in exactly one mini-batch of each epoch, in another place each time. And it has kept its numbers:

# %%
piece = epochs[0][lesson.place_of(ours, epochs[0])[0]]
inside = int((piece == ours).nonzero())
minibatch = type(rows)(*(tensor[piece] for tensor in rows))
in_buffer, in_minibatch = (
    dict(action=of.actions, old_log_prob=of.old_log_probs, returns=of.returns)
    for of in (rows, minibatch)
)
print(f"in the buffer at {ours}, in the mini-batch at {inside}:")
print(row_table(badges, [ours], **in_buffer))
print(row_table(badges[piece], [inside], **in_minibatch))

# %% [markdown]
# ## Picture
#
# Every row of the rollout at its place: step downwards, copies and agents to the right. The shade says which mini-batch it goes to; the ring is
# our badge.

# %%
passes = {"not shuffled": in_order.split(512)}
passes |= {"epoch 1": epochs[0], "epoch 2": epochs[1]}
lesson.show_assignment(passes, badges, tuple(acting.shape), ours)

# %% [markdown]
# ## Never one row alone
#
# The advantages of a mini-batch are brought to mean 0 and standard deviation 1 before the loss. One row has no spread: its (unbiased) standard
# deviation is 0 / 0. So when a single row is left over, it joins the mini-batch before.

# %%
one = torch.tensor([1.37])
variance = (one - one.mean()).square().sum() / (len(one) - 1)
print("standard deviation of one row:", float(variance.sqrt()))
for size in (4, 5, 6):
    pieces = minibatches.split_rows(torch.arange(13), size)
    print(f"13 rows, minibatch_size {size}: {[len(piece) for piece in pieces]}")

# %% [markdown]
# ## Why shuffle, why split: ask the gradient
#
# How well does the gradient of one mini-batch point where the gradient of *all* rows points? Their cosine says: 1 the same way, 0 at a right
# angle, below 0 backwards. (The loss is the whole one, which the next lessons build.)

# %%
from ppo_lessons import Rows
from ppo_lessons.update import minibatch_losses

weights = tuple(recording.policy.parameters())


def gradient(piece):
    minibatch = Rows(*(tensor[piece] for tensor in rows))
    losses = minibatch_losses(recording.policy, minibatch, CONFIG)
    gradients = torch.autograd.grad(losses.total_loss, weights)
    return torch.cat([g.flatten() for g in gradients])


whole = gradient(in_order)


def cosines(order, size):
    pieces = [gradient(p) for p in order.split(size) if len(p) == size]
    return [float(torch.cosine_similarity(p, whole, dim=0)) for p in pieces]


sizes = (32, 64, 128, 256, 512, 1024, num_rows)
of_shuffled = [cosines(shuffled, size) for size in sizes]
of_neighbours = [cosines(in_order, size) for size in sizes]
lesson.show_agreement(sizes, of_shuffled, of_neighbours)

# %% [markdown]
# Neighbouring rows are the worse guide at every size below the whole. Some of their mini-batches point *backwards*: their rows all tell the
# same story, and it is not that of the rollout.
#
# And the size is a trade: 32 rows give 61 rough steps an epoch, 1934 rows one exact step. Doubling the rows costs half the
# steps and buys less and less exactness.

# %% [markdown]
# **Question.** `minibatch_size` as large as the rollout: what does shuffling change then?
#
# <details><summary>A lot: the order of learning is another.</summary>Not so: there is one step an epoch, and it sees all rows at once.</details>
# <details><summary>Nothing but rounding.</summary>Right. A mean does not depend on the order of its terms, except in the last digits of a sum of
# floats.</details>
# <details><summary>It is forbidden.</summary>Not so. It is a real choice. The MAPPO paper (Yu et al. 2022) advises few mini-batches or none at all; we know this
# from summaries of the paper.</details>

# %%
off = (gradient(shuffled) - whole).abs().max()
claim("shuffling all rows changes no gradient", off < 1e-5, "to 5 digits")

# %% [markdown]
# ## Play
#
# All rows in the middle of an update. Decide first, then move: (1) `shuffle` off: which part of the rollout is lit, and which mini-batches differ most from all rows? (2) Is
# there a gradient step after which one row has been seen twice and another never? (3) `minibatch_size` 1934, then 1933: what becomes of the last row?
# And 64: how many steps do four epochs take?

# %%
lesson.explore()

# %% [markdown]
# ## Exercise 6.1: shuffle (difficulty 1, 4 minutes)
#
# The row numbers 0 ... num_rows - 1 in random order, int64, drawn from the generator that is given, and from nothing else. There are many right
# orders: the check looks at what an order must be like.


# %% tags=["exercise"]
def shuffle_rows(num_rows, generator):
    # Return the row numbers in random order, int64, (num_rows,).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

shuffle_rows = check(shuffle_rows)
# hint("6.1")  # take away the first # for a hint, again for the next
# solution("6.1")

# %% [markdown]
# ## Exercise 6.2: split (difficulty 2, 6 minutes)
#
# Pieces of `minibatch_size` rows (2 or more) that follow each other in `order`; the last one may be smaller. But a single row left over
# joins the piece before it, if there is one. Return a list or tuple of tensors.


# %% tags=["exercise"]
def split_rows(order, minibatch_size):
    # Return the row numbers of each mini-batch.
    return ...


# %%
split_rows = check(split_rows)
# hint("6.2")
# solution("6.2")

# %% [markdown]
# ## Exercise 6.3: how many gradient steps? (difficulty 2, 5 minutes)
#
# The equation above, and the one exception to it: the single row.


# %% tags=["exercise"]
def count_gradient_steps(num_rows, minibatch_size, epochs):
    # Return how many gradient steps an update takes, int.
    return ...


# %%
count_gradient_steps = check(count_gradient_steps)
# hint("6.3")
# solution("6.3")

# %% [markdown]
# ## A claim put to the test
#
# "The rows are there, computing is cheap: the more epochs, the better." Three teams start from nothing on the easiest case, with the same number
# of rollouts and your functions in the update. They differ in `epochs` alone. (A few seconds.)

# %%
from dataclasses import replace

from ppo_lessons import Steps, TrainingRun, train

curves, size = {}, 1024
mine = Steps(shuffle_rows=shuffle_rows, split_rows=split_rows)
for epochs in (1, 4, 10):
    config = replace(CONFIG, num_envs=64, num_steps=16, epochs=epochs)
    run = TrainingRun("stray", replace(config, minibatch_size=size))
    reports = list(train(run, cycles=16, steps=mine))
    curves[epochs] = [report.mean_reward for report in reports]
    updates = [report.update for report in reports]
    count = [count_gradient_steps(u.num_rows, size, epochs) for u in updates]
    as_foretold = count == [u.num_gradient_steps for u in updates]
    claim(f"with epochs {epochs} your count is right", as_foretold)
lesson.show_learning(curves)

# %% [markdown]
# One seed proves little. We ran six: one epoch came last five times; four and ten each came first three times. So several passes pay, and here
# many more only cost more. A likely reason: with each step the team moves away from the one that played, and the rows age, as in [lesson 02](02_shared_buffer.ipynb).
#
# Ratios and clip, the next two lessons, let the rows be used a little longer. They do not make them young.

# %% [markdown]
# ## Recap
#
# - Epochs use a dear rollout several times; the more passes, the older the rows.
# - Shuffled, each mini-batch is a fair sample; unshuffled, its rows tell one story, and its gradient may point backwards.
# - Split: each row once an epoch, the last piece may be smaller, never one row alone; the size trades exact steps for many.
#
# | code | meaning |
# |---|---|
# | `for _ in range(epochs)`, in [`ppo_update`](../ppo_lessons/update.py) | multiple update passes |
# | `torch.randperm`, in [`shuffle_rows`](../ppo_lessons/minibatches.py) | shuffle dataset |
# | [`split_rows(order, minibatch_size)`](../ppo_lessons/minibatches.py) | node H: split into mini-batches |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# **Next:** [7. Ratios: how much likelier is that action now?](07_ratios.ipynb)
