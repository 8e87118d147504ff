"""A living figure around work that goes on in the background: buttons start and stop it, the picture follows it."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import ipywidgets as widgets

from ppo_lessons.interactive.background import Background
from ppo_lessons.interactive.controls import Button, Controls, Knob
from ppo_lessons.interactive.explorer import bundle_of
from ppo_lessons.interactive.latest import LatestOnly
from ppo_lessons.interactive.screen import REST, Face, Screen

REDRAW_SECONDS = 0.5
"""Time between two drawings while the work goes on."""


_newest: "WeakValueDictionary[type, Workbench]" = WeakValueDictionary()


class Workbench(widgets.VBox):
    """Knobs, buttons, one line of numbers and one picture, and work in the background.

    A new one ends the work of an older one of its class, which keeps what it did.

    Subclasses say what one piece of work is (`work`), what the picture shows (`look`) and what a button does
    (`press`). A reader without a kernel gets the picture and a fixed text.

    Args:
        title: What a screen reader calls the controls.
        text: What a reader without the picture gets, the same on every machine.
        face: Number of panels side by side -> what shows what `look` returns.
        knobs: With values; the picture follows them too.
        buttons: Each calls `press`.
        foot: Widgets below the picture.
    """

    def __init__(
        self,
        title: str,
        text: str,
        face: Callable[[int], Face],
        knobs: Sequence[Knob],
        buttons: Sequence[Button],
        foot: Sequence[widgets.Widget] = (),
    ) -> None:
        self.title, self.text = title, text
        self._latest = LatestOnly(self._draw)
        self._background = Background(self._work, self._ended)
        self._failed: Exception | None = None
        self._next_drawing = 0.0
        self.controls = Controls(title, knobs, buttons, lambda _: self.follow(), self.press)
        self.screen = Screen(text, face, self.follow)
        self._draw()
        if (older := _newest.get(type(self))) is not None:
            older.stop()  # its cell was run again: nobody would see it, and it would go on until the kernel ends
        _newest[type(self)] = self
        super().__init__((self.controls, self.screen, *foot), layout=dict(overflow="visible"))

    def work(self) -> bool:
        """Do one piece, and say whether there is more."""
        raise NotImplementedError

    def look(self) -> Any:
        """Return what the face shows."""
        raise NotImplementedError

    def press(self, button: str) -> None:
        """Do what a button is for."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether work is going on."""
        return self._background.running

    def start(self) -> None:
        """Begin the work, or go on with it."""
        self._background.start()

    def stop(self) -> None:
        """End the work after the piece that is under way; nothing that was done is lost."""
        self._background.stop()

    def forget_failure(self) -> None:
        """Say no longer what ended the work."""
        self._failed = None

    def follow(self) -> None:
        """Draw what there is to be seen now, soon."""
        self._latest.ask()

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until the picture is up to date; False if that takes longer than `seconds`."""
        return self._latest.wait(seconds)

    def _work(self) -> bool:
        self._failed = None
        more = self.work()
        if time.monotonic() > self._next_drawing:
            self._next_drawing = time.monotonic() + REDRAW_SECONDS
            self.follow()
        return more

    def _ended(self, failed: Exception | None) -> None:
        self._failed = failed
        self.follow()

    def _draw(self) -> None:
        try:
            sharp = self.screen.show(self.look())
        except Exception as error:
            self.screen.complain(error)
            return
        if self._failed is not None:
            self.screen.complain(self._failed)
        if not sharp and self._latest.rests(REST):
            self.screen.sharpen()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return bundle_of(self, super()._repr_mimebundle_(**options), self.screen)
