"""Each way to forbid, held against numpy by hand, torch's own distributions, and finite differences."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.distributions import Categorical

from ppo_lessons.lessons.other_worlds import masking
from ppo_lessons.lessons.other_worlds.explorer import TIMES
from ppo_lessons.lessons.other_worlds.masking import ENT_COEF, LOGITS, MASKS, WAYS, Masked, in_words, mask_row

RIGHT, ZERO, INFINITE, TIMES_MASK = WAYS
NOTHING_IS_FORBIDDEN, *SOMETHING_IS = MASKS
ALL = [(legal, times) for legal in MASKS for times in TIMES]


@pytest.fixture(autouse=True)
def other_mask(monkeypatch: pytest.MonkeyPatch):
    """One in which the first action is illegal."""
    monkeypatch.setitem(MASKS, "the second and the last", (False, True, False, False, True))


def shares(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def chances_by_hand(logits: np.ndarray, legal: np.ndarray, way: str) -> np.ndarray:
    """Without a large number anywhere: the legal ones are a distribution of their own."""
    if way == ZERO:
        return shares(np.where(legal, logits, 0))
    if way == TIMES_MASK:
        return np.where(legal, shares(logits), 0)
    chances = np.zeros(len(logits))
    chances[legal] = shares(logits[legal])
    return chances


def entropy_by_hand(chances: np.ndarray) -> float:
    possible = chances[chances > 0]
    return float(-(possible * np.log(possible)).sum())


def slopes(height: Callable[[np.ndarray], float], place: np.ndarray) -> np.ndarray:
    """By finite differences."""
    moves = 1e-5 * np.eye(len(place))
    return np.array([(height(place + move) - height(place - move)) / 2e-5 for move in moves])


def row(legal: str, times: float) -> tuple[np.ndarray, np.ndarray, int]:
    mask = np.array(MASKS[legal])
    return times * np.array(LOGITS), mask, int(np.flatnonzero(mask)[0])


# ---- the right way


@pytest.mark.parametrize(("legal", "times"), [*ALL, ("the second and the last", 1.0)])
def test_the_right_way_is_a_choice_among_what_is_legal_and_nothing_else(legal: str, times: float):
    logits, mask, chosen = row(legal, times)
    result, among = mask_row(legal, RIGHT, times), Categorical(logits=torch.tensor(logits[mask]))
    np.testing.assert_allclose(result.chances[mask], among.probs, atol=1e-6)
    assert (result.chances[~mask] == 0).all(), "exactly, and not nearly"
    assert result.entropy == pytest.approx(float(among.entropy()), abs=1e-5)
    assert result.chosen == chosen


@pytest.mark.parametrize("way", [RIGHT, ZERO, TIMES_MASK])
@pytest.mark.parametrize(("legal", "times"), [*ALL, ("the second and the last", 1.0)])
def test_every_way_with_numbers_by_hand(legal: str, times: float, way: str):
    """The pull by finite differences of what is wanted: ln pi of the first legal action, and the entropy."""
    logits, mask, chosen = row(legal, times)
    result, chances = mask_row(legal, way, times), chances_by_hand(logits, mask, way)
    np.testing.assert_array_equal(result.legal, mask)
    np.testing.assert_allclose(result.before, shares(logits), atol=1e-6)
    np.testing.assert_allclose(result.chances, chances, atol=1e-6)
    assert result.entropy == pytest.approx(entropy_by_hand(chances), abs=1e-5)

    def wanted(place: np.ndarray) -> float:
        moved = chances_by_hand(place, mask, way)
        return float(np.log(moved[chosen])) + ENT_COEF * entropy_by_hand(moved)

    np.testing.assert_allclose(result.pull, slopes(wanted, logits), atol=2e-5)
    assert result.way == way


@pytest.mark.parametrize("way", [RIGHT, ZERO])
@pytest.mark.parametrize(("legal", "times"), ALL)
def test_what_stands_in_the_place_of_a_logit_lets_no_pull_through(legal: str, times: float, way: str):
    result = mask_row(legal, way, times)
    assert not result.pull[~result.legal].any()


# ---- the wrong ones


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", TIMES)
def test_where_everything_is_legal_every_way_is_right(times: float, way: str):
    right, result = mask_row(NOTHING_IS_FORBIDDEN, RIGHT, times), mask_row(NOTHING_IS_FORBIDDEN, way, times)
    for name in ("before", "chances", "entropy", "pull"):
        np.testing.assert_allclose(getattr(result, name), getattr(right, name), atol=1e-6)
    np.testing.assert_allclose(result.chances, result.before, atol=1e-6)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("legal", SOMETHING_IS)
def test_minus_infinity_gives_the_right_chances_and_no_entropy_nor_any_pull(legal: str, times: float):
    result = mask_row(legal, INFINITE, times)
    np.testing.assert_allclose(result.chances, mask_row(legal, RIGHT, times).chances, atol=1e-6)
    assert np.isnan(result.entropy)
    assert np.isnan(result.pull[result.legal]).all()


@pytest.mark.parametrize("way", WAYS)
def test_nan_comes_from_minus_infinity_alone_and_only_where_something_is_forbidden(way: str):
    with_nan = {
        legal
        for legal in MASKS
        for times in TIMES
        if np.isnan([*(r := mask_row(legal, way, times)).pull, r.entropy]).any()
    }
    assert with_nan == (MASKS.keys() - {NOTHING_IS_FORBIDDEN} if way == INFINITE else set())
    for legal in MASKS:
        assert np.isfinite(mask_row(legal, way, 1.0).chances).all()


@pytest.mark.parametrize(("times", "share"), [(0.0, 3 / 5), (1.0, 0.3511), (4.0, 0.0201)])
def test_a_logit_of_zero_is_drawn_and_how_often_depends_on_the_others(times: float, share: float):
    """Logits 1.2 and 0.8, and three of 0."""
    result = mask_row("two of five", ZERO, times)
    assert 3 / (3 + np.exp(1.2 * times) + np.exp(0.8 * times)) == pytest.approx(share, abs=5e-5)
    assert result.chances[~result.legal].sum() == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize(("legal", "times"), ALL)
def test_chances_times_mask_add_up_to_what_was_legal_before(legal: str, times: float):
    result = mask_row(legal, TIMES_MASK, times)
    among_all = shares(times * np.array(LOGITS))
    assert result.chances.sum() == pytest.approx(among_all[result.legal].sum(), abs=1e-6)
    assert result.chances[~result.legal].sum() < 1e-10


@pytest.mark.parametrize("times", [t for t in TIMES if t <= 4])
@pytest.mark.parametrize("legal", SOMETHING_IS)
def test_chances_times_mask_pulls_on_what_is_illegal_as_on_a_choice_that_was_not_taken(legal: str, times: float):
    """Illegal i: -p_i of ln pi; and of the entropy p_i (sum(p ln p) + sum(p)), both over the legal ones."""
    result, p = mask_row(legal, TIMES_MASK, times), shares(times * np.array(LOGITS))
    may = p[result.legal]
    wanted = p * (-1 + ENT_COEF * ((may * np.log(may)).sum() + may.sum()))
    np.testing.assert_allclose(result.pull[~result.legal], wanted[~result.legal], atol=1e-5)
    assert (result.pull[~result.legal] < 0).all()


# ---- the words


def made_up(**changes: object) -> Masked:
    plain = Masked(
        legal=np.array([True, False, True, True, False]),
        before=np.full(5, 0.2),
        chances=np.array([0.5, 0.125, 0.25, 0.0, 0.0625]),
        entropy=1.23456,
        pull=np.array([0.5, -0.25, -0.1, 0.0, 0.0625]),
        chosen=0,
        way="a way",
    )
    return plain._replace(**changes)


def test_the_words_by_hand():
    assert in_words(made_up()) == (
        "a way: stay 0.500, up 0.125, down 0.250, left 0.000, right 0.062; together 0.938, of it illegal 0.188. "
        "Entropy 1.235. Pull on the logits of what is illegal: 0.312"
    )


def test_nan_is_said_and_no_sum_hides_it():
    pull = np.array([np.nan, 0.0, np.nan, np.nan, 0.0])
    words = in_words(made_up(pull=pull, entropy=float("nan")))
    assert words.endswith("Entropy nan. Pull on the legal logits: NaN"), "0 on what is illegal, and yet"


def test_no_zero_is_negative():
    for legal in MASKS:
        for way in WAYS:
            assert "-0.0" not in in_words(mask_row(legal, way, 8.0))


def test_the_names_are_those_of_the_game():
    assert len(LOGITS) == len(masking.ACTION_NAMES) == 5 and {len(mask) for mask in MASKS.values()} == {5}
    assert all(np.any(mask) for mask in MASKS.values())
