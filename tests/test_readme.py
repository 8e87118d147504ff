"""The README says what is so: its links, its commands, its lessons and its example."""

import re
from pathlib import Path

from ppo_lessons.classroom.build import lessons, read_lesson

REPOSITORY = Path(__file__).parents[1]
TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_link_leads_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", TEXT) if not target.startswith("https://")]
    assert len(targets) > 8
    assert [target for target in targets if not (REPOSITORY / target.split("#")[0]).exists()] == []


def test_the_table_of_lessons_is_the_folder():
    rows = re.findall(r"\(notebooks/(\w+)\.ipynb\) \| (\d+) \| \d+ \|", TEXT)
    assert [name for name, _ in rows] == lessons()
    for name, minutes in rows:
        head = read_lesson(name).cells[0].source
        assert f"**{minutes} minutes" in head, name


def test_ci_runs_the_test_command():
    assert "python start.py test" in TEXT
    assert "start.py test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch):
    code = re.search(r"```python\n(.*?)```", TEXT, flags=re.DOTALL).group(1)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("cycles=200", "cycles=2").replace("cases=400", "cases=8"), {})
    assert (tmp_path / "my_team.pt").exists()


def test_ci_plays_other_machines():
    assert "start.py machines" in TEXT
    assert "start.py machines" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_where_the_learners_files_lie_is_said():
    assert "PPO_LESSONS_HOME" in TEXT
