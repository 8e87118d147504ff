"""Right answers to the lesson's exercises, written differently from the package."""

import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.steps import MinibatchLosses


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


def _wired_backwards(policy, minibatch, config, steps):
    """The parts by name, the advantages first."""
    adv = minibatch.advantages
    if config.advantage_normalisation:
        adv = steps.normalise_advantages(adv)
    logits, values = steps.forward_pass(policy, minibatch.obs)
    now = steps.log_probs_of(logits, minibatch.actions)
    entropies = steps.entropy_of(logits.log_softmax(-1))
    ratios = steps.importance_ratios(now, minibatch.old_log_probs)
    parts = {
        "actor_loss": steps.clipped_surrogate_loss(ratios, adv, config.clip_eps),
        "value_loss": steps.value_loss(values, minibatch.returns),
        "entropy": steps.entropy_bonus(entropies),
    }
    parts["total_loss"] = steps.total_loss(*parts.values(), config.vf_coef, config.ent_coef)
    parts["approx_kl"] = steps.approx_kl(now.detach(), minibatch.old_log_probs)
    parts["clip_fraction"] = steps.clip_fraction(ratios.detach(), config.clip_eps)
    return MinibatchLosses(**parts)


def _wired_in_few_lines(policy, rows, config, steps):
    (logits, values), then = steps.forward_pass(policy, rows.obs), rows.old_log_probs
    now = steps.log_probs_of(logits, rows.actions)
    entropies = steps.entropy_of(torch.log_softmax(logits, dim=1))
    ratios = steps.importance_ratios(now, then)
    adv = steps.normalise_advantages(rows.advantages) if config.advantage_normalisation else rows.advantages
    actor, critic = steps.clipped_surrogate_loss(ratios, adv, config.clip_eps), steps.value_loss(values, rows.returns)
    bonus = steps.entropy_bonus(entropies)
    total = steps.total_loss(actor, critic, bonus, vf_coef=config.vf_coef, ent_coef=config.ent_coef)
    outside = steps.clip_fraction(ratios, config.clip_eps)
    return MinibatchLosses(actor, critic, bonus, total, steps.approx_kl(now, then), outside)


def _update_in_a_list(policy, optimizer, rows, config, generator, steps):
    rows, done = steps.detach_rows(rows), []
    for index in steps.each_minibatch(rows.obs.shape[0], config, generator, steps):
        minibatch = Rows(*[tensor[index] for tensor in rows])
        losses = steps.minibatch_losses(policy, minibatch, config, steps)
        if steps.should_stop(losses.approx_kl.item(), config.target_kl):
            break
        length = steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)
        done.append((index, losses, length))
    return done


def _update_written_out(policy, optimizer, rows, config, generator, steps):
    """All mini-batches first, then one after the other."""
    obs, actions, old_log_probs, returns, advantages = steps.detach_rows(rows)
    pieces = list(steps.each_minibatch(len(actions), config, generator, steps))
    while pieces:
        i = pieces.pop(0)
        minibatch = Rows(obs[i], actions[i], old_log_probs[i], returns[i], advantages[i])
        losses = steps.minibatch_losses(policy, minibatch, config, steps)
        if config.target_kl is not None and steps.should_stop(losses.approx_kl, config.target_kl):
            return
        yield i, losses, steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)


RIGHT = {
    "11.1": [_normalised_by_hand, _normalised_by_std_mean],
    "11.2": [_another_order_of_words, _with_gradients_by_hand],
    "11.3": [_wired_backwards, _wired_in_few_lines],
    "11.4": [_update_in_a_list, _update_written_out],
}
