"""The lesson's explorer: what it draws is what a mask did, in every way, and NaN is said and not drawn."""

from collections.abc import Iterator

import numpy as np
import pytest

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.other_worlds.explorer import TIMES, MaskFace, explore_masks
from ppo_lessons.lessons.other_worlds.masking import MASKS, WAYS, Masked, in_words, mask_row
from ppo_lessons.spirit_world.rules import ACTION_NAMES

RIGHT, ZERO, INFINITE, TIMES_MASK = WAYS


@pytest.fixture(scope="module")
def explorer() -> Iterator[Explorer]:
    made = explore_masks()
    yield made
    for panel in made.panels:
        panel.close()


@pytest.fixture(scope="module", params=[1, 2, 3])
def face(request: pytest.FixtureRequest) -> MaskFace:
    return MaskFace(request.param)


def heights(bars: list) -> list[float]:
    return [bar.get_height() for bar in bars]


def centres(bars: list) -> list[float]:
    return [bar.get_x() + bar.get_width() / 2 for bar in bars]


# ---- its picture and its words


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("legal", MASKS)
def test_everything_is_in_the_picture(face: MaskFace, legal: str, way: str):
    for times in TIMES:
        result = mask_row(legal, way, times)
        said = face.show(result)
        assert heights(face.before) == pytest.approx(result.before.tolist())
        assert heights(face.now) == pytest.approx(result.chances.tolist())
        assert [mark.get_text() for mark in face.illegal] == ["" if may else "x" for may in MASKS[legal]]
        for a, mark in enumerate(face.illegal):
            x, y = mark.get_position()
            assert x == a and y > max(result.before[a], result.chances[a]), "above both bars"
        pull = np.where(np.isnan(result.pull), 0, result.pull)
        assert heights(face.pulls) == pytest.approx(pull.tolist())
        entropy = "NaN" if np.isnan(result.entropy) else f"{result.entropy:.2f}"
        assert face.said.get_text() == f"together {result.chances.sum():.2f}, entropy {entropy}"
        assert said == in_words(result).replace("nan", "NaN")


def test_each_bar_stands_over_the_name_of_its_action(face: MaskFace):
    names = [label.get_text() for axes in face.figure.axes for label in axes.get_xticklabels()]
    assert names == [*ACTION_NAMES] * 2
    for bars in (face.before, face.now, face.pulls):
        assert centres(bars) == pytest.approx([0, 1, 2, 3, 4])


def test_nan_is_said_in_picture_and_words_and_nothing_is_drawn_in_its_place(face: MaskFace):
    for legal in MASKS:
        words = face.show(mask_row(legal, INFINITE, 2.0))
        if legal == "everything":
            assert face.nan.get_text() == "" and "NaN" not in words + face.said.get_text()
            continue
        assert face.nan.get_text().startswith("NaN") and not any(heights(face.pulls))
        assert face.said.get_text().endswith("entropy NaN")
        assert "Entropy NaN. Pull on the legal logits: NaN" in words and "nan" not in words
    words = face.show(mask_row("two of five", RIGHT, 2.0))
    assert face.nan.get_text() == "" and "NaN" not in words + face.said.get_text(), "it does not stay"


def test_the_picture_by_hand(face: MaskFace):
    made_up = Masked(
        legal=np.array([False, True, True, False, True]),
        before=np.array([0.5, 0.2, 0.1, 0.1, 0.1]),
        chances=np.array([0.3, 0.4, 0.1, 0.2, 0.0]),
        entropy=1.279,
        pull=np.array([-0.25, 0.75, -0.5, 0.125, 0.0]),
        chosen=1,
        way="a way",
    )
    words = face.show(made_up)
    assert heights(face.before) == [0.5, 0.2, 0.1, 0.1, 0.1]
    assert heights(face.now) == [0.3, 0.4, 0.1, 0.2, 0.0]
    assert heights(face.pulls) == [-0.25, 0.75, -0.5, 0.125, 0.0]
    assert [mark.get_text() for mark in face.illegal] == ["x", "", "", "x", ""]
    assert [face.illegal[a].get_position()[1] for a in (0, 3)] == pytest.approx([0.515, 0.215])
    assert face.said.get_text() == "together 1.00, entropy 1.28"
    assert words.endswith("together 1.000, of it illegal 0.500. Entropy 1.279. Pull on the logits of what is "
                          "illegal: 0.375")  # fmt: skip


def test_everything_stays_within_the_limits(explorer: Explorer):
    face = explorer.panels[0].screen.face
    chances, pull = (axes.get_ylim() for axes in face.figure.axes)
    for legal in MASKS:
        for way in WAYS:
            for times in TIMES:
                result = mask_row(legal, way, times)
                face.show(result)
                tops = [*heights(face.before), *heights(face.now), *(mark.get_position()[1] for mark in face.illegal)]
                assert chances[0] == 0 and max(tops) < chances[1]
                assert pull[0] < min(heights(face.pulls)) and max(heights(face.pulls)) < pull[1]


def test_nothing_stays_behind():
    face = MaskFace()
    live, seen, said = LiveFigure(face), [], []
    for setting in (
        ("two of five", RIGHT),
        ("all but one", INFINITE),
        ("one alone", TIMES_MASK),
        ("two of five", RIGHT),
    ):
        said.append(face.show(mask_row(*setting, 1.0)))
        seen.append(live.draw())
    assert seen[3] == seen[0] and said[3] == said[0]
    assert len(set(seen)) == len(set(said)) == 3


# ---- the knobs


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["legal", "way", "times"])
def test_every_knob_changes_picture_and_numbers(explorer: Explorer, name: str):
    panel = explorer.panels[0]
    panel.controls.reset()
    first, knob = shown(panel), panel.controls._knobs[name]
    assert knob.values == {"legal": tuple(MASKS), "way": WAYS, "times": TIMES}[name]
    others = [value for value in knob.values if value != knob.start]
    seen = [first, *(shown(panel, **{name: value}) for value in others)]
    assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == len(knob.values)
    assert shown(panel, **{name: knob.start}) == first, "nothing stays behind"


def test_it_begins_with_the_right_way_where_something_is_forbidden(explorer: Explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    _, words = shown(panel)
    assert words == in_words(mask_row("two of five", RIGHT, 1.0)) and "of it illegal 0.000" in words


def test_what_the_lesson_asks_can_be_read_off(explorer: Explorer):
    """How often something illegal is drawn; what makes NaN of every weight; what does not add up, and who is pulled."""
    panel = explorer.panels[0]
    panel.controls.reset()

    def number(after: str, **values: object) -> str:
        return shown(panel, **values)[1].partition(after)[2].split()[0].rstrip(".,;")

    once, four_times = (float(number("of it illegal", way=ZERO, times=times)) for times in (1.0, 4.0))
    assert 0.3 < once < 0.4 and 0 < four_times < once / 10
    assert number("Pull on the legal logits:", way=INFINITE, times=1.0) == "NaN"
    assert float(number("together", way=TIMES_MASK)) < 0.7
    assert float(number("Pull on the logits of what is illegal:", way=TIMES_MASK)) > 0.3
