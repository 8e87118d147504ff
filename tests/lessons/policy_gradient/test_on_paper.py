"""The answers on paper, worked out again by other means, and each named wrong result by the mistake that it names."""

from ppo_lessons.lessons.policy_gradient.on_paper import PAPER

ADVANTAGE, ROW = PAPER
P, LOSS = 0.2, -2.0


def close(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


def mean_return(first: float, second: float, loss: float) -> float:
    """Going on with these probabilities at s0 and s1: sum over the three cases."""
    return first * (1 - second) * 1.0 + first * second * (1.0 + loss)


def test_the_advantage_is_what_a_sum_over_the_cases_gives():
    assert close(ADVANTAGE.right, mean_return(1, P, LOSS) - mean_return(P, P, LOSS))


def test_each_wrong_number_is_what_its_mistake_gives():
    upstairs = P * LOSS
    q, v = 1 + upstairs, P * (1 + upstairs)
    by_mistake = {
        0.6: q,
        0.88: 1 - v,
        0.64: mean_return(1, P, -1.0) - mean_return(P, P, -1.0),
        0.8: q - (P * 1 + P * LOSS),
        -1.12: 1 + LOSS - v,
        -0.8: (1 + LOSS) - P * (1 + LOSS),
        -0.12: 0 - v,
        -0.48: v - q,
        0.12: v,
        -0.4: upstairs,
        1.0: 1.0,
    }
    assert by_mistake.keys() == ADVANTAGE.mistakes.keys()
    assert all(close(number, found) for number, found in by_mistake.items())


def test_one_kind_of_row_pushes_towards_going_on():
    """By the slope of each kind in p, by a finite difference of the smaller of r A and clip(r) A."""
    old, eps = 0.2, 0.2
    kinds = {"s0 go on": 0.64, "s0 turn back": -0.16, "s1 go on": -0.8, "s1 turn back": 0.2}

    def height(kind: str, p: float) -> float:
        ratio = p / old if kind.endswith("go on") else (1 - p) / (1 - old)
        return min(ratio * kinds[kind], min(max(ratio, 1 - eps), 1 + eps) * kinds[kind])

    slopes = {kind: (height(kind, 0.3001) - height(kind, 0.2999)) / 0.0002 for kind in kinds}
    assert [kind for kind, slope in slopes.items() if slope > 1e-6] == [ROW.right]
    assert abs(slopes["s0 go on"]) < 1e-6 and slopes["s1 go on"] < 0 > slopes["s1 turn back"]
