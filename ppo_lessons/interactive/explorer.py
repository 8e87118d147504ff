"""A living figure: knobs, a picture that follows them, and its numbers in a line of text; two side by side if wanted.

An explorer is made of three small pieces: a pure function (numbers in, arrays out), a face (artists that show what it
returns), and knobs (its arguments).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from ppo_lessons.display.picture import SHARP, WIDTHS, image
from ppo_lessons.interactive.controls import Button, Controls, Knob
from ppo_lessons.interactive.latest import LatestOnly
from ppo_lessons.interactive.limits import Limits, find_limits, set_limits
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.interactive.screen import REST, Face, Screen


class Panel(widgets.VBox):
    """Knobs, one line of numbers and one picture.

    Args:
        title: What a screen reader calls the knobs.
        text: What the picture is, for whoever does not see it.
        compute: A pure function of the knobs' values, called by name.
        face: Number of panels side by side -> what shows what it returns.
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
        text: str,
        compute: Callable[..., Any],
        face: Callable[[int], Face],
        knobs: Sequence[Knob],
        buttons: Sequence[Button],
        on_press: Callable[[str], None],
        on_show: Callable[[], None] = lambda: None,
    ) -> None:
        self._compute, self._on_show = compute, on_show
        self._latest = LatestOnly(self._follow)
        self.controls = Controls(title, knobs, buttons, self._latest.ask, on_press)
        self.screen = Screen(text, face, lambda: self._latest.ask(self.controls.values))
        self._follow(self.controls.values)
        super().__init__((self.controls, self.screen), layout=LAYOUT)

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until the picture shows the newest settings; False if that takes longer than `seconds`."""
        return self._latest.wait(seconds)

    def _follow(self, settings: dict[str, Any]) -> None:
        try:
            result = self._compute(**settings)
            sharp = self.screen.show(result)
            self.result = result
            self._on_show()
        except Exception as error:  # anything else would vanish: nobody reads the log of a thread
            self.screen.complain(error)
            return
        if not sharp and self._latest.rests(REST):
            self.screen.sharpen()

    def close(self) -> None:
        """Close the widgets inside too."""
        for widget in (*self.children, self):
            if isinstance(layout := getattr(widget, "layout", None), widgets.Widget):
                layout.close()
            if widget is not self:
                widget.close()
        super().close()


LAYOUT = dict(flex=f"1 1 {WIDTHS[1]}px", min_width="0", overflow="visible")
"""Of a panel: two stand side by side where there is room for both."""


def bundle_of(widget: widgets.DOMWidget, bundle: Any, screen: Screen) -> Any:
    """Return what stands for a living figure where no kernel runs: its picture, and its fixed text.

    Args:
        widget: The figure; its `text` is compared by nbval.
        bundle: What a kernel shows of it.
        screen: Its picture.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    html = image(screen.stored(), screen.width, widget.text)
    return {**data, "text/html": html, "text/plain": widget.text}, metadata


class Explorer(widgets.VBox):
    """One panel, or two with settings of their own; a reader without a kernel gets its picture and a fixed text.

    Args:
        title: Of the explorer, for screen readers: "Clipping".
        text: What a reader without the picture gets, the same on every machine. nbval compares it.
        compute: A pure function of the knobs' values, called by name.
        face: Makes a fresh face for each panel, given how many panels stand side by side.
        knobs: Its arguments.
        foot: Widgets below the panels.
        on_show: Called with the results of all panels after each new picture, and when a panel is removed.
    """

    def __init__(
        self,
        title: str,
        text: str,
        compute: Callable[..., Any],
        face: Callable[[int], Face],
        knobs: Sequence[Knob],
        foot: Sequence[widgets.Widget] = (),
        on_show: Callable[[list[Any]], None] = lambda results: None,
    ) -> None:
        self.title, self.text, self.knobs, self.compute, self.foot = title, text, tuple(knobs), compute, tuple(foot)
        self._lock, self._telling = threading.RLock(), threading.Lock()
        self._on_show = on_show
        limits: dict[str, Limits] = {}

        def put_up(columns: int) -> Face:
            fresh = face(columns)
            limits.update(limits or find_limits(fresh.figure, fresh.show, compute, knobs))
            set_limits(fresh.figure, limits)
            return fresh

        def make(name: str, buttons: Sequence[Button]) -> Panel:
            return Panel(name, text, compute, put_up, knobs, buttons, self._press, self._tell)

        self._make, self._put_up = make, put_up
        self._row = widgets.HBox(layout=dict(flex_flow="row wrap", overflow="visible"))
        first = self._make(title, (Button("reset", "Reset"), Button("compare", "Compare two settings")))
        self._row.children = (first,)
        self._tell()
        super().__init__((self._row, *foot), layout=dict(overflow="visible"))

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panel, or both."""
        return self._row.children

    def drawer(self, columns: int) -> Callable[[Any], tuple[np.ndarray, str]]:
        """Return what draws any result of `compute` where no browser and no kernel is: for pages that are only read.

        Args:
            columns: Panels side by side, 1 to 3.

        Returns:
            Result -> its picture as on a screen of two device pixels, uint8, (height, width, 3), and its numbers.
        """
        face = self._put_up(columns)
        figure = LiveFigure(face)

        def draw(result: Any) -> tuple[np.ndarray, str]:
            said = face.show(result)
            return figure.pixels(SHARP), said

        return draw

    def tell(self, result: Any) -> None:
        """Let what stands below the figure follow a result that is not on its screen.

        Args:
            result: Of `compute`.
        """
        self._on_show([result])

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
        return bundle_of(self, super()._repr_mimebundle_(**options), self.panels[0].screen)
