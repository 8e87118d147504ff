"""The lesson's explorer: who is in which mini-batch, how often each row was seen, and a picture that follows."""

import numpy as np
import pytest
import torch

from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.minibatches.explorer import FOLLOWED, MinibatchFace, deal_rows, explore
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.shipped.recorded_update import recorded_rows, recording

NUM_ROWS = 1934
START = dict(minibatch_size=512, step=2, shuffle=True, seed=1)


def by_hand(minibatch_size, step, shuffle, seed):
    """Walk through the update step by step, as `ppo_update` does."""
    generator, seen, taken = torch.Generator().manual_seed(seed), np.zeros(NUM_ROWS, int), 0
    while True:
        order = shuffle_rows(NUM_ROWS, generator)
        pieces = split_rows(order if shuffle else torch.arange(NUM_ROWS), minibatch_size)
        for current, piece in enumerate(pieces):
            seen[piece] += 1
            taken += 1
            if taken == step:
                return pieces, current, seen


@pytest.mark.parametrize("minibatch_size", [64, 128, 512, 1024, 1933, 1934])
@pytest.mark.parametrize("step", [1, 2, 5, 17, 32])
@pytest.mark.parametrize("shuffle", [True, False])
def test_rows_are_where_the_update_has_them(minibatch_size: int, step: int, shuffle: bool):
    dealt = deal_rows(minibatch_size, step, shuffle, 3)
    pieces, current, seen = by_hand(minibatch_size, step, shuffle, 3)
    assert dealt.current == current and dealt.step == step
    assert np.array_equal(dealt.times_seen, seen)
    assert dealt.times_seen.max() - dealt.times_seen.min() <= 1, "nobody is ever more than one ahead"
    assert dealt.epoch == dealt.times_seen.max()
    returns = recorded_rows().returns.numpy()
    for k, piece in enumerate(pieces):
        assert np.array_equal(np.flatnonzero(dealt.minibatch_of == k), np.sort(piece.numpy()))
        assert dealt.mean_returns[k] == pytest.approx(returns[piece].mean(), abs=1e-4)
    assert np.array_equal(np.diff(dealt.edges), [len(piece) for piece in pieces])
    assert dealt.steps_of_all == 4 * len(pieces)


def test_followed_row_is_the_badge_of_the_lesson():
    (row,) = recording().rows_of([FOLLOWED])
    assert FOLLOWED == (6, 0, 0)
    for seed in range(4):
        dealt = deal_rows(128, 2 * 16 + 1, True, seed)
        where = []
        for step in (1, 17, 33):
            pieces, _, _ = by_hand(128, step, True, seed)
            where += [k for k, piece in enumerate(pieces) if row in piece]
        assert list(dealt.followed) == where and len(where) == dealt.epoch == 3
        assert int(torch.cat(pieces)[dealt.place]) == row


def test_shuffled_minibatches_are_more_alike():
    """By the mean return; of sizes that leave several mini-batches."""
    for minibatch_size in (64, 128, 256, 512):
        for seed in range(5):
            dealt = deal_rows(minibatch_size, 1, True, seed)
            assert dealt.mean_returns.std() < 0.75 * dealt.other_means.std()
            switched = deal_rows(minibatch_size, 1, False, seed)
            assert np.array_equal(switched.mean_returns, dealt.other_means)
            assert np.array_equal(switched.other_means, dealt.mean_returns)


def test_one_minibatch_is_all_rows_and_a_last_single_row_joins():
    for size in (NUM_ROWS, NUM_ROWS - 1):
        dealt = deal_rows(size, 3, True, 1)
        assert dealt.edges.tolist() == [0, NUM_ROWS] and dealt.epoch == 3 and (dealt.times_seen == 3).all()
        np.testing.assert_allclose(dealt.mean_returns, float(recorded_rows().returns.mean()), atol=1e-4)


@pytest.fixture(scope="module")
def face():
    return MinibatchFace()


@pytest.fixture(scope="module")
def shown(face: MinibatchFace):
    figure = LiveFigure(face)

    def show(**knobs):
        said = face.show(deal_rows(**{**START, **knobs}))
        return figure.draw(), said

    return show


@pytest.mark.parametrize(
    "moved",
    [
        *({"minibatch_size": size} for size in (64, 128, 1933, 1934)),
        *({"step": step} for step in (1, 3, 7, 32)),
        {"shuffle": False},
        *({"seed": seed} for seed in (0, 8)),
    ],
)
def test_every_knob_moves_the_picture_and_leaves_nothing_behind(shown, moved: dict):
    before, after, again = shown(), shown(**moved), shown()
    assert before[0] != after[0] and before[1] != after[1]
    assert before == again


def test_everything_that_changes_is_drawn_anew(shown):
    knobs = dict(minibatch_size=128, step=30, shuffle=False, seed=4)
    fresh = MinibatchFace()
    fresh.show(deal_rows(**knobs))
    assert LiveFigure(fresh).draw() == shown(**knobs)[0]


def test_picture_lights_the_minibatch_of_this_step(face: MinibatchFace):
    dealt = deal_rows(**START)
    face.show(dealt)
    table = np.asarray(face.cells.get_array().filled(np.nan)).reshape(32, 16, 4)
    assert np.array_equal(np.isnan(table), ~face.acting)
    assert np.array_equal(table[face.acting] == table[face.acting].max(), dealt.minibatch_of == dealt.current)


def test_everything_lies_within_the_limits(face: MinibatchFace):
    (low, high) = next(axes.get_ylim() for axes in face.figure.axes if axes.get_label() == "means")
    for seed in range(10):
        for step in (1, 32):
            dealt = deal_rows(64, step, True, seed)
            means = np.concatenate((dealt.mean_returns, dealt.other_means))
            assert low < means.min() and means.max() < high


def test_explorer_is_small_and_fixed_in_its_words():
    explorer = explore()
    assert len(explorer.panels[0].screen.stored()) < 110_000
    assert not any(letter.isdigit() for letter in explorer.text)
    assert not explorer.panels[0].screen.failed
