"""The lesson's explorer: a moment as it is worked out one by one, in words and in the picture, and its knobs."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.team_critic import explorer as lesson
from ppo_lessons.lessons.team_critic.explorer import CriticsFace, Moment, explore_critics, look
from ppo_lessons.lessons.team_critic.moments import PLACES, put_mate
from ppo_lessons.shipped.critics import CRITICS, SHOWN, Critics
from ppo_lessons.spirit_world.board import draw_board
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import Replay
from ppo_lessons.spirit_world.rules import observe

Judges = tuple[ActorCritic, ActorCritic]
CASE = CASES[SHOWN]
FORESAW = np.array([[[0.1, 0.2, 0.3], [0.3, 0.4, 0.7]], [[0.2, 0.5, 0.8], [0.4, 0.7, 0.8]]])
"""Explained variance, made up: critics (own, team), seeds, points."""


@pytest.fixture(autouse=True, scope="module")
def both(small_judges: Judges, case_by_chance: Replay) -> Iterator[Judges]:
    runs = Critics(np.array([1, 2, 3]) * 1_000_000, {"explained_variance": FORESAW}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson, "load_critics", lambda: {SHOWN: runs})
        patch.setattr(lesson, "played_case", lambda: case_by_chance)
        yield small_judges


@pytest.fixture(scope="module")
def explorer(both: Judges) -> Iterator[Explorer]:
    made = explore_critics()
    yield made
    for panel in made.panels:
        panel.close()


def values_of(obs: np.ndarray, alive: np.ndarray, a: int, both: Judges) -> tuple[float, float]:
    """What each critic says of detective a, by the views (A, D) of all."""
    joint = [x for b in range(4) for x in (obs[b] if alive[b] and alive[a] else np.zeros(34))]
    row = torch.tensor([*obs[a], *joint, *np.eye(4)[a]], dtype=torch.float32)
    return float(both[0].estimate_values(row[:34])), float(both[1].estimate_values(row))


def came_from(replay: Replay, step: int, a: int) -> float:
    return sum(PPOConfig.gamma**k * float(reward) for k, reward in enumerate(replay.rewards[step:, a]))


MOMENTS = [(0, 0), (4, 1), (4, 3), (30, 0), (30, 1), (63, 0), (63, 2)]
"""Step and detective."""


def test_the_case_has_what_is_asked_here(case_by_chance: Replay):
    health = case_by_chance.states.health
    assert len(health) == 65 and (health[45] > 0).tolist() == [True, False, True, True]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("step", "a"), MOMENTS)
def test_a_moment_one_by_one(both: Judges, case_by_chance: Replay, step: int, a: int, where: str):
    moment, mate = look(step, a, where), {0: 1, 1: 2, 2: 3, 3: 0}[a]
    assert (moment.step, moment.detective, moment.mate, moment.where) == (step, a, mate, where)
    state = put_mate(case_by_chance.frame(step), a, mate, where)
    for array, wanted in zip(moment.state, state, strict=True):
        np.testing.assert_array_equal(array, wanted)
    obs, alive = observe(CASE, state)[0], state.health[0] > 0
    assert (moment.own, moment.team) == pytest.approx(values_of(obs, alive, a, both), abs=1e-5)
    assert moment.came == pytest.approx(came_from(case_by_chance, step, a), abs=1e-5)
    with torch.no_grad():
        logits = both[0].actor_head(both[0].actor_trunk(torch.tensor(obs[a]))).numpy()
    np.testing.assert_allclose(moment.chances, np.exp(logits) / np.exp(logits).sum(), rtol=1e-4)
    apart = int(np.abs(state.detectives[0, mate] - state.detectives[0, a]).sum())
    assert moment.seen is bool(apart <= CASE.sight and alive[a] and alive[mate])


def test_who_is_seen_depends_on_where_the_mate_is_put_and_on_whether_both_stand():
    assert [look(0, a, where).seen for a in range(4) for where in PLACES[1:]] == [True, False, False] * 4
    assert [look(45, a, "beside her").seen for a in range(4)] == [False, False, True, True], "1 has fallen"


@pytest.mark.parametrize("a", [0, 2])
def test_the_course_is_of_the_case_as_it_was_played(both: Judges, case_by_chance: Replay, a: int):
    replay = case_by_chance
    course = look(12, a, "where it is").course
    np.testing.assert_array_equal(look(50, a, "far away").course, course)
    assert course.shape == (3, len(replay) - 1)
    for step in range(0, len(replay) - 1, 7):
        state = replay.frame(step)
        wanted = values_of(observe(CASE, state)[0], state.health[0] > 0, a, both)
        assert course[:, step] == pytest.approx([*wanted, came_from(replay, step, a)], abs=1e-5)


# ---- its words and its picture


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_words(columns: int):
    face = CriticsFace(columns)
    for where, sees in zip(PLACES[1:], ("sees", "does not see", "does not see"), strict=True):
        moment = look(3, 2, where)
        likeliest = int(np.argmax(moment.chances))
        assert face.show(moment) == (
            f"Step 3, detective 2: its own critic says {moment.own:.2f}, the team's {moment.team:.2f}, really came "
            f"{moment.came:.2f}. It {sees} mate 3 ({where}); its likeliest action is "
            f"{('stay', 'up', 'down', 'left', 'right')[likeliest]}, {moment.chances[likeliest]:.0%}"
        )


@pytest.fixture
def plain_moment() -> Moment:
    return look(5, 2, "far away")._replace(
        own=-0.5, team=1.234, came=3.0, chances=[0.1, 0.2, 0.05, 0.62, 0.03], seen=False
    )


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_words_by_hand(plain_moment: Moment, columns: int):
    face = CriticsFace(columns)
    assert face.show(plain_moment) == (
        "Step 5, detective 2: its own critic says -0.50, the team's 1.23, really came 3.00. It does not see mate 3 "
        "(far away); its likeliest action is left, 62%"
    )
    health = plain_moment.state.health.copy()
    health[0, 2] = 0
    fallen = plain_moment._replace(state=plain_moment.state._replace(health=health))
    assert face.show(fallen) == "Step 5: detective 2 has fallen. Nobody asks a critic about it."


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_everything_is_in_the_picture(plain_moment: Moment, columns: int):
    face = CriticsFace(columns)
    detectives = plain_moment.state.detectives.copy()
    detectives[0, 2] = 5, 1
    plain_moment = plain_moment._replace(state=plain_moment.state._replace(detectives=detectives))
    face.show(plain_moment)
    assert [bar.get_width() for bar in face.bars] == [-0.5, 1.234, 3.0]
    assert [number.get_text() for number in face.numbers] == ["-0.50", "1.23", "3.00"]
    assert [number.get_position()[0] for number in face.numbers] == pytest.approx([0.1, 1.334, 3.1])
    for line, values in zip(face.lines, plain_moment.course, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([range(len(values)), values], axis=1))
    assert face.now.get_xdata() == [5, 5]
    assert face.ring.get_xy() == pytest.approx((1.01, 5.01)), "column, row"
    np.testing.assert_array_equal(face.board.get_array(), draw_board(CASE, plain_moment.state))


def test_what_they_foresaw_is_the_mean_of_the_seeds():
    assert tuple(CRITICS) == ("own", "team")
    (axes,) = (each for each in CriticsFace().figure.axes if "explained variance" in each.get_title("left"))
    assert [line.get_label() for line in axes.lines] == ["own", "team's"]
    for line, wanted in zip(axes.lines, ([0.2, 0.3, 0.5], [0.3, 0.6, 0.8]), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.stack([[1, 2, 3], wanted], axis=1))
    for band, seeds in zip(axes.collections, FORESAW, strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx((seeds.min(), seeds.max()))


def test_nothing_stays_behind():
    face = CriticsFace()
    live, seen, said = LiveFigure(face), [], []
    for moment in ((4, 0, "where it is"), (4, 0, "far away"), (30, 2, "beside her"), (4, 0, "where it is")):
        said.append(face.show(look(*moment)))
        seen.append(live.draw())
    assert seen[3] == seen[0] and said[3] == said[0]
    assert len(set(seen)) == len(set(said)) == 3


# ---- the knobs


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["step", "detective", "where"])
def test_every_knob_changes_picture_and_numbers(explorer: Explorer, name: str):
    panel = explorer.panels[0]
    panel.controls.reset()
    first, knob = shown(panel), panel.controls._knobs[name]
    assert knob.values == {"step": tuple(range(64)), "detective": (0, 1, 2, 3), "where": PLACES}[name]
    others = [value for value in (knob.values if name != "step" else (0, 17, 63)) if value != knob.start]
    seen = [first, *(shown(panel, **{name: value}) for value in others)]
    assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == len(seen) > 3
    assert shown(panel, **{name: knob.start}) == first
