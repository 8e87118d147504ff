# %% [markdown]
# `A B C D E F G H I J K [L M N] O P`
#
# # 13. The coefficient lab: what do the coefficients do to losses and team?
#
# **25 minutes, no exercises: three instruments.** You need: [08](08_clipping.ipynb), [09](09_value_loss.ipynb), [10](10_entropy.ipynb); better [12](12_team_training.ipynb)
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
# You will change a coefficient and watch it act at three distances: on the losses of one update, on the team that this update makes, and on what a
# team has become after 240 updates.

# %% [markdown]
# ## Equation
#
# $$\text{total loss} = -L^\text{CLIP}(\epsilon) + c_1\,L^\text{VF} - c_2\,S$$
#
# (Schulman et al. 2017, equation 9, sign turned.) In our words `clip_eps`, `vf_coef` $= c_1$, `ent_coef` $= c_2$. A coefficient cannot be judged by
# the total: another $c_1$ gives another total for the *same* network. It is judged by what it makes of the network, and of the team.

# %% [markdown]
# ## First instrument: the frozen moment
#
# A team of one age, one rollout of it (about 2,000 rows), its weights: all frozen. You change one knob. The *true* update is made, with
# `ppo_update`, always from the same weights and with the same shuffles; then the new team plays the same 64 cases as the old one. Whatever
# differs, your knob did it.

# %% [markdown]
# **Question.** The survival team, `clip_eps` from 0.2 down to 0.01. What happens to `clip_fraction`?
#
# <details><summary>It falls: the policy may move less.</summary>Not so. The interval is narrower, so *more* rows lie outside it. approx_kl is what falls: rows
# that have left the interval in the direction they were pushed stop pushing.</details>
# <details><summary>It rises.</summary>Right, while approx_kl falls. clip_fraction counts rows outside *this* interval; it cannot be compared between two
# epsilons.</details>
# <details><summary>Nothing: the first step knows no clip.</summary>True of the first step only: there all ratios are 1. The update takes 16.</details>

# %%
from ppo_lessons.lessons import claim, coefficient_lab

coefficient_lab.explore_moment()

# %% [markdown]
# Try: (1) chaos, one update: which number of the team moves most? (2) mastery, `ent_coef` 1: what pulls harder, the entropy or the actor, and what
# does the team forget first? (3) `vf_coef` 20: whose pull on the trunk grows, and does the actor's *own* bar change? (4) **Compare two settings**
# for two ages under the same knobs.

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
# Proportional, and the actor's own pull is what it was. Yet its share of the trunk's gradient is smaller; and if the sum is longer than
# `max_grad_norm`, everything is shortened, the actor's part too ([lesson 09](09_value_loss.ipynb)).

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
# All ratios are 1 then, and nothing is clipped. What bounds a single step is the learning rate.

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
# ## How much of it is luck?
#
# 64 cases are few. A team that truly wins half of them would win 50 % give or take one standard error, $\sqrt{p\,(1-p)/n}$:

# %%
print(f"n = 64:  0.50 +- {np.sqrt(0.5 * 0.5 / 64):.2f}")
print(f"n = 400: 0.50 +- {np.sqrt(0.5 * 0.5 / 400):.3f}")

# %% [markdown]
# Before and after play the *same* cases, which helps; still, do not read a story into a difference of 0.05 on 64 cases.

# %% [markdown]
# ## Second instrument: whole runs
#
# One update is not a training. Here teams are trained from nothing, with your settings, several seeds each; a line is the mean of the seeds, its band
# reaches to all of them. **Stop** whenever you like, **Go on** later; every run is kept. The grey line is the default setting.
#
# Decide first: `ent_coef` 0 for 60 cycles: will survival come later? Will the seeds lie closer together?

# %%
lab = coefficient_lab.RunsLab()
lab

# %% [markdown]
# If the bands of two settings overlap, the difference may be the seeds'. Three seeds show that there is spread; they do not measure it well.

# %% [markdown]
# ## Third instrument: the atlas
#
# 225 runs that you need not wait for: five `clip_eps`, five `ent_coef`, three `vf_coef`, three seeds each, a million agent-steps, all else as in
# `PPOConfig`. Each number is a mean over the seeds. Your own runs
# from above appear as starred lines, and as stars on the grid (a hollow one: its settings are not on the grid, this is the nearest place).

# %%
coefficient_lab.explore_atlas(lab.trials)

# %% [markdown]
# Press play at "million agent-steps" and see mastery spread. Then: (1) Where do teams survive without winning? Look at their walks and their replay.
# (2) Which way from the default setting does mastery fade most slowly? (3) The best cell: what do its three seeds say?

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
# Most teams get stuck in survival: staying away pays at once, gathering only when the mates do it too. With `ent_coef` 0 the policy becomes certain
# before it has found that out (look at `entropy`); with 0.25 it never becomes certain of anything. With `vf_coef` 0.1 the critic learns more slowly
# (`explained_variance`); with 10 it learns no better than with 1, but the gradient gets so long that it is often shortened, and the policy moves less
# (`approx_kl`).
#
# What the atlas does *not* say: after a million agent-steps a run is not at its end. It shows who gets there early.

# %% [markdown]
# **Question.** `ent_coef` 0.025, `vf_coef` 1: with `clip_eps` 0.2 the atlas says 0.97, with 0.4 it says 0.93. Is the narrower clip better?
#
# <details><summary>Yes, 0.97 is more than 0.93.</summary>Not shown by this: each is a mean of three seeds, and those of 0.4 alone lie further apart (0.81 to 0.99). Look at the
# bands.</details>
# <details><summary>It cannot be told from three seeds.</summary>Right. More seeds would be needed; the benchmark of this course takes forty.</details>
# <details><summary>Yes: the narrower, the safer.</summary>Not shown either: with 0.1 and 0.05 fewer cases are won after a million agent-steps (0.75 and 0.54). approx_kl is smaller there: in
# the same time the policy has gone less far.</details>

# %% [markdown]
# **Question.** You raise `vf_coef` and the total loss in the log goes up. Has learning become worse?
#
# <details><summary>Yes, the loss is to be made small.</summary>Not so: the same network has another total as soon as the coefficient changes. The number is not
# comparable between settings.</details>
# <details><summary>The total does not say; the team does.</summary>Right: look at explained_variance, approx_kl and what the team does.</details>
# <details><summary>No: a large value loss is always good.</summary>Not so: it says that the critic is far off, or that the returns are large.</details>

# %% [markdown]
# ## Recap
#
# - `clip_eps` decides which rows still push after the first step; `vf_coef` and `ent_coef` weigh three pulls on the same weights.
# - A coefficient is judged by the team, on the same cases, and over several seeds; not by the total loss.
# - Survival is easy to come by; mastery needs settings, luck and time. See the spread before you trust a cell.
#
# | code | meaning |
# |---|---|
# | [`total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef)`](../ppo_lessons/losses.py) | node N: combine the losses |

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# **Next:** change the rules of the game: try the harder cases, or your own [`Case`](../ppo_lessons/spirit_world/cases.py).
