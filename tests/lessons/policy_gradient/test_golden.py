"""The lesson's thirty rows against others' code, and every number of its tables against the sums."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3 import A2C

from ppo_lessons.lessons.policy_gradient import stairs
from ppo_lessons.policy_gradient import effective_sample_size, policy_gradient_loss, surrogate_loss
from ppo_lessons.shipped.three_losses import CYCLES, load_three_losses

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "04_policy_gradient.py").read_text(encoding="utf-8")
P = torch.tensor(0.2, dtype=torch.float64)
ROWS = stairs.rows_of_cases(torch.tensor([0] * 20 + [1] * 4 + [2]))
ADVANTAGES = stairs.advantages(P)[ROWS]


def tables() -> list[list[list[str]]]:
    """The two tables of thirty rows: log-probabilities, then ratios."""
    kinds = [re.escape(decision) for decision in stairs.DECISIONS]
    lines = re.findall(rf"^# \| ({'|'.join(kinds)}) \| (.*) \|$", LESSON, flags=re.MULTILINE)
    rows = [[kind, *rest.split(" | ")] for kind, rest in lines]
    return [rows[:4], rows[4:]]


def last_number(text: str) -> float:
    return float(re.findall(r"[-+]?\d+\.?\d*", text)[-1])


def test_the_rows_come_as_often_as_the_tables_say():
    counts = torch.bincount(ROWS, minlength=4).tolist()
    assert counts == [5, 20, 1, 4] and len(ROWS) == 30
    for table in tables():
        assert [row[0] for row in table] == list(stairs.DECISIONS)
        assert [int(row[1]) for row in table] == counts
        assert [float(row[3]) for row in table] == pytest.approx(stairs.advantages(P).tolist())


def test_the_policy_gradient_loss_by_the_line_of_stable_baselines3():
    log_prob = stairs.probabilities(P)[ROWS].log().requires_grad_()
    names = {"advantages": ADVANTAGES, "log_prob": log_prob}
    (line,) = (line for line in inspect.getsource(A2C.train).splitlines() if re.match(r"\s+policy_loss = ", line))
    exec(line.strip(), names)
    ours = policy_gradient_loss(log_prob, ADVANTAGES)
    assert f"{names['policy_loss'].item():+.4f}" == f"{ours.item():+.4f}" == "+0.1109"
    peers, own = (torch.autograd.grad(loss, log_prob)[0] for loss in (names["policy_loss"], ours))
    torch.testing.assert_close(peers, own)
    assert LESSON.count("+0.1109") >= 2 and stable_baselines3.__version__


def test_the_products_of_the_first_table():
    table, _ = tables()
    products = [last_number(row[4].split("=")[1]) for row in table]
    exact = np.array([5, 20, 1, 4]) * np.log([0.2, 0.8, 0.2, 0.8]) * stairs.advantages(P).numpy()
    np.testing.assert_allclose(products, exact, atol=6e-5)
    assert -sum(products) / 30 == pytest.approx(0.1109, abs=6e-5)


def test_the_products_of_the_second_table():
    _, table = tables()
    ratios = stairs.ratios(torch.tensor(0.3, dtype=torch.float64), P)
    assert [last_number(row[2]) for row in table] == pytest.approx(ratios.tolist())
    products = [last_number(row[4]) for row in table]
    exact = torch.bincount(ROWS) * ratios * stairs.advantages(P)
    assert products == pytest.approx(exact.tolist())
    assert f"{surrogate_loss(ratios[ROWS], ADVANTAGES).item():+.4f}" == "-0.0500"
    assert -sum(products) / 30 == pytest.approx(-0.05)


@pytest.mark.parametrize("loss", ["policy gradient", "surrogate"])
def test_the_gradient_is_that_of_j_but_for_rows_and_cases(loss: str):
    theta = P.logit().requires_grad_()
    now = stairs.probabilities(theta.sigmoid())[ROWS]
    if loss == "surrogate":
        policy_loss = surrogate_loss(now / now.detach(), ADVANTAGES)
    else:
        policy_loss = policy_gradient_loss(now.log(), ADVANTAGES)
    policy_loss.backward()
    other = P.logit().requires_grad_()
    stairs.expected_return(other.sigmoid()).backward()
    assert float(other.grad) == pytest.approx(0.096)
    assert float(theta.grad) == pytest.approx(-float(other.grad) * 25 / 30) == pytest.approx(-0.08)


def test_counted_per_case_and_with_the_old_return_the_surrogate_stands_beside_j():
    """The picture's line, from the mean over thirty rows of twenty-five cases."""
    for new, said in ((0.2, 0.16), (0.3, 0.22), (1.0, 0.64)):
        new_p = torch.tensor(new, dtype=torch.float64)
        per_row = -surrogate_loss(stairs.ratios(new_p, P)[ROWS], ADVANTAGES)
        assert (
            float(0.16 + per_row * 30 / 25) == pytest.approx(float(stairs.surrogate(new_p, P))) == pytest.approx(said)
        )


@pytest.mark.parametrize(("way", "variance"), [("none", 0.1188), ("V", 0.0791), ("one", 0.2596), ("A", 0.0279)])
def test_the_variances_case_by_case(way: str, variance: float):
    """Worked out from the weight of each decision: return to go minus baseline, or the advantage."""
    to_go = {(0, 1): 0.0, (1, 0): 1.0, (1, 3): 0.0, (2, 0): 0.0, (2, 2): -1.0}
    baseline = {"none": (0, 0), "V": (0.16, -0.2), "one": (1, 1)}
    a, estimates = stairs.advantages(P).tolist(), [0.0, 0.0, 0.0]
    for (case, decision), later in to_go.items():
        score = 0.8 if decision % 2 == 0 else -0.2
        weight = a[decision] if way == "A" else later - baseline[way][decision // 2]
        estimates[case] += score * weight
    chances = [0.8, 0.16, 0.04]
    mean = sum(c * g for c, g in zip(chances, estimates, strict=True))
    assert mean == pytest.approx(0.096)
    found = sum(c * (g - mean) ** 2 for c, g in zip(chances, estimates, strict=True))
    assert f"{found:.4f}" == f"{variance:.4f}"


def test_what_the_lesson_says_of_the_variances():
    """A third, three quarters, more than double."""
    assert 1 - 0.0791 / 0.1188 == pytest.approx(1 / 3, abs=0.01)
    assert 1 - 0.0279 / 0.1188 == pytest.approx(3 / 4, abs=0.02)
    assert 0.2596 / 0.1188 > 2


def test_the_coin_of_the_lesson_is_the_detective():
    """Six of thirty decisions are to go on: under 0.5 as many rows count as throws of the coin."""
    half = torch.tensor(0.5, dtype=torch.float64)
    assert float(effective_sample_size(stairs.ratios(half, P)[ROWS])) == pytest.approx(0.64)
    assert 0.2 * 2.5 == pytest.approx(0.8 * 0.625), "the heads carry half of the weight"


def test_the_average_of_the_k_step_estimates_is_the_recursion():
    td, gamma, lam = [1.4, -2.2, 4.2], 0.8, 0.5
    k_step = [sum(gamma**i * td[i] for i in range(k + 1)) for k in range(3)]
    assert k_step == pytest.approx([1.4, -0.36, 2.328])
    weights = [(1 - lam) * lam**k for k in range(2)] + [lam**2]
    by_gae = sum((gamma * lam) ** i * td[i] for i in range(3))
    assert sum(w * a for w, a in zip(weights, k_step, strict=True)) == pytest.approx(by_gae) == pytest.approx(1.192)
    lesson_before = LESSON.replace("04_policy_gradient", "")
    assert "TD errors 1.4, -2.2, 4.2" in lesson_before


def test_what_the_lesson_says_of_the_team():
    runs = load_three_losses()
    whole = runs.curves["win_rate"]
    gradient, no_clip, ppo = np.sort(whole[:, :, -1], axis=1)
    assert np.median(gradient) < 0.05 < 0.5 < np.median(no_clip) < 0.8 < 0.9 < np.median(ppo)
    assert no_clip[4] < no_clip[5] < ppo[0] < ppo[1] < no_clip[-1] < ppo[2], "two of PPO's among the five best without"
    slow, low = (curves[2].argsort()[:2] for curves in (whole.mean(axis=-1), whole[:, :, -1]))
    assert set(slow) == set(low), "those two are the slowest as well"
    assert {f"{rate:.2f}" for rate in runs.tried[0].mean(axis=-1)} == {"0.01"}, "no step size of the first is better"
    assert runs.chosen[1] == runs.chosen[2] / 4
    kl = runs.curves["approx_kl"].mean(axis=(1, 2))
    assert f"{kl[1]:.3f}" == "0.020" and f"{kl[2]:.3f}" == "0.007"
    assert np.median(runs.curves["survival"][0, :, -1]) > 0.9
    assert f"{runs.agent_steps[-1] / 1e6:.2f} million" in LESSON
    assert CYCLES * 1 == 240 and CYCLES * 8 == 1920, "gradient steps of a run"
