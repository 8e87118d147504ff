import pytest

from ppo_lessons.teaching.collecting.archives import Limits
from ppo_lessons.teaching.collecting.folders import Reader
from ppo_lessons.teaching.collecting.platforms import lesson_pattern
from ppo_lessons.teaching.collecting.whose import Sorting
from tests.teaching.handing_in import LESSONS, NOTEBOOK, Packed, lay, zipped

MOODLE = "Müller Anna_48211_assignsubmission_file_"
OTTO = "Meier Otto_48212_assignsubmission_file_"


def sort(path, limits=None):
    reader = Reader(limits or Limits())
    sorting = Sorting(reader, lesson_pattern(LESSONS))
    sorting.go_through(reader.root(path))
    return sorting


def whose(path, *files):
    """Where each file was found, and whose it is."""
    return {found.thing.label: found.who.name for found in sort(lay(path, *files)).found}


def aside(path, *files, limits=None):
    left = sort(lay(path, *files), limits).left
    return {found.thing.label: (found.who and found.who.name, found.why) for found in left}


def test_a_folder_for_each_student_and_all_that_is_in_it(tmp_path):
    found = whose(tmp_path, "Anna/a.ipynb", "Anna/x/y/b.ipynb", "Otto/01_rollout/01_rollout.ipynb", ("Otto/m.py", b""))
    assert found == {
        "Anna/a.ipynb": "Anna",
        "Anna/x/y/b.ipynb": "Anna",
        "Otto/01_rollout/01_rollout.ipynb": "Otto",
        "Otto/m.py": "Otto",
    }


def test_what_lies_in_a_students_folder_is_that_students_whatever_it_is_called(tmp_path):
    inner = [
        f"Anna/deep/{OTTO}/a.ipynb",
        "Anna/b/submission_7/x.ipynb",
        "Anna/c.ipynb",
        "Anna/omeier_48212_9917_x.ipynb",
    ]
    assert set(whose(tmp_path, *inner, "Otto/a.ipynb").values()) == {"Anna", "Otto"}
    zip_of_anna = zipped(f"{OTTO}/a.ipynb", "1234-5678 - Otto Meier - 01_rollout.ipynb")
    found = whose(tmp_path / "more", (f"{MOODLE}/all.zip", zip_of_anna), f"{OTTO}/a.ipynb")
    assert list(found.values()) == ["Meier Otto", "Müller Anna", "Müller Anna"]


@pytest.mark.parametrize(
    "room",
    ["", "lesson 1/", "submitted/", "PPO WS 26/", "PPO WS 26/Abgaben/", "a/b/c/", "01_rollout/", "PPO_Kurs_WS_26/"],
)
def test_a_room_is_told_by_what_a_platform_calls_its_things(tmp_path, room):
    assert list(whose(tmp_path, f"{room}{MOODLE}/a.ipynb", f"{room}{OTTO}/a.ipynb").values()) == [
        "Meier Otto",
        "Müller Anna",
    ]


def test_rooms_beside_students_and_beside_other_rooms(tmp_path):
    files = [f"PPO-1/{MOODLE}/01_rollout.ipynb", f"PPO-2/{OTTO}/a.ipynb", "Kim/a.ipynb", "x_48_991_a.ipynb"]
    canvas = zipped("müller_48211_9917_a.ipynb", "meier_48212_9918_a.ipynb")
    found = whose(tmp_path, *files, ("PPO.zip", canvas))
    assert list(found.values()) == ["Kim", "Müller Anna", "Meier Otto", "meier", "müller", "x"]


def test_one_name_as_of_a_platform_among_others_makes_no_room(tmp_path):
    files = [f"Anna/{OTTO}/a.ipynb", "Anna/a.ipynb", "Anna/b.ipynb", "Kim/mueller_48211_9917_a.ipynb", "Kim/c/d.ipynb"]
    assert set(whose(tmp_path, *files).values()) == {"Anna", "Kim"}


def test_a_class_as_the_only_folder_or_zip(tmp_path):
    assert set(whose(tmp_path / "1", "PPO/Anna/01_rollout.ipynb", "PPO/Otto/01_rollout.ipynb").values()) == {
        "Anna",
        "Otto",
    }
    each = zipped(*(Packed(f"{name}.zip", zipped("01_rollout.ipynb")) for name in ("Anna", "Otto")))
    assert set(whose(tmp_path / "2", ("PPO.zip", each)).values()) == {"Anna", "Otto"}
    flat = zipped("01_rollout_Anna.ipynb", "01_rollout_Otto.ipynb")
    assert set(whose(tmp_path / "3", ("PPO.zip", flat)).values()) == {"Anna", "Otto"}
    both = zipped("all/lesson 1/Anna/a.ipynb", "all/lesson 1/Otto/a.ipynb", "all/lesson 2/Otto/b.ipynb")
    assert set(whose(tmp_path / "4", ("PPO.zip", both)).values()) == {"Anna", "Otto"}


@pytest.mark.parametrize(
    "files",
    [
        ["01_rollout.ipynb", "02_shared_buffer.ipynb"],
        ["01_rollout/01_rollout.ipynb", "02_shared_buffer/02_shared_buffer.ipynb"],
        ["01_rollout_try.ipynb", "02_shared_buffer_again.ipynb"],
        ["notebooks/01_rollout.ipynb", "pictures/a.png", "more/b.ipynb"],
        ["Version 1/a.ipynb", "Version 2/a.ipynb"],
        ["final FINAL.ipynb", "really final.ipynb"],
        ["01_rollout.ipynb", "01_rollout_first try.ipynb", "01_rollout_second try.ipynb"],
        ["01_rollout.ipynb", "first part/x.ipynb", "second part/x.ipynb"],
    ],
)
def test_one_student_alone_is_no_class(tmp_path, files):
    assert set(whose(tmp_path / "1", *(f"Anna/{file}" for file in files)).values()) == {"Anna"}
    assert set(whose(tmp_path / "2", ("Anna.zip", zipped(*files))).values()) == {"Anna"}


def test_whoever_is_alone_in_a_room_that_is_called_one_is_a_student(tmp_path):
    files = ["submitted/amueller/first part/a.ipynb", "submitted/amueller/second part/b.ipynb"]
    assert set(whose(tmp_path, *files).values()) == {"amueller"}


def test_flat_files_are_told_by_their_names(tmp_path):
    files = ["01_rollout_Anna.ipynb", "otto_01_rollout.ipynb", "01_rollout.ipynb", "final FINAL.ipynb", "my_ppo_Kim.py"]
    assert whose(tmp_path, *files) == {
        "01_rollout.ipynb": "(no name)",
        "01_rollout_Anna.ipynb": "Anna",
        "final FINAL.ipynb": "final FINAL",
        "my_ppo_Kim.py": "Kim",
        "otto_01_rollout.ipynb": "otto",
    }


def test_what_has_no_name_is_not_thrown_together(tmp_path):
    zips = [(f"homework{mark}.zip", zipped("01_rollout.ipynb")) for mark in ("", " (1)", " (2)")]
    found = sort(lay(tmp_path, *zips, "01_rollout.ipynb", "01_rollout (1).ipynb", "07_ratios.ipynb")).found
    assert {one.who.name for one in found} == {"(no name)"}
    assert [one.who.id for one in found] == ["1", "", "", "homework (1).zip", "homework (2).zip", "homework.zip"]


def test_a_course_of_nbgrader_and_its_submitted_folder(tmp_path):
    files = [
        "submitted/amueller/01_rollout/01_rollout.ipynb",
        "source/01_rollout/01_rollout.ipynb",
        ("gradebook.db", b""),
    ]
    files += ["submitted/amueller/01_rollout/timestamp.txt", "autograded/amueller/01_rollout/01_rollout.ipynb"]
    assert whose(tmp_path, *files) == {files[0]: "amueller"}
    assert whose(tmp_path / "submitted") == {files[0].removeprefix("submitted/"): "amueller"}
    assert aside(tmp_path)["source"] == (None, "of the platform, not handed in")


def test_a_source_folder_without_nbgrader_is_a_students(tmp_path):
    assert whose(tmp_path, "source/a.ipynb", "feedback/a.ipynb") == {
        "feedback/a.ipynb": "feedback",
        "source/a.ipynb": "source",
    }


def test_teams_of_microsoft(tmp_path):
    root = "Student Work/Submitted files/Anna Müller/01 rollout"
    found = sort(
        lay(tmp_path, f"{root}/Version 2/a.ipynb", f"{root}/Version 10/a.ipynb", "Student Work/Working files/x/a.ipynb")
    )
    assert {one.who.name for one in found.found} == {"Anna Müller"}
    assert [one.thing.label[-18:] for one in sorted(found.found, key=lambda one: one.attempt)] == [
        "/Version 2/a.ipynb",
        "Version 10/a.ipynb",
    ]
    assert [one.why for one in found.left] == ["of the platform, not handed in"]


def test_ilias_needs_a_second_sign(tmp_path):
    files = ["Mueller_Anna_amueller_12345/20261103101244_01_rollout.ipynb"]
    assert list(whose(tmp_path / "1", *(f"Abgaben/{file}" for file in files)).values()) == ["Anna Mueller"]
    assert list(whose(tmp_path / "2", *files).values()) == ["Mueller_Anna_amueller_12345"]
    assert list(whose(tmp_path / "3", *files, "Meier_Otto_omeier_12346/a.ipynb").values()) == [
        "Otto Meier",
        "Anna Mueller",
    ]
    found = sort(tmp_path / "3").found[1]
    assert (found.name, found.attempt[0]) == ("01_rollout.ipynb", "20261103101244")


def test_names_that_gradescope_wrote_down(tmp_path):
    told = b"submission_1:\n  :submitters:\n  - :name: Anna M\xc3\xbcller\n    :sid: '9'\n"
    files = [("export/submission_metadata.yml", told), "export/submission_1/a.ipynb", "export/submission_2/a.ipynb"]
    assert list(whose(tmp_path, *files).values()) == ["Anna Müller", "submission_2"]
    assert not sort(tmp_path).left


def test_receipts_of_blackboard_give_names_and_are_not_named(tmp_path):
    stem = "HW_1_anna_mueller_attempt_2026-11-03-10-12-44"
    receipt = (f"{stem}.txt", "Name: Anna Müller (anna_mueller)\nAssignment: HW_1\n".encode())
    student = sort(
        lay(tmp_path, receipt, f"{stem}_a.ipynb", f"{stem}_b.pdf", "HW_1_kim_attempt_2026-11-03-10-12-44_a.ipynb")
    )
    assert [(one.who.name, one.who.id, one.name) for one in student.found] == [
        ("Anna Müller", "anna_mueller", "a.ipynb"),
        ("kim", "kim", "a.ipynb"),
    ]
    assert [(one.who.name, one.why) for one in student.left] == [("Anna Müller", "not a notebook")]


def test_files_without_the_right_ending_are_looked_into(tmp_path):
    files = ["Anna/01_rollout.ipynb.json", "Anna/01_rollout.ipynb.txt", "Anna/01_rollout", "Anna/x.IPYNB"]
    other = [("Anna/a.txt", b"hello"), ("Anna/b.json", b"{}"), "Anna/photo.jpg", ("Anna/no", b"")]
    found = sort(lay(tmp_path, *files, *other))
    assert sorted(one.thing.label for one in found.found) == sorted(files)
    assert {one.why for one in found.left} == {"not a notebook"} and len(found.left) == 4


def test_a_copy_of_the_course_is_its_notebooks_and_my_ppo(tmp_path):
    course = ["start.py", "ppo_lessons/losses.py", "tests/test_losses.py", "notebooks/01_rollout.ipynb", "mine.ipynb"]
    course += ["notebooks/source/01_rollout.py", "notebooks/my_ppo.py", "my_ppo.py", "docs/x.ipynb"]
    found = sort(lay(tmp_path, *(f"Anna/ppo/{name}" for name in course)))
    assert [one.name for one in found.found] == ["mine.ipynb", "my_ppo.py", "01_rollout.ipynb", "my_ppo.py"]
    assert [(one.thing.label, one.why[:20]) for one in found.left] == [("Anna/ppo", "a copy of the course")]


def test_an_earlier_report_is_left_aside_and_said(tmp_path):
    files = ["graded/.ppo_lessons_graded", "graded/Anna/a.ipynb", "Anna/a.ipynb"]
    assert list(whose(tmp_path, *files)) == ["Anna/a.ipynb"]
    assert aside(tmp_path) == {"graded": (None, "a report of the grader")}


def test_what_is_nobodys_and_what_is_somebodys(tmp_path):
    files = [
        ("Otto.7z", b""),
        ("Kim.zip", b"no zip"),
        ("lesson 3.zip", b"no zip"),
        ("grades.csv", b""),
        ("index.html", b""),
    ]
    files += [("Anna/text.pdf", b""), ("Anna/a.rar", b""), (f"{MOODLE}homework.docx", b"")]
    assert aside(tmp_path, *files) == {
        "Anna/a.rar": ("Anna", "unpack it first"),
        "Anna/text.pdf": ("Anna", "not a notebook"),
        "Kim.zip": ("Kim", "it is damaged, or not a zip"),
        f"{MOODLE}homework.docx": ("Müller Anna", "not a notebook"),
        "Otto.7z": ("Otto", "unpack it first"),
        "grades.csv": (None, "not a notebook"),
        "lesson 3.zip": (None, "it is damaged, or not a zip"),
    }


def test_a_student_who_handed_in_nothing_is_one(tmp_path):
    (tmp_path / "Kim").mkdir()
    files = ["Anna/a.ipynb", "Otto/.DS_Store", ("Eva.zip", zipped("__MACOSX/x.ipynb")), f"{MOODLE}/.x"]
    assert aside(tmp_path, *files) == {
        "Eva.zip": ("Eva", "it is empty"),
        "Kim": ("Kim", "it is empty"),
        MOODLE: ("Müller Anna", "it is empty"),
        "Otto": ("Otto", "it is empty"),
    }


def test_what_cannot_be_unpacked_is_said_and_the_rest_is_read(tmp_path):
    bomb = Packed("bomb.ipynb", bytes(3_000_000))
    entries = (Packed("bad.ipynb", crc=1), bomb, Packed("locked.ipynb", flags=1), "good.ipynb", "../x.ipynb")
    small = Limits(file=2_000_000, ratio_from=1_000_000, ratio=50)
    lay(tmp_path, ("Anna.zip", zipped(*entries)), ("Anna/large.ipynb", bytes(2_000_001)))
    assert [one.thing.label for one in sort(tmp_path, small).found] == ["Anna.zip: good.ipynb"]
    assert {label: why for label, (_, why) in aside(tmp_path, limits=small).items()} == {
        "Anna.zip: ../x.ipynb": "its name leads out of the archive",
        "Anna.zip: bad.ipynb": "it is damaged: its checksum is wrong",
        "Anna.zip: bomb.ipynb": "it unpacks to more than 50 times its size",
        "Anna.zip: locked.ipynb": "it is locked with a password",
        "Anna/large.ipynb": "it is larger than 2 MB",
    }


def test_one_student_cannot_spend_what_is_there_for_another(tmp_path):
    much = zipped(*(Packed(f"{i}.ipynb", bytes(400), method=0) for i in range(6)))
    files = [("all.zip", zipped(Packed(f"{MOODLE}/a.zip", much, method=0), f"{OTTO}/a.ipynb"))]
    limits = Limits(archive=len(much) + 1000)
    found = sort(lay(tmp_path, *files), limits)
    assert [one.who.name for one in found.found].count("Meier Otto") == 1
    assert {one.who.name for one in found.left} == {"Müller Anna"}
    assert all("it unpacks to more than" in one.why for one in found.left)


def test_a_bomb_that_is_no_notebook_is_not_unpacked(tmp_path):
    limits = Limits(file=1_000_000, archive=1_000_000)
    lay(tmp_path, ("Anna.zip", zipped(Packed("film.mp4", bytes(5_000_000)), "a.ipynb")))
    assert [one.name for one in sort(tmp_path, limits).found] == ["a.ipynb"]
    assert [one.why for one in sort(tmp_path, limits).left] == ["not a notebook"]


def test_copies_and_folders_of_versions_sort_from_old_to_new(tmp_path):
    names = ["work.zip", "work (1).zip", "work (10).zip", "work (2).zip"]
    found = sort(lay(tmp_path, *((f"Anna/{name}", zipped(Packed("a.ipynb", NOTEBOOK))) for name in names))).found
    assert [one.thing.label for one in sorted(found, key=lambda one: one.attempt)] == [
        f"Anna/work{mark}.zip: a.ipynb" for mark in ("", " (1)", " (2)", " (10)")
    ]
