"""Names of files that every system takes."""

import os
import random
import re
import unicodedata

import pytest

from ppo_lessons.teaching.results.file_names import LONGEST, file_name
from tests.teaching.made_up_class import STUDENTS


@pytest.mark.parametrize(
    ("student", "name"),
    [
        ("Müller, Jürgen", "Müller_Jürgen"),
        ("Mu\u0308ller", "Müller"),
        ("邓伟", "邓伟"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "student"),
        ("", "student"),
        ('a\\b:c*d?e"f<g>h|i', "a_b_c_d_e_f_g_h_i"),
        ("<script>alert('x')</script>", "script_alert_x_script"),
        ("Ada.", "Ada"),
        ("  Ada  ", "Ada"),
        ("-rf", "rf"),
        ("a\x00b\nc\ud800d", "a_b_c_d"),
        ("CON", "CON_"),
        ("con.txt", "con_txt"),
        ("nul", "nul_"),
        ("Com1", "Com1_"),
        ("COM¹", "COM1_"),
        ("ＣＯＮ", "CON_"),
        ("LPT9", "LPT9_"),
        ("Conny", "Conny"),
        ("Anne-Marie", "Anne-Marie"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_names(student, name):
    assert file_name(student) == name


def test_names_that_differ_in_capitals_or_forms_are_kept_apart():
    taken = []
    for student in ("Ada", "ada", "ADA", "Zoë", "Zoe\u0308", "Groß", "GROSS", "con", "CON", "con_"):
        taken.append(file_name(student, taken))
    assert taken == ["Ada", "ada_2", "ADA_3", "Zoë", "Zoë_2", "Groß", "GROSS_2", "con_", "CON__2", "con__3"]


def test_a_name_with_a_number_is_not_given_twice():
    assert file_name("Ada", ["Ada", "ada_2"]) == "Ada_3"
    assert file_name("Ada_2", ["Ada", "Ada_2"]) == "Ada_2_2"


@pytest.mark.parametrize("letter", ["x", "ö", "伟", "👩", "é"])
def test_length(letter):
    taken = []
    for _ in range(12):
        taken.append(file_name(letter * 400, taken))
    assert all(len(name.encode()) <= LONGEST for name in taken) and len(set(taken)) == 12


def test_any_text_gives_a_name_for_every_system(tmp_path):
    draw, taken = random.Random(0), []
    ranges = ((1, 128), (1, 0x3000), (0xD800, 0x11000))
    texts = ["".join(chr(draw.randrange(*draw.choice(ranges))) for _ in range(12)) for _ in range(500)]
    for text in (*STUDENTS, *texts):
        taken.append(name := file_name(text, taken))
        assert re.fullmatch(r"[^\x00-\x2c./:-?\[-^`{-\x9f]+", name) and name == unicodedata.normalize("NFC", name)
        assert name[0] not in "_-. " and name[-1] not in "-. "
        (tmp_path / f"{name}.html").touch()
    assert len(os.listdir(tmp_path)) == len(taken) == len({name.casefold() for name in taken})
