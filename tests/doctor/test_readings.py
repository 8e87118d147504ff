import dataclasses
import re
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.doctor.log_table import Series
from ppo_lessons.doctor.readings import VITAL_SIGNS, LogError, Readings, from_frame, from_reports, from_series
from ppo_lessons.other_worlds import GymnasiumTeam
from ppo_lessons.training import TrainingRun, train

NAN = float("nan")


def refuses(sentence):
    return pytest.raises(LogError, match=f"^{re.escape(sentence)}$")


def same(values, right):
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, right)


# ---- Readings


def test_readings_are_arrays_of_float64():
    readings = Readings(source="a test", steps=[1, 2], values={"entropy": [1, None]})
    same(readings.steps, [1, 2])
    same(readings.values["entropy"], [1, NAN])
    assert dataclasses.replace(readings, num_actions=4).num_actions == 4


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"values": {"fun": [1, 2]}}, f"The vital signs are {', '.join(VITAL_SIGNS)}. Got 'fun'"),
        ({"values": {"entropy": [1]}}, "There is one value a step, (2,). Got (1,) for entropy"),
        ({"steps": [2, 1]}, "The steps of readings are finite, (P,), and grow. Got '[2.0, 1.0]'"),
        ({"steps": [1, 1]}, "The steps of readings are finite, (P,), and grow. Got '[1.0, 1.0]'"),
        ({"steps": [1, NAN]}, "The steps of readings are finite, (P,), and grow. Got '[1.0, nan]'"),
        ({"steps": 3}, "The steps of readings are finite, (P,), and grow. Got '3.0'"),
    ],
)
def test_readings_that_could_not_be_read_right(wrong, sentence):
    with refuses(sentence):
        Readings(**{"source": "a test", "steps": [1, 2], "values": {"entropy": [1, 2]}} | wrong)


def test_the_number_of_actions_is_a_whole_number():
    with pytest.raises(ValueError, match=r"^num_actions must be a whole number, 1 or more\. Got 0$"):
        from_frame({"entropy": [1.0]}, num_actions=0)


# ---- reports of this package


def of_update(report, name):
    return getattr(report.update, name)


UPDATE = (
    "entropy",
    "approx_kl",
    "clip_fraction",
    "explained_variance",
    "value_loss",
    "actor_loss",
    "grad_norm",
    "num_rows",
)


def test_the_reports_of_the_spirit_world():
    config = PPOConfig(num_envs=4, num_steps=16, minibatch_size=64, epochs=1)
    reports = list(train(TrainingRun("standard", config), 6))
    readings = from_reports(iter(reports), num_actions=5)
    assert (readings.source, readings.num_actions, readings.notes) == ("6 reports", 5, ())
    same(readings.steps, [report.agent_steps for report in reports])
    for name in UPDATE:
        same(readings.values[name], [of_update(report, name) for report in reports])
    for name, theirs in {"mean_return": "team_return", "survival": "survival", "episode_length": "case_length"}.items():
        same(readings.values[name], [getattr(report.behaviour, theirs) for report in reports])
    assert np.isnan(readings.values["survival"]).any() and "survival" not in readings.lost_at  # no case had ended


def test_the_reports_of_a_world_of_others():
    world = GymnasiumTeam(lambda: gymnasium.make("CartPole-v1"), 2)
    config = PPOConfig(num_envs=2, num_steps=32, minibatch_size=64, epochs=1)
    reports = list(train(TrainingRun(world, config), 3))
    world.close()
    readings = from_reports(reports)
    same(readings.values["mean_return"], [report.behaviour.mean_return for report in reports])
    same(readings.values["episode_length"], [report.behaviour.mean_length for report in reports])
    assert "survival" not in readings.values


def report(agent_steps, behaviour=None, **update):
    return SimpleNamespace(agent_steps=agent_steps, update=SimpleNamespace(**update), behaviour=behaviour)


def test_reports_without_behaviour_and_of_steps_that_measure_more():
    readings = from_reports([report(8, entropy=1.0), report(16, entropy=0.5, first_ratio=0.25)])
    assert set(readings.values) == {"entropy", "first_ratio"}
    same(readings.values["first_ratio"], [NAN, 0.25])


def test_where_no_episode_ended_a_return_is_missing_and_no_run_is_lost():
    ended = [SimpleNamespace(mean_return=value) for value in (9.0, NAN)]
    readings = from_reports([report(8, ended[0], entropy=NAN), report(16, ended[1], entropy=NAN)])
    same(readings.values["mean_return"], [9, NAN])
    assert readings.lost_at == {"entropy": 8}


def test_reports_that_are_not_of_one_run():
    with refuses("A run has at least one report. Got none"):
        from_reports([])
    sentence = "A log is of one run, whose steps do not fall. Got 8 after 16 (2 reports, 'entropy')"
    with refuses(sentence):
        from_reports([report(16, entropy=1.0), report(8, entropy=1.0)])


# ---- frames


def test_a_mapping():
    frame = {
        "global_step": [10, 20, 30],
        "losses/entropy": [0.7, None, 0.5],
        "losses/old_approx_kl": [-1, -2, -3],
        "clipfrac": ("0.1", "", "1e-2"),
    }
    readings = from_frame(frame, source="by hand")
    same(readings.steps, [10, 30])  # nothing was read at 20
    same(readings.values["entropy"], [0.7, 0.5])
    same(readings.values["clip_fraction"], [0.1, 0.01])
    assert (readings.source, readings.unread, readings.notes) == ("by hand", ("losses/old_approx_kl",), ())


def test_a_frame_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "time/total_timesteps": pandas.array([64, 128, 192], dtype="Int64"),
            "train/entropy_loss": [NAN, -0.5, 0.25],
            "train/approx_kl": pandas.array([None, 0.01, 0.02], dtype="Float64"),
            "num_rows": pandas.array([64, None, 64], dtype="Int64"),
            "train/value_loss": [4.0, 2.0, NAN],
            "note": ["a", "b", None],
        }
    )
    readings = from_frame(frame)
    same(readings.steps, [64, 128, 192])
    same(readings.values["entropy"], [NAN, 0.5, -0.25])  # that of real numbers may be below 0
    same(readings.values["approx_kl"], [NAN, 0.01, 0.02])
    same(readings.values["num_rows"], [64, NAN, 64])
    assert (readings.unread, readings.lost_at) == (("note",), {})
    with refuses("A name stands over one column. Got 'entropy' over 1 and 2 (a frame)"):
        from_frame(pandas.DataFrame([[1, 2]], columns=["entropy", "entropy"]))


def test_anything_with_columns():
    class Frame:
        columns = ("cycle", "entropy")

        def __getitem__(self, name):
            return np.arange(1, 4) * (1 if name == "cycle" else 0.1)

    same(from_frame(Frame()).steps, [1, 2, 3])


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({}, "A frame has columns, or maps names to sequences. Got '{}'"),
        ([1, 2], "A frame has columns, or maps names to sequences. Got '[1, 2]'"),
        ({"entropy": 0.5}, "A column of a frame is a sequence of numbers. Got '0.5' (column 'entropy')"),
        ({"entropy": "0.5"}, """A column of a frame is a sequence of numbers. Got "'0.5'" (column 'entropy')"""),
        (
            {"entropy": [[1], [1, 2]]},
            "A column of a frame is a sequence of numbers. Got '[[1], [1, 2]]' (column 'entropy')",
        ),
        (
            {"entropy": [1], "lr": [1, 2]},
            "Every column has one value a row. Got lengths of {'entropy': 1, 'lr': 2} (a frame)",
        ),
        (
            {"step": [1, 2], "entropy": ["0.5", "low"]},
            "A cell holds a number such as 0.5 or 1e5, or nothing. Got 'low' (row 2, column 'entropy')",
        ),
        (
            {"step": [2, 1], "lr": [1, 1]},
            "A log is of one run, whose steps do not fall. Got 1 after 2 (row 2, column 'step')",
        ),
        (
            {"a": [1], "b": [2]},
            "A log has vital signs such as entropy (docs/doctor.md). Got only 'a', 'b' (a frame)",
        ),
        ({"lr": [None], "b": [2]}, "A log has a reading of at least one vital sign. Got none under 'lr' (a frame)"),
        ({"lr": []}, "A log has a reading of at least one vital sign. Got none under 'lr' (a frame)"),
        (
            {"entropy": [True]},
            "A cell holds a number such as 0.5 or 1e5, or nothing. Got 'True' (row 1, column 'entropy')",
        ),
    ],
)
def test_what_is_no_table_of_readings(frame, sentence):
    with refuses(sentence):
        from_frame(frame)


# ---- series


def test_series_are_put_on_the_union_of_their_steps():
    readings = from_series(
        "a test",
        {
            "losses/entropy": Series(np.array([10.0, 30]), np.array([0.7, 0.5])),
            "charts/episodic_return": Series(np.array([5.0, 5, 30]), np.array([1.0, 3, 4])),
        },
    )
    same(readings.steps, [5, 10, 30])
    same(readings.values["mean_return"], [2, NAN, 4])  # two episodes ended at step 5
    same(readings.values["entropy"], [NAN, 0.7, 0.5])


def test_of_several_names_the_best_that_has_a_reading_is_read():
    one, none = Series(np.array([1.0]), np.array([0.5])), Series(np.zeros(0), np.zeros(0))
    readings = from_series("a test", {"losses/entropy": one, "train/entropy_loss": one, "entropy": none, "lr": one})
    same(readings.values["entropy"], [-0.5])
    assert readings.unread == ("losses/entropy", "entropy")
    assert readings.notes == ("entropy is read from 'train/entropy_loss', not from 'losses/entropy'.",)


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        ([1.0, 2, 3], None),
        ([1.0, NAN, 3], None),
        ([1.0, NAN, np.inf], 20),
        ([NAN, NAN, NAN], 10),
        ([1.0, 2, -np.inf], 30),
    ],
)
def test_a_run_is_lost_where_nothing_finite_follows(values, lost):
    readings = from_series("a test", {"value_loss": Series(np.array([10.0, 20, 30]), np.array(values))})
    assert readings.lost_at == ({} if lost is None else {"value_loss": lost})
    same(readings.values["value_loss"], values)
