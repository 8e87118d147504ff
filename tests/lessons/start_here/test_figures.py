"""The three ages in one picture: boards and maps of one size, each with its words."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ppo_lessons import evaluate, policy_player, random_player, record
from ppo_lessons.lessons.start_here import figures
from ppo_lessons.shipped.ages import AGES, load_age
from tests.pixels import is_not_empty


def test_telling_frame_of_a_won_case_still_has_a_spirit():
    won = record(policy_player(load_age("mastery")), seed=106)
    frame = figures.telling_frame(won)
    assert won.outcome == "won"
    assert not won.states.banished[frame].all() and won.states.banished[frame + 1].all()


def test_ages_say_what_they_achieve():
    behaviour, replay = evaluate(random_player(), cases=20), record(random_player(), seed=1)
    ages = figures.show_ages({"a": replay, "b": replay}, {"a": behaviour, "b": behaviour})
    assert is_not_empty(ages) and "a: wins" in ages.text


def test_boards_and_maps_are_squares_of_one_size_under_each_other(monkeypatch: pytest.MonkeyPatch):
    behaviour, replay = evaluate(random_player(), cases=20), record(random_player(), seed=1)
    made: list[Figure] = []
    monkeypatch.setattr(figures, "Picture", lambda figure, text: made.append(figure))
    figures.show_ages({"a": replay, "b": replay, "c": replay}, dict.fromkeys("abc", behaviour))
    (figure,) = made
    FigureCanvasAgg(figure).draw()
    boxes = [axes.get_window_extent() for axes in figure.axes if axes.images]
    assert len(boxes) == 6
    assert {(round(box.width), round(box.height)) for box in boxes} == {(177, 177)}
    for above, below in zip(boxes[:3], boxes[3:], strict=True):
        assert round(above.x0 - below.x0, 3) == 0 and below.y1 < above.y0


def test_the_return_tells_the_ages_apart_and_teaming_up_does_not():
    """What the lesson says of the behaviour table, on cases that the lesson does not use."""
    returns = figures.returns_of(AGES, seeds=(11, 12))
    lowest, highest = ([pick(returns[age]) for age in AGES] for pick in (min, max))
    assert highest[0] < lowest[1] - 0.3 and highest[1] < lowest[2] - 3
    teaming_up = {age: evaluate(policy_player(load_age(age)), cases=200, seed=11).teaming_up for age in AGES}
    assert teaming_up["mastery"] - teaming_up["survival"] < 0.6 < teaming_up["survival"] - teaming_up["chaos"]


def test_the_picture_says_the_share_of_the_toughest_spirits(monkeypatch: pytest.MonkeyPatch):
    behaviour, replay = evaluate(random_player(), cases=20), record(random_player(), seed=1)
    behaviour.banished.update({1: 0.9, 2: 0.5, 3: 0.25})
    made: list[Figure] = []
    monkeypatch.setattr(figures, "Picture", lambda figure, text: made.append(figure))
    figures.show_ages({"a": replay}, {"a": behaviour})
    titles = [axes.get_title() for axes in made[0].axes]
    assert any(title.startswith("toughest 25%, ") for title in titles)
