"""Right answers to the lesson's exercises, written differently from the package."""

import torch


def _loss_row_by_row(ratios, advantages, clip_eps):
    smaller = []
    for ratio, advantage in zip(ratios, advantages, strict=True):
        clipped = torch.clip(ratio, 1 - clip_eps, 1 + clip_eps)
        smaller.append(torch.minimum(ratio * advantage, clipped * advantage))
    return -sum(smaller) / len(smaller)


def _loss_by_cases(ratios, advantages, clip_eps):
    """Not one clip in it: a good row is held at 1 + eps, a bad one at 1 - eps."""
    good = torch.minimum(ratios, torch.full_like(ratios, 1 + clip_eps))
    bad = torch.maximum(ratios, torch.full_like(ratios, 1 - clip_eps))
    return -(torch.where(advantages > 0, good, bad) * advantages).mean()


def _share_by_loop(ratios, clip_eps):
    outside = 0
    for ratio in ratios:
        if abs(ratio - 1) > clip_eps:
            outside += 1
    return torch.tensor(outside / len(ratios))


def _by_autograd(ratios, advantages, clip_eps):
    ratios = ratios.clone().requires_grad_()
    loss = -torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages).mean()
    (gradient,) = torch.autograd.grad(loss, ratios)
    return gradient != 0


def _by_loop(ratios, advantages, clip_eps):
    answers = []
    for ratio, advantage in zip(ratios.tolist(), advantages.tolist(), strict=True):
        if advantage > 0:
            answers.append(ratio <= 1 + clip_eps)
        else:
            answers.append(advantage < 0 and ratio >= 1 - clip_eps)
    return torch.tensor(answers)


RIGHT = {
    "8.1": [
        lambda r, a, eps: torch.max(-r * a, -r.clamp(1 - eps, 1 + eps) * a).mean(),
        lambda r, a, eps: -torch.stack([r * a, r.clip(1 - eps, 1 + eps) * a]).min(dim=0).values.mean(),
        _loss_row_by_row,
        _loss_by_cases,
    ],
    "8.2": [
        lambda r, eps: ((r < 1 - eps) | (r > 1 + eps)).float().mean(),
        lambda r, eps: (r.clamp(1 - eps, 1 + eps) != r).sum() / len(r),
        _share_by_loop,
    ],
    "8.3": [
        lambda r, a, eps: ((a > 0) & (r <= 1 + eps)) | ((a < 0) & (r >= 1 - eps)),
        lambda r, a, eps: ((r - 1) * a.sign() <= eps) & (a != 0),
        _by_autograd,
        _by_loop,
    ],
}
