import random
import time

import pytest

from ppo_lessons.teaching.collecting.platforms import (
    NO_NAME,
    holds_several,
    is_nobody,
    lesson_pattern,
    name_on_receipt,
    names_of_gradescope,
    receipt_of,
    who,
    who_in_canvas,
    who_in_flat,
    who_in_ilias,
)
from tests.teaching.handing_in import LESSONS

PATTERN = lesson_pattern(LESSONS)


def facts(found):
    return found and (found.platform, found.name, found.id, found.attempt, found.own)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Müller Anna_48211_assignsubmission_file_", ("Müller Anna", "48211", "")),
        ("Müller Anna_48211_assignsubmission_file", ("Müller Anna", "48211", "")),
        (
            "Müller Anna_48211_assignsubmission_file_01_rollout (1).ipynb",
            ("Müller Anna", "48211", "01_rollout (1).ipynb"),
        ),
        ("O'Brien-Łoś Zoë Maria_7_assignsubmission_file_a.zip", ("O'Brien-Łoś Zoë Maria", "7", "a.zip")),
        ("Participant_38950_assignsubmission_file", ("Participant", "38950", "")),
        ("Gruppe 3_12_assignsubmission_file_", ("Gruppe 3", "12", "")),
        ("Default group_assignsubmission_file", ("Default group", "", "")),
        ("Müller Anna_48211_assignsubmission_onlinetext_onlinetext.html", ("Müller Anna", "48211", "onlinetext.html")),
        ("Müller Anna_48211_assignsubmission_file_.zip", ("Müller Anna", "48211", ".zip")),
    ],
)
def test_moodle(name, expected):
    found = who(name)
    assert (found.platform, found.lasting) == ("Moodle", False)
    assert (found.name, found.id, found.own) == expected


@pytest.mark.parametrize(
    ("name", "user", "own"),
    [
        ("Assignment Name_amueller_attempt_2026-11-03-10-12-44_01_rollout.ipynb", "amueller", "01_rollout.ipynb"),
        ("HW_1_a.müller@x_attempt_2026-11-03-10-12-44_my work (1).zip", "a.müller@x", "my work (1).zip"),
        ("HW_1_816017238_attempt_2026-11-03-10-12-44", "816017238", ""),
        ("HW_1_amueller_attempt_2026-11-03-10-12-44.txt", "amueller", ""),
        ("HW_1_amueller_attempt_2026-11-03-10-12-44.zip", "amueller", ""),
    ],
)
def test_blackboard(name, user, own):
    assert facts(who(name)) == ("Blackboard", user, user, "2026-11-03-10-12-44", own)


def test_a_receipt_of_blackboard_tells_the_name():
    stem = "HW_1_amueller_attempt_2026-11-03-10-12-44"
    assert receipt_of(f"{stem}.txt") == who(f"{stem}_01_rollout.ipynb").work == stem
    assert receipt_of(f"{stem}_notes.txt") == receipt_of("notes.txt") == ""
    told = name_on_receipt("Name: Anna Müller (a_mueller)\r\nAssignment: HW_1\r\nDate Submitted: ...\r\n")
    assert (told.name, told.id) == ("Anna Müller", "a_mueller")
    assert name_on_receipt("Nom : Anna\n") is None
    assert name_on_receipt("hello\nName: Otto (omeier)\n") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("12345-678910 - Anna Müller - Nov 3, 2026 1012 AM", ("Anna Müller", "12345", "2026-11-03 10:12", "")),
        ("104470-789761 - Mary Jane - Jun 24, 2026 11:21 PM", ("Mary Jane", "104470", "2026-06-24 23:21", "")),
        ("396-640 - Anne - Marie Smith - Oct 10, 2025 1222 AM", ("Anne - Marie Smith", "396", "2025-10-10 00:22", "")),
        (
            "1234-567 - Bo O'Brien - Dec 5, 2024 1149 AM - Cat - x.zip",
            ("Bo O'Brien", "1234", "2024-12-05 11:49", "Cat - x.zip"),
        ),
        ("27236-46025 - 23304308 Angood - 05 March 2026 612 PM", ("23304308 Angood", "27236", "2026-03-05 18:12", "")),
        ("123-456 - Anna Müller - 5. Dezember 2026 14:12", ("Anna Müller", "123", "2026-12-05 14:12", "")),
        ("123-456 - Anna Müller - 5 ožujka 2026 14:12", ("Anna Müller", "123", "5 ožujka 2026 14:12", "")),
        ("12345-678910 - Anna Müller - 01_rollout.ipynb", ("Anna Müller", "12345", "", "01_rollout.ipynb")),
        ("12345-678910 - Anna Müller", ("Anna Müller", "12345", "", "")),
    ],
)
def test_brightspace(name, expected):
    assert facts(who(name)) == ("Brightspace", *expected)
    assert not who(name).lasting


def test_gradescope_and_the_names_beside_it():
    assert facts(who("submission_12345")) == ("Gradescope", "submission_12345", "12345", "12345".zfill(20), "")
    told = names_of_gradescope(
        "---\nsubmission_1:\n  :submitters:\n  - :name: Solo Müller\n    :sid: '100'\n    :email: solo@example\n"
        "  :created_at: 2026-01-01\n  :results:\n    :name: no student\nsubmission_2:\r\n  :submitters:\r\n"
        '  - :name: "Pair One"\r\n    :sid:\r\n    :email: one@example\r\n  - :name: Pair Two\r\n'
        "    :email: two@example\r\n"
        "submission_3:\n  :submitters: []\n"
    )
    assert {folder: (found.name, found.id) for folder, found in told.items()} == {
        "submission_1": ("Solo Müller", "100"),
        "submission_2": ("Pair One, Pair Two", "one@example, two@example"),
    }
    assert names_of_gradescope("") == names_of_gradescope("\0rubbish: [") == {}


def test_an_exchange_of_nbgrader():
    for name in ("amueller+01_rollout+2026-11-03 10:12:44.5 UTC", "amueller+01_rollout+2026-11-03 10:12:44.5 UTC+xyz"):
        assert facts(who(name)) == ("nbgrader", "amueller", "", "2026-11-03 10:12:44.5 UTC", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mülleranna_48211_9917_01_rollout-1.ipynb", ("mülleranna", "48211", "9917", "01_rollout-1.ipynb")),
        ("mülleranna_LATE_48211_9917_01_rollout.ipynb", ("mülleranna", "48211", "9917", "01_rollout.ipynb")),
        ("mülleranna_late_48211_9917_01_rollout.ipynb", ("mülleranna", "48211", "9917", "01_rollout.ipynb")),
        (
            "van_der_berg_10000000048211_10000000009917_a b.zip",
            ("van_der_berg", "10000000048211", "10000000009917", "a b.zip"),
        ),
        ("anon_AbCdE_9917_x.ipynb", ("anon_AbCdE", "anon_AbCdE", "9917", "x.ipynb")),
        ("LATE_anon_AbCdE_9917_x.ipynb", ("anon_AbCdE", "anon_AbCdE", "9917", "x.ipynb")),
        ("mülleranna_48211_text.html", ("mülleranna", "48211", "", "")),
        ("anna_12_13_coefficient_lab.ipynb", None),
        ("Anna_2026_1103_01_rollout.ipynb", None),
        ("mueller_01_rollout.ipynb", None),
    ],
)
def test_canvas(name, expected):
    found = who_in_canvas(name)
    expected = expected and ("Canvas", *expected[:2], expected[2].zfill(20), expected[3])
    assert facts(found) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mueller_Anna_amueller_12345", ("Anna Mueller", "12345")),
        ("Müller_Anna_amueller_12345", ("Anna Müller", "12345")),
        ("von der Lippe_Anna Maria_alippe_7", ("Anna Maria von der Lippe", "7")),
        ("Mueller_Anna_amueller", None),
        ("group_a_week_x", None),
    ],
)
def test_ilias(name, expected):
    assert facts(who_in_ilias(name)) == (expected and ("ILIAS", *expected, "", ""))


@pytest.mark.parametrize(
    "name",
    ["Anna Müller", "01_rollout.ipynb", "01_rollout_Anna.ipynb", "Anna_Müller", "a+b", "lesson 1", "1-2 - notes.ipynb",
     "2026-11-03 - notes.ipynb", "Anna - 01_rollout.ipynb", "123-456 - notes.ipynb", "submission_x", "attempt_1"],
)  # fmt: skip
def test_what_people_write_is_no_platforms(name):
    assert who(name) is None and who_in_canvas(name) is None


@pytest.mark.parametrize(
    ("stem", "name", "number"),
    [
        ("01_rollout_Anna Müller", "Anna Müller", 0),
        ("mueller_01_rollout", "mueller", 0),
        ("01_rollout (1) - Anna", "Anna", 1),
        ("01_rollout_Anna (2)", "Anna", 2),
        ("01 Rollout - Anna_Müller", "Anna Müller", 0),
        ("Anna Müller - 02 shared buffer", "Anna Müller", 0),
        ("02-shared-buffer-anna-müller", "anna-müller", 0),
        ("rollout Anna", "Anna", 0),
        ("Anna_01_rollout_v2", "Anna", 0),
        ("Anna_01_rollout_final - Kopie", "Anna", 1),
        ("01_rollout_Anna Neu", "Anna Neu", 0),
        ("01_rollout_Gruppe 07", "Gruppe 07", 0),
        ("my_ppo_Anna", "Anna", 0),
        ("Kopie von 01_rollout Anna", "Anna", 0),
        ("01_rollout", NO_NAME, 0),
        ("01_rollout (3)", NO_NAME, 3),
        ("01_rollout-2", NO_NAME, 2),
        ("01_rollout_final", NO_NAME, 0),
        ("01_rollout neu", NO_NAME, 0),
        ("my_ppo", NO_NAME, 0),
        ("Copy of 01_rollout", NO_NAME, 0),
    ],
)
def test_a_name_beside_a_lesson(stem, name, number):
    found = who_in_flat(stem, PATTERN)
    assert (found.name, found.attempt) == (name, f"{number:04}")
    assert found.id == (str(number or "") if name == NO_NAME else "")


@pytest.mark.parametrize(
    "stem", ["final FINAL", "Anna Müller", "Anna Müller (1)", "Homework (2)", "trollout", "rollouts"]
)
def test_without_a_lesson_the_whole_name_is_the_label(stem):
    assert who_in_flat(stem, PATTERN).name == stem


@pytest.mark.parametrize(
    "name",
    ["lesson 1", "lesson1", "Lektion 03", "01_rollout", "01 rollout (1)", "submitted", "Submitted files", "Abgaben",
     "Student Work", "PPO-01-rollout_submissions", "hw02", "Übung 3", "uebung_3", "Woche 12", "lessons 1-7", "inbound",
     "Blatt 07", "class 10b"],
)  # fmt: skip
def test_what_holds_the_work_of_several(name):
    assert holds_several(name, PATTERN)


@pytest.mark.parametrize(
    "name", ["Anna Müller", "Gruppe 3", "team 2", "Exner", "Weekes", "Wochen Anna", "Taske", "amueller", "Übungs", ""]
)
def test_what_does_not(name):
    assert not holds_several(name, PATTERN)


def test_nobody_is_called_so():
    assert is_nobody("Notebooks") and is_nobody("ppo_lessons") and is_nobody("Version 2")
    assert not is_nobody("Anna")


def test_no_name_takes_long_or_stops_the_reading():
    chance = random.Random(4)
    signs = [
        "_",
        " - ",
        "1",
        "_assignsubmission_",
        "_attempt_",
        "2026",
        "+",
        "a",
        "(1)",
        "01_rollout",
        " copy ",
        "-",
        "\n",
        "ä",
    ]
    began = time.perf_counter()
    for _ in range(300):
        name = "".join(chance.choice(signs) for _ in range(80))[:255]
        for read in (who, who_in_canvas, who_in_ilias, receipt_of, name_on_receipt, names_of_gradescope, is_nobody):
            read(name)
        who_in_flat(name, PATTERN)
        holds_several(name, PATTERN)
    for sign in signs:
        name = (sign * 255)[:255]
        who(name), who_in_canvas(name), who_in_ilias(name), who_in_flat(name, PATTERN), holds_several(name, PATTERN)
    assert time.perf_counter() - began < 5
