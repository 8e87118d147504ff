"""The house at the stairs, summed by following every case from its beginning to its end."""

import math

import pytest
import torch

from ppo_lessons.lessons.policy_gradient import stairs

CHANCES = (0.05, 0.2, 0.5, 0.9)


def d(number: float) -> torch.Tensor:
    return torch.tensor(number, dtype=torch.float64)


def cases(on_0: float, on_1: float, loss: float = -1.0) -> list[tuple[float, float]]:
    """(probability, return) of every case, for a detective that can tell the places apart."""
    return [(1 - on_0, 0.0), (on_0 * (1 - on_1), 1.0), (on_0 * on_1, 1.0 + loss)]


def value(on_0: float, on_1: float) -> float:
    return sum(chance * total for chance, total in cases(on_0, on_1))


def close(tensor: torch.Tensor, numbers) -> bool:
    return torch.allclose(tensor, torch.as_tensor(numbers, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_numbers_that_were_worked_out_by_hand():
    p = d(0.2)
    assert close(stairs.case_probabilities(p), [0.8, 0.16, 0.04])
    assert close(stairs.state_values(p), [0.16, 0.16, -0.2, -0.2])
    assert close(stairs.action_values(p), [0.8, 0, -1, 0])
    assert close(stairs.advantages(p), [0.64, -0.16, -0.8, 0.2])
    assert close(stairs.visits(p), [1, 1, 0.2, 0.2])


@pytest.mark.parametrize("p", CHANCES)
def test_values_are_sums_over_cases(p: float):
    assert float(stairs.expected_return(d(p))) == pytest.approx(value(p, p)) == pytest.approx(p - p * p)
    upstairs = p * -1.0
    assert close(stairs.state_values(d(p)), [value(p, p)] * 2 + [upstairs] * 2)
    assert close(stairs.action_values(d(p)), [value(1, p), value(0, p), -1, 0])
    a = stairs.advantages(d(p))
    assert abs(p * float(a[0]) + (1 - p) * float(a[1])) < 1e-12 > abs(p * float(a[2]) + (1 - p) * float(a[3]))


@pytest.mark.parametrize("old", CHANCES)
def test_the_surrogate_is_the_tangent_of_j_at_the_old_policy(old: float):
    p = torch.linspace(0, 1, 21, dtype=torch.float64)
    tangent = (old - old * old) + (1 - 2 * old) * (p - old)
    assert close(stairs.surrogate(p, d(old)), tangent)
    assert (stairs.surrogate(p, d(old)) >= stairs.expected_return(p) - 1e-12).all()


@pytest.mark.parametrize("new", CHANCES)
def test_with_the_new_visits_it_would_be_exact(new: float):
    """The performance difference of Kakade and Langford (2002)."""
    old, new_p = d(0.2), d(new)
    gain = (stairs.visits(new_p) * stairs.probabilities(new_p) * stairs.advantages(old)).sum()
    assert float(stairs.expected_return(old) + gain) == pytest.approx(new - new * new)


def test_the_clipped_surrogate_row_by_row():
    """Old 0.2, epsilon 0.2: slopes of the four rows, each up to where it falls silent."""
    old = d(0.2)

    def by_hand(p: float) -> float:
        go_0 = 0.64 * (0.24 if p > 0.24 else p)
        back_0 = -0.16 * (0.64 if 1 - p < 0.64 else 1 - p)
        go_1 = 0.2 * -0.8 * (0.16 if p < 0.16 else p)
        back_1 = 0.2 * 0.2 * (0.96 if 1 - p > 0.96 else 1 - p)
        return 0.16 + go_0 + back_0 + go_1 + back_1

    for p in (0.01, 0.04, 0.1, 0.16, 0.2, 0.24, 0.3, 0.36, 0.5, 1.0):
        assert float(stairs.clipped_surrogate(d(p), old, 0.2)) == pytest.approx(by_hand(p)), p


def test_the_clipped_surrogate_is_highest_at_the_edge_and_falls_beyond():
    p = torch.linspace(0, 1, 1001, dtype=torch.float64)
    curve = stairs.clipped_surrogate(p, d(0.2), 0.2)
    assert float(p[curve.argmax()]) == pytest.approx(0.24)
    assert (curve[241:].diff() < 0).all() and (curve[:241].diff() > 0).all()
    assert close(stairs.clipped_surrogate(p, d(0.2), 1e9), stairs.surrogate(p, d(0.2)))
    assert (curve <= stairs.surrogate(p, d(0.2)) + 1e-12).all()


def test_drawn_cases_come_as_often_as_they_are_likely():
    drawn = stairs.draw_cases(0.3, 20_000, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    assert torch.allclose(shares, torch.tensor([0.7, 0.21, 0.09]), atol=0.015)
    always = torch.Generator().manual_seed(0)
    assert (stairs.draw_cases(1.0, 50, always) == 2).all() and (stairs.draw_cases(0.0, 50, always) == 0).all()


def test_rows_are_the_decisions_of_the_cases():
    assert stairs.rows_of_cases(torch.tensor([0, 1, 2])).tolist() == [1, 0, 3, 0, 2]
    assert [stairs.DECISIONS[row] for row in stairs.rows_of_cases(torch.tensor([2]))] == ["s0 go on", "s1 go on"]
    total = stairs.REWARDS[stairs.rows_of_cases(torch.tensor([1]))].sum()
    assert math.isclose(float(total), float(stairs.RETURNS[1]))
