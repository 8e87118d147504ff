"""What many copies of the world cost, on the machine that asks."""

from collections.abc import Mapping, Sequence
from time import perf_counter

import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.display.tables import Note, Table
from ppo_lessons.rollout import play_step
from ppo_lessons.spirit_world.env import SpiritWorld


def seconds_a_step(policy: ActorCritic, copies: Sequence[int], steps: int = 20, tries: int = 5) -> dict[int, float]:
    """Measure how long one step of the whole team takes in so many copies of the standard case.

    Args:
        policy: Decides for all agents.
        copies: Numbers of copies E.
        steps: In one measurement.
        tries: The fastest of so many counts: whatever else the machine does makes it slower, never faster.

    Returns:
        Copies -> seconds for one step of all of them.
    """
    found = {}
    for number in copies:
        world, generator = SpiritWorld("standard", number), torch.Generator().manual_seed(0)
        world.reset(seed=0)
        times = []
        for _ in range(tries + 1):
            start = perf_counter()
            for _ in range(steps):
                play_step(world, policy, generator)
            times.append((perf_counter() - start) / steps)
        found[number] = min(times[1:])  # the first one warms up
    return found


def show_costs(seconds: Mapping[int, float]) -> Note:
    """Show what a step costs in so many copies, beside one copy: the times, and the price of one decision."""
    one, agents = seconds[1], SpiritWorld("standard").num_agents
    cells = [["", "milliseconds a step", "times one copy", "microseconds a decision"]]
    for copies, time in seconds.items():
        decision = 1e6 * time / (copies * agents)
        cells.append([f"copies: {copies}", f"{1e3 * time:.2f}", f"{time / one:.1f}", f"{decision:.1f}"])
    return Note(Table(cells), "times on this machine")
