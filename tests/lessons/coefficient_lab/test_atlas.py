"""The atlas explorer shows what stands in the file, and the learner's own runs beside it."""

import math

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.coefficient_lab import atlas as atlas_explorer
from ppo_lessons.lessons.coefficient_lab import runs as runs_lab
from ppo_lessons.lessons.coefficient_lab.atlas import (
    QUANTITIES,
    AtlasFace,
    between,
    explore_atlas,
    mean_of_seeds,
    open_page,
    own_run,
    replays_of,
)
from ppo_lessons.lessons.coefficient_lab.runs import Trial, new_trial
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, Atlas, load_atlas
from ppo_lessons.spirit_world.evaluation import Replay

pytestmark = pytest.mark.slow

SMALL = PPOConfig(num_envs=4, num_steps=4, minibatch_size=64, epochs=2)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


@pytest.fixture(scope="module")
def usual(atlas: Atlas) -> dict[str, object]:
    config = PPOConfig()
    setting = {name: getattr(config, name) for name in ("clip_eps", "ent_coef", "vf_coef")}
    return dict(quantity="win_rate", point=len(atlas.agent_steps), seed=atlas.seeds[0], **setting)


def trained(cycles: int = 8, **changes: float) -> Trial:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_lab, "PPOConfig", lambda: SMALL)
        trial = new_trial(2, cycles, **changes)
    while not trial.finished:
        trial.train()
    return trial


def same_replay(one: Replay, other: Replay) -> bool:
    return one.outcome == other.outcome and np.array_equal(one.actions, other.actions)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_page_is_what_stands_in_the_file(atlas: Atlas, usual: dict[str, object], quantity: str):
    c, n, v, s, point = len(atlas.clip_eps) - 1, 1, 2, 1, 3
    page = open_page(quantity, point, atlas.clip_eps[c], atlas.ent_coef[n], atlas.vf_coef[v], atlas.seeds[s])
    assert page.place == (c, n, v)
    values = atlas.curves[quantity]
    np.testing.assert_array_equal(page.curves, values[c, n, v])
    np.testing.assert_array_equal(page.visits, atlas.visits[c, n, v, s])
    for i, j in np.ndindex(page.grid.shape):
        seeds = [x for x in values[i, j, v, :, point - 1].tolist() if not math.isnan(x)]
        wanted = np.mean(seeds) if seeds else math.nan
        assert page.grid[i, j] == pytest.approx(wanted, rel=1e-5, nan_ok=True)
    middle = tuple(getattr(atlas, name).index(usual[name]) for name in ("clip_eps", "ent_coef", "vf_coef"))
    np.testing.assert_array_equal(page.usual, mean_of_seeds(values[middle], axis=0))
    assert page.own == []
    assert list(page.replays) == ["default settings", "chosen settings"]
    assert same_replay(page.replays["chosen settings"], atlas.replay(c, n, v, s))
    assert same_replay(page.replays["default settings"], atlas.replay(*middle, s))


def test_what_is_not_there_is_refused(usual: dict[str, object]):
    with pytest.raises(ValueError, match="clip_eps must be one of"):
        open_page(**{**usual, "clip_eps": 0.3})
    with pytest.raises(KeyError):
        open_page(**{**usual, "quantity": "luck"})


def test_mean_of_seeds_leaves_out_what_is_not_there():
    values = np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]])
    np.testing.assert_array_equal(mean_of_seeds(values, axis=0), [2.0, 2.0, np.nan])
    np.testing.assert_array_equal(mean_of_seeds(values, axis=1), [1.5, 3.0])
    assert mean_of_seeds(np.empty((2, 0)), axis=0).shape == (0,)
    assert math.isnan(mean_of_seeds(np.empty(0), axis=0))


def test_between():
    ticks = (0.05, 0.1, 0.2, 0.4)
    assert [between(tick, ticks) for tick in ticks] == [0, 1, 2, 3]
    assert between(0.3, ticks) == pytest.approx(2.5)
    assert between(0.075, ticks) == pytest.approx(0.5)
    assert between(0.02, ticks) == -0.4
    assert between(0.41, ticks) == 3.4


def test_own_runs_appear(usual: dict[str, object]):
    usual = {**usual, "quantity": "entropy"}
    trials = [trained(ent_coef=0.01), trained(vf_coef=10.0, clip_eps=0.1)]
    face = AtlasFace()
    live = LiveFigure(face)
    said = [face.show(open_page(**usual))]
    seen = [live.draw()]
    assert "★" not in said[0]
    for count in (1, 2):
        said.append(face.show(open_page(**usual, trials=trials[:count])))
        seen.append(live.draw())
    assert len(set(seen)) == 3

    column = (*BEHAVIOUR, *LEARNING).index("entropy")
    for i, trial in enumerate(trials):
        x, y = face.own[i].get_data()
        wanted = trial.curves()[:, :, column].mean(axis=0)
        np.testing.assert_allclose(y, wanted)
        np.testing.assert_allclose(x, [4 * 4096 / 1e6, 8 * 4096 / 1e6])
        assert f"★ {trial.name}: {wanted[-1]:.2f}" in said[2]
    atlas = load_atlas()
    (x,), (y,) = face.stars.get_data()
    assert (x, round(y)) == (between(0.01, atlas.ent_coef), atlas.clip_eps.index(0.2)), "one of this page"
    face.show(open_page(**{**usual, "vf_coef": 10.0}, trials=trials))
    (x,), (y,) = face.stars.get_data()
    assert (x, round(y)) == (atlas.ent_coef.index(0.025), atlas.clip_eps.index(0.1))
    face.show(open_page(**usual))
    assert live.draw() == seen[0], "nothing is left behind"


@pytest.mark.parametrize(
    ("changes", "page", "corner"),
    [
        ({"clip_eps": 0.02, "ent_coef": 0.25}, 1.0, (4, -0.4)),
        ({"clip_eps": 2.0, "ent_coef": 0.5}, 1.0, (4.4, 4.1)),
        ({"vf_coef": 0.0}, 0.1, (2, 1.7)),
        ({"vf_coef": 2.0}, 1.0, (2, 1.7)),
        ({"vf_coef": 50.0}, 10.0, (2, 1.7)),
    ],
)
def test_a_run_off_the_grid_has_a_hollow_star_at_the_nearest_place(
    usual: dict[str, object], changes: dict[str, float], page: float, corner: tuple[float, float]
):
    trial, face = trained(**changes), AtlasFace()
    for vf_coef in load_atlas().vf_coef:
        said = face.show(open_page(**{**usual, "quantity": "entropy", "vf_coef": vf_coef}, trials=[trial]))
        assert f"☆ (not on the grid, at its nearest place with vf_coef {page:g}) {trial.name}: " in said
        assert not len(face.stars.get_xdata())
        assert len(face.hollow.get_xdata()) == (vf_coef == page)
        if vf_coef == page:
            assert face.hollow.get_xydata()[0] == pytest.approx(corner)


def test_a_run_that_has_hardly_begun(usual: dict[str, object]):
    trial = trained(cycles=3)
    run = own_run(trial, "entropy")
    assert len(run.values) == len(run.agent_steps) == 0
    face = AtlasFace()
    assert "★" not in face.show(open_page(**usual, trials=[trial]))
    assert len(face.stars.get_xdata()) == 1, "where it will be"


def test_the_explorer_takes_runs_that_come_later():
    trials: list[Trial] = []
    panel = explore_atlas(trials).panels[0]
    panel.controls.put(quantity="entropy")
    assert panel.wait()
    assert "★" not in panel.screen.said
    trials.append(trained())
    panel.controls.put(point=1)
    assert panel.wait()
    assert "★ epochs 2: " in panel.screen.said
    assert not panel.screen.failed, panel.screen.said


def test_every_knob_moves_the_picture_and_leaves_nothing_behind(atlas: Atlas):
    made = explore_atlas()
    (panel,), theatre = made.panels, made.children[1]

    def look(**values: object) -> tuple[bytes, str]:
        panel._follow({**panel.controls.values, **values})
        return bytes(panel.screen.png), panel.screen.said

    first = look()
    assert [board["title"] for board in theatre.boards] == ["default settings", "chosen settings"]
    usual = panel.controls.values
    changes = [
        {name: value}
        for name, values in {
            "quantity": QUANTITIES,
            "point": (1, 10),
            "clip_eps": atlas.clip_eps,
            "ent_coef": atlas.ent_coef,
            "vf_coef": atlas.vf_coef,
            "seed": atlas.seeds,
        }.items()
        for value in values
        if value != usual[name]
    ]
    assert {name for change in changes for name in change} == set(usual)
    seen = [first, *(look(**change) for change in changes)]
    assert len({picture for picture, _ in seen}) == len(seen)
    assert not any("⚠" in numbers for _, numbers in seen)
    numbers = {numbers for (_, numbers), change in zip(seen, [{}, *changes], strict=True) if "seed" not in change}
    assert len(numbers) == len(seen) - len(atlas.seeds) + 1
    assert look() == first
    assert len(panel.screen.stored()) < 110_000


def test_the_grid_is_written_out(atlas: Atlas, usual: dict[str, object], monkeypatch: pytest.MonkeyPatch):
    """With a setting that was never measured: a dash, and no mean that is not one."""
    hole = {**atlas.curves, "win_rate": atlas.curves["win_rate"].copy()}
    hole["win_rate"][0, 0, :, :, :] = np.nan
    hole["win_rate"][1, 1, :, 0, :] = np.nan
    monkeypatch.setattr(atlas_explorer, "shipped", lambda: Atlas(**{**vars(atlas), "curves": hole}))
    face = AtlasFace()
    page = open_page(**usual)
    said = face.show(page)
    texts = np.reshape([cell.get_text() for cell in face.cells], page.grid.shape)
    assert texts[0, 0] == "-"
    v = page.place[2]
    assert texts[1, 1] == f"{hole['win_rate'][1, 1, v, 1:, -1].mean():.2f}"
    assert texts[page.place[:2]] == f"{hole['win_rate'][page.place][:, -1].mean():.2f}"
    c, n, _ = page.place
    x, y = face.frame.get_xy()
    assert (x + face.frame.get_width() / 2, y + face.frame.get_height() / 2) == pytest.approx((n, c))
    seeds = ", ".join(f"{value:.2f}" for value in atlas.curves["win_rate"][page.place][:, -1])
    assert f": cases won {seeds} in its three seeds after" in said


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_everything_fits(atlas: Atlas, quantity: str):
    _, low, high = QUANTITIES[quantity]
    assert low <= np.nanmin(atlas.curves[quantity]) <= np.nanmax(atlas.curves[quantity]) <= high


def test_replays_are_named(usual: dict[str, object]):
    one, other = open_page(**usual), open_page(**{**usual, "clip_eps": 1.0})
    assert list(replays_of([one])) == ["default settings", "chosen settings"]
    two = replays_of([one, other])
    assert list(two) == ["default settings", "first choice", "second choice"]
    assert two["second choice"] is other.replays["chosen settings"]
