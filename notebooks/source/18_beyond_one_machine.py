# %% [markdown]
# `[A] [B] [C] [D] [E] [F] [G] [H] [I] [J] [K] [L] [M] [N] [O] [P]`
#
# # 18. Beyond one machine: what changes when many processes train one team?
#
# **65 minutes (a place to stop after 35), 4 exercises, 3 on paper.** You need: [06](06_minibatches.ipynb), [11](11_full_update.ipynb), [12](12_team_training.ipynb).
#
# Afterwards you can: train one team on many processes so that it is the run of one, name what goes silently wrong otherwise, and say beforehand how many machines pay.

# %%
from ppo_lessons.lessons import welcome

welcome()

# %% [markdown]
# ## Promise
#
# Two processes will play half of the copies each and come out with the weights of one process that played them all: to seven digits. You will break that in four ways, and no way prints an error.
#
# **The detective's problem.** The cases have outgrown her desk. A second clerk takes half of the reports, in another room. Both must write the same book of rules, word for word, and they can only pass notes under the door.

# %% [markdown]
# ## Idea
#
# Each process is a [rank](../docs/glossary.md#rank). It plays copies of the world of its own and keeps its own rows. All ranks hold the same network. In every gradient step each works out the gradient of *its* rows; they [add these up](../docs/glossary.md#all-reduce), and everybody takes the same step. This is called [data-parallel](../docs/glossary.md#data-parallel).
#
# | each has its own | all have the same |
# |---|---|
# | copies of the world, episodes | first weights |
# | actions that are drawn | shuffles, and so mini-batches |
# | rows, advantages | mean and spread of the advantages |
# | gradient of its rows | gradient of all rows, and the step |
#
# So the weights never travel. They stay equal because everybody does the same to them.

# %% [markdown]
# ## Look: whose rows are in a mini-batch?
#
# All rows are numbered through, those of rank 0 first. Every rank shuffles *all* numbers with the same seed and keeps those that lie with it. Nobody need be asked. Here rank 0 has 300 rows, rank 1 has 60.

# %%
from ppo_lessons.lessons import beyond_one_machine
from ppo_lessons.lessons.beyond_one_machine.silent import parts_of_epoch

parts = parts_of_epoch([300, 60], minibatch_size=64)
print("rows of each mini-batch:", parts.sum(axis=1).tolist())
print("rows of each rank:", parts.sum(axis=0).tolist())
beyond_one_machine.show_parts(parts)

# %% [markdown]
# ## Equation: one gradient out of many
#
# A loss is a mean over the B rows of a mini-batch. Rank $r$ has $b_r$ of them and works out the mean $L_r$ of its own:
#
# $$L = \frac1B \sum_{i=1}^{B} \ell_i = \sum_r \frac{b_r}{B} L_r, \qquad \nabla L = \sum_r \frac{b_r}{B} \nabla L_r$$
#
# By hand: 6 rows with mean 1, 2 rows with mean 5. All together $(6 \cdot 1 + 2 \cdot 5)/8 = 2$. The mean of the two means would be 3: the two rows would count as much as the six.

# %% [markdown]
# ## Exercise 18.1, on paper (2 minutes)
#
# Rank 0 has 600 rows of a mini-batch, and their mean loss is 0.2. Rank 1 has 300 rows, with a mean loss of 0.5. What is the loss of the mini-batch?

# %% tags=["on-paper"]
from ppo_lessons.lessons import check_on_paper

answer = ...
check_on_paper("18.1", answer)

# %% [markdown]
# ## Exercise 18.2: how much each rank counts (difficulty 1, 4 minutes)
#
# `rows` says how many rows of the mini-batch each rank has, (R,); some may have none, not all. Return the weight of each rank in the mean over all rows, (R,).


# %% tags=["exercise"]
def rank_weights(rows):
    # Return the weight of each rank.
    return ...


# %%
import torch
from ppo_lessons.lessons import check, hint, inputs, solution

rank_weights = check(rank_weights)
# hint("18.2")
# solution("18.2")
weights = rank_weights(torch.tensor([6.0, 2.0]))
print([round(float(weight), 2) for weight in weights])

# %% [markdown]
# ## What must differ, and what must not
#
# A run has four seeds: of the worlds, of the first weights, of the actions, of the shuffles. Start two processes with the same program and the same seed, and all four are equal: both play *the same* cases with *the same* actions. The losses look healthy, the speed has doubled, and half of the rows are copies.
#
# Give each rank other seeds throughout, and they begin with different networks and average gradients that do not belong together.

# %% [markdown]
# ## Exercise 18.3: seeds (difficulty 1, 5 minutes)
#
# `common` are four seeds that every rank has, `own` four that no other has, both int64, (4,), in the order worlds, weights, actions, shuffles. Return the four seeds that this rank is to use, (4,).


# %% tags=["exercise"]
def seeds_of_rank(common, own):
    # Return the seeds: of worlds, weights, actions, shuffles.
    return ...


# %%
seeds_of_rank = check(seeds_of_rank)
# hint("18.3")
# solution("18.3")
common, own = torch.tensor([1, 2, 3, 4]), torch.tensor([10, 20, 30, 40])
print(seeds_of_rank(common, own).tolist())

# %% [markdown]
# ## Equation: mean and spread of rows that lie apart
#
# Advantages are normalised over the mini-batch of *all* ranks. Each tells how many rows it has ($n_r$), their mean ($m_r$), and the sum of squared deviations from it ($S_r$; Chan et al. 1983). With $B = \sum_r n_r$:
#
# $$m = \frac1B \sum_r n_r m_r, \qquad s^2 = \frac{1}{B-1} \sum_r \left( S_r + n_r (m_r - m)^2 \right)$$
#
# By hand: rank 0 has 1 and 3 ($m_0=2$, $S_0=2$), rank 1 has 5, 6 and 10 ($m_1=7$, $S_1=14$). Then $m = 5$ and $s^2 = (2+18+14+12)/4 = 11.5$, as of all five.

# %% [markdown]
# ## Exercise 18.4: advantages, normalised by everybody's (difficulty 3, 12 minutes)
#
# `advantages` are this rank's rows, (b,). `counts`, `means` and `squares` are what all ranks told, each (R,): $n_r$, $m_r$, $S_r$. Return the rank's own advantages less the mean of all, by the standard deviation of all plus 1e-8, (b,). If there is one row in all, return them as they are. The inputs must not be changed.


# %% tags=["exercise"]
def normalise_by_all(advantages, counts, means, squares):
    # Return this rank's advantages, normalised by all ranks' rows.
    return ...


# %%
normalise_by_all = check(normalise_by_all)
# hint("18.4")
# solution("18.4")
mine = torch.tensor([1.0, 3.0])
told = torch.tensor([[2.0, 3.0], [2.0, 7.0], [2.0, 14.0]])
print([round(float(a), 2) for a in normalise_by_all(mine, *told)])

# %% [markdown]
# ## What goes silently wrong, in numbers
#
# Two ranks, each a thread of this notebook, and beside them one process that learns from the very rows that they play. Six updates for each way of sharing, in float64, so that a sum added up in another order does hardly any harm; then the largest difference of a weight. *Predict:* which of the four lines lie low?

# %%
from ppo_lessons.lessons import claim
from ppo_lessons.lessons.beyond_one_machine.silent import FAULTS, try_sharing

told = {name: try_sharing(sharing) for name, sharing in FAULTS.items()}
right = told["as it should be"]
claim("as it should be: equal to 1e-9", right.apart[-1] < 1e-9)
for name in ("mean of the ranks' means", "each normalises its own"):
    claim(f"{name}: far from it at once", told[name].apart[0] > 1e-3)
equal = all(one.equal for one in told.values())
claim("and on both ranks the weights are equal, in all four", equal)
beyond_one_machine.show_silent(told)

# %% [markdown]
# Two ways are another algorithm from the first update on. They train, too; only nobody meant them, and with another number of ranks they are another run again.
#
# *Equal seeds* lies low: the two ranks learn rightly from what they play. What is wrong is what they play:

# %%
for name in ("as it should be", "equal seeds"):
    print(f"{name}: {told[name].twice:.0%} of rank 1's rows played by rank 0")

# %% [markdown]
# No difference of weights shows that. Count rows that occur twice.
#
# **A place to stop.** Next: who may stop, and the real thing.

# %% [markdown]
# ## Exercise 18.5, on paper (2 minutes)
#
# `target_kl` ends an update early. On rank 0 the rows have gone too far, so it leaves the loop before the next gradient step. On rank 1 they have not. What does rank 1 do: `"goes on alone"`, `"stops, too"`, `"waits"` or `"crashes"`?

# %% tags=["on-paper"]
answer = ...
check_on_paper("18.5", answer)

# %% [markdown]
# ## Exercise 18.6: all stop, or none (difficulty 2, 6 minutes)
#
# `kls` is approx_kl of each rank's rows, (R,), `rows` how many rows each has, (R,). Return True if the update is to end before its next step on all ranks: if approx_kl over all rows is above 1.5 times `target_kl`. Without a target (None) it never ends early.


# %% tags=["exercise"]
def stop_on_all(kls, rows, target_kl):
    # Return whether the update ends, on all ranks or on none.
    return ...


# %%
stop_on_all = check(stop_on_all)
# hint("18.6")
# solution("18.6")
kls, rows = torch.tensor([0.04, 0.01]), torch.tensor([10.0, 30.0])
print(stop_on_all(kls, rows, 0.01), stop_on_all(kls, rows, 0.012))

# %%
from ppo_lessons import PPOConfig, data_parallel
from ppo_lessons.data_parallel import RankError, in_threads, train_on_ranks

config = PPOConfig(num_envs=16, minibatch_size=128, target_kl=0.004)


def each_its_own(ranks):  # asks its own rows alone
    def stop(kls, rows, target_kl):
        return bool(kls[ranks.rank] > 1.5 * target_kl)

    own = dict(sharing=data_parallel.Sharing(stop_on_all=stop))
    return list(train_on_ranks(ranks, "standard", config, 9, **own))


try:
    in_threads(2, each_its_own)
except RankError as error:  # here threads notice; processes would wait
    print("They have lost each other:", str(error).split(" must ")[0])

# %% [markdown]
# ## The update, with four lines more
#
# This is the whole of it. Beside [`update_policy`](../ppo_lessons/steps.py) of lesson [11](11_full_update.ipynb): all rows are counted, each mini-batch is cut for this rank, losses are those of all, and the gradients are added up before the step. `my_steps()` and `my_sharing()` bring what you wrote.

# %%
import inspect

from ppo_lessons.data_parallel import shared_update

text = inspect.getsource(shared_update.shared_update)
body = text.split('"""')[2].rstrip().splitlines()[1:]
for line in body:
    print(line.removeprefix("    ").partition("  #")[0])

# %% [markdown]
# ## Play
#
# The same run, once by two threads here, with your functions, and once by two processes that `torchrun` starts. `run_on_processes` types the command for you:
#
# ```
# torchrun --nproc-per-node 2 -m ppo_lessons.data_parallel standard --to FOLDER
# ```
#
# On several machines it is the same command on each, with `--nnodes`, `--rdzv-backend c10d` and `--rdzv-endpoint` (not tried by us).

# %%
from ppo_lessons.classroom import my_sharing, my_steps

config = PPOConfig(num_envs=32, minibatch_size=512, seed=3)
own = dict(steps=my_steps(), sharing=my_sharing())


def rank(ranks):
    return list(train_on_ranks(ranks, "standard", config, 3, **own))


threads = in_threads(2, rank)
print("ranks that reported:", len(threads), "cycles:", len(threads[0]))
same = threads[0][-1].update == threads[1][-1].update
claim("both ranks report the same update", same)

# %%
import tempfile

from ppo_lessons.data_parallel import run_on_processes
from ppo_lessons.data_parallel.files import load_reports

folder = tempfile.mkdtemp()
words = ["standard", "--to", folder, "--cycles", "3"]
for name in ("num_envs", "minibatch_size", "seed"):
    words += ["--set", f"{name}={getattr(config, name)}"]
_ = run_on_processes(2, words)
processes = load_reports(folder)
first, report = processes[0], threads[0][0].update
near = abs(first["value_loss"] - report.value_loss) < 1e-4
claim("the same rows", first["num_rows"] == report.num_rows)
claim("and the same losses", near and len(processes) == 3)

# %% [markdown]
# ## When a rank dies, or hangs
#
# The first rank writes a checkpoint every few cycles: the weights once, and of *each* rank its worlds and its random numbers. If a rank is killed, torchrun starts all of them again (`--max-restarts`), and they go on from there, bit for bit; lines that were reported after the checkpoint are taken out, and nothing counts twice.
#
# A rank that hangs is silent. So waiting has a limit (`--timeout`), and then the others call the roll:

# %%
import time


def late(ranks):
    ranks.cycle = 5
    if ranks.rank == 1:
        time.sleep(1)  # it is busy with something else
    ranks.objects(None, "gradient")


try:
    in_threads(2, late, timeout=0.2)
except RankError as error:
    for part in str(error).split(". "):
        print(part)

# %% [markdown]
# ## Equation: how long is a cycle on R machines?
#
# Work is shared, talk is not. With N rows in all, S gradient steps, W weights of 4 bytes, a latency $\alpha$ of a message and $\beta$ bytes a second:
#
# $$T(R) = \underbrace{\frac{N}{R}(p + K\,l) + S\,c}_{\text{play, K epochs, steps}} + \underbrace{(R-1)\left( (4S+9)\,\alpha + \frac{2S}{R}\frac{4W}{\beta} + \frac{16\,N}{R\,\beta} \right)}_{\text{talk, for } R > 1}$$
#
# The gradient goes round a ring, in R parts; the last term is the report, four numbers of each row. $p$, $l$, $c$ (larger for $R > 1$) were measured: [`rank_costs`](../ppo_lessons/shipped/rank_costs.py).

# %% [markdown]
# Does the formula hold where we could measure it? One process and two, on the two cores of one machine, which share a single physical core. There $\alpha$ was taken from the second line, so that only the third is foretold:

# %%
from ppo_lessons.lessons.beyond_one_machine.scaling import on_this_machine
from ppo_lessons.shipped.rank_costs import load_rank_costs

costs = load_rank_costs()
print("processes   rows    measured   formula   told and waited")
for point in costs.measured:
    ranks, rows = int(point["ranks"]), point["rows"]
    said = on_this_machine(costs, ranks, rows / ranks).cycle
    measured, share = 1000 * point["cycle"], point["talk_share"]
    print(f"{ranks:9} {rows:6} {measured:8.1f} ms {1000 * said:6.1f} ms"
          f" {share:14.0%}")  # fmt: skip

# %% [markdown]
# ## Exercise 18.7, on paper (3 minutes)
#
# A cycle takes 48 ms of work on one machine. Eight machines share the work out evenly; in each of its 8 gradient steps they talk for 0.25 ms. How many times as fast is a cycle?

# %% tags=["on-paper"]
answer = ...
check_on_paper("18.7", answer)

# %% [markdown]
# ## Play: where does it stop paying?
#
# Decide first: (1) With rows shared out, what stops you, the rows or the network? Make the network of the team larger. (2) With rows for each, rows a second go on growing. Why does the orange curve bend? (3) Nobody waits: machines play the next rollout while this one is learned from. What does it gain at most?

# %%
beyond_one_machine.explore()

# %% [markdown]
# Talk grows with the machines and with the weights; small networks are soon all talk. Rows for each keep the machines busy, but a mini-batch R times as large does not teach R times as much: beyond the [noise scale](../docs/glossary.md#noise-scale) a row is worth less and less (McCandlish et al. 2018). How large it is depends on the task and grows in a run, so here it is a knob and not a fact.
#
# If nobody waits, the rows are those of the policy before. The ratio corrects for that, as it does for the second epoch, and the clip silences what has gone too far.

# %% [markdown]
# ## On other devices
#
# `--device cuda` takes the network and the rows to a GPU for the update and brings the network home; worlds, rollout and buffer stay on the processor. For networks as small as ours that seldom pays. It was tested on the processor, by the same code; on CUDA it was not tried yet.
#
# Ranks on machines of another kind are refused at the start: each would take its own step with other last digits, and their weights would come apart.

# %% [markdown]
# **Question.** Two ranks train with `minibatch_size=2048`, and somebody doubles the ranks to four, each with as many copies as before, and leaves the setting. What changes in the update?
#
# <details><summary>Nothing: the mini-batch is that of all ranks.</summary>The mini-batch stays, but there are twice the rows: twice the gradient steps in every epoch.</details>
# <details><summary>Twice as many gradient steps a cycle.</summary>Right. Twice the rows in mini-batches of the same size. Double `minibatch_size` as well for as many steps as before, and then look at the learning rate.</details>
# <details><summary>Each rank has mini-batches of 2048 rows.</summary>Some libraries mean that. Here the setting is that of the whole run, whatever the number of ranks.</details>

# %%
from ppo_lessons.lessons import show_progress

show_progress()

# %% [markdown]
# ## Recap
#
# - Each rank plays its own; all take the same step. Weights stay equal because everything done to them is equal.
# - Means are weighted by rows, advantages are normalised by everybody's, seeds of play differ, and all stop or none. Each of these fails without an error.
# - Work shrinks with R, talk does not, and rows in larger mini-batches are worth less.
#
# | code | meaning |
# |---|---|
# | [`train_on_ranks(ranks, "standard", config, 100, folder=...)`](../ppo_lessons/data_parallel/shared_training.py) | the run, on every rank alike |
# | [`join_ranks(timeout=300)`](../ppo_lessons/data_parallel/process_ranks.py) | be one of the ranks that torchrun started |
# | [`in_threads(2, job)`](../ppo_lessons/data_parallel/thread_ranks.py) | ranks that are threads, for a notebook |
# | [`shared_update`](../ppo_lessons/data_parallel/shared_update.py) | nodes E to O, by all ranks together |
#
# Many runs side by side are another thing, and easier: they need not talk at all.
