"""Which settings are drawn beforehand: ends, start and some between; plans are held against the explorers."""

import pytest

from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.publishing.site.settings import PLANS, USUALLY, in_words, plan_of, thinned, values_of

EPS = Slider("eps", "epsilon", tuple(range(21)), 4)
WHO = Choice("who", "who", ("a", "b", "c"), "b")
DONE = Toggle("done", "done")


@pytest.mark.parametrize(("start", "number"), [(4, 5), (0, 2), (20, 3), (19, 6), (1, 4), (4, 2)])
def test_ends_and_start_are_among_the_values(start, number):
    some = thinned(range(21), start, number)
    assert len(some) == max(number, len({0, start, 20}))
    assert {0, start, 20} <= set(some)
    assert start in some
    assert list(some) == sorted(some)


def test_few_values_are_all_kept():
    assert thinned("abc", "b", 5) == ("a", "b", "c")


def test_without_a_plan_the_first_two_knobs_move():
    chosen = plan_of("Unheard of", (EPS, DONE, WHO))
    assert [(c.knob.name, len(c.values)) for c in chosen] == [("eps", USUALLY), ("done", 2)]
    assert values_of(DONE) == (False, True)


def test_a_plan_is_followed(monkeypatch):
    monkeypatch.setitem(PLANS, "Planned", {"who": ("c", "b"), "eps": 3})
    assert [c.values for c in plan_of("Planned", (EPS, DONE, WHO))] == [(0, 4, 20), ("b", "c")]


@pytest.mark.parametrize("plan", [{"nothing": 2}, {"who": ("z",)}])
def test_a_plan_for_what_is_not_there_is_refused(monkeypatch, plan):
    monkeypatch.setitem(PLANS, "Planned", plan)
    with pytest.raises(ValueError, match="A plan names"):
        plan_of("Planned", (EPS, WHO))


def test_the_reader_is_told_what_is_coarser():
    chosen = plan_of("Unheard of", (EPS, DONE, WHO))
    assert in_words((EPS, DONE, WHO), chosen) == (
        f"On this page epsilon has {USUALLY} of its 21 values; who stays at b. In JupyterLab every knob has all its "
        "values, and two settings can be compared."
    )
    assert in_words((DONE,), plan_of("Other", (DONE,))) == "In JupyterLab two settings can be compared."
