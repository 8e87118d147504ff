"""Right answers to the lesson's exercises, written differently from the package."""

import torch


def _gradient_loss_row_by_row(log_probs, advantages):
    total = 0
    for log_prob, advantage in zip(log_probs, advantages, strict=True):
        total = total - log_prob * advantage
    return total / len(log_probs)


def _surrogate_row_by_row(ratios, advantages):
    parts = [ratio * advantage for ratio, advantage in zip(ratios, advantages, strict=True)]
    return -torch.stack(parts).sum() / len(parts)


def _share_by_normalised_weights(ratios):
    weights = ratios / ratios.sum()
    return 1 / (weights**2).sum() / len(ratios)


def _share_by_variance(ratios):
    spread = ((ratios - ratios.mean()) ** 2).mean() / ratios.mean() ** 2
    return 1 / (1 + spread)


RIGHT = {
    "4.1": [
        lambda g, a: (-g * a).mean(),
        lambda g, a: -torch.dot(g, a) / len(a),
        _gradient_loss_row_by_row,
    ],
    "4.2": [
        lambda r, a: -(r @ a) / r.numel(),
        lambda r, a: torch.mean(-a * r),
        _surrogate_row_by_row,
    ],
    "4.3": [
        lambda r: r.mean() ** 2 / (r**2).mean(),
        _share_by_normalised_weights,
        _share_by_variance,
    ],
}
