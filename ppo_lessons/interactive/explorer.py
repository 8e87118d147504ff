"""A living figure: knobs, a picture that follows them, and its numbers in a line of text; two side by side if wanted.

An explorer is made of three small pieces: a pure function (numbers in, arrays out), a face (artists that show what it
returns), and knobs (its arguments).
"""

import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import ipywidgets as widgets
from matplotlib.figure import Figure

from ppo_lessons.interactive.controls import Button, Controls, Knob
from ppo_lessons.interactive.latest import LatestOnly
from ppo_lessons.interactive.limits import Limits, find_limits, set_limits
from ppo_lessons.interactive.live_figure import DRAWING, LiveFigure


class Face(Protocol):
    """The artists of an explorer. Panels without limits of their own get such that every setting fits."""

    figure: Figure

    def show(self, result: Any) -> str:
        """Put the artists where the result says, and return its numbers in one line."""
        ...


class Panel(widgets.VBox):
    """Knobs, one picture and one line of numbers.

    Args:
        title: What a screen reader calls the knobs.
        compute: A pure function of the knobs' values, called by name.
        face: Shows what it returns.
        knobs: Its arguments.
        buttons: Besides the knobs.
        on_press: Called with the name of a pressed button.
        on_show: Called after each new picture.
    """

    result: Any = None
    """What the picture shows: what `compute` returned last."""

    def __init__(
        self,
        title: str,
        compute: Callable[..., Any],
        face: Face,
        knobs: Sequence[Knob],
        buttons: Sequence[Button],
        on_press: Callable[[str], None],
        on_show: Callable[[], None] = lambda: None,
    ) -> None:
        self._compute, self._face, self._on_show = compute, face, on_show
        self._figure = LiveFigure(face)
        self._latest = LatestOnly(self._follow)
        self.controls = Controls(title, knobs, buttons, self._latest.ask, on_press)
        width, _ = self._figure.size
        self.picture = widgets.Image(format="png", layout=dict(width="100%", max_width=f"{width}px"))
        self.numbers = widgets.HTML()
        self._follow(self.controls.values)
        super().__init__(
            (self.controls, self.picture, self.numbers),
            layout=dict(flex=f"1 1 {min(width, 560)}px", max_width=f"{width}px", overflow="visible"),
        )

    def png(self) -> bytes:
        """Return the picture as it is, as a small PNG."""
        return self._figure.draw(compress_level=9)

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until the picture shows the newest settings; False if that takes longer than `seconds`."""
        return self._latest.wait(seconds)

    def _follow(self, settings: dict[str, Any]) -> None:
        try:
            result = self._compute(**settings)
            with DRAWING:
                said = self._face.show(result)
                picture = self._figure.draw()
        except Exception as error:  # anything else would vanish: nobody reads the log of a thread
            self.numbers.value = line(f"⚠ {type(error).__name__}: {error}", "alert")
            return
        self.result, self.picture.value = result, picture
        self.numbers.value = line(said, "status")
        try:
            self._on_show()
        except Exception as error:
            self.numbers.value = line(f"⚠ {type(error).__name__}: {error}", "alert")

    def close(self) -> None:
        """Close the widgets inside too."""
        for widget in (*self.children, self):
            for part in (getattr(widget, "style", None), getattr(widget, "layout", None)):
                if isinstance(part, widgets.Widget):
                    part.close()
            if widget is not self:
                widget.close()
        super().close()


def line(text: str, role: str) -> str:
    """Return one line of numbers as HTML; the role says to a screen reader whether it is news or a complaint."""
    return f'<div role="{role}" class="ppo-numbers" style="line-height: 1.4">{escape(text)}</div>'


class Explorer(widgets.VBox):
    """One panel, or two with settings of their own; a reader without a kernel gets its picture and a fixed text.

    Args:
        title: Of the explorer, for screen readers: "Clipping".
        text: What a reader without the picture gets, the same on every machine. nbval compares it.
        compute: A pure function of the knobs' values, called by name.
        face: Makes a fresh face for each panel.
        knobs: Its arguments.
        foot: Widgets below the panels.
        on_show: Called with the results of all panels after each new picture, and when a panel is removed.
    """

    def __init__(
        self,
        title: str,
        text: str,
        compute: Callable[..., Any],
        face: Callable[[], Face],
        knobs: Sequence[Knob],
        foot: Sequence[widgets.Widget] = (),
        on_show: Callable[[list[Any]], None] = lambda results: None,
    ) -> None:
        self.title, self.text = title, text
        self._lock, self._telling = threading.RLock(), threading.Lock()
        self._on_show = on_show
        limits: list[Limits] = []

        def make(name: str, buttons: Sequence[Button]) -> Panel:
            fresh = face()
            with DRAWING:
                limits[:] = limits or find_limits(fresh.figure, fresh.show, compute, knobs)
                set_limits(fresh.figure, limits)
            return Panel(name, compute, fresh, knobs, buttons, self._press, self._tell)

        self._make = make
        self._row = widgets.HBox(layout=dict(flex_flow="row wrap", overflow="visible"))
        first = self._make(title, (Button("reset", "Reset"), Button("compare", "Compare two settings")))
        self._row.children = (first,)
        self._tell()
        super().__init__((self._row, *foot), layout=dict(overflow="visible"))

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panel, or both."""
        return self._row.children

    def _press(self, button: str) -> None:
        with self._lock:
            first, *others = self.panels
            if button == "reset":
                first.controls.reset()
            elif button == "reset second":
                others[0].controls.reset()
            elif others:
                self._row.children = (first,)
                others[0].close()
                self._tell()
            elif button == "compare":
                buttons = Button("reset second", "Reset"), Button("remove", "Remove")
                second = self._make(f"{self.title}, second setting", buttons)
                second.controls.put(**first.controls.values)
                self._row.children = (first, second)
                self._tell()

    def _tell(self) -> None:
        with self._telling:  # so that the newest results are told last
            results = [panel.result for panel in self.panels]  # none while the first is made
            if all(result is not None for result in results):
                self._on_show(results)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "image/png": self.panels[0].png(), "text/plain": self.text}, metadata
