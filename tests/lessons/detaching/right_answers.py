"""Right answers to the lesson's exercises, written differently from the package."""

import torch

from ppo_lessons.buffer import Rows


def _by_copies(rows):
    copies = {}
    for name, tensor in rows._asdict().items():
        copies[name] = tensor.clone().detach()
    return Rows(**copies)


def _in_numpy_and_back(rows):
    return rows._make(torch.from_numpy(tensor.detach().numpy().copy()) for tensor in rows)


def _field_by_field(rows):
    states, actions, log_probs_old, returns, advantages = rows
    return Rows(states.data, actions.data, log_probs_old.data, returns.data, advantages.data)


def _reached_by_loop(policy):
    names = []
    for name, parameter in policy.named_parameters():
        if parameter.grad is None:
            continue
        if torch.count_nonzero(parameter.grad) > 0:
            names.append(name)
    return names


def _reached_by_largest(policy):
    return [n for n, p in policy.named_parameters() if (0.0 if p.grad is None else p.grad.abs().max().item()) > 0]


RIGHT = {
    "5.1": [_by_copies, _in_numpy_and_back, _field_by_field],
    "5.2": [_reached_by_loop, _reached_by_largest],
}
