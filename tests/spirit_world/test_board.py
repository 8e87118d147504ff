import numpy as np
import pytest

from ppo_lessons.spirit_world.board import BLUE, CELL, GREY, ORANGE, PAPER, draw_board
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.rules import WorldState, new_cases


def laid_out(detectives, spirits, health=4, banished=False):
    return WorldState(
        np.array([detectives]),
        np.full((1, len(detectives)), health),
        np.array([spirits]),
        np.full((1, len(spirits)), banished),
        np.zeros(1, np.int64),
    )


def cell(picture, row, col):
    return picture[row * CELL + 1 : (row + 1) * CELL, col * CELL + 1 : (col + 1) * CELL]


def has(pixels, colour):
    return bool((pixels == colour).all(axis=-1).any())


@pytest.fixture
def case():
    return Case(name="x", num_detectives=2, toughness=(1,))


@pytest.mark.parametrize("name", CASES)
def test_is_a_picture_of_the_whole_grid(name):
    case = CASES[name]
    picture = draw_board(case, new_cases(case, 1, np.random.default_rng(0)))
    side = case.size * CELL + 1
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8


def test_everybody_stands_in_the_own_cell(case):
    picture = draw_board(case, laid_out([(6, 0), (0, 6)], [(3, 3)]))
    for row in range(7):
        for col in range(7):
            pixels = cell(picture, row, col)
            assert has(pixels, BLUE) is ((row, col) in ((6, 0), (0, 6)))
            assert has(pixels, ORANGE) is ((row, col) == (3, 3))
    assert (cell(picture, 1, 1) == PAPER).all()


def test_the_banished_are_gone_and_the_fallen_are_crosses(case):
    picture = draw_board(case, laid_out([(6, 0), (0, 6)], [(3, 3)], health=0, banished=True))
    assert (cell(picture, 3, 3) == PAPER).all()
    assert not has(picture, BLUE)
    assert has(cell(picture, 6, 0), GREY)


def test_mates_in_one_cell_are_all_seen():
    case = Case(name="x", num_detectives=4, toughness=(1,))
    blue = [
        int((draw_board(case, laid_out(places, [(0, 0)])) == BLUE).all(axis=-1).sum())
        for places in ([(3, 3)] * 4, [(1, 1), (3, 3), (5, 5), (6, 6)])
    ]
    assert blue[0] == pytest.approx(blue[1], rel=0.05)


def test_detectives_can_be_told_apart_and_health_is_shown(case):
    whole = draw_board(case, laid_out([(3, 3), (3, 3)], [(0, 0)]))
    hurt = draw_board(case, laid_out([(3, 3), (3, 3)], [(0, 0)], health=1))
    assert not np.array_equal(whole, hurt)
    big = Case(name="x", num_detectives=12, toughness=(1,))
    pictures = {
        draw_board(big, laid_out([(6, 6)] * a + [(3, 3)] + [(6, 6)] * (11 - a), [(0, 0)])).tobytes() for a in range(10)
    }
    assert len(pictures) == 10


def test_toughness_is_seen(case):
    tough = Case(name="x", num_detectives=2, toughness=(2,))
    state = laid_out([(6, 0), (0, 6)], [(3, 3)])
    assert not np.array_equal(draw_board(case, state), draw_board(tough, state))


@pytest.mark.parametrize("place", [(0, 0), (0, 6), (6, 0), (6, 6)])
def test_corners_are_drawn_whole(case, place):
    """Nothing is cut off or runs over at the border."""
    middle = cell(draw_board(case, laid_out([(3, 3)] * 2, [(3, 3)])), 3, 3)
    assert np.array_equal(cell(draw_board(case, laid_out([place] * 2, [place])), *place), middle)


def test_draws_the_first_copy_and_changes_nothing(case):
    state = new_cases(case, 3, np.random.default_rng(0))
    before = [array.copy() for array in state]
    first = WorldState(*(array[:1] for array in state))
    assert np.array_equal(draw_board(case, state), draw_board(case, first))
    assert all(np.array_equal(a, b) for a, b in zip(state, before, strict=True))
