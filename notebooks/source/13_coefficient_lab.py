# %% [markdown]
# `A B C D E F G H I J K [L M N] O P`
#
# # 13. The coefficient lab: what do the coefficients do to losses and team?
#
# **50 minutes (a place to stop after 15), no exercises: three instruments, three tasks to hand in.** You need: [08](08_clipping.ipynb), [09](09_value_loss.ipynb), [10](10_entropy.ipynb); better [12](12_team_training.ipynb)
# too.
#
# Afterwards you can: say of `clip_eps`, `vf_coef` and `ent_coef` which number of an update each moves first, what it makes of the team in the
# long run, and when a difference between two settings means something.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will change a coefficient and see what it does from near and from far: to the losses of one update, to the team that this update makes, and to what a
# team has become after 240 updates. At the end you hand in a **lab sheet**: three guesses, written down before, and what became of them.
#
# **The detective's problem.** In lesson after lesson we followed the row (6, 0, 0). Three coefficients decide together what an update makes of detective 0. Which of
# them moves what: how likely *right* is for her, what the critic says of her, or how sure she is?

# %% [markdown]
# ## Equation
#
# $$\text{total loss} = -L^\text{CLIP}(\epsilon) + c_1\,L^\text{VF} - c_2\,S$$
#
# (Schulman et al. 2017, equation 9, sign turned.) In our words these are [`clip_eps`](../docs/glossary.md#clip-epsilon), [`vf_coef`](../docs/glossary.md#vf_coef)
# $= c_1$ and [`ent_coef`](../docs/glossary.md#ent_coef) $= c_2$. A coefficient cannot be judged by the [total](../docs/glossary.md#total-loss): another $c_1$ gives another total for the
# *same* network. It is judged by what it makes of the network, and of the team.
#
# **With pen and paper.** For our row, [lesson 10](10_entropy.ipynb) found 0.40 + 0.5 x 0.0016 - 0.02 x 0.92 = 0.3824. Which coefficient would you have to
# change, and to what, for the entropy's part to be as large as the actor's?
#
# <details><summary>The answer</summary><code>ent_coef</code> to 0.40 / 0.92 = 0.43, more than twenty times as much. And the value loss of her row could weigh ten times
# as much and would hardly be seen.</details>

# %% [markdown]
# ## First instrument: the frozen moment
#
# A team of one age, one rollout of it (about 2,000 rows) and its weights are all frozen. You change one knob. The *true* update is made, with
# `ppo_update`, always from the same weights and with the same shuffles. Then the new team plays the same 64 cases as the old one. Whatever
# differs between two settings, your knob did it.

# %% [markdown]
# **Question.** The survival team, `clip_eps` from 0.2 down to 0.01. What happens to `clip_fraction`?
#
# <details><summary>It falls: the policy may move less.</summary>The policy does move less, and approx_kl falls: rows that have left the interval in the direction they
# were pushed stop pushing. But the interval is much narrower, so that *more* rows lie outside it: here 81 % in place of 11 %.</details>
# <details><summary>It rises.</summary>Right, while approx_kl falls. clip_fraction counts rows outside *this* interval; it cannot be compared between two
# epsilons.</details>
# <details><summary>Nothing: the first step knows no clip.</summary>True of the first step only: there all ratios are 1. The update takes 16.</details>

# %%
from ppo_lessons.lessons import claim, coefficient_lab

coefficient_lab.explore_moment()

# %% [markdown]
# Try this, and decide before you move: (1) Take chaos and one update: which number of the team moves most? (2) Take mastery and `ent_coef` 1: what
# pulls harder, the entropy or the actor, and what does the team forget first? (3) Take `vf_coef` 20: whose pull on the trunk grows, and does the actor's
# *own* bar change? (4) Use **Compare two settings** for two ages under the same knobs.

# %% [markdown]
# ## Three claims put to the test
#
# The instrument is a function; it can be asked in code.

# %%
from ppo_lessons.shipped.recording import CONFIG

usual = coefficient_lab.update_frozen("survival", vf_coef=0.5)
heavy = coefficient_lab.update_frozen("survival", vf_coef=5.0)
print("ten times the vf_coef: the pull on the trunk")
for term in ("critic", "actor"):
    before, after = (m.pulls[term]["actor_trunk"] for m in (usual, heavy))
    print(f"  of the {term}: x {after / before:.1f}")

# %% [markdown]
# The critic's pull grows in proportion, and the actor's own is what it was. Yet the actor's share of the trunk's gradient is smaller; and if the sum is
# longer than `max_grad_norm`, everything is shortened, the actor's part too ([lesson 09](09_value_loss.ipynb)).

# %%
import numpy as np

one_step = dict(epochs=1, minibatch_size=4096)
update = coefficient_lab.update_frozen
narrow = update("survival", clip_eps=0.01, **one_step)
none = update("survival", clip_eps=1e6, **one_step)
actions = [moment.replays[1].actions for moment in (narrow, none)]
same = "clip_eps 0.01 and no clipping make the same team"
claim(f"in a single step {same}", np.array_equal(*actions))

# %% [markdown]
# All ratios are 1 then, and nothing is clipped. How far a single step goes is up to the learning rate.

# %%
wild = update("mastery", ent_coef=1.0, epochs=32)
calm = update("mastery", ent_coef=CONFIG.ent_coef, epochs=32)
print("mastery, a strong reward for entropy, 128 steps on one rollout:")
most = "more than 80 %"
claim("most cases were won before", wild.before.win_rate > 0.8, most)
claim("most cases are won after", wild.after.win_rate > 0.8, most)
nearer = wild.report.entropy > calm.report.entropy
claim("it is nearer to uniform than with the usual one", nearer)

# %% [markdown]
# ## Task 1: three guesses about our row
#
# The recorded update again, 16 steps. Afterwards: how much likelier is *right* for her (the ratio), what does the critic say of her (V, before 0.78), how
# sure is she (H, before 0.92)? Write three guesses down *before* you run the next cells, one for each coefficient: which of the three numbers does it
# move most? (The lab sheet to fill in stands near the end, before the recap. If you go through the lesson again, cover the table below.)

# %%
from dataclasses import replace

import torch
from ppo_lessons import losses, make_optimizer, ppo_update
from ppo_lessons.shipped.recording import load_recording

recording = load_recording()
rows = recording.buffer.get()
(her_row,) = recording.rows_of([(6, 0, 0)])
her = rows.obs[[her_row]], rows.actions[[her_row]]


def her_numbers(**changes):
    policy, config = load_recording().policy, replace(CONFIG, **changes)
    shuffling = torch.Generator().manual_seed(0)
    ppo_update(policy, make_optimizer(policy, config), rows, config, shuffling)
    with torch.no_grad():
        log_prob, entropy, value = policy.evaluate_actions(*her)
    old = rows.old_log_probs[[her_row]]
    ratio = losses.importance_ratios(log_prob, old)
    return float(ratio), float(value), float(entropy)


# %%
from ppo_lessons.display.tables import Note, Table

settings = {"as usual": {}, "clip_eps 0.05": dict(clip_eps=0.05)}
settings |= {"vf_coef 20": dict(vf_coef=20.0), "ent_coef 1": dict(ent_coef=1.0)}
found = {name: her_numbers(**changes) for name, changes in settings.items()}
ratio, value, entropy = found["as usual"]
far = abs(found["vf_coef 20"][0] - ratio)
claim("vf_coef 20 leaves her ratio alone, within 0.1", far < 0.1)
higher = found["ent_coef 1"][2] > entropy + 0.3
claim("ent_coef 1 makes her less sure, by 0.3 nats or more", higher)
cells = [["", "ratio", "V", "H"]]
cells += [[name, *(f"{x:.2f}" for x in found[name])] for name in found]
Note(Table(cells))

# %% [markdown]
# No coefficient keeps to its own number. The weight of the *critic* changes how likely *right* is for her, since both read the same trunk and share the
# clip of the gradient. One row and one update are an example, though, not a law: try another row and another seed of the shuffle.
#
# **A place to stop.** What follows needs many rows, many cases and many runs.

# %% [markdown]
# ## How much of it is luck?
#
# 64 cases are few. Suppose that a team truly wins half of all cases. The share that it wins of n of them is off by about one standard error,
# $\sqrt{p\,(1-p)/n}$, and in one time out of three by more:

# %%
print(f"n = 64:  0.50 +- {np.sqrt(0.5 * 0.5 / 64):.2f}")
print(f"n = 400: 0.50 +- {np.sqrt(0.5 * 0.5 / 400):.3f}")

# %% [markdown]
# Before and after play the *same* cases, which helps; still, do not read a story into a difference of 0.05 on 64 cases.

# %% [markdown]
# ## Second instrument: whole runs
#
# One update is not a training. Here teams are trained from nothing, with your settings and several seeds each. A line is the mean of the seeds, and its band
# reaches to all of them. **Stop** whenever you like, **Go on** later; every run is kept. The grey line is the default setting.
#
# **Task 2.** Train `ent_coef` 0 for 60 cycles with three seeds. Guess first, on your lab sheet: is survival higher or lower after 60 cycles than with the
# default setting? Do the seeds lie closer together or further apart? Then note the lowest and the highest seed of both.

# %%
lab = coefficient_lab.RunsLab()
lab

# %% [markdown]
# If the bands of two settings overlap, the difference may be the seeds'. Three seeds show that there is spread; they do not measure it well.

# %% [markdown]
# ## Third instrument: the atlas
#
# Here are 225 runs that you need not wait for: five `clip_eps`, five `ent_coef`, three `vf_coef` and three seeds each, of nearly a million agent-steps, all else as
# in `PPOConfig`. Each number is a mean over the seeds. Your own runs from above appear as starred lines, and as stars on the grid (a hollow star: its
# settings are not on the grid, this is the nearest place).

# %%
coefficient_lab.explore_atlas(lab.trials)

# %% [markdown]
# Press play at "million agent-steps" and see mastery spread. Then answer: (1) Where do teams survive without winning? Look at their walks and their
# replay. (2) Which way from the default setting does mastery fade most slowly?
#
# **Task 3.** Choose the cell that you would bet on, other than the default. Guess first: does it beat the default in all three seeds? Note the win rates of its
# seeds beside those of the default.

# %% [markdown]
# The same in numbers, from the shipped file:

# %%
from ppo_lessons.shipped.atlas import load_atlas

atlas = load_atlas()
wins = atlas.behaviour["win_rate"]  # (clip_eps, ent_coef, vf_coef, seed)
standing = atlas.behaviour["survival"]
won, hide = wins > 0.9, (standing > 0.8) & (wins < 0.2)
print(f"{won.sum()} of {wins.size} teams win more than 90 % of their cases")
print(f"{hide.sum()} survive (above 80 %) and hardly win (below 20 %)")
usual = wins[atlas.place(0.2, 0.025, 1.0)]
print("the default setting, its three seeds:", usual.round(2))

# %%
print("share of the teams that win more than half of their cases, by")
for axis, name in enumerate(("clip_eps", "ent_coef", "vf_coef")):
    others = tuple(i for i in range(4) if i != axis)
    shares = (wins > 0.5).mean(axis=others)
    pairs = zip(getattr(atlas, name), shares, strict=True)
    print(f"  {name:<8}", *(f"{v:g}: {s:.0%}" for v, s in pairs), sep="  ")

# %% [markdown]
# After a million agent-steps most teams survive and hardly win: staying away pays at once, gathering only when the mates do it too. What the coefficients did on
# the way is in the curves:

# %%
entropy = atlas.curves["entropy"]  # (clip_eps, ent_coef, vf_coef, seed, P)
print("entropy at the end, how many of 45 runs")
for place, ent_coef in enumerate(atlas.ent_coef):
    last = entropy[:, place, ..., -1]
    low, high = (last < 0.3).sum(), (last > 0.8).sum()
    print(f"  ent_coef {ent_coef:<5g}  below 0.3: {low:2}  above 0.8: {high:2}")
print("approx_kl: mean of all runs, highest point")
for place, clip_eps in enumerate(atlas.clip_eps):
    kl = atlas.curves["approx_kl"][place]
    print(f"  clip_eps {clip_eps:<4g}  {kl.mean():.4f}  {kl.max():.3f}")

# %%
print("by vf_coef, means of all runs")
for place, vf_coef in enumerate(atlas.vf_coef):
    curves = {name: atlas.curves[name][:, :, place] for name in atlas.curves}
    foreseen = curves["explained_variance"].mean()
    long, kl = (curves["grad_norm"] > 1).mean(), curves["approx_kl"].mean()
    kept = f"explained variance {foreseen:.2f}, approx_kl {kl:.4f}"
    print(f"  {vf_coef:<4g} {kept}, gradient above 1: {long:.0%}")

# %% [markdown]
# With `ent_coef` 0 most policies end rather certain, and few of these teams win; but some stay undecided without any bonus. With 0.25 none becomes
# certain. A wider clip lets the policy go further in each update: with 1.0, on average about four times as far as with 0.2. With `vf_coef` 0.1 the critic
# foresees less; with 10 it foresees no more than with 1, but the gradient is often shortened, and the policy moves less.
#
# One thing the atlas does *not* say: after a million agent-steps a run is not at its end.

# %% [markdown]
# Five settings that differ in `clip_eps` alone:

# %%
ent_coef = atlas.ent_coef.index(0.025)
vf_coef = atlas.vf_coef.index(1.0)
print("ent_coef 0.025, vf_coef 1: win rates of the three seeds, mean")
for place, clip_eps in enumerate(atlas.clip_eps):
    seeds = wins[place, ent_coef, vf_coef]
    three = " ".join(f"{rate:.3f}" for rate in seeds)
    print(f"  clip_eps {clip_eps:<4g}  {three}   {seeds.mean():.3f}")

# %% [markdown]
# **Question.** With `clip_eps` 0.2 the mean is 0.98, with 0.4 it is 0.93. Is the narrower clip better?
#
# <details><summary>Yes, 0.98 is more than 0.93.</summary>As numbers, yes. But each is a mean of three seeds, two of the three with 0.4 lie among those with 0.2, and one poor
# seed makes the difference.</details>
# <details><summary>It cannot be told from three seeds.</summary>Right. More seeds would be needed; the benchmark of this course takes forty.</details>
# <details><summary>Yes: the narrower, the safer.</summary>One would expect it of a safety device. But with 0.1 and 0.05 the means are lower still, after a million agent-steps.
# approx_kl is smaller there: in the same time the policy has gone less far. And these, too, are three seeds each.</details>

# %% [markdown]
# **Question.** You raise `vf_coef` and the total loss in the log goes up. Has learning become worse?
#
# <details><summary>Yes, the loss is to be made small.</summary>Within one setting that is the idea. But the same network has another total as soon as the coefficient
# changes: the number cannot be compared between settings.</details>
# <details><summary>The total does not say; the team does.</summary>Right: look at explained_variance, approx_kl and what the team does.</details>
# <details><summary>No: a large value loss is always good.</summary>It does rise when a team begins to win. By itself it only says that the critic is far off, or that the
# returns are large.</details>

# %% [markdown]
# ## To hand in: the lab sheet
#
# Double-click this cell and fill it in. The guesses come first; a guess that fails is worth as much as one that holds.
#
# | task | my guess, and why | what I measured, with which seeds | held, failed, or cannot tell |
# |---|---|---|---|
# | 1. our row | | | |
# | 2. `ent_coef` 0 | | | |
# | 3. my cell of the atlas | | | |
#
# **My choice** (at most 100 words): which setting would you give a new team, and which further runs would make you change your mind?
#
# A good sheet gives every guess a direction ("higher", "closer together"), every measurement its seeds, and says "cannot tell" where the seeds of
# two settings overlap.

# %% [markdown]
# ## Recap
#
# - `clip_eps` decides which rows still push after the first step; `vf_coef` and `ent_coef` weigh three pulls on the same weights.
# - No coefficient keeps to its own number: the weight of the critic changes what an actor does.
# - A coefficient is judged by the team, on the same cases, and over several seeds; not by the total loss.
# - In the atlas survival is common and mastery is rare. See the spread of the seeds before you trust a cell.
#
# | code | meaning |
# |---|---|
# | [`total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef)`](../ppo_lessons/losses.py) | node N: combine the losses |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Ten questions over the whole course
#
# **1.** Which rows does an update learn from?
# (a) All T x E x A places of the buffer. (b) Those of the cases that were won. (c) Those in which a living detective decided.
#
# <details><summary>Answer 1</summary>(c). Rows after a fall are no decisions and are left out; lost cases are kept, for there is as much to learn from them.
# <a href="02_shared_buffer.ipynb">The shared buffer</a></details>
#
# **2.** A case is cut off by a step limit that is no part of the task. What takes the place of the future after the last step?
# (a) The critic's estimate of the last observation of this case. (b) 0. (c) Its estimate of the first observation of the next case.
#
# <details><summary>Answer 2</summary>(a). The case was not over, so something was still to come; and the next case has nothing to do with it. 0 would be right if it
# were really over. <a href="03_advantages.ipynb">Advantages</a></details>

# %% [markdown]
# **3.** The *old* log-probabilities are worked out anew in each step, by the current policy and with their graph. What does the actor learn?
# (a) Twice as fast. (b) Nothing. (c) An error is raised.
#
# <details><summary>Answer 3</summary>(b). Every ratio is then e to the power of x - x: its value is 1 and its gradient 0, silently.
# <a href="05_detaching.ipynb">Detaching</a></details>
#
# **4.** 1934 rows, `minibatch_size` 512, 4 epochs. How many gradient steps, if nothing ends the update early?
# (a) 16. (b) 15. (c) 4.
#
# <details><summary>Answer 4</summary>(a). Each epoch has four mini-batches, of 512, 512, 512 and 398 rows. <a href="06_minibatches.ipynb">Mini-batches</a></details>

# %% [markdown]
# **5.** No step has been taken yet, so all ratios are 1. What is the gradient of the actor's loss?
# (a) 0, since the ratios are constant. (b) Undefined. (c) That of the plain policy gradient, -mean(log pi x A).
#
# <details><summary>Answer 5</summary>(c). A value of 1 is no gradient of 0: at this point the gradient of the ratio is that of log pi.
# <a href="07_ratios.ipynb">Ratios</a></details>
#
# **6.** `clip_eps` is 0.2. A row has ratio 0.7 and advantage +1. Does the clipped loss still push it?
# (a) No, it is outside the interval. (b) Yes, upwards. (c) It depends on the critic.
#
# <details><summary>Answer 6</summary>(b). The smaller of 0.7 and 0.8 is the unclipped one, and that has a gradient. Only rows that went too far the way their advantage
# asked for stop. <a href="08_clipping.ipynb">Clipping</a></details>

# %% [markdown]
# **7.** Values of shape (B, 1) and returns of shape (B,) are subtracted, squared and averaged. What comes out?
# (a) The right loss. (b) An error. (c) The mean over all B x B pairs.
#
# <details><summary>Answer 7</summary>(c). The shapes broadcast to (B, B), and each value is pulled towards the mean return. <a href="09_value_loss.ipynb">Value
# loss</a></details>
#
# **8.** Three actions are equally likely. What is the entropy, in nats, and with which sign does it stand in the total that is minimised?
# (a) ln 3, minus. (b) ln 3, plus. (c) 1/3, minus.
#
# <details><summary>Answer 8</summary>(a). H = -3 x (1/3) ln (1/3) = ln 3; more of it is wanted, and we minimise. <a href="10_entropy.ipynb">Entropy</a></details>

# %% [markdown]
# **9.** What makes sure that the exact KL after an update stays below a given number?
# (a) The clip. (b) `target_kl`. (c) Neither.
#
# <details><summary>Answer 9</summary>(c). The clip takes away an incentive; <code>target_kl</code> ends an update that has gone too far, after the step that went too far.
# <a href="12_team_training.ipynb">Team training</a></details>
#
# **10.** Two settings, three seeds each: win rates 0.98, 0.99, 0.96 and 0.82, 0.98, 0.98. Which setting is better?
# (a) The first. (b) The second. (c) These runs do not say.
#
# <details><summary>Answer 10</summary>(c). The seeds overlap, and a single poor one makes the difference of the means. More seeds would be needed. (This lesson,
# above.)</details>

# %% [markdown]
# ## Projects
#
# Each has a first step, something to measure, and a way to know that it worked.
#
# **1. How many seeds are enough?** First step: train `PPOConfig(seed=s)` for 150 cycles with ten seeds. Measure the win rate of each. It worked if you can say
# how far the means of three of them and of three others lie apart as a rule.
#
# **2. Smaller steps at the end.** First step: one run with `anneal_cycles=240` and one without. Measure the last 40 win rates: mean and scatter, five seeds each. It
# worked if you can tell whether annealing lowers the scatter, and what it costs early on.

# %% [markdown]
# **3. A trunk for each.** First step: `PPOConfig(shared_trunk=False)`. Measure the agent-steps until 95 % of the last 400 cases are won, with five seeds, shared and
# separate, and the seconds as well. It worked if your table shows the spread of both, and your conclusion would survive one more seed.
#
# **4. No mini-batches.** The MAPPO paper advises to split as little as possible. First step: `minibatch_size=4096`, which is the whole rollout of the standard case. Measure
# agent-steps *and* gradient steps until 95 %, for `epochs` 4, 8 and 15. It worked if you can say which of the two counts the comparison depends on.

# %% [markdown]
# **5. A step of your own.** First step: write a value loss that grows less than the square for large errors (Huber), and hand it over as `Steps(value_loss=mine)`. Measure
# explained variance and win rate against the package's, five seeds each. It worked if an update with a very large `delta` gives the package's weights, once
# you match the factor ½.
#
# **6. The open challenge.** First step: read [how it stands](../docs/open_challenge.md). Then train a team for *midnight*, by whatever way, and measure it as said there, with five
# seeds. It worked if your row is above ours in all of them, or if you can say what stands in the way.

# %% [markdown]
# **The end, and our detective.** You have followed one row, (6, 0, 0), from the board into the buffer, through advantage, ratio, clip, value and entropy to the
# step. It was one of 1934, its voice was small, and the update went its own way. Now you can say why, for this row and for any other.
#
# **Next:** [14. Tougher enemies: what does a team take along?](14_tougher_enemies.ipynb)
