"""What the lesson says in words, held against runs."""

import copy
from dataclasses import replace

import pytest
import torch

from ppo_lessons import TrainingRun, losses, make_optimizer, train
from ppo_lessons.actor_critic import ActorCritic, entropy_of
from ppo_lessons.optimisation import gradient_step
from ppo_lessons.shipped.recording import CONFIG, load_recording

ROWS = load_recording().buffer.get()


def push(policy: ActorCritic, optimizer: torch.optim.Optimizer, steps: int, weight: float) -> float:
    for _ in range(steps):
        _, entropy, _ = policy.evaluate_actions(ROWS.obs, ROWS.actions)
        gradient_step(weight * losses.entropy_bonus(entropy), policy, optimizer, CONFIG.max_grad_norm)
    return float(policy.evaluate_actions(ROWS.obs, ROWS.actions)[1].mean().detach())


@pytest.fixture(scope="module")
def certain() -> ActorCritic:
    policy = load_recording().policy
    assert push(policy, make_optimizer(policy, CONFIG), 15, +1.0) < 0.01
    return policy


@pytest.mark.parametrize("num_actions", [2, 5, 9])
def test_the_gradient_of_the_entropy(num_actions: int):
    logits = torch.randn(num_actions, generator=torch.Generator().manual_seed(num_actions)).double().requires_grad_()
    log_p = torch.log_softmax(logits, dim=-1)
    entropy = entropy_of(log_p)
    (slopes,) = torch.autograd.grad(entropy, logits)
    torch.testing.assert_close(slopes, (-log_p.exp() * (log_p + entropy)).detach())
    rarer = log_p.detach() < -entropy.detach()
    assert torch.equal(slopes > 0, rarer), "rarer than e^-H: pulled up"


def test_our_row_is_pulled_towards_up_and_stay_alike():
    recording = load_recording()
    (ours,) = recording.rows_of([(6, 0, 0)])
    logits = recording.policy(ROWS.obs[[ours]])[0].detach().requires_grad_()
    (slopes,) = torch.autograd.grad(entropy_of(torch.log_softmax(logits, dim=-1)).sum(), logits)
    stay, up, *others, right = slopes[0].tolist()
    assert stay == pytest.approx(up, rel=0.05) and right < 0 < min(others) < max(others) < up


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.02, 0.2])
def test_plain_gradient_descent_does_not_bring_curiosity_back_and_adam_does(certain: ActorCritic, weight: float):
    plain, adam = copy.deepcopy(certain), copy.deepcopy(certain)
    assert push(plain, torch.optim.SGD(plain.parameters(), lr=CONFIG.learning_rate), 100, -weight) < 0.01
    assert push(adam, make_optimizer(adam, CONFIG), 100, -weight) > 1.4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_training_a_strong_bonus_cures_a_collapse_and_the_usual_one_hardly(certain: ActorCritic, seed: int):
    shape = dict(num_envs=64, num_steps=8, minibatch_size=1024, learning_rate=3e-3, seed=seed)

    def entropies(ent_coef: float, cycles: int) -> list[float]:
        run = TrainingRun("standard", replace(CONFIG, ent_coef=ent_coef, **shape), policy=copy.deepcopy(certain))
        return [report.update.entropy for report in train(run, cycles)]

    assert entropies(0.2, 20)[-1] > 1.2
    assert max(entropies(0.02, 60)) < 1.2
