"""The knobs of an explorer: sliders, toggles, choices and buttons, in one widget made of the browser's own inputs.

They have what ipywidgets' sliders lack: a label that screen readers get, keys that do not reach the notebook, and a
word about it when no kernel follows them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import traitlets

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Slider:
    """A number out of an ordered list."""

    name: str
    """Of the argument that it sets."""
    label: str
    values: tuple[Any, ...]
    start: Any
    text: str | Callable[[Any], str] = "{:g}"
    """How a value is written."""
    play: int = 0
    """Milliseconds between two steps of a play button; 0: none."""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs to know."""
        write = self.text.format if isinstance(self.text, str) else self.text
        texts = [write(value) for value in self.values]
        return {"kind": "slider", "name": self.name, "label": self.label, "texts": texts, "play": self.play}

    def pack(self, value: Any) -> int:
        """Return the place of a value."""
        return self.values.index(value)

    def unpack(self, place: int) -> Any:
        """Return the value at a place."""
        return self.values[place]


@dataclass(frozen=True)
class Choice:
    """One out of a few named things."""

    name: str
    label: str
    values: tuple[str, ...]
    start: str

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs to know."""
        return {"kind": "choice", "name": self.name, "label": self.label, "texts": list(self.values)}

    def pack(self, value: str) -> int:
        """Return the place of a value."""
        return self.values.index(value)

    def unpack(self, place: int) -> str:
        """Return the value at a place."""
        return self.values[place]


@dataclass(frozen=True)
class Toggle:
    """Yes or no."""

    name: str
    label: str
    start: bool = False

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs to know."""
        return {"kind": "toggle", "name": self.name, "label": self.label}

    def pack(self, value: bool) -> bool:
        """Return the value."""
        return value

    def unpack(self, value: bool) -> bool:
        """Return the value."""
        return bool(value)


@dataclass(frozen=True)
class Button:
    """Something to be done when it is pressed."""

    name: str
    label: str

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs to know."""
        return {"kind": "button", "name": self.name, "label": self.label}


Knob = Slider | Choice | Toggle
"""What has a value."""


class Controls(anywidget.AnyWidget):
    """A row of knobs and buttons.

    Args:
        title: What a screen reader calls the group.
        knobs: Each sets one argument, by its name.
        buttons: Each calls `on_press`.
        on_change: Called with all settings after a knob was moved.
        on_press: Called with the name of a pressed button.
    """

    _esm = HERE / "controls.js"
    _css = HERE / "controls.css"
    title = traitlets.Unicode().tag(sync=True)
    knobs = traitlets.List().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        title: str,
        knobs: Sequence[Knob],
        buttons: Sequence[Button],
        on_change: Callable[[dict[str, Any]], None],
        on_press: Callable[[str], None],
    ) -> None:
        self._knobs = {knob.name: knob for knob in knobs}
        super().__init__(
            title=title,
            knobs=[item.spec() for item in (*knobs, *buttons)],
            settings={knob.name: knob.pack(knob.start) for knob in knobs},
        )
        self._pressed = on_press
        self.observe(lambda _: on_change(self.values), "settings")
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and "pressed" in content:
            self._pressed(content["pressed"])
        elif isinstance(content, dict) and "ping" in content:
            self.send({"pong": True})

    @property
    def values(self) -> dict[str, Any]:
        """Name -> value of every knob."""
        return {name: knob.unpack(self.settings[name]) for name, knob in self._knobs.items()}

    def put(self, **values: Any) -> None:
        """Move knobs, as a hand would, each by its name."""
        self.settings = {**self.settings, **{name: self._knobs[name].pack(value) for name, value in values.items()}}

    def reset(self) -> None:
        """Put every knob where it was at the start."""
        self.put(**{name: knob.start for name, knob in self._knobs.items()})
