"""ppo_lessons: the full PPO training update for a team of agents, in modules of one job each, in the order of the flow.

The small package that the course teaches lies open on this floor. With the nodes of the flowchart:

| module | what it does | nodes |
|---|---|---|
| `config`, `errors` | the hyper-parameters, once; what can go wrong | |
| `team_env` | what a rollout asks of any world | |
| `action_kinds` | what other worlds let an agent choose: what a mask allows, several things, real numbers | I, J |
| `actor_critic` | the team's network: `sample_actions` in the rollout, `evaluate_actions` in the update | I, J |
| `agent_kinds`, `fitting` | a network for each kind of agent; the network that a world and a config ask for | I |
| `team_view` | what a critic of the whole team sees besides | I |
| `rollout` | `collect`: play until the buffer is full | A, B, C |
| `advantages` | `gae`: was this action better than expected? | D |
| `buffer` | `SharedBuffer`: add, finish, get, clear | B, C, D, P |
| `value_normalisation` | a critic that speaks in units of the returns' spread | D |
| `minibatches` | one shuffled pass over the rows | G, H |
| `losses` | ratios, the clipped surrogate, value loss, entropy, the total, and diagnostics | K, L, M, N |
| `policy_gradient` | the losses before PPO: the policy gradient's, the surrogate without a clip | L |
| `optimisation` | the optimizer, its step and its step size | O |
| `steps` | every box under its name, to be replaced by one of your own, and how they are wired | A to P |
| `seams` | says in words what a replaced step must return, and what came | A to P |
| `update` | `ppo_update`: the update as a whole or not at all, and its report | E to O |
| `training`, `checkpoints` | the whole cycle as a generator; save and load a run or a team | A to P |
| `transfer` | what a team takes along to its next run | |

The folders, from the cellar up; each knows those above it in this table, and none below:

| folder | what is in it |
|---|---|
| `guards` | what keeps a run whole: settings, files, threads, undo; the flow stands on it |
| `spirit_world`, `other_worlds` | the game; worlds that others wrote |
| `shipped` | what the lessons come with, each beside the script that makes it |
| `data_parallel` | one training on many processes, with torchrun |
| `display` | what stands still on a page: pictures and tables |
| `interactive`, `classroom` | the kit for living figures; the kit for exercises. They do not know each other |
| `doctor` | the facts of PPO, put to anybody's functions; what the readings of a run say |
| `lessons` | one folder a lesson: its figures, its explorer, its exercises |
| `publishing` | from lesson text to notebooks and pages; what is released |
| `teaching` | for a class: hand out, grade, see what to explain next |

Axes are always in the order T steps, E copies of the world (envs), A agents, then D numbers seen or N actions.
B is the number of rows of a mini-batch.
"""

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import gae, normalise_advantages
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.checkpoints import load_policy, load_run, save_policy, save_run
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import CheckpointError, NonFiniteError, NotReadyError
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.curriculum import Way, train_through
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.players import cautious_player, cooperative_player, policy_player, random_player
from ppo_lessons.spirit_world.several import SeveralCases
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.transfer import next_run
from ppo_lessons.update import ppo_update

__version__ = "0.1.0"

__all__ = [
    "CASES",
    "ActorCritic",
    "Case",
    "CheckpointError",
    "NonFiniteError",
    "NotReadyError",
    "PPOConfig",
    "Rows",
    "SeveralCases",
    "SharedBuffer",
    "SpiritWorld",
    "Steps",
    "TrainingRun",
    "Way",
    "cautious_player",
    "collect",
    "cooperative_player",
    "evaluate",
    "gae",
    "load_policy",
    "load_run",
    "make_optimizer",
    "next_run",
    "normalise_advantages",
    "policy_player",
    "ppo_update",
    "random_player",
    "record",
    "save_policy",
    "save_run",
    "train",
    "train_through",
]
