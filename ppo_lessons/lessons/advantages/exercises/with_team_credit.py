"""A team's rewards after an agent's fall, credited to its last row."""

import torch
from torch import Tensor

from ppo_lessons.advantages import with_team_credit
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with


def _credit_probe(rewards: Tensor, acting: Tensor, episode_over: Tensor, gamma: float) -> Probe:
    """Look at the rows of the living only: what stands in the rows of the fallen is never read."""

    def living(result: object) -> object:
        fits = isinstance(result, Tensor) and result.shape == acting.shape
        return torch.where(acting, result, torch.zeros_like(result)) if fits else result

    return call_with(rewards, acting, episode_over, gamma, seen=living)


def _random_falls(seed: int, shape: tuple[int, int, int], present: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """Return rewards, acting and episode_over of teams that fall one by one and begin again together.

    With `present` below 1 some agents miss the next case, so that only episode_over says where the last one ended.
    """
    draw = generator(seed)
    steps, copies, agents = shape
    rewards = torch.randn(shape, generator=draw)
    acting, over = torch.zeros(shape, dtype=torch.bool), torch.zeros(steps, copies, dtype=torch.bool)
    alive = torch.rand(copies, agents, generator=draw) < 0.8
    for t in range(steps):
        acting[t] = alive
        alive = alive & (torch.rand(copies, agents, generator=draw) > 0.25)
        over[t] = (torch.rand(copies, generator=draw) < 0.2) | ~alive.any(dim=1)
        newcomers = torch.rand(copies, agents, generator=draw) < present
        alive = torch.where(over[t].unsqueeze(-1), newcomers, alive)
    return rewards, acting, over


def _one_step(rewards: Tensor, acting: Tensor, over: Tensor, gamma: float) -> Tensor:
    """Credit only the very next step after the fall."""
    falls = acting[:-1] & ~acting[1:] & ~over[:-1].unsqueeze(-1)
    return rewards + torch.cat((torch.where(falls, gamma * rewards[1:], 0.0), torch.zeros_like(rewards[:1])))


def _of_all_mates(rewards: Tensor, acting: Tensor, over: Tensor, gamma: float) -> Tensor:
    paid = rewards.sum(dim=-1, keepdim=True).expand_as(rewards)
    return rewards + with_team_credit(paid, acting, over, gamma) - paid


EXERCISE = Exercise(
    number="3.4",
    node="D",
    function=with_team_credit,
    difficulty=3,
    minutes=7,
    probes=(
        # One copy, two detectives: the first falls with t = 1, the team wins with t = 3, a new case begins with t = 4.
        _credit_probe(
            torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [10.0, 10.0], [100.0, 100.0]]).unsqueeze(1),
            torch.tensor([[True, True], [True, True], [False, True], [False, True], [True, True]]).unsqueeze(1),
            torch.tensor([[False], [False], [False], [True], [False]]),
            0.5,
        ),
        *(_credit_probe(*_random_falls(seed, (9, 3, 4)), 0.9) for seed in (1, 2)),
        _credit_probe(*_random_falls(3, (12, 2, 3), present=0.6), 0.98),
        _credit_probe(*_random_falls(4, (6, 1, 3)), 1.0),
    ),
    mistakes=(
        Mistake(name="no credit in the rows of the living: each keeps its own reward",
                wrong=lambda r, acting, over, g: 1 * r,
                advice="Row t = 1 of the first detective is its last one. What did its team get for it afterwards?"),
        Mistake(
            name="crediting the living too",
            wrong=lambda r, acting, over, g: with_team_credit(r, acting & False, over, g),
            advice="An agent that acts in the next row gets that reward there. Only rows of the fallen are passed on.",
        ),
        Mistake(name="credit without discount", wrong=lambda r, acting, over, g: with_team_credit(r, acting, over, 1.0),
                advice="A reward k steps after the fall counts gamma to the power of k."),
        Mistake(name="one gamma too few",
                wrong=lambda r, acting, over, g: r + (with_team_credit(r, acting, over, g) - r) / g,
                advice="The first fallen row is already one step after the fall: how often is its reward discounted?"),
        Mistake(name="one gamma for everything, however late it comes",
                wrong=lambda r, acting, over, g: r + g * (with_team_credit(r, acting, over, 1.0) - r),
                advice="A reward k steps after the fall counts gamma to the power of k."),
        Mistake(name="credit for the next step only", wrong=_one_step,
                advice="The team's win can come many steps after the fall. Go on until the case is over."),
        Mistake(name="running past the end of the case",
                wrong=lambda r, acting, over, g: with_team_credit(r, acting, over & False, g),
                advice="What happens in the next case is not this agent's doing. Where does episode_over come in?"),
        Mistake(
            name="losing the reward of the last step of the case",
            wrong=lambda r, acting, over, g: with_team_credit(r, acting, over.roll(-1, 0), g),
            advice="The win comes WITH the step in which episode_over is set. Forget what lies behind it, then add it.",
        ),
        Mistake(name="stopping every copy when one case is over",
                wrong=lambda r, acting, over, g: with_team_credit(r, acting, over | over.any(dim=1, keepdim=True), g),
                advice="Each copy of the world has its own case: episode_over is (T, E)."),
        Mistake(name="adding up the rewards of all mates", wrong=_of_all_mates,
                advice="The team's reward is paid to each agent already, to the fallen too: read its own column."),
        Mistake(name="running forwards",
                wrong=lambda r, acting, over, g: with_team_credit(r.flip(0), acting.flip(0), over.flip(0), g).flip(0),
                advice="The row of the fall needs what comes after it. From which end do you have to start?"),
        Mistake(name="changing the rewards in place", wrong=lambda *args: args[0].copy_(with_team_credit(*args)),
                advice="The numbers are right, but the caller's rewards are overwritten. Begin with rewards.clone()."),
    ),
    hints=(
        "Walk upwards from the last row and carry a purse for each agent. When is it filled, paid out, and emptied?",
        "In each row, from the last: empty the purse of a team whose episode is over; add gamma times the purse to the "
        "row; then the purse holds this sum if the agent is fallen, and 0 if it acted.",
        "credited, purse = rewards.clone(), torch.zeros_like(rewards[0])\n"
        "for t in reversed(range(len(rewards))):\n"
        "    purse = torch.where(episode_over[t].unsqueeze(-1), 0.0, purse)\n"
        "    credited[t] = rewards[t] + gamma * purse\n"
        "    purse = torch.where(acting[t], 0.0, credited[t])\n"
        "return credited",
    ),
)  # fmt: skip
