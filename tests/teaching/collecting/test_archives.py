import gzip
import os
import random
import zipfile

import pytest

from ppo_lessons.teaching.collecting import archives
from ppo_lessons.teaching.collecting.archives import (
    Budget,
    Gunzip,
    Limits,
    Place,
    Refusal,
    Slice,
    content,
    in_words,
    opened,
)
from ppo_lessons.teaching.collecting.entries import list_tar, list_zip
from tests.teaching.handing_in import NOTEBOOK, Packed, bind, needs_unix, tarred, zipped

SMALL = Limits(file=2_000_000, ratio_from=1_000_000)


def place_of(path, entry, limits=SMALL):
    """The place of the first entry of that name in a zip on the disk."""
    with open(path, "rb") as file:
        found = next(one for one in list_zip(file, limits) if one.parts[-1] == entry)
    return Place(path).within(found.step)


def read(place, limits=SMALL, budget=None):
    return b"".join(content(place, limits, budget))


def why(place, limits=SMALL, budget=None):
    with pytest.raises(Refusal) as refusal:
        read(place, limits, budget)
    return str(refusal.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 500_001])
def test_an_entry_is_what_python_put_into_it(tmp_path, method, size):
    data = random.Random(size).randbytes(size)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as made:
        made.writestr("a.ipynb", data)
        made.writestr("b.ipynb", b"b")
    assert read(place_of(tmp_path / "a.zip", "a.ipynb")) == data
    assert read(place_of(tmp_path / "a.zip", "b.ipynb")) == b"b"


def test_an_entry_that_was_written_to_a_pipe_and_one_with_wide_sizes(tmp_path):
    class Pipe:
        def __init__(self, file):
            self.write, self.flush = file.write, file.flush

    with open(tmp_path / "pipe.zip", "wb") as file, zipfile.ZipFile(Pipe(file), "w") as made:
        made.writestr("a.ipynb", NOTEBOOK)
        with made.open("b.ipynb", "w", force_zip64=True) as entry:
            entry.write(b"wide")
    assert read(place_of(tmp_path / "pipe.zip", "a.ipynb")) == NOTEBOOK
    assert read(place_of(tmp_path / "pipe.zip", "b.ipynb")) == b"wide"


def test_a_file_of_the_disk_and_one_in_a_zip_in_a_zip(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(NOTEBOOK)
    assert read(Place(tmp_path / "a.ipynb")) == NOTEBOOK
    (tmp_path / "a.zip").write_bytes(zipped(Packed("b.zip", zipped("c.ipynb"))))
    inner = place_of(tmp_path / "a.zip", "b.zip")
    with opened(inner, SMALL) as file:
        step = list_zip(file, SMALL)[0].step
    assert read(inner.within(step)) == NOTEBOOK


def test_what_changed_on_the_disk_is_read_anew(tmp_path):
    for age, data in enumerate((b"first!", b"second")):
        (tmp_path / "a.tar").write_bytes(tarred(("b.zip", zipped(Packed("c", data, method=0)))))
        os.utime(tmp_path / "a.tar", (age, age))
        with open(tmp_path / "a.tar", "rb") as file:
            inner = Place(tmp_path / "a.tar").within(list_tar(file, SMALL)[0].step)
        with opened(inner, SMALL) as file:
            step = list_zip(file, SMALL)[0].step
        assert read(inner.within(step)) == data


def test_a_member_of_a_tar_and_of_a_packed_one(tmp_path):
    (tmp_path / "a.tar").write_bytes(tarred("x", ("b", b"b" * 100_000)))
    (tmp_path / "a.tgz").write_bytes(gzip.compress((tmp_path / "a.tar").read_bytes()))
    with open(tmp_path / "a.tar", "rb") as file:
        step = list_tar(file, SMALL)[1].step
    assert read(Place(tmp_path / "a.tar").within(step)) == b"b" * 100_000
    packed = Place(tmp_path / "a.tgz").within(Gunzip((tmp_path / "a.tgz").stat().st_size))
    assert read(packed.within(step)) == b"b" * 100_000


def test_a_file_over_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(bytes(2_000_001))
    assert why(Place(tmp_path / "a")) == "it is larger than 2 MB"
    assert len(read(Place(tmp_path / "a"), Limits())) == 2_000_001


def test_a_bomb_goes_off_at_the_limit_whatever_its_header_says(tmp_path):
    for size in (None, 10):
        (tmp_path / "a.zip").write_bytes(zipped(Packed("a", bytes(50_000_000), size=size)))
        seen, roomy = 0, Limits(file=20_000_000, ratio_from=1_000_000)
        with pytest.raises(Refusal, match="unpacks to more than 200 times its size"):
            for piece in content(place_of(tmp_path / "a.zip", "a"), roomy):
                seen += len(piece)
        assert seen < 10_000_000
    poor = Limits(file=1_000_000, ratio=10_000)
    assert why(place_of(tmp_path / "a.zip", "a"), poor) == "it is larger than 1 MB"


def test_a_small_file_may_be_as_empty_as_it_likes(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(Packed("a", bytes(900_000))))
    assert read(place_of(tmp_path / "a.zip", "a")) == bytes(900_000)


def test_a_packed_tar_may_be_a_bomb(tmp_path):
    packed = gzip.compress(bytes(5_000_000))
    (tmp_path / "a.tgz").write_bytes(packed)
    assert "200 times" in why(Place(tmp_path / "a.tgz").within(Gunzip(len(packed))))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Packed("a", crc=1), "it is damaged: its checksum is wrong"),
        (Packed("a", size=3), "it is damaged: its checksum is wrong"),
        (Packed("a", size=10**6), "it is damaged: its checksum is wrong"),
        (Packed("a", method=0, packed=10), "it is damaged: its checksum is wrong"),
        (Packed("a", packed=10), "it is damaged: it ends too early"),
        (Packed("a", b"\xff" * 50, method=0), ""),
    ],
)
def test_a_lie_about_an_entry(tmp_path, entry, said):
    (tmp_path / "a.zip").write_bytes(zipped(entry))
    place = place_of(tmp_path / "a.zip", "a")
    assert (why(place) if said else read(place)) == (said or entry.data)


def test_rubbish_where_the_packed_bytes_should_be(tmp_path):
    data = bytearray(zipped(Packed("a", NOTEBOOK * 50)))
    data[40:60] = b"\xff" * 20
    (tmp_path / "a.zip").write_bytes(data)
    assert why(place_of(tmp_path / "a.zip", "a")) == "it is damaged"


def test_a_zip_that_was_cut_after_it_was_listed(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(Packed("a", random.Random(0).randbytes(100_000), method=0)))
    place = place_of(path, "a")
    path.write_bytes(path.read_bytes()[:50_000])
    assert why(place).startswith("it is damaged")
    path.write_bytes(b"")
    assert why(place) == "it is damaged"
    path.unlink()
    assert why(place).startswith("it cannot be opened")


def test_a_budget_is_spent_with_the_whole(tmp_path):
    whole = Budget(150, "the class")
    one, other = Budget(100, "a student", whole), Budget(100, "a student", whole)
    one.spend(100)
    with pytest.raises(Refusal, match="a student"):
        one.spend(1)
    with pytest.raises(Refusal, match="a student"):
        one.spend(0)
    other.spend(50)
    with pytest.raises(Refusal, match="the class"):
        other.spend(1)
    (tmp_path / "a.zip").write_bytes(zipped(Packed("a", bytes(1000))))
    assert why(place_of(tmp_path / "a.zip", "a"), budget=Budget(999, "too much")) == "too much"


@needs_unix
def test_a_pipe_or_a_socket_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    assert why(Place(tmp_path / "pipe")) == "it is not an ordinary file"
    bind(monkeypatch, tmp_path / "socket")
    assert why(Place(tmp_path / "socket")).startswith("it cannot be opened")
    os.symlink(tmp_path / "pipe", tmp_path / "link")
    assert why(Place(tmp_path / "link")).startswith("it cannot be opened")
    assert why(Place(tmp_path)) == "it is not an ordinary file"


def test_only_the_last_archive_in_an_archive_is_kept(tmp_path):
    assert archives._last_unpacked.cache_info().maxsize == 1


def test_no_bytes_make_reading_fail_otherwise(tmp_path):
    """Any change of any byte of a zip: the content is the same, or there is a sentence."""
    chance = random.Random(2)
    whole = zipped(Packed("a", NOTEBOOK * 20), Packed("b", b"stored", method=0))
    path = tmp_path / "a.zip"
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        try:
            with open(path, "rb") as file:
                steps = [entry.step for entry in list_zip(file, SMALL) if entry.step]
            for step in steps:
                read(Place(path).within(step))
        except Refusal as refusal:
            assert str(refusal)


def test_a_member_that_says_it_is_longer_than_its_tar(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    assert read(Place(tmp_path / "a.tar").within(Slice(1, 2))) == b"bc"
    assert why(Place(tmp_path / "a.tar").within(Slice(1, 10**15))) == "it is damaged: it ends too early"


@pytest.mark.parametrize(("size", "words"), [(10, "10 bytes"), (100_000_000, "100 MB"), (4_000_000_000, "4 GB")])
def test_sizes_in_words(size, words):
    assert in_words(size) == words
