import pytest
import torch

from ppo_lessons.advantages import (
    estimate_advantages,
    gae,
    next_values,
    normalise_advantages,
    td_errors,
    with_team_credit,
)

GAMMA, LAMBDA = 0.9, 0.8


def flags(*steps, length=5):
    """A bool column that is set at these steps."""
    column = torch.zeros(length, dtype=torch.bool)
    column[list(steps)] = True
    return column


def random_case(shape=(12, 2, 3), seed=0):
    """Rewards, values, both flags, final values and last values, in float64, with many ends."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *size: torch.randn(*size, generator=generator, dtype=torch.float64)  # noqa: E731
    terminated = torch.rand(shape, generator=generator) < 0.2
    truncated = torch.rand(shape, generator=generator) < 0.2
    return draw(*shape), draw(*shape), terminated, truncated, draw(*shape), draw(*shape[1:])


def by_double_sum(rewards, values, terminated, truncated, final_values, last_values, gamma, gae_lambda):
    """The definition, equation 16: from each step on, walk forward to the first end and sum (gamma lambda)^l delta."""
    advantages = torch.zeros_like(rewards)
    for place in torch.cartesian_prod(*(torch.arange(size) for size in rewards.shape)):
        t0, column = int(place[0]), tuple(int(i) for i in place[1:])
        for t in range(t0, len(rewards)):
            here = (t, *column)
            if terminated[here]:
                next_value = 0.0
            elif truncated[here]:
                next_value = final_values[here]
            else:
                next_value = last_values[column] if t + 1 == len(rewards) else values[(t + 1, *column)]
            delta = rewards[here] + gamma * next_value - values[here]
            advantages[(t0, *column)] += (gamma * gae_lambda) ** (t - t0) * delta
            if terminated[here] or truncated[here]:
                break
    return advantages


def test_truncation_bootstraps_and_termination_does_not():
    """Fact 1. r = 1, gamma = .9, V = 10 everywhere: V is exactly right, unless the world really ends."""
    ones, tens, never = torch.ones(5), torch.full((5,), 10.0), flags()
    truncated = estimate_advantages(ones, tens, never, flags(4), tens, torch.tensor(77.0), GAMMA, LAMBDA)
    torch.testing.assert_close(truncated, torch.zeros(5), rtol=0, atol=1e-5)
    cut_by_rollout = estimate_advantages(ones, tens, never, never, tens * 0, torch.tensor(10.0), GAMMA, LAMBDA)
    torch.testing.assert_close(cut_by_rollout, torch.zeros(5), rtol=0, atol=1e-5)
    terminated = estimate_advantages(ones, tens, flags(4), never, tens, torch.tensor(10.0), GAMMA, LAMBDA)
    wanted = -9.0 * (GAMMA * LAMBDA) ** torch.arange(4.0, -1.0, -1.0)
    torch.testing.assert_close(terminated, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("t", range(5))
def test_truncation_uses_the_final_observation_and_not_the_reset_one(t):
    """Fact 2. V(reset) = 100 stands right behind the cut, V(final) = 10 is what counts."""
    values = torch.full((5,), 10.0)
    values[t + 1 :] = 100.0
    final_values = torch.where(flags(t), 10.0, torch.nan)
    advantages = estimate_advantages(
        torch.ones(5), values, flags(), flags(t), final_values, torch.tensor(100.0), GAMMA, LAMBDA
    )
    torch.testing.assert_close(advantages[: t + 1], torch.zeros(t + 1), rtol=0, atol=1e-5)


def test_terminated_wins_over_truncated():
    """Fact 4."""
    rewards, values, terminated, _, final_values, last_values = random_case()
    both = estimate_advantages(rewards, values, terminated, terminated, final_values, last_values, GAMMA, LAMBDA)
    only = estimate_advantages(
        rewards, values, terminated, terminated & False, final_values, last_values, GAMMA, LAMBDA
    )
    assert terminated.any()
    assert torch.equal(both, only)


@pytest.mark.parametrize("kind", ["terminated", "truncated"])
def test_two_episodes_back_to_back_are_two_episodes(kind):
    """Fact 3: a flag belongs to the step that ends, so nothing leaks across and nothing is shifted by one."""
    rewards, values, _, _, final_values, last_values = random_case(shape=(10, 2, 3))
    never, end = torch.zeros(10, 2, 3, dtype=torch.bool), torch.zeros(10, 2, 3, dtype=torch.bool)
    end[5] = True
    ends = (end, never) if kind == "terminated" else (never, end)
    whole = estimate_advantages(rewards, values, *ends, final_values, last_values, GAMMA, LAMBDA)

    pieces = []
    for part in (slice(0, 6), slice(6, 10)):
        cut = [tensor[part] for tensor in (rewards, values, *ends, final_values)]
        pieces.append(estimate_advantages(*cut, last_values, GAMMA, LAMBDA))
    torch.testing.assert_close(whole, torch.cat(pieces))

    later = rewards.clone()
    later[6:] += 1000
    changed = estimate_advantages(later, values, *ends, final_values, last_values, GAMMA, LAMBDA)
    assert torch.equal(changed[:6], whole[:6])
    assert not torch.equal(changed[6:], whole[6:])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gae_lambda", [0.0, 0.8, 1.0])
def test_equals_the_double_sum_of_the_definition(gae_lambda, seed):
    """Fact 8."""
    case = random_case(seed=seed)
    torch.testing.assert_close(estimate_advantages(*case, GAMMA, gae_lambda), by_double_sum(*case, GAMMA, gae_lambda))


def test_lambda_0_is_the_one_step_error():
    """Fact 8."""
    rewards, values, *_, last_values = random_case()
    never = torch.zeros_like(rewards, dtype=torch.bool)
    advantages = estimate_advantages(rewards, values, never, never, rewards * 0, last_values, GAMMA, 0.0)
    torch.testing.assert_close(advantages[:-1], rewards[:-1] + GAMMA * values[1:] - values[:-1])
    torch.testing.assert_close(advantages[-1], rewards[-1] + GAMMA * last_values - values[-1])


def test_lambda_1_is_the_discounted_return_minus_the_value():
    """Fact 8: on three rewards that can be summed by hand."""
    rewards, values = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.5, 0.25, 0.125])
    advantages = estimate_advantages(
        rewards, values, flags(length=3), flags(length=3), torch.zeros(3), torch.tensor(8.0), 0.5, 1.0
    )
    torch.testing.assert_close(advantages + values, torch.tensor([1 + 1 + 1 + 1.0, 2 + 2 + 2.0, 4 + 4.0]))


def test_is_linear_in_the_rewards():
    """Fact 8: gae(r1 + r2) = gae(r1) + (the part that r2 alone makes)."""
    rewards, values, *rest = random_case()
    more = torch.randn(rewards.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    zero_ends = (rest[0], rest[1], rest[2] * 0, rest[3] * 0)
    both = estimate_advantages(rewards + 3 * more, values, *rest, GAMMA, LAMBDA)
    alone = estimate_advantages(more, values * 0, *zero_ends, GAMMA, LAMBDA)
    torch.testing.assert_close(both, estimate_advantages(rewards, values, *rest, GAMMA, LAMBDA) + 3 * alone)


def test_agents_are_not_mixed_up():
    """Fact 9: the same agents in another order have the same advantages in that order."""
    case = random_case()
    order = torch.tensor([2, 0, 1])
    permuted = [tensor[..., order] for tensor in case]
    assert torch.equal(
        estimate_advantages(*permuted, GAMMA, LAMBDA), estimate_advantages(*case, GAMMA, LAMBDA)[..., order]
    )


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e9])
@pytest.mark.parametrize("kind", ["terminated", "truncated"])
def test_nothing_behind_an_end_reaches_back(kind, poison):
    """Fact 14: what stands in the rows of a fallen agent is cut off, not multiplied by 0 (0 * NaN is NaN)."""
    rewards, values, _, _, final_values, last_values = random_case(shape=(6, 1, 1))
    end, never = torch.zeros(6, 1, 1, dtype=torch.bool), torch.zeros(6, 1, 1, dtype=torch.bool)
    end[2] = True
    ends = (end, never) if kind == "terminated" else (never, end)
    clean = estimate_advantages(rewards, values, *ends, final_values, last_values, GAMMA, LAMBDA)
    for tensor in (rewards, values, final_values):
        tensor[3:] = poison
    poisoned = estimate_advantages(rewards, values, *ends, final_values, last_values, GAMMA, LAMBDA)
    assert torch.isfinite(clean).all()
    assert torch.equal(poisoned[:3], clean[:3])


def test_final_values_are_read_only_where_truncated():
    rewards, values, terminated, truncated, final_values, last_values = random_case()
    clean = estimate_advantages(rewards, values, terminated, truncated, final_values, last_values, GAMMA, LAMBDA)
    poisoned = torch.where(truncated & ~terminated, final_values, torch.nan)
    assert torch.equal(
        estimate_advantages(rewards, values, terminated, truncated, poisoned, last_values, GAMMA, LAMBDA), clean
    )


def test_changes_none_of_its_arguments():
    case = random_case()
    before = [tensor.clone() for tensor in case]
    estimate_advantages(*case, GAMMA, LAMBDA)
    assert all(torch.equal(a, b) for a, b in zip(case, before, strict=True))


@pytest.mark.parametrize(
    ("place", "name"),
    [(1, "values"), (2, "terminated"), (3, "truncated"), (4, "final_values"), (5, "last_values")],
)
def test_refuses_other_shapes(place, name):
    case = list(random_case())
    case[place] = case[place].unsqueeze(-1)
    with pytest.raises(ValueError, match=rf"^{name} must have .*Got \("):
        estimate_advantages(*case, GAMMA, LAMBDA)


# ---- what an agent is credited with after its own fall


def fall_and_win():
    """Fact 16's script: agent 0 falls with t = 1, the team wins (+10 for all) with t = 3, a new episode follows."""
    rewards = torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [10.0, 10.0], [100.0, 100.0]]).unsqueeze(1)
    acting = torch.tensor([[1, 1], [1, 1], [0, 1], [0, 1], [1, 1]]).bool().unsqueeze(1)
    over = torch.tensor([0, 0, 0, 1, 0]).bool().unsqueeze(1)
    return rewards, acting, over


def test_team_credit_reaches_the_last_row_of_the_fallen():
    """Facts 15, 16: the row of the fall gets what comes after it, discounted; the others' rows do not change."""
    rewards, acting, over = fall_and_win()
    credited = with_team_credit(rewards, acting, over, 0.5)
    assert credited[1, 0, 0] == 2 + 0.5 * 3 + 0.25 * 10
    assert credited[0, 0, 0] == 1
    assert torch.equal(credited[:, 0, 1], rewards[:, 0, 1])
    assert torch.equal(credited[4], rewards[4])


def test_both_ways_of_crediting_a_win_after_the_fall():
    """Fact 16: with team credit the advantage of the fall contains the win; without, it does not."""
    rewards, acting, over = fall_and_win()
    terminated = torch.tensor([[0, 0], [1, 0], [0, 0], [1, 1], [0, 0]]).bool().unsqueeze(1)
    zeros = torch.zeros_like(rewards)
    ends = (zeros, terminated, terminated & False, zeros, zeros[0], 0.5, 1.0)
    alone = estimate_advantages(rewards, *ends)
    team = estimate_advantages(with_team_credit(rewards, acting, over, 0.5), *ends)
    assert alone[:2, 0, 0].tolist() == [1 + 0.5 * 2, 2]
    assert team[:2, 0, 0].tolist() == [1 + 0.5 * (2 + 0.5 * 3 + 0.25 * 10), 2 + 0.5 * 3 + 0.25 * 10]
    assert torch.equal(team[:, 0, 1], alone[:, 0, 1])


def test_team_credit_stays_inside_an_episode_and_a_copy():
    """One copy's end does not touch the other copy; what comes in the next episode is nobody's credit."""
    rewards = torch.ones(4, 2, 1)
    acting = torch.tensor([[1, 1], [0, 0], [0, 0], [0, 0]]).bool().unsqueeze(-1)
    over = torch.zeros(4, 2, dtype=torch.bool)
    over[2, 0] = True
    credited = with_team_credit(rewards, acting, over, 0.5)
    assert credited[0, :, 0].tolist() == [1 + 0.5 + 0.25, 1 + 0.5 + 0.25 + 0.125]


def test_team_credit_changes_nothing_while_everybody_stands():
    rewards, acting, over = fall_and_win()
    assert torch.equal(with_team_credit(rewards, torch.ones_like(acting), over, 0.5), rewards)


def test_team_credit_does_not_change_its_argument():
    rewards, acting, over = fall_and_win()
    before = rewards.clone()
    with_team_credit(rewards, acting, over, 0.5)
    assert torch.equal(rewards, before)


# ---- normalised advantages


def test_normalised_advantages_have_mean_0_and_standard_deviation_1():
    """Fact 24."""
    advantages = torch.randn(100, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 7 + 3
    normalised = normalise_advantages(advantages)
    assert abs(float(normalised.mean())) < 1e-12
    assert abs(float(normalised.std()) - 1) < 1e-8
    torch.testing.assert_close(normalise_advantages(5 * advantages - 11), normalised, rtol=0, atol=1e-7)
    assert (normalised.argsort() == advantages.argsort()).all()


def test_equal_advantages_become_0_and_not_nan():
    """Facts 10, 24: eps stands in the denominator, and one row alone has no spread."""
    assert torch.equal(normalise_advantages(torch.full((4,), 3.0)), torch.zeros(4))
    assert torch.equal(normalise_advantages(torch.tensor([3.0])), torch.tensor([3.0]))


# ---- the parts of gae


def test_next_values_by_cases():
    """Facts 1, 2, 4: carried on, terminated, truncated, both, and the last row."""
    values, final_values = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([10.0, 20.0, 30.0, 40.0, 50.0])
    following = next_values(values, flags(1, 3), flags(2, 3), final_values, torch.tensor(9.0))
    assert following.tolist() == [2, 0, 30, 0, 9]


def test_td_errors_are_the_equation():
    one = td_errors(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([10.0]), 0.5)
    assert one.tolist() == [1 + 0.5 * 10 - 2]


def test_gae_is_the_discounted_sum_up_to_an_end_or_the_last_row():
    """By hand, gamma lambda = 1/2: row 1 is an end, so rows 0 and 1 know nothing of 2 and 3."""
    errors, ends = torch.tensor([1.0, 2.0, 4.0, 8.0]), flags(1, length=4)
    assert gae(errors, ends, 1.0, 0.5).tolist() == [1 + 2 / 2, 2, 4 + 8 / 2, 8]
    assert errors.tolist() == [1, 2, 4, 8]


def test_each_of_the_three_functions_can_be_another():
    case = random_case()
    for name in ("next_values", "td_errors", "gae"):
        given = []
        changed = estimate_advantages(
            *case, GAMMA, LAMBDA, **{name: lambda *g, given=given: given.append(g) or g[0] * 0 + 3}
        )
        assert len(given) == 1
        assert not torch.equal(changed, estimate_advantages(*case, GAMMA, LAMBDA))
