"""When a team goes on to the next case."""

from collections.abc import Sequence

import numpy as np

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.spirit_world.curriculum import is_ready

_Counts = Sequence[int]


def _probe(pairs: Sequence[tuple[int, int]], goal: float, least: int, special: str = "") -> Probe:
    """A probe of cycles, each (finished, won); a share of 0 or 1 counts like False or True nowhere: it is no bool."""
    return call_with([n for n, _ in pairs], [w for _, w in pairs], goal, least, special=special)


def _drawn(rng: np.random.Generator) -> Probe:
    cases = rng.integers(1, 14, 6).tolist()
    goal = 0.301 + 0.1 * int(rng.integers(0, 5))  # no share of whole cases is exactly that
    return _probe([(n, int(rng.integers(0, n + 1))) for n in cases], goal, int(rng.integers(4, 30)))


_LUCK = ((7, 3), (0, 0), (12, 9), (5, 5), (9, 8), (11, 10), (3, 3), (8, 8))


def _share(pairs: Sequence[tuple[int, int]]) -> float:
    finished = sum(n for n, _ in pairs)
    return sum(w for _, w in pairs) / finished if finished else 0.0


def _pairs(cases: _Counts, wins: _Counts) -> list[tuple[int, int]]:
    return list(zip(cases, wins, strict=True))


def _last(cases: _Counts, wins: _Counts, least: int, spare: int = 0) -> list[tuple[int, int]]:
    """The last cycles, as few as hold so many cases, and some more or less; none if there are too few."""
    for k in range(1, len(cases) + 1):
        if sum(cases[-k:]) >= least:
            return _pairs(cases, wins)[-max(k + spare, 0) :] if k + spare else []
    return []


def _exactly_the_last(cases: _Counts, wins: _Counts, goal: float, least: int) -> bool:
    """Take a part of the oldest cycle, as if its wins were spread evenly over it."""
    left, won = least, 0.0
    for n, w in reversed(_pairs(cases, wins)):
        part = min(n, left)
        won += w * part / n if n else 0.0
        left -= part
    return left == 0 and won / least >= goal


def _mean_of_shares(cases: _Counts, wins: _Counts, goal: float, least: int) -> bool:
    shares = [w / n for n, w in _last(cases, wins, least) if n]
    return bool(shares) and sum(shares) / len(shares) >= goal


def _first(cases: _Counts, wins: _Counts, goal: float, least: int) -> bool:
    return is_ready(cases[::-1], wins[::-1], goal, least)


EXERCISE = Exercise(
    number="14.1",
    node="P",
    function=is_ready,
    difficulty=2,
    minutes=6,
    probes=(
        _probe(((10, 2), (10, 9)), 0.8, 10),
        _probe(((10, 10), (9, 9)), 0.9, 10),
        _probe(((10, 7), (9, 9)), 0.9, 10),
        _probe(((20, 20), (6, 1), (6, 6)), 0.6, 12),
        _probe(((5, 0), (12, 10)), 0.95, 10),
        _probe(((30, 3), (4, 4), (4, 3)), 0.85, 8),
        _probe(((50, 50), (4, 3), (8, 6)), 0.8, 12),
        _probe(((9, 9), (2, 0), (9, 9)), 0.85, 10),
        _probe(((12, 12), (30, 25), (3, 3), (2, 1)), 0.8, 20),
        _probe(((8, 8), (10, 6), (5, 5)), 0.7, 15),
        _probe(((40, 4), (4, 4), (6, 5), (5, 5)), 0.92, 15),
        *(_probe(_LUCK, goal, least) for goal, least in ((0.8, 20), (0.9, 11), (0.88, 25), (0.95, 12), (0.75, 50))),
        _probe(((10, 8),), 0.8, 10, "a share that is exactly the goal"),
        _probe(((4, 1), (4, 3), (4, 3)), 0.75, 8, "a share that is exactly the goal"),
        _probe(((9, 9),), 0.5, 10, "too few cases in all"),
        _probe(((5, 5), (4, 4)), 0.9, 10, "too few cases in all"),
        _probe(((0, 0), (12, 11), (0, 0), (0, 0)), 0.9, 10, "cycles in which no case was finished"),
        _probe(((0, 0), (0, 0)), 0.9, 1, "cycles in which no case was finished"),
        _probe((), 0.9, 10, "no cycle at all"),
        *beyond(lambda rng: (_drawn(rng) for _ in range(20))),
    ),
    mistakes=(
        Mistake(name="looking at all cycles since the beginning",
                wrong=lambda cases, wins, goal, least: sum(cases) >= least and sum(wins) / sum(cases) >= goal,
                advice="A team that wins now may have lost for long. Only the last cycles count, as few as hold "
                "`least` cases."),
        Mistake(name="looking at the last cycle only",
                wrong=lambda cases, wins, goal, least: bool(cases) and cases[-1] >= least
                and wins[-1] / cases[-1] >= goal,
                advice="One cycle may hold too few cases. Go on backwards until there are `least`."),
        Mistake(name="the last `least` cycles, not cycles with `least` cases",
                wrong=lambda cases, wins, goal, least: len(cases) >= least
                and _share(_pairs(cases, wins)[-least:]) >= goal,
                advice="`least` counts finished cases. How many cycles hold so many?"),
        Mistake(name="the first cycles in place of the last", wrong=_first,
                advice="How good is the team *now*? Begin at the end of the lists."),
        Mistake(name="leaving out the cycle that makes the cases enough",
                wrong=lambda cases, wins, goal, least: _share(_last(cases, wins, least, -1)) >= goal
                if _last(cases, wins, least) else False,
                advice="The cycle with which `least` is reached is one of them: whole cycles, `least` cases or more."),
        Mistake(name="one cycle more than needed",
                wrong=lambda cases, wins, goal, least: bool(_last(cases, wins, least))
                and _share(_last(cases, wins, least, 1)) >= goal,
                advice="As few cycles as hold `least` cases. Stop as soon as there are enough."),
        Mistake(name="more than `least` cases are asked for, and not `least`",
                wrong=lambda cases, wins, goal, least: is_ready(cases, wins, goal, least + 1),
                advice="`least` cases or more: exactly so many are enough."),
        Mistake(name="a part of the oldest cycle, so that it is exactly `least` cases", wrong=_exactly_the_last,
                advice="Nobody knows which of a cycle's cases came last. Take whole cycles, and divide by all of their "
                "cases."),
        Mistake(name="dividing the wins by `least`",
                wrong=lambda cases, wins, goal, least: sum(w for _, w in _last(cases, wins, least)) / least >= goal,
                advice="The cycles you took may hold more than `least` cases. Divide by what they hold."),
        Mistake(name="the mean of the cycles' shares", wrong=_mean_of_shares,
                advice="A cycle of 3 cases would weigh as much as one of 30. Add up wins and cases first, then "
                "divide."),
        Mistake(name="the share must be above the goal, and not the goal or more",
                wrong=lambda cases, wins, goal, least: _share(_last(cases, wins, least)) > goal,
                advice="`goal` or more: a share that is exactly the goal is enough."),
        Mistake(name="ready while the share is below the goal",
                wrong=lambda cases, wins, goal, least: bool(_last(cases, wins, least))
                and _share(_last(cases, wins, least)) < goal,
                advice="The comparison is the wrong way round: many wins make a team ready."),
        Mistake(name="ready although too few cases were finished",
                wrong=lambda cases, wins, goal, least: _share(_last(cases, wins, least) or _pairs(cases, wins)) >= goal,
                advice="Nine wins of nine cases can be luck. As long as fewer than `least` are finished, the answer is "
                "False."),
        Mistake(name="wins counted until there are `least` of them",
                wrong=lambda cases, wins, goal, least: next(
                    (_share(_pairs(cases, wins)[-k:]) >= goal for k in range(1, len(cases) + 1)
                     if sum(wins[-k:]) >= least), False),
                advice="`least` counts finished cases, won or not."),
        Mistake(name="the number of wins compared with the goal",
                wrong=lambda cases, wins, goal, least: bool(_last(cases, wins, least))
                and sum(w for _, w in _last(cases, wins, least)) >= goal,
                advice="`goal` is a share. Divide the wins by the cases."),
        Mistake(name="the share itself, not whether it is enough",
                wrong=lambda cases, wins, goal, least: _share(_last(cases, wins, least)),
                advice="The question is yes or no: compare the share with the goal."),
    ),
    hints=(
        "Where do you begin, and when do you stop? And what if you come to the beginning first?",
        "Go backwards, add up cases and wins; as soon as there are `least` cases: wins / cases >= goal. Else False.",
        "finished = won = 0\n"
        "for n, w in zip(reversed(cases), reversed(wins)):\n"
        "    finished, won = finished + n, won + w\n"
        "    if finished >= least:\n"
        "        return won / finished >= goal\n"
        "return False",
    ),
    used="It decides when the team of `train_through` goes on to the next case.",
)  # fmt: skip
