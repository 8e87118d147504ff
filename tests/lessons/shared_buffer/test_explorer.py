"""The lesson's explorer: what is where at every moment, by counting, and that its knobs show it."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.shared_buffer.explorer import (
    ACTING,
    AROUND,
    CLEARED,
    EMPTY,
    FALLEN_WAITING,
    OUTSIDE,
    A,
    BufferFace,
    E,
    T,
    buffer_at,
    explore,
    fill_buffer,
    list_around,
)
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> BufferFace:
    return BufferFace()


def counted(steps: int) -> list[tuple[int, int, int]]:
    """The rows of living agents so far, one by one."""
    acting = recording().buffer.data.acting.tolist()
    return [(t, e, a) for t in range(steps) for e in range(E) for a in range(A) if acting[t][e][a]]


@pytest.mark.parametrize("name", BADGES)
@pytest.mark.parametrize("moment", [0, 3, 10, 31, 32])
def test_place_and_row_are_those_by_counting(name: str, moment: int):
    (t, e, a), rows = BADGES[name], counted(moment)
    result = fill_buffer(moment, name, True)
    assert result.place == t * 64 + e * 4 + a
    assert result.row == (rows.index((t, e, a)) if t < moment else None)
    assert (result.step, result.living, result.is_full) == (moment, len(rows), moment == 32)
    assert result.badge == (t, e, a)


def test_the_place_is_known_from_the_start_and_the_row_when_its_step_is_stored():
    known = [fill_buffer(moment, "falls", True) for moment in range(T + 1)]
    assert {result.place for result in known} == {384}
    assert [result.row for result in known] == [None] * 7 + [366] * 26


@pytest.mark.parametrize("moment", [0, 5, 32])
def test_the_grid_holds_what_was_added(moment: int):
    grid = fill_buffer(moment, "falls", False).grid
    acting = recording().buffer.data.acting.numpy()
    assert (grid[:moment][acting[:moment]] == ACTING).all()
    assert (grid[:moment][~acting[:moment]] == FALLEN_WAITING).all()
    assert (grid[moment:] == EMPTY).all()


def test_get_gives_rows_exactly_when_the_buffer_is_full():
    for moment in range(T + 1):
        result = fill_buffer(moment, "wins", False)
        assert bool(result.refusal) == (moment < T)
        assert f"Got {moment} of 32" in result.refusal or moment == T
    assert len(buffer_at(T).get().actions) == fill_buffer(T, "wins", False).living == len(counted(T))
    assert (buffer_at(T).get().advantages == recording().buffer.get().advantages).all()


def test_cleared_means_that_nothing_can_be_read():
    result = fill_buffer(CLEARED, "cut off", True)
    assert (result.step, result.living, result.is_full, result.row) == (0, 0, False, None)
    assert "Got 0 of 32" in result.refusal and result.place == 836 and (result.grid == EMPTY).all()
    assert fill_buffer(T, "cut off", True).row == 783, "the full buffer is another one"


@pytest.mark.parametrize("name", BADGES)
def test_the_list_holds_the_neighbours_in_flat_order(name: str):
    places, rows = fill_buffer(T, name, False), fill_buffer(T, name, True)
    every = [(t, e, a) for t in range(T) for e in range(E) for a in range(A)]
    acting = recording().buffer.data.acting
    for line in places.around:
        assert line.badge == every[line.number]
        assert line.holds == (ACTING if acting[line.badge] else FALLEN_WAITING)
    assert [line.badge for line in rows.around] == counted(T)[rows.row - AROUND : rows.row + AROUND + 1]
    assert {line.holds for line in rows.around} == {ACTING}
    assert places.around[AROUND].badge == rows.around[AROUND].badge == BADGES[name]


def test_the_list_ends_where_the_rows_end():
    badges = torch.tensor(counted(1))
    holds = np.full(len(badges), ACTING)
    first, last = (list_around(row, badges, holds) for row in (0, len(badges) - 1))
    assert [line.holds for line in first] == [OUTSIDE] * AROUND + [ACTING] * (AROUND + 1)
    assert [line.holds for line in last] == [ACTING] * (AROUND + 1) + [OUTSIDE] * AROUND
    assert [line.badge for line in first] == [None] * AROUND + counted(1)[: AROUND + 1]
    assert [line.number for line in last] == list(range(len(badges) - 1 - AROUND, len(badges) + AROUND))


def test_the_picture_says_where_it_lands(face: BufferFace):
    face.show(fill_buffer(10, "falls", False))
    assert face.list_title.get_text() == "place (6 x 16 + 0) x 4 + 0 = 384"
    assert face.texts[AROUND].get_text() == " 384  (6, 0, 0)" and face.says.get_text() == "get() refuses"
    assert face.arrow.xy1 == (0.5, 6.5) and face.next.get_y() == 10
    face.show(fill_buffer(32, "cut off", False))
    assert [face.texts[i].get_text()[-6:] for i in (0, 2)] == ["fallen", "fallen"]
    assert not face.next.get_visible() and face.says.get_text() == "get() gives 1934 rows"
    face.show(fill_buffer(32, "cut off", True))
    assert face.list_title.get_text() == "row 836 - 53 fallen = 783"
    face.show(fill_buffer(4, "falls", True))
    assert "not known yet" in face.silence.get_text() and not face.arrow.get_visible()
    assert not any(text.get_text() for text in face.texts)
    face.show(fill_buffer(CLEARED, "falls", True))
    assert "cleared" in face.word.get_text() and face.word.get_visible()


def test_the_line_says_the_numbers(face: BufferFace):
    living = len(counted(10))
    said = face.show(fill_buffer(10, "falls", True))
    assert said == (
        f"10 steps stored, 640 of 2048 places, {living} of them real decisions, is_full False; "
        '"falls" (6, 0, 0): place 384, row 366 (18 fallen before it); '
        "get() refuses: A buffer is read when it is full. Got 10 of 32 steps"
    )
    assert "row" not in face.show(fill_buffer(10, "falls", False))
    assert "get() gives 1934 rows" in face.show(fill_buffer(T, "falls", False))
    assert face.show(fill_buffer(CLEARED, "falls", False)).startswith("cleared: 0 steps stored")


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["moment", "follow", "living_only"])
def test_every_knob_changes_picture_and_numbers(explorer: Explorer, name: str):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    first = shown(panel)
    values = getattr(knob, "values", (False, True))
    last = len(values) - 1
    places = {0, 1, last - 1, last, round(0.2 * last), round(0.8 * last)}
    others = [value for value in (values[place] for place in places) if value != knob.start]
    seen = [shown(panel, **{name: value}) for value in others]
    assert len({picture for picture, _ in [first, *seen]}) == len({line for _, line in [first, *seen]}) == len(seen) + 1
    assert shown(panel, **{name: knob.start}) == first, "nothing stays behind"


def test_a_list_that_comes_back_is_as_it_was(explorer: Explorer):
    """Also in another panel, which has drawn none of it yet."""
    panel = explorer.panels[0]
    moves = [(moment, name, only) for moment, name in ((32, "cut off"), (4, "falls"), (32, "falls")) for only in (0, 1)]
    first, again = ([shown(panel, moment=m, follow=f, living_only=bool(o)) for m, f, o in moves] for _ in range(2))
    assert first == again
    fresh = explore().panels[0]
    assert [shown(fresh, moment=m, follow=f, living_only=bool(o)) for m, f, o in reversed(moves)] == first[::-1]


def test_the_stored_picture_is_small_and_not_empty(explorer: Explorer):
    png = explorer.panels[0].screen.stored()
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    assert len(png) < 100_000 and (pixels < 200).mean() > 0.01
