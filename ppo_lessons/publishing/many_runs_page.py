"""The generated parts of docs/many_runs.md: RLlib's words, and what was measured, from where `benchmarks/` keeps it."""

import json
from collections.abc import Sequence
from statistics import mean
from typing import Any

from ppo_lessons.config import PPOConfig
from ppo_lessons.publishing.reference_pages import REPOSITORY
from ppo_lessons.shipped.rllib_words import WITHOUT_WORD, WORDS

MEASURED = REPOSITORY / "benchmarks"
COMPARED = PPOConfig(team_credit=False, num_envs=32, num_steps=32)
"""The settings with which `benchmarks/rllib.py` compares, whose values the table shows."""


def many_runs_parts() -> dict[str, str]:
    """Return the generated parts, by their names."""
    sweeps, rllib = (
        json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8")) for name in ("sweeps", "rllib")
    )
    return {
        "sweeps": _sweeps(sweeps),
        "words": _words(),
        "without": _without(),
        "results": _results(rllib, 1, "{:.1%}"),
        "returns": _results(rllib, 3, "{:.2f}"),
        "machine": f"All of it on one machine: {rllib['machine']}.",
    }


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sweeps(found: dict[str, Any]) -> str:
    """Return how long many runs took in both ways."""
    ray, alone = found["ray"], found["alone"]
    ways = ((f"Ray Tune, {found['processes']} processes", ray), ("one after another", alone))
    rows = [(name, *(_seconds(taken[key]) for key in ("wall", "cpu", "start")), _load(taken)) for name, taken in ways]
    header = ("way", "wall time", "CPU time", "of the wall time: before the first run", "load of the machine before")
    table = _table(header, rows)
    same = "are the same, byte for byte" if found["same"] else "differ"
    about = (
        f"{found['runs']} runs of {found['cycles']} cycles (the settings of the shipped atlas with one seed; its own "
        f"runs have {found['atlas_cycles']} cycles), on {found['machine']}. The two files {same}."
    )
    return f"{about}\n\n{table}"


def _seconds(taken: float | None) -> str:
    return "not measured" if taken is None else f"{taken:.0f} s"


def _load(taken: dict[str, float]) -> str:
    return f"{taken['load']:.1f}" if "load" in taken else "not noted"


def _words() -> str:
    rows = []
    for word in WORDS:
        value = word.value(COMPARED, 4)
        ours = f"`{word.ours}` {getattr(COMPARED, word.ours)!r}" if word.ours else "none"
        rows.append((ours, f"`{word.theirs}` {value!r}", f"`{word.part}`", word.differs))
    return _table(("ours", "RLlib's", "said to", "what differs"), rows)


def _without() -> str:
    return ", ".join(f"`{name}={value!r}`" for name, value in WITHOUT_WORD.items())


def _results(found: dict[str, Any], measure: int, form: str) -> str:
    """Return a table: for each contestant the mean of its seeds after each budget, with the lowest and the highest."""
    header = ("who", "seeds", *(f"after {budget:,}" for budget in found["budgets"]), "CPU s a seed")
    rows = []
    for name, each in found["curves"].items():
        cells = []
        for place in range(len(found["budgets"])):
            values = [points[place][measure] for points in each.values()]
            cells.append(f"{form.format(mean(values))} ({form.format(min(values))} to {form.format(max(values))})")
        rows.append((name, str(len(each)), *cells, f"{found['cpu_seconds'][name]:.0f}"))
    return _table(header, rows)
