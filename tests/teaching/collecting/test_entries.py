import io
import random
import struct
import tarfile
import time
import zipfile
import zlib

import pytest

from ppo_lessons.teaching.collecting.archives import Limits, Refusal
from ppo_lessons.teaching.collecting.entries import LONGEST_DIRECTORY, list_tar, list_zip, split_name
from tests.teaching.handing_in import FOLDER, LINK, NOTEBOOK, PIPE, Packed, tarred, zipped

FEW = Limits(entries=5)


def names(data, limits=FEW):
    return ["/".join(entry.parts) for entry in list_zip(io.BytesIO(data), limits)]


def only(data):
    (entry,) = list_zip(io.BytesIO(data), FEW)
    return entry


def refused(data, listing=list_zip, limits=FEW):
    with pytest.raises(Refusal) as refusal:
        listing(io.BytesIO(data), limits)
    return str(refusal.value)


def test_names_folders_and_order_are_those_of_python():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.comment = b"PK\5\6 looks like the end"
        for name in ("b/", "b/ü.ipynb", "a.ipynb", "c d/e (1)/f.ipynb"):
            made.writestr(name, b"" if name.endswith("/") else NOTEBOOK)
    found = list_zip(io.BytesIO(out.getvalue()), FEW)
    assert [entry.parts for entry in found] == [("b",), ("b", "ü.ipynb"), ("a.ipynb",), ("c d", "e (1)", "f.ipynb")]
    assert [entry.folder for entry in found] == [True, False, False, False]
    assert [entry.step.size for entry in found if entry.step] == [len(NOTEBOOK)] * 3


def test_a_program_may_stand_in_front_of_a_zip():
    data = zipped("a.ipynb", in_front=b"#!/bin/sh\n" * 10)
    entry = only(data)
    assert data[entry.step.offset :][:4] == b"PK\3\4"


@pytest.mark.parametrize("encoding", ["utf-8", "cp850", "cp437", "cp1252"])
@pytest.mark.parametrize("flags", [0, 0x800])
def test_umlauts_in_any_encoding_with_or_without_the_flag(encoding, flags):
    assert names(zipped(Packed("Müller/Übung.ipynb".encode(encoding), flags=flags))) == ["Müller/Übung.ipynb"]


def test_a_second_spelling_in_utf_8_counts_while_it_belongs_to_the_name():
    for crc, name in ((zlib.crc32(b"M?ller"), "Møller"), (1, "M?ller")):
        field = struct.pack("<2HBL", 0x7075, 5 + len("Møller".encode()), 1, crc) + "Møller".encode()
        assert names(zipped(Packed(b"M?ller", extra=field), "b")) == [name, "b"]


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "c:a", "\\\\host\\a", "a\\..\\..\\b", "..", "//a"]
)
def test_a_name_that_leads_out_is_refused_and_named(name):
    for entry in (only(zipped(name)), list_tar(io.BytesIO(tarred(name)), FEW)[0]):
        assert (entry.why, entry.step) == ("its name leads out of the archive", None)
        assert entry.parts[0].strip("/\\")[:1] == name.strip("/\\")[:1]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a\\b\\c.ipynb", ("a", "b", "c.ipynb")),
        ("./a//b", ("a", "b")),
        ("a..b/..c/d..", ("a..b", "..c", "d..")),
        ("a/C:b", ("a", "C:b")),
        ("11:21 PM/a", ("11:21 PM", "a")),
        ("", ()),
    ],
)
def test_names_of_all_systems_are_split(name, parts):
    assert split_name(name) == parts


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Packed("a", b"/etc/passwd", attributes=LINK), "a link is not followed"),
        (Packed("a", attributes=PIPE), "it is not an ordinary file"),
        (Packed("a", flags=1), "it is locked with a password"),
        (Packed("a", flags=0x40), "it is locked with a password"),
        (Packed("a", method=12), "it is packed in a way that is not read: pack it as an ordinary zip"),
        (Packed("a", method=99), "it is packed in a way that is not read: pack it as an ordinary zip"),
        (Packed("a" * 5000), "its name is too long"),
    ],
)
def test_what_is_not_read_says_why(entry, said):
    found = only(zipped(entry))
    assert (found.why, found.step, found.folder) == (said, None, False)


def test_a_folder_may_be_told_by_its_attributes_alone():
    assert only(zipped(Packed("a", b"", attributes=FOLDER))).folder
    assert only(zipped(Packed("a\\", b""))).folder
    assert not only(zipped(Packed("a", attributes=0))).folder


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\5\6", b"not a zip" * 100, zipped("a")[:-30], zipped("a")[5:], bytes(100)]
)
def test_what_is_no_zip_or_cut_off(data):
    assert refused(data) == "it is damaged, or not a zip"


def test_an_empty_zip_is_empty():
    assert list_zip(io.BytesIO(zipped()), FEW) == []


def test_too_many_names_are_counted_before_anything_is_made_of_them():
    many = zipped(*(Packed(f"{i}", b"", method=0) for i in range(6)))
    assert refused(many) == "it holds more than 5 files"
    assert len(names(many, Limits(entries=6))) == 6
    assert refused(tarred(*"abcdef"), list_tar) == "it holds more than 5 files"


def test_a_table_of_contents_that_fills_the_memory_is_not_read():
    entry = b"PK\1\2" + bytes(42)
    data = entry * (LONGEST_DIRECTORY // 46 + 1)
    data += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(data), 0, 0)
    began = time.perf_counter()
    assert refused(data, limits=Limits()) == "its table of contents is too long"
    assert time.perf_counter() - began < 1


def test_the_count_at_the_end_is_not_believed():
    data = bytearray(zipped(*(Packed(f"{i}", b"", method=0) for i in range(9))))
    data[-14:-10] = struct.pack("<2H", 1, 1)
    assert refused(bytes(data)) == "it holds more than 5 files"


def test_entries_that_share_bytes_are_a_bomb():
    first = zipped(Packed("a", bytes(1000), method=0))
    assert names(first)
    shared = zipped(Packed("a", bytes(1000), method=0), Packed("b", bytes(1000), method=0, offset=0))
    assert refused(shared) == "its entries lie one upon the other, as in a bomb"
    quoted = zipped(Packed("a", bytes(1000), method=0), Packed("b", bytes(900), method=0, offset=50))
    assert refused(quoted) == "its entries lie one upon the other, as in a bomb"
    beyond = zipped(Packed("a", method=0, packed=10**6))
    assert refused(beyond) == "its entries lie one upon the other, as in a bomb"


def test_a_zip_of_more_than_sixteen_bits_of_names():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for i in range(65_540):
            made.writestr(zipfile.ZipInfo(f"{i}"), b"")
    assert refused(out.getvalue(), limits=Limits()) == "it holds more than 20,000 files"
    assert len(names(out.getvalue(), Limits(entries=70_000))) == 65_540


def test_a_zip_with_wide_records():
    """As programs write it that always write them (the format's sections 4.3.14 and 4.3.15)."""
    data = zipped("a.ipynb")
    end = data.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<2L", data, end + 12)
    wide = b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, 1, 1, size, start)
    locator = b"PK\6\7" + struct.pack("<LQL", 0, end, 1)
    closing = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert names(data[:end] + wide + locator + closing) == ["a.ipynb"]


def test_wide_sizes_that_are_missing():
    assert refused(zipped(Packed("a", size=0xFFFFFFFF))) == "it is damaged, or not a zip"


def test_a_tar_lists_files_folders_and_what_is_none():
    link, hard, pipe, folder = (tarfile.TarInfo(name) for name in ("link", "hard", "pipe", "folder"))
    link.type, hard.type, pipe.type, folder.type = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE
    link.linkname = hard.linkname = "/etc/passwd"
    found = {one.parts[-1]: one for one in list_tar(io.BytesIO(tarred("ü/a.ipynb", link, hard, pipe, folder)), FEW)}
    assert found["a.ipynb"].parts == ("ü", "a.ipynb") and found["a.ipynb"].step.size == len(NOTEBOOK)
    assert found["link"].why == found["hard"].why == "a link is not followed"
    assert found["pipe"].why == "it is not an ordinary file"
    assert found["folder"].folder


@pytest.mark.parametrize("data", [b"", b"x" * 2000, tarred("a")[:700], b"PK\3\4"])
def test_what_is_no_tar_or_cut_off(data):
    assert refused(data, list_tar) == "it is damaged"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.SOLARIS_XHDTYPE])
def test_a_header_of_a_tar_as_long_as_a_book_is_not_read(kind):
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 50_000_000
    read = []

    class Counting(io.BytesIO):
        def read(self, size=-1):
            read.append(size)
            return super().read(size)

    with pytest.raises(Refusal):
        list_tar(Counting(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2000)), FEW)
    assert max(read) < 100_000


def test_long_names_and_attributes_of_a_tar_are_read():
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("ä" * 200 + "/x.ipynb")
        info.mtime = 0.5
        found = list_tar(io.BytesIO(info.tobuf(form) + bytes(1024)), FEW)
        assert [entry.parts for entry in found] == [("ä" * 200, "x.ipynb")]


@pytest.mark.parametrize(("listing", "whole"), [(list_zip, zipped("a", "b/c")), (list_tar, tarred("a", "b/c"))])
def test_no_bytes_make_listing_fail_otherwise(listing, whole):
    chance = random.Random(3)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
        try:
            assert all(entry.parts or entry.folder for entry in listing(io.BytesIO(data), FEW))
        except Refusal as refusal:
            assert str(refusal)
