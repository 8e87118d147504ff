import random
import unicodedata

import pytest

from ppo_lessons.teaching.collecting.spelling import (
    bounded,
    clean,
    decoded,
    from_disk,
    number_of,
    same,
    shown,
    without_copy,
)

NAMES = [
    "Müller",
    "Jürgen Weiß",
    "Äpfel",
    "Ökonom",
    "Übung",
    "André",
    "François",
    "Zoë",
    "Ångström",
    "Peña",
    "größe",
    "Jäger",
    "Nuñez",
    "Øst",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-8", "cp850", "cp1252"])
def test_a_name_is_read_in_the_encoding_that_it_was_written_in(name, encoding):
    assert decoded(name.encode(encoding)) == name


@pytest.mark.parametrize("name", ["Müller", "Jürgen", "Äpfel", "größe", "André"])
def test_the_american_code_page_spells_german_names_as_the_european_one(name):
    assert decoded(name.encode("cp437")) == name


def test_any_bytes_are_some_name():
    chance = random.Random(0)
    for _ in range(500):
        raw = bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        assert isinstance(decoded(raw), str)


def test_bytes_on_a_disk_that_are_no_utf_8_become_letters():
    assert from_disk("M\udcfcller") == "Müller"
    assert from_disk("Müller") == "Müller"
    assert from_disk("half \ud83d one").encode("utf-8")


def test_macos_and_windows_spell_one_name():
    assert clean(unicodedata.normalize("NFD", "Müller")) == clean("Müller") == "Müller"


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("a\x1b[31mred", "a␛[31mred"),
        ("a\x00b\x7fc", "a␀b␡c"),
        ("a\tb\r\nc  d ", "a b c d"),
        ("abc\u202egnp.ipynb", "abcgnp.ipynb"),
        ("a\u200bb\ufeffc\u2066d", "abcd"),
        ("a\x85b\x9bc", "a bc"),
        ("a\u2028b\u00a0c", "a b c"),
        ("a\udc80b", "a\ufffdb"),
        ("u\u200d\u0308", "ü"),
    ],
)
def test_a_name_does_nothing_to_a_terminal(name, harmless):
    assert clean(name) == harmless


def test_cleaning_twice_changes_nothing_and_leaves_nothing_that_works():
    chance = random.Random(1)
    for _ in range(500):
        name = "".join(chr(chance.choice((chance.randrange(0x300), chance.randrange(0x110000)))) for _ in range(12))
        cleaned = clean(name)
        assert clean(cleaned) == cleaned
        assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        cleaned.encode()


def test_a_long_name_keeps_its_ends():
    assert shown("a" * 100) == "a" * 100
    long = shown("Anfang" + "x" * 500 + ".ipynb")
    assert len(long) == 100 and long.startswith("Anfang") and long.endswith(".ipynb") and "…" in long


def test_two_long_names_stay_two():
    one, other = (bounded("a" * 300 + middle + "b" * 300) for middle in "xy")
    assert one != other and len(one) <= 255 and one.endswith("bbb")
    assert bounded("short") == "short"
    assert bounded("\udc80" * 300) == bounded("\udc80" * 300)


def test_capitals_tell_nobody_apart():
    assert same("MÜLLER") == same(unicodedata.normalize("NFD", "müller"))
    assert same("Anna") != same("Anne")


@pytest.mark.parametrize(
    ("stem", "plain", "copies"),
    [
        ("01_rollout", "01_rollout", 0),
        ("01_rollout (1)", "01_rollout", 1),
        ("01_rollout(12)", "01_rollout", 12),
        ("01_rollout - Kopie", "01_rollout", 1),
        ("01_rollout - Copy (2)", "01_rollout", 3),
        ("01_rollout copy 2", "01_rollout", 2),
        ("01_rollout_Kopie", "01_rollout", 1),
        ("(1)", "(1)", 0),
        ("photocopy", "photocopy", 0),
        ("Anna 2", "Anna 2", 0),
    ],
)
def test_the_mark_of_a_copy(stem, plain, copies):
    assert without_copy(stem) == (plain, copies)


@pytest.mark.parametrize(
    ("stem", "number"),
    [
        ("x", 0),
        ("x (2)", 2),
        ("x-1", 1),
        ("Version 3", 3),
        ("Versuch 2", 2),
        ("attempt-10", 10),
        ("x 2", 0),
        ("x-2026", 0),
    ],
)
def test_which_copy_or_version_it_is(stem, number):
    assert number_of(stem) == number
