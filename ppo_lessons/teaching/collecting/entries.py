"""What a zip or a tar says it holds. Every number and every name in it may be a lie, or a trap."""

import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ppo_lessons.teaching.collecting.archives import (
    DAMAGED,
    LINK,
    LOCKED,
    MB,
    UNUSUAL,
    Limits,
    Packed,
    Refusal,
    Slice,
    Step,
)
from ppo_lessons.teaching.collecting.spelling import decoded

LONGEST_NAME = 4096
"""Bytes of a name with its folders. No system makes longer ones."""
LONGEST_DIRECTORY = 32 * MB
"""Bytes of a zip's table of contents; twenty thousand names of a usual length need a tenth."""
LONGEST_TAR_HEADER = 64 * 1024
STORED, DEFLATED = 0, 8
"""Ways of packing that can be unpacked in small pieces. A piece of bzip2 may hold gigabytes."""
ENCRYPTED = 0x41
"""Flags of a zip's entry: it is locked, in the old way or in the new one."""
ZIP_64, UNICODE_PATH = 0x0001, 0x7075
"""Extra fields of a zip's entry: its sizes, where four bytes are too few; its name once more, in UTF-8."""
FULL = 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """A name in an archive."""

    parts: tuple[str, ...]
    """The folders, then the name itself."""
    folder: bool = False
    step: Step | None = None
    """Leads to its content; None if there is none to be read."""
    why: str = ""
    """Why it is not read."""


@dataclass(frozen=True)
class _Record:
    """An entry of a zip's table of contents, as it is written there."""

    raw: bytes
    flags: int
    system_bits: int
    step: Packed
    end: int
    """First byte behind it, at the least."""


def split_name(name: str) -> tuple[str, ...]:
    """Return the parts of a name in an archive, on whichever system it was packed.

    Raises:
        Refusal: If it leads out of the archive.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    from_a_drive = bool(parts) and parts[0][1:2] == ":" and parts[0][0].isalpha()
    if ".." in parts or name[:1] in ("/", "\\") or from_a_drive:
        raise Refusal("its name leads out of the archive")
    return tuple(parts)


def list_zip(file: BinaryIO, limits: Limits) -> list[Entry]:
    """Return all names in a zip, in the order of its table of contents.

    Written to the format's own description (APPNOTE), as Python's reader believes how long a table is and makes an
    object of a kilobyte for each name before anybody can count them.

    Raises:
        Refusal: If it is damaged, holds too much, or holds the same bytes twice.
    """
    try:
        start, size, shift = _directory(file)
        records = list(_records(file, start, size, shift, limits))
    except Refusal:
        raise
    except Exception:  # whatever bytes a student can put there
        raise Refusal("it is damaged, or not a zip") from None
    in_order = sorted(records, key=lambda record: record.step.offset)
    ends = [record.end for record in in_order]
    begins = [*(record.step.offset for record in in_order[1:]), start]
    if any(end > begin for end, begin in zip(ends, begins, strict=False)):
        raise Refusal("its entries lie one upon the other, as in a bomb")
    return [_entry(record) for record in records]


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """Return where the table of contents begins, its length, and by how much all places in it are to be moved."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 22 - 0xFFFF))
    tail = file.read()
    at = last = tail.rfind(b"PK\5\6")
    while at >= 0 and tail[at + 20 : at + 22] != struct.pack("<H", max(0, len(tail) - at - 22)):
        at = tail.rfind(b"PK\5\6", 0, at)  # it stood in the comment
    at = last if at < 0 else at
    size, begins = struct.unpack_from("<2L", tail, at + 12) if at >= 0 else (FULL, FULL)
    where = end - len(tail) + at
    if where >= 76:
        file.seek(where - 76)
        record = file.read(76)
        if record[:4] == b"PK\6\6" and record[56:60] == b"PK\6\7":
            size, begins = struct.unpack_from("<2Q", record, 40)
            where -= 76
    if at < 0 or size + begins > where:
        raise Refusal("it is damaged, or not a zip")
    if size > LONGEST_DIRECTORY:
        raise Refusal("its table of contents is too long")
    return where - size, size, where - size - begins  # moved where something was put in front of the zip


def _records(file: BinaryIO, start: int, size: int, shift: int, limits: Limits) -> Iterator[_Record]:
    file.seek(start)
    table = file.read(size)
    at = count = 0
    while at < len(table):
        count += 1
        if count > limits.entries:
            raise Refusal(f"it holds more than {limits.entries:,} files")
        if table[at : at + 4] != b"PK\1\2":
            raise Refusal("it is damaged, or not a zip")
        flags, method = struct.unpack_from("<2H", table, at + 8)
        crc, packed, unpacked, name, extra, comment = struct.unpack_from("<3L3H", table, at + 16)
        attributes, offset = struct.unpack_from("<2L", table, at + 38)
        raw = table[at + 46 : at + 46 + name]
        fields = dict(_extra_fields(table[at + 46 + name : at + 46 + name + extra]))
        wide = iter(struct.unpack_from(f"<{len(fields.get(ZIP_64, b'')) // 8}Q", fields.get(ZIP_64, b"")))
        unpacked, packed, offset = (next(wide) if value == FULL else value for value in (unpacked, packed, offset))
        step = Packed(offset + shift, method, packed, unpacked, crc)
        end = step.offset + 30 + name + packed
        yield _Record(_spelling(raw, fields.get(UNICODE_PATH, b"")), flags, attributes >> 16, step, end)
        at += 46 + name + extra + comment


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _spelling(raw: bytes, field: bytes) -> bytes:
    """Take a name's second spelling, in UTF-8, if there is one that still belongs to the first."""
    belongs = len(field) > 5 and field[0] == 1 and struct.unpack_from("<L", field, 1)[0] == zlib.crc32(raw)
    return field[5:] if belongs else raw


def _entry(record: _Record) -> Entry:
    parts, why = _parts(record.raw)
    kind = stat.S_IFMT(record.system_bits)
    if not why and (record.raw.endswith((b"/", b"\\")) or kind == stat.S_IFDIR or not parts):
        return Entry(parts, folder=True)
    if kind == stat.S_IFLNK:
        why = LINK
    elif kind not in (0, stat.S_IFREG):
        why = UNUSUAL
    elif record.flags & ENCRYPTED:
        why = LOCKED
    elif record.step.method not in (STORED, DEFLATED):
        why = "it is packed in a way that is not read: pack it as an ordinary zip"
    return Entry(parts, step=None if why else record.step, why=why)


def _parts(raw: bytes) -> tuple[tuple[str, ...], str]:
    """Return the parts of a name and why it is not read, if it is not."""
    name = decoded(raw[:LONGEST_NAME])
    if len(raw) > LONGEST_NAME:
        return (name,), "its name is too long"
    try:
        return split_name(name), ""
    except Refusal as refusal:
        return (name,), str(refusal)


def list_tar(file: BinaryIO, limits: Limits) -> list[Entry]:
    """Return all names in a tar, in its order.

    Raises:
        Refusal: If it is damaged or holds too much.
    """
    found: list[Entry] = []
    try:
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:", tarinfo=_Wary) as tar:
            for member in tar:
                found.append(_member(member))
                if len(found) > limits.entries:
                    raise Refusal(f"it holds more than {limits.entries:,} files")
    except Refusal:
        raise
    except Exception:  # whatever bytes a student can put there
        raise Refusal(DAMAGED) from None
    return found


class _Wary(tarfile.TarInfo):
    """Reads no name as long as a book: a header says its own length, and all of it would be read at once."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in (b"x", b"g", b"X", b"L", b"K") and self.size > LONGEST_TAR_HEADER:
            raise Refusal(DAMAGED)
        return super()._proc_member(tar)  # tarfile names this method as the one to override


def _member(member: tarfile.TarInfo) -> Entry:
    parts, why = _parts(member.name.encode("utf-8", "surrogateescape"))
    if not why and (member.isdir() or not parts):
        return Entry(parts, folder=True)
    if member.issym() or member.islnk():
        why = LINK
    elif member.type not in tarfile.REGULAR_TYPES or member.issparse():
        why = UNUSUAL
    return Entry(parts, step=None if why else Slice(member.offset_data, member.size), why=why)
