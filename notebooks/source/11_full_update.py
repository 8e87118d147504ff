# %% [markdown]
# `A B C [D E F G H I J K L M N O] P`
#
# # 11. The full update: does mine equal the reference, number for number?
#
# **25 minutes, 3 exercises.** You need: [10](10_entropy.ipynb).
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

# %% [markdown]
# ## Idea
#
# The rollout is used several times: in each *epoch* all rows are shuffled and split into *mini-batches*, and each mini-batch gives one gradient
# step. After the first step the policy is no longer the one that played. The ratios keep account of this, and the clip keeps it in
# bounds, as far as it can.

# %%
import copy
import math
from dataclasses import replace

import torch
from ppo_lessons import Steps, losses, make_optimizer, ppo_update
from ppo_lessons.actor_critic import log_probs_and_entropy
from ppo_lessons.buffer import Rows
from ppo_lessons.display.tables import row_table
from ppo_lessons.lessons import claim, full_update
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording
from ppo_lessons.steps import detach_rows
from ppo_lessons.update import MinibatchLosses

config = CONFIG  # of the recording: four mini-batches in each epoch
recording = load_recording()
policy, buffer = recording.policy, recording.buffer  # A, B, C
T, E, A = config.num_steps, config.num_envs, 4
claim("the buffer is full", buffer.is_full, f"T {T} x E {E} x A {A} places")

# %% [markdown]
# This is the recorded rollout that you know: a team half-way to mastery. Six of its rows keep their names through all lessons.
#
# ## D. Extract
#
# Advantages say how much better each action was than the critic expected; returns are advantages plus old values. Then the line of the
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
# What was played is data, no longer a function of the weights. An old log-probability *with* a graph would make every ratio
# $e^{x - x} = 1$ with gradient 0: nothing is learned, and no error is raised. Ours were made under `no_grad`; `detach` makes sure.

# %%
rows = Rows(states, actions, log_probs_old, returns, advantages)
rows = detach_rows(rows)
with_graph = [tensor.requires_grad for tensor in rows]
claim("no tensor carries a graph", not any(with_graph), "0 of 5")

# %% [markdown]
# ## F, G, H. Epochs, shuffle, split
#
# Neighbouring rows come from the same case and look alike. Shuffled, each mini-batch is a fair sample of the whole rollout. Each row is in
# exactly one mini-batch of an epoch.

# %%
generator = torch.Generator().manual_seed(0)
order = shuffle_rows(len(rows.actions), generator)
pieces = split_rows(order, config.minibatch_size)
print("mini-batches of", [len(piece) for piece in pieces], "rows")
used = len(torch.cat(pieces).unique())
claim("each row is used once", used == len(order), f"{used} of {len(order)}")
minibatch = Rows(*(tensor[pieces[0]] for tensor in rows))

# %% [markdown]
# ## I, J. Forward pass, log_probs and entropy
#
# The *current* policy looks at the stored observations again. `Categorical` is PyTorch's name for the distribution over actions; the package
# has the same in three lines, because it is faster.

# %%
logits, values = policy(minibatch.obs)  # (B, N), (B,)
distribution = torch.distributions.Categorical(logits=logits)
actions = minibatch.actions
new_log_probs, entropies = log_probs_and_entropy(logits, actions)  # (B,)
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
# Every ratio is 1: it is the same policy. But a value of 1 is not a gradient of 0. The gradient of $r$ at this point is that of $\log \pi$, so the first
# step of PPO is the plain policy-gradient step. (If *both* log-probabilities carried a graph, it would be 0.)

# %% [markdown]
# ## L. The clipped surrogate loss
#
# $$L = -\,\mathrm{mean}\big(\min(r\,A,\ \mathrm{clip}(r, 1-\epsilon, 1+\epsilon)\,A)\big)$$
#
# (equation 7, with a minus sign to minimise.) The advantages are brought to mean 0 and standard deviation 1 in each mini-batch first.

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
# it pulls up what was good and pushes down what was bad.

# %% [markdown]
# ## M, N. Value loss, entropy, total
#
# $$\text{total} = \text{actor} + c_\text{vf} \cdot \text{MSE}(V, R) - c_\text{ent} \cdot H$$
#
# (equation 9, sign turned.) The critic shares its hidden layers with the actor, so vf_coef also decides who may shape them.

# %%
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
# Forget old gradients, work out new ones, shorten them *together* to max_grad_norm, step. Now, for the first time, a weight changes: in a copy, so
# that you can run this cell again. First, I to N once more, in one place:


# %%
def total_of(policy):
    logits, values = policy(minibatch.obs)
    log_probs, entropies = log_probs_and_entropy(logits, minibatch.actions)
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
# ## The same, by the package
#
# `ppo_update` does this for every mini-batch of every epoch. Asked for one epoch of one mini-batch with the very same rows, does it
# give the same weights, to the last digit?

# %%
one = replace(config, epochs=1)
by_package = copy.deepcopy(policy)
only = Steps(split_rows=lambda order, size: split_rows(order, size)[:1])
optimizer = make_optimizer(by_package, one)
shuffling = torch.Generator().manual_seed(0)
ppo_update(by_package, optimizer, rows, one, shuffling, steps=only)
pairs = zip(by_hand.parameters(), by_package.parameters(), strict=True)
same = all(torch.equal(a, b) for a, b in pairs)
claim("line by line gives the same weights, to the last digit", same)

# %% [markdown]
# ## Picture: the whole update
#
# Four epochs, one point for each gradient step. Before each step the losses are noted.


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
full_update.show_update(history, config.epochs, config.clip_eps)

# %% [markdown]
# The first point has ratio 1 and KL 0, as foretold. The next few go far: a fresh Adam takes steps of full length whatever the gradient's
# length. Then the clip and the two means that Adam keeps calm it down.


# %%
def ratios_under(policy):
    with torch.no_grad():
        logits, _ = policy(rows.obs)
        log_probs, _ = log_probs_and_entropy(logits, rows.actions)
    return losses.importance_ratios(log_probs, rows.old_log_probs)


before, after = ratios_under(policy), ratios_under(updated)
full_update.show_ratios(before, after, eps)

# %% [markdown]
# Some ratios end far outside the interval. Clipping takes away a row's *incentive* to go further; it does not hold the row back when others move
# the same weights. That is why approx_kl is watched.

# %% [markdown]
# ## Play
#
# The same update with every knob that it has. Pale: the whole of it. Strong: up to the gradient step where you stand. Decide first, then move: (1)
# `clip_eps` 0.01: does approx_kl stay near 0 from the first step on? (2) `max_grad_norm` 0.1: gradients are up to ten times shorter than now. Do
# the weights move ten times less? (3) `target_kl` 0.01: does approx_kl stay below the dashed line?

# %%
full_update.explore()

# %% [markdown]
# <details><summary>What you saw</summary>(1) No: at the first step every ratio is 1 and nothing is clipped, whatever epsilon is. The second point is as high
# as before; only then does the small epsilon tell. (2) No, hardly less: Adam divides by the gradients' own recent size. (3) No: a step is taken before
# anyone sees how far it went. The mini-batch above the line ends the update, but the policy is already there.</details>

# %% [markdown]
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
# Boxes I to N in one function, from a policy and some rows to all the numbers of a mini-batch. Every box is at hand as `steps.forward_pass`,
# `steps.log_probs_and_entropy`, `steps.importance_ratios`, ... (use these: they may be somebody's own);
# `config.normalise_advantages` is True or False. Return
# `MinibatchLosses(actor_loss, value_loss, entropy, total_loss, approx_kl, clip_fraction)`.


# %% tags=["exercise"]
def minibatch_losses(policy, minibatch, config, steps):
    # I. logits, values = steps.forward_pass(policy, minibatch.obs)
    # J ... N, then approx_kl and clip_fraction from ppo_lessons.losses
    return ...


# %%
minibatch_losses = check(minibatch_losses)
# hint("11.3")
# solution("11.3")

# %%
fresh = load_recording().policy
once_more = minibatch_losses(fresh, minibatch, config, Steps())
off = (once_more.total_loss - total).abs()
claim("the total is the one of line by line", off < 1e-6)

# %% [markdown]
# ## Your update against the reference
#
# The real update, 16 gradient steps on the same rows, with *every* function of yours that has passed in any lesson. Number for number? (What
# is still open, the package's function does.)

# %%
from ppo_lessons.classroom.my_ppo import my_functions

mine = my_functions()
mine["normalise_advantages"] = normalise_advantages
mine["gradient_step"] = gradient_step
mine.pop("shuffle_rows", None)  # two right ones may draw two orders
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
# <details><summary>Nothing: the loss was 0.</summary>Not so. The mean of normalised advantages is 0, but each row pulls its own way, and the gradient is
# not 0.</details>
# <details><summary>It was a plain policy-gradient step.</summary>Right: with all ratios 1 the gradient of the clipped loss is that of -log pi x A.</details>
# <details><summary>Only the critic learned.</summary>Not so: the actor's head moved as well. Look at the picture of the weights.</details>
#
# **Question.** You set `clip_eps=0.01`. Can the policy still move far in one update?
#
# <details><summary>No, the ratios stay within 1 %.</summary>Not so: rows that are clipped have no gradient of their own, but others move the same
# weights, and the value loss and the entropy push on the shared layers too.</details>
# <details><summary>Yes, though less.</summary>Right. Clipping takes away the incentive; watch approx_kl, or end early by target_kl.</details>

# %% [markdown]
# ## The code-to-concept map
#
# | code | meaning | where it runs |
# |:---|:---|:---|
# | `states, actions, log_probs_old, returns, advantages = buffer.get()` | pull rollout data | [`SharedBuffer.get`](../ppo_lessons/buffer.py) |
# | `detach()` on tensors | freeze rollout graphs | [`detach_rows`](../ppo_lessons/steps.py) |
# | `for _ in range(epochs)` | multiple update passes | [`ppo_update`](../ppo_lessons/update.py) |
# | `torch.randperm` | shuffle dataset | [`shuffle_rows`](../ppo_lessons/minibatches.py) |
# | forward pass | predict logits and values | [`ActorCritic.forward`](../ppo_lessons/actor_critic.py) |
# | create `Categorical` | build action distribution | [`log_probs_and_entropy`](../ppo_lessons/actor_critic.py) |
# | `log_prob` | new probabilities of taken actions | [`log_probs_and_entropy`](../ppo_lessons/actor_critic.py) |
# | `ratios = exp(new_log_probs - old_log_probs)` | importance sampling | [`importance_ratios`](../ppo_lessons/losses.py) |
# | `actor_loss` | conservative policy improvement loss | [`clipped_surrogate_loss`](../ppo_lessons/losses.py) |
# | `value_loss` | critic loss (MSE) | [`value_loss`](../ppo_lessons/losses.py) |
# | `loss.backward(); optimizer.step()` | update network weights | [`gradient_step`](../ppo_lessons/steps.py) |

# %%
show_progress()

# %% [markdown]
# ## Recap
#
# - Before the first step every ratio is 1, the clip does nothing, and the step is the plain policy-gradient step.
# - Three terms, one number, one gradient, shortened as a whole.
# - Clipping removes an incentive, it does not build a wall: watch approx_kl.
#
# **Next:** [12. Team training: from chaos to mastery](12_team_training.ipynb)
