"""Replay theatre: any number of replays side by side on one clock, drawn by the browser from frames sent once.

Detectives are numbered discs with a bar for their health, the fallen are crosses, spirits are diamonds with one dot for
each detective they take; a dark ring marks who is being drained, a growing ring a spirit that is being banished.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ppo_lessons.display.team import show_replays
from ppo_lessons.spirit_world.evaluation import Replay

HERE = Path(__file__).parent


class Theatre(anywidget.AnyWidget):
    """Replays of the same case, played together; a shorter one stands still at its end.

    A reader without a kernel gets them as a moving picture, and the text.

    Args:
        title: What a screen reader calls the player.
        replays: Name -> replay, from left to right.
        text: What a reader without the picture gets, the same on every machine.
    """

    _esm = HERE / "theatre.js"
    _css = HERE / "controls.css"
    title = traitlets.Unicode().tag(sync=True)
    boards = traitlets.List().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    """The step that is shown; while it plays, the one where it began."""

    def __init__(self, title: str, replays: Mapping[str, Replay], text: str) -> None:
        self.text = text
        self._replays = dict(replays)
        super().__init__(title=title, boards=[board_of(name, replay) for name, replay in replays.items()])

    def put(self, replays: Mapping[str, Replay]) -> None:
        """Show other replays, from their beginning."""
        self._replays = dict(replays)
        with self.hold_sync():
            self.step = 0
            self.boards = [board_of(name, replay) for name, replay in replays.items()]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if self._replays:
            data = {**data, "image/png": show_replays(self._replays, self.text).png}
        return {**data, "text/plain": self.text}, metadata


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
