"""A file is complete or not there, and a folder that is missing is named."""

import errno
import os
import traceback
from pathlib import Path

import pytest

from ppo_lessons.guards.files import write_whole
from ppo_lessons.shipped import ages, atlas
from ppo_lessons.shipped import recording as recorded


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path):
    for contents in (b"first", b"second"):
        write_whole(str(tmp_path / "file"), lambda file, contents=contents: file.write(contents))
        assert (tmp_path / "file").read_bytes() == contents
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError()])
def test_what_is_broken_off_leaves_the_old_file(tmp_path: Path, error: BaseException):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def half(file):
        file.write(b"ne")
        raise error

    with pytest.raises(type(error)):
        write_whole(path, half)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_is_not_there_is_named_and_not_the_hidden_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="A file is saved into a folder that is there") as error:
        write_whole(tmp_path / "teams" / "mine.pt", lambda file: file.write(b""))
    assert error.value.filename == str(tmp_path / "teams")
    assert "unfinished" not in str(error.value)


def test_a_folder_in_the_place_of_the_file_is_named_and_not_the_hidden_file(tmp_path: Path):
    path = tmp_path / "mine.pt"
    path.mkdir()
    with pytest.raises(OSError) as error:
        write_whole(path, lambda file: file.write(b""))
    assert (error.value.filename, error.value.filename2) == (str(path), None)
    assert "unfinished" not in "".join(traceback.format_exception(error.value))
    assert os.listdir(tmp_path) == ["mine.pt"]


@pytest.mark.parametrize("call", ["builtins.open", "os.replace"])
def test_a_file_that_may_not_be_written_is_named_and_not_the_hidden_file(tmp_path: Path, monkeypatch, call: str):
    def refuse(name, *_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(name))

    monkeypatch.setattr(call, refuse)
    with pytest.raises(PermissionError) as error:
        write_whole(tmp_path / "mine.pt", lambda file: file.write(b""))
    assert error.value.filename == str(tmp_path / "mine.pt")


def test_what_the_writer_itself_says_is_left_alone(tmp_path: Path):
    with pytest.raises(FileNotFoundError) as error:
        write_whole(tmp_path / "mine.pt", lambda file: open(tmp_path / "source"))
    assert error.value.filename == str(tmp_path / "source")


@pytest.mark.parametrize(
    ("module", "make"),
    [
        (atlas, lambda missing: atlas.make_atlas(missing / "atlas.npz")),
        (ages, lambda missing: ages.make_ages(missing / "ages")),
        (ages, lambda missing: ages.make_seed_curves(missing)),
        (recorded, lambda missing: recorded.make_recording(missing / "recording")),
    ],
    ids=["atlas", "ages", "reference", "recording"],
)
def test_hours_of_training_are_not_lost_on_a_folder_that_is_not_there(tmp_path: Path, monkeypatch, module, make):
    def trained(*_):
        raise AssertionError("trained before the folder was asked for")

    monkeypatch.setattr(module, "train", trained)
    with pytest.raises(FileNotFoundError, match="A file is saved into a folder that is there") as error:
        make(tmp_path / "missing")
    assert error.value.filename == str(tmp_path / "missing")
