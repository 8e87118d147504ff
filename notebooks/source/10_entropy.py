# %% [markdown]
# `A B C D E F G H I [J] K L M [N] O P`
#
# # 10. Entropy: what keeps the team curious?
#
# **20 minutes, 3 exercises.** You need: [09](09_value_loss.ipynb).
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

# %% [markdown]
# ## Idea
#
# The actor's loss makes likelier whatever went well. Soon one action takes all, and what is never tried can never turn out to be
# better. So a little is paid for staying undecided. *Entropy* measures it: 0 if the next action is certain, most if all are
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
# Six familiar rows. The detective that is soon *cut off* is the least sure; in `her mate` there is little doubt.
#
# ## Equation
#
# $$H = -\sum_a \pi(a \mid s)\,\ln \pi(a \mid s)$$
#
# (Shannon 1948, section 6.) $-\ln \pi$ is how surprising an action is; H is the surprise to be expected. With the natural logarithm its
# unit is the *nat*.

# %% [markdown]
# ## One row three ways
#
# By hand, the row `falls`:
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
# ## Picture: from never to always
#
# One action gets more and more likely, the other four share the rest. *Predict:* where is H highest, and how high is it?

# %%
lesson.show_entropy_curve(5)

# %% [markdown]
# At one fifth: all five equally likely, $H = 5 \cdot \tfrac15 \ln 5 = \ln 5 = 1.609$. A certain choice has 0. On the right: the pull of the bonus
# fades not only where H is highest but also towards certainty.
#
# **Question.** A policy has become certain: one action has probability 0.9999 everywhere. You now raise ent_coef. Is it soon curious again?
#
# <details><summary>Yes: low entropy is pulled up hardest.</summary>Not so: look at the right end of the right panel. In the logits the pull is
# strongest in between and almost 0 at certainty.</details>
# <details><summary>Hardly: there is almost no gradient left.</summary>Right. The bonus prevents a collapse better than it cures one; and rows
# in which other actions are tried have become rare, too.</details>
# <details><summary>It depends on the critic.</summary>Not so: entropy is a function of the logits alone.</details>

# %%
entropies = actor_critic.entropy_of(all_log_probs)  # (B,)
certain = torch.tensor([50.0, 0, 0, 0, 0])
for name, z in (("uniform", torch.zeros(5)), ("certain", certain)):
    H = actor_critic.entropy_of(torch.log_softmax(z, dim=-1))
    print(f"{name}: H = {H.abs():.3f}")
marked = dict(zip(BADGES, entropies[six].tolist(), strict=True))
lesson.show_entropy_histogram(entropies, 5, marked)

# %% [markdown]
# The team is half-way to mastery: some rows are decided, none is quite at random. A falling mean is not bad news by itself; a master *is*
# decided. It is bad news early, or all at once.

# %% [markdown]
# ## Equation: the combined loss
#
# $$L = L^\text{actor} + c_\text{vf}\,L^{VF} - c_\text{ent}\,\mathrm{mean}(H)$$
#
# (Schulman et al. 2017, equation 9 with the sign turned: the paper *maximises* $L^{CLIP} - c_1 L^{VF} + c_2 S$.) We minimise, so what is wanted
# large gets a minus: `vf_coef` 0.5, `ent_coef` 0.02.
#
# **Question.** A training log of Stable-Baselines3 shows `entropy_loss` -1.10 and `loss` -0.03. Is something broken?
#
# <details><summary>Yes: a loss cannot be negative.</summary>A squared error cannot. The actor's loss and the entropy term can, and so can the
# total.</details>
# <details><summary>No.</summary>Right: `entropy_loss` is there the name of minus the mean entropy, and a total below 0 is as good as any.</details>
# <details><summary>Yes: the entropy became negative.</summary>Not so: that name holds minus the entropy. Of a finite choice it is never below
# 0.</details>

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

# %%
from ppo_lessons import losses

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
# terms add up to 0; the entropy pulls the same way in every row of every mini-batch: towards undecided. A small weight is enough.

# %% [markdown]
# ## Why the sign is minus
#
# The slope of the total in `ent_coef` should be minus the mean entropy: more weight, lower loss, if the policy is undecided.

# %%
from ppo_lessons.update import minibatch_losses

parts = minibatch_losses(recording.policy, rows, CONFIG)  # of all rows
three = [part.detach().double() for part in parts[:3]]
vf_coef, ent_coef, d = CONFIG.vf_coef, CONFIG.ent_coef, 1e-4
up = losses.total_loss(*three, vf_coef, ent_coef + d)
down = losses.total_loss(*three, vf_coef, ent_coef - d)
print(f"slope by finite differences: {(up - down) / (2 * d):.3f}")
print(f"minus the mean entropy:      {-parts.entropy:.3f}")

# %% [markdown]
# And one gradient step with the entropy term alone, once with the right sign and once with the wrong one:

# %%
from ppo_lessons import make_optimizer
from ppo_lessons.steps import gradient_step


def entropy_after_one_step(sign):
    policy = load_recording().policy
    _, entropy, _ = policy.evaluate_actions(rows.obs, rows.actions)
    total = sign * CONFIG.ent_coef * losses.entropy_bonus(entropy)
    optimizer = make_optimizer(policy, CONFIG)
    gradient_step(total, policy, optimizer, CONFIG.max_grad_norm)
    _, entropy, _ = policy.evaluate_actions(rows.obs, rows.actions)
    return entropy.mean()


before = entropies.mean()
minus, plus = entropy_after_one_step(-1), entropy_after_one_step(+1)
claim("with minus the team is more undecided afterwards", minus > before)
claim("with plus it is more undecided, too", plus > before)

# %% [markdown]
# ## The softmax taken twice
#
# A common slip: the network already ends in a softmax, and its output is then called `logits`. Nothing crashes.
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
# <details><summary>It stays at ln 5: nothing pushes on it.</summary>Not so: the actor's loss does. Making good actions likelier makes the policy more
# decided.</details>
# <details><summary>It falls.</summary>Right, and nothing holds it back from falling too soon.</details>
# <details><summary>It falls at once to 0.</summary>Not so: an update is a few small steps, and advantages of both signs pull
# both ways.</details>


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
# Without a bonus the team makes up its mind early, right or wrong. With ten times our usual weight it hardly makes up its mind at all. Twenty
# cycles do not say which plays better; [lesson 13](13_coefficient_lab.ipynb) does.

# %% [markdown]
# ## Play
#
# All logits of the recorded policy times a factor: below 1 it gets less certain, above 1 more (1 / factor is called the *temperature*). Decide first,
# then move: (1) Where does the entropy term pull harder at `falls`: at factor 0, 1 or 50? (2) ent_coef from 0 to 0.5: which bars change, and does
# any probability? (3) Which factor makes `total_loss` lowest at ent_coef 0.02? And at 0.5?

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
# Refuted. The total is a sum of unlike things; its level means nothing, and two runs with different coefficients cannot be compared by it. Only its *slope*
# is used. Watch the three terms apart, and above all what the team does.

# %% [markdown]
# ## Recap
#
# - Entropy: 0 for a certain choice, ln 5 = 1.609 for a uniform one among five; its mean is rewarded, so it has a minus in the total.
# - Without it the policy may decide too soon; with too much, never. Stuck near ln N: look for a second softmax.
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
