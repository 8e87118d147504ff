"""Replay theatre: any number of replays side by side on one clock, drawn by the browser from frames sent once.

Detectives are numbered discs with a bar for their health, the fallen are crosses, spirits are diamonds with one dot for
each detective they take; a dark ring marks who is being drained, a growing ring a spirit that is being banished.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ppo_lessons.display.team import board_of, show_replays
from ppo_lessons.spirit_world.evaluation import Replay

HERE = Path(__file__).parent


class Theatre(anywidget.AnyWidget):
    """Replays of the same case, played together; a shorter one stands still at its end.

    A reader without a kernel gets them as a moving picture, which the course's JupyterLab plays as this one.

    Args:
        title: What a screen reader calls the player.
        replays: Name -> replay, from left to right.
        text: What a reader without the picture gets, the same on every machine.
        autoplay: Whether it begins by itself; not where the reader wants less motion.
    """

    _esm = HERE / "theatre.js"
    _css = HERE / "controls.css"
    title = traitlets.Unicode().tag(sync=True)
    boards = traitlets.List().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    """The step that is shown; while it plays, the one where it began."""

    autoplay = traitlets.Bool().tag(sync=True)

    def __init__(self, title: str, replays: Mapping[str, Replay], text: str, autoplay: bool = False) -> None:
        self.text = text
        self._replays = dict(replays)
        boards = [board_of(name, replay) for name, replay in replays.items()]
        super().__init__(title=title, boards=boards, autoplay=autoplay)

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
            picture = show_replays(self._replays, self.text, autoplay=self.autoplay)
            data = {**data, **picture._repr_mimebundle_()}
        return {**data, "text/plain": self.text}, metadata
