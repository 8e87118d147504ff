"""The lesson's explorer: what is forgotten and what is won, by hand from made-up ways, and its knobs show them."""

from collections.abc import Iterator

import numpy as np
import pytest

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.tougher_enemies import explorer as lesson
from ppo_lessons.lessons.tougher_enemies.explorer import (
    BESIDE,
    MOST_STAGES,
    MOST_STEPS,
    WaysFace,
    explore_ways,
    open_page,
)
from ppo_lessons.shipped.ways import LADDER, SEEDS, WAYS, Walked
from ppo_lessons.spirit_world.cases import CASES

A_CYCLE = 8 * 128 * 4
"""Agent-steps."""
POINTS = 4
"""Of each stage."""


def made_up(name: str, seed: int = 0) -> Walked:
    """A way of which every number is known: random ones, and no two alike."""
    draw, stages, n = np.random.default_rng([len(name), seed]), WAYS[name], len(SEEDS)
    ends = np.cumsum([stage.cycles * A_CYCLE for stage in stages])
    starts = [0, *ends[:-1]]
    shape = (n, len(stages) + 1, len(LADDER))
    rates = draw.uniform(size=shape)
    curves = []
    for _ in stages:
        wins = draw.uniform(0.0, 0.9, (n, POINTS))
        wins[2, 0] = np.nan  # too few cases to tell
        others = {beside: draw.uniform(0.1, 0.9 * high, (n, POINTS)) for beside, (_, high) in BESIDE.items()}
        others["teaming_up"][1, 2] = np.nan
        curves.append({"win_rate": wins, **others})
    limits = [CASES[stage.cases[0]].step_limit for stage in stages]
    return Walked(
        stages=stages,
        agent_steps=tuple(
            np.linspace(a, b, POINTS + 1)[1:].astype(np.int64) for a, b in zip(starts, ends, strict=True)
        ),
        curves=tuple(curves),
        win_rates=rates,
        behaviour={"win_rate": rates},
        actions=tuple(draw.integers(0, 5, (n, 2, limit, 4)).astype(np.int8) for limit in limits),
    )


@pytest.fixture(autouse=True, scope="module")
def ways() -> Iterator[dict[str, Walked]]:
    made = {name: made_up(name) for name in WAYS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson, "shipped", lambda: made)
        lesson._replay.cache_clear()
        yield made
    lesson._replay.cache_clear()


@pytest.fixture(scope="module")
def explorer(ways: dict[str, Walked]) -> Iterator[Explorer]:
    made = explore_ways()
    yield made
    for panel in made.panels:
        panel.close()


def with_rates(monkeypatch: pytest.MonkeyPatch, rates: dict[str, list[list[float]]], way: str) -> None:
    """Let two seeds win so much: case -> (seed, before the first stage and after each); all else nothing."""
    (n, stages) = np.shape(next(iter(rates.values())))
    won = np.zeros((n, stages, len(LADDER)))
    for case, numbers in rates.items():
        won[:, :, LADDER.index(case)] = numbers
    walked = made_up(way)
    monkeypatch.setattr(lesson, "shipped", lambda: {way: Walked(**{**vars(walked), "win_rates": won})})


# ---- a page


def test_what_is_forgotten_by_hand(monkeypatch: pytest.MonkeyPatch):
    """The best of the earlier ones less the one now, for each seed; then the mean."""
    with_rates(
        monkeypatch,
        {
            "standard": [[0.0, 0.9, 0.7, 0.2], [0.1, 0.8, 0.9, 0.5]],
            "pack": [[0.0, 0.2, 0.9, 0.9], [0.0, 0.4, 0.7, 0.6]],
            "fog": [[0.0, 0.0, 0.1, 0.9], [0.3, 0.1, 0.1, 0.2]],
        },
        "small room",
    )
    wanted = {
        1: {"standard": -0.8, "pack": -0.3, "fog": 0.1},
        2: {"standard": 0.05, "pack": -0.5, "fog": 0.05},
        3: {"standard": 0.55, "pack": 0.05, "fog": -0.35},
    }
    for stage, cases in wanted.items():
        forgotten = open_page("small room", stage, "survival", 0).forgotten
        assert forgotten.shape == (len(LADDER),)
        got = {case: forgotten[LADDER.index(case)] for case in cases}
        assert got == pytest.approx(cases), stage
        assert not np.delete(forgotten, [LADDER.index(case) for case in cases]).any()


@pytest.mark.parametrize("way", ["small steps", "all at once", "new critic"])
def test_a_page_is_what_stands_in_the_file(ways: dict[str, Walked], way: str):
    stages = WAYS[way]
    for stage in range(1, MOST_STAGES + 1):
        page, place = open_page(way, stage, "survival", 3), min(stage, len(stages)) - 1
        assert (page.way, page.stage, page.seed) == (way, place, 3), "the last stage, if there are not so many"
        assert page.walked is ways[way]
        case = stages[place].cases[0]
        assert list(page.replays) == [f"{case}, before", f"{case}, after"]
        for after, replay in enumerate(page.replays.values()):
            assert replay.case.name == case
            np.testing.assert_array_equal(replay.actions, ways[way].actions[place][3, after][: len(replay) - 1])


def test_every_way_fits_into_the_figure():
    assert {len(stages) <= MOST_STAGES for stages in WAYS.values()} == {True}
    assert max(sum(stage.cycles for stage in stages) for stages in WAYS.values()) * A_CYCLE / 1e6 <= MOST_STEPS
    assert all(case in LADDER for stages in WAYS.values() for stage in stages for case in stage.cases)


# ---- its words and its picture


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_words_by_hand(monkeypatch: pytest.MonkeyPatch, columns: int):
    with_rates(
        monkeypatch,
        {
            "attic": [[0.0, 0.9, 0.5, 0.4], [0.0, 0.7, 0.7, 0.2]],
            "nightfall": [[0.0, 0.1, 0.9, 0.82], [0.0, 0.3, 0.7, 0.7]],
            "eclipse": [[0.0, 0.0, 0.1, 0.5], [0.0, 0.0, 0.3, 0.7]],
            "fog": [[0.0, 0.2, 0.3, 0.4], [0.0, 0.4, 0.7, 0.8]],
        },
        "small room",
    )
    face = WaysFace(columns)

    def said(stage: int, seed: int) -> str:
        page = open_page("small room", stage, "survival", seed)
        words, _, beside = face.show(page).partition(". After it, ")
        stands = page.walked.curves[page.stage]["survival"][:, -1].mean()
        assert beside == f"standing at the end: {stands:.2f}"
        return words

    assert said(1, 0) == (
        "small room, stage 1 of 3: attic from 0% to 80%. Never seen so far, and won all the same: standard 0%, "
        "pack 0%, fog 30%, nightfall 20%, eclipse 0%, midnight 0%. Forgotten since it was best: nothing above 5 %"
    )
    assert said(2, 1) == (
        "small room, stage 2 of 3: nightfall from 20% to 80%. Never seen so far, and won all the same: standard 0%, "
        "pack 0%, fog 50%, eclipse 20%, midnight 0%. Forgotten since it was best: attic 20%"
    )
    last = said(5, 1)
    assert last.startswith("small room, stage 3 of 3: eclipse from 20% to 60%. Never seen so far")
    assert last.endswith("Forgotten since it was best: attic 50%"), "and 4 % of nightfall"


def test_several_cases_at_once_in_words(monkeypatch: pytest.MonkeyPatch):
    cases = WAYS["all at once"][0].cases
    with_rates(monkeypatch, {case: [[0.1 * i, 0.1 * i + 0.5]] for i, case in enumerate(cases)}, "all at once")
    face = WaysFace()
    own = ", ".join(f"{case} from {10 * i}% to {10 * i + 50}%" for i, case in enumerate(cases))
    assert face.show(open_page("all at once", 1, "survival", 0)).startswith(
        f"all at once, stage 1 of 1: {own}. Never seen"
    )
    assert [text.get_text() for text in face.rows][:3] == ["nothing", "all at once", ""]


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize(("way", "stage"), [("small steps", 1), ("small steps", 3), ("small room", 3)])
def test_everything_is_in_the_picture(ways: dict[str, Walked], columns: int, way: str, stage: int):
    face, walked = WaysFace(columns), ways[way]
    face.show(open_page(way, stage, "survival", 0))
    steps = np.concatenate(walked.agent_steps) / 1e6
    wins, stands = (np.concatenate([each[name] for each in walked.curves], 1) for name in ("win_rate", "survival"))
    known = [p for p in range(len(steps)) if p % POINTS]  # one seed is not known at the first point of a stage
    for line, values, there in ((face.wins, wins, known), (face.beside, stands, list(range(len(steps))))):
        np.testing.assert_allclose(line.get_xdata(), steps[there])
        np.testing.assert_allclose(line.get_ydata(), [sum(values[:, p]) / len(SEEDS) for p in there])
    heights = face.band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((wins[:, known].min(), wins[:, known].max()))

    ends = np.cumsum([each.cycles * A_CYCLE for each in walked.stages]) / 1e6
    begin = ends[stage - 2] if stage > 1 else 0
    assert (face.here.get_x(), face.here.get_x() + face.here.get_width()) == pytest.approx((begin, ends[stage - 1]))
    borders = [border.get_xdata()[0] for border in face.borders]
    assert borders == pytest.approx([*ends, *[-1] * (MOST_STAGES - len(ends))])

    rates = walked.win_rates.mean(axis=0)
    texts = [[text.get_text() for text in row] for row in face.cells]
    assert texts[: len(rates)] == [[f"{rate:.2f}" for rate in row] for row in rates]
    assert not any(text for row in texts[len(rates) :] for text in row)
    np.testing.assert_allclose(face.image.get_array()[: len(rates)], rates)
    names = ["nothing", *(each.cases[0] for each in walked.stages)]
    assert [text.get_text() for text in face.rows] == names + [""] * (MOST_STAGES + 1 - len(names))
    assert face.frame.get_y() + face.frame.get_height() / 2 == pytest.approx(stage), "the row after this stage"


@pytest.mark.parametrize("beside", BESIDE)
def test_what_is_drawn_beside_the_wins(ways: dict[str, Walked], beside: str):
    face, walked = WaysFace(), ways["small steps"]
    face.show(open_page("small steps", 2, beside, 0))
    steps = np.concatenate(walked.agent_steps) / 1e6
    values = np.concatenate([each[beside] for each in walked.curves], axis=1)
    there = [p for p in range(len(steps)) if beside != "teaming_up" or p % POINTS != 2]  # one seed is not known there
    wanted = [sum(values[:, p]) / len(SEEDS) for p in there]
    label, high = BESIDE[beside]
    np.testing.assert_allclose(face.beside.get_xydata(), np.stack([steps[there], np.divide(wanted, high)], axis=1))
    assert face.headline.get_text().endswith(f"dashed: {label}, from 0 to {high:g}")


def test_nothing_stays_behind():
    face = WaysFace()
    live, seen, said = LiveFigure(face), [], []
    for way, stage in (("nothing: pack", 1), ("small steps", 5), ("small room", 2), ("nothing: pack", 1)):
        said.append(face.show(open_page(way, stage, "survival", 0)))
        seen.append(live.draw())
    assert seen[3] == seen[0] and said[3] == said[0]
    assert len(set(seen)) == len(set(said)) == 3


# ---- the knobs


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


def test_every_way_and_stage_changes_picture_and_numbers(explorer: Explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    seen = [first, *(shown(panel, stage=stage) for stage in (1, 2, MOST_STAGES))]
    assert shown(panel, stage=3) == first, "nothing stays behind"
    seen += [shown(panel, way=way) for way in WAYS if way != "small steps"]
    assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == len(seen)
    assert shown(panel, way="small steps") == first


def test_what_is_drawn_beside_changes_the_picture(explorer: Explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    others = [shown(panel, beside=beside) for beside in BESIDE if beside != "survival"]
    assert len({picture for picture, _ in [first, *others]}) == len(BESIDE)
    assert shown(panel, beside="survival") == first


def test_the_seed_changes_the_case_that_is_played(explorer: Explorer, ways: dict[str, Walked]):
    panel, theatre = explorer.panels[0], explorer.children[1]
    panel.controls.reset()
    first = shown(panel)
    boards = []
    for seed in SEEDS:
        assert shown(panel, seed=seed) == first
        assert [board["title"] for board in theatre.boards] == ["fog, before", "fog, after"]
        boards.append(repr(theatre.boards))
    assert len(set(boards)) == len(SEEDS)
    shown(panel, stage=1)
    assert [board["title"] for board in theatre.boards] == ["standard, before", "standard, after"]
