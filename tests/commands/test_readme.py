"""The README says what is so: its links, its commands, its lessons and its example."""

import re
from pathlib import Path
from statistics import median

from ppo_lessons.data_parallel import run_on_processes
from ppo_lessons.spirit_world.cases import CASES

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
RESULTS = (REPOSITORY / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")


def test_ci_runs_the_test_command():
    assert "python start.py test" in TEXT
    assert "start.py test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch):
    code = re.search(r"```python\n(.*?)```", TEXT, flags=re.DOTALL).group(1)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("cycles=200", "cycles=2").replace("cases=400", "cases=8"), {})
    assert (tmp_path / "my_team.pt").exists()


def test_the_example_of_many_processes_runs(tmp_path: Path):
    (code,) = (code for code in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL) if "join_ranks" in code)
    script = tmp_path / "script.py"
    script.write_text(code.replace("minibatch_size=128), 50)", "minibatch_size=128), 2)"), encoding="utf-8")
    said = run_on_processes(2, [], program=[str(script)])
    assert [line.split()[0] for line in said.splitlines()] == ["256", "512"]


def test_ci_plays_other_machines():
    assert "start.py machines" in TEXT
    assert "start.py machines" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_where_the_learners_files_lie_is_said():
    assert "PPO_LESSONS_HOME" in TEXT


def test_how_soon_the_cases_are_won_is_what_was_measured():
    rows = re.findall(r"^\| (\w+) \| \d+ \| yes \| [\d.]+ \| ([\d,]+) \|", RESULTS, flags=re.MULTILINE)
    millions = {case: [int(n.replace(",", "")) / 1e6 for name, n in rows if name == case] for case, _ in rows}
    measured = {"standard": 40, "stray": 3, "pack": 3, "fog": 3, "nightfall": 3}
    assert {case: len(found) for case, found in millions.items()} == measured and measured.keys() < CASES.keys()
    low, high = ({case: f"{pick(found):.1f}" for case, found in millions.items()} for pick in (min, max))
    said = " ".join((REPOSITORY / "ppo_lessons" / "spirit_world" / "cases.py").read_text(encoding="utf-8").split())
    assert f"`stray` with the default settings after {low['stray']} million" in said
    for case in ("pack", "fog", "nightfall"):
        assert f"of `{case}` after {low[case]} to {high[case]}" in said
    readme = " ".join(TEXT.split())
    assert f"`standard`, after {low['standard']} to {high['standard']} million agent-steps" in readme
    assert f"after {low['nightfall']} to {high['nightfall']} million" in readme
    lesson = (REPOSITORY / "notebooks" / "source" / "12_team_training.py").read_text(encoding="utf-8")
    assert f"after {low['standard']} million agent-steps, the other after {high['standard']} million" in lesson


def test_how_soon_nightfall_is_won_through_a_small_room_is_what_was_measured():
    rows = re.findall(r"^\| \d+ \| (\S+) \| [\d.]+ \| [\d.]+ \| ([\d,]+) \|", RESULTS, flags=re.MULTILINE)
    steps = {arrived: [int(n.replace(",", "")) / 1e6 for said, n in rows if said == arrived] for arrived, _ in rows}
    *soon, late, later = sorted(steps["yes"])
    (never,) = steps["**no**"]
    assert len(soon) == 7
    middle = median([*soon, late, later, never])
    assert f"nine of ten through a small room, after {middle:.1f} million in the median" in " ".join(TEXT.split())
    lesson = (REPOSITORY / "notebooks" / "source" / "14_tougher_enemies.py").read_text(encoding="utf-8")
    others = f"two after {late:.1f} and {later:.1f}, and one had not after {never:.1f}"
    assert f"seven arrived after {soon[0]:.1f} to {soon[-1]:.1f} million, {others}" in lesson


def test_what_is_learned_in_worlds_of_others_is_what_was_measured():
    def measured(name: str) -> list[str]:
        (row,) = re.findall(rf"^\| {re.escape(name)} \| (\S+)[^|]* \| (\S+)[^|]* \|", RESULTS, flags=re.MULTILINE)
        return list(row)

    ours, theirs = measured("CartPole-v1, to a mean return of 475, median of 5 seeds, steps of SB3's")
    readme = " ".join(TEXT.split())
    assert f"mean return of 475 after {ours} steps, the median of five seeds" in readme
    assert f"zoo's settings: {theirs})" in readme
    what = "simple_spread_v3, cost of an episode after 300,000 agent-steps"
    ours, through_supersuit = measured(f"{what}, SB3 through SuperSuit")
    assert measured(f"{what}, SB3 on our adapter")[0] == ours
    on_our_adapter = measured(f"{what}, SB3 on our adapter")[1]
    assert f"`simple_spread` an episode costs {ours}; Stable-Baselines3" in readme
    assert f"pays {through_supersuit} through SuperSuit, and {on_our_adapter} when our adapter feeds it" in readme
