"""The recorded rollout that runs through all lessons: the same detectives, steps and rows, from the board to the loss.

Shipped are the network of a team half-way to mastery and the actions that it took. The world is replayed from them, so
that every number is the same on every machine. `python -m ppo_lessons.shipped.recording` makes another one of the same
kind, with other numbers: a training run differs in its last digits from machine to machine.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, Decision, log_probabilities
from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.rollout import act, see
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.spirit_world.rules import WorldState
from ppo_lessons.training import TrainingRun, train

FOLDER = Path(__file__).parent / "data" / "recording"
NUM_ENVS, SKIPPED_STEPS, NUM_STEPS, SEED = 16, 50, 32, 7
"""The copies are played for a while before the recording begins, so that they are not all at their first steps."""
CONFIG = PPOConfig(
    num_envs=NUM_ENVS,
    num_steps=NUM_STEPS,
    minibatch_size=512,
    learning_rate=4e-3,
    gamma=0.98,
    gae_lambda=0.8,
    ent_coef=0.02,
    vf_coef=0.5,
)
"""The settings of the lessons: four mini-batches of about 500 rows in each epoch. The recorded critic learned what is
to come with this gamma, so its advantages are worked out with it too."""

BADGES = {
    "drained": (3, 0, 0),
    "falls": (6, 0, 0),
    "her mate": (6, 0, 1),
    "banishes": (9, 0, 3),
    "wins": (9, 12, 0),
    "cut off": (13, 1, 0),
}
"""Six rows that are met again in every lesson, by their badge (step t, copy of the world e, agent a)."""


class Recording(NamedTuple):
    """A rollout of T = 32 steps, E = 16 copies of the standard case and A = 4 detectives."""

    policy: ActorCritic
    """The network that played; a fresh copy, to be trained or taken apart."""
    buffer: SharedBuffer
    """Full, with advantages and returns by `CONFIG`."""
    last_values: Tensor
    """The critic's estimates after the last step, (E, A)."""
    states: tuple[WorldState, ...]
    """Where everything stood before each step, T states of E copies."""

    def rows_of(self, badges: Iterable[tuple[int, int, int]]) -> list[int]:
        """Return at which places of `buffer.get()` the rows with these badges stand."""
        place = {tuple(badge): row for row, badge in enumerate(self.buffer.badges().tolist())}
        return [place[tuple(badge)] for badge in badges]

    def board(self, step: int, copy: int) -> WorldState:
        """Return one copy of the world before a step, for drawing."""
        return WorldState(*(array[copy : copy + 1] for array in self.states[step]))


def load_recording() -> Recording:
    """Replay the recorded rollout. Each call gives fresh tensors and a fresh network.

    Returns:
        The recording; its rows have ratios of exactly 1 under its policy, up to rounding.
    """
    policy = load_policy(FOLDER / "policy.pt")
    actions = np.load(FOLDER / "actions.npy", allow_pickle=False).astype(np.int64)  # (skipped + T, E, A)
    world = SpiritWorld("standard", NUM_ENVS)
    world.reset(SEED)
    for skipped in actions[:SKIPPED_STEPS]:
        world.step(skipped)
    buffer, states = SharedBuffer(NUM_STEPS, NUM_ENVS, world.num_agents, world.obs_size), []
    for taken in actions[SKIPPED_STEPS:]:
        states.append(world.state)
        seen = see(world)
        buffer.add(act(world, policy, seen, _decision(policy, seen, torch.from_numpy(taken))))
    last_values = policy.estimate_values(see(world))
    buffer.finish(last_values, CONFIG.gamma, CONFIG.gae_lambda, team_credit=CONFIG.team_credit)
    return Recording(policy, buffer, last_values, tuple(states))


@torch.no_grad()
def _decision(policy: ActorCritic, seen: Tensor, actions: Tensor) -> Decision:
    """What the policy said of actions that were taken."""
    logits, values = policy(seen)
    log_probs = log_probabilities(logits).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    return Decision(actions, log_probs, values)


def make_recording(folder: Path = FOLDER, win_rate: float = 0.5, most_cycles: int = 1000) -> None:
    """Train a team until it wins about half of the standard cases, and record it.

    Args:
        folder: Where to write policy.pt and actions.npy.
        win_rate: How good the team is to be.
        most_cycles: Give up after so many.

    Raises:
        RuntimeError: If the team does not get that far.
        FileNotFoundError: If there is no folder to make this one in.
    """
    require_folder(folder.parent)
    learned = dict(gamma=CONFIG.gamma, gae_lambda=CONFIG.gae_lambda, ent_coef=CONFIG.ent_coef, vf_coef=CONFIG.vf_coef)
    run = TrainingRun("standard", PPOConfig(seed=4, **learned))
    for report in train(run, most_cycles):
        if report.cycle % 5 == 0 and evaluate(policy_player(run.policy)).win_rate >= win_rate:
            break
    else:
        raise RuntimeError(f"The team must win {win_rate:.0%} of its cases within {most_cycles} cycles. It did not")
    folder.mkdir(exist_ok=True)
    world, player = SpiritWorld("standard", NUM_ENVS), policy_player(run.policy, seed=SEED)
    world.reset(SEED)
    taken = []
    for _ in range(SKIPPED_STEPS + NUM_STEPS):
        taken.append(player(world).copy())
        world.step(taken[-1])
    save_policy(run.policy, folder / "policy.pt")
    actions = np.stack(taken).astype(np.int8)
    write_whole(folder / "actions.npy", lambda file: np.save(file, actions, allow_pickle=False))


if __name__ == "__main__":
    make_recording()
