"""Right answers to the exercises of lesson 10, written differently from the package."""

import torch

from ppo_lessons.losses import approx_kl, clip_fraction
from ppo_lessons.update import MinibatchLosses


def _another_order_of_words(loss, policy, optimizer, limit):
    policy.zero_grad()
    loss.backward()
    length = torch.nn.utils.clip_grad_norm_(policy.parameters(), limit)
    optimizer.step()
    return length


def _with_gradients_by_hand(loss, policy, optimizer, limit):
    parameters = list(policy.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    length = torch.sqrt(sum(g.square().sum() for g in gradients))
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient * min(1.0, float(limit / (length + 1e-6)))
    optimizer.step()
    return length


def _normalised_by_hand(advantages):
    n = advantages.numel()
    if n == 1:
        return advantages.clone()
    centred = advantages - advantages.sum() / n
    return centred / (torch.sqrt((centred * centred).sum() / (n - 1)) + 1e-8)


def _normalised_by_std_mean(advantages):
    if advantages.shape[0] <= 1:
        return advantages
    spread, middle = torch.std_mean(advantages)
    return torch.sub(advantages, middle).div(spread + 1e-8)


def _wired_by_evaluate_actions(policy, minibatch, config, steps):
    new_log_probs, entropies, values = policy.evaluate_actions(minibatch.obs, minibatch.actions)
    ratios = (new_log_probs - minibatch.old_log_probs).exp()
    adv = _normalised_by_hand(minibatch.advantages) if config.normalise_advantages else minibatch.advantages
    clipped = torch.clip(ratios, 1 - config.clip_eps, 1 + config.clip_eps)
    actor = torch.max(-ratios * adv, -clipped * adv).mean()
    critic = torch.nn.functional.mse_loss(values, minibatch.returns)
    entropy = entropies.mean()
    total = actor + config.vf_coef * critic - config.ent_coef * entropy
    kl, outside = approx_kl(new_log_probs, minibatch.old_log_probs), clip_fraction(ratios, config.clip_eps)
    return MinibatchLosses(actor, critic, entropy, total, kl, outside)


def _wired_with_categorical(policy, minibatch, config, steps):
    logits, values = policy(minibatch.obs)
    distribution = torch.distributions.Categorical(logits=logits)
    new_log_probs = distribution.log_prob(minibatch.actions)
    ratios = steps.importance_ratios(new_log_probs, minibatch.old_log_probs)
    adv = steps.normalise_advantages(minibatch.advantages) if config.normalise_advantages else minibatch.advantages
    parts = {
        "actor_loss": steps.clipped_surrogate_loss(ratios, adv, config.clip_eps),
        "value_loss": (values - minibatch.returns).pow(2).mean(),
        "entropy": distribution.entropy().mean(),
    }
    parts["total_loss"] = steps.total_loss(*parts.values(), config.vf_coef, config.ent_coef)
    log_ratios = (new_log_probs - minibatch.old_log_probs).detach()
    parts["approx_kl"] = (log_ratios.exp() - 1 - log_ratios).mean()
    parts["clip_fraction"] = ((ratios.detach() - 1).abs() > config.clip_eps).float().mean()
    return MinibatchLosses(**parts)


RIGHT = {
    "10.1": [_normalised_by_hand, _normalised_by_std_mean],
    "10.2": [_another_order_of_words, _with_gradients_by_hand],
    "10.3": [_wired_by_evaluate_actions, _wired_with_categorical],
}
