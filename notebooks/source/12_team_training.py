# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 12. Team training: from chaos to mastery
#
# **60 minutes (a place to stop after 15), 2 exercises.** You need: [11](11_full_update.ipynb).
#
# Afterwards you can: train a team with the whole cycle, stop it and go on, read its learning curves, and say in numbers what has changed.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will watch a team that knows nothing become a team that wins nearly every case, trained live, with the functions of yours that stand in
# `my_ppo.py`.
#
# **The detective's problem.** A spirit with three dots is near. If detective 0 goes there alone, it drains her and nothing is won. If she stays away,
# nothing is won either. Only when two mates come along does going there pay, and they are only learning, too. How does a team get out of
# this?

# %% [markdown]
# ## Idea
#
# One cycle is [rollout](../docs/glossary.md#rollout), [advantages](../docs/glossary.md#advantage), update, clear. Each is short. What makes mastery is doing it a few
# hundred times, always on fresh experience of the *current* [policy](../docs/glossary.md#policy).

# %%
import copy

from ppo_lessons import TrainingRun, train
from ppo_lessons.classroom import my_steps, my_world
from ppo_lessons.lessons import claim, team_training
from ppo_lessons.shipped.ages import REFERENCE

steps = my_steps()
T, E = REFERENCE.num_steps, REFERENCE.num_envs
fresh = TrainingRun(my_world("standard", E), REFERENCE)
teams = {"chaos": fresh.policy}
print(f"one rollout: T = {T} steps of E = {E} copies with A = 4 agents")

# %% [markdown]
# `my_steps()` takes what stands in `my_ppo.py`, the file beside the notebooks into which every function goes that passes its check, and
# `my_world()` the two rules of the game among them. Every function that you have written takes part in this training: most do the work of a box,
# some watch over it and stand in its reports. (The loss of the plain policy gradient waits for "Your three losses", below.) The package does what
# is missing.

# %% [markdown]
# ## Code: the whole cycle
#
# `train` is a generator: it goes once round the flowchart and reports, again and again, as long as you ask. Here are the first three cycles:

# %%
world = my_world("standard", E)
run, reports = TrainingRun(world, REFERENCE), []
for report in train(run, cycles=3, steps=steps):
    reports.append(report)
    update = report.update
    steps_taken = f"{update.num_gradient_steps} gradient steps"
    entropy = f"entropy {update.entropy:.1f}"
    print(f"cycle {report.cycle}: {steps_taken}, {entropy}")

# %% [markdown]
# This is all of `train_cycle`, without its bookkeeping:
#
# ```python
# anneal_learning_rate(optimizer, config, cycle)                     # if asked
# last_values = collect(env, policy, buffer, generator)              # A, B, C
# buffer.finish(last_values, gamma, gae_lambda, team_credit=True)    # D
# ppo_update(policy, optimizer, buffer.get(), config, generator)     # D to O
# buffer.clear()                                                     # P
# ```

# %% [markdown]
# ## Exercise 12.1: shorter and shorter steps (difficulty 1, 4 minutes)
#
# Two decisions belong to whoever trains for long: how far a step goes, and when an update has gone far enough. You write both before the training
# begins.
#
# Towards the end of a long run smaller steps are often used. `anneal_cycles` lets the step size fall in a straight line, from `learning_rate` in
# cycle 0 to 0 in cycle `anneal_cycles`, and stay there.


# %% tags=["exercise"]
def annealed(learning_rate, cycle, anneal_cycles):
    # Return the step size of a cycle.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

annealed = check(annealed)
# hint("12.1")
# solution("12.1")
for cycle in (0, 50, 100, 120):
    print(f"cycle {cycle:3}: step size {annealed(0.004, cycle, 100):.4f}")

# %% [markdown]
# ## Exercise 12.2: far enough (difficulty 1, 4 minutes)
#
# The clip does not bound the policy. `target_kl` looks how far it went: before each step the update looks at
# [approx_kl](../docs/glossary.md#approximate-kl), and ends, leaving *both* loops, once it is above 1.5 times the target. None means no limit.


# %% tags=["exercise"]
def should_stop(kl, target_kl):
    # Return True if the update should end before its next step.
    return ...


# %%
should_stop = check(should_stop)
# hint("12.2")
# solution("12.2")

# %% [markdown]
# Does this bound the policy? It looks only *before* a step, and at one mini-batch. We can do better: the
# [exact KL](07_ratios.ipynb), over all five actions, averaged over every row of the recorded rollout.

# %%
from dataclasses import replace

import torch
from ppo_lessons import make_optimizer, ppo_update
from ppo_lessons.shipped.recording import CONFIG, load_recording

recording = load_recording()
rows, old = recording.buffer.get(), recording.policy


@torch.no_grad()
def exact_kl(old, new):
    """Mean KL(old || new) over the observations of the rollout."""
    logits = old(rows.obs)[0], new(rows.obs)[0]
    was, now = (torch.log_softmax(z, dim=-1) for z in logits)
    return float((was.exp() * (was - now)).sum(dim=-1).mean())


# %%
for rate in (0.008, 0.02):
    config = replace(CONFIG, target_kl=0.01, learning_rate=rate)
    policy = load_recording().policy
    optimizer = make_optimizer(policy, config)
    shuffling = torch.Generator().manual_seed(0)
    report = ppo_update(policy, optimizer, rows, config, shuffling)
    kl = exact_kl(old, policy)
    stopped = f"step size {rate:g}: it ended early"
    claim(stopped, report.stopped_early, "target_kl 0.01")
    far = "more than twice as far" if kl > 0.03 else ""
    claim("so its exact KL is at most 0.015", kl <= 0.015, far)

# %% [markdown]
# So `target_kl` does not bound the policy either. It ends an update that has gone too far, *after* it has gone too far; how far depends on the
# step size. In the first six updates of four teams, with the default step size and this target, the exact KL after an update that ended early was 0.015 to 0.023.
#
# **A place to stop.** Next comes the training itself, which takes from a few seconds to a minute or two.

# %% [markdown]
# ## Picture: it learns
#
# Curves grow while the team trains, now with your two new functions as well. **Jupyter's stop button (■) ends it at any time**; nothing is lost, run the cell again to go on.
# *Predict first*, with the detective's problem in mind: which will rise earlier, survival or the win rate?

# %%
steps = my_steps()
mine = dict(reports=reports, steps=steps)
reports = team_training.watch_training(run, cycles=27, **mine)
teams["survival"] = copy.deepcopy(run.policy)

# %% [markdown]
# Survival comes first. To win, three detectives have to stand at the same spirit in the same step. As long as the mates wander, going there costs
# health and pays nothing, so staying away is what is learned first. We go on until 95 % of the last 400 cases are won, or until the step size has
# come down to 0 in cycle 1000:

# %%
mine = dict(reports=reports, steps=steps)
reports = team_training.watch_training(run, 970, until=0.95, **mine)
teams["mastery"] = run.policy
claim("95 % of the last 400 cases were won", run.cycle < 1000)
kl = max(report.update.approx_kl for report in reports)
claim("no update's mean approx_kl was above 0.1", kl < 0.1)

# %% [markdown]
# Read the curves from left to right. *What it achieves:* survival first, the win rate late and then fast. *How it behaves:* teaming_up rises, and when the
# team begins to win, health is lost alone *more* often again: whoever goes to a spirit may have to wait for the others. *Losses:* value_loss rises at the same
# time, for the returns now differ more. *Each update:* approx_kl, a mean over its steps, stays in the order of 0.01.
#
# Is this order luck? We trained 20 seeds, 240 cycles each, and ship what came of them:

# %%
import numpy as np
from ppo_lessons.shipped.ages import load_seed_curves

curves = load_seed_curves()
stands = (np.nan_to_num(curves.survival) > 0.8).argmax(axis=1)
wins = (curves.win_rate > 0.2).argmax(axis=1)  # the first such point
first = int((stands < wins).sum())
in_all = f"{first} of 20 seeds"
claim("survival passes 80 % before the wins pass 20 %", first == 20, in_all)
soon, late = 4 * (wins.min() + 1), 4 * (wins.max() + 1)
print(f"the win rate passes 20 % by cycle {soon} to {late}")

# %% [markdown]
# ## The team at three ages
#
# The same 400 cases for each age. None of these was used for training.

# %%
from ppo_lessons import evaluate, policy_player, record

behaviours, replays = {}, {}
for age, team in teams.items():
    behaviours[age] = evaluate(policy_player(team))
    replays[age] = record(policy_player(team), seed=106)
chaos, survival, mastery = behaviours.values()
claim("chaos falls", chaos.survival < 0.6, "survival below 60 %")
claim("survival stands", survival.survival > 0.8, "above 80 %")
won = "above 85 % of the cases, chaos below 10 %"
claim("mastery wins", mastery.win_rate > 0.85 and chaos.win_rate < 0.1, won)

# %%
from ppo_lessons.display.tables import Note
from ppo_lessons.display.team import behaviour_table

Note(behaviour_table(behaviours))

# %%
from ppo_lessons.interactive.theatre import Theatre

text = "the same case, played by your team at its three ages, moving"
Theatre("Your team", replays, text)

# %% [markdown]
# Which single number tells the three ages apart? We ask it of the shipped teams of [lesson 00](00_start_here.ipynb), which are the same on every machine.

# %%
from ppo_lessons.shipped.ages import AGES, load_age

shipped = [evaluate(policy_player(load_age(age))) for age in AGES]
for name in ("teaming_up", "health_lost_alone"):
    numbers = [getattr(behaviour, name) for behaviour in shipped]
    low, middle, high = sorted(numbers)
    apart = middle / low > 1.5 and high / middle > 1.5
    said = ", ".join(f"{number:.1f}" for number in numbers)
    claim(f"{name}: each 1.5 times the next", apart, said)

# %% [markdown]
# `teaming_up` is about 1.1, 1.9 and 2.1: it tells chaos from the other two, but hardly survival from mastery. The hiders stand even closer together than the
# masters (`mate_distance` 0.5 against 1.1), so that a spirit that comes by meets several of them. `health_lost_alone` is about 6.0, 0.3 and 2.7 in 100 steps: it
# tells all three apart.
#
# And our row? What would your three teams have done in her place, where she went right and fell?

# %%
from ppo_lessons.display.tables import Table

(her_row,) = recording.rows_of([(6, 0, 0)])
cells = [["team", "stay", "up", "down", "left", "right", "value"]]
for age, team in teams.items():
    with torch.no_grad():
        logits, value = team(rows.obs[[her_row]])
    chances = torch.softmax(logits[0], dim=-1).tolist()
    numbers = [f"{number:.2f}" for number in (*chances, float(value))]
    cells.append([age, *numbers])
Note(Table(cells))

# %% [markdown]
# ## Your certificate
#
# First, number for number: one cycle with your steps, and one with the package's. Both take the package's `shuffle_rows` and `play_step`, for
# these two draw random numbers: yours may be just as right and draw others from the same seed, and then it is another run.

# %%
from ppo_lessons import Steps

given = Steps()
draws = dict(shuffle_rows=given.shuffle_rows, play_step=given.play_step)
alike = replace(steps, **draws)
yours = TrainingRun(my_world("standard", E), REFERENCE)
theirs = TrainingRun("standard", REFERENCE)
mine, reference = (next(train(yours, 1, alike)), next(train(theirs, 1)))
pairs = [yours.policy.parameters(), theirs.policy.parameters()]
same = all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*pairs, strict=True))
claim("one cycle gives the same weights, to four digits", same)
off = abs(mine.update.total_loss - reference.update.total_loss)
claim("and the same loss, to four digits", off < 1e-4)

# %% [markdown]
# For one cycle that is a fair test. For a whole training it cannot be: a last digit that was rounded otherwise changes a weight a little, soon a detective
# takes another action, and from there the runs go apart. We wrote the ratio as $e^a / e^b$ for $e^{a - b}$: after three cycles the weights agreed to six digits, and
# after forty some differed by more than 0.1. So the curve of a whole run is laid into the band of the shipped seeds:

# %%
from ppo_lessons.classroom.my_ppo import my_functions

own = list(my_functions())
team_training.show_certificate(reports, curves, own)

# %% [markdown]
# The band reaches from the lowest to the highest of 20 seeds. A run of right steps need not stay inside all the time: of these 20 themselves, 11 leave the
# band of the other 19 somewhere, 4 of them by more than 0.05. So the band proves nothing; but a curve far below it deserves a second look.

# %% [markdown]
# ## Your three losses
#
# In [lesson 04](04_policy_gradient.ipynb) you wrote the two losses that came before the clipped one. They can train a team, too: ten cycles with each, and
# how far the policy had gone after an update (approx_kl over all rows), with what was left of the old rows' worth (the effective sample size).

# %%
all_rows = replace(REFERENCE, epochs=1, minibatch_size=T * E * 4)
kinds = {
    "clipped": (steps, REFERENCE),
    "no clip": (steps.with_actor_loss("surrogate"), REFERENCE),
    "one step": (steps.with_actor_loss("policy_gradient"), all_rows),
}
went, left = {}, {}
for name, (own, settings) in kinds.items():
    team = TrainingRun(my_world("standard", E), settings)
    updates = [report.update for report in train(team, 10, own)]
    went[name] = sum(update.kl_after for update in updates) / 10
    left[name] = sum(u.effective_sample_size for u in updates) / 10
farther = went["no clip"] > 2 * went["clipped"]
claim("without a clip it went farther", farther, "more than twice")
less = left["no clip"] < left["clipped"] - 0.02
claim("and the old rows were worth less after it", less)
claim("one step went less far", went["one step"] < went["clipped"] / 2)

# %% [markdown]
# How far these three methods get with whole trainings, on ten seeds each, is in [lesson 04](04_policy_gradient.ipynb).

# %% [markdown]
# ## Play
#
# Train a team of your own, with your steps, and look in on it. Press **Train**, stop it when you like, watch the team of any moment beside the newest
# one, go on. Decide first: (1) When survival passes 80 %, what has the team learned to do, and where does it stand on the board? (2) When the win
# rate begins to rise, which curve of *how it behaves* rises with it?

# %%
dashboard = team_training.TrainingDashboard(steps)
dashboard

# %% [markdown]
# Other settings? [The coefficient lab](13_coefficient_lab.ipynb) trains teams with yours, and shows how far apart three seeds of the same setting lie. Fog, tougher spirits, a larger grid?
# [Tougher enemies](14_tougher_enemies.ipynb). A critic that sees through the fog? [The team's critic](15_team_critic.ipynb).

# %% [markdown]
# ## Keep your team
#
# A run is saved whole: weights, optimizer, worlds and random numbers; your functions are handed over again. Loaded, it goes on bit for bit as if it had
# never stopped.

# %%
import tempfile
from pathlib import Path

from ppo_lessons import load_run, save_run

with tempfile.TemporaryDirectory() as folder:  # choose one of your own
    path = Path(folder) / "my_team.pt"
    save_run(run, path)
    copy_of_run = load_run(path, env=my_world("standard", E))
one, other = (next(train(r, 1, steps)) for r in (run, copy_of_run))
same = one.update == other.update
claim("the next cycle is the same, to the last digit", same)

# %% [markdown]
# **Question.** The win rate stays at 2 % for many cycles and then rises steeply. What was learned meanwhile?
#
# <details><summary>Nothing, it was waiting for luck.</summary>Luck has its part: *when* the rise comes differs from seed to seed. But in between something was
# learned: survival rose in every shipped seed before the wins did.</details>
# <details><summary>To stay alive, at least.</summary>Right: that can be seen in the curves. Whether it also makes the first joint banishings likelier, we have not
# tested; it would take a run that begins with teams that stay alive in another way.</details>
# <details><summary>How to win; it only did not show yet.</summary>A thing can be learned before it shows. But banishing takes three at once, and the curve of
# `teaming_up` was below 2, as a rule, as long as hardly anything was won.</details>

# %% [markdown]
# **Question.** Two runs differ only in their seed. One wins 95 % after 0.5 million agent-steps, the other after 2.3 million. What follows?
#
# <details><summary>The second seed has a mistake in it.</summary>One begins to look for it, naturally. But the seed draws first weights, cases, actions and shuffles,
# and that alone spreads runs so far: these two are the fastest and the slowest of the forty in our benchmark.</details>
# <details><summary>One run says little; compare several seeds.</summary>Right. The benchmark of this course takes forty.</details>
# <details><summary>The settings are bad.</summary>Two runs cannot say so, and both get there. To judge settings, compare the spread over seeds.</details>
#
# **With pen and paper.** A rollout has T = 8 steps, E = 128 copies and A = 4 detectives. How many agent-steps is a cycle, and how many cycles are 0.5 and 2.3
# million?
#
# <details><summary>The answer</summary>8 x 128 x 4 = 4096; 0.5 million are about 122 cycles, 2.3 million about 562.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - A cycle is rollout, advantages, update, clear; `train` reports after each.
# - Survival first, then mastery, in each of 20 seeds: gathering pays only when the mates do it too.
# - Win rate and survival together tell the ages apart, and so does how often a detective is drained alone.
# - Neither the clip nor `target_kl` bounds the policy; one takes away an incentive, the other ends an update.
# - Right steps give the same numbers for some cycles, not the same training.
#
# | code | meaning |
# |---|---|
# | [`train(run, cycles)`](../ppo_lessons/training.py) | nodes A to P, again and again |
#
# **Next:** [13. The coefficient lab: what do the coefficients do to losses and team?](13_coefficient_lab.ipynb)
