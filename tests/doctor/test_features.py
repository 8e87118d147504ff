"""What of a run is compared: numbers worked out by hand on short series."""

import math

import numpy as np
import pytest

from ppo_lessons.doctor.features import features_of

TEN, TWENTY = np.arange(10.0), np.arange(20.0)


def test_levels_are_medians_of_the_first_tenth_and_of_the_second_half():
    found = features_of({"clip_fraction": TEN / 10})
    assert found["clip_fraction, early"] == 0.0
    assert found["clip_fraction, late"] == pytest.approx(0.7)  # 0.5 to 0.9


def test_small_numbers_are_compared_by_their_magnitude():
    found = features_of({"approx_kl": np.array([0.01] * 5 + [0.001] * 5)})
    assert found["approx_kl, early"] == pytest.approx(-2)
    assert found["approx_kl, change"] == pytest.approx(-1)
    assert features_of({"approx_kl": np.zeros(10)})["approx_kl, late"] == pytest.approx(-6)  # what counts as 0


def test_an_entropy_is_a_share_of_the_highest_there_can_be_or_was():
    entropy = np.array([1.0, 0.5])
    assert features_of({"entropy": entropy}, 4)["entropy, lowest"] == pytest.approx(0.5 / math.log(4))
    assert features_of({"entropy": entropy})["entropy, lowest"] == pytest.approx(0.5)


@pytest.mark.parametrize(("series", "trend"), [(TWENTY, 1.0), (-TWENTY, -1.0), (TWENTY**3, 1.0)])
def test_a_trend_is_the_correlation_of_ranks_with_time(series: np.ndarray, trend: float):
    assert features_of({"mean_return": series})["mean_return, trend"] == pytest.approx(trend)


def test_few_readings_have_no_trend():
    assert math.isnan(features_of({"mean_return": -TEN})["mean_return, trend"])


def test_what_is_missing_is_missing():
    found = features_of({"entropy": np.array([np.nan, 1.0, np.nan, 0.5])}, 4)
    assert found["entropy, lowest"] == pytest.approx(0.5 / math.log(4))
    assert math.isnan(found["approx_kl, early"]) and math.isnan(found["mean_return, trend"])


def test_neither_length_nor_holes_matter():
    short, long = np.linspace(0.2, 0.8, 20), np.linspace(0.2, 0.8, 2000)
    a, b = (features_of({"explained_variance": series}) for series in (short, long))
    assert a["explained_variance, late"] == pytest.approx(b["explained_variance, late"], abs=0.02)
