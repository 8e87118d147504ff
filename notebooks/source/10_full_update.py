# %% [markdown]
# `A B C [D E F G H I J K L M N O] P`
#
# # 10. The full update: does mine equal the reference, number for number?
#
# **25 minutes, 2 exercises.** You need: [01](01_rollout.ipynb), and lessons 02 to 09 when they are there.
#
# Afterwards you can: walk through one PPO update line by line on a real batch, say what each number should be, and write the last two boxes.

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

import torch

from ppo_lessons import PPOConfig, Steps, TrainingRun, collect, losses, ppo_update
from ppo_lessons.actor_critic import log_probs_and_entropy
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.ages import load_age
from ppo_lessons.buffer import Rows
from ppo_lessons.interactive import update_figures as figures
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.steps import detach_rows
from ppo_lessons.update import minibatch_losses

config = PPOConfig(num_steps=16, seed=1)
run = TrainingRun("pack", config, policy=load_age("mastery"))  # masters of the standard case meet a tougher pack
policy, optimizer, buffer = run.policy, run.optimizer, run.buffer
for _ in range(3):  # the third rollout, when the copies are no longer all at their first steps
    buffer.clear()
    last_values = collect(run.env, policy, buffer, run.action_generator)  # nodes A, B, C

# %% [markdown]
# ## D. Extract
#
# The buffer is full. Advantages say how much better each action was than the critic expected; returns are advantages plus old values. Then
# the line of the flowchart, as it stands there:

# %%
buffer.finish(last_values, config.gamma, config.gae_lambda, team_credit=config.team_credit)
states, actions, log_probs_old, returns, advantages = buffer.get()
print("states", tuple(states.shape), " all others", tuple(actions.shape), f"of {16 * 256 * 4} rows (T x E x A)")
print(f"advantages: mean {advantages.mean():+.2f}, standard deviation {advantages.std():.2f}")

# %% [markdown]
# ## E. Detach
#
# What was played is data, no longer a function of the weights. An old log-probability *with* a graph would make every ratio
# $e^{x - x} = 1$ with gradient 0: nothing is learned, and no error is raised. Ours were made under `no_grad`; `detach` makes sure.

# %%
rows = detach_rows(Rows(states, actions, log_probs_old, returns, advantages))
print("carries a graph:", {name: tensor.requires_grad for name, tensor in rows._asdict().items()})

# %% [markdown]
# ## F, G, H. Epochs, shuffle, split
#
# Neighbouring rows come from the same case and look alike. Shuffled, each mini-batch is a fair sample of the whole rollout. Each row is in
# exactly one mini-batch of an epoch.

# %%
generator = torch.Generator().manual_seed(0)
order = shuffle_rows(len(rows.actions), generator)
pieces = split_rows(order, config.minibatch_size)
print(
    "mini-batches of",
    [len(piece) for piece in pieces],
    "rows; each row once:",
    len(torch.cat(pieces).unique()) == len(order),
)
minibatch = Rows(*(tensor[pieces[0]] for tensor in rows))

# %% [markdown]
# ## I, J. Forward pass, log_probs and entropy
#
# The *current* policy looks at the stored observations again. `Categorical` is PyTorch's name for the distribution over actions; the package
# has the same in three lines, because it is faster.

# %%
logits, values = policy(minibatch.obs)  # (B, N), (B,)
distribution = torch.distributions.Categorical(logits=logits)
new_log_probs, entropies = log_probs_and_entropy(logits, minibatch.actions)  # (B,), (B,)
print("same log_probs:", torch.allclose(new_log_probs, distribution.log_prob(minibatch.actions), atol=1e-6))
print("same entropy:  ", torch.allclose(entropies, distribution.entropy(), atol=1e-6))
print("with a graph:  ", new_log_probs.requires_grad)

# %% [markdown]
# ## K. Ratios
#
# $$r = \frac{\pi_\text{new}(a \mid s)}{\pi_\text{old}(a \mid s)} = e^{\log \pi_\text{new} - \log \pi_\text{old}}$$
#
# (Schulman et al. 2017, section 3.) *Predict:* no step has been taken yet. What are the ratios, and is their gradient 0 as well?

# %%
ratios = losses.importance_ratios(new_log_probs, minibatch.old_log_probs)
(gradient,) = torch.autograd.grad(ratios.mean(), policy.actor_head.weight, retain_graph=True)
print("all 1, to six digits:", bool((ratios - 1).abs().max() < 1e-6), "  gradient 0:", bool((gradient == 0).all()))

# %% [markdown]
# Every ratio is 1: it is the same policy. But a value of 1 is not a gradient of 0. The gradient of $r$ at this point is that of $\log \pi$, so the first
# step of PPO is the plain policy-gradient step. (If *both* log-probabilities carried a graph, it would be 0.)

# %% [markdown]
# ## L. The clipped surrogate loss
#
# $$L = -\,\mathrm{mean}\big(\min(r\,A,\ \mathrm{clip}(r, 1-\epsilon, 1+\epsilon)\,A)\big)$$
#
# (equation 7, with a minus sign to minimise.) The advantages are brought to mean 0 and standard deviation 1 in each mini-batch first.

# %%
normalised = normalise_advantages(minibatch.advantages)
actor_loss = losses.clipped_surrogate_loss(ratios, normalised, config.clip_eps)
print(f"advantages: mean {normalised.mean().abs():.3f}, standard deviation {normalised.std():.3f}")
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
total = losses.total_loss(actor_loss, value_loss, entropy, config.vf_coef, config.ent_coef)
print(f"value_loss {value_loss:.2f}, total {total:.2f}, entropy {entropy:.2f} of at most ln 5 = {math.log(5):.2f}")
figures.show_loss_terms(minibatch_losses(policy, minibatch, config), config)

# %% [markdown]
# ## O. Backpropagation and step
#
# Forget old gradients, work out new ones, shorten them *together* to max_grad_norm, step. Now, for the first time, a weight changes.

# %%
by_hand, weights_before = copy.deepcopy((policy, optimizer)), copy.deepcopy(policy.state_dict())
optimizer.zero_grad()
total.backward()
grad_norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
optimizer.step()
print(f"length of the gradient {grad_norm:.2f}, shortened to at most {config.max_grad_norm}")
figures.show_weight_changes(weights_before, policy.state_dict())

# %% [markdown]
# ## The same, by the package
#
# `ppo_update` does this for every mini-batch of every epoch. Asked for one epoch of one mini-batch with the very same rows, does it
# give the same weights, to the last digit?

# %%
one = PPOConfig(num_steps=16, seed=1, epochs=1)
other_policy, other_optimizer = by_hand
only_first = Steps(split_rows=lambda order, size: split_rows(order, size)[:1])
ppo_update(other_policy, other_optimizer, rows, one, torch.Generator().manual_seed(0), steps=only_first)
pairs = zip(policy.parameters(), other_policy.parameters(), strict=True)
print("same weights, to the last digit:", all(torch.equal(a, b) for a, b in pairs))

# %% [markdown]
# ## Picture: the whole update
#
# Four epochs, one point for each gradient step. Before each step the losses are noted.


# %%
def update(config, **steps):
    policy, history = load_age("mastery"), []
    run = TrainingRun("pack", config, policy=policy)
    run_generator = torch.Generator().manual_seed(0)

    def note(index, losses, grad_norm):
        history.append(losses)

    report = ppo_update(policy, run.optimizer, rows, config, run_generator, steps=Steps(**steps), on_minibatch=note)
    return policy, history, report


policy, history, report = update(config)
figures.show_update(history, config.epochs, config.clip_eps)

# %% [markdown]
# The first point has ratio 1 and KL 0, as foretold. The next few go far: a fresh Adam takes steps of full length whatever the gradient's
# length. Then the clip and the two means that Adam keeps calm it down.


# %%
def ratios_under(policy):
    with torch.no_grad():
        new_log_probs, _ = log_probs_and_entropy(policy(rows.obs)[0], rows.actions)
    return losses.importance_ratios(new_log_probs, rows.old_log_probs)


figures.show_ratios(ratios_under(load_age("mastery")), ratios_under(policy), config.clip_eps)

# %% [markdown]
# Some ratios end far outside the interval. Clipping takes away a row's *incentive* to go further; it does not hold the row back when others move
# the same weights. That is why approx_kl is watched.

# %% [markdown]
# ## Play
#
# Three things to try, each with what to watch: `epochs=12` (how far do approx_kl and the ratios go?), `clip_eps=0.05` (does
# clip_fraction rise?), `learning_rate=2e-2` (what becomes of the entropy?).

# %%
mine = PPOConfig(num_steps=16, seed=1, epochs=4, clip_eps=0.2, learning_rate=4e-3)
_, history, report = update(mine)
print(
    f"approx_kl {history[-1].approx_kl:.3f}, clip_fraction {history[-1].clip_fraction:.2f}, entropy {history[-1].entropy:.2f}"
)

# %% [markdown]
# ## Exercise 10.1: the total loss (difficulty 1, 4 minutes)
#
# Five numbers in, one out: the actor's loss, the critic's, the entropy, and the two coefficients.


# %% tags=["exercise"]
def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    # Return the one number to minimise.
    return ...


# %%
from ppo_lessons.classroom import check, hint, solution

total_loss = check(total_loss)
# hint("10.1")
# solution("10.1")

# %% [markdown]
# ## Exercise 10.2: the gradient step (difficulty 2, 6 minutes)
#
# Box O: from the total loss to changed weights. `torch.nn.utils.clip_grad_norm_(parameters, max_norm)` shortens the gradients in place and
# returns how long they were before.


# %% tags=["exercise"]
def gradient_step(total_loss, policy, optimizer, max_grad_norm):
    # Change the weights once; return the length of the gradient before it was shortened.
    return ...


# %%
gradient_step = check(gradient_step)
# hint("10.2")
# solution("10.2")

# %% [markdown]
# ## Your update against the reference
#
# The real update with your two functions in it, eight or more gradient steps on the same rows. (As long as a blank is open, the package's
# function stands in for it.)

# %%
reference, _, reference_report = update(config)
yours, _, your_report = update(config, total_loss=total_loss, gradient_step=gradient_step)
pairs = zip(reference.parameters(), yours.parameters(), strict=True)
print("gradient steps:", your_report.num_gradient_steps)
print("same weights, to the last digit:", all(torch.equal(a, b) for a, b in pairs))
print("same report:", your_report == reference_report)

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

# %% [markdown]
# ## Recap
#
# - Before the first step every ratio is 1, the clip does nothing, and the step is the plain policy-gradient step.
# - Three terms, one number, one gradient, shortened as a whole.
# - Clipping removes an incentive, it does not build a wall: watch approx_kl.
#
# **Next:** [11. Team training: from chaos to mastery](11_team_training.ipynb)
