"""Pictures of an update: the losses of its mini-batches, how far the ratios went, and which weights moved."""

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    Picture,
    legend_above,
    new_figure,
    new_panels,
    plain,
    signed,
)
from ppo_lessons.steps import MinibatchLosses


def show_loss_terms(losses: MinibatchLosses, config: PPOConfig) -> Picture:
    """Draw how the three terms add up to the total loss.

    Args:
        losses: Of one mini-batch.
        config: For vf_coef and ent_coef.

    Returns:
        The picture.
    """
    terms = {
        "actor_loss": losses.actor_loss.item(),
        f"+ {config.vf_coef} x value_loss": config.vf_coef * losses.value_loss.item(),
        f"- {config.ent_coef} x entropy": -config.ent_coef * losses.entropy.item(),
        "= total_loss": losses.total_loss.item(),
    }
    figure, axes = new_figure(5.8, 2.2)
    axes.barh(list(terms), list(terms.values()), color=[BLUE, GREEN, ORANGE, DARK], height=0.6)
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.invert_yaxis()
    axes.margins(x=0.3)
    for row, value in enumerate(terms.values()):
        axes.annotate(signed(value, 4), (value, row), (6 if value >= 0 else -6, 0), textcoords="offset points",
                      ha="left" if value >= 0 else "right", va="center", fontsize=SMALL)  # fmt: skip
    plain(axes, "", "what it adds to the total loss")
    return Picture(figure, ", ".join(f"{name} {signed(value, 3)}" for name, value in terms.items()))


def show_update(history: list[MinibatchLosses], epochs: int, clip_eps: float) -> Picture:
    """Draw the losses and diagnostics of every mini-batch of an update.

    Args:
        history: In the order of the gradient steps.
        epochs: How many passes they belong to.
        clip_eps: For the words.

    Returns:
        The picture.
    """
    series = {name: [getattr(losses, name).item() for losses in history] for name in MinibatchLosses._fields}
    panels_of = (
        ("actor_loss", BLUE),
        ("value_loss", GREEN),
        ("entropy", ORANGE),
        ("total_loss", DARK),
        ("approx_kl", DARK),
        ("clip_fraction", GREY),
    )
    plan = "actor_loss value_loss entropy / total_loss approx_kl clip_fraction"
    figure, panels = new_panels(2, {2: plan}, 1.9)
    per_epoch = len(history) / epochs
    for name, colour in panels_of:
        axes = panels[name]
        for epoch in range(0, epochs, 2):
            axes.axvspan(epoch * per_epoch + 0.5, (epoch + 1) * per_epoch + 0.5, color="#F0F0EC", linewidth=0)
        axes.plot(range(1, len(history) + 1), series[name], "o-", color=colour, markersize=3.5, linewidth=1)
        plain(axes, name, "gradient step" if name in ("total_loss", "approx_kl", "clip_fraction") else "", "")
        if name in ("approx_kl", "clip_fraction"):
            axes.set_ylim(bottom=0)
    first, last = history[0], history[-1]
    text = (
        f"{len(history)} gradient steps in {epochs} epochs; approx_kl {first.approx_kl:.4f} at the first, "
        f"{last.approx_kl:.3f} at the last; clip_fraction (eps {clip_eps:g}) {first.clip_fraction:.3f} and "
        f"{last.clip_fraction:.2f}"
    )
    return Picture(figure, text)


def show_ratios(before: Tensor, after: Tensor, clip_eps: float) -> Picture:
    """Draw the ratios of all rows before the first step and after the update, and the interval of the clip.

    Args:
        before: (B,).
        after: (B,).
        clip_eps: Half the width of the interval.

    Returns:
        The picture.
    """
    before, after = before.detach().numpy(), after.detach().numpy()
    bins = np.linspace(0, max(1 + 2 * clip_eps, float(after.max())) * 1.05, 61)
    figure, panels = new_figure(5.8, 2.6, 1, 2, sharex=True, sharey=True)
    titles = ("before the first step", "after the last step")
    for axes, ratios, title in zip(panels, (before, after), titles, strict=True):
        axes.axvspan(1 - clip_eps, 1 + clip_eps, color=SOFT_BLUE, label="1 - eps ... 1 + eps")
        axes.hist(ratios, bins=bins, color=BLUE)
        plain(axes, title, "ratio", "rows (log scale)" if axes is panels[0] else "")
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
        legend_above(axes)
    outside = float(np.mean(np.abs(after - 1) > clip_eps))
    exactly = bool(np.abs(before - 1).max() < 1e-6)
    reach = f"{after.min():.2f} to {after.max():.2f}, {outside:.0%} outside"
    text = f"before: every ratio is 1, to six digits: {exactly}; after: {reach}"
    return Picture(figure, text)


def weight_changes(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, float]:
    """Return how far the weights of each layer have moved.

    Args:
        before: A state_dict.
        after: Another one of the same network.

    Returns:
        Name -> length of the change / length before; without the biases, and a shared trunk once.
    """
    names = [name for name in before if name.endswith("weight") and not name.startswith("critic_trunk")]
    return {name: float(torch.norm(after[name] - before[name]) / torch.norm(before[name])) for name in names}


def show_weight_changes(before: dict[str, Tensor], after: dict[str, Tensor]) -> Picture:
    """Draw how far each layer's weights moved, relative to their length.

    Args:
        before: A state_dict, copied before the update.
        after: The state_dict after it.

    Returns:
        The picture.
    """
    moved = weight_changes(before, after)
    figure, axes = new_figure(5.8, 2.2)
    axes.barh(list(moved), list(moved.values()), color=BLUE, height=0.6)
    axes.invert_yaxis()
    for row, value in enumerate(moved.values()):
        axes.annotate(f"{value:.1%}", (value, row), (5, 0), textcoords="offset points", va="center", fontsize=SMALL)
    axes.margins(x=0.12)
    plain(axes, "", "length of the change / length of the weights")
    return Picture(figure, f"every layer moved: {all(value > 0 for value in moved.values())}")
