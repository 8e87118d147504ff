# %% [markdown]
# `A B C D E F G H I J K L [M] N O P`
#
# # 9. Value loss: how does the critic learn, and what does vf_coef do to a shared trunk?
#
# **55 minutes (a place to stop after 20), 2 exercises.** You need: [08](08_clipping.ipynb).
#
# Afterwards you can: write the value loss; tell three published conventions apart; read *explained variance*; say what the critic's weight
# does to the layers that it shares with the actor, and to the actor's step.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will work out the critic's loss to the last digit, see the bug that makes a [critic](../docs/glossary.md#critic) learn nothing but one
# number, and measure the tug-of-war between actor and critic.
#
# **The detective's problem.** In step 6, detective 0 of copy 0 goes right and falls: the row (6, 0, 0). Its reward is -0.2, and yet its
# [return](../docs/glossary.md#return) is 0.74. What should the critic have said of this row, how much does it learn from it, and what does that do to the action
# that she took?

# %% [markdown]
# ## Idea
#
# The critic estimates how much is still to come. Its `values` decide what counts as a good surprise:
# [advantages](../docs/glossary.md#advantage) compare what came with what it expected. A poor critic makes them noisy and, as $\lambda$ is below 1 here, also
# *biased*: what it wrongly expects of the next steps goes into them ([lesson 03](03_advantages.ipynb)). So in each update it is pulled towards the
# `returns`, what it should have said.

# %%
import torch
from ppo_lessons.buffer import Rows
from ppo_lessons.display.tables import Table, row_table
from ppo_lessons.lessons import claim
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
rows = recording.buffer.get()
six = recording.rows_of(BADGES.values())
with torch.no_grad():
    logits, values = recording.policy(rows.obs)  # (B, N), (B,)
order = shuffle_rows(len(values), torch.Generator().manual_seed(0))
pieces = split_rows(order, CONFIG.minibatch_size)
minibatch = Rows(*(tensor[pieces[0]] for tensor in rows))
badges = recording.buffer.badges()
said = dict(values=values, returns=rows.returns)
row_table(badges, six, BADGES, digits=2, **said)

# %% [markdown]
# Look at `falls`, our row (6, 0, 0): the critic said 0.78, the return is 0.74. A fallen detective is credited with what its team gains later
# ([lesson 03](03_advantages.ipynb)), and in step 9 the mates banish a spirit for 1.0. So the critic was nearly right about her, and wrong about those who
# banished it: `banishes` was given up (-1.58).
#
# Before the first step an error is nothing new. It is the advantage with its sign turned, since returns are advantages plus these values.

# %%
errors = values - rows.returns
off = (errors + rows.advantages).abs().max()
claim("errors are the advantages with the sign turned", off < 1e-5)
squared = errors.square().mean(), rows.advantages.square().mean()
print("mean squared: error {:.4f}, advantage {:.4f}".format(*squared))

# %% [markdown]
# ## Equation
#
# $$L^{VF} = \mathrm{mean}\big((V - R)^2\big)$$
#
# (Schulman et al. 2017, below equation 9; there $V^\text{targ}$ for R.) V is `values`, worked out now, with a graph; R is `returns`, data from the
# rollout, without one. Here the [value loss](../docs/glossary.md#value-loss) is the plain *mean squared error* (MSE): the whole weight stands in
# [`vf_coef`](../docs/glossary.md#vf_coef). [Lesson 04](04_policy_gradient.ipynb) shows where this term stands in the whole loss.

# %% [markdown]
# ## The same numbers three ways
#
# By hand, from the two decimals above:
#
# | row | V | R | V - R | squared |
# |---|---|---|---|---|
# | drained | 1.13 | 0.35 | 0.78 | 0.6084 |
# | falls | 0.78 | 0.74 | 0.04 | 0.0016 |
# | her mate | 0.40 | -0.70 | 1.10 | 1.2100 |
# | banishes | -1.58 | -0.21 | -1.37 | 1.8769 |
# | wins | 0.89 | 3.50 | -2.61 | 6.8121 |
# | cut off | 0.60 | 0.84 | -0.24 | 0.0576 |
#
# Sum 10.5666, divided by 6: **1.7611**. Squares listen to large errors: the win alone gives nearly two thirds of the sum, and our fall hardly
# anything, 0.0016. To the critic her fall is old news.
#
# **With pen and paper.** The gradient of a mean of B squares with respect to one value is $2\,(V - R)/B$. How hard do `falls` and `wins` pull at
# their values here, and which way does each value go in a step downhill?
#
# <details><summary>The answer</summary>falls: 2 x 0.04 / 6 = 0.013; wins: 2 x (-2.61) / 6 = -0.87, 65 times as hard. Downhill is against the gradient:
# the value of the fall goes down a little, that of the win goes up.</details>

# %%
import numpy as np
from ppo_lessons import losses

V = np.array([1.13, 0.78, 0.40, -1.58, 0.89, 0.60])
R = np.array([0.35, 0.74, -0.70, -0.21, 3.50, 0.84])
print(f"numpy:   {np.mean((V - R) ** 2):.4f}")
by_package = losses.value_loss(torch.tensor(V), torch.tensor(R))
print(f"package: {by_package:.4f}")

# %% [markdown]
# The golden number: Stable-Baselines3 2.9.2 writes `F.mse_loss(rollout_data.returns, values_pred)`; with torch 2.13 that is **1.7611**.
#
# ## Three conventions
#
# | in | value loss | weight | adds to the total |
# |---|---|---|---|
# | here, Stable-Baselines3 | MSE | vf_coef 0.5 | 0.5 x MSE |
# | CleanRL | 0.5 x MSE | vf_coef 0.5 | 0.25 x MSE |
# | Spinning Up | MSE | none: an optimizer of its own | nothing |
#
# "vf_coef 0.5" in two papers need not be the same thing. Look for the half. ("Here" is the recording; the package's own default is 1.)

# %%
mse = losses.value_loss(values, rows.returns)
print(f"MSE of all {len(values)} rows:      {mse:.4f}")
print(f"here, Stable-Baselines3: 0.5 x MSE       = {0.5 * mse:.4f}")
print(f"CleanRL:                 0.5 x 0.5 x MSE = {0.5 * 0.5 * mse:.4f}")

# %% [markdown]
# CleanRL also *clips* the value loss by default, with the same epsilon as the ratios. It is off here: how far a value may move
# depends on the size of the rewards, so an epsilon that suits ratios says nothing about values.
#
# ## Predict
#
# The critic's last layer gives shape (B, 1). Somebody forgets to squeeze it, and subtracts returns of shape (B,). What happens?
#
# **Question.** 512 rows, values (512, 1), returns (512,).
#
# <details><summary>An error: the shapes differ.</summary>It would be kinder. But torch *broadcasts* them: a column minus a row is the whole
# table, (512, 512). Its own `mse_loss` warns, a plain minus does not even do that.</details>
# <details><summary>The same loss; it is only another shape.</summary>A natural hope, since the numbers in both are the same. But every value is compared with
# every return, 262,144 pairs, and only 512 of them belong together.</details>
# <details><summary>Another number, and every value is pulled to the same place.</summary>Right. The mean over all returns j of
# $(V_i - R_j)^2$ is smallest where $V_i$ is the <em>mean</em> return, for every row i.</details>

# %%
import warnings

from ppo_lessons.lessons import value_loss as lesson

six_values, six_returns = values[six], rows.returns[six]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    column = six_values.unsqueeze(1)  # (6, 1), and the returns are (6,)
    wrong = torch.nn.functional.mse_loss(column, six_returns)
right = losses.value_loss(six_values, six_returns)
print(f"right {right:.2f}, broadcast {wrong:.2f}, warnings: {len(caught)}")
lesson.show_pairs(six_values, six_returns)

# %% [markdown]
# The package refuses it: `value_loss` raises a ValueError if the shapes differ.
#
# ## How much of the returns did the critic foresee?
#
# $$\text{explained variance} = 1 - \frac{\mathrm{Var}(R - V)}{\mathrm{Var}(R)}$$
#
# (The diagnostic of Stable-Baselines3 and CleanRL.) At 1 it foresaw all of their spread, at 0 it is no better than a constant, and below 0 it is
# worse. MSE grows with the size of the rewards; this number does not.

# %%
share = losses.explained_variance(values, rows.returns)
means = rows.returns.mean(), values.mean()
print(f"explained variance {share:.2f}")
print("mean return {:.2f}, mean value {:.2f}".format(*means))
lesson.show_predictions(values, rows.returns)

# %% [markdown]
# This is the [explained variance](../docs/glossary.md#explained-variance) of the log. Read it with care: our returns hold the critic's own later
# estimates ($\lambda$ = 0.8), so it is in part compared with itself. Early in a training it goes up and down; if it *stays* near or below 0, look for
# a mistake.
#
# **Question.** A critic is exactly 7 too high in every row. Its explained variance, its MSE?
#
# <details><summary>1 and 49.</summary>Right: it foresees all of the spread, and is wrong everywhere. Watch both numbers.</details>
# <details><summary>0 and 49.</summary>It earns 0 who says the same of every row. This one follows every return, 7 too high: R - V is -7 everywhere,
# and what is the same everywhere has no spread.</details>
# <details><summary>Below 0 and 49.</summary>One would think so of a critic that is never right. But below 0 means that subtracting the values leaves
# *more* spread than there was; here it leaves none.</details>
#
# **A place to stop.** You have the loss, its bug and its diagnostic. What follows is what the critic does to the actor.

# %% [markdown]
# ## Picture: a critic learns
#
# A fresh network, the value loss alone, one mini-batch, the same rows again and again (easy: it may learn them by heart). The last
# panel is the broadcast mistake.


# %%
from ppo_lessons import ActorCritic, make_optimizer


def train_critic(loss_of, steps):
    critic = ActorCritic(34, 5)
    optimizer = make_optimizer(critic, CONFIG)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(critic(minibatch.obs)[1], minibatch.returns).backward()
        optimizer.step()
    return critic.estimate_values(minibatch.obs)


def broadcast_loss(v, r):
    return (v.unsqueeze(1) - r).square().mean()


# %%
said = {}
for steps in (0, 10, 200):
    said[f"{steps} steps"] = train_critic(losses.value_loss, steps)
broadcast = train_critic(broadcast_loss, 200)
said["200 steps, broadcast"] = broadcast
returns = minibatch.returns
fell = broadcast_loss(broadcast, returns), broadcast_loss(0 * returns, returns)
claim("with the mistake the loss falls, too", fell[0] < 0.6 * fell[1])
spread = broadcast.std() / returns.std()
claim("but all values are nearly the same", spread < 0.1, "spread under 10 %")
off = (broadcast.mean() - returns.mean()).abs()
claim("namely the mean return", off < 0.1, "within 0.1")
lesson.show_predictions(said, returns)

# %% [markdown]
# Nothing crashes. But the critic has learnt one number, the mean return, and explains nothing. It would say of (6, 0, 0) what it says of a
# win. A falling value loss alone does not prove that the critic works.

# %% [markdown]
# ## A shared trunk
#
# Actor and critic share both hidden layers here (`shared_trunk`); each has only its own last layer.
#
# **Question.** We take 50 steps on the value loss *alone*. No actor loss, no entropy. Does the policy change?
#
# <details><summary>No: the actor's head is not touched.</summary>The head is indeed not touched, but what it reads is. See the numbers below.</details>
# <details><summary>Yes: the features below it move.</summary>Right. The actor's head reads features that the critic has bent to its own needs.</details>
# <details><summary>Only if vf_coef is above 1.</summary>There is no such threshold: any weight above 0 moves the shared layers.</details>


# %%
def moved_by_the_critic(shared_trunk):
    policy = ActorCritic(34, 5, shared_trunk=shared_trunk)
    # Separate trunks begin as two equal copies.
    policy.load_state_dict(load_recording().policy.state_dict())
    before, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    optimizer = make_optimizer(policy, CONFIG)
    for _ in range(50):
        optimizer.zero_grad()
        _, values = policy(minibatch.obs)
        losses.value_loss(values, minibatch.returns).backward()
        optimizer.step()
    after, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    return losses.approx_kl(after, before), torch.equal(after, before)


shared_kl, _ = moved_by_the_critic(shared_trunk=True)
_, separate_same = moved_by_the_critic(shared_trunk=False)
moved = "approx_kl above 0.01"
claim("shared trunk: the critic moves the policy", shared_kl > 0.01, moved)
bits = "every log-probability as before, to the last digit"
claim("separate trunks: it does not", separate_same, bits)

# %% [markdown]
# So the critic moves the policy without asking.
#
# ## Two arrows in a plane
#
# When both losses pull at once, which way does the sum go? Take a picture with two weights. The actor pulls 1 to the right, the value loss 8
# upwards: a right angle, cosine 0 (the [cosine](06_minibatches.ipynb) says how far two arrows point the same way). With `vf_coef` 0.5 the sum is 1 to the right
# and 4 upwards.

# %%
import math

for weight in (0, 0.125, 0.5, 8):
    up = 8 * weight
    angle = math.degrees(math.atan2(up, 1))
    print(f"vf_coef {weight:5}: right 1, up {up:2.0f}: {angle:2.0f} degrees")

# %% [markdown]
# 0 degrees: where the actor wants to go. 90: where the critic wants to go. At weight 0.125 both pull equally hard, and the sum lies half-way.
#
# Now the real thing. The [gradient](04_policy_gradient.ipynb) with respect to the shared trunk is an arrow, too, only with thousands of weights for axes. Two arrows
# always lie in one plane, so it can be drawn: once of the actor's loss, once of the value loss, on one real
# [mini-batch](../docs/glossary.md#mini-batch).

# %%
from ppo_lessons.steps import minibatch_losses

trunk = list(recording.policy.actor_trunk.parameters())
parts = minibatch_losses(recording.policy, minibatch, CONFIG)


def pull(loss):
    """The gradient with respect to the shared trunk, as one long arrow."""
    gradients = torch.autograd.grad(loss, trunk, retain_graph=True)
    return torch.cat([gradient.flatten() for gradient in gradients])


actor_pull, value_pull = pull(parts.actor_loss), pull(parts.value_loss)
lengths = actor_pull.norm(), value_pull.norm()
print("lengths: actor {:.3f}, value loss {:.3f}".format(*lengths))
cosine = torch.cosine_similarity(actor_pull, value_pull, dim=0)
print(f"cosine between them: {cosine:.3f}")
lesson.show_tug_of_war(actor_pull, value_pull, (0, 0.25, 0.5, 1, 2, 8))

# %% [markdown]
# As in the plane: the cosine is near 0, a right angle, and the critic's arrow is more than eight times as long. At `vf_coef` 0.5 the sum points
# 76 degrees away from what the actor asked for; at 8 it is 88.

# %%
cells = [["vf_coef", "its pull", "cosine to actor", "cosine to value"]]
for vf_coef in (0, 0.25, 0.5, 1, 2, 8):
    weighted = vf_coef * value_pull
    total = actor_pull + weighted
    pair = [(total, actor_pull), (total, value_pull)]
    cosines = [torch.cosine_similarity(*both, dim=0) for both in pair]
    numbers = weighted.norm(), *cosines
    cells.append([f"{vf_coef:g}", *(f"{number:.2f}" for number in numbers)])
Table(cells)

# %% [markdown]
# This need not be bad: features that foretell returns may serve the actor as well. Too little weight leaves a poor critic, too much leaves the
# trunk to it. Which value is good has to be tried, on the team ([lesson 13](13_coefficient_lab.ipynb)).

# %% [markdown]
# ## Play
#
# The recorded update, with a `vf_coef` of yours in all of its steps. Decide first, then move: (1) `vf_coef` 0: do the critic's values stand still?
# With a shared trunk, and without? (2) All 16 steps: how much better does a thousandfold weight, 10 instead of 0.01, make a critic that has a trunk
# of its own? (3) Before the first step: which `vf_coef` lets both pull about equally hard at the shared trunk?

# %%
lesson.explore()

# %% [markdown]
# <details><summary>Why (1) and (2) come out as they do</summary>(1) The actor bends the features that the critic reads; with two trunks there is nothing
# to bend. (2) Adam divides by the recent size of each gradient (the <a href="07_ratios.ipynb">sidebar on Adam</a>), so that a constant weight mostly
# cancels. Two things are left for <code>vf_coef</code> to decide: who steers what is shared, and how much of the actor's part the clip leaves.
# (3) About 0.1: one over how many times longer the critic's arrow is.</details>

# %% [markdown]
# ## Exercise 9.1: the value loss (difficulty 1, 4 minutes)
#
# Both tensors have shape (B,). `values` carries a graph, `returns` does not.


# %% tags=["exercise"]
def value_loss(values, returns):
    # Return the mean squared error, a scalar.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

value_loss = check(value_loss)
# hint("9.1")  # take away the first # for a hint, again for the next
# solution("9.1")

# %% [markdown]
# ## Exercise 9.2: explained variance (difficulty 2, 6 minutes)
#
# A float. If the returns do not vary there is nothing to explain: `float("nan")`. `tensor.var(correction=0)` is the variance over n.


# %% tags=["exercise"]
def explained_variance(values, returns):
    # Return how much of the spread of the returns was foreseen, a float.
    return ...


# %%
explained_variance = check(explained_variance)
# hint("9.2")
# solution("9.2")

# %% [markdown]
# ## A claim put to the test
#
# "Give each its own trunk, and the critic can no longer disturb the actor." There is one more place where they meet. *One* clip
# shortens the gradient of all parameters together (node O). Here are the real losses, with separate trunks and your two functions:

# %%
from dataclasses import replace

from ppo_lessons import Steps
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils import get_total_norm as length_of

apart = ActorCritic(34, 5, shared_trunk=False)
apart.load_state_dict(recording.policy.state_dict())
named = apart.named_parameters()
actor_only = [p for name, p in named if name.startswith("actor")]


def actor_lengths(vf_coef, rows=minibatch):
    config = replace(CONFIG, vf_coef=vf_coef)
    steps = Steps(value_loss=value_loss)
    apart.zero_grad()
    minibatch_losses(apart, rows, config, steps).total_loss.backward()
    before = length_of([p.grad for p in actor_only])
    clip_grad_norm_(apart.parameters(), config.max_grad_norm)
    after = length_of([p.grad for p in actor_only])
    return float(before), float(after)


# %%
lengths = {f"vf_coef {c:g}": actor_lengths(c) for c in (0.0, 0.5, 2.0, 8.0)}
in_tens = minibatch._replace(returns=minibatch.returns * 10)
lengths["0.5, returns x 10"] = actor_lengths(0.5, in_tens)

pair, tens = (values, rows.returns), (10 * values, 10 * rows.returns)
times = value_loss(*tens) / value_loss(*pair)
print(f"values and returns x 10: value loss x {times:.0f}")
shares = [explained_variance(*both) for both in (pair, tens)]
print("explained variance {:.2f}, and x 10 {:.2f}".format(*shares))
lesson.show_shared_clip(lengths, CONFIG.max_grad_norm)

# %% [markdown]
# The claim is refuted. Before the clip, the actor's part of the gradient is the same each time. After it, at `vf_coef` 8, a twentieth is left.
#
# But do not claim too much: the actor's *direction* is kept, and Adam divides by the recent size of each gradient, so that a constant factor
# mostly cancels. What stays is a factor that changes from one mini-batch to the next, set by the critic's error. Smaller rewards, value
# normalisation (MAPPO) or two clips make it smaller.

# %% [markdown]
# **Our detective, once more.** Her row gives the critic next to nothing to learn. Her action is judged all the same, and through the trunk and the clip
# the win in another copy has a say in what becomes of it.

# %% [markdown]
# ## Recap
#
# - The critic learns by the mean squared error to the returns; the weight is vf_coef. Mind the half, and (B, 1).
# - Explained variance says how much of the spread it foresaw: 1 all, 0 none, below 0 worse than a constant.
# - A shared trunk is pulled by both; with separate trunks the one clip of the gradient still couples them.
#
# | code | meaning |
# |---|---|
# | [`value_loss(values, returns)`](../ppo_lessons/losses.py) | node M: critic loss (MSE) |
# | [`explained_variance(values, returns)`](../ppo_lessons/losses.py) | diagnostic: did the critic foresee the returns? |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# **Next:** [10. Entropy: what keeps the team curious?](10_entropy.ipynb)
