"""What the critic of the whole team sees."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.team_view import team_obs


def _draw(seed: int, copies: int, agents: int, size: int, alive: float = 0.7) -> tuple[Tensor, Tensor]:
    """Views and who is alive: somebody fallen in the first copy, and everybody alive in the last."""
    draw = generator(seed)
    obs = torch.randn(copies, agents, size, generator=draw)
    acting = torch.rand(copies, agents, generator=draw) < alive
    acting[0, 0], acting[0, -1], acting[-1] = True, False, True
    return obs, acting


_ALL = torch.ones(1, 3, dtype=torch.bool)
_VIEWS = torch.arange(6.0).reshape(1, 3, 2) + 1


def _with_nan() -> tuple[Tensor, Tensor]:
    obs, acting = _draw(4, 2, 3, 2)
    return torch.where(acting.unsqueeze(-1), obs, torch.full_like(obs, float("nan"))), acting


def _parts(obs: Tensor, acting: Tensor) -> tuple[Tensor, Tensor]:
    whole = team_obs(obs, acting)
    return whole[..., : -obs.shape[1]], whole[..., -obs.shape[1] :]


def _joint(obs: Tensor, acting: Tensor) -> Tensor:
    """The views of the living laid beside each other, for everybody, the fallen too."""
    seen = torch.where(acting.unsqueeze(-1), obs, torch.zeros_like(obs))
    return seen.flatten(1).unsqueeze(1).expand(-1, obs.shape[1], -1)


def _numbers(obs: Tensor) -> Tensor:
    return torch.eye(obs.shape[1]).expand(len(obs), -1, -1)


def _behind(joint: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Any]:
    return lambda obs, acting: torch.cat((joint(obs, acting), _numbers(obs)), dim=-1)


def _own_first(obs: Tensor, acting: Tensor) -> Tensor:
    """Each agent's own view first, then the mates'."""
    seen, agents = torch.where(acting.unsqueeze(-1), obs, torch.zeros_like(obs)), obs.shape[1]
    order = [[a, *(b for b in range(agents) if b != a)] for a in range(agents)]
    joint = torch.stack([seen[:, each].flatten(1) for each in order], dim=1)
    return torch.where(acting.unsqueeze(-1), joint, torch.zeros_like(joint))


def _moved_up(obs: Tensor, acting: Tensor) -> Tensor:
    joint = torch.zeros(*obs.shape[:2], obs.shape[1] * obs.shape[2])
    for copy, alive in enumerate(acting):
        living = obs[copy][alive].flatten()
        joint[copy, alive, : len(living)] = living
    return joint


def _in_place(obs: Tensor, acting: Tensor) -> Tensor:
    obs[~acting] = 0
    return team_obs(obs, acting)


EXERCISE = Exercise(
    number="15.1",
    node="I",
    function=team_obs,
    difficulty=3,
    minutes=10,
    probes=(
        call_with(_VIEWS, _ALL),
        call_with(_VIEWS, torch.tensor([[True, False, True]])),
        call_with(*_draw(1, 2, 3, 2)),
        call_with(*_draw(2, 4, 4, 5)),
        call_with(*_draw(3, 5, 2, 3)),
        call_with(*_with_nan(), special="NaN in the views of the fallen"),
        call_with(_VIEWS, ~_ALL, special="a team that has fallen"),
        call_with(torch.randn(2, 1, 3, generator=generator(6)), torch.tensor([[True], [False]]),
                  special="a team of one"),
    ),
    mistakes=(
        Mistake(name="the number is missing", wrong=lambda obs, acting: _parts(obs, acting)[0],
                advice="Without its number all living agents have the same input, and so the same value."),
        Mistake(name="each agent's own view only", wrong=lambda obs, acting: torch.cat(
                (torch.where(acting.unsqueeze(-1), obs, torch.zeros_like(obs)), _numbers(obs)), dim=-1),
                advice="That is what the own critic sees. Lay the views of all agents beside each other, for each of "
                "them."),
        Mistake(name="the number in front of the views",
                wrong=lambda obs, acting: torch.cat(_parts(obs, acting)[::-1], dim=-1),
                advice="The views come first, the number behind them."),
        Mistake(name="who is alive in the place of the number", wrong=lambda obs, acting: torch.cat(
                (_parts(obs, acting)[0], acting.float().unsqueeze(1).expand(-1, obs.shape[1], -1)), dim=-1),
                advice="That is the same for all agents of a copy. The number says *whose* value is asked for."),
        Mistake(name="the views of the living moved up, so that a place is not always the same agent's",
                wrong=_behind(_moved_up),
                advice="Agent b's view stands in place b, also when an agent before it has fallen."),
        Mistake(name="the number as a number, not one-hot", wrong=lambda obs, acting: torch.cat(
                (_parts(obs, acting)[0], torch.arange(obs.shape[1]).expand(len(obs), -1).unsqueeze(-1).float()), -1),
                advice="One-hot: A numbers, of which the agent's own is 1. Agent 2 is not twice agent 1."),
        Mistake(name="the fallen see the team as the living do", wrong=_behind(_joint),
                advice="A fallen agent's input is fixed: zeros, and its number, whatever its mates see."),
        Mistake(name="the views of the fallen are seen by all", wrong=_behind(lambda obs, acting: torch.where(
                acting.unsqueeze(-1), obs.flatten(1).unsqueeze(1).expand(-1, obs.shape[1], -1), 0.0)),
                advice="What stands in the view of a fallen agent means nothing. Put zeros in its place."),
        Mistake(name="nobody is taken for fallen", wrong=_behind(
                lambda obs, acting: obs.flatten(1).unsqueeze(1).expand(-1, obs.shape[1], -1)),
                advice="`acting` is not used: what becomes of the view, and of the input, of a fallen agent?"),
        Mistake(name="multiplied by acting, and not selected", wrong=_behind(lambda obs, acting: (
                (obs * acting.unsqueeze(-1)).flatten(1).unsqueeze(1) * acting.unsqueeze(-1))),
                advice="0 x NaN is NaN. Select with torch.where."),
        Mistake(name="the number of the fallen is gone, too", wrong=lambda obs, acting: torch.where(
                acting.unsqueeze(-1), team_obs(obs, acting), 0.0),
                advice="A fallen agent's input is zeros *and its number*."),
        Mistake(name="the living and the fallen mixed up (acting turned round)",
                wrong=lambda obs, acting: team_obs(obs, ~acting),
                advice="`acting` is True for the living."),
        Mistake(name="each agent's own view first, then its mates'", wrong=_behind(_own_first),
                advice="A common order, and not the one asked for: agents 0 to A-1, for everybody; the number says who "
                "is asking."),
        Mistake(name="agents and numbers interleaved (a transpose too many)", wrong=_behind(
                lambda obs, acting: torch.where(acting.unsqueeze(-1), torch.where(
                    acting.unsqueeze(-1), obs, torch.zeros_like(obs)).transpose(1, 2).flatten(1).unsqueeze(1), 0.0)),
                advice="One agent's D numbers stay together: its whole view, then the next one's."),
        Mistake(name="the mean of the views in place of all of them", wrong=_behind(lambda obs, acting: torch.where(
                acting.unsqueeze(-1), torch.where(acting.unsqueeze(-1), obs, 0.0).mean(1, keepdim=True), 0.0)),
                advice="A mean forgets who sees what. Lay the views beside each other."),
        Mistake(name="the team's views without one's own", wrong=lambda obs, acting: torch.cat((torch.stack([
                torch.where(acting[:, [a]], _joint(obs, acting)[:, a].unflatten(1, (obs.shape[1], -1))[
                    :, [b for b in range(obs.shape[1]) if b != a]].flatten(1), 0.0)
                for a in range(obs.shape[1])], 1), _numbers(obs)), -1),
                advice="All views, one's own included."),
        Mistake(name="copies of the world mixed up", wrong=_behind(lambda obs, acting: torch.where(
                acting.unsqueeze(-1), _joint(obs, acting).roll(1, 0), 0.0)),
                advice="Each copy has its own team: axis 0 stays as it is."),
        Mistake(name="a change in place", wrong=_in_place,
                advice="The result is right, but the agents' own views have changed: the actor reads them, too."),
    ),
    hints=(
        "What is the same for all living agents of a copy, and what is not? Which shape has it before it is laid out "
        "for each of them?",
        "seen = obs where acting, else 0; joint = seen laid flat, (E, 1, A D), for every agent; 0 where the agent is "
        "not acting; then the one-hot number behind it.",
        "copies, agents, _ = obs.shape\n"
        "alive = acting.unsqueeze(-1)\n"
        "seen = torch.where(alive, obs, torch.zeros_like(obs))\n"
        "joint = seen.reshape(copies, 1, -1).expand(-1, agents, -1)\n"
        "joint = torch.where(alive, joint, torch.zeros_like(joint))\n"
        "numbers = torch.eye(agents).expand(copies, -1, -1)\n"
        "return torch.cat((joint, numbers), dim=-1)",
    ),
)  # fmt: skip
