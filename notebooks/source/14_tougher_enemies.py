# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 14. Tougher enemies: what does a team take along?
#
# **55 minutes (a place to stop after 25), 3 exercises.** You need: [12](12_team_training.ipynb); better [13](13_coefficient_lab.ipynb) too.
#
# Afterwards you can: say what a trained team can do in a case that it never saw, lead it from case to case by a rule of your own, measure what it
# forgets on the way, and decide what it takes along.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will lead a team that knows a small room into a large, dark one, by your own rule, and know what it gained and what it lost.
#
# **The detective's problem.** Detective 0 has learned to gather: in the standard case her team wins nearly always. Tonight there is
# fog. She sees three steps far, her mates are voices somewhere, and two of the spirits are tougher than they were. How much of what she has
# learned is still worth something?

# %% [markdown]
# ## Idea
#
# All cases of the game have four detectives and three spirits, so what a detective sees is 34 numbers in each of them, and one
# [policy](../docs/glossary.md#policy) fits all.

# %%
from ppo_lessons import CASES
from ppo_lessons.display.tables import Table
from ppo_lessons.shipped.ways import LADDER

cells = [["case", "grid", "toughness", "sight", "health", "steps"]]
for name in LADDER:
    c = CASES[name]
    sight = "all" if c.sight is None else str(c.sight)
    tough = " ".join(map(str, c.toughness))
    numbers = [f"{c.size} x {c.size}", tough, sight, c.health, c.step_limit]
    cells.append([name, *map(str, numbers)])
Table(cells)

# %% [markdown]
# **Question.** The shipped team of mastery wins 97 % of *standard*, where everybody sees the whole grid. It has never played anything else. Which case
# will it win most often [zero-shot](../docs/glossary.md#zero-shot), that is, without another step of training: pack, fog or nightfall?
#
# <details><summary>Pack: all is seen, only the spirits are tougher.</summary>Right. To gather three at a spirit is what it has learned, and it sees how tough a spirit
# is.</details>
# <details><summary>Fog: the spirits are the same.</summary>They are, but much of what it sees is gone: a mate beyond three steps is four zeros, which in its whole life
# meant *fallen*.</details>
# <details><summary>Nightfall: it is the largest.</summary>A larger grid is harder: distances are longer, and offsets are told as shares of another size.</details>

# %%
from ppo_lessons import evaluate, policy_player
from ppo_lessons.lessons import claim
from ppo_lessons.shipped.ages import load_age

mastery = load_age("mastery")
won = {}
for name in ("standard", "pack", "fog", "nightfall"):
    played = evaluate(policy_player(mastery), name, cases=200)
    won[name] = played.win_rate
claim("zero-shot, pack is won", won["pack"] > 0.65, "above 65 %")
claim("and so is fog", won["fog"] > 0.55, "above 55 %")
claim("but nightfall hardly ever", won["nightfall"] < 0.3)

# %% [markdown]
# In 2,000 cases each it wins 81 % of pack and 73 % of fog. So something goes along by itself, and it is not everything. Three ways lead on from here: begin anew in the hard case, train *further* from what is
# there, or train on several cases *at once*. Before we compare them, two decisions are yours.

# %% [markdown]
# ## Exercise 14.1: when is a team ready? (difficulty 2, 6 minutes)
#
# A [curriculum](../docs/glossary.md#curriculum) is a row of cases and a rule that says when to go on: not too early, not too late.
#
# `cases` and `wins` have one entry for each cycle so far: how many cases were finished in it, and how many of them won. Take the *last* cycles: whole cycles, as
# few as together hold `least` cases or more. The team is ready if the share of wins among these cases is `goal` or more. As long as fewer than `least`
# cases were finished in all, it is not. A cycle may hold no finished case.


# %% tags=["exercise"]
def is_ready(cases, wins, goal, least):
    # Return True if the team is ready for the next case, and False if not.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

is_ready = check(is_ready)
# hint("14.1")
# solution("14.1")
print("two cycles, 10 cases each:", is_ready([10, 10], [2, 9], 0.9, 10))
print("the same, over 20 cases:  ", is_ready([10, 10], [2, 9], 0.9, 20))

# %% [markdown]
# **With pen and paper.** The last four cycles finished 30, 12, 9 and 11 cases, of which 15, 10, 9 and 9 were won. Is the team ready, with `goal` 0.85 and `least` 20? And
# with `least` 21?
#
# <details><summary>The answer</summary>The last two cycles hold 9 + 11 = 20 cases with 18 wins: 0.9, ready. For 21 a third one is needed: 12 + 20 = 32 cases, 28 wins,
# 0.875: still ready. With least 33 the fourth comes in: 62 cases, 43 wins, 0.69: not ready.</details>

# %% [markdown]
# ## Exercise 14.2: what goes along? (difficulty 2, 7 minutes)
#
# The next case begins with a new run: a new world, a new network, a new [optimizer](../docs/glossary.md#adam). The actor goes along always; the
# [critic](../docs/glossary.md#critic) too? What it expects of the old case may be wrong in the new one.
#
# Write the weights of `old` into `new`, in place. With `critic` True all of them; with False all but the parameters whose names begin with "critic" (a shared
# trunk is the actor's, and is called actor_trunk). `old` stays as it is, and the two must share no memory: training one may not change the other.


# %% tags=["exercise"]
def carry_over(old, new, critic):
    # Give new the weights of old, in place. Return nothing.
    return ...


# %%
carry_over = check(carry_over)
# hint("14.2")
# solution("14.2")

# %% [markdown]
# ## A claim put to the test: what must come along?
#
# Beside the weights there is the optimizer's memory: Adam's [moments](../docs/glossary.md#moments), its notion of how long steps should be. We trained 250 cycles of *standard* and then 250 of *nightfall*, five seeds
# each, with and without the critic, with and without the moments. *Predict:* which of the two is missed more?

# %%
import numpy as np
from ppo_lessons.shipped.ways import COSTS, load_ways

ways = load_ways()
for name in COSTS:
    wins = ways[name].curves[1]["win_rate"]  # in nightfall, (seed, P)
    early, late = wins[:, 1], wins[:, -1]
    seeds = " ".join(f"{rate:.2f}" for rate in late)
    print(f"{name:<21} soon {early.mean():.2f}  in the end {seeds}")

# %% [markdown]
# Seeds of one way lie further apart than the ways do: without the moments two teams win 6 % in the end, three win 78 % or more. So beside the actor's weights nothing that went along
# made a difference that five seeds could show. A critic and moments can be learned again; a team that gathers takes longer.

# %% [markdown]
# **A place to stop.** Next come the whole ways, and a training of your own.

# %% [markdown]
# ## Picture: how long to nightfall?
#
# Three ways to win 90 % of *nightfall*, counted from the very beginning: from nothing; in *small steps* over standard, pack and fog; and through a *small room*, the attic, where the spirits
# of nightfall wait on a 5 x 5 grid. *Predict:* which is the shortest?

# %%
from ppo_lessons.lessons import tougher_enemies

names = ("nothing: nightfall", "small steps", "small room")
chosen = {name: ways[name] for name in names}
tougher_enemies.show_costs(chosen, "nightfall")

# %% [markdown]
# Through the small room every seed arrives, after 2.5 to 3.1 million agent-steps; in small steps every seed, after 3.2 to 3.8 million; from nothing three of five within 5.1 million.
# Five seeds are few: of ten others, which left the attic at 70 %, seven arrived after 2.0 to 2.5 million, two after 4.5 and 4.7, and one had not after 5.9 ([measured](../benchmarks/RESULTS.md)).

# %% [markdown]
# Why a small room? What never happens cannot be learned from. A team that plays by chance banishes 34 % of the spirits of toughness 2 in the attic and 14 % in nightfall; of toughness 3, 4 % and
# 1 %. (Of toughness 4 hardly any in either: that comes later.) It may be the reason; we have not put it to the test.

# %% [markdown]
# ## Code: a way of your own
#
# `train_through` is `train` again and again: it trains in a case until the team is ready, makes the next run, carries over, and goes on. Your functions decide.
#
# ```python
# for case in cases:
#     run = TrainingRun(case, config, policy)      # later: next_run(run, case)
#     for report in train(run, most_cycles):       # nodes A to P
#         finished.append(...), won.append(...)
#         if is_ready(finished, won, goal, least):
#             break
# ```

# %% [markdown]
# The shipped team of the attic goes on to *nightfall*: a grid nearly twice as wide, the same three steps of sight. *Predict first:* does its win rate begin
# near 0, in the middle, or near 1?

# %%
from ppo_lessons import PPOConfig, train_through
from ppo_lessons.classroom import my_steps, my_way
from ppo_lessons.shipped.ways import load_team

config, steps, way = PPOConfig(seed=5), my_steps(), my_way()
before = load_team("attic")
into = dict(goal=0.7, most_cycles=400, steps=steps, way=way)
*cycles, last = train_through(("nightfall",), config, before, **into)
team = last.run.policy
seventy = last.report.cycle < 400
claim("70 % of the last 400 cases were won", seventy, "within 400 cycles")

# %%
from ppo_lessons.display.tables import Note
from ppo_lessons.display.team import behaviour_table

attic = load_team("attic")  # `before` itself was trained on
teams = {"came": attic, "went": team}
after = {}
for name, each in teams.items():
    player = policy_player(each)
    after[name] = evaluate(player, "nightfall", cases=200)
gained = after["went"].win_rate - after["came"].win_rate
claim("it wins more of nightfall than when it came", gained > 0.2)
Note(behaviour_table(after))

# %%
from ppo_lessons import record
from ppo_lessons.interactive.theatre import Theatre

replays = {}
for name, each in teams.items():
    replays[name] = record(policy_player(each), "nightfall", seed=106)
Theatre("Nightfall", replays, "the same case of nightfall, before and after")

# %% [markdown]
# ## Play: ways through the cases
#
# Eleven ways, five seeds each. Choose a way, go through its stages, and look at three things: the curves, the row of the table (what the team wins *now*,
# in every case, also in those that it never saw), and the same case before and after.
#
# Decide first: (1) After *standard*, which case is won zero-shot, which not? (2) On the way in *small steps*, what becomes of *standard* while the team learns
# *eclipse*? (3) Is *all at once* worse in any case than going there one by one?

# %%
tougher_enemies.explore_ways()

# %% [markdown]
# ## Equation: forgetting
#
# Let $R_{p,c}$ be the win rate in case $c$ after stage $p$ of a way of $P$ stages. What was [forgotten](../docs/glossary.md#forgetting) of a case is the best that was
# ever reached at an *earlier* stage, less what is left at the end (Chaudhry et al. 2018):
#
# $$f_c = \max_{p < P} R_{p,c} - R_{P,c}$$
#
# By hand: after three stages a case was won to 0.2, 0.8 and 0.7. Then $f = 0.8 - 0.7 = 0.1$. With 0.2, 0.8 and 0.9 it is $-0.1$: nothing was
# forgotten, something was gained.

# %% [markdown]
# ## Exercise 14.3: what was forgotten (difficulty 1, 4 minutes)
#
# `win_rates` is a tensor (P, C): a row for each stage, a column for each case; P is 2 or more. Return one number for each case, (C,).


# %% tags=["exercise"]
def forgetting(win_rates):
    # Return the best earlier win rate of each case, less the last one.
    return ...


# %%
forgetting = check(forgetting)
# hint("14.3")
# solution("14.3")

# %% [markdown]
# What the five teams that went in small steps have forgotten at the end, and the same after *nightfall*, one stage earlier:

# %%
import torch
from ppo_lessons.display.picture import signed

rates = torch.from_numpy(ways["small steps"].win_rates).float()
for end, stage in ((5, "nightfall"), (6, "eclipse")):
    lost = torch.stack([forgetting(seed[:end]) for seed in rates])
    print(f"after {stage}: mean of five seeds, and the worst")
    for k, name in enumerate(LADDER[:5]):
        mean, worst = lost[:, k].mean(), lost[:, k].max()
        print(f"  {name:<10} {signed(mean, 2)} {signed(worst, 2)}")

# %% [markdown]
# After *nightfall* hardly anything is forgotten. In *eclipse* the seeds part: three teams win 52 to 85 % of it and keep most of the rest. One wins 2 %, and has lost three quarters of *standard*, too:
# it has gone back to staying away, and does so everywhere. It is not a new skill that has driven out an old one. Survival is an age to which one can return.

# %% [markdown]
# ## Several cases at once
#
# Who plays all cases at once has no earlier ones to forget. Each copy of the world gets its own case, padded to one size; the rest of the flowchart does not
# notice.

# %%
from ppo_lessons import TrainingRun, train

four = ["standard", "pack", "fog", "nightfall"]
at_once = TrainingRun(four, PPOConfig(seed=0))
(report,) = train(at_once, 1)
print("one rollout:", tuple(at_once.env.obs.shape), "numbers (E, A, D)")
for copies, case in zip(at_once.env.copies, at_once.env.cases, strict=True):
    print(f"  copies {copies.start:3} to {copies.stop - 1:3}: {case.name}")

# %%
together = ways["all at once"].win_rates[:, -1].mean(axis=0)
alone = {"pack": "pack", "fog": "fog", "nightfall": "nightfall"}
print("win rates, means of five seeds")
print(f"{'case':<10}  all at once  alone, from nothing")
for name in alone:
    k = LADDER.index(name)
    own = ways[f"nothing: {name}"].win_rates[:, -1, k].mean()
    print(f"{name:<10}  {together[k]:11.2f}  {own:19.2f}")

# %% [markdown]
# After 4.1 million agent-steps, a fourth of them in each case, the team that plays all at once wins *standard*, *pack* and *fog* like teams that trained in these alone. In *nightfall* it is behind:
# there it has played one million where the others had five.

# %% [markdown]
# ## The open challenge
#
# *Midnight* has not been won: a grid of 13 x 13 on which a detective sees one step far, three spirits that take all four detectives at once, half the health. It *can* be won: the
# script that sees everything wins nine of ten. Our best team does not; how it stands is in [the open challenge](../docs/open_challenge.md), with room for your row.

# %%
from ppo_lessons import cooperative_player

script = evaluate(cooperative_player, "midnight", cases=100)
best = policy_player(load_team("eclipse"))
ours = evaluate(best, "midnight", cases=100)
claim("who sees everything wins it", script.win_rate > 0.85)
claim("our team of eclipse does not", ours.win_rate < 0.2)

# %% [markdown]
# A training that takes longer than a lesson is better off in a terminal. The same `train()`, with a bar; Ctrl-C stops it, and the same command goes on:
#
# ```
# python -m ppo_lessons.train nightfall --from mastery --to my_team.pt
# ```

# %% [markdown]
# **Question.** Teams that have mastered *fog* win about two thirds of *nightfall* zero-shot. Your friend says: so two thirds of what nightfall needs was learned in fog. Right?
#
# <details><summary>Yes, that is what the number says.</summary>It says how often the team wins, not how much of anything it knows. The first half of a win rate may cost
# more training than the second.</details>
# <details><summary>No: it says how often this team wins there.</summary>Right. How much training it saves is another question; compare the agent-steps until 90 %, with the
# way there counted and without.</details>
# <details><summary>Yes, if there are enough cases.</summary>More cases make the number more exact. They do not make it a share of knowledge.</details>

# %% [markdown]
# **Question.** Small steps took about as many agent-steps to 90 % of nightfall as the three seeds from nothing that arrived. Was the way useless?
#
# <details><summary>Yes: the goal was nightfall.</summary>If nothing but nightfall counts, one may say so. Look at the table first: what else can the team do at the end?</details>
# <details><summary>It depends on what you count.</summary>Right. On the way the teams have also mastered three other cases. And all five arrived, of those from nothing
# three: who counts only those that arrive counts too few steps.</details>
# <details><summary>No: going step by step is always better.</summary>Through the small room most seeds get there sooner, in fewer steps. Steps help if what is
# learned in one is needed in the next.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - Zero-shot play shows what goes along by itself. It is measured, not guessed: some of it is surprising.
# - A curriculum is a row of cases and a rule. A small room in which the hard thing happens often can be the shortest way.
# - Beside the actor's weights, nothing that went along made a difference that five seeds could show.
# - Whoever learns a new case may forget an old one: measure it. Who plays all at once has no earlier ones to forget.
#
# | code | meaning |
# |---|---|
# | [`train_through(cases, config)`](../ppo_lessons/spirit_world/curriculum.py) | from case to case, by a rule |
# | [`next_run(run, env)`](../ppo_lessons/transfer.py) | what goes along |
# | [`SeveralCases(cases, num_envs)`](../ppo_lessons/spirit_world/several.py) | several cases at once |
#
# **Next:** [15. The team's critic: what may the critic know that the actor may not?](15_team_critic.ipynb)
