"""What the lesson says in words, held against the recording."""

import torch

from ppo_lessons import losses
from ppo_lessons.advantages import estimate_advantages, with_team_credit
from ppo_lessons.shipped.recorded_update import first_policy, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG, load_recording


def test_paths_that_cancel_leave_no_more_than_rounding():
    """A rollout played step by step, with a graph: its log-probabilities come from other calls than the update's."""
    policy, rows, data = recording().policy, recorded_rows(), recording().buffer.data
    played = [policy.evaluate_actions(data.obs[t].flatten(0, 1), data.actions[t].flatten())[0] for t in range(32)]
    with_graph = torch.stack(played)[data.acting.flatten(1)]
    now, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    actor = dict(policy.actor_head.named_parameters()) | dict(policy.actor_trunk.named_parameters())

    def largest(old: torch.Tensor) -> float:
        ratios = losses.importance_ratios(now, old)
        loss = losses.clipped_surrogate_loss(ratios, rows.advantages, CONFIG.clip_eps)
        return max(float(g.abs().max()) for g in torch.autograd.grad(loss, list(actor.values()), retain_graph=True))

    assert largest(with_graph) < 1e-7 < 1e-3 < largest(rows.old_log_probs)


def test_a_critic_that_expects_less_makes_nearly_every_row_a_pleasant_surprise():
    student, data = load_recording().policy, recording().buffer.data
    student = type(student)(student.obs_size, student.num_actions, shared_trunk=False)
    student.load_state_dict(first_policy(False).state_dict())
    credited = with_team_credit(data.rewards, data.acting, data.episode_over, CONFIG.gamma)
    ends = data.terminated, data.truncated, data.final_values, recording().last_values
    critic = [weight for name, weight in student.named_parameters() if name.startswith("critic")]
    optimizer, shares = torch.optim.Adam(critic, lr=1e-3), []
    for _ in range(30):
        advantages = estimate_advantages(credited, student(data.obs)[1], *ends, CONFIG.gamma, CONFIG.gae_lambda)
        shares.append(float((advantages[data.acting] > 0).float().mean()))
        optimizer.zero_grad()
        (-advantages[data.acting].mean()).backward()
        optimizer.step()
    assert shares[0] < 0.7 and shares[-1] > 0.9
