import gzip
import os
import unicodedata

import pytest

from ppo_lessons.teaching.collecting.archives import Limits, Refusal
from ppo_lessons.teaching.collecting.folders import ARCHIVE, FILE, FOLDER, REFUSED, Reader, Thing
from tests.teaching.handing_in import LINK, NOTEBOOK, Packed, bind, lay, needs_unix, tarred, zipped

as_root = hasattr(os, "geteuid") and os.geteuid() == 0


def look(path, *names, limits=None):
    """The things in a folder, by the names that lead to it."""
    reader = Reader(limits or Limits())
    thing = reader.root(path)
    for name in names:
        thing = {one.name: one for one in reader.children(thing, reader.budget())}[name]
    return reader.children(thing, reader.budget())


def labels(things):
    return [thing.label for thing in things]


def why(path, *names, limits=None):
    with pytest.raises(Refusal) as refusal:
        look(path, *names, limits=limits)
    return str(refusal.value)


def test_things_come_by_name_and_know_where_they_are(tmp_path):
    lay(tmp_path, "b.ipynb", "a/x.ipynb", ("c.zip", zipped("d/e.ipynb")), ("z.pdf", b""))
    things = look(tmp_path)
    assert [(thing.name, thing.kind) for thing in things] == [
        ("a", FOLDER), ("b.ipynb", FILE), ("c.zip", ARCHIVE), ("z.pdf", FILE)
    ]  # fmt: skip
    assert labels(look(tmp_path, "a")) == ["a/x.ipynb"]
    assert labels(look(tmp_path, "c.zip", "d")) == ["c.zip: d/e.ipynb"]


def test_one_file_may_be_all(tmp_path):
    lay(tmp_path, "a.ipynb", "b.ipynb", ("c.zip", zipped("x.ipynb")))
    assert labels(look(tmp_path / "a.ipynb")) == ["a.ipynb"]
    assert labels(look(tmp_path / "c.zip", "c.zip")) == ["c.zip: x.ipynb"]


@needs_unix
def test_the_teacher_may_name_a_link(tmp_path):
    lay(tmp_path, "a.ipynb", "b.ipynb")
    os.symlink(tmp_path / "a.ipynb", tmp_path / "link")
    assert labels(look(tmp_path / "link")) == ["a.ipynb"]


def test_what_programs_leave_behind_is_nobodys(tmp_path):
    junk = [
        "__MACOSX/x.ipynb",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".ipynb_checkpoints/a.ipynb",
        "__pycache__/a.pyc",
    ]
    junk += [".git/a.ipynb", ".progress.jsonl", "._a.ipynb", ".venv/x.py", "timestamp.txt", "site-packages/x.py"]
    lay(tmp_path, *junk, "a.ipynb", ".ipynb", ("c.zip", zipped(*junk, "b.ipynb")))
    assert labels(look(tmp_path)) == [".ipynb", "a.ipynb", "c.zip"]
    assert labels(look(tmp_path, "c.zip")) == ["c.zip: b.ipynb"]


def test_archives_in_archives_and_how_many(tmp_path):
    third = zipped(Packed("fourth.zip", zipped("x.ipynb")), "y.ipynb")
    lay(tmp_path, ("first.zip", zipped(Packed("second.tgz", gzip.compress(tarred(("a/third.zip", third)))))))
    way = ("first.zip", "second.tgz", "a", "third.zip")
    assert labels(look(tmp_path, *way))[1] == "first.zip: second.tgz: a/third.zip: y.ipynb"
    assert why(tmp_path, *way, "fourth.zip") == "it lies in 3 archives, one in the other"
    assert why(tmp_path, "first.zip", "second.tgz", limits=Limits(depth=1)) == "it lies in 1 archives, one in the other"


def test_tars_of_all_three_endings(tmp_path):
    tar = tarred("a/b.ipynb")
    lay(tmp_path, ("a.tar", tar), ("b.tar.gz", gzip.compress(tar)), ("C.TGZ", gzip.compress(tar)), ("d.tgz", tar))
    for name in ("a.tar", "b.tar.gz", "C.TGZ"):
        assert labels(look(tmp_path, name, "a")) == [f"{name}: a/b.ipynb"]
    assert why(tmp_path, "d.tgz") == "it is damaged"


@pytest.mark.parametrize("name", ["a.7z", "a.RAR", "a.ipynb.gz", "a.tar.bz2", "a.tar.xz", "a.dmg"])
def test_other_archives_are_to_be_unpacked_first(tmp_path, name):
    (thing,) = look(lay(tmp_path, name))
    assert (thing.kind, thing.why) == (REFUSED, "unpack it first")


@pytest.mark.parametrize(("data", "said"), [(b"", "it is damaged, or not a zip"), (zipped(), "it is empty")])
def test_an_archive_that_holds_nothing(tmp_path, data, said):
    assert why(lay(tmp_path, ("a.zip", data)), "a.zip") == said


@needs_unix
def test_links_are_not_followed_and_devices_not_opened(tmp_path, monkeypatch):
    lay(tmp_path, "real/a.ipynb")
    os.symlink(tmp_path / "real" / "a.ipynb", tmp_path / "a.ipynb")
    os.symlink(tmp_path / "real", tmp_path / "folder")
    os.symlink("nowhere", tmp_path / "broken.zip")
    os.link(tmp_path / "real" / "a.ipynb", tmp_path / "hard.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    bind(monkeypatch, tmp_path / "s")
    found = {thing.name: (thing.kind, thing.why) for thing in look(tmp_path)}
    assert found["a.ipynb"] == found["folder"] == found["broken.zip"] == (REFUSED, "a link is not followed")
    assert found["pipe.ipynb"] == found["s"] == (REFUSED, "it is not an ordinary file")
    assert found["hard.ipynb"] == (FILE, "") and found["real"] == (FOLDER, "")


def test_links_in_a_zip_are_not_followed_either(tmp_path):
    lay(tmp_path, ("a.zip", zipped(Packed("a", b"/etc", attributes=LINK), "a/b.ipynb")))
    assert [(one.name, one.kind) for one in look(tmp_path, "a.zip")] == [("a", FOLDER), ("a", REFUSED)]


@pytest.mark.skipif(as_root, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_opened(tmp_path):
    lay(tmp_path, "a/b.ipynb")
    (tmp_path / "a").chmod(0)
    try:
        assert why(tmp_path, "a") == "it may not be opened"
    finally:
        (tmp_path / "a").chmod(0o755)


def test_a_folder_that_the_system_does_not_open(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    lay(tmp_path, "a/b.ipynb")
    monkeypatch.setattr(os, "scandir", refuse)
    assert why(tmp_path) == "it may not be opened"


def test_folders_of_one_name_in_two_spellings_are_one(tmp_path):
    spellings = [unicodedata.normalize(form, "Müller/a.ipynb") for form in ("NFC", "NFD")]
    lay(tmp_path, ("a.zip", zipped(*spellings)))
    assert len(look(tmp_path, "a.zip")) == 1
    assert len(look(tmp_path, "a.zip", "Müller")) == 2


def test_entries_of_one_name_stay_apart_the_later_one_last(tmp_path):
    entries = (Packed("a.ipynb", b"x" * size, method=0) for size in (3, 1, 2))
    things = look(lay(tmp_path, ("a.zip", zipped(*entries, "A.ipynb"))), "a.zip")
    assert [(one.name, one.size) for one in things[1:]] == [("a.ipynb", 3), ("a.ipynb", 1), ("a.ipynb", 2)]
    assert things[0].name == "A.ipynb"


def test_names_that_lead_out_are_things_that_are_refused(tmp_path):
    things = look(lay(tmp_path, ("a.zip", zipped("../../x.ipynb", "/etc/y.ipynb", "z.ipynb"))), "a.zip")
    assert [(one.label, one.kind) for one in things] == [
        ("a.zip: ../../x.ipynb", REFUSED), ("a.zip: /etc/y.ipynb", REFUSED), ("a.zip: z.ipynb", FILE)
    ]  # fmt: skip


def test_many_folders_one_in_the_other_are_left(tmp_path):
    lay(tmp_path, ("a.zip", zipped("/".join("d" * 100) + "/x.ipynb")))
    assert why(tmp_path, "a.zip", *"d" * 41) == "it lies in more than 40 folders"


def test_a_class_of_too_many_names_is_not_held_in_the_memory(tmp_path):
    lay(tmp_path, *(f"{i}" for i in range(6)))
    assert why(tmp_path, limits=Limits(names=5)) == "there are more than 5 files in the class"


def test_a_zip_in_a_zip_is_paid_for(tmp_path):
    lay(tmp_path, ("a.zip", zipped(Packed("b.zip", zipped(Packed("c", bytes(2000), method=0)), method=0))))
    assert "it unpacks to more than 1000 bytes" in why(tmp_path, "a.zip", "b.zip", limits=Limits(archive=1000))
    assert "of the class unpack" in why(tmp_path, "a.zip", "b.zip", limits=Limits(whole_class=1000))


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("01_rollout.ipynb", FILE, "01_rollout"),
        ("01_rollout.IPYNB", FILE, "01_rollout"),
        ("01_rollout.ipynb.json", FILE, "01_rollout"),
        ("01_rollout.ipynb.txt", FILE, "01_rollout"),
        ("Anna.tar.gz", ARCHIVE, "Anna"),
        ("Anna.zip", ARCHIVE, "Anna"),
        ("Dr. Anna M.", FOLDER, "Dr. Anna M."),
        ("Anna.zip", FOLDER, "Anna.zip"),
        ("Anna.tar.bz2", REFUSED, "Anna"),
        ("Anna.7z", REFUSED, "Anna"),
        (".ipynb", FILE, ".ipynb"),
        ("my_ppo.py", FILE, "my_ppo"),
    ],
)
def test_a_stem_is_without_endings(name, kind, stem):
    assert Thing(name, kind, name, None).stem == stem


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (NOTEBOOK, True),
        (b"\xef\xbb\xbf" + NOTEBOOK, True),
        (NOTEBOOK.decode().encode("utf-16"), True),
        (b'\r\n {"nbformat_minor":5,"cells":[]}', True),
        (b'{"name": "package.json"}', False),
        (b"[1]", False),
        (b"", False),
        (b"PK\3\4", False),
    ],
)
def test_a_notebook_is_told_by_its_first_words(tmp_path, data, is_one):
    lay(tmp_path, ("a", data), ("b.zip", zipped(Packed("a", data))))
    reader = Reader(Limits())
    assert reader.looks_like_a_notebook(look(tmp_path)[0]) is is_one
    assert reader.looks_like_a_notebook(look(tmp_path, "b.zip")[0]) is is_one
