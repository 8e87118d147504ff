"""The lesson's pictures say what their data say."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.lessons.team_critic import figures
from ppo_lessons.lessons.team_critic.figures import show_critics, show_inputs
from ppo_lessons.shipped.critics import CRITICS, Critics
from ppo_lessons.team_view import team_obs


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """Figures and their panels, as they were made."""
    kept, new_figure = [], figures.new_figure

    def keep(*sizes: float, **options: object):
        kept.append(new_figure(*sizes, **options))
        return kept[-1]

    monkeypatch.setattr(figures, "new_figure", keep)
    return kept


# ---- what a critic reads


def test_what_the_teams_critic_reads(drawn: list):
    obs = torch.arange(1.0, 16.0).reshape(1, 3, 5) / -15
    acting = torch.tensor([[True, False, True]])
    rows = team_obs(obs, acting)[0]
    picture = show_inputs(rows, acting[0])
    assert picture.text == "18 numbers for each of 3 detectives: 3 views of 5, then its number, one-hot. Fallen: 1"
    assert is_not_empty(picture)
    _, axes = drawn[-1]
    np.testing.assert_array_equal(axes.images[0].get_array(), rows.abs().numpy())
    assert [line.get_xdata()[0] for line in axes.lines] == [4.5, 9.5, 14.5], "where a view ends"
    assert axes.get_xticks().tolist() == [2, 7, 12, 16]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["seen by 0", "seen by 1", "seen by 2", "who"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1, fallen", "2"]


@pytest.mark.parametrize(("alive", "fallen"), [([True, True], "nobody"), ([False, False], "0, 1")])
def test_who_has_fallen(alive: list[bool], fallen: str):
    acting = torch.tensor([alive])
    picture = show_inputs(team_obs(torch.ones(1, 2, 3), acting)[0], acting[0])
    assert (
        picture.text == f"8 numbers for each of 2 detectives: 2 views of 3, then its number, one-hot. Fallen: {fallen}"
    )


# ---- how teams fared


def runs(own: list[list[float]], team: list[list[float]], ends: list[list[float]], quantity: str) -> Critics:
    """Two seeds with each critic: their curves, and what the trained teams do."""
    curves = np.array([own, team], np.float32)
    steps = np.arange(1, curves.shape[-1] + 1) * 500_000
    return Critics(steps, {quantity: curves}, {quantity: np.array(ends, np.float32)})


@pytest.fixture
def found() -> dict[str, Critics]:
    unknown = [[np.nan, 0.2, 0.6], [0.0, 0.4, 0.8]]
    return {
        "standard": runs([[0.1, 0.5, 0.9], [0.3, 0.7, 0.9]], unknown, [[0.9, 0.8], [0.5, 0.7]], "win_rate"),
        "fog": runs([[0.0, 0.1], [0.2, 0.3]], [[0.5, 0.6], [0.7, 0.6]], [[0.2, 0.3], [1.0, 0.9]], "win_rate"),
    }


def test_how_teams_fared_is_the_mean_of_the_trained_teams(found: dict[str, Critics]):
    assert tuple(CRITICS) == ("own", "team")
    picture = show_critics(found)
    assert picture.text == (
        "win_rate at the end, mean of the seeds. standard: own 0.85, team 0.60; fog: own 0.25, team 0.95"
    )
    assert is_not_empty(picture)


def test_curves_are_means_where_every_seed_is_known(found: dict[str, Critics], drawn: list):
    show_critics(found)
    panels = drawn[-1][1].flat
    wanted = {
        "standard": ([(0.5, 0.2), (1.0, 0.6), (1.5, 0.9)], [(1.0, 0.3), (1.5, 0.7)]),
        "fog": ([(0.5, 0.1), (1.0, 0.2)], [(0.5, 0.6), (1.0, 0.6)]),
    }
    for axes, (case, curves) in zip(panels, wanted.items(), strict=True):
        assert axes.get_title("left") == case
        assert [line.get_label() for line in axes.lines] == ["own", "team"]
        for line, points in zip(axes.lines, curves, strict=True):
            np.testing.assert_allclose(line.get_xydata(), points, rtol=1e-6)
    bands = [band.get_paths()[0].vertices[:, 1] for band in panels[1].collections]
    assert [(heights.min(), heights.max()) for heights in bands] == [
        pytest.approx((0.0, 0.3)),
        pytest.approx((0.5, 0.7)),
    ]


def test_another_quantity():
    numbers = [[0.5], [0.7]], [[0.9], [0.9]], [[0.5, 0.6], [0.8, 1.0]], "survival"
    text = show_critics({"standard": runs(*numbers), "fog": runs(*numbers)}, "survival").text
    assert text.startswith("survival at the end, mean of the seeds. standard: own 0.55, team 0.90")
