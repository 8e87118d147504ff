# %% [markdown]
# `A B C [D E] F G H I J K L M N O P`
#
# # 5. Detaching: which tensors may carry a gradient, and what goes silently wrong otherwise?
#
# **60 minutes (a place to stop after 20), 2 exercises.** You need: [04](04_policy_gradient.ipynb).
#
# Afterwards you can: say of every tensor of the update whether it may carry a graph; tell `no_grad`, `detach` and a copy apart; find out which
# weights a loss really reaches.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# "Why is my [ratio](../docs/glossary.md#importance-ratio) always 1?" is asked again and again about PPO code. Before the first step it is 1, up to
# rounding, wherever the policy that learns is the one that played. If it *stays* 1, something is wrong. You will build one mistake that does this and is easily
# made, see that nothing complains, and learn how to find it.

# %% [markdown]
# ## Idea
#
# A tensor that a network has made remembers how it was made: that memory is its *graph*. `backward()` walks along it, from the loss back to the
# weights, through every path that it finds. What was played in the [rollout](../docs/glossary.md#rollout) is history. History must not have a path:
# changing weights now changes nothing that has happened.
#
# **One detective's problem.** In step 6 detective 0 of copy 0 went right and fell: the row (6, 0, 0). Its
# [advantage](../docs/glossary.md#advantage) is -0.036, a little worse than the [critic](../docs/glossary.md#critic) had expected. So the team should
# come to do this a little less often. In one program it never does.

# %%
import copy

import torch
from ppo_lessons import Rows
from ppo_lessons.display.tables import Table
from ppo_lessons.lessons import claim
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
policy, buffer = recording.policy, recording.buffer
rows, data = buffer.get(), buffer.data
guide = recording.rows_of([BADGES["falls"]])  # where (6, 0, 0) stands


def graphs_of(tensors):
    cells = [["tensor", "shape", "carries a graph"]]
    for name, tensor in tensors.items():
        graph = "yes" if tensor.requires_grad else "no"
        cells.append([name, str(tuple(tensor.shape)), graph])
    return Table(cells)


graphs_of(rows._asdict())

# %% [markdown]
# The rollout was played under `torch.no_grad()`, so that no graph was ever made. The update shows the same rows to the
# [policy](../docs/glossary.md#policy) again, and now *with* a graph. It gets three tensors: the
# [log-probability](../docs/glossary.md#log-probability) of each stored action now, how undecided the policy is
# ([entropy](../docs/glossary.md#entropy)), and what the critic says now.

# %%
names = "new_log_probs", "entropies", "values"
said = policy.evaluate_actions(rows.obs, rows.actions)
graphs_of(dict(zip(names, said, strict=True)))

# %% [markdown]
# ## Who may carry a graph
#
# | tensor | graph? | because |
# |---|---|---|
# | `new_log_probs`, `entropies`, `values` now | **yes** | through them the weights learn |
# | `old_log_probs` | no | what the policy *was* |
# | `advantages` | no | a verdict on the action; the actor is not to improve the verdict |
# | `returns` | no | the critic is to come to them, and not they to the critic |
# | `obs`, `actions` | no | what was seen and done |
#
# ## no_grad, detach, clone
#
# - Inside `with torch.no_grad():` no graph is made for what is computed. A graph that was made before stays whole.
# - `tensor.detach()` is a new tensor with the same numbers, outside the graph, in the *same memory*.
# - `tensor.clone()` has memory of its own, and stays in the graph.
#
# **Question.** `kept = weight.detach()`, then an optimizer step changes `weight` in place. What does `kept` hold?
#
# <details><summary>The old numbers: it is detached.</summary>The word suggests it. But it is detached from the graph
# only, and not from the memory.</details>
# <details><summary>The new numbers.</summary>Right: both look at the same memory. For a snapshot, write <code>weight.detach().clone()</code>.</details>
# <details><summary>An error is raised.</summary>PyTorch does refuse some changes in place, of such a weight for
# instance. But not under <code>no_grad</code>, where an optimizer makes its own.</details>

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
# The buffer holds results and not weights: they lie in other memory and have no graph. Change the network as you like, they stay.
#
# ## Predict
#
# Somebody forgets `no_grad` in the rollout, and the old log-probabilities carry a graph to the same weights. Now comes the first
# [mini-batch](../docs/glossary.md#mini-batch).
#
# **Question.** What happens to the actor?
#
# <details><summary>An error: two graphs meet.</summary>That would be a mercy. But graphs may meet, and autograd adds
# up what comes along all paths.</details>
# <details><summary>Nothing at all: it gets the same gradient as before.</summary>The numbers are the same, so one would
# think so. But there is a second path to the weights now, with a minus sign in front.</details>
# <details><summary>The ratio is 1, the loss is as ever, and the gradient is 0, up to rounding.</summary>Right. What one path says, the other
# takes back.</details>

# %% [markdown]
# ## Equation
#
# $$\nabla r = r\,\big(\nabla \log \pi_{\text{new}} - \nabla \log \pi_{\text{old}}\big), \qquad r = e^{\log \pi_{\text{new}} - \log \pi_{\text{old}}}$$
#
# The ratio $r$ is the probability of the stored action now, divided by that at the time of the rollout (Schulman et al. 2017, section 3;
# [lesson 07](07_ratios.ipynb) is about it); the rest is the chain rule. If `old_log_probs` is data, the second gradient is 0. If it comes from the same
# weights, with a graph, the two are equal.

# %%
x = torch.tensor(-1.2, requires_grad=True)  # a log-probability
for name, old in (("is data", x.detach()), ("has a graph", x)):
    ratio = torch.exp(x - old)
    (slope,) = torch.autograd.grad(ratio, x)
    print(f"old {name:11}: ratio {ratio:.1f}, its gradient {slope:.1f}")

# %% [markdown]
# **On paper.** One row: $\pi_\text{old} = \pi_\text{new} = 0.5$, $A = 2$, and $x = \log \pi_\text{new}$. What are value and slope $dL/dx$ of (a) $L = -rA$ with
# the old log-probability as data, (b) the same if it is $x$ itself, (c) $L = -xA$?
#
# <details><summary>Answer</summary>(a) Value -1 x 2 = -2; slope -r A = -2. (b) r is 1 whatever x is: value -2, slope 0. (c) Value -(ln 0.5) x 2 = 1.386,
# slope -2. So (a) and (b) have the same value and different slopes, (a) and (c) different values and the same slope. The value of such a loss says little
# about what it teaches.</details>
#
# ## The silent killer, on real rows
#
# The actor's loss, in three lines. ([Lesson 04](04_policy_gradient.ipynb) says why this loss, and [lesson 08](08_clipping.ipynb) takes its last line apart.) We give it all
# rows of the recording, with the advantages as they are.

# %%
from ppo_lessons import losses
from ppo_lessons.lessons import detaching

eps = CONFIG.clip_eps


def actor_loss(policy, rows):
    now, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    ratios = losses.importance_ratios(now, rows.old_log_probs)
    return losses.clipped_surrogate_loss(ratios, rows.advantages, eps)


# A rollout without no_grad:
graph_log_probs, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
forgotten = rows._replace(old_log_probs=graph_log_probs)
actor = {
    "as data": actor_loss(policy, rows),
    "with a graph": actor_loss(policy, forgotten),
}
for name, part in detaching.gradient_lengths(policy, actor).items():
    print(f"old_log_probs {name:12}: actor_loss {actor[name]:.3f}", end=", ")
    print(f"gradient {part['actor_head']:.3f}")

# %% [markdown]
# The loss is the same, and there is no error and no warning. (The gradient is that of one part of the network, `actor_head`, as a length.) What does it
# mean for our detective? We take its row alone, and one small step of plain gradient descent:

# %%
for name in ("as data", "with a graph"):
    team = copy.deepcopy(policy)
    one = Rows(*(tensor[guide] for tensor in rows))
    if name == "with a graph":  # to the same weights
        graph, _, _ = team.evaluate_actions(one.obs, one.actions)
        one = one._replace(old_log_probs=graph)
    before = one.old_log_probs.exp().item()
    actor_loss(team, one).backward()
    torch.optim.SGD(team.parameters(), lr=0.1).step()
    after, _, _ = team.evaluate_actions(one.obs, one.actions)
    print(f"{name:12}: going right {before:.3f} -> {after.exp().item():.3f}")

# %% [markdown]
# As data, the step to the right becomes rarer, as its advantage asks. With a graph the detective goes on as before, however many such steps
# we take.
#
# ## Loud and silent
#
# We plant the mistake in a whole update. `Steps` holds one function for each box of the flowchart; `Steps(detach_rows=mine)` is the update with `mine` in place
# of its own. Rows that *keep* their graph do complain, in the second mini-batch: the first `backward()` has freed the graph.

# %%
from ppo_lessons import Steps, make_optimizer, ppo_update


def keep_the_graph(rows):  # in place of detach_rows, node E
    return rows


def update(team, rows, **replaced):
    what = team, make_optimizer(team, CONFIG), rows, CONFIG
    generator = torch.Generator().manual_seed(0)
    return ppo_update(*what, generator, steps=Steps(**replaced))


team = load_recording().policy
graph, _, _ = team.evaluate_actions(rows.obs, rows.actions)
played = rows._replace(old_log_probs=graph)
try:
    update(team, played, detach_rows=keep_the_graph)
except RuntimeError as error:
    print("kept:", str(error)[:55])

# %% [markdown]
# Some repair this by *recomputing* the old log-probabilities in each mini-batch, from the network as it is by then. Now nothing complains any more:

# %%
right = update(load_recording().policy, rows)


def recompute(new, old):  # old: from the same network, now, with a graph
    return torch.exp(new - new)


bug = update(load_recording().policy, rows, importance_ratios=recompute)
print("recomputed: no error,", bug.num_gradient_steps, "gradient steps")
off = abs(bug.value_loss / right.value_loss - 1)
claim("value_loss is as good as it should be", off < 0.05, "to 5 %")
claim("clip_fraction is exactly 0", bug.clip_fraction == 0)
claim("so it is in a right update", right.clip_fraction == 0)
more = bug.entropy > right.entropy + 0.05
claim("the entropy is too high", more, "by more than 0.05")

# %% [markdown]
# What one looks at first seems well. The critic learns, and even the policy moves: by the entropy bonus, and through the layers that it shares
# with the critic. Only the actor's loss, the verdict on what the team *did*, has no say any more. What gives it away: after many steps the ratios are still exactly 1, and so the
# [clip_fraction](../docs/glossary.md#clip-fraction) (how many ratios have left the interval 0.8 to 1.2) is exactly 0.
#
# **A place to stop.** You have met the silent mistake. What follows is the tool that finds its kind.

# %% [markdown]
# ## Two trunks, one team
#
# Which loss reaches which weights? Our team's actor and critic share their hidden layers, the *trunk*; each has a *head* of its own, the last
# layer. To see clearly, we give each of them a trunk of its own: two equal copies, so that every number is as before.

# %%
from ppo_lessons import ActorCritic
from ppo_lessons.advantages import estimate_advantages as estimate
from ppo_lessons.advantages import with_team_credit

sizes = policy.obs_size, policy.num_actions, policy.hidden_size
twin = ActorCritic(*sizes, shared_trunk=False)
twin.load_state_dict(policy.state_dict())  # the trunk under both names
pairs = zip(twin(rows.obs), policy(rows.obs), strict=True)
same = all(torch.equal(a, b) for a, b in pairs)
claim("it has the same logits and values", same)

# %% [markdown]
# Now the rollout of a careless programmer: the same numbers, but log-probabilities, advantages and [returns](../docs/glossary.md#return) are made
# *with* a graph. (As in [lesson 03](03_advantages.ipynb): team credit, then GAE on the critic's values. The return is advantage plus value.)

# %%
gamma, gae_lambda = CONFIG.gamma, CONFIG.gae_lambda
who = data.acting, data.episode_over
credited = with_team_credit(data.rewards, *who, gamma)
flags = data.terminated, data.truncated
ends = *flags, data.final_values, recording.last_values


def rows_with_graphs(policy):
    old_log_probs, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    _, values = policy(data.obs)  # (T, E, A)
    advantages = estimate(credited, values, *ends, gamma, gae_lambda)
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
# We send one loss back through the network and look where its gradient arrives. First the actor's loss alone, on the rows as they should be. Each cell
# is a part of the network, the number in it the length of the gradient; "none" means that no path leads there.

# %%
lengths = detaching.gradient_lengths(twin, {"actor": actor_loss(twin, rows)})
detaching.show_gradient_xray(lengths, "the actor's loss")

# %% [markdown]
# It reaches the actor and leaves the critic alone: nothing that the critic says has a path into it. Beside it now the other two parts of the loss, the
# [value loss](../docs/glossary.md#value-loss) and the entropy:


# %%
def value_loss(policy, rows):
    _, _, values = policy.evaluate_actions(rows.obs, rows.actions)
    return losses.value_loss(values, rows.returns)


def right_losses(policy):
    _, entropies, _ = policy.evaluate_actions(rows.obs, rows.actions)
    found = {"actor": actor_loss(policy, rows)}
    found["value"] = value_loss(policy, rows)
    found["entropy"] = losses.entropy_bonus(entropies)
    return found


lengths = detaching.gradient_lengths(twin, right_losses(twin))
detaching.show_gradient_xray(lengths, "three losses as they should be")

# %% [markdown]
# And three mistakes. In each of them one field of the rows is taken from the careless programmer. Before you look: which of the three will be the worst?

# %%
spoilt = {
    name: rows._replace(**{name: getattr(made, name)})
    for name in ("old_log_probs", "advantages", "returns")
}
mistakes = {
    "actor,\nold_log_probs\n+ graph": actor_loss(twin, spoilt["old_log_probs"]),
    "actor,\nadvantages\n+ graph": actor_loss(twin, spoilt["advantages"]),
    "value,\nreturns\n+ graph": value_loss(twin, spoilt["returns"]),
}
lengths = detaching.gradient_lengths(twin, mistakes)
detaching.show_gradient_xray(lengths, "three mistakes")

# %% [markdown]
# - **old_log_probs:** 0.000, everywhere in the actor. Not "none": the paths are there, and cancel.
# - **advantages:** the actor's loss pulls at the critic, and here far harder than at the actor. A critic that expects less gives better advantages.
# - **returns:** the gradient is another one than the value loss should have. The target moves with the critic, so that the critic chases itself. (This is
#   close kin to the *residual gradient* of Baird 1995, which is another algorithm and not PPO's.)
#
# **Question.** And with a shared trunk, as our team has it: which parts does the value loss reach, with nothing done wrong?
#
# <details><summary>critic_head and the shared trunk.</summary>Right, and the actor's loss reaches the trunk too. There both pull at the same weights.</details>
# <details><summary>critic_head alone.</summary>It is the critic's loss, so this is a fair guess. But the values are made from what the trunk hands over, and
# the path goes on into it.</details>
# <details><summary>All parts.</summary>Nearly. One part is spared: no path leads from the values to actor_head.</details>

# %%
lengths = detaching.gradient_lengths(policy, right_losses(policy))
title = "a shared trunk (under the actor's name)"
detaching.show_gradient_xray(lengths, title)

# %% [markdown]
# `detach` does not keep the two losses apart in a shared trunk, and is not meant to: it cuts the *rollout* off. How strongly the critic may pull there is what
# [vf_coef](../docs/glossary.md#vf_coef) decides ([lesson 09](09_value_loss.ipynb)).

# %% [markdown]
# ## Play
#
# Here is one mini-batch of a rollout that was played *with* a graph, and the gradient of a loss on its way back. You hold the scissors. Decide first, then move:
#
# 1. `detach old_log_probs` off: what do the ratios say, and what arrives in actor_head?
# 2. Back on, and `detach advantages` off instead: which layers does the actor's loss reach? And if you `normalise advantages` too, in this first step?
# 3. `total_loss`, nothing detached: which single tick mends everything?
# 4. `shared trunk`: where do actor_loss and value_loss meet, however much you detach?

# %%
detaching.explore()

# %% [markdown]
# To 2: normalised advantages (mean 0, standard deviation 1) always add up to 0, and all ratios are 1, so that the paths cancel. The mistake hides until the ratios
# have moved.
#
# ## Exercise 5.1: freeze the rollout (difficulty 1, 3 minutes)
#
# `rows` is a `Rows`: a NamedTuple of five tensors, as `buffer.get()` gives it. Your own rollout has no graph, but
# somebody else's may have one.


# %% tags=["exercise"]
def detach_rows(rows):
    # Return the same rows, no field of which carries a graph.
    # Leave the caller's rows alone.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

detach_rows = check(detach_rows)
# hint("5.1")
# solution("5.1")

# %% [markdown]
# ## Exercise 5.2: whom did the gradient reach? (difficulty 2, 5 minutes)
#
# This is a tool against silent mistakes. `policy.named_parameters()` gives pairs of name and parameter. After `backward()` the gradient stands in
# `parameter.grad`; where backward never came, `None` stands there.


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
    actor_loss(twin, used).backward()
    parts = [weight.split(".")[0] for weight in reached_by_gradient(twin)]
    print(f"{name:8}", ", ".join(dict.fromkeys(parts)))

# %% [markdown]
# With the careless rows the actor's loss trains the critic, and nothing but the critic. (Here the actor's two paths cancel to the last digit: both looked at
# the same rows at once. After a rollout step by step, rounding can leave billionths, which count as reached. So look at lengths, too.)
#
# ## A claim put to the test
#
# "The actor's loss falls, so the team gets better." We take thirty steps on the actor's loss with the careless advantages, and change the critic's weights alone:
# the policy stays what it is. (All ratios stay 1, and so the loss is minus the mean advantage.)

# %%
student = copy.deepcopy(twin)
named = student.named_parameters()
critic = [weight for name, weight in named if name.startswith("critic")]
optimizer = torch.optim.Adam(critic, lr=1e-3)
ratios, actor_losses, foreseen = torch.ones(len(rows.actions)), [], []
for _ in range(30):
    _, values = student(data.obs)
    advantages = estimate(credited, values, *ends, gamma, gae_lambda)
    A, values = advantages[data.acting], values[data.acting].detach()
    loss = losses.clipped_surrogate_loss(ratios, A, eps)
    actor_losses.append(loss.item())
    foreseen.append(losses.explained_variance(values, rows.returns))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
now, _, _ = student.evaluate_actions(rows.obs[guide], rows.actions[guide])
kept = torch.allclose(now, rows.old_log_probs[guide], atol=1e-6)
claim("the critic's mean value has fallen", values.mean() < 0, "below 0")
claim("detective 0 goes right as often as before", kept, "at (6, 0, 0)")
detaching.show_false_progress(actor_losses, foreseen)

# %% [markdown]
# Refuted: no detective has changed a single habit. The critic has learnt to expect less and less, so that nearly everything looks like a pleasant surprise. It
# foresees nothing any more ([explained variance](../docs/glossary.md#explained-variance): 1 is perfect, 0 no better than a constant; more in
# [lesson 09](09_value_loss.ipynb)).

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - What was played is data: old_log_probs, advantages and returns carry no graph.
# - If old_log_probs comes from the same weights with a graph, the ratio is 1, the gradient 0 (up to rounding), and no error is raised. If advantages keep their graph, the
#   actor's loss bends the critic.
# - The value of a loss tells you little. Ask which weights its gradient reaches.
#
# | code | meaning |
# |---|---|
# | [`detach_rows(rows)`](../ppo_lessons/steps.py) | node E, `detach()` on tensors: freeze rollout graphs |
# | [`reached_by_gradient(policy)`](../ppo_lessons/actor_critic.py) | which weights has a loss reached? |
#
# **Next:** [6. Mini-batches: why several epochs, why shuffle, why split?](06_minibatches.ipynb)
