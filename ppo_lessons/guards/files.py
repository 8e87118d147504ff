"""Files that are complete or not there."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def require_folder(folder: Path) -> None:
    """Say before any work is done that it could not be saved.

    Raises:
        FileNotFoundError: If the folder is not there; it is named.
    """
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "A file is saved into a folder that is there. There is none", str(folder))


def write_whole(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under another name and then rename it: whatever breaks it off leaves the old file and nothing else.

    Args:
        path: Where the file will be.
        write: Writes the contents into the open file that it is given.

    Raises:
        FileNotFoundError: If the folder is not there; it is named.
        OSError: If the file cannot be written; it is named, never the other name.
    """
    path = Path(path)
    require_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        if error.filename is None or Path(error.filename) != unfinished:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        unfinished.unlink(missing_ok=True)
