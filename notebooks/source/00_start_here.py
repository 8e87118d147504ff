# %% [markdown]
# `[A B C D E F G H I J K L M N O P]`
#
# # 0. Start here: what will I be able to do?
#
# **15 minutes.** You need: a little Python and PyTorch. No reinforcement learning.
#
# Afterwards you can: say in your own words what a team learns by PPO, find every step of the update on the map, and know that everything
# is installed.

# %% jupyter={"source_hidden": true}
from ppo_lessons.lessons import start_here

start_here.watch_ages()

# %% [markdown]
# ## Promise
#
# Above, one team plays the same case at three moments of its training; play, stop, or go step by step. A dark ring marks who is being
# drained, a growing one a spirit that is being banished. On the left they wander about, and two of four fall. In the middle nobody falls, and
# nothing is won. On the right they gather, strike together, and go for the next spirit.
#
# Nobody programmed the right team. It was once the left one, and learned. In this course you write the functions of the update that does
# this, and at the end a team learns by them. Then: [tougher enemies](14_tougher_enemies.ipynb).

# %% [markdown]
# ## Idea
#
# Four *spirit detectives* walk a grid on which *spirits* drift. A spirit with k dots is banished when k detectives stand next to it in the
# same step. Until then it drains the health of every detective next to it, and a detective without health falls.
#
# So wandering about is deadly, and keeping away is safe but wins nothing. A spirit with three dots is only ever banished by three detectives
# at once: somebody has to go near it first.

# %% [markdown]
# ## The words, if all of this is new to you
#
# - A detective is an *agent*: in each step it sees something and chooses an *action* (stay, up, down, left, right).
# - One playing of the game, a *case*, is an *episode*.
# - For what happens, agents get numbers, [rewards](../docs/glossary.md#reward), good or bad.
# - The [policy](../docs/glossary.md#policy) is a small neural network that gives each action a probability. All four share one.
# - *Reinforcement learning* changes the network's weights so that the rewards, added up, become larger.
# - *PPO*, proximal policy optimization, is one way to do this: play for a while, take several small gradient steps, and play again.

# %% [markdown]
# ## One decision that goes with you
#
# Step 6, copy 0 of the world, detective 0: we write it **(6, 0, 0)**. In this step, a spirit was banished, everybody got a reward for it, and
# detective 0 fell. Was its action a good one or a mistake? And how should a network be changed that decided so?
#
# That is one of 1934 decisions in a recording of a half-trained team, which the lessons share. [Lesson 01](01_rollout.ipynb) looks at what
# the detective could know, [lesson 03](03_advantages.ipynb) at what the action was worth, and later ones at how hard it pulls on the
# network.

# %%
from ppo_lessons import evaluate, policy_player, record
from ppo_lessons.display.team import behaviour_table
from ppo_lessons.lessons import claim, welcome
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
# Above, a telling moment of each age. Below, where the team walks in 400 cases, and two numbers: how many of the spirits with three dots it
# banished, and how much health a detective loses alone in 100 steps. Blue discs are detectives (the green bar is their health), a grey cross is
# one that fell, orange diamonds are spirits.

# %%
start_here.show_ages(replays, behaviours)

# %% [markdown]
# ## In numbers
#
# A picture of one case can mislead, so here are 400 cases for each age. *Predict first:* in which rows will survival be closer to chaos than
# to mastery, and in which closer to mastery?

# %%
behaviour_table(behaviours)

# %% [markdown]
# Survival is like mastery in what keeps it alive: it stands at the end, keeps together and loses little health. It is like chaos in what it
# achieves: cases won, return, length, spirits. It even banishes *fewer* of the weak spirits than chaos, which stumbles over them.
#
# "Together at a tough spirit" does not tell survival from mastery well: survival huddles, so nearly as many are there when a spirit
# drifts into the huddle. What does is, nearly, what training makes large: the *return*, all rewards of a case added up. Does that hold
# for other cases, too?

# %%
returns = start_here.returns_of(AGES, seeds=(1, 2, 3))
for age, low, high in (
    ("chaos", -0.4, 0.2),
    ("survival", 0.3, 0.9),
    ("mastery", 4.0, 5.5),
):
    inside = all(low < found < high for found in returns[age])
    claim(f"{age} gets {low} to {high} a case", inside, "200 cases, 3 times")

# %% [markdown]
# The three ranges do not touch. Nobody told the team to gather: rewards, and an update that made large returns likelier, were all it had.

# %% [markdown]
# ## The map
#
# One cycle of training; then the next one begins at A. Most words in it are new, and no lesson expects you to know them before it explains
# them. You will write the functions in these boxes yourself, all but the network's own forward pass; the table below leads to the lessons and
# to our code. In the end the functions train the team.
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
# | B | Store experiences in shared buffer | [02](02_shared_buffer.ipynb) | [`buffer.store`](../ppo_lessons/buffer.py) |
# | C | Is buffer full? | [02](02_shared_buffer.ipynb) | [`buffer.is_full`](../ppo_lessons/buffer.py) |
# | D | Extract states, actions, old_log_probs, returns, advantages | [02](02_shared_buffer.ipynb), [03](03_advantages.ipynb) | [`buffer.flatten_rows`](../ppo_lessons/buffer.py), [`advantages.gae`](../ppo_lessons/advantages.py) |
# | E | Detach all tensors | [05](05_detaching.ipynb) | [`steps.detach_rows`](../ppo_lessons/steps.py) |
# | F | For each epoch | [06](06_minibatches.ipynb) | [`steps.each_minibatch`](../ppo_lessons/steps.py) |
# | G | Shuffle data | [06](06_minibatches.ipynb) | [`minibatches.shuffle_rows`](../ppo_lessons/minibatches.py) |
# | H | Split into mini-batches | [06](06_minibatches.ipynb) | [`minibatches.split_rows`](../ppo_lessons/minibatches.py) |
# | I | Forward pass through policy | [07](07_ratios.ipynb) | [`steps.forward_pass`](../ppo_lessons/steps.py) |
# | J | Compute new log_probs and entropy | [07](07_ratios.ipynb), [10](10_entropy.ipynb) | [`log_probs_of`](../ppo_lessons/actor_critic.py), [`entropy_of`](../ppo_lessons/actor_critic.py) |
# | K | Compute importance sampling ratios | [07](07_ratios.ipynb) | [`losses.importance_ratios`](../ppo_lessons/losses.py) |
# | L | Compute clipped surrogate actor loss | [04](04_policy_gradient.ipynb), [08](08_clipping.ipynb) | [`losses.clipped_surrogate_loss`](../ppo_lessons/losses.py) |
# | M | Compute critic value loss | [09](09_value_loss.ipynb) | [`losses.value_loss`](../ppo_lessons/losses.py) |
# | N | Combine actor + critic - entropy loss | [10](10_entropy.ipynb) | [`losses.total_loss`](../ppo_lessons/losses.py) |
# | O | Backpropagation and optimizer step | [11](11_full_update.ipynb) | [`optimisation.gradient_step`](../ppo_lessons/optimisation.py) |
# | P | Clear buffer | [02](02_shared_buffer.ipynb) | [`buffer.clear`](../ppo_lessons/buffer.py) |

# %% [markdown]
# ## Is everything installed?

# %%
from ppo_lessons.classroom import check_setup

check_setup()

# %% [markdown]
# ## How a lesson works
#
# Run the cells from top to bottom (Shift+Enter). Where `...` stands in a function, it is yours to write; the check below it
# says what it thinks, often with a call to paste into a cell. `hint("1.1")` gives a hint, then twice a stronger one;
# `solution("1.1")` shows ours.
#
# A line "✔ held: ..." is a claim that was tested; write your own: `claim("a sentence", True, "a number")`.
#
# You can leave a blank: the lesson goes on with the package's function. What passes is collected in your `my_ppo.py`, which
# trains the team in [lesson 12](12_team_training.ipynb). Here is how far you are:

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - Four agents, one shared policy, one shared buffer.
# - Three ages: random early chaos, skilful survival, strategic mastery; the return tells them apart.
# - (6, 0, 0): banished a spirit with its team, and fell. Good or bad? You will work it out.
# - Sixteen boxes, A to P. Words: the [glossary](../docs/glossary.md); equations: the [map](../docs/map.md).
#
# **Next:** [1. Rollout: how does a whole team produce experience?](01_rollout.ipynb)
