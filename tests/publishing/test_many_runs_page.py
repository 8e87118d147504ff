"""What docs/many_runs.md says was measured is what the benchmarks keep, and RLlib's words are those of the table."""

import json
import math
import re
from statistics import mean

from ppo_lessons.publishing.many_runs_page import COMPARED, MEASURED, many_runs_parts
from ppo_lessons.shipped.rllib_words import WORDS, in_rllibs_words

RLLIB = json.loads((MEASURED / "rllib.json").read_text(encoding="utf-8"))


def cells_of(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_each_word_has_its_row_with_its_value():
    rows, said = cells_of(many_runs_parts()["words"]), in_rllibs_words(COMPARED)
    assert len(rows) == len(WORDS) == sum(map(len, said.values()))
    for row in rows:
        name, value = re.fullmatch(r"`(\w+)` (.+)", row[1]).groups()
        wanted = said[row[2].strip("`")][name]
        assert value == repr(wanted)
        assert row[0] == "none" or f"{getattr(COMPARED, row[0].split('`')[1])!r}" in row[0]


def test_what_came_of_it_are_means_of_the_seeds_and_their_range():
    parts = many_runs_parts()
    for part, measure, digits in (("results", 1, 1), ("returns", 3, 2)):
        rows = cells_of(parts[part])
        assert [row[0] for row in rows] == list(RLLIB["curves"])
        for row, each in zip(rows, RLLIB["curves"].values(), strict=True):
            assert int(row[1]) == len(each) >= 3
            for place, cell in enumerate(row[2 : 2 + len(RLLIB["budgets"])]):
                values = [points[place][measure] * (100 if measure == 1 else 1) for points in each.values()]
                shown = [float(number) for number in re.findall(r"[-\d.]+", cell)]
                wanted = [mean(values), min(values), max(values)]
                assert all(math.isclose(a, b, abs_tol=0.51 * 10**-digits) for a, b in zip(shown, wanted, strict=True))


def test_every_team_was_tried_after_about_as_many_decisions():
    for each in RLLIB["curves"].values():
        for points in each.values():
            for (done, *_), budget in zip(points, RLLIB["budgets"], strict=True):
                assert budget <= done < budget + 1.1 * 32 * 32 * 4


def test_the_two_ways_of_a_sweep_gave_one_file():
    found = json.loads((MEASURED / "sweeps.json").read_text(encoding="utf-8"))
    assert found["same"] is True
    part = many_runs_parts()["sweeps"]
    assert "byte for byte" in part
    assert f"| {found['ray']['wall']:.0f} s | " in part
    assert f"| {found['alone']['wall']:.0f} s | {found['alone']['cpu']:.0f} s |" in part
    assert found["machine"] in part
