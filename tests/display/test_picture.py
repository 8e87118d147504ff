"""A picture is the same bytes each time, and what it says is the same on every processor."""

import sys

import numpy as np
import pytest
import torch

from ppo_lessons.display.picture import Picture, draw_png, new_figure, rounded, signed


def test_the_same_figure_gives_the_same_bytes():
    first, second = (Picture(new_figure(2, 1)[0], "two by one") for _ in range(2))
    assert first.png == second.png
    assert set(first._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert repr(first) == first.text


def test_figures_keep_no_pyplot_state():
    draw_png(new_figure(2, 2)[0])
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


@pytest.mark.parametrize("nothing", [0.0, -0.0, 4e-9, -4e-9, np.float32(-1e-9), torch.tensor(-1e-9)])
def test_what_rounds_to_nothing_has_one_sign_on_every_processor(nothing: float):
    assert signed(nothing, 3) == "+0.000"
    assert f"{rounded(nothing, 1):.1f}" == "0.0"


def test_signs_are_kept():
    assert (signed(-0.0006, 3), signed(1.25, 1), f"{rounded(-1.26, 1):.1f}") == ("-0.001", "+1.2", "-1.3")
