# %% [markdown]
# `A B C D E F G H I J K [L] M N O P`
#
# # 4. Policy gradient: what do we want to make large, and why does this loss do it?
#
# **65 minutes (a place to stop after 25), 3 exercises**, and 2 on paper. You need: [03](03_advantages.ipynb).
#
# Afterwards you can: say what the team's update tries to make large; derive the loss from it in three lines; say why old rows can be used again, how
# far that carries, and what the clip is there for; read the whole loss of PPO term by term.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will know *why* a log-probability is multiplied by an advantage, what PPO puts in its place, and where the clip comes from.
#
# ## Idea
#
# A detective stands at the stairs of a dark house (place s0). If it goes on, it banishes a weak spirit, +1, and stands upstairs (s1). If it goes
# on from there too, a strong spirit throws it out, -1. At both places it may turn back, for 0, and the case is over. In the dark they look the
# same, so that it goes on with the same probability $p$ at both. How often should it?

# %%
import torch
from ppo_lessons.lessons import claim, policy_gradient
from ppo_lessons.lessons.policy_gradient import stairs

policy_gradient.show_stairs(p=0.2)

# %% [markdown]
# ## Predict
#
# **Question.** At which $p$ is the return of a case highest, on average?
#
# <details><summary>p = 1: the first step always pays.</summary>It does, and then the second costs just as much: +1 - 1 = 0, in every case.</details>
# <details><summary>p = 1/2.</summary>Yes. Only "goes on, then turns back" has a return other than 0, and its probability p (1 - p) is highest at
# 1/2.</details>
# <details><summary>It should go on at s0 and turn back at s1.</summary>A good plan, and worth 1. But it cannot tell the two places apart; one number
# must do for both. (A network is in a like position: all rows share its weights.)</details>
#
# ## What we want to make large
#
# $$J(\theta) = \mathrm{mean}\big(r_0 + \gamma r_1 + \gamma^2 r_2 + \dots\big), \qquad p = \mathrm{sigmoid}(\theta)$$
#
# The *expected return*: the mean over all cases that may come, each as often as the policy $\pi_\theta$ makes it come. $\theta$ are the weights; here it is a single
# number. The [discount](../docs/glossary.md#discount) $\gamma$ says what a reward one step later is worth now. The team trains with 0.95; in this house
# $\gamma$ = 1. With three possible cases the mean is a sum of three products:
#
# | case | probability | return |
# |---|---|---|
# | turns back at once | $1 - p$ | 0 |
# | goes on, then turns back | $p(1 - p)$ | 1 |
# | goes on twice | $p^2$ | 0 |
#
# So $J = p - p^2$.

# %%
for chance in (0.0, 0.2, 0.5, 0.8, 1.0):
    p = torch.tensor(chance, dtype=torch.float64)
    J = (stairs.case_probabilities(p) * stairs.RETURNS).sum()
    print(f"p {chance}: J = {J:.2f}")
p = torch.tensor(0.2, dtype=torch.float64)  # the detective as it is

# %% [markdown]
# ## V, Q and A: sums over what may come
#
# $V(s)$ is the expected return from a place on, $Q(s, a)$ the same after a first decision, and $A = Q - V$: how much better is this decision than what the
# policy does there on average? With $p$ = 0.2, from the end to the beginning:
#
# | place | V | decision | Q | A |
# |---|---|---|---|---|
# | s1 | 0.2 x -1 + 0.8 x 0 = **-0.2** | go on | -1 | -0.8 |
# | s1 | | turn back | 0 | +0.2 |
# | s0 | 0.2 x 0.8 + 0.8 x 0 = **0.16** | go on | 1 + (-0.2) = 0.8 | +0.64 |
# | s0 | | turn back | 0 | -0.16 |
#
# $V(s_0)$ is $J$. In [lesson 03](03_advantages.ipynb) a critic *estimated* V, and A was estimated from what came; here nothing is estimated.

# %%
A = stairs.advantages(p)
for decision, advantage in zip(stairs.DECISIONS, A, strict=True):
    print(f"{decision:13} A = {advantage:+.2f}")
means = 0.2 * A[0] + 0.8 * A[1], 0.2 * A[2] + 0.8 * A[3]
claim("at each place A is 0 on average", max(map(abs, means)) < 1e-12)

# %% [markdown]
# ## The log-derivative trick
#
# We want $\nabla J$, the gradient: the direction in which $J$ grows. $R$ is the return of a case, $P$ its probability:
#
# $$\begin{aligned}\nabla J &= \textstyle\sum \nabla P \cdot R && \text{only the probabilities depend on } \theta\\
# &= \textstyle\sum P \cdot \tfrac{\nabla P}{P} \cdot R && \text{multiply and divide by } P\\
# &= \mathrm{mean}\big(\nabla \log P \cdot R\big) && \text{for } \nabla P / P = \nabla \log P\end{aligned}$$
#
# A *sum over everything* has become a *mean over what is played*. $\log P$ is the
# [log-probability](../docs/glossary.md#log-probability) of every decision, summed, plus the world's own luck. That does not depend on $\theta$ and drops out.

# %% [markdown]
# A decision cannot change what was rewarded before it. So each one may be weighted with what came *after* it, which on average is $Q$; and from that a baseline
# may be taken away (next section). With $V$ as the baseline, $A = Q - V$ is left: the *policy gradient theorem* (Sutton et al. 2000; for $\gamma$ = 1, see the footnote further down):
#
# $$\nabla J = \mathrm{mean}\Big(\textstyle\sum_t A(s_t, a_t)\, \nabla \log \pi_\theta(a_t \mid s_t)\Big)$$
#
# $\nabla \log \pi$ is called the *score* of a decision. For $p = \mathrm{sigmoid}(\theta)$ the derivative of $\log p$ is $1 - p$, and that of
# $\log(1 - p)$ is $-p$.

# %%
theta = p.logit().requires_grad_()
J = stairs.expected_return(theta.sigmoid())
(by_autograd,) = torch.autograd.grad(J, theta)

up, down = 1 - p, -p  # the scores: of going on, of turning back
chance = stairs.case_probabilities(p)
of_case = torch.stack([down, up + down, up + up])  # of log P
by_cases = (chance * of_case * stairs.RETURNS).sum()

played = stairs.visits(p) * stairs.probabilities(p)
of_decision = torch.stack([up, down, up, down])
by_decisions = (played * of_decision * A).sum()
print(f"autograd on J:          {by_autograd:.4f}")
print(f"sum over cases, with R: {by_cases:.4f}")
print(f"over decisions, with A: {by_decisions:.4f}")

# %% [markdown]
# ## A baseline is free
#
# Take away from every return a number $b(s)$ that depends on the place, and not on the decision. On average nothing changes:
#
# $$\textstyle\sum_a \pi(a \mid s)\, b(s)\, \nabla \log \pi(a \mid s) = b(s) \sum_a \nabla \pi(a \mid s) = b(s)\, \nabla 1 = 0$$
#
# The *mean* stays, the *scatter* does not. Every case gives one number, its sampled gradient. Here is the exact variance of this number for several
# baselines, and with A itself as the weight:


# %%
def sampled(b0, b1):  # of each case: (return to go - baseline) x score
    back = (0 - b0) * down
    once = (1 - b0) * up + (0 - b1) * down
    twice = (0 - b0) * up + (-1 - b1) * up
    return torch.stack([back, once, twice])


V0, V1 = 0.16, -0.2
ways = {"no baseline": sampled(0, 0), "baseline V": sampled(V0, V1)}
ways["baseline 1"] = sampled(1, 1)
with_a = [A[1] * down, A[0] * up + A[3] * down, A[0] * up + A[2] * up]
ways["advantage A"] = torch.stack(with_a)
nothing = 0.2 * 1 * up + 0.8 * 1 * down
claim("the baseline 1 adds 0 at s0, on average", abs(nothing) < 1e-12)
for name, g in ways.items():
    mean = (chance * g).sum()
    variance = (chance * (g - mean) ** 2).sum()
    print(f"{name:11}: mean {mean:.4f}, variance {variance:.4f}")

# %% [markdown]
# All four point the same way on average. V takes a third of the variance away, the advantage A, which also knows what is to be expected upstairs, three
# quarters. And the baseline 1 is free as well, and harmful: it more than doubles the variance. That is why a critic is trained, and why a poor one hurts.
#
# Now nobody sums; cases are *played*. Forty estimates each, from 10, 100, 1,000 and 10,000 cases:

# %%
generator = torch.Generator().manual_seed(0)


def estimates(cases, g=ways["baseline V"]):
    drawn = [stairs.draw_cases(0.2, cases, generator) for _ in range(40)]
    return torch.stack([g[which].mean() for which in drawn])


found = {cases: estimates(cases) for cases in (10, 100, 1000, 10_000)}
wrong_way = {cases: int((g < 0).sum()) for cases, g in found.items()}
claim("from 10 cases some have the wrong sign", wrong_way[10] > 0)
claim("from 10,000 cases none", wrong_way[10_000] == 0)
spread = found[100].std() / found[10_000].std()
claim("100 times the cases: a tenth of the scatter", 5 < spread < 20)
policy_gradient.show_estimates(found, exact=0.096)

# %% [markdown]
# ## The loss
#
# An optimizer wants one number to make small, and autograd does the $\nabla$:
#
# $$L = -\mathrm{mean}\big(\log \pi_\theta(a \mid s)\, A\big)$$
#
# (Schulman et al. 2017, equation 2, with the sign turned.) **The same numbers three ways.** Twenty-five cases, each kind as often as it is likely: 20 turn back at once, 4 go on and then
# turn back, one goes on twice. That makes 30 decisions, 30 rows:
#
# | row | how often | probability | A | how often x log-probability x A |
# |---|---|---|---|---|
# | s0 go on | 5 | 0.2 | +0.64 | 5 x -1.6094 x 0.64 = -5.1502 |
# | s0 turn back | 20 | 0.8 | -0.16 | 20 x -0.2231 x -0.16 = +0.7141 |
# | s1 go on | 1 | 0.2 | -0.8 | 1 x -1.6094 x -0.8 = +1.2876 |
# | s1 turn back | 4 | 0.8 | +0.2 | 4 x -0.2231 x 0.2 = -0.1785 |
#
# Loss: -(-5.1502 + 0.7141 + 1.2876 - 0.1785) / 30 = **+0.1109**

# %%
import numpy as np
from ppo_lessons.policy_gradient import policy_gradient_loss as package_loss

often = np.array([5, 20, 1, 4])
log_p = np.log([0.2, 0.8, 0.2, 0.8])
table_a = np.array([0.64, -0.16, -0.8, 0.2])
print(f"numpy:   {-(often * log_p * table_a).sum() / 30:+.4f}")

evenings = torch.tensor([0] * 20 + [1] * 4 + [2])  # 25 cases
rows_played = stairs.rows_of_cases(evenings)  # 30 decisions
theta = p.logit().requires_grad_()
now = stairs.probabilities(theta.sigmoid())[rows_played]
loss = package_loss(now.log(), A[rows_played])
loss.backward()
print(f"package: {loss.item():+.4f}, gradient {theta.grad:+.4f}")

# %% [markdown]
# Stable-Baselines3's A2C takes the same line; a test of this course runs it on these rows. The gradient, turned round, is 0.0800 = 0.0960 x 25 / 30:
# the loss takes the mean over *rows*, $J$ over *cases*, of which there are fewer. The direction is the same.
#
# The *value* +0.1109 says nothing of how good the detective is. Only the gradient means something, and only for rows that this very policy has played.
#
# ## Exercise 4.1: the policy-gradient loss (difficulty 1, 4 minutes)
#
# `log_probs` and `advantages` are (B,). The gradient goes through `log_probs`.


# %% tags=["exercise"]
def policy_gradient_loss(log_probs, advantages):
    # Return one number to make small.
    return ...


# %%
from ppo_lessons.lessons import check, check_on_paper, hint, solution

policy_gradient_loss = check(policy_gradient_loss)
# hint("4.1")
# solution("4.1")

# %% [markdown]
# **A place to stop.** You have the loss and its reason. What comes next is how to use the same rows more than once.
#
# ## From the gradient to the surrogate
#
# After one step the detective is another one, and the rows are no longer its own. Playing new ones for every step is expensive. May the old ones be used
# again? Within limits, if each is weighted: its decision is now $r$ times as likely, with the
# [importance ratio](../docs/glossary.md#importance-ratio) $r = \pi_\text{new} / \pi_\text{old}$ (no reward; those were $r_0$, $r_1$).
#
# $$L^\text{CPI} = \mathrm{mean}(r\,A)$$
#
# (Schulman et al. 2017, equation 6: to be made large.) It is called a *surrogate*, for it stands in for $J$. The new detective goes on with 0.3; the 30 rows and their A are the old
# one's:
#
# | row | how often | ratio | A | how often x r x A |
# |---|---|---|---|---|
# | s0 go on | 5 | 0.3 / 0.2 = 1.5 | +0.64 | +4.8 |
# | s0 turn back | 20 | 0.7 / 0.8 = 0.875 | -0.16 | -2.8 |
# | s1 go on | 1 | 1.5 | -0.8 | -1.2 |
# | s1 turn back | 4 | 0.875 | +0.2 | +0.7 |
#
# Loss: -(4.8 - 2.8 - 1.2 + 0.7) / 30 = **-0.0500**

# %%
from ppo_lessons.policy_gradient import surrogate_loss as package_surrogate

r_table = np.array([1.5, 0.875, 1.5, 0.875])
print(f"numpy:   {-(often * r_table * table_a).sum() / 30:+.4f}")
new_p = torch.tensor(0.3, dtype=torch.float64)
ratios = stairs.ratios(new_p, p)[rows_played]
by_package = package_surrogate(ratios, A[rows_played])
print(f"package: {by_package:+.4f}")

theta = p.logit().requires_grad_()  # once more where it was
ratios = stairs.ratios(theta.sigmoid(), p)[rows_played]
loss = package_surrogate(ratios, A[rows_played])
loss.backward()
print(f"gradient at ratio 1: {theta.grad:+.4f}")

# %% [markdown]
# -0.0800 again: **where all ratios are 1, the surrogate's gradient *is* the policy gradient**, for there $\nabla r = \nabla \log \pi$. In the first step the two losses do
# the same. They differ from the second step on.
#
# ## Exercise 4.2: the surrogate loss (difficulty 1, 3 minutes)
#
# `ratios` and `advantages` are (B,). No clip yet; it comes in [lesson 08](08_clipping.ipynb).


# %% tags=["exercise"]
def surrogate_loss(ratios, advantages):
    # Return one number to make small.
    return ...


# %%
surrogate_loss = check(surrogate_loss)
# hint("4.2")
# solution("4.2")

# %% [markdown]
# ## Two coins
#
# Throw a coin that shows heads with 0.2; heads pays 10. What would a coin pay that shows heads with 0.5? Give
# each heads the weight 0.5 / 0.2 = 2.5 and each tails 0.5 / 0.8 = 0.625. This is *importance sampling*. The mean is right, but a fifth of the throws, the
# heads, now carries half of the weight.
#
# The *effective sample size* says how many throws with equal weights would be about as good (Kong 1992; a rule of thumb). As a share of the throws it
# is $(\sum w)^2 / (B \sum w^2)$.

# %%
from ppo_lessons.policy_gradient import effective_sample_size as package_size

generator = torch.Generator().manual_seed(1)
heads = torch.rand(100_000, generator=generator, dtype=torch.float64) < 0.2
for wanted in (0.2, 0.5, 0.9):
    weights = torch.where(heads, wanted / 0.2, (1 - wanted) / 0.8)
    pays = (weights * 10 * heads).mean()
    share = 1 / (wanted**2 / 0.2 + (1 - wanted) ** 2 / 0.8)
    close = abs(pays - 10 * wanted) < 0.3
    held = close and abs(package_size(weights) - share) < 0.02
    claim(f"a coin of {wanted} pays about {10 * wanted:g}", held)
    print(f"  {share:.0%} of the throws still count")

# %% [markdown]
# The further the other coin, the fewer throws count. A memory of somebody else's decisions is not free of charge.
#
# ## Exercise 4.3: which share of the rows still counts? (difficulty 2, 5 minutes)
#
# From the ratios of some rows, (B,), all above 0. Equal ratios give 1, whatever they are.


# %% tags=["exercise"]
def effective_sample_size(ratios):
    # Return a number from 0 to 1, as a tensor.
    return ...


# %%
effective_sample_size = check(effective_sample_size)
# hint("4.3")
# solution("4.3")

# %% [markdown]
# ## Far from the old policy
#
# The weights put the *decisions* right. They do not put right *where one gets to*: s1 counts as often as the *old* detective came there. (With the
# new one's visits the sum would be exact: Kakade and Langford 2002.)
#
# To stand beside $J$, the surrogate is counted here per *case*, as $J$ is, and the old detective's own $J$ = 0.16 is added. Neither moves its highest point.
#
# **Question.** Rows of the detective with 0.2. Which $p$ has the highest surrogate?
#
# <details><summary>p = 1/2, where J is highest.</summary>The surrogate knows J only near 0.2. It has the same value and the same slope there, and that is
# all.</details>
# <details><summary>p = 1.</summary>Yes. It is the tangent of J at 0.2, a straight line: 0.04 + 0.6 p. It promises 0.64, where J is 0.</details>
# <details><summary>p = 0.2: nothing beats the policy that was played.</summary>Its slope there is +0.6, so that a little more is better.</details>


# %%
def promised(new, visits):  # how much better than the old one
    r = stairs.probabilities(new) / stairs.probabilities(p)
    return (visits * stairs.probabilities(p) * r * A).sum()


sure = torch.tensor(1.0, dtype=torch.float64)  # always goes on
by_old = 0.16 + promised(sure, stairs.visits(p))
by_new = 0.16 + promised(sure, stairs.visits(sure))
claim("p = 1 promises 0.64 by old visits", abs(by_old - 0.64) < 1e-9)
claim("by its own it is J = 0, exactly", abs(by_new) < 1e-9)
policy_gradient.show_far_away(old_p=0.2, clip_eps=0.2)

# %% [markdown]
# ## The trust region, and its cheap form
#
# Near the old policy the surrogate can be trusted, far away not. TRPO (Schulman et al. 2015) makes it large under a condition: the policy may move only so far,
# measured by [KL](../docs/glossary.md#kl-divergence). That takes second derivatives.
#
# PPO's cheap form takes the smaller of $r A$ and $\mathrm{clip}(r) A$ for each row, with $r$ kept between 0.8 and 1.2: a row that has moved by 20 % its own
# way gains nothing by going further. Here "s0 go on" falls silent at $p$ = 0.24. The rows of s1, where going on is bad, do *not*; so the blue
# curve falls.


# %%
def climb(what, steps, size):  # plain gradient ascent, from p = 0.2
    theta = p.logit()
    for _ in range(steps):
        theta.requires_grad_()
        (slope,) = torch.autograd.grad(what(theta.sigmoid()), theta)
        theta = (theta + size * slope).detach()
    return float(theta.sigmoid())


def clipped(new):
    return stairs.clipped_surrogate(new, p, 0.2)


without = climb(lambda new: stairs.surrogate(new, p), 1000, 0.5)
claim("1,000 short steps up the surrogate end above 0.95", without > 0.95)
near = climb(clipped, 1000, 0.5)
claim("up the clipped one they stay near 0.24", abs(near - 0.24) < 0.03)
far = climb(clipped, 1, 60.0)
claim("one long step up the clipped one ends above 0.95", far > 0.95)

# %% [markdown]
# The clip helps, and it is no wall. **It takes away the incentive to go further; it does not bound the policy.** In the first step all ratios
# are 1 and nothing is clipped, however long the step is. In a network, moreover, a silent row is moved by others
# ([lesson 08](08_clipping.ipynb)).
#
# ## Play
#
# Decide first, then move. (1) $p$ = old $p$: which of the three gradients differ? (2) Move $p$ to the right: which gradient changes its
# sign first? (3) Old $p$ 0.5: what do the surrogates say now, and why? (4) A larger `clip_eps`: where is the clipped surrogate highest?

# %%
policy_gradient.explore()

# %% [markdown]
# ## Exercise 4.4, on paper (6 minutes)
#
# Another house: the strong spirit costs 2, the rest is as before, and $p$ is 0.2. How large is A(s0, go on)? Write the number in the place of the dots.

# %% tags=["on-paper"]
answer = ...
check_on_paper("4.4", answer)

# %% [markdown]
# ## Exercise 4.5, on paper (5 minutes)
#
# Our house again. Rows of the detective with 0.2, `clip_eps` 0.2, and the new one goes on with 0.3. Which kind of row still pushes towards *going on* under the
# clipped surrogate? `"s0 go on"`, `"s0 turn back"`, `"s1 go on"`, `"s1 turn back"` or `"none"`.

# %% tags=["on-paper"]
answer = ...
check_on_paper("4.5", answer)

# %% [markdown]
# ## Where GAE comes from
#
# In practice A must be estimated. One may trust the critic after one step, after two, ... (Schulman et al. 2016, equations 11 to 14):
# $\hat A^{(1)} = \delta_0$, $\hat A^{(2)} = \delta_0 + \gamma \delta_1$, $\hat A^{(3)} = \delta_0 + \gamma \delta_1 + \gamma^2 \delta_2$. GAE averages them all, with
# weights $1 - \lambda$, $(1 - \lambda)\lambda$, ... (equation 16). Where the case is cut, all longer ones are the same, and the last takes the rest of the
# weight. The first three rows of the table in [lesson 03](03_advantages.ipynb): $\gamma$ = 0.8, $\lambda$ = 0.5, TD errors 1.4, -2.2, 4.2.

# %%
gamma, lam, td = 0.8, 0.5, [1.4, -2.2, 4.2]
k_step = np.cumsum([gamma**k * error for k, error in enumerate(td)])
weights = np.array([1 - lam, (1 - lam) * lam, lam**2])
recursion = 0.0
for error in reversed(td):
    recursion = error + gamma * lam * recursion
print("k-step estimates:", " ".join(f"{a:+.3f}" for a in k_step))
print(f"weights: {weights}, their sum {weights.sum():g}")
print(f"their average:    {(weights * k_step).sum():+.3f}")
print(f"by the recursion: {recursion:+.3f}")

# %% [markdown]
# <details><summary>A footnote: the discount that implementations leave out</summary>With gamma below 1 the gradient of J weights the row of step t by
# gamma to the power t as well: a decision late in a case counts less for what J is at the start. This package leaves that weight out, as do
# Stable-Baselines3, CleanRL and most others. What is followed then is, in general, not the gradient of any function (Nota and Thomas 2020,
# <a href="https://arxiv.org/abs/1906.07073">Is the policy gradient a gradient?</a>). Teams learn from it all the same. In our house gamma is 1, and there is
# no difference.</details>
#
# ## The whole loss on one page
#
# $$L = L_\text{actor} + \texttt{vf\_coef} \cdot L_\text{critic} - \texttt{ent\_coef} \cdot H$$
#
# | piece | what it is | taken apart in |
# |---|---|---|
# | the rows | data, without a graph | [05](05_detaching.ipynb) |
# | mini-batches | the rows, shuffled and split, several times over | [06](06_minibatches.ipynb) |
# | $r$ | importance ratio of each row | [07](07_ratios.ipynb) |
# | $L_\text{actor}$ | minus the clipped surrogate: **this lesson, with the clip** | [08](08_clipping.ipynb) |
# | $L_\text{critic}$ | squared error of V, from which A is made | [09](09_value_loss.ipynb) |
# | $H$ | entropy: how undecided the policy is; rewarded, hence the minus | [10](10_entropy.ipynb) |
# | $L$ | one gradient step on the sum | [11](11_full_update.ipynb) |
#
# ## On the recording
#
# Real rows of the team, with their stored log-probabilities and estimated advantages; the policy that played them is still there, and takes no step yet.
# (6, 0, 0) is the detective that fell: with the [team's credit](../docs/glossary.md#team-credit) its last step was hardly worse than expected, so that it is hardly pushed.

# %%
from ppo_lessons.display.tables import Note, row_table
from ppo_lessons.losses import importance_ratios
from ppo_lessons.shipped.recording import BADGES, load_recording

recording = load_recording()
rows, badges = recording.buffer.get(), recording.buffer.badges()
six = recording.rows_of(BADGES.values())
now, _, _ = recording.policy.evaluate_actions(rows.obs, rows.actions)
ratios = importance_ratios(now, rows.old_log_probs)
columns = dict(log_prob=now.detach(), ratio=ratios.detach())
columns |= dict(A=rows.advantages)
Note(row_table(badges, six, BADGES, **columns))


# %%
def gradient_of(loss):
    weights = list(recording.policy.parameters())
    whole = dict(retain_graph=True, allow_unused=True)
    parts = torch.autograd.grad(loss, weights, **whole)
    return torch.cat([part.flatten() for part in parts if part is not None])


plain = gradient_of(policy_gradient_loss(now, rows.advantages))
through_ratio = gradient_of(surrogate_loss(ratios, rows.advantages))
apart = (plain - through_ratio).norm() / plain.norm()
claim("before the first step all ratios are 1", (ratios - 1).abs().max() < 1e-4)
claim("so that all rows count", effective_sample_size(ratios) > 0.999)
claim("the two gradients are the same, but for rounding", apart < 1e-3)

# %% [markdown]
# ## The team decides
#
# Sums over a house are no proof for a team. So the real one was trained in three ways, on the standard case, for 240 rollouts each (0.98 million agent-steps: steps x copies x agents): with the **policy gradient** (one
# gradient step a rollout, with all its rows, for there all ratios are 1), with the surrogate and **no clip** (four passes over the rows, in two mini-batches each: eight steps a
# rollout), and with **PPO** (the same with the clip). The step size was chosen for each out of three, on three other seeds, by the win rate averaged over the run. Then ten
# fresh seeds each; all are shipped, none was left out.
#
# **Question.** Which of the three wins how much?
#
# <details><summary>The policy gradient: it is the only exact one.</summary>With the true A its direction would be right on average; with a critic's it is so about. But it takes one
# step where the others take eight. See what that is worth.</details>
# <details><summary>No clip, with a small step size, as much as PPO.</summary>A fair guess: short steps do not go far either. Compare the ranges
# below.</details>
# <details><summary>PPO.</summary>Look at the median and at the range: does every seed say so?</details>

# %%
import statistics

from ppo_lessons.shipped.three_losses import load_three_losses

runs = load_three_losses()
at_end = runs.curves["win_rate"][:, :, -1].tolist()  # (method, seed)
three = zip(runs.methods, runs.chosen, at_end, strict=True)
for method, rate, wins in three:
    middle = statistics.median(wins)
    print(f"{method}, learning rate {rate:g}: median win rate {middle:.2f},")
    print(f"  ten seeds from {min(wins):.2f} to {max(wins):.2f}")
_, kl_without, kl_with = runs.curves["approx_kl"].mean(axis=(1, 2))
further = kl_without > 2 * kl_with
claim("without a clip approx_kl is more than twice as large", further)
survival = statistics.median(runs.curves["survival"][0, :, -1].tolist())
print(f"policy gradient: {survival:.0%} of the detectives stand at the end")
policy_gradient.show_three_losses(runs)

# %% [markdown]
# On this case eight steps a rollout make the great difference, and the clip a further one. The ranges overlap: PPO's two slowest seeds end among
# the five best without a clip. There the best step size tried was a quarter of PPO's, and the policy still went further (approx_kl 0.020
# on average, against 0.007). The policy gradient learned to survive, and not to win.
#
# What this does not say: it took 240 gradient steps where the others took 1,920, none of its three step sizes was good, and all other
# settings had been found good *with* the clip. It is one case and one budget. More: [lesson 13](13_coefficient_lab.ipynb).

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - What is to grow is J, the expected return. Its gradient is a mean over what was played: A times the gradient of the log-probability.
# - A baseline changes no mean, only the scatter. The advantage comes from there.
# - The surrogate lets old rows be used again. It is right near the old policy only; the clip takes away the incentive to leave.
#
# | code | meaning |
# |---|---|
# | [`policy_gradient_loss(log_probs, advantages)`](../ppo_lessons/policy_gradient.py) | its gradient estimates that of J, turned round, from one's own rows |
# | [`surrogate_loss(ratios, advantages)`](../ppo_lessons/policy_gradient.py) | the same for rows of an older policy |
# | [`effective_sample_size(ratios)`](../ppo_lessons/policy_gradient.py) | which share of the rows still counts |
#
# **Next:** [5. Detaching: which tensors may carry a gradient?](05_detaching.ipynb)
