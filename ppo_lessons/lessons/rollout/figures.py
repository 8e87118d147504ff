"""Pictures of a rollout: the board, one step, what a detective sees, who falls, and what the buffer holds."""

import numpy as np
import torch
from matplotlib.patches import Patch
from torch import Tensor

from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, PINK, SMALL, Picture, legend_above, new_figure, plain
from ppo_lessons.display.team import put_board
from ppo_lessons.shipped.recording import Recording
from ppo_lessons.spirit_world.cases import Case, get_case
from ppo_lessons.spirit_world.evaluation import Replay
from ppo_lessons.spirit_world.rules import ACTION_NAMES

LINES = ("-", "--", "-.", ":")


def show_boards(replay: Replay, frames: tuple[int, ...], titles: tuple[str, ...] | None = None) -> Picture:
    """Draw some frames of a replay side by side.

    Args:
        replay: A recorded case.
        frames: Which frames.
        titles: One for each; by default "step t".

    Returns:
        The picture.
    """
    figure, panels = new_figure(5.8, 0.4 + 5.8 / len(frames), 1, len(frames), squeeze=False)
    for i, f in enumerate(frames):
        title = titles[i] if titles else f"step {f}"
        put_board(panels[0, i], replay.case, replay.frame(f), title, numbered=len(frames) <= 2)
    standing = [int((replay.states.health[f] > 0).sum()) for f in frames]
    spirits = [int((~replay.states.banished[f]).sum()) for f in frames]
    return Picture(figure, f"steps {list(frames)}: detectives standing {standing}, spirits left {spirits}")


def show_before_and_after(recording: Recording, step: int, copy: int) -> Picture:
    """Draw one copy of the recorded world before a step and after it.

    Args:
        recording: The recorded rollout.
        step: t, not the last one.
        copy: e, in a case that goes on after this step.

    Returns:
        The picture.
    """
    boards, case = [recording.board(t, copy) for t in (step, step + 1)], get_case("standard")
    figure, panels = new_figure(5.8, 3.1, 1, 2)
    for axes, board, title in zip(panels, boards, (f"before step {step}", f"after step {step}"), strict=True):
        put_board(axes, case, board, title)
    health = " and ".join(str(board.health[0].tolist()) for board in boards)
    spirits = " and ".join(str(int((~board.banished).sum())) for board in boards)
    return Picture(figure, f"before and after step {step} of copy {copy}: health {health}, spirits left {spirits}")


def show_observation(case: Case, obs: np.ndarray) -> Picture:
    """Draw the D numbers that one detective sees, in their groups.

    Args:
        case: For the meaning of the places.
        obs: What one detective sees, (D,).

    Returns:
        The picture.
    """
    groups = _observation_groups(case)
    figure, axes = new_figure(5.8, 2.8)
    for (name, start, stop), colour in zip(groups, _colours(case), strict=True):
        axes.bar(range(start, stop), obs[start:stop], color=colour, width=0.8)
        axes.axvline(stop - 0.5, color="#D6D6D0", linewidth=1)
        axes.text((start + stop - 1) / 2, 1.12, name, ha="center", fontsize=SMALL, color=colour)
    axes.axhline(0, color=DARK, linewidth=0.8)
    axes.set(ylim=(-1.1, 1.3), xlim=(-0.6, len(obs) - 0.4))
    plain(axes, "", "place in obs", "value")
    return Picture(figure, f"{len(obs)} numbers in {len(groups)} groups: {', '.join(name for name, *_ in groups)}")


def _observation_groups(case: Case) -> list[tuple[str, int, int]]:
    agents = case.num_detectives
    groups = [("me", 0, 3), ("number", 3, 3 + agents)]
    for mate in range(agents - 1):
        start = 3 + agents + 4 * mate
        groups.append((f"mate {mate + 1}", start, start + 4))
    for spirit in range(case.num_spirits):
        start = 3 + agents + 4 * (agents - 1) + 5 * spirit
        groups.append((f"spirit {spirit + 1}", start, start + 5))
    return groups


def _colours(case: Case) -> list[str]:
    return [DARK, PINK] + [BLUE] * (case.num_detectives - 1) + [ORANGE] * case.num_spirits


def show_choices(logits: Tensor, actions: Tensor) -> Picture:
    """Draw the probabilities of the five actions for each detective, and which one was drawn.

    Args:
        logits: Of one copy of the world, (A, N).
        actions: What was drawn, (A,).

    Returns:
        The picture.
    """
    chances = torch.softmax(logits, dim=-1).detach().numpy()
    rows = (len(chances) + 1) // 2
    figure, panels = new_figure(5.8, 0.5 + 1.7 * rows, rows, 2, sharex=True, sharey=True, squeeze=False)
    for a, axes in enumerate(panels.flat[: len(chances)]):
        chosen = int(actions[a])
        colours = [ORANGE if n == chosen else BLUE for n in range(len(ACTION_NAMES))]
        bars = axes.bar(ACTION_NAMES, chances[a], color=colours)
        bars[chosen].set_hatch("//")
        plain(axes, f"detective {a}: {ACTION_NAMES[chosen]}", "", "probability" if a % 2 == 0 else "")
    panels[0, 0].set_ylim(0, 1)
    chosen_names = [ACTION_NAMES[int(action)] for action in actions]
    return Picture(figure, f"drawn (hatched): {', '.join(chosen_names)}; every detective's probabilities sum to 1")


def show_health(replay: Replay) -> Picture:
    """Draw each detective's health over a case, with falls and banishings.

    Args:
        replay: A recorded case.

    Returns:
        The picture.
    """
    health, banished = replay.states.health, replay.states.banished  # (F, A), (F, S)
    figure, axes = new_figure(5.8, 3)
    falls, gone = [], []
    for a in range(health.shape[1]):
        shifted = health[:, a] + 0.06 * (a - 1.5)  # side by side, so that equal lines are all seen
        look = dict(linestyle=LINES[a % 4], color=(BLUE, GREEN, PINK, DARK)[a % 4], linewidth=1.8)
        axes.step(range(len(health)), shifted, where="post", label=f"detective {a}", **look)
        if (health[:, a] == 0).any():
            falls.append(int((health[:, a] == 0).argmax()))
            axes.plot(falls[-1], 0, "X", color=DARK, markersize=9, zorder=3)
    for s in range(banished.shape[1]):
        if banished[:, s].any():
            gone.append(int(banished[:, s].argmax()))
            axes.axvline(gone[-1], color=ORANGE, linewidth=1.5, linestyle=":")
            axes.text(
                gone[-1] + 0.2,
                replay.case.health + 0.35,
                f"k={replay.case.toughness[s]} banished",
                fontsize=SMALL,
                color=ORANGE,
            )
    plain(axes, "health", "step of the case")
    axes.set_ylim(-0.4, replay.case.health + 0.8)
    legend_above(axes, 4)
    return Picture(
        figure, f"{replay.outcome} after {len(replay) - 1} steps; falls (X) at {falls}, banishings (dotted) at {gone}"
    )


def show_rollout(acting: Tensor, terminated: Tensor, truncated: Tensor, copies: int = 4) -> Picture:
    """Draw for every step and agent whether the row was a real decision, and where it ended.

    Args:
        acting: bool, (T, E, A).
        terminated: bool, (T, E, A).
        truncated: bool, (T, E, A).
        copies: How many copies of the world to draw.

    Returns:
        The picture.
    """
    steps, _, agents = acting.shape
    rows = acting[:, :copies].permute(1, 2, 0).reshape(-1, steps).numpy()  # (copies * A, T)
    ends = [(flag & acting)[:, :copies].permute(1, 2, 0).reshape(-1, steps).numpy() for flag in (terminated, truncated)]
    figure, axes = new_figure(5.8, 1.0 + 0.16 * len(rows))
    shades = np.where(rows[..., None], (0.839, 0.910, 0.953), (0.71, 0.71, 0.69))
    axes.imshow(shades, aspect="auto", interpolation="nearest", extent=(-0.5, steps - 0.5, len(rows) - 0.5, -0.5))
    for flags, marker, colour, name in zip(ends, "X|", (ORANGE, DARK), ("terminated", "truncated"), strict=True):
        row, step = np.nonzero(flags)
        axes.plot(
            step, row, marker, color=colour, markersize=6, markeredgewidth=1.5 if marker == "|" else 0.5, label=name
        )
    for copy in range(1, copies):
        axes.axhline(copy * agents - 0.5, color="white", linewidth=3)
    axes.set_yticks([agents * c + (agents - 1) / 2 for c in range(copies)], [f"copy {c}" for c in range(copies)])
    plain(axes, f"{agents} detectives in each copy", "step t of the rollout")
    named = {"acting": Patch(color="#D6E8F3"), "fallen, waiting": Patch(color="#B5B5B0")}
    legend_above(axes, 4, {**named, "terminated": axes.lines[0], "truncated": axes.lines[1]})
    counts = [int(flags.sum()) for flags in ends]
    ended = f"{counts[0]} ended terminated, {counts[1]} truncated"
    text = f"of {rows.size} rows {int(rows.sum())} were real decisions; {ended}"
    return Picture(figure, text)
