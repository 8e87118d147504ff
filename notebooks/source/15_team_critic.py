# %% [markdown]
# `A B C [D] E F G H [I] J K L [M] N O P`
#
# # 15. The team's critic: what may the critic know that the actor may not?
#
# **60 minutes (a place to stop after 30), 4 exercises, 2 on paper.** You need: [09](09_value_loss.ipynb), [12](12_team_training.ipynb).
#
# Afterwards you can: build the input of a critic that sees the whole team, say who may see what and when, normalise a critic's values and undo it, and judge
# from several seeds whether any of it helped.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# You will give the team a critic that sees through the fog, and find out what that changes: for the critic, for the gradient, and for the team.
#
# **The detective's problem.** In the fog detective 0 waits beside a tough spirit. Four steps behind her, out of sight, two mates are coming. Something good is
# about to happen, and she cannot know it. Her [critic](../docs/glossary.md#critic) says: not much to expect here. Then the spirit falls, and her action gets a large
# [advantage](../docs/glossary.md#advantage). Was it *her* doing?

# %% [markdown]
# ## Idea
#
# The critic never acts. It is asked only in training, and there, in a simulator, we may show it everything. The actor must decide with what its detective sees; at
# play time nobody else can be asked. So:
#
# - [IPPO](../docs/glossary.md#ippo): each agent learns by itself, its critic sees what it sees. That is what we have done so far.
# - [MAPPO](../docs/glossary.md#mappo): the critic sees the whole team. The actor's input is the same as ever.
#
# A critic that knows more can explain more of the return as expected, and what is expected is no one's merit: there is less noise in the advantage.

# %% [markdown]
# ## Equation
#
# $$\text{IPPO: } V(o_a) \qquad\qquad \text{MAPPO: } V(o_0, o_1, \ldots, o_{A-1}, a)$$
#
# The [joint observation](../docs/glossary.md#joint-observation), and the agent's number behind it (Schroeder de Witt et al. 2020 for IPPO, Yu et al. 2022 for MAPPO). Without the number all agents would get one value. A fallen agent sees
# nothing: zeros in everybody's input, and for itself a fixed one, zeros and its number, whatever happens in the world.
#
# By hand, with three agents that see two numbers each, agent 1 fallen:

# %%
import torch

obs = torch.tensor([[[1.0, 2.0], [9.0, 9.0], [5.0, 6.0]]])  # (E, A, D)
acting = torch.tensor([[True, False, True]])
print("agent 0 reads  1 2  0 0  5 6   1 0 0")
print("agent 1 reads  0 0  0 0  0 0   0 1 0")
print("agent 2 reads  1 2  0 0  5 6   0 0 1")

# %% [markdown]
# ## Exercise 15.1: the critic's input (difficulty 3, 10 minutes)
#
# `obs` is what each agent sees, (E, A, D), `acting` says who is alive, bool (E, A). Return (E, A, A D + A): for each living agent the views of agents 0 to A-1, one after the other, and behind
# them its own number, one-hot. The view of a fallen agent is zeros in everybody's input; its own input is zeros, and its number. What `obs` holds for the fallen may be anything, NaN too. The
# inputs must not be changed.


# %% tags=["exercise"]
def team_obs(obs, acting):
    # Return what the critic of the whole team sees, for each agent.
    return ...


# %%
from ppo_lessons.lessons import check, hint, inputs, solution

team_obs = check(team_obs)
# hint("15.1")
# solution("15.1")
for agent, row in enumerate(team_obs(obs, acting)[0].int().tolist()):
    print("agent", agent, "reads", row)

# %% [markdown]
# ## Picture: a moment in the fog
#
# The same on real data: one case of *fog*, played by a shipped team. 34 numbers for the actor of each detective; for its critic 4 x 34 + 4 = 140. Each row below is
# one detective's; they differ only in the last four numbers.

# %%
from ppo_lessons.lessons import claim, team_critic

replay = team_critic.played_case()
views, alive = team_critic.views_of(replay.frame(4))
joint = team_obs(views, alive)
team_critic.show_inputs(joint[0], alive[0])

# %% [markdown]
# ## Three claims put to the test
#
# A mate that is out of sight moves, and stays out of sight. *Predict:* which of these change: the actor's probabilities, its own critic's value, the team's
# critic's?

# %%
judges = team_critic.judges()  # one actor, with an own and a team's critic
beyond, far = "just out of her sight", "far away"
seen, says = [], []
for where in (beyond, far):
    moved = team_critic.put_mate(replay.frame(4), 0, 1, where)
    view, alive = team_critic.views_of(moved)
    with torch.no_grad():
        logits, _ = judges[0](view)
    seen.append(logits[0, 0])
    says.append(team_critic.judge(moved))

same = torch.allclose(seen[0], seen[1])
claim("the actor does not notice", same)
own = [float(each.own[0, 0]) for each in says]
claim(
    "nor does the critic that sees what she sees", abs(own[0] - own[1]) < 1e-6
)
team = [float(each.team[0, 0]) for each in says]
claim("the team's critic does", abs(team[0] - team[1]) > 1e-3)

# %% [markdown]
# Second: take the number away, and all living agents get one value. Third: what a fallen agent's critic reads is fixed.

# %%
rows = torch.cat((views, joint), dim=-1)
nameless = rows.clone()
nameless[..., -4:] = 0
with torch.no_grad():
    named, one = judges[1](rows)[1][0], judges[1](nameless)[1][0]
claim("with its number, each has its own", float(named.std()) > 0)
claim("without it, all have one", float(one.std()) < 1e-5)
fallen = torch.tensor([[False, True, True, True]])
here, there = team_obs(views, fallen), team_obs(views * 7, fallen)
claim("the fallen's input is fixed", torch.equal(here[0, 0], there[0, 0]))

# %% [markdown]
# ## Play: two critics, one moment
#
# One team, two critics that have learned from it while it stayed as it was. Go through the case. Decide first: (1) Before a spirit is banished, which of the two knows sooner? (2) Move
# the mate from *just out of her sight* to *far away*: whose bar moves? (3) And from *beside her* to *just out of her sight*? (4) What really came is one case; can a critic
# that says something else still be right?

# %%
team_critic.explore_critics()

# %% [markdown]
# How much better does the team's critic foresee? Both are asked about the same rollout, fresh for both; explained variance against what really came.

# %%
from ppo_lessons.shipped.critics import foreseen

own, team = foreseen(*judges, num_envs=200)
claim("the team's critic foresees more", team > own + 0.03)

# %% [markdown]
# It foresees more, and far from everything: spirits drift, actions are drawn, and no critic knows how either will come out.
#
# **A place to stop.** Next: what the team makes of it.

# %% [markdown]
# ## Code: one field of the config
#
# `critic="team"` gives the critic a trunk of its own, and lays the team's view behind each agent's own in the buffer. The actor reads its own 34 numbers and never the rest. The rest of the
# flowchart is as it was.

# %%
from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.classroom import my_steps

steps = my_steps()
config = PPOConfig(shared_trunk=False, critic="team")
run = TrainingRun("fog", config)
(report,) = train(run, 1, steps)
policy = run.policy
print("a row:", policy.input_size, "of which the actor reads", policy.obs_size)
print("first layer of the critic:", tuple(policy.critic_trunk[0].weight.shape))

# %% [markdown]
# ## Did it help?
#
# Five seeds each of *own* and *team*, from nothing, on three cases; all else is as in `PPOConfig`, with two trunks for both. *Predict:* where does the team's
# critic help most: where everybody sees everything (standard), or in the fog?

# %%
from ppo_lessons.shipped.critics import CRITICS, load_critics

found = load_critics()
print("case       critic won, every seed            standing  together")
for case, runs in found.items():
    for place, name in enumerate(CRITICS):
        does = {key: runs.behaviour[key][place] for key in runs.behaviour}
        seeds = " ".join(f"{rate:.2f}" for rate in sorted(does["win_rate"]))
        rest = [does[key].mean() for key in ("survival", "teaming_up")]
        print(f"{case:<10} {name:<6} {seeds}  {rest[0]:8.2f}  {rest[1]:8.2f}")
team_critic.show_critics(found)

# %% [markdown]
# *Standard*: no difference to be seen. *Fog*: with the team's critic four of five seeds win nearly all in the end, with their own three; and in no seed does it take longer to 90 %. *Nightfall*: with their own critic
# three of five win more than 90 %, with the team's one. So it seems to help in the fog, and not in nightfall, with these settings and five seeds each.
#
# And the explained variance? In the fog and in nightfall the team's critic foresaw more. It did not decide who won.

# %% [markdown]
# ## Values in units
#
# A team's critic has to learn returns of any size: about 0.3 at first, 4 later, 400 in somebody else's world. MAPPO's authors [normalise](../docs/glossary.md#value-normalisation) them: the critic learns $(R - \mu) / \sigma$ with the running
# mean and spread of the returns, and its values are turned back into rewards before the advantages are worked out:
#
# $$\hat V = \frac{V - \mu}{\sigma + 10^{-8}} \qquad\qquad V = (\sigma + 10^{-8})\,\hat V + \mu$$
#
# The averages begin at 0 and are too small for long. As in Adam, a *weight* that follows the number 1 in the same way says by how much:
#
# | after returns 1, 2, 6 | average | divided by the weight 0.01 |
# |---|---|---|
# | mean | 0.03 | 3 |
# | mean square | 0.1367 | 13.67 |
# | spread | | $\sqrt{13.67 - 3^2} = 2.16$ |

# %% [markdown]
# ## Exercise 15.2: mean and spread (difficulty 2, 7 minutes)
#
# `statistics` holds three moving averages, float64 (3,): of the returns, of their squares, and of the number 1, the weight. Return mean and standard deviation of the returns, two scalars, debiased by the
# weight. The variance is the mean square less the square of the mean; rounding can make it a little negative, and then it is 0. As long as the weight is 0, both are 0.


# %% tags=["exercise"]
def mean_and_std(statistics):
    # Return the mean and the standard deviation of the returns.
    return ...


# %%
mean_and_std = check(mean_and_std)
# hint("15.2")
# solution("15.2")
statistics = torch.tensor([0.03, 0.41 / 3, 0.01], dtype=torch.float64)
mean, std = mean_and_std(statistics)
print(f"mean {float(mean):.2f}, spread {float(std):.2f}")

# %% [markdown]
# ## Exercise 15.3: into units (difficulty 1, 3 minutes)
#
# Take the mean away and divide by the standard deviation plus 1e-8; values of any shape.


# %% tags=["exercise"]
def normalise_values(values, mean, std):
    # Return the values in units of the spread.
    return ...


# %%
normalise_values = check(normalise_values)
# hint("15.3")
# solution("15.3")

# %% [markdown]
# ## Exercise 15.4: and back (difficulty 1, 3 minutes)
#
# Undo it exactly.


# %% tags=["exercise"]
def denormalise_values(values, mean, std):
    # Return the values in rewards again.
    return ...


# %%
denormalise_values = check(denormalise_values)
# hint("15.4")
# solution("15.4")
returns = torch.tensor([1.0, 2.0, 6.0])
units = normalise_values(returns, mean, std)
back = denormalise_values(units, mean, std)
claim("there and back again", torch.allclose(back, returns))

# %% [markdown]
# What is it good for? Let all rewards be 64 times as large. Without units the value loss is some thousand times as large, drowns the actor in the clip of the gradient, and the team learns
# otherwise. With them the training is the same:

# %%
from ppo_lessons import SpiritWorld
from ppo_lessons.spirit_world.rules import rewards_of


def trained(factor, **changes):
    config = PPOConfig(num_envs=32, minibatch_size=512, **changes)

    def paid(*given):
        return factor * rewards_of(*given)

    world = SpiritWorld("standard", 32, rewards_of=paid)
    run = TrainingRun(world, config)
    *_, last = train(run, 3)
    weights = torch.nn.utils.parameters_to_vector(run.policy.parameters())
    return weights.detach(), last.update


# %%
plain, large = trained(1.0), trained(64.0)
off = float((plain[0] - large[0]).abs().max())
claim("without units another team comes out", off > 0.01)
grown = large[1].value_loss / plain[1].value_loss
claim("the value loss is more than 500 times as large", grown > 500)
plain, large = (trained(f, value_normalisation=True) for f in (1.0, 64.0))
off = float((plain[0] - large[0]).abs().max())
claim("with units it is the same team, to three digits", off < 1e-3)

# %% [markdown]
# 64 and not 100, since a power of two is rounded alike on the way. The actor needs no units: its advantages are normalised anyway.
#
# [Value clipping](../docs/glossary.md#value-clipping), another option of PPO's common code, does the opposite: `value_clip` says in rewards how far a value may move, so it depends on their scale. It is off by default, and whether it
# helps is doubtful (Engstrom et al. 2020).

# %% [markdown]
# ## Exercise 15.5, on paper (3 minutes)
#
# A team was trained in the fog with the team's critic. At play time, how many numbers does a detective's network read to choose its action?

# %% tags=["on-paper"]
from ppo_lessons.lessons import check_on_paper

answer = ...
check_on_paper("15.5", answer)

# %% [markdown]
# ## Exercise 15.6, on paper (3 minutes)
#
# That team is given away to play, and on the way its file has lost the critic. What changes in its play? `"nothing"`, `"it plays worse"`, `"it cannot play"`,
# `"it plays as with its own critic"` or `"it plays greedily"`.

# %% tags=["on-paper"]
answer = ...
check_on_paper("15.6", answer)

# %% [markdown]
# Put to the test: save a team, load it, ruin its critic, and let both play the same case.

# %%
import tempfile
from pathlib import Path

from ppo_lessons import load_policy, policy_player, record, save_policy

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "team.pt"
    save_policy(policy, path)
    ruined = load_policy(path)
with torch.no_grad():
    for name, weight in ruined.named_parameters():
        if name.startswith("critic"):
            weight.fill_(float("nan"))
teams = (policy, ruined)
plays = [record(policy_player(t, seed=1), "fog").actions for t in teams]
claim("it plays as before, action by action", (plays[0] == plays[1]).all())

# %% [markdown]
# ## What the MAPPO authors advise
#
# Their paper (Yu et al. 2022) tried MAPPO on four test beds. Beside a good input for the critic and values in units, they advise few epochs where the task is hard, as few mini-batches as
# possible, a small clip epsilon, and large rollouts. Our default cuts a rollout in two, and takes 4 epochs. With `minibatch_size=4096` the standard case has one mini-batch, and shuffling changes nothing but the order in
# which floats are added.

# %% [markdown]
# **Question.** The explained variance of the team's critic is higher. Must the team learn faster?
#
# <details><summary>Yes: better values, better advantages.</summary>The advantages have less noise in them. But the noise of the actions themselves, and of the drift, is still
# there, and with many rows it averages out anyway.</details>
# <details><summary>No. It may, and the runs have to show it.</summary>Right. Foreseeing better is a means. Look at the win rates of the seeds.</details>
# <details><summary>No: a team's critic cheats.</summary>It is shown more than the actor, openly, and only in training. Nothing of it is left at play
# time.</details>

# %% [markdown]
# **Question.** Why not show the whole team to the *actor* as well?
#
# <details><summary>Nothing speaks against it: it learns faster.</summary>It might. But then each detective needs, at every step, what all the others see at that moment. In the fog that is just what they do
# not have.</details>
# <details><summary>At play time it would not be there.</summary>Right: the input of the actor is what can be had where it acts. *Centralised training, decentralised
# execution* is the name of it.</details>
# <details><summary>The network would be too large.</summary>140 numbers are no trouble for it; the critic reads them.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - The critic is asked only in training, so it may know what the actor may not. The actor's input never changes.
# - The team's critic reads all views and the agent's number; the fallen get a fixed input.
# - A critic that foresees more takes noise out of the advantages. Whether the team gains by it is for the seeds to say.
# - Values in units of the running spread make the training indifferent to the scale of the rewards.
#
# | code | meaning |
# |---|---|
# | [`team_obs(obs, acting)`](../ppo_lessons/team_view.py) | what the team's critic sees |
# | [`normalise_values(values, mean, std)`](../ppo_lessons/value_normalisation.py) | returns in units of their spread |
# | [`clipped_value_loss(values, old_values, returns, value_clip)`](../ppo_lessons/losses.py) | off by default |
#
# Next: worlds that nobody here wrote, and your own: [16](16_other_worlds.ipynb).
