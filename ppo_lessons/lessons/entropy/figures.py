"""Pictures of entropy: one distribution, many rows, the softmax taken twice, and short runs with and without it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ppo_lessons.actor_critic import entropy_of
from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SMALL,
    Picture,
    legend_above,
    new_figure,
    plain,
    rounded,
)
from ppo_lessons.spirit_world.rules import ACTION_NAMES

LOOKS = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PINK, ":", "D"))


def show_distributions(all_log_probs: Tensor, names: Sequence[str]) -> Picture:
    """Draw the action probabilities of some rows, each with its entropy.

    Args:
        all_log_probs: Log-probability of every action, (B, N), a few rows.
        names: What to call each row.

    Returns:
        The picture.
    """
    chances = all_log_probs.detach().exp().numpy()
    entropies = entropy_of(all_log_probs.detach()).tolist()
    columns = min(3, len(chances))
    lines = math.ceil(len(chances) / columns)
    figure, panels = new_figure(5.8, 0.7 + 1.6 * lines, lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes, row, name, entropy in zip(panels.flat, chances, names, entropies, strict=False):
        axes.bar(ACTION_NAMES, row, color=BLUE, edgecolor=DARK, linewidth=0.5)
        axes.axhline(1 / len(row), color=DARK, linewidth=1, linestyle=":")
        plain(axes, f"{name}: H = {entropy:.2f}", "", "probability" if axes in panels[:, 0] else "")
        axes.tick_params(axis="x", labelrotation=60)
    panels[0, 0].set_ylim(0, 1)
    listed = ", ".join(f"{name} {entropy:.2f}" for name, entropy in zip(names, entropies, strict=True))
    return Picture(figure, f"entropy H of each row: {listed}; dotted: all equally likely")


def show_entropy_curve(num_actions: int) -> Picture:
    """Draw entropy, and how strongly it pulls at the logits, while one action goes from never to always.

    Args:
        num_actions: N; the other N - 1 actions share what is left.

    Returns:
        The picture.
    """
    chance = torch.linspace(1e-4, 1 - 1e-4, 2001, dtype=torch.float64)
    rest = ((1 - chance) / (num_actions - 1)).unsqueeze(1).expand(-1, num_actions - 1)
    logits = torch.cat((chance.unsqueeze(1), rest), dim=1).log().requires_grad_()
    entropies = entropy_of(torch.log_softmax(logits, dim=-1))
    pull = torch.autograd.grad(entropies.sum(), logits)[0].norm(dim=-1)
    entropies = entropies.detach()
    figure, (left, right) = new_figure(5.8, 2.9, 1, 2, sharex=True)
    left.plot(chance, entropies, color=BLUE, linewidth=1.8)
    highest = math.log(num_actions)
    left.axhline(highest, color=DARK, linestyle=":", linewidth=1)
    left.annotate(
        f"ln {num_actions} = {highest:.3f}",
        (1, highest),
        (0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=SMALL,
    )
    left.plot([1 / num_actions], [highest], "o", color=ORANGE, markersize=7, label="all equally likely")
    left.plot([1], [0], "s", color=DARK, markersize=6, label="certain", clip_on=False)
    left.set_ylim(0, 1.2 * highest)
    plain(left, "how undecided: H, in nats", "probability of one action")
    legend_above(left)
    right.plot(chance, pull, color=BLUE, linewidth=1.8)
    right.plot([1 / num_actions], [0], "o", color=ORANGE, markersize=7, clip_on=False)
    right.plot([1], [0], "s", color=DARK, markersize=6, clip_on=False)
    right.set_ylim(bottom=0)
    plain(right, "length of the pull at the logits", "probability of one action")
    top = float(chance[entropies.argmax()])
    return Picture(
        figure,
        f"H is highest, {float(entropies.max()):.3f}, where the action has probability {top:.2f}; "
        "the pull is 0 there and goes to 0 at certainty",
    )


def show_entropy_histogram(entropies: Tensor, num_actions: int, marked: Mapping[str, float]) -> Picture:
    """Draw the entropy of every row as a histogram, and where some rows stand in it.

    Args:
        entropies: In nats, (B,).
        num_actions: N, for the highest possible entropy ln N.
        marked: Name -> entropy of rows to point out.

    Returns:
        The picture.
    """
    entropies, highest = entropies.detach().numpy(), math.log(num_actions)
    figure, axes = new_figure(5.8, 3.4)
    counts, _, _ = axes.hist(entropies, bins=np.linspace(0, highest, 41), color=BLUE, edgecolor="white", linewidth=0.5)
    axes.axvline(highest, color=DARK, linestyle=":", linewidth=1.5, label=f"ln {num_actions} = {highest:.3f}")
    axes.axvline(entropies.mean(), color=ORANGE, linestyle="--", linewidth=1.8, label=f"mean {entropies.mean():.3f}")
    for place, (name, entropy) in enumerate(sorted(marked.items(), key=lambda item: item[1])):
        height = counts.max() * (1.06 + 0.09 * (len(marked) - place))  # the next one lower: no label is crossed
        axes.plot([entropy, entropy], [0, height], color=GREY, linewidth=0.8)
        axes.plot(entropy, height, "v", color=DARK, markersize=5)
        axes.annotate(name, (entropy, height), (4, 1), textcoords="offset points", fontsize=SMALL)
    axes.set_ylim(0, counts.max() * (1.15 + 0.09 * len(marked)))
    plain(axes, "rows by their entropy", "entropy H, in nats", "rows")
    legend_above(axes)
    spread = f"{entropies.min():.2f} to {entropies.max():.2f}, mean {entropies.mean():.2f}"
    return Picture(figure, f"{len(entropies)} rows, entropy {spread}, at most ln {num_actions} = {highest:.2f}")


def show_softmax_twice(true: Tensor, twice: Tensor, num_actions: int) -> Picture:
    """Draw the entropy after a softmax too many over the true one, one point a row.

    Args:
        true: Entropy of each row, (B,).
        twice: The same, of probabilities that were taken for logits, (B,).
        num_actions: N.

    Returns:
        The picture.
    """
    true, twice, highest = true.detach().numpy(), twice.detach().numpy(), math.log(num_actions)
    figure, axes = new_figure(4.8, 3.4)
    axes.plot([0, highest], [0, highest], "-", color=ORANGE, linewidth=1.5, label="the same")
    axes.axhline(highest, color=DARK, linestyle=":", linewidth=1.2, label=f"ln {num_actions} = {highest:.3f}")
    axes.plot(true, twice, "o", color=BLUE, markersize=3, alpha=0.75, markeredgewidth=0)
    axes.set_ylim(0, 1.12 * highest)
    plain(axes, "entropy with the softmax taken twice", "true entropy")
    legend_above(axes)
    return Picture(
        figure, f"true {true.min():.2f} to {true.max():.2f}; softmax taken twice {twice.min():.2f} to {twice.max():.2f}"
    )


def show_entropy_runs(runs: Mapping[str, Sequence[float]], num_actions: int) -> Picture:
    """Draw the mean entropy over the cycles of short training runs.

    Args:
        runs: Name -> mean entropy of each cycle.
        num_actions: N.

    Returns:
        The picture. Its words say only which run ends higher: numbers after training differ between machines.
    """
    figure, axes = new_figure(5.8, 2.9)
    highest = math.log(num_actions)
    for (name, entropies), (colour, style, marker) in zip(runs.items(), LOOKS, strict=False):
        cycles = range(1, len(entropies) + 1)
        axes.plot(
            cycles, entropies, linestyle=style, marker=marker, markevery=4, color=colour, markersize=5, label=name
        )
    axes.axhline(highest, color=DARK, linestyle=":", linewidth=1, label=f"ln {num_actions} = {highest:.3f}")
    axes.set_ylim(0, 1.12 * highest)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain(axes, "mean entropy H, in nats", "cycle of training")
    legend_above(axes, 3)
    order = sorted(runs, key=lambda name: runs[name][-1])
    return Picture(figure, f"from the lowest to the highest entropy at the end: {', '.join(order)}")


def show_terms(names: Sequence[str], terms: Mapping[str, Tensor]) -> Picture:
    """Draw for each row what each term adds to the total loss, before the mean is taken.

    Args:
        names: What to call each row.
        terms: Label of the term -> what it adds in each row, weight and sign included, (B,).

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 3.0)
    places, width = np.arange(len(names)), 0.8 / len(terms)
    hatches = ("", "//", "..", "xx")
    for i, (label, added) in enumerate(terms.items()):
        shift = (i - (len(terms) - 1) / 2) * width
        look = dict(color=LOOKS[i][0], hatch=hatches[i], edgecolor="white", linewidth=0.5)
        axes.bar(places + shift, added.detach().numpy(), width, label=label, **look)
    axes.axhline(0, color=DARK, linewidth=0.8)
    axes.set_xticks(places, list(names))
    plain(axes, "what each row adds to the total loss")
    legend_above(axes, 3)
    means = {label: rounded(added.mean(), 3) for label, added in terms.items()}
    total = rounded(sum(float(added.mean()) for added in terms.values()), 3)
    listed = ", ".join(f"{label} {mean:+.3f}" for label, mean in means.items())
    return Picture(figure, f"means over {len(names)} rows: {listed}; together {total:+.3f}")
