"""Who takes part in the next step of a rollout."""

import numpy as np

from ppo_lessons.classroom.draws import numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.team_env import who_acts_next


def _flags(*rows: object) -> np.ndarray:
    return np.array(rows, dtype=bool)


def _random_probe(seed: int, shape: tuple[int, int]) -> Probe:
    rng = numbers(seed)
    flags = [rng.random(shape) < 0.4 for _ in range(3)]
    return call_with(*flags, rng.random(shape[0]) < 0.3)


# acting, terminated, truncated, episode_over: two copies, three agents. In copy 0 agent 0 falls, agent 1 has fallen
# before and agent 2 plays on; in copy 1 the case is over.
_SMALLEST = (_flags([1, 0, 1], [1, 0, 1]), _flags([1, 0, 0], [1, 1, 1]), _flags([0, 0, 0], [0, 0, 0]), _flags(0, 1))
_CUT_OFF = (
    _flags([1, 1], [1, 1], [0, 1]),
    _flags([0, 0], [0, 0], [0, 0]),
    _flags([1, 0], [1, 1], [0, 0]),
    _flags(0, 1, 0),
)


EXERCISE = Exercise(
    number="1.1",
    node="A",
    function=who_acts_next,
    difficulty=1,
    minutes=5,
    used="Used by the world in every step: my_world hands yours to it.",
    probes=(
        call_with(*_SMALLEST),
        call_with(*_CUT_OFF),
        _random_probe(1, (4, 3)),
        _random_probe(2, (3, 3)),
        _random_probe(3, (1, 5)),
    ),
    mistakes=(
        Mistake(name="a team in which the fallen rise again",
                wrong=lambda acting, over, cut, last: ~(over | cut) | last[:, None],
                advice="An agent that fell ten steps ago has no flag set now. What tells you that it is still out?"),
        Mistake(name="forgetting that a new case begins for everybody",
                wrong=lambda acting, over, cut, last: acting & ~(over | cut),
                advice="When episode_over, the next step belongs to a fresh case. Who plays in it?"),
        Mistake(name="leaving out truncated", wrong=lambda acting, over, cut, last: (acting & ~over) | last[:, None],
                advice="An agent that was only cut off does not act in this episode again either."),
        Mistake(name="leaving out terminated", wrong=lambda acting, over, cut, last: (acting & ~cut) | last[:, None],
                advice="An agent that falls in this step is terminated. Does it act in the next one?"),
        Mistake(name="stopping only agents that are terminated and truncated at once (and for or)",
                wrong=lambda acting, over, cut, last: (acting & ~(over & cut)) | last[:, None],
                advice="One of the two flags is enough to stop."),
        Mistake(name="asking for the end of the case and for a living agent at once (and for or)",
                wrong=lambda acting, over, cut, last: acting & ~(over | cut) & ~last[:, None],
                advice="At the end of a case nobody is left in your answer. Who plays in the fresh one?"),
        Mistake(name="the answer turned round: you return who waits",
                wrong=lambda acting, over, cut, last: ~((acting & ~(over | cut)) | last[:, None]),
                advice="True is for agents that take part in the next step."),
        Mistake(name="handing back who took part in this step", wrong=lambda acting, over, cut, last: acting,
                advice="The ends of this step decide who is in the next one."),
    ),
    hints=(
        "Think of three detectives: one plays on, one falls now, one fell long ago. Which array knows about the third?",
        "next = (acting and not (terminated or truncated)) or episode_over, for each copy and agent; "
        "episode_over needs one more axis to fit (E, A).",
        "return (acting & ~(terminated | truncated)) | episode_over[:, None]",
    ),
)  # fmt: skip
