"""A file is complete or not there, and a folder that is missing is named."""

import os
from pathlib import Path

import pytest

from ppo_lessons.files import write_whole


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
