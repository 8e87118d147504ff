# %% [markdown]
# `A B C D E F G H I [J] K L M [N] O P`
#
# # 10. Entropy: what keeps the team curious?
#
# **60 minutes (a place to stop after 20), 3 exercises.** You need: [09](09_value_loss.ipynb).
#
# Afterwards you can: say how undecided a policy is, in nats; write the term that rewards it; combine the three terms into the one
# number that is minimised, each with its right sign.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will put the last term into the loss, know why its sign is minus, and see on real rows what happens to a team with none of it and with too
# much.
#
# **The detective's problem.** In the row (6, 0, 0) detective 0 went right, and fell. She had given *right* 62 % and *up* 31 %. Should she soon be
# sure of one of them? What is never tried again can never turn out to be better.

# %% [markdown]
# ## Idea
#
# The actor's loss makes likelier whatever went well. So one action may soon take all, whether or not it is the best. So a little is paid for
# staying undecided. *[Entropy](../docs/glossary.md#entropy)* measures how undecided a [policy](../docs/glossary.md#policy) is: 0 if the next action is certain, most if all are
# equally likely.

# %%
import torch
from ppo_lessons.lessons import claim
from ppo_lessons.lessons import entropy as lesson
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

recording = load_recording()
rows = recording.buffer.get()
six = recording.rows_of(BADGES.values())
with torch.no_grad():
    logits, values = recording.policy(rows.obs)  # (B, N), (B,)
all_log_probs = torch.log_softmax(logits, dim=-1)  # (B, N)
lesson.show_distributions(all_log_probs[six], list(BADGES))

# %% [markdown]
# Here are the six familiar rows. The detective that is soon *cut off* is the least sure, and `her mate` has little doubt. Our row is `falls`.
#
# ## Equation
#
# $$H = -\sum_a \pi(a \mid s)\,\ln \pi(a \mid s)$$
#
# (Shannon 1948, section 6.) $-\ln \pi$ is how surprising an action is; H is the surprise to be expected. With the natural logarithm its
# unit is the *nat*. An action with probability 0 counts 0.

# %% [markdown]
# ## One row three ways
#
# By hand, our row (6, 0, 0):
#
# | action | stay | up | down | left | right | sum |
# |---|---|---|---|---|---|---|
# | p | 0.033 | 0.308 | 0.023 | 0.015 | 0.621 | 1.000 |
# | -p ln p | 0.113 | 0.363 | 0.087 | 0.063 | 0.296 | **0.92** |

# %%
import numpy as np
from ppo_lessons import actor_critic

p = np.array([0.033, 0.308, 0.023, 0.015, 0.621])
print(f"numpy:       {-np.sum(p * np.log(p)):.2f}")
print(f"package:     {actor_critic.entropy_of(all_log_probs[six])[1]:.2f}")
theirs = torch.distributions.Categorical(logits=logits[six])
print(f"Categorical: {theirs.entropy()[1]:.2f}  (torch 2.13)")

# %% [markdown]
# **With pen and paper.** Suppose that she could only go up or right, half and half. What is H, in nats and in bits (with $\log_2$)? And
# with one of the two certain?
#
# <details><summary>The answer</summary>-2 x 0.5 ln 0.5 = ln 2 = 0.693 nats, or 1 bit: one yes-or-no question. Certain: -1 ln 1 = 0. So H counts, in
# bits, about how many yes-or-no questions it takes to learn what she does.</details>
#
# ## Picture: from never to always
#
# One action gets more and more likely, and the other four share the rest. *Predict:* where is H highest, and how high is it?

# %%
lesson.show_entropy_curve(5)

# %% [markdown]
# At one fifth all five are equally likely, and $H = 5 \cdot \tfrac15 \ln 5 = \ln 5 = 1.609$. A certain choice has 0. The panel on the right shows
# how hard the bonus pulls at the logits: not at all where H is highest, and less and less towards certainty.

# %% [markdown]
# ## The gradient of the entropy
#
# $$\frac{\partial H}{\partial z_i} = -p_i\,(\ln p_i + H)$$
#
# (Put $\partial \ln p_j / \partial z_i = [i = j] - p_i$ into H.) The bracket says: an action less likely than $e^{-H}$ has $\ln p_i < -H$, and its logit is
# pulled *up*; a likelier one is pushed down. The factor $p_i$ in front says why a certain policy is hardly pulled: all its actions but one have p
# near 0, and for that one the bracket is near 0.

# %%
z = logits[six][1].double().requires_grad_()  # our row, (6, 0, 0)
log_p = torch.log_softmax(z, dim=-1)
H = actor_critic.entropy_of(log_p)
(by_autograd,) = torch.autograd.grad(H, z)
by_formula = -log_p.exp() * (log_p + H)


def entropy_at(z):
    return actor_critic.entropy_of(torch.log_softmax(z, dim=-1)).detach()


nudges = 1e-4 * torch.eye(5, dtype=torch.double)
up, down = entropy_at(z + nudges), entropy_at(z - nudges)
ways = dict(formula=by_formula, autograd=by_autograd)
ways["finite differences"] = (up - down) / 2e-4
for name, slopes in ways.items():
    print(f"{name:18}", *(f"{slope:7.3f}" for slope in slopes.tolist()))

# %% [markdown]
# These are stay, up, down, left, right. The bonus pushes *right* down and pulls the other four up. *Stay* and *up* are pulled about equally hard:
# *stay* is far rarer, but its $p_i$ in front is small.
#
# **Question.** By a mistake a policy has become certain: H = 0.002. You now give it an entropy bonus. Is it soon curious again?
#
# <details><summary>Yes: low entropy is pulled up hardest.</summary>It would be a good rule, but the formula says otherwise. In the logits the pull is
# strongest in between and almost 0 at certainty.</details>
# <details><summary>Hardly: there is almost no gradient left.</summary>So it is with plain gradient descent. But our optimizer is Adam.</details>
# <details><summary>It depends on the optimizer and on ent_coef.</summary>Right. Let us see.</details>

# %%
from ppo_lessons import losses, make_optimizer
from ppo_lessons.optimisation import gradient_step


def push(policy, optimizer, steps, weight):
    """Steps on weight x entropy alone; the mean entropy afterwards."""
    for _ in range(steps):
        _, entropy, _ = policy.evaluate_actions(rows.obs, rows.actions)
        loss = weight * losses.entropy_bonus(entropy)
        gradient_step(loss, policy, optimizer, CONFIG.max_grad_norm)
    _, entropy, _ = policy.evaluate_actions(rows.obs, rows.actions)
    return float(entropy.detach().mean())


def certain_policy():
    policy = load_recording().policy  # its bonus gets the wrong sign
    push(policy, make_optimizer(policy, CONFIG), 15, +1.0)
    return policy


# %%
H_before = push(certain_policy(), None, 0, 0.0)
claim("15 steps have made it certain", H_before < 0.02, "H below 0.02")
plain = certain_policy()
sgd = torch.optim.SGD(plain.parameters(), lr=CONFIG.learning_rate)
H_plain = push(plain, sgd, 100, -CONFIG.ent_coef)
moved = abs(H_plain - H_before)
claim("100 plain steps move H by 0.01 or more", moved > 0.01)
adam = certain_policy()
optimizer = make_optimizer(adam, CONFIG)
H_adam = push(adam, optimizer, 100, -CONFIG.ent_coef)
claim("100 steps of Adam bring it back", H_adam > 1.4, "H above 1.4")

# %% [markdown]
# The gradient is tiny, but Adam divides it by its own recent size (the sidebar of [lesson 07](07_ratios.ipynb)).
#
# In training, the actor's loss pulls, too, and then the weight counts. We let such a certain team train on, with the settings of the two
# short runs below and three seeds. With `ent_coef` 0.2 H was above 1.2 after 20 cycles, each time. With 0.02 it was below 1.2 in all of
# 60 cycles. So with Adam a bonus that is strong enough can cure a collapse. Whether the *team* recovers is another question.

# %%
entropies = actor_critic.entropy_of(all_log_probs)  # (B,)
certain = torch.tensor([50.0, 0, 0, 0, 0])
for name, z in (("uniform", torch.zeros(5)), ("certain", certain)):
    H = actor_critic.entropy_of(torch.log_softmax(z, dim=-1))
    print(f"{name}: H = {H.abs():.3f}")
marked = dict(zip(BADGES, entropies[six].tolist(), strict=True))
lesson.show_entropy_histogram(entropies, 5, marked)

# %% [markdown]
# The team is half-way to mastery: some rows are decided, none is quite at random. A falling mean is not bad news by itself, since a master is
# more decided than a beginner. Falling early, or all at once, is a reason to look closer.
#
# **A place to stop.** You know what entropy is and how it pulls. Next: its place in the whole loss.

# %% [markdown]
# ## Equation: the combined loss
#
# $$L = L^\text{actor} + c_\text{vf}\,L^{VF} - c_\text{ent}\,\mathrm{mean}(H)$$
#
# (Schulman et al. 2017, equation 9 with the sign turned: the paper *maximises* $L^{CLIP} - c_1 L^{VF} + c_2 S$.) We minimise, so what is wanted
# large gets a minus: [`vf_coef`](../docs/glossary.md#vf_coef) 0.5, [`ent_coef`](../docs/glossary.md#ent_coef) 0.02. It is the
# [total loss](../docs/glossary.md#total-loss) that [lesson 04](04_policy_gradient.ipynb) shows on one page.
#
# **Question.** A training log of Stable-Baselines3 shows `entropy_loss` -1.10 and `loss` -0.03. Is something broken?
#
# <details><summary>Yes: a loss cannot be negative.</summary>A squared error cannot. The actor's loss and the entropy term can, and so can the
# total.</details>
# <details><summary>No.</summary>Right: `entropy_loss` is there the name of minus the mean entropy, and a total below 0 is as good as any.</details>
# <details><summary>Yes: the entropy became negative.</summary>The name invites this. It holds *minus* the entropy, and the entropy of a finite choice is
# never below 0.</details>

# %% [markdown]
# ## The same numbers three ways
#
# By hand: the six rows before the first step, so every ratio is 1; A is normalised over all 1934 rows; V and R are those of [lesson 09](09_value_loss.ipynb).
#
# | row | A | -r A | V | R | squared error | H |
# |---|---|---|---|---|---|---|
# | drained | -1.81 | 1.81 | 1.13 | 0.35 | 0.6084 | 1.14 |
# | falls | -0.40 | 0.40 | 0.78 | 0.74 | 0.0016 | 0.92 |
# | her mate | -2.40 | 2.40 | 0.40 | -0.70 | 1.2100 | 0.53 |
# | banishes | 2.25 | -2.25 | -1.58 | -0.21 | 1.8769 | 0.89 |
# | wins | 4.59 | -4.59 | 0.89 | 3.50 | 6.8121 | 0.98 |
# | cut off | 0.12 | -0.12 | 0.60 | 0.84 | 0.0576 | 1.23 |
# | mean | | -0.3917 | | | 1.7611 | 0.9483 |
#
# Total -0.3917 + 0.5 x 1.7611 - 0.02 x 0.9483 = **0.4699**.
#
# Our row `falls` alone: 0.40 + 0.5 x 0.0016 - 0.02 x 0.92 = 0.3824. Nearly all of it is the actor's: her action came out a little worse than
# expected (R is 0.04 below V), and worse than the mean of the rows: A is -0.40. So this row asks for *right* to become less likely.

# %%
A = np.array([-1.81, -0.40, -2.40, 2.25, 4.59, 0.12])
V = np.array([1.13, 0.78, 0.40, -1.58, 0.89, 0.60])
R = np.array([0.35, 0.74, -0.70, -0.21, 3.50, 0.84])
H = np.array([1.14, 0.92, 0.53, 0.89, 0.98, 1.23])
squared = ((V - R) ** 2).mean()
print(f"numpy:   {-A.mean() + 0.5 * squared - 0.02 * H.mean():.4f}")
a, v, r, h = map(torch.tensor, (A, V, R, H))
actor = losses.clipped_surrogate_loss(torch.ones(6), a, 0.2)
three = actor, losses.value_loss(v, r), losses.entropy_bonus(h)
total = losses.total_loss(*three, vf_coef=0.5, ent_coef=0.02)
print(f"package: {total:.4f}")

# %% [markdown]
# The golden number: the line of Stable-Baselines3 2.9.2, `policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss`, with torch
# 2.13's `F.mse_loss`, gives **0.4699**; and torch's `Categorical.entropy()` gives the column H.

# %%
terms = {"-r A": -a, "0.5 x squared error": 0.5 * (v - r) ** 2}
terms["-0.02 x H"] = -0.02 * h
lesson.show_terms(list(BADGES), terms)

# %% [markdown]
# The entropy term is hard to see. But the actor's pull changes its sign from row to row, and over a whole normalised mini-batch at ratio 1 its
# terms add up to 0. The entropy pulls in every row of every mini-batch the same way, towards undecided. So a small weight can be enough.

# %% [markdown]
# ## Why the sign is minus
#
# We *minimise* the total, and want the entropy large. One gradient step with the entropy term alone, once with the right sign and once with the
# wrong one:

# %%
before = entropies.mean()
weight, after = CONFIG.ent_coef, {}
for sign in (-1, +1):
    policy = load_recording().policy
    optimizer = make_optimizer(policy, CONFIG)
    after[sign] = push(policy, optimizer, 1, sign * weight)
claim("minus: the team is more undecided afterwards", after[-1] > before)
claim("plus: it is more undecided, too", after[+1] > before)

# %% [markdown]
# ## The softmax taken twice
#
# It is a common slip: the network already ends in a softmax, and its output is then called `logits`. Nothing crashes.
#
# *Predict:* the most decided row has H = 0.002. What is its entropy after a second softmax?

# %%
probabilities = torch.softmax(logits, dim=-1)
twice = actor_critic.entropy_of(torch.log_softmax(probabilities, dim=-1))
least = entropies.argmin()
least_pair = entropies[least], twice[least]
print("most decided row: {:.3f}, twice: {:.3f}".format(*least_pair))
mean_pair = entropies.mean(), twice.mean()
print("mean:             {:.3f}, twice: {:.3f}".format(*mean_pair))
lesson.show_softmax_twice(entropies, twice, 5)

# %% [markdown]
# Probabilities lie between 0 and 1. Read as logits they differ by at most 1, so no action is more than e times as likely as another:
# at most 40.5 %, and H never falls below 1.50. If your entropy is stuck just below ln N, look for a second softmax.

# %% [markdown]
# ## Two short runs
#
# **Question.** Two fresh teams, the same seed, 20 cycles; one with `ent_coef` 0, one with 0.2. What does the entropy of the first one do?
#
# <details><summary>It stays at ln 5: nothing pushes on it.</summary>No term of the loss names it, that is true. But making some actions likelier makes
# the policy more decided.</details>
# <details><summary>It falls.</summary>Right, and nothing holds it back from falling too soon.</details>
# <details><summary>It falls at once to 0.</summary>That is the fear. But an update is a few small steps, and advantages of both signs pull both
# ways: it takes longer.</details>


# %%
from dataclasses import replace

from ppo_lessons import TrainingRun, train


def entropy_of_each_cycle(ent_coef):
    config = replace(CONFIG, num_envs=64, num_steps=8, ent_coef=ent_coef)
    config = replace(config, minibatch_size=1024, learning_rate=3e-3)
    run = TrainingRun("standard", config)
    return [report.update.entropy for report in train(run, cycles=20)]


runs = {f"ent_coef {c:g}": entropy_of_each_cycle(c) for c in (0.0, 0.2)}
without, much = runs.values()
near = without[0] > 1.51 and much[0] > 1.51
claim("both begin as a pure guess", near, "within 0.1 of ln 5")
claim("without a bonus the entropy falls", without[-1] < 1.3, "below 1.3")
claim("with a strong bonus it falls as well", much[-1] < 1.3, "below 1.3")
lesson.show_entropy_runs(runs, 5)

# %% [markdown]
# Without a bonus the team makes up its mind early, right or wrong. With ten times our usual weight it hardly makes up its mind at all, within these
# twenty cycles. Which of them plays better cannot be seen here; [lesson 13](13_coefficient_lab.ipynb) shows it on longer runs.

# %% [markdown]
# ## Play
#
# All logits of the recorded policy times a factor: below 1 it gets less certain, above 1 more (1 / factor is called the *temperature*). Decide first,
# then move: (1) At which factor does the entropy term pull hardest at our row `falls`: 0, 1 or 50? (2) Move `ent_coef` from 0 to 0.5: which bars change,
# and does any probability? (3) Which factor makes `total_loss` lowest at `ent_coef` 0.02? And at 0.5?

# %%
lesson.explore()

# %% [markdown]
# ## Exercise 10.1: the entropy (difficulty 2, 5 minutes)
#
# `all_log_probs` holds ln p of every action, (B, N). One entropy for each row is wanted, in nats, (B,).


# %% tags=["exercise"]
def entropy_of(all_log_probs):
    # Return how undecided each row is, (B,).
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

entropy_of = check(entropy_of)
# hint("10.1")  # take away the first # for a hint, again for the next
# solution("10.1")

# %% [markdown]
# ## Exercise 10.2: the bonus (difficulty 1, 2 minutes)
#
# From the entropies of the rows, (B,), to the one number that the total rewards. Rows of the fallen were selected away long ago.


# %% tags=["exercise"]
def entropy_bonus(entropy):
    # Return what the total loss rewards, a scalar.
    return ...


# %%
entropy_bonus = check(entropy_bonus)
# hint("10.2")
# solution("10.2")

# %% [markdown]
# ## Exercise 10.3: the total loss (difficulty 1, 4 minutes)
#
# Five numbers in, one out: the actor's loss, the critic's, the entropy, and the two coefficients.


# %% tags=["exercise"]
def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    # Return the one number to minimise.
    return ...


# %%
total_loss = check(total_loss)
# hint("10.3")
# solution("10.3")

# %% [markdown]
# ## A claim put to the test
#
# "The total loss has come down to 0, so there is nothing left to learn." With your three functions, on the whole recording: choose `vf_coef` so
# that the total is exactly 0, and look at the gradient.

# %%
from ppo_lessons.steps import minibatch_losses

policy = recording.policy
logits, values = policy(rows.obs)
mean_entropy = entropy_bonus(entropy_of(torch.log_softmax(logits, dim=-1)))
critic_loss = losses.value_loss(values, rows.returns)
parts = minibatch_losses(policy, rows, CONFIG)
bonus = CONFIG.ent_coef * mean_entropy
vf_coef = ((bonus - parts.actor_loss) / critic_loss).item()
three = parts.actor_loss, critic_loss, mean_entropy
total = total_loss(*three, vf_coef, CONFIG.ent_coef)
gradient = torch.autograd.grad(total, list(policy.parameters()))
length = torch.cat([g.flatten() for g in gradient]).norm()
with_it = f"vf_coef {vf_coef:.3f}"
claim("the total loss is 0, to six digits", total.abs() < 1e-6, with_it)
claim("so its gradient is 0", length == 0, f"length {length:.2f}")

# %% [markdown]
# The claim is refuted. The total is a sum of unlike things. Its level says little, and two runs with different coefficients cannot be compared by it: only
# its *slope* is used. Watch the three terms apart, and above all what the team does.
#
# **Our detective, once more.** Three pulls meet at her row. The actor's loss asks for *right* to become rarer, the entropy asks for the same and for
# *up* to come nearer, and the critic is content. [Lesson 11](11_full_update.ipynb) takes the step. Will she get what her row asks for?

# %% [markdown]
# ## Recap
#
# - Entropy: 0 for a certain choice, ln 5 = 1.609 for a uniform one among five; its mean is rewarded, so it has a minus in the total.
# - Its gradient in the logits is -p (ln p + H): almost 0 at certainty, which Adam makes up for and plain gradient descent does not.
# - Without a bonus the policy may decide too soon; with much too much it hardly decides. Just below ln N: look for a second softmax.
# - Total = actor + vf_coef x critic - ent_coef x entropy. Loss near 0 is not gradient near 0.
#
# | code | meaning |
# |---|---|
# | [`entropy_of(all_log_probs)`](../ppo_lessons/actor_critic.py) | node J: how undecided each row is |
# | [`entropy_bonus(entropy)`](../ppo_lessons/losses.py) | node N: the mean that is rewarded |
# | [`total_loss(...)`](../ppo_lessons/losses.py) | node N: actor + vf_coef x critic - ent_coef x entropy |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# **Next:** [11. The full update](11_full_update.ipynb)
