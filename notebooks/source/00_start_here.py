# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 0. Start here: what will I be able to do?
#
# **10 minutes.** You need: a little Python and PyTorch. No reinforcement learning.
#
# Afterwards you can: say what a team learns by PPO, find every step of the update on the map, and know that your set-up is well.

# %% jupyter={"source_hidden": true}
from ppo_lessons.lessons import start_here

start_here.watch_ages()

# %% [markdown]
# ## Promise
#
# Above, one team plays the same case at three ages; play, stop, or take it step by step. A dark ring marks who is being drained, a growing one a
# spirit that is being banished. Left everyone wanders, and falls. In the middle they keep away: hardly anybody falls, and nothing is won. Right
# they gather, strike together, and go for the next one.
#
# At the end of this course you will have written, line by line, the update that turned the left team into the right one.

# %% [markdown]
# ## Idea
#
# Four *spirit detectives* (agents) share one *policy*, a small neural network. They walk a grid on which *spirits* drift. A spirit with
# k dots is banished when k detectives stand next to it in the same step. Until then it drains the health of everyone next to it.
#
# Wandering is deadly. Keeping away is survival. Only gathering wins.

# %%
from ppo_lessons import evaluate, policy_player, record
from ppo_lessons.display.team import behaviour_table
from ppo_lessons.lessons import welcome
from ppo_lessons.shipped.ages import AGES, load_age

welcome()
replays, behaviours = {}, {}
for age in AGES:
    team = load_age(age)
    replays[age] = record(policy_player(team), seed=start_here.CASE_SEED)
    behaviours[age] = evaluate(policy_player(team))

# %% [markdown]
# ## Picture: three ages of one team
#
# A telling moment of each age, and below it where the team walks in 400 cases, with two of its habits: how many stand
# together at a tough spirit, and how much health is lost alone in 100 steps. Blue discs are detectives (the green bar is their
# health), a grey cross is one that fell, orange diamonds are spirits.

# %%
start_here.show_ages(replays, behaviours)

# %% [markdown]
# ## In numbers
#
# A picture of one case can mislead, so here are 400 cases for each age. *Predict first:* in which rows will survival be closer to chaos than
# to mastery?

# %%
behaviour_table(behaviours)

# %% [markdown]
# Survival learned to stay alive, and pays for it: it banishes *fewer* of the weak spirits than chaos, which stumbles over them. What
# separates mastery is standing together *at the spirits*. Nobody told the team to do so: it follows from the rewards and the update.

# %% [markdown]
# ## The map
#
# One cycle of training, and then again. You will write each box; the table below leads to its lesson and its code.
#
# ```mermaid
# %%{init: {"flowchart": {"rankSpacing": 16, "nodeSpacing": 30, "wrappingWidth": 600, "padding": 8}}}%%
# flowchart TD
#     A["A. Collect Experience for All Agents"] --> B["B. Store Experiences in Shared Buffer"]
#     B --> C{"C. Is Buffer Full?"}
#     C -- No --> A
#     C -- Yes --> D["D. Extract (states, actions, old_log_probs, returns, advantages)"]
#     D --> E["E. Detach All Tensors"]
#     E --> F["F. For Each Epoch"]
#     F --> G["G. Shuffle Data"]
#     G --> H["H. Split Into Mini-Batches"]
#     H --> I["I. Forward Pass Through Policy"]
#     I --> J["J. Compute New log_probs and Entropy"]
#     J --> K["K. Compute Importance Sampling Ratios"]
#     K --> L["L. Compute Clipped Surrogate Actor Loss"]
#     L --> M["M. Compute Critic Value Loss"]
#     M --> N["N. Combine Actor + Critic - Entropy Loss"]
#     N --> O["O. Backpropagation and Optimizer Step"]
#     O --> P["P. Clear Buffer"]
#     P --> A
# ```

# %% [markdown]
# | node | step | its lesson | its code |
# |---|---|---|---|
# | A | Collect experience for all agents | [01](01_rollout.ipynb) | [`rollout.play_step`](../ppo_lessons/rollout.py) |
# | B | Store experiences in shared buffer | [02](02_shared_buffer.ipynb) | [`rollout.store`](../ppo_lessons/rollout.py) |
# | C | Is buffer full? | [02](02_shared_buffer.ipynb) | [`rollout.is_full`](../ppo_lessons/rollout.py) |
# | D | Extract states, actions, old_log_probs, returns, advantages | [03](03_advantages.ipynb) | [`SharedBuffer.get`](../ppo_lessons/buffer.py) |
# | E | Detach all tensors | [05](05_detaching.ipynb) | [`steps.detach_rows`](../ppo_lessons/steps.py) |
# | F | For each epoch | [06](06_minibatches.ipynb) | [`update.ppo_update`](../ppo_lessons/update.py) |
# | G | Shuffle data | [06](06_minibatches.ipynb) | [`minibatches.shuffle_rows`](../ppo_lessons/minibatches.py) |
# | H | Split into mini-batches | [06](06_minibatches.ipynb) | [`minibatches.split_rows`](../ppo_lessons/minibatches.py) |
# | I | Forward pass through policy | [07](07_ratios.ipynb) | [`ActorCritic.forward`](../ppo_lessons/actor_critic.py) |
# | J | Compute new log_probs and entropy | [07](07_ratios.ipynb) | [`log_probs_and_entropy`](../ppo_lessons/actor_critic.py) |
# | K | Compute importance sampling ratios | [07](07_ratios.ipynb) | [`losses.importance_ratios`](../ppo_lessons/losses.py) |
# | L | Compute clipped surrogate actor loss | [08](08_clipping.ipynb) | [`losses.clipped_surrogate_loss`](../ppo_lessons/losses.py) |
# | M | Compute critic value loss | [09](09_value_loss.ipynb) | [`losses.value_loss`](../ppo_lessons/losses.py) |
# | N | Combine actor + critic - entropy loss | [10](10_entropy.ipynb) | [`losses.total_loss`](../ppo_lessons/losses.py) |
# | O | Backpropagation and optimizer step | [11](11_full_update.ipynb) | [`steps.gradient_step`](../ppo_lessons/steps.py) |
# | P | Clear buffer | [02](02_shared_buffer.ipynb) | [`SharedBuffer.clear`](../ppo_lessons/buffer.py) |

# %% [markdown]
# ## Is my set-up well?

# %%
from ppo_lessons.classroom import check_setup

check_setup()

# %% [markdown]
# ## How a lesson works
#
# Run the cells from top to bottom (Shift+Enter). Where a function ends in `return ...`, it is yours to write; the check below it says in
# one line what it thinks, often with a call to paste into a cell. `hint("1.1")` gives a hint, three times a stronger one;
# `solution("1.1")` shows ours.
#
# "✔ held: the buffer is full" is a claim. Write your own: `claim("a sentence", True, "a number")`.
#
# Nothing breaks if you leave a blank: the lesson goes on with the package's function. What passes is collected in your own `my_ppo.py`, which
# trains the team in [lesson 12](12_team_training.ipynb). Here is how far you are:

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - Four agents, one shared policy, one shared buffer.
# - Three ages: random early chaos, skilful survival, strategic mastery; told apart by numbers.
# - Sixteen boxes, A to P. You will write them. Words: the [glossary](../docs/glossary.md); equations: the [map](../docs/map.md).
#
# **Next:** [1. Rollout: how does a whole team produce experience?](01_rollout.ipynb)
