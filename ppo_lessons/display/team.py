"""Pictures of a team that several lessons show: a board, replays that move, and what it does as a table."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ppo_lessons.display.picture import DARK, TITLE, WIDTHS, Picture, image, rounded
from ppo_lessons.display.tables import Table
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.board import draw_board
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.evaluation import Replay
from ppo_lessons.spirit_world.rules import WorldState


def put_board(axes: Axes, case: Case, state: WorldState, title: str, numbered: bool = True) -> None:
    """Draw a board into a panel, with the numbers of the detectives where it is large enough for them."""
    axes.imshow(draw_board(case, state, numbered), extent=(0, case.size, case.size, 0))
    axes.set_title(title, fontsize=TITLE, color=DARK)
    axes.set_axis_off()


class MovingPicture(Picture):
    """Boards that move: an animated PNG that also carries its frames as data, for whoever can play them better.

    Args:
        png: The bytes.
        width: In CSS pixels.
        text: What a reader without the picture gets.
        autoplay: Whether a player begins by itself.
    """

    def __init__(self, png: bytes, width: int, text: str, autoplay: bool) -> None:
        self.png, self.width, self.text, self.autoplay = png, width, text, autoplay

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        kind = "ppo-moving ppo-autoplay" if self.autoplay else "ppo-moving"
        return {"text/html": image(self.png, self.width, self.text, kind), "text/plain": self.text}


def show_replays(
    replays: Mapping[str, Replay], text: str, milliseconds: int = 250, frames: int = 40, autoplay: bool = False
) -> MovingPicture:
    """Show the beginnings of several replays of the same case at once, moving (an animated PNG).

    Not a GIF: HTML exports and GitHub show none out of a notebook, and nbval would compare it byte for byte.

    Args:
        replays: Name -> replay; drawn from left to right. A shorter one stands still at its end.
        text: What a reader without the picture gets.
        milliseconds: Time for a step.
        frames: At most so many, to keep notebooks small.
        autoplay: Whether the player of the course's JupyterLab begins by itself.

    Returns:
        The moving picture.
    """
    length = min(frames, max(len(replay) for replay in replays.values()))
    pictures = [Image.fromarray(_row_of_boards(list(replays.values()), f)) for f in range(length)]
    palette = pictures[0].quantize(64, dither=Image.Dither.NONE)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    stream, data = io.BytesIO(), PngInfo()
    data.add_text("boards", json.dumps([board_of(name, replay) for name, replay in replays.items()]), zip=True)
    pictures[0].save(
        stream,
        "PNG",
        save_all=True,
        append_images=pictures[1:],
        duration=[milliseconds] * (length - 1) + [2500],
        loop=0,
        optimize=True,
        pnginfo=data,
    )
    return MovingPicture(stream.getvalue(), min(pictures[0].width, WIDTHS[2]), text, autoplay)


def board_of(title: str, replay: Replay) -> dict[str, Any]:
    """Return a replay as the browser draws it: F frames of A detectives and S spirits.

    Args:
        title: Stands above the board.
        replay: A recorded case.

    Returns:
        detectives (F, A, 3) are row, column and health, spirits (F, S, 3) row, column and whether it is banished;
        with the board's size, the full health, the toughness of each spirit and how the case ended.
    """
    states = replay.states
    detectives = [
        [[*cell, health] for cell, health in zip(cells, healths, strict=True)]
        for cells, healths in zip(states.detectives.tolist(), states.health.tolist(), strict=True)
    ]
    spirits = [
        [[*cell, int(gone)] for cell, gone in zip(cells, banished, strict=True)]
        for cells, banished in zip(states.spirits.tolist(), states.banished.tolist(), strict=True)
    ]
    case = replay.case
    fixed = {"size": case.size, "health": case.health, "toughness": list(case.toughness)}
    return {"title": title, "outcome": replay.outcome, **fixed, "detectives": detectives, "spirits": spirits}


def _row_of_boards(replays: list[Replay], f: int) -> np.ndarray:
    numbered = len(replays) <= 2  # three are shown smaller than they are drawn
    boards = [draw_board(replay.case, replay.frame(min(f, len(replay) - 1)), numbered) for replay in replays]
    gap = np.full((len(boards[0]), 16, 3), 255, np.uint8)
    pieces = [piece for board in boards for piece in (board, gap)][:-1]
    return np.concatenate(pieces, axis=1)


def behaviour_table(behaviours: Mapping[str, TeamBehaviour]) -> Table:
    """Return the behaviour of several teams as a table, one column a team."""
    rows = {
        "cases won": lambda b: f"{b.win_rate:.0%}",
        "detectives standing at the end": lambda b: f"{b.survival:.0%}",
        "steps of a case": lambda b: f"{b.case_length:.0f}",
        "return per detective": lambda b: f"{rounded(b.team_return, 1):.1f}",
        "together at a tough spirit": lambda b: f"{b.teaming_up:.1f}",
        "steps between two mates": lambda b: f"{b.mate_distance:.1f}",
        "health lost alone (per 100 steps)": lambda b: f"{b.health_lost_alone:.1f}",
    }
    toughness = sorted(next(iter(behaviours.values())).banished)
    for k in toughness:
        rows[f"spirits of toughness {k} banished"] = lambda b, k=k: f"{b.banished[k]:.0%}"
    body = [[name, *(show(behaviour) for behaviour in behaviours.values())] for name, show in rows.items()]
    return Table([["", *behaviours], *body])
