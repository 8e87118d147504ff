import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ppo_lessons.doctor import logs
from ppo_lessons.doctor.log_names import MINUS, VITAL_SIGNS, our_name
from ppo_lessons.doctor.logs import LogError, Readings, read_log

NAN, INF = float("nan"), float("inf")


def refuses(sentence):
    return pytest.raises(LogError, match=f"^{re.escape(sentence)}$")


def as_lists(readings):
    """Steps and values, such that == compares them, NaN too."""
    return repr((readings.steps.tolist(), {name: values.tolist() for name, values in readings.values.items()}))


# ---- real logs


@pytest.fixture(scope="module")
def sb3(tmp_path_factory):
    """A real run of Stable-Baselines3: (the folder with its three logs, what its logger was given, a dict a dump)."""
    pytest.importorskip("pandas")
    pytest.importorskip("tensorboard")
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import KVWriter, configure

    class Keep(KVWriter):
        def __init__(self):
            self.given = []

        def write(self, key_values, key_excluded, step=0):
            self.given.append(dict(key_values))

        def close(self):
            pass

    folder, keep = tmp_path_factory.mktemp("run"), Keep()
    logger = configure(str(folder), ["csv", "json", "tensorboard"])
    logger.output_formats.append(keep)
    ppo = PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=2, device="cpu", seed=0)
    ppo.set_logger(logger)
    ppo.learn(384)
    logger.close()
    ppo.env.close()
    return folder, keep.given


def right(given):
    """What is to be read in a log of these dumps, by our names."""
    values = {}
    for ours, names in VITAL_SIGNS.items():
        column = [
            next((dump[name] * (-1 if name in MINUS else 1) for name in names if name in dump), NAN) for dump in given
        ]
        if not np.isnan(column).all():
            values[ours] = column
    return values


@pytest.mark.parametrize("name", ["progress.csv", "progress.json", "tensorboard"])
def test_the_logs_of_stable_baselines3(sb3, name):
    folder, given = sb3
    path = next(folder.glob("*tfevents*")) if name == "tensorboard" else folder / name
    readings, values = read_log(path, num_actions=2), right(given)
    assert len(given) == 6 and len(values) == 9
    np.testing.assert_array_equal(readings.steps, [dump["time/total_timesteps"] for dump in given])
    assert list(readings.values) == list(values)
    for each, column in values.items():
        np.testing.assert_allclose(readings.values[each], column, rtol=1e-6, err_msg=each)  # floats have 32 bits there
    assert np.isnan(readings.values["entropy"][0])  # the first update comes after the first dump
    assert (readings.values["entropy"][1:] > 0.6).all()
    assert (readings.source, readings.num_actions) == (path.name, 2)
    assert (readings.notes, readings.lost_at) == ((), {})
    assert {"train/loss", "time/fps"} < set(readings.unread) and "train/approx_kl" not in readings.unread


@pytest.mark.parametrize("name", ["progress.csv", "progress.json"])
def test_a_log_that_is_cut_anywhere_is_read_up_to_there(sb3, name, tmp_path):
    folder, given = sb3
    data = (folder / name).read_bytes()
    path, whole = tmp_path / name, as_lists(read_log(folder / name))
    lines = data.splitlines(keepends=True)
    ends = np.cumsum([len(line) for line in lines])
    for cut in sorted({*range(ends[-3], len(data), 7), *ends[-3:-1], *(ends[-3:] - 1)}):
        path.write_bytes(data[:cut])
        readings = read_log(path)
        object_is_whole = name.endswith("json") and cut in ends - 1  # without its line end, too
        rows = (ends <= cut).sum() - name.endswith("csv") + object_is_whole
        assert len(readings.steps) == rows
        np.testing.assert_allclose(readings.values["episode_length"], right(given)["episode_length"][:rows])
        cut_off = cut not in ends and not object_is_whole
        line = len(data[:cut].splitlines())
        note = f"The last line of {name}, {line}, has no end, as if it was being written: it is left out."
        assert readings.notes == ((note,) if cut_off else ())
    path.write_bytes(data)
    assert as_lists(read_log(path)) == whole


def test_whatever_happens_to_a_log_there_is_a_result_or_one_sentence(sb3, tmp_path):
    folder, _ = sb3
    drawn = random.Random(0)
    refused = 0
    for name in ["progress.csv", "progress.json"]:
        data, path = (folder / name).read_bytes(), tmp_path / name
        for _ in range(150):
            broken = bytearray(data)
            for _ in range(drawn.choice([1, 2, 30])):
                at = drawn.randrange(len(broken))
                broken[at : at + drawn.choice([0, 1, 1, 40])] = bytes(
                    drawn.choices(b'\0\n\r,;"#{}[]-e1x\xff\xc3', k=drawn.randrange(3))
                )
            path.write_bytes(broken)
            try:
                assert isinstance(read_log(path), Readings)
            except LogError as error:
                refused += 1
                assert "Got " in str(error) and "\n" not in str(error) and name in str(error)
    assert 0 < refused < 300


def test_a_csv_of_pandas(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"step": [1, 2], "Entropy": [0.7, NAN], "note": ['say "a, b"', "two\nlines"]})
    for how in (
        {},
        {"index": False},
        {"sep": ";"},
        {"sep": "\t"},
        {"lineterminator": "\r\n"},
        {"encoding": "utf-8-sig"},
    ):
        frame.to_csv(tmp_path / "log.csv", **how)
        readings = read_log(tmp_path / "log.csv")
        assert as_lists(readings) == repr(([1.0], {"entropy": [0.7]}))
        assert readings.unread == ("note",)


# ---- texts, and what comes of them

RESULTS = {
    "a CSV": (
        b"step,entropy,lr\n10,0.7,1e5\n20,,-2\n30,nan,inf\n",
        [10, 20, 30],
        {"entropy": [0.7, NAN, NAN], "learning_rate": [1e5, -2, INF]},
    ),
    "one row": (b"step,entropy\n10,0.5\n", [10], {"entropy": [0.5]}),
    "one column": (b"entropy\n0.5\n\n0.25\n", [1, 2], {"entropy": [0.5, 0.25]}),
    "capitals and spaces": (b" Step , Entropy \n 10 , 0.5 \n", [10], {"entropy": [0.5]}),
    "quotes": (b'"step","entropy"\n"10","0.5"\n', [10], {"entropy": [0.5]}),
    "old line ends": (b"step,entropy\r10,0.5\r", [10], {"entropy": [0.5]}),
    "lines without anything": (b"\n\nstep,entropy\n\n10,0.5\n  \n\n", [10], {"entropy": [0.5]}),
    "comments above": (b"# a run\n# of mine\nstep,entropy\n10,0.5\n", [10], {"entropy": [0.5]}),
    "a byte-order mark": (b"\xef\xbb\xbfstep,entropy\n10,0.5\n", [10], {"entropy": [0.5]}),
    "text in a column that is not read": (b"step,entropy,name\n10,0.5,M\xc3\xbcller\n", [10], {"entropy": [0.5]}),
    "two columns that are not read": (b"x,step,x,entropy\n1,10,2,0.5\n", [10], {"entropy": [0.5]}),
    "a row without a reading": (b"step,entropy\n10,0.5\n,\n30,0.25\n", [10, 30], {"entropy": [0.5, 0.25]}),
    "rows at one step": (b"step,entropy,lr\n10,0.5,\n10,1.0,1\n", [10], {"entropy": [0.75], "learning_rate": [1]}),
    "a header again": (b"step,entropy\n10,0.5\nstep,entropy\n20,0.25\n", [10, 20], {"entropy": [0.5, 0.25]}),
    "a run continued with other columns": (
        b"step,entropy\n10,0.5\nlr,step,entropy\n1,20,0.25\n",
        [10, 20],
        {"entropy": [0.5, 0.25], "learning_rate": [NAN, 1]},
    ),
    "a last line of zeros": (b"step,entropy\n10,0.5\n20,0.\0\0\0\0", [10], {"entropy": [0.5]}),
    "a last line with half a letter": (b"step,entropy,x\n10,0.5,x\n20,0.5,\xc3", [10], {"entropy": [0.5]}),
    "JSON": (
        b'{"step": 10, "entropy": 0.5, "x": [1, {}]}\n\n{"lr": NaN, "entropy": "1e-1", "step": 2e1}\n',
        [10, 20],
        {"entropy": [0.5, 0.1], "learning_rate": [NAN, NAN]},
    ),
    "JSON without a reading": (
        b'{"step": 10, "entropy": null}\n{"step": 20, "entropy": -Infinity}',
        [20],
        {"entropy": [-INF]},
    ),
    "JSON behind a byte-order mark": (b'\xef\xbb\xbf{"step": 10, "entropy": 1}', [10], {"entropy": [1]}),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_text_that_is_read(tmp_path, name):
    data, steps, values = RESULTS[name]
    (tmp_path / "log").write_bytes(data)
    readings = read_log(tmp_path / "log")
    assert readings.steps.tolist() == steps and set(readings.values) == set(values)
    for each, column in values.items():
        np.testing.assert_array_equal(readings.values[each], column)


NOT_WRITTEN = "A log has at least one row that ends in a line end. Got none (log)"
NO_NUMBER = "A cell holds a number such as 0.5 or 1e5, or nothing. Got"
NO_TEXT = "A log that is no event file is text in UTF-8. Got"
NO_SIGN = "The first line of a CSV names its columns, one of them known, such as entropy (docs/doctor.md). Got"
NO_OBJECT = "Every line of a JSON log is one object. Got"
DAMAGED = {
    "empty": (b"", "A log has a header, and rows below it. Got an empty file (log)"),
    "blank": (b" \n\t\n", "A log has a header, and rows below it. Got an empty file (log)"),
    "comments alone": (b"# a\n# b\n", NOT_WRITTEN),
    "a header alone": (b"step,entropy\n", NOT_WRITTEN),
    "half a header": (b"step,entr", NOT_WRITTEN),
    "half a row": (b"step,entropy\n10,0.", NOT_WRITTEN),
    "half an object": (b'{"step": 10, "entr', NOT_WRITTEN),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0", f"{NO_TEXT} byte 0x89 (log, line 1)"),
    "a pickle": (pickle.dumps({"step": [1]}), f"{NO_TEXT} byte 0x80 (log, line 1)"),
    "an archive": (b"PK\x03\x04\0\0\n", f"{NO_TEXT} byte 0x00 (log, line 1)"),
    "zeros": (bytes(50), f"{NO_TEXT} byte 0x00 (log, line 1)"),
    "a zero": (b"step,entropy\n10,0.5\n20,\0\n", f"{NO_TEXT} byte 0x00 (log, line 3)"),
    "Latin-1": (b"step,entropy,\xe4\n10,0.5,1\n", f"{NO_TEXT} byte 0xe4 (log, line 1)"),
    "Latin-1 below": (b"step,entropy,a\n10,0.5,\xe4\n", f"{NO_TEXT} byte 0xe4 (log, line 2)"),
    "UTF-16": (b"\xff\xfe" + "step,entropy\n1,1\n".encode("utf-16-le"), f"{NO_TEXT} byte 0xff (log, line 1)"),
    "a row too short": (b"step,entropy\n10,0.5\n20\n", "A row has 2 cells, as the header has. Got 1 (log, line 3)"),
    "a row too long": (b"step,entropy\n10,0,5\n", "A row has 2 cells, as the header has. Got 3 (log, line 2)"),
    "a row too short below a cell of two lines": (
        b'step,entropy,x\n1,1,"a\nb"\n\n20\n',
        "A row has 3 cells, as the header has. Got 1 (log, line 5)",
    ),
    "a comma in a number": (b"step;entropy\n10;0,5\n", f"{NO_NUMBER} '0,5' (log, line 2, column 'entropy')"),
    "text": (b"step,entropy\n10,0.5\n20,low\n", f"{NO_NUMBER} 'low' (log, line 3, column 'entropy')"),
    "code": (b"step,entropy\n1,exit(1)\n", f"{NO_NUMBER} 'exit(1)' (log, line 2, column 'entropy')"),
    "text for a step": (b"step,entropy\nx,0.5\n", f"{NO_NUMBER} 'x' (log, line 2, column 'step')"),
    "text below comments": (b"#\n\nstep,entropy\n1,x\n", f"{NO_NUMBER} 'x' (log, line 4, column 'entropy')"),
    "no step": (
        b"step,entropy\n,0.5\n",
        "A row with a reading has a finite step. Got none (log, line 2, column 'step')",
    ),
    "two runs": (
        b"step,entropy\n10,0.5\n20,0.5\nstep,entropy\n10,0.5\n",
        "A log is of one run, whose steps do not fall. Got 10 after 20 (log, line 5, column 'step')",
    ),
    "no name that is known": (b"step,a,b\n1,2,3\n", f"{NO_SIGN} 'step', 'a', 'b' (log, line 1)"),
    "no header": (b"1,0.5\n2,0.5\n", f"{NO_SIGN} '1', '0.5' (log, line 1)"),
    "prose": (b"Dear reader,\nhow are you?\n", f"{NO_SIGN} 'Dear reader', '' (log, line 1)"),
    "SB3's monitor": (b'#{"t_start": 1}\nr,l,t\n9,9,1\n', f"{NO_SIGN} 'r', 'l', 't' (log, line 2)"),
    "a column twice": (
        b"step,entropy,lr,entropy\n1,1,1,1\n",
        "A name stands over one column. Got 'entropy' over 2 and 4 (log, line 1)",
    ),
    "no reading": (
        b"step,entropy\n10,\n20,None\n",
        "A log has a reading of at least one vital sign. Got none under 'entropy' (log)",
    ),
    "a quote without end": (
        b'step,entropy,x\n1,1,a\n2,1,"b\n3,1,c\n',
        "Rows have cells and quotes as a CSV has them. Got this: unexpected end of data (log, line 3)",
    ),
    "a quote in a cell": (
        b'step,entropy,x\n1,1,"a"b\n',
        "Rows have cells and quotes as a CSV has them. Got this: ',' expected after '\"' (log, line 2)",
    ),
    "a cell without end": (
        b"step,entropy,x\n1,1," + b"x" * 200_000 + b"\n",
        "Rows have cells and quotes as a CSV has them. Got this: field larger than field limit (131072) (log, line 2)",
    ),
    "a line without end": (
        b"step,entropy\n" + b"1" * 1_000_001 + b"\n",
        "A line has at most 1,000,000 characters. Got 1,000,002 (log, line 2)",
    ),
    "half an object above": (
        b'{"step": 10, "entropy": 0.5}\n{"step": 20, "entr\n{"step": 30, "entropy": 0.5}\n',
        f"""{NO_OBJECT} '{{"step": 20, "entr' (log, line 2)""",
    ),
    "another thing in JSON": (b'{"entropy": 1}\n[1]\n', f"{NO_OBJECT} '[1]' (log, line 2)"),
    "JSON over several lines": (b'{\n  "entropy": 0.5\n}\n', f"{NO_OBJECT} '{{' (log, line 1)"),
    "deep JSON": (
        b'{"entropy": ' + b"[" * 10**5 + b"]" * 10**5 + b"}\n",
        f"""{NO_OBJECT} '{{"entropy": [[[[[[[[[[[[[[[[[[[[[[[[[...' (log, line 1)""",
    ),
    "a number without end": (
        b'{"entropy": ' + b"1" * 9999 + b"}\n",
        f"""{NO_OBJECT} '{{"entropy": 1111111111111111111111111...' (log, line 1)""",
    ),
    "a list in JSON": (b'{"step": 1, "entropy": [1]}\n', f"{NO_NUMBER} '[1]' (log, line 1, column 'entropy')"),
    "a flag in JSON": (b'{"entropy": true}\n', f"{NO_NUMBER} 'True' (log, line 1, column 'entropy')"),
    "a name twice in JSON": (
        b'{"entropy": 1, "entropy": 2}\n',
        "A name stands over one column. Got 'entropy' over 1 and 2 (log, line 1)",
    ),
    "no name that is known in JSON": (
        b'{"a": 1}\n',
        "A log has vital signs such as entropy (docs/doctor.md). Got only 'a' (log)",
    ),
    "JSON in Latin-1": (b'{"entropy": 1, "x": "\xe4"}', f"{NO_TEXT} byte 0xe4 (log, line 1)"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_text_that_is_damaged(tmp_path, name):
    data, sentence = DAMAGED[name]
    (tmp_path / "log").write_bytes(data)
    with refuses(sentence):
        read_log(tmp_path / "log")


def test_a_run_that_was_continued_says_so(tmp_path):
    (tmp_path / "log").write_bytes(b"entropy\n0.5\nentropy\n0.25\n0.1")
    assert read_log(tmp_path / "log").notes == (
        "log begins anew with a header in line 3: the run was continued.",
        "The last line of log, 5, has no end, as if it was being written: it is left out.",
        "No column says where in the run a row stands, such as time/total_timesteps: rows are counted.",
    )


def test_a_run_that_went_wrong(tmp_path):
    (tmp_path / "log").write_bytes(b"step,entropy,value_loss\n10,0.5,1\n20,,nan\n30,,inf\n")
    assert read_log(tmp_path / "log").lost_at == {"value_loss": 20}  # an empty cell is nothing that the log gives


# ---- files and folders


def test_a_place_without_a_log(tmp_path):
    with refuses(f"A log is a file or a folder. Got {tmp_path / 'no'}, nothing there"):
        read_log(str(tmp_path / "no"))
    with refuses(f"A folder with a log holds an event file of TensorBoard or a progress.csv. Got {tmp_path} with none"):
        read_log(tmp_path)
    with refuses("A log is a file or a folder. Got a\0b, nothing there"):
        read_log("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of Unix")
def test_a_place_that_would_never_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with refuses(f"A log is a file or a folder. Got {tmp_path / 'pipe'}, neither"):
        read_log(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "log").write_bytes(b"entropy\n1\n")

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", locked)
    with refuses(f"A log can be opened and read. Got {tmp_path / 'log'}: Permission denied"):
        read_log(tmp_path / "log")


def test_the_limits(tmp_path, monkeypatch):
    (tmp_path / "log").write_bytes(b"entropy\n" + b"1\n" * 30)
    monkeypatch.setattr("ppo_lessons.doctor.log_table.MAX_ROWS", 29)
    with refuses("A log has at most 29 rows. Got more (log, line 31)"):
        read_log(tmp_path / "log")
    monkeypatch.setattr(logs, "MAX_BYTES", 50)
    with refuses("A log has at most 0 MB. Got more (log)"):
        read_log(tmp_path / "log")


def test_folders_of_stable_baselines3(sb3, tmp_path):
    folder, _ = sb3
    event_file = next(folder.glob("*tfevents*"))
    assert as_lists(read_log(folder)) == as_lists(read_log(event_file))
    for name in ("progress.json", "progress.csv", event_file.name):  # each is preferred to those before
        (tmp_path / "PPO_1").mkdir(exist_ok=True)
        shutil.copy(folder / name, tmp_path / "PPO_1" / name)
        for place in (tmp_path, tmp_path / "PPO_1"):
            assert as_lists(read_log(place)) == as_lists(read_log(folder / name))
    assert read_log(tmp_path).source == f"{tmp_path.name}/PPO_1"
    shutil.copytree(tmp_path / "PPO_1", tmp_path / "PPO_2")
    with refuses(f"A log is of one run. Got those of 2 in {tmp_path}: 'PPO_1', 'PPO_2'"):
        read_log(tmp_path)


def test_an_event_file_is_known_whatever_its_name(sb3, tmp_path):
    shutil.copy(next(sb3[0].glob("*tfevents*")), tmp_path / "log.csv")
    with refuses('TensorBoard reads files whose names hold "tfevents". Got log.csv: rename it'):
        read_log(tmp_path / "log.csv")


# ---- what reading a log does not do


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_nothing_in_a_log_is_executed(tmp_path):
    for name in ("log", "progress.csv", "events.out.tfevents.1", "log.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()) + b"\n")
        with pytest.raises(LogError):
            read_log(tmp_path / name)


def test_nothing_heavy_is_imported_and_logs_of_text_need_none_of_it(tmp_path):
    (tmp_path / "log").write_text(json.dumps({"step": 1, "entropy": 0.5}))
    code = (
        "import sys, ppo_lessons.doctor;"
        "from ppo_lessons.doctor.logs import read_log;"
        "read_log(sys.argv[1]);"
        "print({'pandas', 'tensorboard', 'stable_baselines3', 'polars'} & set(sys.modules))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "set()\n", "")


def test_the_tables_here_are_of_names_that_are_known():
    assert all(our_name(name) for values in RESULTS.values() for name in values[2])
