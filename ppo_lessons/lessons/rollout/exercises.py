"""Exercises of lesson 01: who takes part in the next step of a rollout, and who gets which reward?"""

from collections.abc import Callable

import numpy as np

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.rules import (
    BANISH_REWARD,
    FALL_REWARD,
    HEALTH_REWARD,
    WIN_REWARD,
    Events,
    rewards_of,
)
from ppo_lessons.team_env import who_acts_next

_YES, _NO = True, False


def _table(*rows: list[bool]) -> np.ndarray:
    return np.array(rows, dtype=bool)


_smallest = call_with(
    # acting, terminated, truncated, episode_over: two copies, three agents. In copy 0 agent 0 falls, agent 1 has fallen
    # before and agent 2 plays on; in copy 1 the case is over.
    _table([_YES, _NO, _YES], [_YES, _NO, _YES]),
    _table([_YES, _NO, _NO], [_YES, _YES, _YES]),
    _table([_NO, _NO, _NO], [_NO, _NO, _NO]),
    np.array([_NO, _YES]),
)
_cut_off = call_with(
    _table([_YES, _YES], [_YES, _YES], [_NO, _YES]),
    _table([_NO, _NO], [_NO, _NO], [_NO, _NO]),
    _table([_YES, _NO], [_YES, _YES], [_NO, _NO]),
    np.array([_NO, _YES, _NO]),
)


def _random_probe(seed: int, shape: tuple[int, int]):
    rng = np.random.default_rng(seed)
    flags = [rng.random(shape) < 0.4 for _ in range(3)]
    return call_with(*flags, rng.random(shape[0]) < 0.3)


who_acts_next_exercise = Exercise(
    number="1.1",
    function=who_acts_next,
    difficulty=1,
    minutes=5,
    probes=(_smallest, _cut_off, _random_probe(1, (4, 3)), _random_probe(2, (3, 3)), _random_probe(3, (1, 5))),
    mistakes=(
        Mistake(
            name="a team in which the fallen rise again",
            wrong=lambda acting, terminated, truncated, episode_over: ~(terminated | truncated) | episode_over[:, None],
            advice="An agent that fell ten steps ago has no flag set now. What tells you that it is still out?",
        ),
        Mistake(
            name="forgetting that a new case begins for everybody",
            wrong=lambda acting, terminated, truncated, episode_over: acting & ~(terminated | truncated),
            advice="When episode_over, the next step belongs to a fresh case. Who plays in it?",
        ),
        Mistake(
            name="leaving out truncated",
            wrong=lambda acting, terminated, truncated, episode_over: (acting & ~terminated) | episode_over[:, None],
            advice="An agent that was only cut off does not act in this episode again either.",
        ),
        Mistake(
            name="leaving out terminated",
            wrong=lambda acting, terminated, truncated, episode_over: (acting & ~truncated) | episode_over[:, None],
            advice="An agent that falls in this step is terminated. Does it act in the next one?",
        ),
        Mistake(
            name="stopping only agents that are terminated and truncated at once (and for or)",
            wrong=lambda acting, terminated, truncated, episode_over: (
                (acting & ~(terminated & truncated)) | episode_over[:, None]
            ),
            advice="One of the two flags is enough to stop.",
        ),
        Mistake(
            name="asking for the end of the case and for a living agent at once (and for or)",
            wrong=lambda acting, terminated, truncated, episode_over: (
                acting & ~(terminated | truncated) & ~episode_over[:, None]
            ),
            advice="At the end of a case nobody is left in your answer. Who plays in the fresh one?",
        ),
        Mistake(
            name="the answer turned round: you return who waits",
            wrong=lambda acting, terminated, truncated, episode_over: (
                ~((acting & ~(terminated | truncated)) | episode_over[:, None])
            ),
            advice="True is for agents that take part in the next step.",
        ),
        Mistake(
            name="handing back who took part in this step",
            wrong=lambda acting, terminated, truncated, episode_over: acting,
            advice="The ends of this step decide who is in the next one.",
        ),
    ),
    hints=(
        "Think of three detectives: one plays on, one falls now, one fell long ago. Which array knows about the third?",
        "next = (acting and not (terminated or truncated)) or episode_over, for each copy and agent; "
        "episode_over needs one more axis to fit (E, A).",
        "return (acting & ~(terminated | truncated)) | episode_over[:, None]",
    ),
)


def _events(seed: int, num_envs: int, case: Case, win: bool = False) -> Events:
    """Events as the rules could give them: falls only where health was lost."""
    rng = np.random.default_rng(seed)
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


_one_copy = Events(
    next_to=np.zeros((1, 4, 3), bool),
    banished=_table([_NO, _YES, _NO]),
    health_lost=np.array([[0, 1, 2, 0]]),
    fell=_table([_NO, _NO, _YES, _NO]),
    won=np.array([_NO]),
    lost=np.array([_NO]),
    adjourned=np.array([_NO]),
)


def _banish(case: Case, events: Events) -> np.ndarray:
    return BANISH_REWARD * events.banished @ np.array(case.toughness)


def _win(events: Events) -> np.ndarray:
    return WIN_REWARD * events.won


def _own(events: Events) -> np.ndarray:
    return HEALTH_REWARD * events.health_lost + FALL_REWARD * events.fell


def _rewards(
    banish: Callable[[Case, Events], np.ndarray] = _banish,
    win: Callable[[Events], np.ndarray] = _win,
    own: Callable[[Events], np.ndarray] = _own,
    dtype: type = np.float32,
) -> Callable[[Case, Events], np.ndarray]:
    """The right rewards with one part replaced, for the table of mistakes."""
    return lambda case, events: ((banish(case, events) + win(events))[:, None] + own(events)).astype(dtype)


rewards_of_exercise = Exercise(
    number="1.2",
    function=rewards_of,
    difficulty=2,
    minutes=7,
    probes=(
        call_with(CASES["standard"], _one_copy),
        call_with(CASES["standard"], _events(1, 3, CASES["standard"])),
        call_with(CASES["nightfall"], _events(2, 4, CASES["nightfall"])),
        call_with(CASES["pack"], _events(3, 2, CASES["pack"], win=True)),
    ),
    mistakes=(
        Mistake(
            name="the same reward for every spirit, whatever its toughness",
            wrong=_rewards(banish=lambda case, events: BANISH_REWARD * events.banished.sum(axis=1)),
            advice="A spirit of toughness 3 is worth three times one of toughness 1. The case says how tough each is.",
        ),
        Mistake(
            name="forgetting the reward for the win",
            wrong=_rewards(win=lambda events: 0.0 * events.won),
            advice="With the last spirit everybody gets WIN_REWARD more; events.won says in which copies.",
        ),
        Mistake(
            name="forgetting what a fall costs",
            wrong=_rewards(own=lambda events: HEALTH_REWARD * events.health_lost),
            advice="Two things are a detective's own: health lost, and what else?",
        ),
        Mistake(
            name="forgetting what lost health costs",
            wrong=_rewards(own=lambda events: FALL_REWARD * events.fell),
            advice="Two things are a detective's own: a fall, and what else?",
        ),
        Mistake(
            name="pain as a reward (the signs of health and falls turned)",
            wrong=_rewards(own=lambda events: -_own(events)),
            advice="HEALTH_REWARD and FALL_REWARD are negative already: they are added.",
        ),
        Mistake(
            name="a fixed price for being hurt, however much health was lost",
            wrong=_rewards(own=lambda e: HEALTH_REWARD * (e.health_lost > 0) + FALL_REWARD * e.fell),
            advice="Each point of health costs HEALTH_REWARD, and two spirits can take two at once.",
        ),
        Mistake(
            name="sharing the team's reward out among the detectives",
            wrong=_rewards(
                banish=lambda case, events: _banish(case, events) / case.num_detectives,
                win=lambda events: _win(events) / events.fell.shape[1],
            ),
            advice="Everybody gets the whole of it. A team's reward is copied, not divided.",
        ),
        Mistake(
            name="making the pain of one the pain of all",
            wrong=_rewards(own=lambda events: np.repeat(_own(events).sum(axis=1, keepdims=True), 4, axis=1)),
            advice="Health and falls belong to one detective: keep their axis A.",
        ),
        Mistake(
            name="no team reward for those who fall in this very step",
            wrong=lambda case, e: np.where(e.fell, _own(e), rewards_of(case, e)).astype(np.float32),
            advice="The team's reward goes to every detective, the fallen too.",
        ),
        Mistake(
            name="the right numbers in another type (float64)",
            wrong=_rewards(dtype=np.float64),
            advice="The buffer stores float32: end with .astype(np.float32).",
        ),
    ),
    hints=(
        "Which of the four rewards belong to the whole team, which to one detective? What are their shapes?",
        "team (E,) = BANISH_REWARD * (banished x toughness, summed) + WIN_REWARD * won; "
        "own (E, A) = HEALTH_REWARD * health_lost + FALL_REWARD * fell; their sum, as float32.",
        "team = BANISH_REWARD * events.banished @ np.array(case.toughness) + WIN_REWARD * events.won; "
        "own = HEALTH_REWARD * events.health_lost + FALL_REWARD * events.fell; "
        "return (team[:, None] + own).astype(np.float32)",
    ),
)

EXERCISES = (who_acts_next_exercise, rewards_of_exercise)
