"""What the readings of a run say: bands and suspects on made-up runs, then on the shipped ones."""

import json

import numpy as np
import pytest

from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.doctor import diagnose
from ppo_lessons.doctor.readings import LogError, Readings, from_frame
from ppo_lessons.doctor.vital_signs import _suspects, diagnosed, known, learn
from ppo_lessons.shipped.case_runs import CASES, SUSPECT, TWIN, load_case_runs
from ppo_lessons.shipped.faults import FAULTS

NAMES = ("approx_kl, late", "clip_fraction, late")
LOW, HIGH = "clamp on the product", "max for min"


def made_up() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    illness = np.array(["healthy"] * 40 + [LOW] * 4 + [HIGH] * 4)
    centres = {"healthy": (-2, 0.1), LOW: (-5, 0.0), HIGH: (-1, 0.6)}
    return np.array([centres[ill] for ill in illness]) + rng.normal(0, 0.02, (48, 2)), illness


def test_bands_hold_all_healthy_runs_and_the_margin():
    features, illness = made_up()
    found = learn(features, illness, NAMES, margin=1.0)
    well = features[illness == "healthy"]
    spread = well.std(axis=0) + 1e-3
    np.testing.assert_allclose(found.low, well.min(axis=0) - spread)
    np.testing.assert_allclose(found.high, well.max(axis=0) + spread)


@pytest.mark.parametrize("fault", [LOW, HIGH])
def test_the_nearest_fault_comes_first(fault: str):
    features, illness = made_up()
    found = learn(features, illness, NAMES)
    values = features[illness == fault][0]
    assert _suspects(values, found)[0].fault == fault
    assert _suspects(np.array([values[0], np.nan]), found)[0].fault == fault  # with what there is


def test_a_sign_says_since_when():
    features, illness = made_up()
    kl = np.array([1e-2] * 6 + [1e-5] * 14)
    readings = from_frame({"cycle": np.arange(1, 21) * 10, "approx_kl": kl})
    bare = learn(features[:, :1], illness, NAMES[:1])
    assert bare.low[0] < -2 < bare.high[0]
    (sign,) = diagnosed(readings, None, bare).signs
    assert (sign.reading, sign.when, sign.since) == ("approx_kl", "late", 70)


def test_too_little_is_said():
    with pytest.raises(LogError, match=r"at least 4 readings\. Got 2"):
        diagnose({"approx_kl": [0.1, 0.2]})


def test_numbers_that_are_lost_are_no_health():
    readings = Readings(
        source="x", steps=np.arange(6.0), values={"approx_kl": np.full(6, 0.006)}, lost_at={"value_loss": 3.0}
    )
    found = diagnose(readings)
    assert not found.healthy and "value_loss is no number any more since step 3" in found.text()
    blind = Readings(
        source="x", steps=np.arange(6.0), values={"approx_kl": np.full(6, 0.006)}, lost_at={"explained_variance": 0.0}
    )
    assert diagnose(blind).healthy  # returns without a spread leave nothing to explain


@pytest.mark.parametrize("number", CASES)
def test_the_case_files_are_seen_through(number: int):
    """Whose readings are out of the ordinary is suspected; twins are not."""
    traces, fault = load_case_runs().traces[number], CASES[number].fault.name
    assert diagnose(traces[TWIN], num_actions=5).healthy
    found = diagnose(traces[SUSPECT], num_actions=5)
    if fault not in FAULTS:
        assert found.healthy
        return
    assert fault in [each.fault for each in found.suspects], found.text()


def test_a_run_of_ones_own_is_read_from_its_reports():
    run = TrainingRun("stray", PPOConfig(num_envs=16, seed=1, minibatch_size=128))
    found = diagnose(list(train(run, 20)), num_actions=5)
    assert "20 readings" in found.text() or "20 reports" in found.text()


def test_it_is_plain_data_too():
    found = diagnose(load_case_runs().traces[5][SUSPECT], num_actions=5)
    data = json.loads(json.dumps(found.data(), allow_nan=False))
    assert data["suspects"][0]["fault"] == "softmax before logits" and data["healthy"] is False


def test_what_is_known_covers_every_fault():
    assert list(known().centres) == list(FAULTS)
    assert np.isfinite(known().low).all() and not np.isnan(known().high).any()


def test_a_critic_that_foresees_everything_is_no_sign():
    steps = np.arange(1, 21) * 1000
    good = {"steps": steps, "explained_variance": np.linspace(0.0, 0.999, 20), "approx_kl": np.full(20, 0.006)}
    assert diagnose(good).healthy
    blind = {**good, "explained_variance": np.zeros(20)}
    (sign, *_) = diagnose(blind).signs
    assert sign.reading == "explained_variance" and "at least" in diagnose(blind).text()


def test_an_estimate_below_zero_is_not_judged():
    kl = np.random.default_rng(0).normal(0, 0.01, 30)
    found = diagnose({"approx_kl": kl, "clip_fraction": np.full(30, 0.08)})
    assert found.healthy and "is not judged" in found.text()


def test_a_sign_is_dated_by_a_reading_that_was_taken():
    still = {"steps": np.arange(1, 21) * 512, "approx_kl": np.array([np.nan, *[0.0] * 19])}
    (sign,) = (each for each in diagnose(still).signs if each.when == "early")
    assert sign.since == 1024


def test_numbers_are_those_of_the_log():
    """What counts as 0 is 0, and a share is never below 0."""
    text = diagnose({"steps": np.arange(20.0), "approx_kl": np.zeros(20), "clip_fraction": np.full(20, 0.9)}).text()
    assert "approx_kl, in the first tenth: 0, below" in text
    assert "clip_fraction, in the second half: 0.9, above what is usual (0 to" in text
