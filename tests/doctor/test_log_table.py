import decimal
import re

import numpy as np
import pytest
import torch

from ppo_lessons.doctor import log_table
from ppo_lessons.doctor.log_table import LogError, Table, fallen, listed, number_in, require_once, short


def refuses(sentence):
    return pytest.raises(LogError, match=f"^{re.escape(sentence)}$")


def table_of(rows, word="line"):
    """A table with rows {name: cell} in places 2, 3, ..."""
    table = Table(word)
    for place, row in enumerate(rows, start=2):
        table.begin_row(place)
        for name, cell in row.items():
            table.take(name, cell)
    return table


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *((0.5, 0.5), (3, 3.0), ("0.5", 0.5), (" 1e5 ", 1e5), ("1E-3", 1e-3), ("-2", -2.0), ("+2.", 2.0), (".5", 0.5)),
        *(("inf", np.inf), ("-Infinity", -np.inf), (10**400, np.inf), (-(10**400), -np.inf), ("1" * 5000, np.inf)),
        *((np.float32(0.5), 0.5), (np.int64(3), 3.0), (torch.tensor(0.5), 0.5), (decimal.Decimal("0.5"), 0.5)),
    ],
)
def test_a_cell_with_a_number(cell, number):
    assert number_in(cell) == number and type(number_in(cell)) is float


@pytest.mark.parametrize("cell", ["nan", "NaN", float("nan"), np.float32("nan")])
def test_a_cell_that_is_not_a_number_is_a_reading_all_the_same(cell):
    assert np.isnan(number_in(cell))


@pytest.mark.parametrize("cell", [None, "", "  ", "None", "null", "NA", "N/A", "<NA>"])
def test_a_cell_without_a_reading(cell):
    assert number_in(cell) is None


@pytest.mark.parametrize(
    "cell",
    ["1,5", "abc", "0.5%", "1_000", "0x10", "1 000", "--1", "__import__('os')", True, "True", [1], 1j, "tensor(1.)"],
)
def test_a_cell_with_something_else(cell):
    with refuses(f"A cell holds a number such as 0.5 or 1e5, or nothing. Got {str(cell)!r}"):
        number_in(cell)


def test_what_is_shown_of_a_log_is_short_and_on_one_line():
    assert short("a\nb\x1b[31m") == "'a\\nb\\x1b[31m'"
    assert short("x" * 99) == repr("x" * 37 + "...")
    assert listed("abcdefgh") == "'a', 'b', 'c', 'd', 'e', 'f' and 2 more"


def test_a_name_that_is_known_stands_over_one_column():
    require_once(["fps", "entropy", "fps"], "line 1")
    with refuses("A name stands over one column. Got 'entropy' over 2 and 4 (line 1)"):
        require_once(["fps", "entropy", "step", "entropy"], "line 1")


def test_readings_stand_over_the_steps_of_their_rows():
    table = table_of(
        [{"step": 10, "entropy": 0.7, "fps": "fast"}, {"step": 20}, {"step": 30, "entropy": "nan", "lr": ""}]
    )
    series, unread = table.series()
    np.testing.assert_array_equal(series["entropy"], [[10, 30], [0.7, np.nan]])
    np.testing.assert_array_equal(series["lr"], np.zeros((2, 0)))
    assert (list(series), unread, table.rows, table.notes) == (["entropy", "lr"], ["fps"], 3, [])


def test_the_best_name_of_the_steps_is_taken_that_has_no_gap():
    rows = [{"iteration": 1, "global_step": 100, "lr": 1}, {"iteration": 2, "global_step": 200, "lr": 2}]
    series, unread = table_of(rows).series()
    assert (series["lr"].steps.tolist(), unread) == ([100, 200], ["iteration"])
    rows[1]["global_step"] = None
    series, unread = table_of(rows).series()
    assert (series["lr"].steps.tolist(), unread) == ([1, 2], ["global_step"])


def test_rows_are_counted_where_nothing_says_where_they_stand():
    table = table_of([{"entropy": 0.7}, {"entropy": None}, {"entropy": 0.6}])
    assert table.series()[0]["entropy"].steps.tolist() == [1, 3]
    assert table.notes == [
        "No column says where in the run a row stands, such as time/total_timesteps: rows are counted."
    ]


@pytest.mark.parametrize("step", [None, "", "nan", "inf"])
def test_a_row_without_a_step_has_no_reading(step):
    table = table_of([{"step": 1, "entropy": 0.5}, {"step": step, "entropy": None}, {"step": 3, "entropy": 0.4}])
    assert table.series()[0]["entropy"].steps.tolist() == [1, 3]
    with refuses("A row with a reading has a finite step. Got none (row 3, column 'step')"):
        table_of([{"step": 1, "entropy": 0.5}, {"step": step, "entropy": 0.4}], "row").series()


def test_steps_do_not_fall():
    table_of([{"step": 4096, "lr": 1}, {"step": 4096, "lr": 1}]).series()
    with refuses(f"{fallen(4096, 2048)} (line 3, column 'step')"):
        table_of([{"step": 4096, "lr": 1}, {"step": 2048, "lr": 1}]).series()
    assert fallen(4096, 2048) == "A log is of one run, whose steps do not fall. Got 2048 after 4096"


def test_an_error_says_where():
    with refuses("A cell holds a number such as 0.5 or 1e5, or nothing. Got 'x' (line 3, column 'lr')"):
        table_of([{"lr": 1}, {"lr": "x"}])


def test_there_are_not_too_many_rows(monkeypatch):
    monkeypatch.setattr(log_table, "MAX_ROWS", 2)
    table_of([{}, {}])
    with refuses("A log has at most 2 rows. Got more (line 4)"):
        table_of([{}, {}, {}])
