"""Right answers to the lesson's exercises, written differently from the package."""

import math

import torch
from torch.distributions import Independent, Normal


def _legal_by_loops(logits, legal):
    flat, allowed = logits.reshape(-1, logits.shape[-1]), legal.reshape(-1, logits.shape[-1])
    rows = []
    for row, may in zip(flat, allowed, strict=True):
        rows.append(torch.stack([z if ok else z.new_tensor(-1e9) for z, ok in zip(row, may, strict=True)]))
    return torch.stack(rows).reshape(logits.shape)


def _density_by_loop(means, log_std, actions):
    total = 0
    for i in range(means.shape[-1]):
        std = torch.exp(log_std[i])
        density = torch.exp(-((actions[..., i] - means[..., i]) ** 2) / (2 * std**2))
        log_density = density.log() if bool((density > 1e-30).all()) else None
        if log_density is None:
            log_density = -((actions[..., i] - means[..., i]) ** 2) / (2 * std**2)
        total = total + log_density - torch.log(std * math.sqrt(2 * math.pi))
    return total


RIGHT = {
    "16.3": [
        lambda logits, legal: logits.masked_fill(~legal, -1e9),
        lambda logits, legal: torch.where(legal, logits, -1e9),
        _legal_by_loops,
    ],
    "16.4": [
        lambda means, log_std, actions: Normal(means, log_std.exp()).log_prob(actions).sum(-1),
        lambda means, log_std, actions: Independent(Normal(means, log_std.exp()), 1).log_prob(actions),
        _density_by_loop,
    ],
}
