"""From case to case: a team goes on to the next case when a rule says that it is ready."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from ppo_lessons import transfer
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.fields import suggest_names
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun, TrainReport, train


def is_ready(cases: Sequence[int], wins: Sequence[int], goal: float, least: int) -> bool:
    """Say whether a team has mastered its case: enough of the last cases were won.

    Args:
        cases: How many cases were finished in each cycle so far, in order.
        wins: How many of them were won.
        goal: The share of wins that is asked for, 0 to 1.
        least: The share is taken over so many of the last cases: whole cycles, as few as hold that many.

    Returns:
        Whether the share is the goal or more; False before so many cases are finished.
    """
    finished = won = 0
    for n, w in zip(reversed(cases), reversed(wins), strict=True):
        finished, won = finished + n, won + w
        if finished >= least:
            return won / finished >= goal
    return False


def forgetting(win_rates: Tensor) -> Tensor:
    """Return how much a team has lost of each case: its best win rate at an earlier stage, less the one at the end.

    Args:
        win_rates: After each stage of the way, in each case, (P, C), P 2 or more.

    Returns:
        (C,); below 0 where the team is better at the end than it ever was before.

    References:
        Chaudhry et al. (2018), the forgetting measure, https://arxiv.org/abs/1801.10112
    """
    return win_rates[:-1].max(dim=0).values - win_rates[-1]


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Way:
    """One function for every decision on the way from case to case; the package's own unless you give another."""

    is_ready: Callable[[Sequence[int], Sequence[int], float, int], bool] = is_ready
    """When to go on."""
    carry_over: Callable[[ActorCritic, ActorCritic, bool], None] = transfer.carry_over
    """What goes along."""
    forgetting: Callable[[Tensor], Tensor] = forgetting
    """What was lost."""


DEFAULT_WAY = Way()


class OnTheWay(NamedTuple):
    """One cycle of a team on its way."""

    stage: int
    """Number of the case on the way, from 0."""
    run: TrainingRun
    """Of this stage."""
    report: TrainReport
    """Of this cycle; cycles and agent-steps are counted from the beginning of the stage."""


def train_through(
    cases: Sequence[Any],
    config: PPOConfig,
    policy: ActorCritic | None = None,
    *,
    goal: float | Sequence[float] = 0.9,
    least: int = 400,
    most_cycles: int = 2000,
    critic: bool = True,
    moments: bool = True,
    way: Way = DEFAULT_WAY,
    steps: Steps = DEFAULT_STEPS,
) -> Iterator[OnTheWay]:
    """Train a team from case to case: on to the next as soon as it is ready, until it has mastered the last.

    Args:
        cases: Names, `Case`s or `SpiritWorld`s, all with observations of one size.
        config: All hyper-parameters, the same for each case.
        policy: The team to begin with; None: a fresh one.
        goal: The share of wins that makes a team ready, see `is_ready`; one for all cases, or one for each.
        least: Over how many cases.
        most_cycles: A stage ends after so many cycles, ready or not.
        critic: Whether the critic goes along.
        moments: Whether the optimizer's moments go along.
        way: The functions that decide, replaceable by name.
        steps: Every node of the flowchart, replaceable by name.

    Yields:
        Each cycle, with its stage.
    """
    run = None
    goals = goal if isinstance(goal, Sequence) else [goal] * len(cases)
    for stage, (case, enough) in enumerate(zip(cases, goals, strict=True)):
        if run is None:
            run = TrainingRun(case, config, policy)
        else:
            run = transfer.next_run(run, case, critic=critic, moments=moments, carry_over=way.carry_over)
        finished: list[int] = []
        won: list[int] = []
        for report in train(run, most_cycles, steps):
            yield OnTheWay(stage, run, report)
            count, wins = cases_and_wins(report.behaviour)
            finished.append(count)
            won.append(wins)
            if way.is_ready(finished, won, enough, least):
                break


def cases_and_wins(behaviour: TeamBehaviour) -> tuple[int, int]:
    """Return how many cases were finished, and how many of them were won."""
    return behaviour.cases, round(behaviour.cases * behaviour.win_rate) if behaviour.cases else 0
