"""The clue board: what it shows is what the runs say, against what is usual, and nothing after the chosen cycle."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.lessons.case_files import board
from ppo_lessons.lessons.case_files.board import (
    FAR,
    SHOWN,
    BoardFace,
    Look,
    Reading,
    clue_board,
    in_words,
    look,
    places,
    shipped,
    usual,
)
from ppo_lessons.shipped.case_runs import CYCLES, EVERY, SUSPECT, TWIN, CaseRuns
from ppo_lessons.shipped.traces import READINGS, Trace
from tests.readable import faults

NAMES = list(SHOWN)


@pytest.fixture(scope="module")
def explorer() -> Iterator[Explorer]:
    made = clue_board(5)
    yield made
    for panel in made.panels:
        panel.close()


@pytest.fixture(scope="module", params=[1, 2, 3])
def face(request: pytest.FixtureRequest) -> BoardFace:
    return BoardFace(request.param)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> CaseRuns:
    """Two points; entropy is usual from 1 to 2, approx_kl from 0.001 to 0.1; all else is 0."""
    cycles, zero = np.array([EVERY, 2 * EVERY]), np.zeros(2, np.float32)
    low_high = {name: np.zeros((2, 2), np.float32) for name in READINGS}
    low_high |= {"entropy": np.array([[1.0, 1.0], [2.0, 2.0]]), "approx_kl": np.array([[1e-3, 1e-3], [1e-1, 1e-1]])}
    own = {name: zero for name in READINGS}
    suspect = {**own, "entropy": np.array([1.5, 3.0]), "approx_kl": np.array([1e-2, 1e-5])}
    suspect |= {"mean_return": np.array([np.nan, 0.3])}
    twin = {**own, "entropy": np.array([2.0, 1.0]), "approx_kl": np.array([1e-1, 0.0])}
    runs = CaseRuns(cycles, {4: {TWIN: Trace(cycles, twin), SUSPECT: Trace(cycles, suspect)}}, low_high, {})
    monkeypatch.setattr(board, "shipped", lambda: runs)
    return runs


# ---- what is usual, and where a run stands in it


def test_all_readings_are_shown():
    assert sorted(NAMES) == sorted(READINGS)


def test_powers_of_ten_have_a_floor():
    values = np.array([1e-9, 1e-3, 10.0])
    np.testing.assert_allclose(Reading("x", 0.1, 1e-5).scaled(values), [-5, -3, 1])
    assert Reading("x", 0.1).scaled(values) is values


def test_places_by_hand(made_up: CaseRuns):
    found = dict(zip(NAMES, places(4, SUSPECT), strict=True))
    assert found["entropy"].tolist() == [0, 3], "in the middle; as far above it again as the band is wide"
    np.testing.assert_allclose(found["approx_kl"], [0, -3])
    assert np.isnan(found["mean_return"][0]) and found["mean_return"][1] == pytest.approx(0.3 / 0.15)
    twin = dict(zip(NAMES, places(4, TWIN), strict=True))
    assert twin["entropy"].tolist() == [1, -1]
    np.testing.assert_allclose(twin["approx_kl"], [1, -3])


def test_nobody_is_suspicious_for_less_than_the_least(made_up: CaseRuns):
    low, high = usual("survival")
    np.testing.assert_allclose([low, high], [[-0.02] * 2, [0.02] * 2])
    low, high = usual("entropy")
    np.testing.assert_allclose([low, high], [[1.0] * 2, [2.0] * 2])


def test_a_look_is_one_reading_over_time_and_all_at_one_moment(made_up: CaseRuns):
    result = look(4, "approx_kl", 2 * EVERY)
    assert (result.reading, result.point) == ("approx_kl", 1)
    np.testing.assert_allclose(result.curves[SUSPECT], [-2, -5])
    np.testing.assert_allclose(result.curves[TWIN], [-1, -5])
    np.testing.assert_allclose([result.low, result.high], [[-3, -3], [-1, -1]])
    for who in (TWIN, SUSPECT):
        np.testing.assert_array_equal(result.places[who], places(4, who)[:, 1])


@pytest.mark.parametrize("number", [1, 6, 13])
def test_a_look_at_the_shipped_runs(number: int):
    runs = shipped()
    for until in (EVERY, 125, CYCLES):
        result = look(number, "step_grad", until)
        assert runs.cycles[result.point] == until
        wanted = np.log10(np.maximum(runs.traces[number][SUSPECT].values["step_grad"], 1e-3))
        np.testing.assert_allclose(result.curves[SUSPECT], wanted, rtol=1e-6)


def test_where_nothing_is_known_nothing_is_unusual():
    """Too few cases have ended in the first five cycles to speak of a return."""
    for who in (TWIN, SUSPECT):
        assert np.isnan(look(1, "mean_return", EVERY).places[who][:2]).all()


# ---- in words


def looked(point: int, **suspect: float) -> Look:
    there = np.array([suspect.get(name, 0.0) for name in NAMES])
    return Look("entropy", point, {}, np.zeros(1), np.zeros(1), {SUSPECT: there, TWIN: there + 9})


def test_in_words_by_hand():
    usual_in_all = looked(3, entropy=1.0, approx_kl=-1.0, mean_return=np.nan)
    assert in_words(usual_in_all) == "cycle 20; suspect as usual in everything"
    assert in_words(looked(0, rows_used=1.1)) == "cycle 5; suspect above the usual: rows_used"
    assert in_words(looked(49, entropy=-2)) == "cycle 250; suspect below: entropy"
    assert (
        in_words(looked(1, entropy=-2, first_ratio=9, approx_kl=-1.5))
        == "cycle 10; suspect above the usual: first_ratio; below: entropy, approx_kl"
    )


# ---- the picture


@pytest.mark.parametrize("until", [EVERY, 120, CYCLES])
@pytest.mark.parametrize("reading", NAMES)
def test_everything_is_in_the_picture(face: BoardFace, reading: str, until: int):
    result = look(5, reading, until)
    assert face.show(result) == in_words(result)
    known = shipped().cycles <= until
    for who, line in face.lines.items():
        np.testing.assert_array_equal(line.get_xdata(), shipped().cycles)
        np.testing.assert_array_equal(line.get_ydata(), np.where(known, result.curves[who], np.nan))
    assert list(face.now.get_xdata()) == [until, until]
    low, high = face.axes.get_ylim()
    everything = np.concatenate((*result.curves.values(), result.low, result.high))
    assert low < np.nanmin(everything) and np.nanmax(everything) < high
    band = face.band.get_paths()[0].vertices
    for values in (result.low, result.high):
        finite = np.isfinite(values)
        wanted = np.column_stack((shipped().cycles, values))[finite]
        assert all(np.isclose(band, point).all(axis=1).any() for point in wanted)
    for who, mark in face.marks.items():
        drawn, wanted = mark.get_xdata(), result.places[who]
        np.testing.assert_array_equal(np.isnan(drawn), np.isnan(wanted))
        near = np.abs(wanted) <= FAR
        np.testing.assert_array_equal(np.asarray(drawn)[near], wanted[near])
        assert np.nanmax(np.abs(drawn)) <= FAR
    power = SHOWN[reading].floor > 0
    assert face.title.get_text() == ("log10 of " if power else "") + SHOWN[reading].words


def test_suspect_and_twin_are_told_apart_and_named(face: BoardFace):
    assert set(face.lines) == set(face.marks) == {TWIN, SUSPECT}
    assert face.lines[TWIN].get_linestyle() != face.lines[SUSPECT].get_linestyle()
    assert face.marks[TWIN].get_marker() != face.marks[SUSPECT].get_marker()
    for legend in (axes.get_legend() for axes in face.figure.axes):
        assert {TWIN, SUSPECT} <= {text.get_text() for text in legend.texts}
    rows = [axes for axes in face.figure.axes if len(axes.get_yticks()) == len(NAMES)]
    assert [label.get_text() for label in rows[0].get_yticklabels()] == [reading.words for reading in SHOWN.values()]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_it_is_drawn_and_nothing_stays_behind(columns: int):
    face = BoardFace(columns)
    live, seen = LiveFigure(face), []
    for setting in ((1, "mean_return", CYCLES), (7, "approx_kl", EVERY), (13, "step_grad", 100)):
        face.show(look(*setting))
        seen.append(live.draw())
    face.show(look(1, "mean_return", CYCLES))
    assert live.draw() == seen[0]
    assert len(set(seen)) == 3


def test_every_reading_is_drawn():
    face = BoardFace(2)
    live, seen = LiveFigure(face), set()
    for reading in NAMES:
        face.show(look(8, reading, 60))
        seen.add(live.draw())
    assert len(seen) == len(NAMES)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_everything_can_be_read(columns: int):
    """Nothing is cut off, and nothing lies on anything else."""
    for setting in ((13, "approx_kl", CYCLES), (9, "mean_return", EVERY)):
        face = BoardFace(columns)
        face.show(look(*setting))
        assert faults(face.figure) == []


# ---- the explorer


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


def test_every_knob_changes_the_picture(explorer: Explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    assert first[1] == in_words(look(5, "mean_return", CYCLES)), "it begins at the end, with the return"
    other, early = shown(panel, reading="first_ratio"), shown(panel, reading="mean_return", until=10)
    assert len({first[0], other[0], early[0]}) == 3
    assert other[1] == first[1] != early[1], "all readings of one moment are told, whichever is drawn"
    assert shown(panel, until=CYCLES) == first, "nothing stays behind"


def test_the_knobs_lead_to_all_that_was_recorded(explorer: Explorer):
    knobs = explorer.panels[0].controls._knobs
    assert knobs["reading"].values == tuple(SHOWN)
    assert knobs["until"].values == tuple(shipped().cycles.tolist())


def test_both_teams_play_the_same_case(explorer: Explorer):
    theatre = explorer.children[1]
    assert isinstance(theatre, Theatre)
    assert list(theatre._replays) == [TWIN, SUSPECT]
    for who, replay in theatre._replays.items():
        np.testing.assert_array_equal(replay.actions, shipped().replay(5, who).actions)


def test_it_says_which_case_it_is_and_is_small_when_stored(explorer: Explorer):
    assert explorer.title == "Case 5" and "case 5" in explorer.text
    png = explorer.panels[0].screen.stored()
    assert len(png) < 100_000
    assert Image.open(io.BytesIO(png)).size[0] == 1160


@pytest.mark.parametrize("number", [0, 14, -1, "5", None])
def test_a_case_that_is_not_there_is_refused(number: object):
    with pytest.raises(ValueError, match=r"A case is one of 1, 2, .*, 13\. Got"):
        clue_board(number)
