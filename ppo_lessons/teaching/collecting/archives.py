"""Reads zip and tar files that nobody vouches for: in pieces, within limits, and never onto the disk."""

import gzip
import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

MB = 1_000_000
CHUNK = 64 * 1024

DAMAGED = "it is damaged"
LOCKED = "it is locked with a password"
LINK = "a link is not followed"
UNUSUAL = "it is not an ordinary file"


class Refusal(ValueError):  # noqa: N818 - not an error of ours: what a student handed in is not read
    """Something is not read. The text is one short sentence for the teacher."""


@dataclass(frozen=True)
class Limits:
    """How much is read, so that no file can fill the memory or take all day."""

    file: int = 100 * MB
    """Bytes of one file, unpacked."""
    archive: int = 400 * MB
    """Bytes that are unpacked of one student's archives. An archive of the whole class may hold as much of each."""
    whole_class: int = 4000 * MB
    """Bytes that are unpacked of all archives."""
    entries: int = 20_000
    """Names in one archive."""
    names: int = 200_000
    """Names in the whole class, whatever they are."""
    ratio: int = 200
    """How many times its packed size a file may have; asked of files over `ratio_from` only."""
    ratio_from: int = 10 * MB
    depth: int = 3
    """Archives, one in the other."""
    levels: int = 40
    """Folders, one in the other."""


class Budget:
    """What may still be spent, here and in the whole that this is a part of.

    Args:
        most: How much there is.
        refusal: What is said when it is spent.
        whole: Is spent from as well.
    """

    def __init__(self, most: int, refusal: str, whole: "Budget | None" = None) -> None:
        self.left, self.refusal, self.whole = most, refusal, whole

    def spend(self, amount: int) -> None:
        """Take something away.

        Raises:
            Refusal: If there is not as much; there is nothing afterwards.
        """
        if amount > self.left:
            self.left = -1
            raise Refusal(self.refusal)
        self.left -= amount
        if self.whole:
            self.whole.spend(amount)


def in_words(size: int) -> str:
    """Return a number of bytes as a teacher reads it: "100 MB"."""
    return f"{size // (1000 * MB)} GB" if size >= 1000 * MB else f"{size // MB} MB" if size >= MB else f"{size} bytes"


@dataclass(frozen=True)
class Packed:
    """An entry of a zip: where it begins, how it is packed (0 stored, 8 deflated), its sizes and its checksum."""

    offset: int
    method: int
    packed: int
    size: int
    crc: int

    def chunks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the content piece by piece. Nothing is believed: not the sizes, not the checksum, not the end."""
        file.seek(self.offset)
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\3\4":
            raise Refusal(DAMAGED)
        file.seek(sum(struct.unpack_from("<2H", head, 26)), os.SEEK_CUR)
        crc, size = 0, 0
        for data in self._inflated(file) if self.method else self._stored(file):
            crc, size = zlib.crc32(data, crc), size + len(data)
            yield data
        if (size, crc) != (self.size, self.crc):
            raise Refusal(f"{DAMAGED}: its checksum is wrong")

    def _stored(self, file: BinaryIO) -> Iterator[bytes]:
        left = self.packed
        while left and (data := file.read(min(CHUNK, left))):
            left -= len(data)
            yield data

    def _inflated(self, file: BinaryIO) -> Iterator[bytes]:
        unpack = zlib.decompressobj(-15)
        raw = self._stored(file)
        while not unpack.eof:
            taken = unpack.unconsumed_tail or next(raw, b"")
            data = unpack.decompress(taken, CHUNK)
            if not taken and not data:
                raise Refusal(f"{DAMAGED}: it ends too early")
            if data:
                yield data


@dataclass(frozen=True)
class Slice:
    """A member of a tar, which lies there as it is."""

    offset: int
    size: int

    @property
    def packed(self) -> int:
        """As long as it is unpacked."""
        return self.size

    def chunks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        file.seek(self.offset)
        left = self.size
        while left:
            data = file.read(min(CHUNK, left))
            if not data:
                raise Refusal(f"{DAMAGED}: it ends too early")
            left -= len(data)
            yield data


@dataclass(frozen=True)
class Gunzip:
    """The tar in a .tar.gz."""

    packed: int

    def chunks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        file.seek(0)
        with gzip.GzipFile(fileobj=file) as unpacked:
            while data := unpacked.read(CHUNK):
                yield data


Step = Packed | Slice | Gunzip


@dataclass(frozen=True)
class Place:
    """Where content lies: a file on the disk, and the way into it from archive to archive."""

    path: Path
    steps: tuple[Step, ...] = ()

    def within(self, step: Step) -> "Place":
        """Return the place of something in this archive."""
        return Place(self.path, (*self.steps, step))


def content(place: Place, limits: Limits, budget: Budget | None = None) -> Iterator[bytes]:
    """Yield what lies at a place, piece by piece, and count while it comes: sizes that are written down may lie.

    Args:
        place: Of an ordinary file, or in an archive.
        limits: Which of them is broken is said.
        budget: What is unpacked is taken from it.

    Raises:
        Refusal: If it is too much, damaged, or cannot be opened.
    """
    total = 0
    try:
        for data in _plain(place) if not place.steps else _unpacked(place, limits):
            total += len(data)
            if total > limits.file:
                raise Refusal(f"it is larger than {in_words(limits.file)}")
            packed = place.steps[-1].packed if place.steps else total
            if total > limits.ratio_from and total > limits.ratio * packed:
                raise Refusal(f"it unpacks to more than {limits.ratio} times its size")
            if budget and place.steps:
                budget.spend(len(data))
            yield data
    except Refusal:
        raise
    except Exception:  # whatever bytes a student can put there
        raise Refusal(DAMAGED) from None


def _plain(place: Place) -> Iterator[bytes]:
    with open_plainly(place.path) as file:
        yield from iter(lambda: file.read(CHUNK), b"")


def _unpacked(place: Place, limits: Limits) -> Iterator[bytes]:
    with opened(Place(place.path, place.steps[:-1]), limits) as file:
        yield from place.steps[-1].chunks(file)


def open_plainly(path: Path) -> BinaryIO:
    """Open a file of the disk to read it, if it is one: to open a pipe would wait for ever.

    Raises:
        Refusal: If it is a link or a device, or cannot be opened.
    """
    flags = (getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY", "O_CLOEXEC"))
    try:
        number = os.open(path, os.O_RDONLY | sum(flags))
    except OSError as error:
        raise Refusal(not_opened(error)) from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise Refusal(UNUSUAL)
    return os.fdopen(number, "rb")


def not_opened(error: OSError) -> str:
    """Return why a file or a folder could not be opened."""
    return "it may not be opened" if isinstance(error, PermissionError) else f"it cannot be opened ({error.strerror})"


@contextmanager
def opened(place: Place, limits: Limits) -> Iterator[BinaryIO]:
    """Open an archive; what lies in another archive is unpacked into the memory."""
    if not place.steps:
        with open_plainly(place.path) as file:
            yield file
    else:
        now = place.path.stat()
        yield io.BytesIO(_last_unpacked(place, (now.st_mtime_ns, now.st_size), limits))


@lru_cache(maxsize=1)  # a student's files are read one after the other: their archive is unpacked once
def _last_unpacked(place: Place, written: tuple[int, int], limits: Limits) -> bytes:
    return b"".join(content(place, limits))
