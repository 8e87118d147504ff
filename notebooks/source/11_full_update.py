# %% [markdown]
# `A B C [D E F G H I J K L M N O] P`
#
# # 11. The full update: does mine equal the reference, number for number?
#
# **80 minutes (a place to stop after 30), 4 exercises.** You need: [10](10_entropy.ipynb).
#
# Afterwards you can: walk through one PPO update line by line on a real batch, say what each number should be, and wire the boxes together yourself.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will take a real rollout, do one gradient step by hand with every number in view, and then see that the package's update is
# nothing but this, repeated.
#
# **The detective's problem.** In the row (6, 0, 0) detective 0 went right and fell, and that was a little worse than the critic had expected: A is
# below 0. So her row asks for *right* to become less likely. One update has 16 steps, and about two thousand rows have a say. Will she get what
# her row asks for?

# %% [markdown]
# ## Idea
#
# The [rollout](../docs/glossary.md#rollout) is used several times. In each [epoch](../docs/glossary.md#epoch) all rows are shuffled and split into
# [mini-batches](../docs/glossary.md#mini-batch), and each mini-batch gives one [gradient step](../docs/glossary.md#gradient-step). After the first step the policy is no longer
# the one that played. The ratios keep account of this, and the clip takes away the incentive to go further. It bounds nothing by itself, as you will
# see. All terms of the loss stand on one page in [lesson 04](04_policy_gradient.ipynb).

# %%
import copy
from dataclasses import replace

import torch
from ppo_lessons import Steps, losses, make_optimizer, ppo_update
from ppo_lessons.actor_critic import entropy_of, log_probs_of
from ppo_lessons.buffer import Rows
from ppo_lessons.display.tables import row_table
from ppo_lessons.lessons import claim, full_update
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording
from ppo_lessons.steps import MinibatchLosses, detach_rows

config = CONFIG  # of the recording: four mini-batches in each epoch
recording = load_recording()
policy, buffer = recording.policy, recording.buffer  # A, B, C
T, E, A = config.num_steps, config.num_envs, 4
claim("the buffer is full", buffer.is_full, f"T {T} x E {E} x A {A} places")

# %% [markdown]
# This is the recorded rollout that you know: a team half-way to mastery. Six of its rows keep their names through the lessons; ours is `falls`.
#
# ## D. Extract
#
# Advantages say how much better each action was than the critic expected; returns are advantages plus old values. Here is the line of the
# flowchart, as it stands there:

# %%
states, actions, log_probs_old, returns, advantages = buffer.get()
print("states", tuple(states.shape), " all others", tuple(actions.shape))
named = dict(action=actions, old_log_prob=log_probs_old)
named |= dict(returns=returns, advantage=advantages)
six = recording.rows_of(BADGES.values())
row_table(buffer.badges(), six, BADGES, **named)

# %% [markdown]
# ## E. Detach
#
# What was played is data, no longer a function of the weights. If the old log-probability were worked out anew *with* its graph, every ratio
# would be $e^{x - x} = 1$ with gradient 0: the actor's loss would teach nothing, and no error would be raised. Ours were made under `no_grad`;
# [`detach`](../docs/glossary.md#detach) makes sure.

# %%
rows = Rows(states, actions, log_probs_old, returns, advantages)
rows = detach_rows(rows)
with_graph = [tensor.requires_grad for tensor in rows]
claim("no tensor carries a graph", not any(with_graph), "0 of 5")

# %% [markdown]
# ## F, G, H. Epochs, shuffle, split
#
# Neighbouring rows are mostly mates in the same step, and look alike. Shuffled, each mini-batch is a fair sample of the whole rollout. Each row is in
# exactly one mini-batch of an epoch. We go on with the one that holds our row.

# %%
generator = torch.Generator().manual_seed(0)
order = shuffle_rows(len(rows.actions), generator)
pieces = split_rows(order, config.minibatch_size)
print("mini-batches of", [len(piece) for piece in pieces], "rows")
used = len(torch.cat(pieces).unique())
claim("each row is used once", used == len(order), f"{used} of {len(order)}")
her_row = six[list(BADGES).index("falls")]
(place,) = [n for n, piece in enumerate(pieces) if her_row in piece]
print("(6, 0, 0) is in mini-batch", place)
minibatch = Rows(*(tensor[pieces[place]] for tensor in rows))

# %% [markdown]
# ## I, J. Forward pass, log_probs and entropy
#
# The *current* policy looks at the stored observations again. `Categorical` is PyTorch's name for the distribution over actions; the package
# works out the same in a few lines of its own, which is faster.

# %%
logits, values = policy(minibatch.obs)  # (B, N), (B,)
distribution = torch.distributions.Categorical(logits=logits)
actions = minibatch.actions
new_log_probs = log_probs_of(logits, actions)  # (B,)
entropies = entropy_of(logits.log_softmax(-1))  # (B,)
theirs = distribution.log_prob(actions), distribution.entropy()
off = [(new_log_probs - theirs[0]).abs(), (entropies - theirs[1]).abs()]
claim("both are those of Categorical", max(map(torch.max, off)) < 1e-6)
claim("the new log_probs carry a graph", new_log_probs.requires_grad)

# %% [markdown]
# ## K. Ratios
#
# $$r = \frac{\pi_\text{new}(a \mid s)}{\pi_\text{old}(a \mid s)} = e^{\log \pi_\text{new} - \log \pi_\text{old}}$$
#
# (Schulman et al. 2017, section 3.) *Predict:* no step has been taken yet. What are the ratios, and is their gradient 0 as well?

# %%
ratios = losses.importance_ratios(new_log_probs, minibatch.old_log_probs)
head = policy.actor_head.weight
(gradient,) = torch.autograd.grad(ratios.mean(), head, retain_graph=True)
claim("all ratios are 1, to six digits", (ratios - 1).abs().max() < 1e-6)
claim("so their gradient is 0", (gradient == 0).all())

# %% [markdown]
# Every [ratio](../docs/glossary.md#importance-ratio) is 1: it is the same policy. But a value of 1 is not a gradient of 0. The gradient of $r$ at this
# point is that of $\log \pi$, so the actor's part of the first gradient is the plain policy gradient. (If *both* log-probabilities carried a graph, it would be
# 0.)
#
# ## L. The clipped surrogate loss
#
# $$L = -\,\mathrm{mean}\big(\min(r\,A,\ \mathrm{clip}(r, 1-\epsilon, 1+\epsilon)\,A)\big)$$
#
# (equation 7, with a minus sign to minimise; the [clipped surrogate loss](../docs/glossary.md#clipped-surrogate-loss).) Before that, the advantages are
# brought to mean 0 and standard deviation 1 in each mini-batch ([advantage normalisation](../docs/glossary.md#advantage-normalisation)).

# %% [markdown]
# ## Exercise 11.1: normalise the advantages (difficulty 1, 4 minutes)
#
# Mean 0 and standard deviation 1 (torch's `std()`), with 1e-8 added to the standard deviation. A single row has no spread: hand it back as it is.
# (MAPPO does this once over the whole buffer; here it is per mini-batch, as in Stable-Baselines3 and CleanRL.)


# %% tags=["exercise"]
def normalise_advantages(advantages):
    # Return the advantages with mean 0 and standard deviation 1, (B,).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, show_progress, solution

normalise_advantages = check(normalise_advantages)
# hint("11.1")  # take away the first # for a hint, again for the next
# solution("11.1")

# %%
normalised = normalise_advantages(minibatch.advantages)
eps = config.clip_eps
actor_loss = losses.clipped_surrogate_loss(ratios, normalised, eps)
print(f"mean {normalised.mean().abs():.3f}, deviation {normalised.std():.3f}")
print(f"actor_loss {actor_loss.abs():.3f}: near 0, but its gradient is not")

# %% [markdown]
# With all ratios 1 the loss is minus the mean of the advantages, which is 0 after normalising. "Loss near 0" says nothing about the gradient:
# it pulls up what was good and pushes down what was bad, our row among the latter.
#
# ## M, N. Value loss, entropy, total
#
# $$\text{total} = \text{actor} + c_\text{vf} \cdot \text{MSE}(V, R) - c_\text{ent} \cdot H$$
#
# (equation 9, sign turned; the [total loss](../docs/glossary.md#total-loss).) The critic shares its hidden layers with the actor, so vf_coef also decides who
# shapes them.

# %%
import math

value_loss = losses.value_loss(values, minibatch.returns)
entropy = losses.entropy_bonus(entropies)
coefficients = config.vf_coef, config.ent_coef
total = losses.total_loss(actor_loss, value_loss, entropy, *coefficients)
print(f"value_loss {value_loss:.2f}, total {total:.2f}")
print(f"entropy {entropy:.2f} of at most ln 5 = {math.log(5):.2f}")
kl = losses.approx_kl(new_log_probs, minibatch.old_log_probs)
outside = losses.clip_fraction(ratios, eps)
numbers = actor_loss, value_loss, entropy, total, kl, outside
full_update.show_loss_terms(MinibatchLosses(*numbers), config)

# %% [markdown]
# ## O. Backpropagation and step
#
# Forget the old gradients, work out new ones, shorten them *together* to max_grad_norm, and step. Now, for the first time, a weight changes. It does so in
# a copy, so that you can run this cell again. First, I to N once more, in one place:


# %%
def total_of(policy):
    logits, values = policy(minibatch.obs)
    log_probs = log_probs_of(logits, minibatch.actions)
    entropies = entropy_of(logits.log_softmax(-1))
    ratios = losses.importance_ratios(log_probs, minibatch.old_log_probs)
    actor = losses.clipped_surrogate_loss(ratios, normalised, eps)
    critic = losses.value_loss(values, minibatch.returns)
    entropy = losses.entropy_bonus(entropies)
    return losses.total_loss(actor, critic, entropy, *coefficients)


# %%
by_hand = copy.deepcopy(policy)
optimizer = make_optimizer(by_hand, config)
optimizer.zero_grad()
total_of(by_hand).backward()
weights, limit = by_hand.parameters(), config.max_grad_norm
grad_norm = torch.nn.utils.clip_grad_norm_(weights, limit)
optimizer.step()
print(f"length of the gradient {grad_norm:.2f}, at most {limit} is used")
before, after = policy.state_dict(), by_hand.state_dict()
full_update.show_weight_changes(before, after)

# %% [markdown]
# What has become of our row? Her ratio says how much likelier *right* is now, and her value what the critic now says of her.


# %%
def look_at_her(policy):
    """Ratio and value of the row (6, 0, 0) under a policy."""
    with torch.no_grad():
        logits, values = policy(rows.obs[[her_row]])
        her = logits, rows.actions[[her_row]]
        log_prob = log_probs_of(*her)
    old = rows.old_log_probs[[her_row]]
    return float(losses.importance_ratios(log_prob, old)), float(values)


ratio, value = look_at_her(by_hand)
less = "as her row asked"
claim("right is less likely than before", ratio < 0.9, less)
away = abs(value - rows.returns[her_row])
claim("her value is nearer to her return", away < 0.04)

# %% [markdown]
# Her action went the way that her row asked for, though not by her row alone: 511 others moved the same weights. Her *value*, which was only 0.04
# away from her return, was swept upwards by 0.8. On the whole the returns of this mini-batch lie above the values, and the first step of a fresh Adam
# is a long one.
#
# **With pen and paper.** Adam's first step: the means of $g$ and $g^2$ are corrected to $g$ and $g^2$ themselves, so that a weight moves by
# $\text{lr} \cdot g / (|g| + \text{eps})$. How far, in units of lr, if $g$ is 0.5, 0.001, 0.00001 (eps = 0.00001)?
#
# <details><summary>The answer</summary>1.00, 0.99 and 0.50. Only a gradient about as small as eps is felt as small. The <a href="07_ratios.ipynb">sidebar
# on Adam</a> goes on from here.</details>
#
# ## The same, by the package
#
# `ppo_update` does this for every mini-batch of every epoch. If we ask it for one epoch of one mini-batch with the very same rows, does it
# give the same weights? (But for rounding: it lays the numbers out differently for `log_softmax`, to be faster.)

# %%
one = replace(config, epochs=1)
by_package = copy.deepcopy(policy)
only = Steps(split_rows=lambda order, size: split_rows(order, size)[place:][:1])
optimizer = make_optimizer(by_package, one)
shuffling = torch.Generator().manual_seed(0)
ppo_update(by_package, optimizer, rows, one, shuffling, steps=only)
pairs = zip(by_hand.parameters(), by_package.parameters(), strict=True)
same = all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
claim("line by line gives the same weights, to five digits", same)

# %% [markdown]
# **A place to stop.** You have seen one step whole. What follows is sixteen of them.
#
# ## Picture: the whole update
#
# There are four epochs, and one point for each gradient step. Before each step the losses are noted.


# %%
def update(config, **steps):
    policy, history = load_recording().policy, []
    optimizer = make_optimizer(policy, config)
    shuffling = torch.Generator().manual_seed(0)
    keep = {"on_minibatch": lambda index, losses, norm: history.append(losses)}
    all_steps = {"steps": Steps(**steps), **keep}
    report = ppo_update(policy, optimizer, rows, config, shuffling, **all_steps)
    return policy, history, report


updated, history, report = update(config)
kl = [float(losses.approx_kl) for losses in history]
claim("approx_kl is 0 before the first step", kl[0] < 1e-6)
claim("and only slowly grows from there", kl[1] < 0.1 * max(kl))
full_update.show_update(history, config.epochs, config.clip_eps)

# %% [markdown]
# The first point has ratio 1 and KL 0, as foretold. The second is up at once: in a fresh Adam's first step most weights move by nearly the whole
# learning rate ([lesson 07](07_ratios.ipynb) says why, and when not). After that approx_kl goes up and down from mini-batch to mini-batch, and it is higher in
# the later epochs than in the first.


# %%
def ratios_under(policy):
    with torch.no_grad():
        logits, _ = policy(rows.obs)
        log_probs = log_probs_of(logits, rows.actions)
    return losses.importance_ratios(log_probs, rows.old_log_probs)


before, after = ratios_under(policy), ratios_under(updated)
claim("right is less likely for her at the end", after[her_row] < 1)
full_update.show_ratios(before, after, eps)

# %% [markdown]
# Some ratios end far outside the interval. Clipping takes away a row's *incentive* to go further; it does not hold the row back when others move
# the same weights. That is why approx_kl is watched.
#
# **And our detective?** After one step *right* was less likely. After sixteen it is a little *likelier* than when she fell, though her row asked for less
# in every epoch. One row is one voice among 1934, and neither loud nor soft: her A is near 0, but normalised it is about -0.4, and half of
# the rows are nearer to 0. What a policy learns is not what a single row says.

# %% [markdown]
# ## Play
#
# This is the same update with every knob that it has. The pale lines show the whole of it, the strong ones go up to the gradient step where you stand. Decide first, then move: (1)
# `clip_eps` 0.01: does approx_kl stay near 0 from the first step on? (2) `max_grad_norm` 0.1: gradients are up to ten times shorter than now. Do
# the weights move ten times less? (3) `target_kl` 0.01: does approx_kl stay below the dashed line?

# %%
full_update.explore()

# %% [markdown]
# <details><summary>What you saw</summary>(1) No: at the first step every ratio is 1 and nothing is clipped, whatever epsilon is. The second point is as high
# as before; only then does the small epsilon tell. (2) No, each layer moves more than half as far as before: Adam divides by the gradients' own recent
# size. (3) No: a step is taken before anyone sees how far it went. The mini-batch above the line ends the update, but the policy is already
# there.</details>
#
# ## Exercise 11.2: the gradient step (difficulty 2, 6 minutes)
#
# Box O: from the total loss to changed weights. `torch.nn.utils.clip_grad_norm_(parameters, max_norm)` shortens the gradients in place and
# returns how long they were before.


# %% tags=["exercise"]
def gradient_step(total_loss, policy, optimizer, max_grad_norm):
    # Change the weights once; return how long the gradient was.
    return ...


# %%
gradient_step = check(gradient_step)
# hint("11.2")
# solution("11.2")

# %% [markdown]
# ## Exercise 11.3: wire a mini-batch (difficulty 3, 10 minutes)
#
# Boxes I to N in one function, from a policy and some rows to all the numbers of a mini-batch. Every box is a function in `steps` (use
# these: they may be somebody's own). Fill in what each line needs. `steps.entropy_of` takes the log-probabilities of *all* actions.
#
# Two things have one name here: `config.advantage_normalisation` is a switch, True or False, and says *whether* to normalise;
# `steps.normalise_advantages` is the function that *does* it.


# %% tags=["exercise"]
def minibatch_losses(policy, minibatch, config, steps):
    # I. logits, values = steps.forward_pass(policy, minibatch.obs)
    # J. new_log_probs = steps.log_probs_of(  ,  )
    #    entropies = steps.entropy_of(logits.log_softmax(-1))
    # K. ratios = steps.importance_ratios(  ,  )
    # L. advantages = minibatch.advantages, normalised if config says so
    #    actor_loss = steps.clipped_surrogate_loss(  ,  ,  )
    # M. critic_loss = steps.value_loss(  ,  )
    # N. entropy = steps.entropy_bonus(  )
    #    total = steps.total_loss(  ,  ,  ,  ,  )
    # kl = steps.approx_kl(  ,  )
    # outside = steps.clip_fraction(  ,  )
    # MinibatchLosses(actor_loss, critic_loss, entropy, total, kl, outside)
    return ...


# %%
minibatch_losses = check(minibatch_losses)
# hint("11.3")
# solution("11.3")
fresh = load_recording().policy
once_more = minibatch_losses(fresh, minibatch, config, Steps())
off = (once_more.total_loss - total).abs()
claim("the total is the one of line by line", off < 1e-6)

# %% [markdown]
# ## Exercise 11.4: the whole update (difficulty 3, 15 minutes)
#
# Boxes E to O, from rows to a new policy, in about ten lines. All boxes are at hand: `steps.detach_rows(rows)`,
# `steps.each_minibatch(num_rows, config, generator, steps)`, your 11.3 as `steps.minibatch_losses(policy, minibatch, config, steps)`,
# `steps.should_stop(kl, config.target_kl)`, and your 11.2 as `steps.gradient_step(loss, policy, optimizer, config.max_grad_norm)`.
#
# If `should_stop` says yes, the whole update ends *before* this step. After each step hand on three things: the row numbers, the losses from
# before the step, and the length of the gradient (by `yield`, as in [lesson 06](06_minibatches.ipynb), or all in one list).


# %% tags=["exercise"]
def update_policy(policy, optimizer, rows, config, generator, steps):
    # E. The rows become data.
    # F, G, H. For the row numbers of each mini-batch:
    #     pick these rows out of all five fields: Rows(...)
    #     I to N. Work out the losses.
    #     Too far already? Then end here, before the step.
    #     O. Take the step, then hand on the three things.
    return ...


# %%
update_policy = check(update_policy)
# hint("11.4")
# solution("11.4")

# %% [markdown]
# ## Your update against the reference
#
# Now comes the real update, 16 gradient steps on the same rows, with *every* function of yours that has passed in any lesson. Does it agree number for
# number? (What is still open, the package's function does.)
#
# Both runs use the package's own shuffle. Yours may be just as right and draw another order from the same seed, and another order is another run. What
# may still differ is the rounding: $e^{a-b}$ and $e^a / e^b$ are the same number on paper, but not to the last digit.

# %%
from ppo_lessons.classroom.my_ppo import my_functions

mine = my_functions()
mine["normalise_advantages"] = normalise_advantages
mine["gradient_step"] = gradient_step
mine.pop("shuffle_rows", None)  # one shuffle for both
reference, _, theirs = update(config)
yours, _, report = update(config, **mine)
pairs = zip(reference.parameters(), yours.parameters(), strict=True)
same = all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
number = f"{report.num_gradient_steps} gradient steps"
claim("your update gives the same weights, to five digits", same, number)
off = abs(report.total_loss - theirs.total_loss)
claim("and the same losses, to five digits", off < 1e-5)

# %% [markdown]
# **Question.** `actor_loss` was 0.000 on the first mini-batch. Was nothing learned from it?
#
# <details><summary>Nothing: the loss was 0.</summary>In many tasks a loss of 0 is the end of learning. Here the mean of normalised advantages is 0, but
# each row pulls its own way, and the gradient is not 0.</details>
# <details><summary>The actor's gradient was the plain policy gradient.</summary>Right: with all ratios 1 the gradient of the clipped loss is that of -log pi x A.</details>
# <details><summary>Only the critic learned.</summary>Its loss was by far the largest part of the total, but sizes of losses do not tell: the actor's head moved as well. Look at the
# picture of the weights.</details>
#
# **Question.** You set `clip_eps=0.01`. Can the policy still move far in one update?
#
# <details><summary>No, the ratios stay within 1 %.</summary>That is what the word *clip* suggests. Rows that are clipped have no gradient of their own, but
# others move the same weights, and the value loss and the entropy push on the shared layers too. Here four rows in five end outside.</details>
# <details><summary>Yes, though less.</summary>Right. Clipping takes away the incentive; watch approx_kl, or end early by target_kl.</details>
#
# ## The code-to-concept map
#
# | code | meaning | where it runs |
# |:---|:---|:---|
# | `states, actions, log_probs_old, returns, advantages = buffer.get()` | pull rollout data | [`SharedBuffer.get`](../ppo_lessons/buffer.py) |
# | `detach()` on tensors | freeze rollout graphs | [`detach_rows`](../ppo_lessons/steps.py) |
# | `for _ in range(epochs)` | multiple update passes | [`each_minibatch`](../ppo_lessons/steps.py) |
# | `torch.randperm` | shuffle dataset | [`shuffle_rows`](../ppo_lessons/minibatches.py) |
# | forward pass | predict logits and values | [`ActorCritic.forward`](../ppo_lessons/actor_critic.py) |
# | create `Categorical` | build action distribution | [`log_probs_of`](../ppo_lessons/actor_critic.py) |
# | `log_prob` | new probabilities of taken actions | [`log_probs_of`](../ppo_lessons/actor_critic.py) |
# | `ratios = exp(new_log_probs - old_log_probs)` | importance sampling | [`importance_ratios`](../ppo_lessons/losses.py) |
# | `actor_loss` | conservative policy improvement loss | [`clipped_surrogate_loss`](../ppo_lessons/losses.py) |
# | `value_loss` | critic loss (MSE) | [`value_loss`](../ppo_lessons/losses.py) |
# | `loss.backward(); optimizer.step()` | update network weights | [`gradient_step`](../ppo_lessons/optimisation.py) |

# %%
show_progress()

# %% [markdown]
# ## Recap
#
# - Before the first step every ratio is 1, the clip does nothing, and the actor's gradient is the plain policy gradient.
# - Three terms, one number, one gradient, shortened as a whole.
# - Clipping removes an incentive, it does not build a wall: watch approx_kl.
# - One row asks, all rows decide: ours asked for *less*, and got a little more.
#
# **Next:** [12. Team training: from chaos to mastery](12_team_training.ipynb)
