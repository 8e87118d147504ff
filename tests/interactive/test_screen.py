"""A screen draws for the column in which it stands, and says what it shows."""

import io

import pytest
from PIL import Image

from ppo_lessons.display.picture import WIDTHS, new_panels
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.screen import Screen, columns_in

KNOBS = (Slider("at", "place", (0.0, 1.0, 2.0), 1.0),)


class TwoPanels:
    def __init__(self, columns: int = 2) -> None:
        self.figure, panels = new_panels(columns, {1: "one / two", 2: "one two"}, 1.5)
        self.points = [axes.plot([], [], "o")[0] for axes in panels.values()]

    def show(self, result: float) -> str:
        for point in self.points:
            point.set_data([result], [result])
        return f"at {result:g}"


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


FITS = ((0, 1), (359, 1), (360, 1), (579, 1), (592, 2), (839, 2), (848, 3), (3000, 3))


@pytest.mark.parametrize(("column", "columns"), FITS)
def test_panels_side_by_side_are_as_many_as_fit(column: int, columns: int):
    assert columns_in(column) == columns


def test_it_is_laid_out_anew_for_another_column_and_shows_the_same():
    panel = Explorer("Two", "two panels", lambda at: at, TwoPanels, KNOBS).panels[0]
    panel.controls.put(at=2.0)
    assert panel.wait()
    assert (panel.screen.width, size_of(panel.screen.png)) == (580, (580, 150)), "where nobody tells the width"
    limits = [axes.get_xlim() for axes in panel.screen.face.figure.axes]
    for column, size in ((400, (360, 300)), (900, (840, 150)), (600, (580, 150))):
        panel.screen.column = column
        assert panel.wait()
        assert (panel.screen.width, size_of(panel.screen.png)) == (size[0], size)
        assert panel.screen.said == "at 2"
        assert panel.screen.face.points[0].get_xdata() == [2.0]
        assert [axes.get_xlim() for axes in panel.screen.face.figure.axes] == limits


def test_a_draft_while_a_knob_moves_and_the_sharp_picture_when_it_rests():
    panel = Explorer("Two", "two panels", lambda at: at, TwoPanels, KNOBS).panels[0]
    sizes = []
    panel.screen.observe(lambda change: sizes.append(size_of(change.new)), "png")
    panel.screen.density = 2
    assert panel.wait()
    assert sizes[-1] == (1160, 300)
    sizes.clear()
    for at in (0.0, 1.0, 2.0):
        panel.controls.put(at=at)
    assert panel.wait()
    assert sizes[0] == (580, 150)
    assert sizes[-1] == (1160, 300)
    assert sizes.count((1160, 300)) == 1, "nothing is drawn sharply before the last value"
    assert panel.screen.width == 580


def test_a_complaint_is_said_and_the_picture_stays():
    screen = Screen("two panels", TwoPanels, lambda: None)
    assert screen.show(1.0), "with one device pixel the first picture is sharp"
    png = screen.png
    screen.complain(ValueError("too far"))
    assert (screen.said, screen.failed, screen.png) == ("⚠ ValueError: too far", True, png)
    screen.show(1.0)
    assert (screen.said, screen.failed, screen.png) == ("at 1", False, png)


def test_what_is_stored_is_sharp_whatever_the_screen_was():
    screen = Screen("two panels", TwoPanels, lambda: None)
    screen.show(1.0)
    assert size_of(screen.stored()) == (2 * WIDTHS[2], 300)
