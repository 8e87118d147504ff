"""The open challenge, `midnight`, and the team that stands best in it so far; see `docs/open_challenge.md`.

Made by `python -m ppo_lessons.shipped.challenge`: a team goes from the attic over nightfall and eclipse into a closet,
midnight's rules on a 5 x 5 grid, each time as soon as it is ready.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder
from ppo_lessons.shipped.ways import FOLDER
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.curriculum import train_through
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player

CASE = "midnight"
CLOSET = Case(name="closet", toughness=(4, 4, 4), size=5, sight=1, step_limit=96, health=2)
"""Midnight in a small room."""
WAY, GOALS, SEED = ("attic", "nightfall", "eclipse"), (0.7, 0.95, 0.9), 7


TURN = PPOConfig.num_steps * PPOConfig.num_envs * CLOSET.num_detectives
"""Agent-steps of a cycle."""


class Standing(NamedTuple):
    """How a team stands in the challenge."""

    drawn: float
    """Share of the cases that is won if actions are drawn."""
    greedy: float
    """The same with the likeliest actions."""


def measure(policy: ActorCritic, cases: int = 1000) -> Standing:
    """Return how a team stands, over so many cases of midnight."""
    drawn, greedy = (evaluate(policy_player(policy, greedy=g), CASE, cases=cases).win_rate for g in (False, True))
    return Standing(drawn, greedy)


def load_challenger() -> ActorCritic:
    """Return the shipped team that stands best."""
    return load_policy(FOLDER / f"{CASE}.pt")


def make_challenger(folder: Path = FOLDER) -> Standing:
    """Go the way with one seed, then into the closet, where Adam begins anew; keep the team.

    Args:
        folder: Where midnight.pt is written.

    Returns:
        How it stands.
    """
    require_folder(folder)
    came, steps = _through(WAY, GOALS, None)
    print(f"out of eclipse after {steps:,} agent-steps", flush=True)
    team, more = _through((CLOSET,), GOALS[-1:], came)
    save_policy(team, folder / f"{CASE}.pt")
    print(f"{steps + more:,} agent-steps in all")
    return measure(team)


def _through(
    cases: Sequence[str | Case], goals: Sequence[float], policy: ActorCritic | None
) -> tuple[ActorCritic, int]:
    """Return the team at the end of these cases, and the agent-steps that it took."""
    *cycles, last = train_through(cases, PPOConfig(seed=SEED), policy, goal=goals, most_cycles=4000)
    return last.run.policy, (len(cycles) + 1) * TURN


if __name__ == "__main__":
    print(make_challenger())
