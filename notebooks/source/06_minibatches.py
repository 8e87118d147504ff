# %% [markdown]
# `A B C D E [F G H] I J K L M N O P`
#
# # 6. Mini-batches: why several epochs, why shuffle, why split?
#
# **70 minutes (a place to stop after 20), 4 exercises.** You need: [05](05_detaching.ipynb).
#
# Afterwards you can: shuffle and split the rows of a rollout; say what we could measure that each of the two buys, and what not;
# foretell the number of gradient steps of an update; choose `epochs` and `minibatch_size` with reasons.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will follow one decision, the [badge](../docs/glossary.md#badge) (6, 0, 0), through four epochs, and find it in exactly one
# [mini-batch](../docs/glossary.md#mini-batch) of each.

# %% [markdown]
# ## Idea
#
# **One detective's problem.** Detective 0 has fallen for its row (6, 0, 0): such rows cost playing. Is the row to give one
# small push to the weights and then be thrown away?
#
# With a robot playing takes far longer than computing; in our small world a pass over the rows takes about half as long as playing them.
# So PPO goes through the rows of one [rollout](../docs/glossary.md#rollout) several times; each pass is an
# [epoch](../docs/glossary.md#epoch). In each pass the rows are shuffled and dealt into mini-batches, and each mini-batch gives one
# [gradient step](../docs/glossary.md#gradient-step). Such steps are rougher than one over all rows, but there are more of them.

# %%
import torch
from ppo_lessons import Rows, minibatches
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
# Algorithm 1 of Schulman et al. (2017) optimises the loss "with K epochs and minibatch size M". For us K is `epochs` and M is `minibatch_size`, so that
#
# $$\text{gradient steps} = K \cdot \left\lceil \frac{\text{num\_rows}}{M} \right\rceil$$
#
# where the brackets mean: rounded up. The last mini-batch of an epoch is smaller if the rows do not divide evenly. Here: 4 x ceil(1934 / 512) = 4 x 4 = 16.
# (There is one exception, which comes further down: a row is never left alone.)

# %% [markdown]
# ## Neighbours look alike
#
# In the buffer's order, the next row is three times out of four a mate in the very same step (74 %), else a detective of another copy. The same detective
# comes again about 60 rows later, one step on. Mates, and the next step, are in nearly the same situation. As a number we take Pearson's correlation: 1 if one
# quantity rises in step with the other, 0 if no straight line connects them.

# %%
values = buffer.data.values  # (T, E, A): what the critic said
both = acting[:, :, 0] & acting[:, :, 1]
mates = lesson.correlation(values[:, :, 0][both], values[:, :, 1][both])
stays = acting[:-1] & acting[1:]
in_time = lesson.correlation(values[:-1][stays], values[1:][stays])
last, following = badges[:-1], badges[1:]  # (t, e, a): same step and copy?
share = (last[:, :2] == following[:, :2]).all(1).float().mean()
print(f"the next row is a mate in the same step: {share:.0%}")
print("correlation of the values")
print(f"of detectives 0 and 1 in the same step: {mates:.2f}")
print(f"of one detective in two steps running:  {in_time:.2f}")
shuffled = minibatches.shuffle_rows(num_rows, torch.Generator().manual_seed(0))
lesson.show_neighbours(values[acting], shuffled)

# %% [markdown]
# ## Predict
#
# **Question.** We split the rows *without* shuffling, 512 at a time. What is in the first mini-batch?
#
# <details><summary>A bit of everything: 16 copies, 4 detectives.</summary>All copies and all detectives, yes. But in the
# order t, e, a time runs slowest, so that it is not a bit of every *step*.</details>
# <details><summary>The first eight or nine steps of everybody, and nothing later.</summary>Right. 512 rows are 8 steps of 64 rows, and a little more because
# some have fallen. The first gradient step would be about the start of the rollout only.</details>
# <details><summary>The first detective, from beginning to end.</summary>It would be so in the order a, t, e. Ours
# is t, e, a.</details>

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
# Unshuffled, each gradient step would hear of one part of the rollout only: the first of poorer moments, the third of richer ones, and so in every
# epoch. Shuffled, each mini-batch is a random sample of the whole.
#
# ## Code: shuffle (node G)
#
# A *permutation*: every row number once. It is drawn from a generator of its own. So it does not matter who else draws random
# numbers, in the world or in another cell: the same seed gives the same order again.

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
claim("the next epoch has another order", not same)

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
# Our badge is in exactly one mini-batch of each epoch, each time in other company. And it has kept its numbers:

# %%
piece = epochs[0][lesson.place_of(ours, epochs[0])[0]]
inside = int((piece == ours).nonzero())
minibatch = Rows(*(tensor[piece] for tensor in rows))
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
# The [advantages](../docs/glossary.md#advantage) of a mini-batch are brought to mean 0 and standard deviation 1 before the loss. So the verdict on a row depends a little on
# its company. Our row's advantage is -0.04, hardly below 0; but its company is at about +0.18 in the mean, and so it is judged by what it lacks to that. And a row on its own?

# %%
from ppo_lessons.advantages import normalise_advantages

for epoch, pieces in enumerate(epochs, start=1):
    piece = pieces[lesson.place_of(ours, pieces)[0]]
    company = rows.advantages[piece]
    (verdict,) = normalise_advantages(company)[piece == ours].tolist()
    print(f"epoch {epoch}: company {company.mean():.2f}, verdict {verdict:.2f}")
one = torch.tensor([1.37])
variance = (one - one.mean()).square().sum() / (len(one) - 1)
print("standard deviation of one row:", float(variance.sqrt()))
for size in (4, 5, 6):
    pieces = minibatches.split_rows(torch.arange(13), size)
    print(f"13 rows, minibatch_size {size}: {[len(piece) for piece in pieces]}")

# %% [markdown]
# A row on its own has no company: the (unbiased) standard deviation of one number is 0 / 0. So when a single row is left over, it joins the mini-batch
# before it. That is the exception to the equation: 13 rows in mini-batches of 4 are 4 + 4 + 5, three steps and not ceil(13 / 4) = 4.

# %% [markdown]
# **A place to stop.** You can deal the rows now. What comes next asks what shuffling and splitting are good for.
#
# ## Two arrows
#
# A gradient says for each weight how the loss changes with it: it is an arrow, with two weights an arrow in a plane. How well do two arrows
# agree? Their *cosine* says it: multiply place by place, add up, divide by both lengths. For (4, 3) and (3, 4): (4 x 3 + 3 x 4) / (5 x 5) = 0.96. It is 1 if both
# point the same way, 0 at a right angle, below 0 if they point rather against each other.

# %%
pairs = [((4, 3), (2, 1.5)), ((4, 3), (3, 4)), ((4, 3), (-3, 4))]
lesson.show_arrows([*pairs, ((4, 3), (-4, 0))])

# %% [markdown]
# **On paper.** Two mini-batches of equal size have the gradients (3, 1) and (-1, 1). What is the gradient of all rows, and what is the cosine of each with it?
#
# <details><summary>Answer</summary>The gradient of all rows is the mean: (1, 1), of length 1.414. First: (3 + 1) / (3.162 x 1.414) = 0.894. Second:
# (-1 + 1) / (1.414 x 1.414) = 0. A step along the second does nothing, to first order, for the loss of all rows; the two together point right.</details>
#
# ## Why shuffle, why split: ask the gradient
#
# Our network has 6,790 weights, and the same cosine. We compare the gradient of each mini-batch with the gradient of *all* rows. The loss has three parts
# ([lesson 04](04_policy_gradient.ipynb) shows them on one page): the actor's, the [critic's](../docs/glossary.md#critic), and the
# [entropy](../docs/glossary.md#entropy). We look at each alone, for the four shuffled epochs and for the buffer's order.

# %%
sizes = (32, 64, 128, 256, 512, 1024)
shuffles = [torch.cat(pieces) for pieces in epochs]
policy, found = recording.policy, {}
for name, orders in (("shuffled", shuffles), ("neighbours", [in_order])):
    asked = policy, rows, orders, sizes, CONFIG
    found[name] = lesson.cosines_of_parts(*asked)
lesson.show_agreement(sizes, found["shuffled"], found["neighbours"])

# %%
for part in ("actor", "critic", "entropy"):
    both = (found["shuffled"][part], found["neighbours"][part])
    means = [[sum(c) / len(c) for c in of_sizes] for of_sizes in both]
    ahead = min(a - b for a, b in zip(*means, strict=True))
    better = ahead > 0.001
    claim(f"{part}: shuffled is the better guide at every size", better)
gradients = lesson.gradients_of_parts(policy, rows, CONFIG)
pulls = {part: arrow.norm() for part, arrow in gradients.items()}
pulls["critic"] *= CONFIG.vf_coef
pulls["entropy"] *= CONFIG.ent_coef
strongest = pulls["critic"] > 5 * (pulls["actor"] + pulls["entropy"])
claim("the critic pulls the most", strongest, "more than 5 times the rest")

# %% [markdown]
# For the critic and the entropy, neighbours are the worse guide at every size; up to 128 rows, some of the critic's even point *backwards* (of the shuffled ones a few, at 32). For the **actor** the two
# cannot be told apart up to 512 rows, and above that there are too few mini-batches to say. A likely reason: neighbours share a situation, and with it what the critic got
# wrong there; but each action was drawn by lot, and the draws of neighbours are independent.
#
# Had we compared the gradient of the *whole* loss, we should have seen only the critic, which pulls by far the most here.

# %% [markdown]
# And the size? 32 rows give 61 steps an epoch, 1934 rows give one. For the critic a few hundred rows already say nearly what all say. The actor's
# gradient is so noisy that 32 rows say next to nothing about its direction (0.1), and 512 rows not even half (0.4). And "all rows" are themselves only one sample of what the
# team might have played. Splitting buys more steps, and pays with rougher ones. (A cosine close to 1 at 1024 rows is also no wonder: these rows are half of the whole.)
#
# **Question.** `minibatch_size` as large as the rollout: what does shuffling change then?
#
# <details><summary>A lot: the order of learning is another.</summary>With several mini-batches it would be. But now there
# is one step an epoch, and it sees all rows at once.</details>
# <details><summary>Nothing but rounding.</summary>Right. A mean does not depend on the order of its terms, except in the last digits of a sum of
# floats.</details>
# <details><summary>It is forbidden.</summary>It may look odd, but it is a real choice. The MAPPO paper (Yu et al. 2022)
# advises to avoid splitting into mini-batches, and to take at most 10 epochs on hard tasks and 15 on easy ones. (We know this advice from summaries of the paper.)</details>

# %%
turned = Rows(*(tensor[shuffled] for tensor in rows))
for part, arrow in lesson.gradients_of_parts(policy, turned, CONFIG).items():
    off = (arrow - gradients[part]).abs().max()
    claim(f"{part}: the same gradient", off < 1e-5, "to 5 digits")

# %% [markdown]
# ## Play
#
# You see all rows in the middle of an update. Decide first, then move: (1) `shuffle` off: which part of the rollout is lit, and which mini-batches differ most from all rows? (2) Is
# there a gradient step after which one row has been seen twice and another never? (3) `minibatch_size` 1934, then 1933: what becomes of the last row?
# And 64: how many steps do four epochs take?

# %%
lesson.explore()

# %% [markdown]
# ## Exercise 6.1: shuffle (difficulty 1, 4 minutes)
#
# Return the row numbers 0 ... num_rows - 1 in random order, int64, drawn from the generator that is given, and from nothing else. Many orders are right,
# so the check looks at what an order must be like.


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
# Cut `order` into pieces of `minibatch_size` rows (2 or more) that follow each other; the last one may be smaller. But a single row that is left over
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
# The equation above, with its exception: if exactly one row is left over in an epoch, and there is a mini-batch before it, the epoch has one step fewer. Try it on
# paper first: 8, 6 and 5 rows in mini-batches of 4 give 2, 2 and 1 steps an epoch. And a single row in all? It is one step: there is none to join.


# %% tags=["exercise"]
def count_gradient_steps(num_rows, minibatch_size, epochs):
    # Return how many gradient steps an update takes, int.
    return ...


# %%
count_gradient_steps = check(count_gradient_steps)
# hint("6.3")
# solution("6.3")

# %% [markdown]
# ## Exercise 6.4: for each epoch, for each mini-batch (difficulty 2, 6 minutes)
#
# Box F, with G and H inside. In each of `config.epochs` epochs shuffle anew with `steps.shuffle_rows(num_rows, generator)`, split that order with
# `steps.split_rows(order, config.minibatch_size)`, and hand on every piece. (`steps` holds the functions of the boxes. Ask it for both: they may be somebody's own.)
#
# `yield piece` in place of `return` hands a piece on, waits until the next one is asked for, and goes on from there; a list of all pieces is right as
# well.


# %% tags=["exercise"]
def each_minibatch(num_rows, config, generator, steps):
    # Hand on the row numbers of each mini-batch of each epoch.
    return ...


# %%
each_minibatch = check(each_minibatch)
# hint("6.4")
# solution("6.4")

# %% [markdown]
# ## A claim put to the test
#
# "The rows are there, computing is cheap: the more epochs, the better." Three teams start from nothing on the easiest case, with the same number
# of rollouts and with your functions in the update: `Steps` holds the functions of all boxes of the flowchart, and takes yours in place of its own. The
# teams differ in `epochs` alone. (A few seconds.)

# %%
from dataclasses import replace

from ppo_lessons import Steps, TrainingRun, train

curves, size = {}, 1024
mine = Steps(shuffle_rows=shuffle_rows, split_rows=split_rows)
mine = replace(mine, each_minibatch=each_minibatch)
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
# One seed proves little. So we trained ten of each kind, and ten more with four epochs and *no shuffling*. Each dot is a team; the thin lines join teams of one
# seed; the bars are means.

# %%
from ppo_lessons.lessons.minibatches.ten_seeds import load_rewards

rewards = load_rewards()
ends = {name: [sum(r[-4:]) for r in runs] for name, runs in rewards.items()}


def wins(first, second):  # in how many of the ten seeds
    pairs = zip(ends[first], ends[second], strict=True)
    return f"{sum(a > b for a, b in pairs)} of 10"


print("4 epochs above 1:", wins("4 epochs", "1 epoch"))
print("10 epochs above 4:", wins("10 epochs", "4 epochs"))
print("4 shuffled above not shuffled:", wins("4 epochs", "4, not shuffled"))
lesson.show_ten_seeds(rewards)

# %% [markdown]
# So several passes pay here: four epochs beat one in nine of ten seeds. Ten epochs are not told apart from four, and compute two and a half times as much: "the more, the better" is
# not what we see. Nor are shuffled rows told apart from rows in order. Shuffling costs next to nothing and keeps the critic's mini-batches a fair guide; whether it makes *this*
# team better, we cannot say.
#
# Why no more? Untested; one candidate: with each step the team moves away from the one that played, and the rows age. Ratios and clip, the next
# two lessons, let them be used a little longer.

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - Epochs use a rollout, which had to be played, several times. With each step the team moves away from the one that played.
# - Shuffled, each mini-batch is a random sample of the rollout. Unshuffled, its rows tell one story, and the critic's gradient may point backwards if it is small; for the actor's we
#   measured no difference.
# - Splitting deals each row once an epoch. The last piece may be smaller, and no row is left alone. More steps are bought with rougher ones.
#
# | code | meaning |
# |---|---|
# | `for _ in range(epochs)`, in [`each_minibatch`](../ppo_lessons/steps.py) | multiple update passes |
# | `torch.randperm`, in [`shuffle_rows`](../ppo_lessons/minibatches.py) | shuffle dataset |
# | [`split_rows(order, minibatch_size)`](../ppo_lessons/minibatches.py) | node H: split into mini-batches |
#
# **Next:** [7. Ratios: how much likelier is that action now?](07_ratios.ipynb)
