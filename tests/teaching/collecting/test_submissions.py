import os
import random
import sys
import unicodedata
from pathlib import Path

import pytest

from ppo_lessons.teaching.collecting.archives import Limits, Refusal
from ppo_lessons.teaching.collecting.submissions import HandedIn, NotRead, read_folder
from tests.teaching.handing_in import LESSONS, LINK, NOTEBOOK, PIPE, Packed, bind, lay, needs_unix, tarred, zipped

ANNA, OTTO = "Müller Anna_48211_assignsubmission_file_", "Meier Otto_48212_assignsubmission_file_"


def read(path, *files, limits=None):
    lay(path, *files)
    return read_folder(path, limits or Limits(), LESSONS)


def listed(path, *files):
    """(student, path, own name) of what was handed in; what was left aside is nothing."""
    handed_in, left = read(path, *files)
    assert left == []
    return [(one.student, one.path, one.name) for one in handed_in]


def test_what_is_returned_and_how_it_reads(tmp_path):
    handed_in, left = read(tmp_path, "Anna/01_rollout (1).ipynb", ("Anna/notes.pdf", b""))
    (one,) = handed_in
    assert isinstance(one, HandedIn)
    assert (one.student, one.path, one.name) == ("Anna", "Anna/01_rollout (1).ipynb", "01_rollout (1).ipynb")
    assert one.read() == NOTEBOOK
    assert left == [NotRead("Anna", "Anna/notes.pdf", "not a notebook")]


def test_the_lessons_are_those_of_the_course(tmp_path):
    lay(tmp_path, "17_case_files_Anna.ipynb")
    assert read_folder(tmp_path)[0][0].student == "Anna"


SCHEMES = {
    "a folder for each": (
        ["Anna Müller/01_rollout (1).ipynb", "Anna Müller/x/02_shared_buffer.ipynb", "Otto/final FINAL.ipynb"],
        [
            ("Anna Müller", "02_shared_buffer.ipynb"),
            ("Anna Müller", "01_rollout (1).ipynb"),
            ("Otto", "final FINAL.ipynb"),
        ],
    ),
    "flat": (
        ["01_rollout_Anna Müller.ipynb", "01_rollout (1) - Otto Weiß.ipynb", "mueller_01_rollout.ipynb"],
        [
            ("Anna Müller", "01_rollout_Anna Müller.ipynb"),
            ("mueller", "mueller_01_rollout.ipynb"),
            ("Otto Weiß", "01_rollout (1) - Otto Weiß.ipynb"),
        ],
    ),
    "Moodle, folders": (
        [f"{ANNA}/01_rollout (1).ipynb", f"{OTTO[:-1]}/x y/01_rollout.ipynb"],
        [("Meier Otto", "01_rollout.ipynb"), ("Müller Anna", "01_rollout (1).ipynb")],
    ),
    "Moodle, flat": (
        [f"{ANNA}01_rollout (1).ipynb", f"{OTTO}über mich.ipynb"],
        [("Meier Otto", "über mich.ipynb"), ("Müller Anna", "01_rollout (1).ipynb")],
    ),
    "Canvas": (
        ["mülleranna_48211_9917_01_rollout-1.ipynb", "weißotto_LATE_48212_9918_my work (1).ipynb"],
        [("mülleranna", "01_rollout-1.ipynb"), ("weißotto", "my work (1).ipynb")],
    ),
    "Blackboard": (
        ["Übung 1_a.müller_attempt_2026-11-03-10-12-44_01_rollout (1).ipynb"],
        [("a.müller", "01_rollout (1).ipynb")],
    ),
    "Brightspace": (
        [
            "12345-678910 - Anna Müller - Nov 3, 2026 1012 AM/01_rollout (1).ipynb",
            "12346-678910 - Otto Weiß - Nov 3, 2026 1013 AM - über.ipynb",
            "12347-678910 - Kim - 01_rollout.ipynb",
            "index.html",
        ],
        [("Anna Müller", "01_rollout (1).ipynb"), ("Kim", "01_rollout.ipynb"), ("Otto Weiß", "über.ipynb")],
    ),
    "ILIAS": (
        ["x/Abgaben/Müller_Anna_amueller_12345/20261103101244_01_rollout (1).ipynb"],
        [("Anna Müller", "01_rollout (1).ipynb")],
    ),
    "nbgrader": (
        ["submitted/amüller/01_rollout/01_rollout.ipynb", "submitted/omeier/07_ratios/07_ratios (1).ipynb"],
        [("amüller", "01_rollout.ipynb"), ("omeier", "07_ratios (1).ipynb")],
    ),
    "an exchange of nbgrader": (
        ["inbound/amüller+01_rollout+2026-11-03 101244.5 UTC+x/01_rollout.ipynb"],
        [("amüller", "01_rollout.ipynb")],
    ),
    "Teams": (
        ["Submitted files/Anna Müller/Übung 1/Version 1/01_rollout (1).ipynb"],
        [("Anna Müller", "01_rollout (1).ipynb")],
    ),
    "Classroom": (
        ["01_rollout/Anna Müller - 01_rollout (1).ipynb", "01_rollout/Otto Weiß - 01_rollout.ipynb"],
        [("Anna Müller", "Anna Müller - 01_rollout (1).ipynb"), ("Otto Weiß", "Otto Weiß - 01_rollout.ipynb")],
    ),
    "Gradescope": (
        ["assignment_1_export/submission_12345/01_rollout (1).ipynb", "assignment_1_export/submission_12346/ü.ipynb"],
        [("submission_12345", "01_rollout (1).ipynb"), ("submission_12346", "ü.ipynb")],
    ),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("packed", ["as it is", "one zip", "a zip in a zip", "a folder in a zip", "a tar"])
def test_every_platform_unpacked_and_packed(tmp_path, scheme, packed):
    files, expected = SCHEMES[scheme]
    if packed == "as it is":
        lay(tmp_path, *files)
    elif packed == "one zip":
        lay(tmp_path, ("lesson 1.zip", zipped(*files)))
    elif packed == "a zip in a zip":
        lay(tmp_path, ("lessons.zip", zipped(Packed("lesson 1.zip", zipped(*files)))))
    elif packed == "a folder in a zip":
        lay(tmp_path, ("PPO_submissions.zip", zipped(*(f"Abgaben/{file}" for file in files))))
    else:
        lay(tmp_path, ("submitted.tar.gz", tarred(*files, mode="w:gz")))
    found = listed(tmp_path)
    assert [(student, name) for student, _, name in found] == expected
    assert all(one.read() == NOTEBOOK for one in read(tmp_path)[0])


def test_a_whole_class_in_one_zip_that_is_called_anything(tmp_path):
    for scheme in ("Moodle, folders", "Moodle, flat", "Canvas", "Gradescope", "Brightspace"):
        files, expected = SCHEMES[scheme]
        found = listed(tmp_path / scheme, ("PPO 26-3819.zip", zipped(*files)))
        assert [(student, name) for student, _, name in found] == expected
        by_itself, _ = read_folder(tmp_path / scheme / "PPO 26-3819.zip", lessons=LESSONS)
        assert found == [(one.student, one.path, one.name) for one in by_itself]


def test_a_zip_for_each_student_in_the_folder_and_in_the_students_folders(tmp_path):
    files = [("Anna Müller.zip", zipped("01_rollout.ipynb")), ("Otto/01_rollout.zip", zipped("x/01_rollout.ipynb"))]
    assert listed(tmp_path, *files) == [
        ("Anna Müller", "Anna Müller.zip: 01_rollout.ipynb", "01_rollout.ipynb"),
        ("Otto", "Otto/01_rollout.zip: x/01_rollout.ipynb", "01_rollout.ipynb"),
    ]


def test_zips_of_three_lessons_are_one_class(tmp_path):
    zips = [
        ("PPO-1.zip", zipped(f"{ANNA}/01_rollout.ipynb", f"{OTTO}/01_rollout.ipynb")),
        ("PPO-2.zip", zipped("Müller Anna_7_assignsubmission_file/02_shared_buffer.ipynb")),
        ("PPO-3.zip", zipped("Meier Otto_8_assignsubmission_file_07_ratios.ipynb")),
    ]
    assert [(student, path[:5]) for student, path, _ in listed(tmp_path, *zips)] == [
        ("Meier Otto", "PPO-1"), ("Meier Otto", "PPO-3"), ("Müller Anna", "PPO-1"), ("Müller Anna", "PPO-2")
    ]  # fmt: skip


def test_two_students_of_one_name(tmp_path):
    zips = [
        ("1.zip", zipped(ANNA + "a.ipynb", "Müller Anna_48999_assignsubmission_file_a.ipynb", f"{OTTO}a.ipynb")),
        ("2.zip", zipped("Müller Anna_7_assignsubmission_file_b.ipynb", "Meier Otto_8_assignsubmission_file_b.ipynb")),
    ]
    assert [student for student, _, _ in listed(tmp_path, *zips)] == [
        "Meier Otto", "Meier Otto", "Müller Anna (48211)", "Müller Anna (48999)", "Müller Anna (7)"
    ]  # fmt: skip


def test_a_lasting_number_is_the_same_student_everywhere_and_no_name_is(tmp_path):
    zips = [
        ("1.zip", zipped("mülleranna_48211_9917_a.ipynb", "mülleranna_48999_9918_a.ipynb")),
        ("2.zip", zipped("mülleranna_48211_9927_b.ipynb", "mülleranna_48999_9928_b.ipynb")),
    ]
    assert [student for student, _, _ in listed(tmp_path, *zips)] == ["mülleranna (48211)"] * 2 + [
        "mülleranna (48999)"
    ] * 2


def test_without_numbers_one_name_is_one_student(tmp_path):
    files = ["lesson 1/Anna Müller/a.ipynb", unicodedata.normalize("NFD", "lesson 2/anna müller/b.ipynb")]
    files.append("lesson 3/07_ratios_Anna Müller.ipynb")
    assert {student for student, _, _ in listed(tmp_path, *files)} == {"Anna Müller"}


def test_one_with_a_number_and_one_without_are_two(tmp_path):
    found = listed(tmp_path, f"lesson 1/{ANNA}/a.ipynb", "Müller Anna/b.ipynb", "Müller Anna (48211)/c.ipynb")
    assert [student for student, _, _ in found] == ["Müller Anna", "Müller Anna (48211)", "Müller Anna [2]"]
    assert len({student.casefold() for student, _, _ in found}) == 3


def test_what_has_no_name_is_labelled_so(tmp_path):
    found = listed(
        tmp_path,
        "01_rollout.ipynb",
        "02_shared_buffer.ipynb",
        "01_rollout (1).ipynb",
        ("homework.zip", zipped("my_ppo.py")),
    )
    assert [(student, name) for student, _, name in found] == [
        ("(no name)", "01_rollout.ipynb"),
        ("(no name)", "02_shared_buffer.ipynb"),
        ("(no name) (1)", "01_rollout (1).ipynb"),
        ("(no name) (homework.zip)", "my_ppo.py"),
    ]


@pytest.mark.parametrize(
    "files",
    [
        ["Anna/01_rollout.ipynb", "Anna/01_rollout (1).ipynb", "Anna/01_rollout (2).ipynb", "Anna/a (10).ipynb"],
        ["HW_a_attempt_2026-11-03-10-12-44_z.ipynb", "HW_a_attempt_2026-11-04-09-00-00_a.ipynb"],
        ["mülleranna_48211_998_z.ipynb", "mülleranna_48211_9917_a.ipynb", "mülleranna_LATE_48211_10001_A.ipynb"],
        [f"1-2 - A - {when}/a.ipynb" for when in ("Nov 9, 2026 1159 PM", "Nov 10, 2026 1201 AM", "Dec 1, 2026 900 AM")],
        ["Abgaben/M_A_am_12/20261103101244_z.ipynb", "Abgaben/M_A_am_12/20261104101244_a.ipynb"],
        ["01_rollout_Anna.ipynb", "01_rollout (1) - Anna.ipynb", "01_rollout_Anna (2).ipynb"],
        ["a+01_rollout+2026-11-03 101244 UTC/z.ipynb", "a+01_rollout+2026-11-03 111244 UTC/a.ipynb"],
    ],
)  # fmt: skip
def test_attempts_sort_from_old_to_new_whatever_the_disk_says(tmp_path, files):
    lay(tmp_path, *files)
    for age, name in enumerate(files):
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    handed_in, _ = read_folder(tmp_path, lessons=LESSONS)
    assert [one.path for one in handed_in] == files
    assert [one.attempt for one in handed_in] == sorted({one.attempt for one in handed_in})
    assert len({one.student for one in handed_in}) == 1


def everything(path):
    """A folder with one of each."""
    files = [file for scheme, (files, _) in SCHEMES.items() for file in (f"{scheme}/{one}" for one in files)]
    lay(
        path,
        *files,
        ("a.zip", zipped(*files)),
        ("Anna.zip", zipped("a.ipynb", "A.ipynb", "a.ipynb")),
        "a.ipynb",
        "A.ipynb",
    )
    lay(path, ("bad.zip", zipped("x.ipynb")[:-9]), ("Otto/x.rar", b""), ("Otto/x.pdf", b""))
    return path


def test_the_same_names_give_the_same_list(tmp_path, monkeypatch):
    everything(tmp_path / "class")
    first = read_folder(tmp_path / "class", lessons=LESSONS)
    scan = os.scandir

    class Shuffled(list):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def other_order(path):
        with scan(path) as found:
            found = Shuffled(found)
        random.Random(str(path)).shuffle(found)
        return found

    monkeypatch.setattr(os, "scandir", other_order)
    for path in (tmp_path / "class").rglob("*"):
        os.utime(path, (5, 5))
    second = read_folder(tmp_path / "class", lessons=LESSONS)
    assert repr(second) == repr(first)
    assert len(first[0]) > 40


def test_everything_has_a_student_of_its_own_label(tmp_path):
    handed_in, left = read_folder(everything(tmp_path), lessons=LESSONS)
    labels = {one.student for one in handed_in} | {one.student for one in left}
    assert len({label.casefold() for label in labels}) == len(labels)
    assert all(one.read() == NOTEBOOK for one in handed_in)


@needs_unix
def test_names_cannot_do_anything(tmp_path):
    evil = "Anna\x1b[2J\x07\u202e<b>&\n"
    files = [(f"{evil}/x\r.ipynb"), ("z.zip", zipped(f"{evil}/y\x00.ipynb", "k\u202e/" + "n" * 3000 + ".ipynb"))]
    handed_in, left = read(tmp_path, *files)
    shown = [text for one in (*handed_in, *left) for text in (one.student, one.path, getattr(one, "name", ""))]
    assert all(unicodedata.category(sign) not in ("Cc", "Cf", "Cs") for text in shown for sign in text)
    assert {one.student for one in handed_in} == {"Anna␛[2J␇<b>&", "z"}
    assert max(map(len, shown)) < 400 and handed_in[-1].name.endswith(".ipynb")


@pytest.mark.parametrize("encoding", ["utf-8", "cp850", "cp437", "cp1252"])
def test_umlauts_of_old_zip_programs(tmp_path, encoding):
    names = [f"{ANNA}/Übung (1).ipynb", "Weiß Jürgen_5_assignsubmission_file_/größe.ipynb"]
    entries = (Packed(name.encode(encoding).replace(b"/", b"\\")) for name in names)
    assert [(student, name) for student, _, name in listed(tmp_path, ("a.zip", zipped(*entries)))] == [
        ("Müller Anna", "Übung (1).ipynb"), ("Weiß Jürgen", "größe.ipynb")
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_bytes_in_the_names_of_a_disk(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/M\xfcller")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller/a.ipynb")).write_bytes(NOTEBOOK)
    ((one,), _) = read(tmp_path)
    assert (one.student, one.path, one.read()) == ("Müller", "Müller/a.ipynb", NOTEBOOK)


ATTACKS = {
    "a way out": (Packed("../../../../tmp/x.ipynb"), "its name leads out of the archive"),
    "an absolute name": (Packed("/tmp/x.ipynb"), "its name leads out of the archive"),
    "a link": (Packed("passwd.ipynb", b"/etc/passwd", attributes=LINK), "a link is not followed"),
    "a pipe": (Packed("pipe.ipynb", attributes=PIPE), "it is not an ordinary file"),
    "a bomb": (Packed("b.ipynb", bytes(4_000_000)), "it unpacks to more than 200 times its size"),
    "a bomb that lies": (Packed("b.ipynb", bytes(4_000_000), size=5), "it unpacks to more than 200 times its size"),
    "much": (Packed("b.ipynb", random.Random(0).randbytes(5_000_001), method=0), "it is larger than 5 MB"),
    "a lock": (Packed("a.ipynb", flags=1), "it is locked with a password"),
    "a checksum": (Packed("a.ipynb", crc=7), "it is damaged: its checksum is wrong"),
    "bzip2": (Packed("a.ipynb", method=12), "it is packed in a way that is not read: pack it as an ordinary zip"),
    "too deep": (
        Packed("2.zip", zipped(Packed("3.zip", zipped(Packed("4.zip", zipped("x.ipynb")))))),
        "it lies in 3 archives, one in the other",
    ),
    "no zip": (Packed("a.zip", b"PK\3\4"), "it is damaged, or not a zip"),
    "an empty zip": (Packed("a.zip", zipped()), "it is empty"),
    "overlap": (
        Packed("a.zip", zipped(Packed("a", bytes(99), method=0), Packed("b", bytes(99), method=0, offset=0))),
        "its entries lie one upon the other, as in a bomb",
    ),
    "many names": (
        Packed("a.zip", zipped(*(Packed(f"{i}", b"", method=0) for i in range(101)))),
        "it holds more than 100 files",
    ),
    "a deep folder": (Packed("d/" * 60 + "x.ipynb"), "it lies in more than 40 folders"),
    "a long name": (Packed("n" * 5000 + ".ipynb"), "its name is too long"),
}
STRICT = Limits(file=5_000_000, ratio_from=500_000, entries=100)


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_said_and_stops_nobody_else(tmp_path, attack):
    entry, said = ATTACKS[attack]
    entry.name = entry.name if entry.name[:1] in "./" else f"{ANNA}/{entry.name}"
    handed_in, left = read(tmp_path, ("1.zip", zipped(f"{OTTO}/a.ipynb", entry, f"{ANNA}/good.ipynb")), limits=STRICT)
    assert [(one.student, one.name, one.read()) for one in handed_in] == [
        ("Meier Otto", "a.ipynb", NOTEBOOK),
        ("Müller Anna", "good.ipynb", NOTEBOOK),
    ]
    assert [one.why for one in left] == [said]
    assert left[0].student == ("" if "leads out" in said else "Müller Anna")


def test_nothing_is_written(tmp_path):
    everything(tmp_path / "class")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for one in read_folder(tmp_path / "class", lessons=LESSONS)[0]:
        one.read()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@needs_unix
def test_links_pipes_and_sockets_on_the_disk(tmp_path, monkeypatch):
    lay(tmp_path, "outside/secret.ipynb", "class/Anna/a.ipynb")
    os.symlink(tmp_path / "outside", tmp_path / "class" / "Anna" / "all")
    os.symlink(tmp_path / "outside" / "secret.ipynb", tmp_path / "class" / "Anna" / "b.ipynb")
    os.symlink(tmp_path / "class", tmp_path / "class" / "Anna" / "circle")
    os.symlink(tmp_path / "outside", tmp_path / "class" / "Kim")
    os.mkfifo(tmp_path / "class" / "Anna" / "c.ipynb")
    bind(monkeypatch, tmp_path / "class" / "s.ipynb")
    handed_in, left = read(tmp_path / "class")
    assert [one.path for one in handed_in] == ["Anna/a.ipynb"]
    assert [(one.student, one.path, one.why) for one in left] == [
        ("", "Kim", "a link is not followed"),
        ("", "s.ipynb", "it is not an ordinary file"),
        ("Anna", "Anna/all", "a link is not followed"),
        ("Anna", "Anna/b.ipynb", "a link is not followed"),
        ("Anna", "Anna/c.ipynb", "it is not an ordinary file"),
        ("Anna", "Anna/circle", "a link is not followed"),
    ]


@needs_unix
def test_a_class_of_links_may_itself_be_a_link(tmp_path):
    lay(tmp_path, "class/Anna/a.ipynb")
    os.symlink("class", tmp_path / "link")
    assert [one.student for one in read_folder(tmp_path / "link", lessons=LESSONS)[0]] == ["Anna"]


@needs_unix
def test_what_changes_after_it_was_found_is_refused(tmp_path):
    lay(tmp_path, "Anna/a.ipynb", ("Otto.zip", zipped("b.ipynb")))
    anna, otto = read_folder(tmp_path, Limits(file=100), LESSONS)[0]
    (tmp_path / "Anna" / "a.ipynb").write_bytes(bytes(101))
    (tmp_path / "Otto.zip").unlink()
    os.mkfifo(tmp_path / "Otto.zip")
    for one in (anna, otto):
        with pytest.raises(Refusal):
            one.read()


def test_many_files_that_are_no_notebooks_are_counted(tmp_path):
    _, left = read(tmp_path, *((f"Anna/{i:03}.png", b"") for i in range(31)), ("Otto/x.png", b""))
    assert len(left) == 22
    assert left[20] == NotRead("Anna", "", "11 more files that are not notebooks")
    assert left[21] == NotRead("Otto", "Otto/x.png", "not a notebook")


@pytest.mark.parametrize("made", ["nothing", "empty", "only junk", pytest.param("a pipe", marks=needs_unix)])
def test_what_is_no_class_is_said_in_one_sentence(tmp_path, made):
    path = tmp_path / "class"
    if made == "a pipe":
        os.mkfifo(path)
    elif made != "nothing":
        path.mkdir()
    if made == "only junk":
        lay(path, ".DS_Store", "__MACOSX/x.ipynb")
    with pytest.raises(ValueError, match=r"There is (no such folder|nothing in it)") as error:
        read_folder(path, lessons=LESSONS)
    assert "\n" not in str(error.value)


def test_one_zip_or_one_notebook(tmp_path):
    lay(tmp_path, "01_rollout_Anna.ipynb", ("Otto.zip", zipped("01_rollout.ipynb")), ("bad.zip", b""), "x/other.ipynb")
    assert [one.student for one in read_folder(tmp_path / "01_rollout_Anna.ipynb", lessons=LESSONS)[0]] == ["Anna"]
    assert [one.student for one in read_folder(tmp_path / "Otto.zip", lessons=LESSONS)[0]] == ["Otto"]
    assert read_folder(tmp_path / "bad.zip", lessons=LESSONS)[1][0].student == "bad"


def test_a_folder_that_may_not_be_opened_is_said(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    lay(tmp_path, "Anna/a.ipynb")
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ValueError, match="it may not be opened"):
        read_folder(tmp_path, lessons=LESSONS)


def test_a_file_that_may_not_be_opened_is_left_aside(tmp_path, monkeypatch):
    opened = os.open

    def refuse(path, *more, **others):
        if str(path).endswith("secret.ipynb"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *more, **others)

    monkeypatch.setattr(os, "open", refuse)
    handed_in, left = read(tmp_path, "Anna/secret.ipynb", "Anna/a.ipynb")
    assert [one.name for one in handed_in] == ["a.ipynb"]
    assert left == [NotRead("Anna", "Anna/secret.ipynb", "it may not be opened")]


def in_a_zip(chance, name, data):
    kinds = (0, LINK, PIPE, 0o100644 << 16, 0o100644 << 16, chance.randrange(2**32))
    method, flags = chance.choice((0, 8, 8, 8, 12)), chance.choice((0, 0, 0x800, 1))
    return Packed(name, data, method=method, flags=flags, attributes=chance.choice(kinds))


def rubbish(chance, depth=0):
    """Whatever a student may hand in: a pair of a name and bytes."""
    parts = [
        "Anna",
        "Müller Anna_7_assignsubmission_file_",
        "..",
        "a b",
        "\x1b",
        "ü",
        "submitted",
        "lesson 1",
        "graded",
        "",
        "\u202e",
    ]
    parts += [
        "mueller_48211_9917_x",
        "submission_5",
        "HW_a_attempt_2026-11-03-10-12-44",
        "start.py",
        "notebooks",
        "source",
    ]
    name = "/".join(chance.choice(parts) for _ in range(chance.randrange(1, 5)))
    name += chance.choice(
        [".ipynb", ".zip", ".tar", ".tgz", ".txt", ".py", "", ".7z", ".yml", "submission_metadata.yml", "/"]
    )
    if name.endswith((".zip", ".tar", ".tgz")) and depth < 4 and chance.random() < 0.8:
        inner = [rubbish(chance, depth + 1) for _ in range(chance.randrange(4))]
        if name.endswith(".zip"):
            data = zipped(*(in_a_zip(chance, name, data) for name, data in inner))
        else:
            data = tarred(*inner, mode="w:gz" if name.endswith("gz") else "w")
    else:
        data = chance.choice([NOTEBOOK, b"", b"{", chance.randbytes(50), b"Name: A (b)\n", bytes(3000)])
    if data and chance.random() < 0.15:
        data = bytearray(data)
        data[chance.randrange(len(data))] = chance.randrange(256)
    return name, bytes(data[: chance.choice((len(data), len(data), len(data), chance.randrange(len(data) + 1)))])


@pytest.mark.parametrize("seed", range(40))
def test_nothing_that_is_handed_in_stops_the_reading(tmp_path, seed):
    chance = random.Random(seed)
    for number in range(12):
        name, data = rubbish(chance)
        name = name.replace("..", "up").replace("\x00", "").strip("/") or "x"
        try:
            lay(tmp_path, (f"{chance.choice(('', '', 'Kim/', 'all/'))}{number}{name}", data))
        except OSError:
            continue  # a file stands where a folder is to be
    try:
        handed_in, left = read_folder(tmp_path, Limits(archive=200_000, whole_class=10**6), LESSONS)
    except ValueError as error:
        assert "There is nothing in it" in str(error)
        return
    assert all(isinstance(one.read(), bytes) for one in handed_in)
    assert all(one.student and one.path and one.name for one in handed_in)
    assert all(one.why and "\n" not in one.why and len(one.why) < 200 for one in left)
    assert repr(read_folder(tmp_path, Limits(archive=200_000, whole_class=10**6), LESSONS)) == repr((handed_in, left))


def test_a_class_of_sixty_with_all_lessons_takes_seconds(tmp_path):
    names = [f"Student {i}_{i}_assignsubmission_file_/{lesson}.ipynb" for i in range(60) for lesson in LESSONS * 3]
    big = Packed("", NOTEBOOK + bytes(1000))
    lay(tmp_path, ("PPO.zip", zipped(*(Packed(name, big.data) for name in names))))
    handed_in, _ = read_folder(tmp_path, lessons=LESSONS)
    assert len(handed_in) == 900 and sum(len(one.read()) for one in handed_in) == 900 * len(big.data)
