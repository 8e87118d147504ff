"""Who gets which reward."""

from dataclasses import replace

import numpy as np

from ppo_lessons.classroom.draws import numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.rules import Events, rewards_of


def _events(seed: int, num_envs: int, case: Case, win: bool = False) -> Events:
    """Events as the rules could give them: falls only where health was lost."""
    rng = numbers(seed)
    agents, spirits = case.num_detectives, case.num_spirits
    health_lost = rng.integers(0, 3, (num_envs, agents))
    return Events(
        next_to=rng.random((num_envs, agents, spirits)) < 0.3,
        banished=np.ones((num_envs, spirits), bool) if win else rng.random((num_envs, spirits)) < 0.4,
        health_lost=health_lost,
        fell=(health_lost > 0) & (rng.random((num_envs, agents)) < 0.5),
        won=np.full(num_envs, win),
        lost=np.zeros(num_envs, bool),
        adjourned=np.zeros(num_envs, bool),
    )


_ONE_COPY = _events(0, 1, CASES["standard"])._replace(
    next_to=np.zeros((1, 4, 3), bool),
    banished=np.array([[False, True, False]]),
    health_lost=np.array([[0, 1, 2, 0]]),
    fell=np.array([[False, False, True, False]]),
)


def _own(case: Case, events: Events) -> np.ndarray:
    """What is a detective's own, without the team's reward."""
    return rewards_of(case, events._replace(banished=events.banished & False, won=events.won & False))


def _shared_out(case: Case, events: Events) -> np.ndarray:
    own = _own(case, events)
    return own + (rewards_of(case, events) - own) / np.float32(case.num_detectives)


def _win_alone(case: Case, events: Events) -> np.ndarray:
    return rewards_of(case, events._replace(banished=events.banished & ~events.won[:, None]))


def _pain_of_all(case: Case, events: Events) -> np.ndarray:
    own = _own(case, events)
    return rewards_of(case, events) - own + own.sum(axis=1, keepdims=True)


EXERCISE = Exercise(
    number="1.2",
    node="A",
    function=rewards_of,
    difficulty=2,
    minutes=7,
    used="Used by the world in every step: my_world hands yours to it.",
    probes=(
        call_with(CASES["standard"], _ONE_COPY),
        call_with(CASES["standard"], _events(1, 3, CASES["standard"])),
        call_with(CASES["nightfall"], _events(2, 4, CASES["nightfall"])),
        call_with(CASES["pack"], _events(3, 2, CASES["pack"], win=True)),
        call_with(
            CASES["standard"],
            _events(4, 2, CASES["standard"])._replace(lost=np.array([True, False]), adjourned=np.array([False, True])),
            special="a case that is lost or adjourned",
        ),
    ),
    mistakes=(
        Mistake(
            name="the same reward for every spirit, whatever its toughness",
            wrong=lambda case, e: rewards_of(replace(case, toughness=(1,) * len(case.toughness)), e),
            advice="A spirit of toughness 3 is worth three times one of toughness 1. The case says how tough each is.",
        ),
        Mistake(name="the whole case's toughness for any spirit that was banished",
                wrong=lambda case, e: rewards_of(
                    case, e._replace(banished=e.banished | e.banished.any(1, keepdims=True))
                ),
                advice="Only the spirits that were banished count, each with its own toughness."),
        Mistake(name="the win in place of the spirits, not on top of them", wrong=_win_alone,
                advice="The last spirit is paid for as well: both rewards add up."),
        Mistake(name="a fall in place of the lost health, not on top of it",
                wrong=lambda case, e: rewards_of(case, e._replace(health_lost=np.where(e.fell, 0, e.health_lost))),
                advice="Who falls has lost health in the same step: both are paid."),
        Mistake(name="forgetting the reward for the win",
                wrong=lambda case, e: rewards_of(case, e._replace(won=e.won & False)),
                advice="With the last spirit everybody gets WIN_REWARD more; events.won says in which copies."),
        Mistake(name="forgetting what a fall costs",
                wrong=lambda case, e: rewards_of(case, e._replace(fell=e.fell & False)),
                advice="Two things are a detective's own: health lost, and what else?"),
        Mistake(name="forgetting what lost health costs",
                wrong=lambda case, e: rewards_of(case, e._replace(health_lost=0 * e.health_lost)),
                advice="Two things are a detective's own: a fall, and what else?"),
        Mistake(name="pain as a reward (the signs of health and falls turned)",
                wrong=lambda case, e: rewards_of(case, e) - 2 * _own(case, e),
                advice="HEALTH_REWARD and FALL_REWARD are negative already: they are added."),
        Mistake(name="a fixed price for being hurt, however much health was lost",
                wrong=lambda case, e: rewards_of(case, e._replace(health_lost=e.health_lost > 0)),
                advice="Each point of health costs HEALTH_REWARD, and two spirits can take two at once."),
        Mistake(name="sharing the team's reward out among the detectives", wrong=_shared_out,
                advice="Everybody gets the whole of it. A team's reward is copied, not divided."),
        Mistake(name="making the pain of one the pain of all", wrong=_pain_of_all,
                advice="Health and falls belong to one detective: keep their axis A."),
        Mistake(name="no team reward for those who fall in this very step",
                wrong=lambda case, e: np.where(e.fell, _own(case, e), rewards_of(case, e)),
                advice="The team's reward goes to every detective, the fallen too."),
        Mistake(name="the right numbers in another type (float64)",
                wrong=lambda case, e: rewards_of(case, e).astype(np.float64),
                advice="The buffer stores float32: end with .astype(np.float32)."),
    ),
    hints=(
        "Which of the four rewards belong to the whole team, which to one detective? What are their shapes?",
        "team (E,) = BANISH_REWARD * (banished x toughness, summed) + WIN_REWARD * won; "
        "own (E, A) = HEALTH_REWARD * health_lost + FALL_REWARD * fell; their sum, as float32.",
        "team = BANISH_REWARD * events.banished @ np.array(case.toughness)\n"
        "team = team + WIN_REWARD * events.won\n"
        "own = HEALTH_REWARD * events.health_lost + FALL_REWARD * events.fell\n"
        "return (team[:, None] + own).astype(np.float32)",
    ),
)  # fmt: skip
