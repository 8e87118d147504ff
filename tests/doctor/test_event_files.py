import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from ppo_lessons.doctor import event_files
from ppo_lessons.doctor.event_files import event_files_in, is_event_file, read_event_files
from ppo_lessons.doctor.log_table import LogError

pytest.importorskip("tensorboard")


def refuses(sentence):
    return pytest.raises(LogError, match=f"^{re.escape(sentence)}$")


def write(folder, scalars, **how):
    """Write {tag: [(step, value), ...]} by torch's writer; returns the event file."""
    from torch.utils.tensorboard import SummaryWriter

    before = set(folder.glob("*"))
    with SummaryWriter(str(folder), filename_suffix=f".{len(before)}", **how) as writer:
        for tag, pairs in scalars.items():
            for step, value in pairs:
                writer.add_scalar(tag, value, step)
    return next(iter(set(folder.glob("*")) - before))


def record(data):
    """A record as TensorBoard writes it."""
    length = struct.pack("<Q", len(data))
    sums = (struct.pack("<I", event_files._checksum(each)) for each in (length, data))
    return length + next(sums) + data + next(sums)


def records_of(data):
    """Where each record of an event file begins, and where the last ends."""
    at = [0]
    while at[-1] < len(data):
        at.append(at[-1] + 16 + struct.unpack_from("<Q", data, at[-1])[0])
    return at


CLEANRL = {
    "charts/episodic_return": [(40, 20.0), (40, 30.0), (77, 9.0)],
    "charts/learning_rate": [(128, 0.5), (256, 0.25)],
    "losses/value_loss": [(128, 8.0), (256, 4.0)],
    "losses/old_approx_kl": [(128, -0.5), (256, -0.25)],
    "losses/approx_kl": [(128, 0.125), (256, 0.25)],
    "losses/clipfrac": [(128, 0.0), (256, float("nan"))],
    "charts/SPS": [(128, 900), (256, 901)],
}


def test_the_tags_of_cleanrl_are_merged_on_their_steps(tmp_path):
    readings = read_event_files([write(tmp_path, CLEANRL)], "a run", num_actions=2)
    nan = float("nan")
    right = {
        "mean_return": [25, 9, nan, nan],  # two episodes ended at step 40
        "learning_rate": [nan, nan, 0.5, 0.25],
        "value_loss": [nan, nan, 8, 4],
        "approx_kl": [nan, nan, 0.125, 0.25],
        "clip_fraction": [nan, nan, 0, nan],
    }
    np.testing.assert_array_equal(readings.steps, [40, 77, 128, 256])
    assert set(readings.values) == set(right)
    for name, values in right.items():
        np.testing.assert_array_equal(readings.values[name], values)
    assert set(readings.unread) == {"losses/old_approx_kl", "charts/SPS"}
    assert (readings.lost_at, readings.num_actions, readings.notes) == ({"clip_fraction": 256}, 2, ())


def test_scalars_of_newer_writers_and_what_is_no_scalar(tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(30):  # by itself TensorBoard's reader would keep 10 of them
            writer.add_scalar("losses/entropy", step / 4, step, new_style=True)
        writer.add_text("losses/value_loss", "a text", 0)
        writer.add_histogram("losses/approx_kl", np.arange(9), 0)
        writer.add_hparams({"lr": 0.1}, {"score": 1.0}, run_name="below")
    readings = read_event_files(event_files_in(tmp_path), "a run")
    np.testing.assert_array_equal(readings.values["entropy"], np.arange(30) / 4)
    assert set(readings.values) == {"entropy"}


def test_all_of_a_long_run_is_read(tmp_path):
    """More than the 10,000 readings that TensorBoard's reader keeps by itself."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    file = tmp_path / "events.out.tfevents.1"
    one = [Event(step=i, summary=Summary(value=[Summary.Value(tag="lr", simple_value=1.0)])) for i in range(10_002)]
    file.write_bytes(b"".join(record(each.SerializeToString()) for each in one))
    assert len(read_event_files([file], "a run").steps) == 10_002


def test_a_run_that_went_on_in_another_file(tmp_path):
    write(tmp_path, {"lr": [(1, 0.5), (2, 0.5)]})
    write(tmp_path, {"lr": [(3, 0.25)], "losses/entropy": [(3, 0.5)]})
    readings = read_event_files(event_files_in(tmp_path), "a run")
    np.testing.assert_array_equal(readings.values["learning_rate"], [0.5, 0.5, 0.25])
    assert readings.source == "a run, 2 event files"


def test_a_run_that_was_taken_up_at_an_earlier_step_says_so_to_tensorboard(tmp_path):
    write(tmp_path, {"lr": [(1, 0.5), (2, 0.5), (3, 0.5)]})
    write(tmp_path, {"lr": [(2, 0.25)]}, purge_step=2)
    readings = read_event_files(event_files_in(tmp_path), "a run")
    np.testing.assert_array_equal(readings.values["learning_rate"], [0.5, 0.25])


def test_a_name_whose_readings_were_all_taken_back_has_none(tmp_path):
    write(tmp_path, {"lr": [(2, 0.5)], "losses/entropy": [(1, 0.5)]})
    write(tmp_path, {"losses/entropy": [(2, 0.25)]}, purge_step=2)
    readings = read_event_files(event_files_in(tmp_path), "a run")
    assert (set(readings.values), readings.unread) == ({"entropy"}, ("lr",))


def test_files_of_two_runs_in_one_folder(tmp_path):
    write(tmp_path, {"lr": [(1, 0.5), (2, 0.5)]})
    write(tmp_path, {"lr": [(1, 0.5), (2, 0.5)]})
    with refuses("A log is of one run, whose steps do not fall. Got 1 after 2 (runs, 2 event files, 'lr')"):
        read_event_files(event_files_in(tmp_path), "runs")


def test_a_file_that_is_cut_anywhere_is_read_up_to_there(tmp_path):
    file = write(tmp_path, {"losses/entropy": [(step, step / 4) for step in range(1, 9)]})
    data = file.read_bytes()
    begins = records_of(data)
    with_events = len(begins) - 1 - 8  # of the records, the last 8 hold the readings
    for cut in range(begins[with_events] + 1, len(data)):
        file.write_bytes(data[:cut])
        whole = sum(begin <= cut for begin in begins) - 1
        count = whole - with_events
        if count:
            readings = read_event_files([file], "a run")
            np.testing.assert_array_equal(readings.values["entropy"], np.arange(1, count + 1) / 4)
            note = f"{file.name} ends in the middle of record {whole + 1}, which is left out."
            assert readings.notes == (() if cut in begins else (note,))
        else:
            with refuses("A log has vital signs such as entropy (docs/doctor.md). Got no name at all (a run)"):
                read_event_files([file], "a run")


def test_no_byte_can_be_wrong_unnoticed(tmp_path):
    file = write(tmp_path, {"losses/entropy": [(step, step / 4) for step in range(1, 4)]})
    data = file.read_bytes()
    begins = records_of(data)
    for at in range(len(data)):
        file.write_bytes(data[:at] + bytes([data[at] ^ 0x04]) + data[at + 1 :])
        number = sum(begin <= at for begin in begins)
        with refuses(f"The records of an event file are whole. Got a damaged one (record {number} of {file.name})"):
            read_event_files([file], "a run")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "A log has vital signs such as entropy (docs/doctor.md). Got no name at all (a run)"),
        (b"text\n" * 9, "The records of an event file are whole. Got a damaged one (record 1 of a.tfevents)"),
        (bytes(99), "The records of an event file are whole. Got a damaged one (record 1 of a.tfevents)"),
        (
            struct.pack("<QI", 2**60, event_files._checksum(struct.pack("<Q", 2**60))),
            "The records of an event file are whole. Got a damaged one (record 1 of a.tfevents)",
        ),
    ],
)
def test_what_is_no_event_file(tmp_path, data, sentence):
    file = tmp_path / "a.tfevents"
    file.write_bytes(data)
    with refuses(sentence):
        read_event_files([file], "a run")


def test_a_whole_record_that_is_no_event(tmp_path):
    file = tmp_path / "a.tfevents"
    file.write_bytes(record(b"\xff\xff\xff"))
    with pytest.raises(LogError, match=r"^The records of an event file are events\. Got DecodeError: .*\(a run\)$"):
        read_event_files([file], "a run")


def test_only_scalars_that_nobody_knows(tmp_path):
    file = write(tmp_path, {"loss": [(1, 0.5)]})
    with refuses("A log has vital signs such as entropy (docs/doctor.md). Got only 'loss' (a run)"):
        read_event_files([file], "a run")


def test_a_file_is_known_by_its_name_or_its_beginning(tmp_path):
    file = write(tmp_path, {"lr": [(1, 0.5)]})
    assert is_event_file(file.name, b"") and is_event_file("log", file.read_bytes())
    assert not is_event_file("events.out.tfevents.1.profile-empty", b"") and not is_event_file("progress.csv", b"a,b\n")
    renamed = file.rename(tmp_path / "log")
    with refuses('TensorBoard reads files whose names hold "tfevents". Got log: rename it'):
        read_event_files([renamed], "log")


def test_the_limits(tmp_path, monkeypatch):
    file = write(tmp_path, {"lr": [(1, 0.5)]})
    count = len(records_of(file.read_bytes())) - 1
    monkeypatch.setattr(event_files, "MAX_ROWS", count - 1)
    with refuses(f"An event file has at most {count - 1} records. Got {count} ({file.name})"):
        read_event_files([file], "a run")
    monkeypatch.setattr(event_files, "MAX_BYTES", 0)
    with refuses("A log has at most 0 MB. Got 0 (a run)"):
        read_event_files([file], "a run")


def test_without_tensorboard(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_accumulator", None)
    with refuses(
        "Event files are read by TensorBoard, which has to be installed: pip install tensorboard. Got a run without it"
    ):
        read_event_files([Path("a.tfevents")], "a run")
