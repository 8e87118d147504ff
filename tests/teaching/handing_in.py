"""Makes what a class may hand in: folders, and zips that say whatever they are told to say."""

import io
import os
import socket
import struct
import tarfile
import zlib
from dataclasses import dataclass

import pytest

NOTEBOOK = b'{\n "cells": [],\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}\n'
LESSONS = ["00_start_here", "01_rollout", "02_shared_buffer", "07_ratios", "13_coefficient_lab"]
LINK, PIPE, FOLDER = 0o120777 << 16, 0o010644 << 16, 0o040755 << 16


needs_unix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links, pipes and any name: not on this system")


@dataclass
class Packed:
    """An entry of a zip; what is None is written as it is."""

    name: str | bytes
    data: bytes = NOTEBOOK
    method: int = 8
    flags: int = 0
    attributes: int = 0o100644 << 16
    extra: bytes = b""
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    offset: int | None = None


def zipped(*entries, comment=b"", in_front=b""):
    """The bytes of a zip. A name alone stands for a notebook."""
    out, table, count = io.BytesIO(), b"", 0
    for entry in entries:
        entry = entry if isinstance(entry, Packed) else Packed(entry)
        name = entry.name.encode() if isinstance(entry.name, str) else entry.name
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = squeeze.compress(entry.data) + squeeze.flush() if entry.method == 8 else entry.data
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        size = len(entry.data) if entry.size is None else entry.size
        packed = len(data) if entry.packed is None else entry.packed
        offset = out.tell() if entry.offset is None else entry.offset
        common = struct.pack(
            "<4H3L2H", entry.flags, entry.method, 0, 33, crc, packed, size, len(name), len(entry.extra)
        )
        if entry.offset is None:
            out.write(b"PK\3\4" + struct.pack("<H", 20) + common + name + entry.extra + data)
        table += (
            b"PK\1\2"
            + struct.pack("<2H", 0x031E, 20)
            + common
            + struct.pack("<3HLL", 0, 0, 0, entry.attributes, offset)
        )
        table += name + entry.extra
        count += 1
    start = out.tell()
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(table), start, len(comment))
    return in_front + out.getvalue() + table + end + comment


def tarred(*members, mode="w"):
    """The bytes of a tar. A member is a name, a pair of name and content, or a TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for member in members:
            if not isinstance(member, tarfile.TarInfo):
                name, data = member if isinstance(member, tuple) else (member, NOTEBOOK)
                member = tarfile.TarInfo(name)
                member.size = len(data)
            else:
                data = b""
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def lay(folder, *files, **more):
    """Write files into a folder: names of notebooks, and pairs of name and content."""
    for file in (*files, *more.items()):
        name, data = file if isinstance(file, tuple) else (file, NOTEBOOK)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def bind(monkeypatch, path):
    """Make a socket; its path may not be long."""
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
