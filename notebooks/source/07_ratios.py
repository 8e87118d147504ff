# %% [markdown]
# `A B C D E F G H [I J K] L M N O P`
#
# # 7. Ratios: how much likelier is that action now?
#
# **60 minutes (a place to stop after 20), 3 exercises.** You need: [06](06_minibatches.ipynb).
#
# Afterwards you can: look stored actions up in the current policy; write the ratio; say what it is, and what its gradient is, before the first
# step; tell how far the policy has moved.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will look at the team's recorded decisions with the eyes of the policy as it is *now*, and reduce what has changed to one number per row.

# %% [markdown]
# ## Idea
#
# **One detective's problem.** In the row (6, 0, 0) detective 0 went right, with a probability of 0.62, and fell. Its
# [advantage](../docs/glossary.md#advantage) is a little below 0, so this is to become rarer. Is it becoming rarer?
#
# The rows were played by one [policy](../docs/glossary.md#policy). After the first [gradient step](../docs/glossary.md#gradient-step) the network holds another. It might
# have played another game, but we can still ask it: *this detective saw this and went right; how likely would you make that?* The answer, divided by how likely it was
# then, is the [**ratio**](../docs/glossary.md#importance-ratio).

# %%
import numpy as np
import torch
from ppo_lessons import Rows, actor_critic, losses
from ppo_lessons.display.tables import row_table
from ppo_lessons.lessons import claim
from ppo_lessons.lessons import ratios as lesson
from ppo_lessons.shipped.recorded_update import one_pass
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording
from torch.distributions import Categorical, kl_divergence

recording = load_recording()
rows, badges = recording.buffer.get(), recording.buffer.badges()
six = recording.rows_of(BADGES.values())
guide = six[1]  # (6, 0, 0), called "falls"
then = dict(action=rows.actions, old_log_prob=rows.old_log_probs)
then["old_prob"] = rows.old_log_probs.exp()
row_table(badges, six, BADGES, **then)

# %% [markdown]
# ## I. The forward pass
#
# The current policy gets the stored `obs` and gives five *logits* for each row, one number for each action. Softmax ($e$ to each, divided by their sum) turns them into
# probabilities. Nothing is drawn here. The update only looks up the action that *was* taken. It does so also where another one is likelier, as for `drained`, who went right
# against the odds.

# %%
logits, values = recording.policy(rows.obs)
shapes = (tuple(x.shape) for x in (rows.obs, logits, values))
print("obs {} -> logits {} and values {}".format(*shapes))
lesson.show_lookup(logits[six], rows.actions[six], BADGES)

# %% [markdown]
# ## J. The log-probability
#
# $$\log \pi(a \mid s) = z_a - \ln \sum_b e^{z_b}$$
#
# This is the logarithm of softmax, `log_softmax`: $z_a$ is the logit of the action taken, and the sum goes over all five. The
# [log-probability](../docs/glossary.md#log-probability) is kept, and not the probability, because tiny probabilities stay ordinary numbers in it, and because a quotient becomes
# a difference. PyTorch wraps the same in an object, `Categorical`.

# %%
all_log_probs = torch.log_softmax(logits, dim=-1)  # (B, N)
column = rows.actions.unsqueeze(-1)  # (B, 1)
new_log_probs = all_log_probs.gather(-1, column).squeeze(-1)  # (B,)
distribution = Categorical(logits=logits)
theirs = distribution.log_prob(rows.actions)
drained = new_log_probs[six[0]], theirs[six[0]]
print("drained: {:.3f}, by Categorical {:.3f}".format(*drained))
off = (new_log_probs - theirs).abs().max()
claim("it is the same in every row", off < 1e-6, f"{len(theirs)} rows")
entropies = actor_critic.entropy_of(all_log_probs)
off = (entropies - distribution.entropy()).abs().max()
claim("and so is the entropy", off < 1e-6)

# %% [markdown]
# A trap lies here. If the actions are given as a column, (B, 1), `Categorical` looks *every* row's action up in *every* row, and raises no error. The package refuses:

# %%
column = rows.actions[six].unsqueeze(1)  # (6, 1)
six_of_them = Categorical(logits=logits[six])
print("Categorical gives", tuple(six_of_them.log_prob(column).shape))
try:
    actor_critic.log_probs_of(logits[six], column)
except ValueError as error:
    print("the package says:", error)

# %% [markdown]
# ## K. Equation: the ratio
#
# $$r = \frac{\pi_\text{new}(a \mid s)}{\pi_\text{old}(a \mid s)} = e^{\log \pi_\text{new} - \log \pi_\text{old}}$$
#
# (Schulman et al. 2017, section 3.) In our words: `ratios`, `new_log_probs`, `old_log_probs`. The actions were drawn by the old policy; weighted with
# $r$, each counts as often as the new policy would have chosen it in that place. The field calls this *importance sampling* ([lesson 04](04_policy_gradient.ipynb)
# shows it with two coins). The weight mends the choice of the action, and not that the new policy would also come to other places.

# %% [markdown]
# **Question.** No step has been taken: the policy that looks is the one that played, and every ratio is 1. What is the gradient of the ratios?
#
# <details><summary>0, because they are all the same constant.</summary>They look constant, being 1 in every row. But 1 is only their value at
# these weights: change a weight and they move. A parabola is 1 somewhere too, and need not be flat there.</details>
# <details><summary>That of the log-probability.</summary>Right: the derivative of e to the x is itself, here 1, times that of x. And x holds only one
# tensor with a graph, the new log-probability.</details>
# <details><summary>It cannot be worked out, numerator and denominator are equal.</summary>They are equal in value, but not in kind. The
# denominator is a stored number, the numerator a function of the weights, and of that there is a gradient.</details>

# %%
first = one_pass()[0]  # the first mini-batch of an update
minibatch = Rows(*(tensor[first] for tensor in rows))
policy, A = recording.policy, minibatch.advantages
logits, _ = policy(minibatch.obs)
new = actor_critic.log_probs_of(logits, minibatch.actions)
ratios = losses.importance_ratios(new, minibatch.old_log_probs)
weights = [policy.actor_head.weight, *policy.actor_trunk.parameters()]


def gradients(loss):
    return torch.autograd.grad(loss, weights, retain_graph=True)


ppo = gradients(-(ratios * A).mean())
plain = gradients(-(new * A).mean())
claim("every ratio is 1, to six digits", (ratios - 1).abs().max() < 1e-6)
claim("there is a gradient all the same", any(g.any() for g in ppo))
same = all(map(torch.allclose, ppo, plain))
claim("it is the gradient of -log_prob A", same)

# %% [markdown]
# $$\nabla r = r\, \nabla \log \pi_\text{new}$$
#
# With $r = 1$ the gradient of $-r A$ is that of $-\log \pi\, A$, the loss of the plain policy gradient (equation 2 of the paper, with a minus sign): **in the first
# mini-batch, PPO's actor has the plain policy gradient**. [Lesson 05](05_detaching.ipynb)'s silent bug gives the same ratios and a gradient of 0:

# %%
not_detached = losses.importance_ratios(new, new)  # both with a graph
bug = gradients(-(not_detached * A).mean())
claim("every ratio is 1", (not_detached == 1).all())
claim("the gradient is 0", not any(gradient.any() for gradient in bug))

# %% [markdown]
# ## How far has the whole policy moved?
#
# A ratio speaks of one action. How different are two policies as a whole? Somebody watches moves that the *old* policy plays, and wants to find out which of the two is
# playing. Each move says a little: by what factor is it likelier under the old one? The mean of that factor's logarithm is the **KL divergence** (Kullback-Leibler):
#
# $$\mathrm{KL}(\pi_\text{old} \,\|\, \pi_\text{new}) = \sum_a \pi_\text{old}(a)\, \ln \frac{\pi_\text{old}(a)}{\pi_\text{new}(a)}$$
#
# With two actions, by hand:
#
# | action | then | now | ln (then / now) | then x ln (then / now) |
# |---|---|---|---|---|
# | left | 0.50 | 0.25 | 0.6931 | 0.3466 |
# | right | 0.50 | 0.75 | -0.4055 | -0.2027 |
# | | | | **KL** | **0.1438** |
#
# It is 0 if the two are equal, and otherwise above 0, never below. The unit is the *nat*: at 0.1438 nats a move, 16 moves bring 2.3 on average,
# and e to the 2.3 is 10: what was seen is then about ten times likelier under the old policy. The direction counts: if the new policy plays, it is 0.1308.

# %%
then, now = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
by_hand = (then * (then / now).log()).sum()
by_torch = kl_divergence(Categorical(then), Categorical(now))
turned_round = kl_divergence(Categorical(now), Categorical(then))
print(f"by hand {by_hand:.4f}, by PyTorch {by_torch:.4f}")
print(f"the other way round {turned_round:.4f}")

# %% [markdown]
# ## From a sample
#
# An update knows one action of each row, and the mean over those of $-\ln r$ estimates the KL: this is k1. Stable-Baselines3 and CleanRL use another estimate, k3:
#
# $$\mathrm{KL}(\pi_\text{old} \,\|\, \pi_\text{new}) \approx \mathrm{mean}\big((r - 1) - \ln r\big)$$
#
# (Schulman 2020, *Approximating KL divergence*.) Over actions that the old policy draws, $r - 1$ is 0 on average: probabilities add up to 1 under both policies. So adding
# it leaves the average right.
#
# **Question.** No KL divergence is negative. Which of these *estimates* can be?
#
# <details><summary>Neither k1 nor k3: they estimate something that is never negative.</summary>One would wish so. But an estimate may miss: if most of the
# sampled actions happen to have risen, the mean of -ln r is below 0.</details>
# <details><summary>k1 only.</summary>Right: -ln r is negative in every row that rose. But (r - 1) - ln r is 0 or more in each row, since ln r is
# never above r - 1.</details>
# <details><summary>Both.</summary>Half of it is right. Look at one row of k3: the straight line r - 1 touches ln r at r = 1 and lies above it everywhere
# else.</details>
#
# **On paper.** Then (0.8, 0.2), now (0.6, 0.4). What is the KL? Three moves are drawn from the old policy, and all three happen to be the second action: what do k1 and k3 say?
#
# <details><summary>Answer</summary>KL = 0.8 ln(0.8 / 0.6) + 0.2 ln(0.2 / 0.4) = 0.2301 - 0.1386 = 0.0915. The ratio of the second action is 2 in all three: k1 = -ln 2 = -0.693, k3 =
# (2 - 1) - ln 2 = 0.307. Both are far off, as three unlucky moves will be; k1 has the impossible sign.</details>

# %% [markdown]
# ## The same numbers three ways
#
# By hand, six rows (probability of the taken action then and now):
#
# | row | then | now | ln then | ln now | ratio | r - 1 - ln r |
# |---|---|---|---|---|---|---|
# | 1 | 0.50 | 0.60 | -0.693 | -0.511 | 1.20 | 0.0177 |
# | 2 | 0.25 | 0.20 | -1.386 | -1.609 | 0.80 | 0.0231 |
# | 3 | 0.10 | 0.20 | -2.303 | -1.609 | 2.00 | 0.3069 |
# | 4 | 0.80 | 0.60 | -0.223 | -0.511 | 0.75 | 0.0377 |
# | 5 | 0.50 | 0.50 | -0.693 | -0.693 | 1.00 | 0.0000 |
# | 6 | 0.20 | 0.30 | -1.609 | -1.204 | 1.50 | 0.0945 |
#
# Mean of the last column, k3: **0.0800**. Mean of ln then - ln now, k1: **-0.1284**.

# %%
old = np.log([0.50, 0.25, 0.10, 0.80, 0.50, 0.20])
now = np.log([0.60, 0.20, 0.20, 0.60, 0.50, 0.30])
by_hand = np.exp(now - old)
k3, k1 = (by_hand - 1 - np.log(by_hand)).mean(), (old - now).mean()
print("numpy:  ", by_hand.round(2), f"k3 {k3:.4f}, k1 {k1:.4f}")
old, now = torch.from_numpy(old), torch.from_numpy(now)
by_package = losses.importance_ratios(now, old).numpy()
k3 = losses.approx_kl(now, old)
print("package:", by_package.round(2), f"k3 {k3:.4f}")

# %% [markdown]
# The tests of this course compare the table with others' code: log-probabilities by `Categorical` (PyTorch 2.13.0), ratios and **0.0800** by the lines of
# Stable-Baselines3 2.9.2 itself.
#
# k1 came out negative: the rows that rose outweigh those that fell. Row 3 moved most, and gives most of k3.
#
# **A place to stop.** You can look an action up, and say what has changed. What follows lets the policy move.
#
# ## Picture: the ratios spread
#
# Now some gradient steps of a real update: four epochs of four mini-batches. `policy_after(4)` is the recorded policy after four of them. (The steps are opened in
# [lesson 08](08_clipping.ipynb) and after.)

# %%
from ppo_lessons.shipped.recorded_update import log_probs_under, policy_after


def ratios_after(steps):
    now = log_probs_under(policy_after(steps), rows)
    return losses.importance_ratios(now, rows.old_log_probs)


spread = {steps: ratios_after(steps) for steps in (0, 1, 4, 16)}
lesson.show_ratio_spread(spread)

# %% [markdown]
# One step is enough to spread them. And our detective's row, whose going right is to become *rarer*?

# %%
from ppo_lessons.display.tables import Note, Table

cells = [["gradient steps", "log-prob", "probability", "ratio"]]
for steps, ratios in spread.items():
    now = rows.old_log_probs[guide] + ratios[guide].log()
    numbers = f"{now:.3f}", f"{now.exp():.3f}", f"{ratios[guide]:.3f}"
    cells.append([str(steps), *numbers])
claim("after one step its ratio has fallen", spread[1][guide] < 1)
seen = (one_pass()[0] == guide).any()
claim("its row was in the mini-batch of that step", seen)
Note(Table(cells))

# %% [markdown]
# It went the wrong way: the step was made for other rows, and all rows share the weights. Later steps take it back and forth.
#
# ## Sidebar: Adam, which takes the steps
#
# Plain gradient descent moves a weight by `learning_rate` times its gradient $g$. Adam (Kingma and Ba 2015) keeps for each weight a running mean $m$ of its gradients and
# $v$ of their squares, and moves it by
#
# $$\text{learning\_rate} \cdot \frac{m}{\sqrt{v} + \text{eps}}$$
#
# (both means corrected for their start at 0). In the *first* step $m = g$ and $\sqrt{v} = |g|$: each weight moves by $|g| / (|g| + \text{eps})$ of the step size. That is nearly
# all of it where $|g|$ is much larger than eps, which is 1e-5 here, as in Stable-Baselines3 and CleanRL (PyTorch's own default is 1e-8), and nothing where $g$ is 0. How does the first step change if the loss is made
# smaller?

# %%
for scale in (1, 0.01, 1e-4):
    moved = lesson.first_adam_step(scale)  # of each weight, in step sizes
    most, none = (moved > 0.9).float().mean(), (moved == 0).float().mean()
    print(f"loss x {scale:<6} more than 0.9 of a step: {most:3.0%}", end=", ")
    print(f"not at all: {none:.0%}, mean {moved.mean():.2f}")

# %% [markdown]
# So with a hundredth of the loss the weights still move more than half as far; plain gradient descent would move them a hundredth. Only if most gradients fall below eps do the
# weights nearly stay. That is why a fresh Adam's first step goes far. Later the gradients of different mini-batches disagree, their mean $m$ is smaller than $\sqrt{v}$, and the steps are
# shorter: the spread of the ratios need not grow with each.
#
# ## The agent's number is part of what it sees
#
# All detectives share these weights. Give the network `drained`'s view four times, with another number in it each time:

# %%
views = rows.obs[six[0]].repeat(4, 1)  # (4, D)
views[:, 3:7] = torch.eye(4)  # places 3 to 6 of obs say which detective I am
titles = [f"as detective {a}" for a in range(4)]
logits, _ = recording.policy(views)
lesson.show_lookup(logits, rows.actions[six[0]].repeat(4), titles)

# %% [markdown]
# These are four policies in one network. So the agent's number has to travel with its row through shuffle and split. If an action were looked up under
# another number, its ratio would mean nothing.

# %% [markdown]
# ## Play
#
# The recorded policy is pushed along a gradient, so that the actor's loss of some rows falls. `distance` is the length of
# the change of all weights together (about 0.3 in the first step of the real update). Decide first, then move:
#
# 1. Distance 0: which ratios, which approx_kl? A negative distance: who moves which way?
# 2. `drained` has an advantage below 0, so its ratio is to fall. Does mini-batch 1 see to that? Mini-batch 3, in which it stands? It alone?
# 3. Far up, some ratios stop at a grey line. What is the largest that `wins` can ever have, and why?

# %%
lesson.explore()

# %% [markdown]
# All rows pull at the same weights, and a step follows their sum. So a row may be carried against its own advantage, as ours was.
#
# ## Exercise 7.1: log-probabilities of the stored actions (difficulty 2, 5 minutes)
#
# For each row the log-probability of the action that was taken, under the policy of now. `logits` are (B, N), `actions` (B,). Write it with
# `Categorical` or by hand. The loss will send its gradient through this line. (Box J also needs the entropy of each row:
# [lesson 10](10_entropy.ipynb) adds it.)


# %% tags=["exercise"]
def log_probs_of(logits, actions):
    # Return the log-probability of each stored action, (B,).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

log_probs_of = check(log_probs_of)
# hint("7.1")
# solution("7.1")

# %% [markdown]
# ## Exercise 7.2: the ratio (difficulty 1, 3 minutes)
#
# How much likelier each stored action is now than when it was taken. The loss will send its gradient through this line.


# %% tags=["exercise"]
def importance_ratios(new_log_probs, old_log_probs):
    # Return the ratios, (B,).
    return ...


# %%
importance_ratios = check(importance_ratios)
# hint("7.2")
# solution("7.2")

# %% [markdown]
# ## Exercise 7.3: how far it has moved (difficulty 2, 5 minutes)
#
# The estimator k3. It is a gauge: we read it and never minimise it here, so keep it out of the graph.


# %% tags=["exercise"]
def approx_kl(new_log_probs, old_log_probs):
    # Return one number, a tensor without a graph.
    return ...


# %%
approx_kl = check(approx_kl)
# hint("7.3")
# solution("7.3")

# %% [markdown]
# ## A claim put to the test
#
# "k1 *is* the definition of the KL, so there is no need for another." With all five probabilities the exact KL can be worked out. Against it we hold
# a thousand samples of 64 rows, with actions freshly drawn from the old policy and looked up with your functions. The new policy has gone through the rows twenty times.

# %%
from dataclasses import replace

trained = policy_after(80, replace(CONFIG, epochs=20))
with torch.no_grad():
    old_logits, _ = recording.policy(rows.obs)
    new_logits, _ = trained(rows.obs)
played = Categorical(logits=old_logits)
exact = kl_divergence(played, Categorical(logits=new_logits)).mean()
claim("the exact KL is above 0", exact > 0)

# %%
k1, k3 = torch.empty(1000), torch.empty(1000)
generator = torch.Generator().manual_seed(1)
for i in range(1000):
    pick = torch.randint(len(rows.actions), (64,), generator=generator)
    chances = played.probs[pick]
    drawn = torch.multinomial(chances, 1, generator=generator).squeeze(1)
    old = log_probs_of(old_logits[pick], drawn)
    now = log_probs_of(new_logits[pick], drawn)
    k1[i] = -importance_ratios(now, old).log().mean()
    k3[i] = approx_kl(now, old)
for name, k in (("k1", k1), ("k3", k3)):
    off = (k.mean() / exact - 1).abs()
    claim(f"{name} is right on average", off < 0.1, "to 10 %")
below = (k1 < 0).float().mean()
claim("k1 is never below 0", below == 0, "it is in 1 to 3 of 10 samples")
claim("k3 scatters less", k3.std() < k1.std() / 2, "less than half")
lesson.show_kl_estimates(k1, k3, exact.item())

# %% [markdown]
# Both are right on average. But k1 is below 0 in about one sample of five, and k3 scatters much less. (It does so here; no theorem says so for every pair of
# policies.) In training, though, the sample is not fresh: the policy has been fitted to these very rows.

# %%
now = log_probs_of(new_logits, rows.actions)
k1_here = -importance_ratios(now, rows.old_log_probs).log().mean()
k3_here = approx_kl(now, rows.old_log_probs)
print("after 20 epochs on the same rows, against the exact KL:")
claim("k1 is right", k1_here < 1.5 * exact, "more than half too large")
k3_off = (k3_here / exact - 1).abs()
claim("k3 is about right", k3_off < 0.25, "within a quarter")

# %% [markdown]
# So [`approx_kl`](../docs/glossary.md#approximate-kl) is a gauge and no exact measurement: it is good enough to see that the policy runs away, and too rough for its second digit.

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - The update looks stored actions up in the current policy; `new_log_probs` carries the graph, `old_log_probs` is data.
# - A ratio of 1 is not a gradient of 0: in the first mini-batch the actor has the plain policy gradient.
# - Ratios then spread, up and down; `approx_kl` says how far, and is never negative. A row may be carried against its own advantage, as (6, 0, 0) was.
#
# | code | meaning |
# |---|---|
# | [`ActorCritic.forward`](../ppo_lessons/actor_critic.py) | node I: predict logits and values |
# | [`log_probs_of(logits, actions)`](../ppo_lessons/actor_critic.py) | node J: `Categorical` and `log_prob`, new probabilities of taken actions |
# | [`importance_ratios(new_log_probs, old_log_probs)`](../ppo_lessons/losses.py) | node K: importance sampling |
#
# **Next:** [8. Clipping: when does PPO stop pushing?](08_clipping.ipynb)
