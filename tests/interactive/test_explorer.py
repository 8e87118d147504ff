"""Explorers: picture and numbers follow the knobs, mistakes are said, and two panels leave each other alone."""

import threading
from typing import Any

import pytest
from ipywidgets.widgets import widget as registry

from ppo_lessons.display.picture import image, new_figure
from ppo_lessons.interactive.controls import Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer, Panel

KNOBS = (Slider("at", "place", (0.0, 0.5, 1.0, 1.5, 2.0), 1.0), Toggle("high", "high"))


def compute(at: float, high: bool) -> tuple[float, float]:
    if at == 2.0:
        raise ValueError("<b>too far</b> & gone")
    return at, 1.0 + high


class PointFace:
    made = 0

    def __init__(self, columns: int = 2) -> None:
        PointFace.made += 1
        self.figure, axes = new_figure(3.0, 2.0, layout=None)
        axes.set(xlim=(0, 2), ylim=(0, 3))
        (self.point,) = axes.plot([], [], "o")

    def show(self, result: tuple[float, float]) -> str:
        if result[0] == 1.5:
            raise RuntimeError("no such picture")
        self.point.set_data([result[0]], [result[1]])
        return f"at {result[0]:g}, {result[1]:g} < 3"


def explorer(**options: Any) -> Explorer:
    return Explorer(
        "Points", "a point that moves", **{"compute": compute, "face": PointFace, "knobs": KNOBS, **options}
    )


def put(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    return panel.screen.png, panel.screen.said


def press(made: Explorer, button: str) -> None:
    """Press a button of the first panel that has it, as the browser does."""
    panel = next(p for p in made.panels if any(spec["name"] == button for spec in p.controls.knobs))
    panel.controls._handle_custom_msg({"pressed": button}, [])


def test_picture_and_numbers_follow():
    panel = explorer().panels[0]
    first = panel.screen.png, panel.screen.said
    assert first == (panel.screen._figure.draw(), "at 1, 1 < 3")
    assert panel.result == (1.0, 1.0)
    moved = put(panel, at=0.5)
    assert moved[1] == "at 0.5, 1 < 3"
    assert panel.result == (0.5, 1.0)
    higher = put(panel, high=True)
    assert len({first[0], moved[0], higher[0]}) == 3
    assert put(panel, at=1.0, high=False) == first


@pytest.mark.parametrize(
    ("at", "said"),
    [(2.0, "ValueError: <b>too far</b> & gone"), (1.5, "RuntimeError: no such picture")],
)
def test_a_mistake_is_said_and_the_next_right_value_clears_it(at: float, said: str):
    panel = explorer().panels[0]
    picture, numbers = panel.screen.png, panel.screen.said
    stays, complaint = put(panel, at=at)
    assert said in complaint
    assert panel.screen.failed
    assert stays == picture
    assert panel.result == (1.0, 1.0), "the result is that of the picture"
    assert put(panel, at=1.0) == (picture, numbers)
    assert not panel.screen.failed


def test_compare_reset_remove():
    made, before = explorer(), PointFace.made
    first = made.panels[0]
    put(first, at=0.5, high=True)
    press(made, "compare")
    assert made.panels[0] is first
    second = made.panels[1]
    assert second.wait()
    assert PointFace.made == before + 1
    assert second.screen.face is not first.screen.face
    assert second.controls.values == {"at": 0.5, "high": True}
    assert (second.screen.png, second.screen.said) == (first.screen.png, first.screen.said)
    assert second.controls.title != first.controls.title

    kept = first.screen.png, first.screen.said
    put(second, at=1.0)
    assert (first.screen.png, first.screen.said) == kept
    assert put(first, high=False) != kept
    assert second.result == (1.0, 2.0)
    press(made, "reset second")
    assert second.wait()
    assert second.controls.values == {"at": 1.0, "high": False}
    assert first.controls.values == {"at": 0.5, "high": False}
    press(made, "reset")
    assert first.wait()
    assert first.controls.values == {"at": 1.0, "high": False}
    press(made, "remove")
    assert made.panels == (first,)
    assert put(first, at=0.0)[1] == "at 0, 1 < 3"
    press(made, "compare")
    press(made, "compare")
    assert made.panels == (first,), "pressed twice: compared, and no more"


def test_remove_never_opens_a_panel():
    made = explorer()
    press(made, "compare")
    second = made.panels[1]
    for _ in range(2):
        second.controls._handle_custom_msg({"pressed": "remove"}, [])
    assert len(made.panels) == 1


def test_a_removed_panel_leaves_nothing_open():
    made = explorer()
    before = set(registry._instances)
    press(made, "compare")
    assert made.panels[1].wait()
    press(made, "remove")
    assert set(registry._instances) == before


def test_on_show_gets_the_results():
    told: list[list[Any]] = []
    made = explorer(on_show=told.append)
    assert told[-1] == [(1.0, 1.0)]
    put(made.panels[0], at=0.5)
    assert told[-1] == [(0.5, 1.0)]
    before = len(told)
    put(made.panels[0], at=2.0)
    assert len(told) == before, "there is no new picture"
    press(made, "compare")
    put(made.panels[1], at=1.0)
    assert told[-1] == [(0.5, 1.0), (1.0, 1.0)]
    press(made, "remove")
    assert told[-1] == [(0.5, 1.0)]


def test_on_show_is_told_of_the_second_panel():
    told: list[list[Any]] = []
    made = explorer(on_show=told.append)
    press(made, "compare")
    assert made.panels[1].wait()
    assert told[-1] == [(1.0, 1.0), (1.0, 1.0)]


def test_a_mistake_in_on_show_is_said_and_not_the_end():
    def complain(results: list[Any]) -> None:
        if results and results[0][0] == 0.5:
            raise ValueError("no")

    panel = explorer(on_show=complain).panels[0]
    panel.controls.put(at=0.5)
    assert panel.wait(2)
    assert "ValueError: no" in panel.screen.said
    assert put(panel, at=0.0)[1] == "at 0, 1 < 3"


def test_on_show_is_spared_a_result_that_is_not_there():
    told: list[list[Any]] = []
    bad = (Slider("at", "place", (0.0, 2.0), 2.0), KNOBS[1])
    panel = explorer(knobs=bad, on_show=told.append).panels[0]
    assert panel.screen.failed
    assert not any(None in results for results in told)


def test_the_newest_results_are_told_last():
    """While one panel tells, the other waits: else what it tells is overwritten by what is older."""
    block, inside, go_on, finished = [False], threading.Event(), threading.Event(), []

    def slow(results: list[Any]) -> None:
        if block[0]:
            block[0] = False
            inside.set()
            assert go_on.wait(30)
        finished.append(list(results))

    made = explorer(on_show=slow)
    press(made, "compare")
    first, second = made.panels
    block[0] = True
    first.controls.put(at=0.5)
    assert inside.wait(30)
    second.controls.put(at=0.0)
    second.wait(0.5)  # until it has told, or waits for its turn
    go_on.set()
    assert first.wait()
    assert second.wait()
    assert finished[-1] == [(0.5, 1.0), (0.0, 1.0)]


def test_the_foot_stands_below_and_a_reader_without_a_kernel_gets_the_picture():
    foot = Panel("Foot", "a foot", compute, PointFace, KNOBS, (), lambda name: None)
    made = explorer(foot=(foot,))
    assert made.children == (made._row, foot)
    data, _ = made._repr_mimebundle_()
    assert data["text/plain"] == "a point that moves"
    assert data["text/html"] == image(made.panels[0].screen.stored(), 300, "a point that moves")
    assert made.panels[0].screen.stored().startswith(b"\x89PNG")
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == made.model_id
    before = data["text/html"]
    put(made.panels[0], at=0.5)
    assert made._repr_mimebundle_()[0]["text/html"] != before
