# %% [markdown]
# `A B C [D E] F G H I J K L M N O P`
#
# # 5. Detaching: which tensors may carry a gradient, and what goes silently wrong otherwise?
#
# **20 minutes, 2 exercises.** You need: [04](04_policy_gradient.ipynb).
#
# Afterwards you can: say of every tensor of the update whether it may carry a graph; tell `no_grad`, `detach` and a copy apart; find out which
# weights a loss really reaches.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# "Why is my ratio always 1?" is asked again and again about PPO code. You will build the mistake behind it, see that nothing complains, and own a tool
# that finds it.

# %% [markdown]
# ## Idea
#
# A tensor that a network has made remembers how: that is its *graph*. `backward()` walks along it, from the loss back to the weights, through
# every path that it finds. What was played in the rollout is history. History must not have a path: nobody can change what happened by
# changing weights now.

# %%
import copy

import torch
from ppo_lessons.display.tables import Table
from ppo_lessons.lessons import claim
from ppo_lessons.shipped.recording import CONFIG, load_recording

recording = load_recording()
policy, buffer = recording.policy, recording.buffer
rows, data = buffer.get(), buffer.data


def graphs_of(tensors):
    cells = [["tensor", "shape", "carries a graph"]]
    for name, tensor in tensors.items():
        graph = "yes" if tensor.requires_grad else "no"
        cells.append([name, str(tuple(tensor.shape)), graph])
    return Table(cells)


graphs_of(rows._asdict())

# %% [markdown]
# The rollout was played under `torch.no_grad()`, so no graph was ever made. The update looks at the same rows again, *with* a graph:

# %%
said = policy.evaluate_actions(rows.obs, rows.actions)
new_log_probs, entropies, values = said
now = dict(new_log_probs=new_log_probs, entropies=entropies)
graphs_of(now | dict(values=values))

# %% [markdown]
# ## Who may carry a graph
#
# | tensor | graph? | because |
# |---|---|---|
# | `new_log_probs`, `entropies`, `values` now | **yes** | through them the weights learn |
# | `old_log_probs` | no | what the policy *was* |
# | `advantages` | no | a verdict on the action, not something to be improved by the actor |
# | `returns` | no | what the critic is to come to, not the other way round |
# | `obs`, `actions` | no | what was seen and done |

# %% [markdown]
# ## no_grad, detach, clone
#
# - `with torch.no_grad():` no graph is made for what is computed inside. It cuts nothing that was made before.
# - `tensor.detach()`: a new tensor with the same numbers, outside the graph, in the *same memory*.
# - `tensor.clone()`: other memory, the same graph.
#
# **Question.** `kept = weight.detach()`, then an optimizer step changes `weight` in place. What does `kept` hold?
#
# <details><summary>The old numbers: it is detached.</summary>Not so: it is detached from the graph, not from the memory.</details>
# <details><summary>The new numbers.</summary>Right: both look at the same memory. For a snapshot, write <code>weight.detach().clone()</code>.</details>
# <details><summary>An error is raised.</summary>Not so: nothing is differentiated here.</details>

# %%
weight = torch.tensor([1.0, 2.0], requires_grad=True)
kept, snapshot = weight.detach(), weight.detach().clone()
with torch.no_grad():
    weight += 10  # in place, as an optimizer does it
print("detached:           ", kept.tolist())
print("detached and cloned:", snapshot.tolist())
other = load_recording()  # a network to be spoilt, and the rows that it played
before = other.buffer.get().old_log_probs.clone()
with torch.no_grad():
    for parameter in other.policy.parameters():
        parameter += 10
after = other.buffer.get().old_log_probs
same = torch.equal(before, after)
claim("stored log_probs stay when the network changes", same)

# %% [markdown]
# The buffer's numbers are results, not weights: other memory, no graph. Change the network as you like, they stay.
#
# ## Predict
#
# Somebody forgets `no_grad` in the rollout, and the old log-probabilities carry a graph to the same weights. The first mini-batch is evaluated.
#
# **Question.** What happens to the actor?
#
# <details><summary>An error: two graphs meet.</summary>Not so: graphs may meet, autograd adds up what comes along all paths.</details>
# <details><summary>Nothing at all: it gets the same gradient as before.</summary>Not so: there is a second path to the weights now, with a minus
# sign in front.</details>
# <details><summary>The ratio is 1, the loss is as ever, and the gradient is exactly 0.</summary>Right. What one path says, the other
# takes back.</details>

# %% [markdown]
# ## Equation
#
# $$\nabla r = r\,\big(\nabla \log \pi_{\text{new}} - \nabla \log \pi_{\text{old}}\big), \qquad r = e^{\log \pi_{\text{new}} - \log \pi_{\text{old}}}$$
#
# (The ratio is that of Schulman et al. 2017, section 3; the rest is the chain rule.) If `old_log_probs` is data, the second gradient is 0. If it comes
# from the same weights, with a graph, the two are equal.

# %%
x = torch.tensor(-1.2, requires_grad=True)  # a log-probability
for name, old in (("is data", x.detach()), ("has a graph", x)):
    ratio = torch.exp(x - old)
    (slope,) = torch.autograd.grad(ratio, x)
    print(f"old {name:11}: ratio {ratio:.1f}, its gradient {slope:.1f}")

# %% [markdown]
# ## The silent killer, on real rows
#
# All rows of the recording; the advantages as they are.

# %%
from ppo_lessons import losses
from ppo_lessons.lessons import detaching

# A rollout without no_grad:
graph_log_probs, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
actor, A, eps = {}, rows.advantages, CONFIG.clip_eps
olds = {"as data": rows.old_log_probs, "with a graph": graph_log_probs}
cells = [["old_log_probs", "largest |ratio - 1|", "actor_loss"]]
for name, old in olds.items():
    ratios = losses.importance_ratios(new_log_probs, old)
    actor[name] = losses.clipped_surrogate_loss(ratios, A, eps)
    off = (ratios - 1).abs().max()
    cells.append([name, f"{off:.3f}", f"{actor[name]:.3f}"])
print(Table(cells))
for name, column in detaching.gradient_lengths(policy, actor).items():
    print(f"{name}: gradient of length {column['actor_head']:.3f}")

# %% [markdown]
# Same ratios, same loss. No error, no warning. One trains, the other does not.
#
# ## Loud and silent
#
# Kept for a whole update, such rows do complain: `backward()` frees the graph, and the second mini-batch asks for it again. *Recomputed* in each
# mini-batch, as some repair it, they never do.

# %%
from ppo_lessons import Steps, make_optimizer, ppo_update


def update(rows, **steps):
    team = load_recording().policy
    rows = rows(team) if callable(rows) else rows
    what = team, make_optimizer(team, CONFIG), rows, CONFIG
    generator = torch.Generator().manual_seed(0)
    return ppo_update(*what, generator, steps=Steps(**steps))


def with_graph(team):
    old_log_probs, _, _ = team.evaluate_actions(rows.obs, rows.actions)
    return rows._replace(old_log_probs=old_log_probs)


try:
    update(with_graph, detach_rows=lambda rows: rows)
except RuntimeError as error:
    print("kept:", str(error)[:55])

# %%
right = update(rows)


def recompute(new, old):  # old: the same network, now, with a graph
    return torch.exp(new - new)


bug = update(rows, importance_ratios=recompute)
print("recomputed: no error,", bug.num_gradient_steps, "gradient steps")
off = abs(bug.value_loss / right.value_loss - 1)
claim("value_loss is as good as it should be", off < 0.05, "to 5 %")
claim("clip_fraction is exactly 0", bug.clip_fraction == 0)
claim("as it should be", right.clip_fraction == 0, "in a right update")
more = bug.entropy > right.entropy + 0.05
claim("the entropy is too high", more, "by more than 0.05")

# %% [markdown]
# Everything one looks at first seems well. The critic learns, and the policy even moves: by the entropy bonus, and through the layers that it shares
# with the critic. Only what the team *did* has no say any more. The trace that gives it away: ratios of exactly 1, a clip_fraction of exactly 0, after many steps.

# %% [markdown]
# ## Two trunks, one team
#
# Which loss reaches which weights? To see it clearly, actor and critic get a trunk (hidden layers) of their own each: two equal copies, so that
# every number is as before.

# %%
from ppo_lessons import ActorCritic
from ppo_lessons.advantages import gae, with_team_credit

sizes = policy.obs_size, policy.num_actions, policy.hidden_size
twin = ActorCritic(*sizes, shared_trunk=False)
twin.load_state_dict(policy.state_dict())  # the trunk under both names
pairs = zip(twin(rows.obs), policy(rows.obs), strict=True)
same = all(torch.equal(a, b) for a, b in pairs)
claim("it has the same logits and values", same)

# %% [markdown]
# And the rollout that a careless programmer would have: the same numbers, but log-probabilities, advantages and returns made *with* a graph.

# %%
gamma, gae_lambda = CONFIG.gamma, CONFIG.gae_lambda
who = data.acting, data.episode_over
credited = with_team_credit(data.rewards, *who, gamma)
flags = data.terminated, data.truncated
ends = *flags, data.final_values, recording.last_values


def rows_with_graphs(policy):
    old_log_probs, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    _, values = policy(data.obs)  # (T, E, A)
    advantages = gae(credited, values, *ends, gamma, gae_lambda)
    made = rows._replace(old_log_probs=old_log_probs)
    made = made._replace(returns=(advantages + values)[data.acting])
    return made._replace(advantages=advantages[data.acting])


made = rows_with_graphs(twin)
pairs = zip(made, rows, strict=True)
same = all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
claim("the numbers are the same", same, "to 5 digits")
graphs_of(made._asdict())

# %% [markdown]
# ## Picture: a gradient X-ray
#
# Each column is a loss, each row a part of the network, each cell the length of the gradient. "none": no path leads there. Left: three losses as they should be. Right:
# three mistakes. (The advantages are as they are, not normalised.)


# %%
def losses_of(policy, rows, made):
    said = policy.evaluate_actions(rows.obs, rows.actions)
    log_probs, entropies, values = said

    def actor(old_log_probs, A):
        ratios = losses.importance_ratios(log_probs, old_log_probs)
        return losses.clipped_surrogate_loss(ratios, A, eps)

    old, A, returns = rows.old_log_probs, rows.advantages, rows.returns
    return {
        "actor": actor(old, A),
        "value": losses.value_loss(values, returns),
        "entropy": losses.entropy_bonus(entropies),
        "actor,\nold_\nlog_probs\n+ graph": actor(made.old_log_probs, A),
        "actor,\nadvan-\ntages\n+ graph": actor(old, made.advantages),
        "value,\nreturns\n+ graph": losses.value_loss(values, made.returns),
    }


two_trunks = losses_of(twin, rows, made)
lengths = detaching.gradient_lengths(twin, two_trunks)
detaching.show_gradient_xray(lengths, "two trunks")

# %% [markdown]
# - As it should be: the actor's loss leaves the critic alone, the value loss the actor.
# - **old_log_probs:** 0.000, everywhere. Not "none": the paths are there, and cancel.
# - **advantages:** the actor's loss pulls at the critic, far harder than at the actor. Lower values make better advantages.
# - **returns:** another gradient than the value loss has. The target moves with the critic, which chases itself.
#
# (The last one is close kin to the *residual gradient* of Baird 1995: another algorithm, not PPO's.)

# %% [markdown]
# **Question.** And with a shared trunk, as our team has it: which parts does the value loss reach?
#
# <details><summary>critic_head and the shared trunk.</summary>Right, and the actor's loss reaches the trunk too. There both pull at the same weights.</details>
# <details><summary>critic_head alone.</summary>Not so: the values are made from the trunk's features. The path goes on.</details>
# <details><summary>All parts.</summary>Not so: no path leads from the values to actor_head.</details>

# %%
shared = losses_of(policy, rows, rows_with_graphs(policy))
lengths = detaching.gradient_lengths(policy, shared)
title = "a shared trunk (under the actor's name)"
detaching.show_gradient_xray(lengths, title)

# %% [markdown]
# `detach` does not keep the two losses apart in a shared trunk, and is not meant to: it cuts the *rollout* off. How strongly the critic may pull there is what
# vf_coef decides ([lesson 09](09_value_loss.ipynb)).

# %% [markdown]
# ## Play
#
# One mini-batch of a rollout that was played *with* a graph, the gradient of a loss on its way back, and the scissors in your hand. Decide first, then move:
#
# 1. `detach old_log_probs` off: what do the ratios say, and what arrives in actor_head?
# 2. Back on, and `detach advantages` off instead: which layers does the actor's loss reach? And if you `normalise advantages` too, in this first step?
# 3. `total_loss`, nothing detached: which single tick mends everything?
# 4. `shared trunk`: where do actor_loss and value_loss meet, however much you detach?

# %%
detaching.explore()

# %% [markdown]
# To 2: normalised advantages always add up to 0, and all ratios are 1, so the paths cancel. The mistake hides, until the ratios have moved.
#
# ## Exercise 5.1: freeze the rollout (difficulty 1, 3 minutes)
#
# `rows` is a `Rows`: a NamedTuple of five tensors, as `buffer.get()` gives it. Your own rollout has no graph, but the next one's may.


# %% tags=["exercise"]
def detach_rows(rows):
    # Return the same rows, no field of which carries a graph.
    # Leave the caller's rows alone.
    return ...


# %%
from ppo_lessons.buffer import Rows
from ppo_lessons.lessons import check, hint, inputs, solution

detach_rows = check(detach_rows)
# hint("5.1")
# solution("5.1")

# %% [markdown]
# ## Exercise 5.2: whom did the gradient reach? (difficulty 2, 5 minutes)
#
# Your tool against silent mistakes. `policy.named_parameters()` gives pairs of name and parameter; after `backward()` the gradient stands in `parameter.grad`, or
# `None` where backward never came.


# %% tags=["exercise"]
def reached_by_gradient(policy):
    # Return the names of the parameters that a gradient has reached
    # which is not all 0, as a list.
    return ...


# %%
reached_by_gradient = check(reached_by_gradient)
# hint("5.2")
# solution("5.2")

# %% [markdown]
# ## Your two functions at work
#
# Rows in which everything carries a graph, and the same rows after your `detach_rows`. Whom does the *actor's* loss reach?

# %%
careless = rows_with_graphs(twin)
careful = detach_rows(careless)
for name, used in (("careless", careless), ("careful", careful)):
    twin.zero_grad()
    now, _, _ = twin.evaluate_actions(used.obs, used.actions)
    ratios = losses.importance_ratios(now, used.old_log_probs)
    loss = losses.clipped_surrogate_loss(ratios, used.advantages, eps)
    loss.backward()
    parts = [weight.split(".")[0] for weight in reached_by_gradient(twin)]
    print(f"{name:8}", ", ".join(dict.fromkeys(parts)))

# %% [markdown]
# Careless, the actor's loss trains the critic and nothing but the critic.
#
# ## A claim put to the test
#
# "The actor's loss falls, so the team gets better." Thirty steps on the actor's loss, advantages with a graph. Only the critic's weights are changed: the policy
# stays what it is.

# %%
student = copy.deepcopy(twin)
named = student.named_parameters()
critic = [weight for name, weight in named if name.startswith("critic")]
optimizer = torch.optim.Adam(critic, lr=1e-3)
ratios, actor_losses, foreseen = torch.ones(len(rows.actions)), [], []
for _ in range(30):
    _, values = student(data.obs)
    advantages = gae(credited, values, *ends, gamma, gae_lambda)
    A, values = advantages[data.acting], values[data.acting].detach()
    loss = losses.clipped_surrogate_loss(ratios, A, eps)
    actor_losses.append(loss.item())
    foreseen.append(losses.explained_variance(values, rows.returns))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
detaching.show_false_progress(actor_losses, foreseen)

# %% [markdown]
# Refuted. No detective has changed a single habit. The critic has only learnt to expect less, so that everything looks like a pleasant surprise, and foresees nothing
# any more (*explained_variance*: 1 is perfect, 0 no better than a constant; more in [lesson 09](09_value_loss.ipynb)).

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - What was played is data: old_log_probs, advantages and returns carry no graph.
# - Un-detached old_log_probs: ratio 1, gradient exactly 0, no error. Un-detached advantages: the actor's loss bends the critic.
# - A loss tells you little; ask which weights its gradient reaches.
#
# | code | meaning |
# |---|---|
# | [`detach_rows(rows)`](../ppo_lessons/steps.py) | node E, `detach()` on tensors: freeze rollout graphs |
# | [`reached_by_gradient(policy)`](../ppo_lessons/actor_critic.py) | which weights has a loss reached? |
#
# **Next:** [6. Mini-batches: why several epochs, why shuffle, why split?](06_minibatches.ipynb)
