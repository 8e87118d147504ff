"""Right answers to the exercises of lesson 10, written differently from the package."""

import torch


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


RIGHT = {"10.2": [_another_order_of_words, _with_gradients_by_hand]}
