# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 12. Team training: from chaos to mastery
#
# **20 minutes, 2 exercises.** You need: [11](11_full_update.ipynb).
#
# Afterwards you can: train a team with the whole cycle, stop it and go on, read its learning curves, and say in numbers what has changed.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will watch a team that knows nothing become a team that wins nearly every case, trained live, with every function that you have written on the way.

# %% [markdown]
# ## Idea
#
# One cycle is rollout, advantages, update, clear. Each is short. What makes mastery is doing it a few hundred times, always on fresh
# experience of the *current* policy.

# %%
import copy

from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.classroom import my_steps
from ppo_lessons.lessons import claim, team_training

steps = my_steps()
config = PPOConfig(seed=2)
teams = {"chaos": TrainingRun("standard", config).policy}
T, E = config.num_steps, config.num_envs
print(f"one rollout: T = {T} steps of E = {E} copies with A = 4 agents")

# %% [markdown]
# `my_steps()` takes what stands in `my_ppo.py`, the file beside the notebooks into which every function goes that passes its check. Your functions
# train this team; the package does what is missing.

# %% [markdown]
# ## Code: the whole cycle
#
# `train` is a generator: it goes once round the flowchart and reports, again and again, as long as you ask. The first three cycles:

# %%
run, reports = TrainingRun("standard", config), []
for report in train(run, cycles=3, steps=steps):
    reports.append(report)
    update = report.update
    steps_taken = f"{update.num_gradient_steps} gradient steps"
    entropy = f"entropy {update.entropy:.1f}"
    print(f"cycle {report.cycle}: {steps_taken}, {entropy}")

# %% [markdown]
# All of `train_cycle`, without its bookkeeping:
#
# ```python
# last_values = collect(env, policy, buffer, generator)              # A, B, C
# buffer.finish(last_values, gamma, gae_lambda)                      # D
# ppo_update(policy, optimizer, buffer.get(), config, generator)     # D to O
# buffer.clear()                                                     # P
# ```

# %% [markdown]
# ## Picture: it learns
#
# Curves grow while the team trains. **Jupyter's stop button (■) ends it at any time**; nothing is lost, run the cell again to go on.
# *Predict first:* which will rise earlier, survival or the win rate?

# %%
mine = dict(reports=reports, steps=steps)
reports = team_training.watch_training(run, cycles=27, **mine)
teams["survival"] = copy.deepcopy(run.policy)

# %% [markdown]
# Survival comes first, and quickly. To win, three detectives have to stand at the same spirit in the same step: as long as the mates wander, going
# there costs health and pays nothing. Now until 95 % of the last 400 cases are won:

# %%
mine = dict(reports=reports, steps=steps)
reports = team_training.watch_training(run, 970, until=0.95, **mine)
teams["mastery"] = run.policy
claim("95 % of the last 400 cases were won", run.cycle < 1000)

# %% [markdown]
# Read the curves from left to right. *What it achieves:* survival first, the win rate late and then fast. *How it behaves:* teaming_up rises with the
# wins. *Losses:* value_loss rises when the team begins to win: the critic has something new to learn. *Each update:* approx_kl stays small.

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
# ## Your certificate
#
# Your learning curve beside the reference's: the same run, trained by the package's own steps. Steps of yours that are right give the same
# numbers, so the curves lie on each other (on another processor the last digits differ, and after many cycles so do the curves).

# %%
from ppo_lessons.classroom.my_ppo import my_functions
from ppo_lessons.shipped.ages import load_reference_curve

reference, own = load_reference_curve(), list(my_functions())
team_training.show_certificate(reports, reference, own)

# %% [markdown]
# ## Play
#
# Train a team of your own, with your steps, and look in on it. Press **Train**, stop it when you like, watch the team of any moment beside the newest
# one, go on. Decide first: (1) survival passes 80 %: what has the team learned to do, and where does it stand on the board? (2) The win
# rate begins to rise: which curve of *how it behaves* rises with it?

# %%
dashboard = team_training.TrainingDashboard(steps)
dashboard

# %% [markdown]
# Other settings? [The coefficient lab](13_coefficient_lab.ipynb) trains teams with yours, and shows how far apart three seeds of the same setting lie.

# %% [markdown]
# ## Exercise 12.1: shorter and shorter steps (difficulty 1, 4 minutes)
#
# Near the end of a long run smaller steps often help. `anneal_cycles` lets the step size fall in a straight line, from `learning_rate` in cycle 0
# to 0 in cycle `anneal_cycles`, and stay there.


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
# The clip does not bound the policy. `target_kl` does: before each step the update looks at approx_kl, and ends, leaving *both* loops, once it is above
# 1.5 times the target. None means no limit.


# %% tags=["exercise"]
def should_stop(kl, target_kl):
    # Return True if the update should end before its next step.
    return ...


# %%
should_stop = check(should_stop)
# hint("12.2")
# solution("12.2")

# %%
eager = PPOConfig(seed=2, learning_rate=0.02, target_kl=0.01)
run_of_eager = TrainingRun("standard", eager)
updates = [report.update for report in train(run_of_eager, cycles=5)]
early = any(update.stopped_early for update in updates)
claim("an update ended early", early, "of 5")

# %% [markdown]
# ## Keep your team
#
# A run is saved whole: weights, optimizer, worlds and random numbers. Loaded, it goes on bit for bit as if it had never stopped.

# %%
import tempfile
from pathlib import Path

from ppo_lessons import load_run, save_run

with tempfile.TemporaryDirectory() as folder:  # choose one of your own
    path = Path(folder) / "my_team.pt"
    save_run(run, path)
    copy_of_run = load_run(path)
one, other = (next(train(r, cycles=1)) for r in (run, copy_of_run))
same = one.update == other.update
claim("the next cycle is the same, to the last digit", same)

# %% [markdown]
# **Question.** The win rate stays at 2 % for many cycles and then rises steeply. What was learned meanwhile?
#
# <details><summary>Nothing, it was waiting for luck.</summary>Not so: survival and value_loss moved all the time. Staying alive near each other makes
# the first joint banishings likely.</details>
# <details><summary>To stay alive, and what states are worth.</summary>Right: both are the ground for what came after.</details>
# <details><summary>The critic was too slow.</summary>Not so: its losses were small. It was well informed about a world in which nobody wins.</details>

# %% [markdown]
# **Question.** Two runs differ only in their seed. One wins 95 % after 0.5 million agent-steps, the other after 2.3 million. What follows?
#
# <details><summary>The second seed has a mistake in it.</summary>Not so: early luck decides when the first joint banishings happen.</details>
# <details><summary>One run says little; compare several seeds.</summary>Right. The benchmark of this course takes forty.</details>
# <details><summary>The settings are bad.</summary>Not from this: both get there. To judge settings, compare the spread over seeds.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - A cycle is rollout, advantages, update, clear; `train` reports after each.
# - Survival first, then mastery: gathering pays only when the mates do it too.
# - Return alone hides it; win rate, survival and teaming up tell the ages apart.
#
# | code | meaning |
# |---|---|
# | [`train(run, cycles)`](../ppo_lessons/training.py) | nodes A to P, again and again |
#
# **Next:** [13. The coefficient lab: what do the coefficients do to losses and team?](13_coefficient_lab.ipynb)
