"""Small buffers, empty, half full and full, and steps to put into them."""

import torch

from ppo_lessons.buffer import SharedBuffer, Transition
from ppo_lessons.classroom.draws import generator

ENVS, AGENTS, NUMBERS = 2, 4, 5
"""E, A and D; none is the length of a buffer below."""


def transition(seed: int) -> Transition:
    """Return one step of everybody in which no field is 0 everywhere."""
    draw, team = generator(seed), (ENVS, AGENTS)

    def numbers(*more: int) -> torch.Tensor:
        return torch.randn(*team, *more, generator=draw)

    def flags(*shape: int) -> torch.Tensor:
        found = torch.rand(shape, generator=draw) < 0.5
        found[0] = True
        return found

    return Transition(
        obs=numbers(NUMBERS),
        actions=torch.randint(1, 5, team, generator=draw),
        log_probs=numbers(),
        values=numbers(),
        rewards=numbers(),
        terminated=flags(*team),
        truncated=flags(*team),
        final_values=numbers(),
        acting=flags(*team),
        episode_over=flags(ENVS),
    )


def buffer_with(steps: int, num_steps: int = 3, used_before: bool = False) -> SharedBuffer:
    """Return a buffer in which so many steps are stored.

    Args:
        steps: How many.
        num_steps: T, for how many there is room.
        used_before: Whether it was full once and cleared, so that old numbers stand in the rest.
    """
    buffer = SharedBuffer(num_steps, ENVS, AGENTS, NUMBERS)
    if used_before:
        _fill(buffer, range(100, 100 + num_steps))
    _fill(buffer, range(steps))
    return buffer


def _fill(buffer: SharedBuffer, seeds: range) -> None:
    """Write steps from the first place on, all at once: what is asked for must not be needed to ask for it."""
    for place, *new in zip(buffer.data, *map(transition, seeds), strict=True):
        if new:
            place[: len(new)] = torch.stack(new)
    buffer.step = len(seeds)
