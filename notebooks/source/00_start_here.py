# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 0. Start here: what will I be able to do?
#
# **10 minutes.** You need: a little Python and PyTorch. No reinforcement learning.
#
# Afterwards you can: say what a team learns by PPO, find every step of the update on the map, and know that your set-up is well.

# %% [markdown]
# ## Promise
#
# At the end of this course you will have written, line by line, the update that turned the left team below into the right one.

# %% [markdown]
# ## Idea
#
# Four *spirit detectives* (agents) share one *policy*, a small neural network. They walk a grid on which *spirits* drift. A spirit with
# k dots is banished when k detectives stand next to it in the same step. Until then it drains the health of everyone next to it.
#
# Wandering is deadly. Keeping away is survival. Only gathering wins.

# %%
from ppo_lessons import evaluate, policy_player, record
from ppo_lessons.ages import AGES, load_age
from ppo_lessons.interactive.training_figures import behaviour_table, show_ages, show_replays

CASE_SEED = 105
teams = {age: load_age(age) for age in AGES}
replays = {age: record(policy_player(team), seed=CASE_SEED) for age, team in teams.items()}
behaviours = {age: evaluate(policy_player(team)) for age, team in teams.items()}

# %% [markdown]
# ## Picture: three ages of one team
#
# The same team at three moments of its training, on the same case: chaos, survival, mastery. Blue discs are detectives (the green bar is their
# health), a grey cross is one that fell, orange diamonds are spirits.

# %%
show_ages(replays, behaviours)

# %% [markdown]
# Here they move. Left: everyone wanders, and falls. Middle: they keep away, nobody falls, and nothing is won. Right: they gather, strike
# together, and go for the next one.

# %%
show_replays(replays, "the same case, played by the three ages, moving: " + ", ".join(replays))

# %% [markdown]
# ## In numbers
#
# A picture of one case can mislead, so here are 400 cases for each age. *Predict first:* in which rows will survival be closer to chaos than
# to mastery?

# %%
print(behaviour_table(behaviours))

# %% [markdown]
# Survival learned to stay alive, and pays for it: it banishes *fewer* of the weak spirits than chaos, which stumbles over them. What
# separates mastery is standing together *at the spirits*. Nobody told the team to do so: it follows from the rewards and the update.

# %% [markdown]
# ## The map
#
# One cycle of training. You will write each box.
#
# ```mermaid
# flowchart TD
#     A[Collect Experience for All Agents] --> B[Store Experiences in Shared Buffer]
#     B --> C{Is Buffer Full?}
#     C -- No --> A
#     C -- Yes --> D["Extract (states, actions, old_log_probs, returns, advantages)"]
#     D --> E[Detach All Tensors]
#     E --> F[For Each Epoch]
#     F --> G[Shuffle Data]
#     G --> H[Split Into Mini-Batches]
#     H --> I[Forward Pass Through Policy]
#     I --> J[Compute New log_probs and Entropy]
#     J --> K[Compute Importance Sampling Ratios]
#     K --> L[Compute Clipped Surrogate Actor Loss]
#     L --> M[Compute Critic Value Loss]
#     M --> N[Combine Actor + Critic - Entropy Loss]
#     N --> O[Backpropagation and Optimizer Step]
#     O --> P[Clear Buffer]
#     P --> A
# ```

# %% [markdown]
# | node | step | its lesson | its code |
# |---|---|---|---|
# | A | collect experience for all agents | [01](01_rollout.ipynb) | [`rollout.play_step`](../ppo_lessons/rollout.py) |
# | B, C | store it; is the buffer full? | [01](01_rollout.ipynb) | [`SharedBuffer`](../ppo_lessons/buffer.py) |
# | D | extract rows, returns, advantages | [10](10_full_update.ipynb) | [`gae`](../ppo_lessons/advantages.py) |
# | E | detach | [10](10_full_update.ipynb) | [`steps.detach_rows`](../ppo_lessons/steps.py) |
# | F, G, H | epochs, shuffle, split | [10](10_full_update.ipynb) | [`minibatches`](../ppo_lessons/minibatches.py) |
# | I, J | forward pass; log_probs, entropy | [10](10_full_update.ipynb) | [`actor_critic`](../ppo_lessons/actor_critic.py) |
# | K, L, M, N | ratios and the losses | [10](10_full_update.ipynb) | [`losses`](../ppo_lessons/losses.py) |
# | O | backpropagation and step | [10](10_full_update.ipynb) | [`steps.gradient_step`](../ppo_lessons/steps.py) |
# | P | clear, and again | [11](11_team_training.ipynb) | [`training`](../ppo_lessons/training.py) |

# %% [markdown]
# ## Is my set-up well?

# %%
from ppo_lessons.classroom import check_setup

check_setup()

# %% [markdown]
# ## How a lesson works
#
# Run the cells from top to bottom (Shift+Enter). Where a function ends in `return ...`, it is yours to write; the check below it says in
# one line what it thinks. `hint("1.1")` gives a hint, three times a stronger one; `solution("1.1")` shows the package's own source.
#
# Nothing breaks if you leave a blank: the lesson goes on with the package's function.

# %% [markdown]
# ## Recap
#
# - Four agents, one shared policy, one shared buffer.
# - Three ages: random early chaos, skilful survival, strategic mastery; told apart by numbers.
# - Sixteen boxes, A to P. You will write them.
#
# **Next:** [1. Rollout: how does a whole team produce experience?](01_rollout.ipynb)
