"""Run the benchmarks and print the table: `python -m benchmarks [--quick] [--only NAME]`.

A full run also writes RESULTS.md beside this file; a quick one, or one of a single benchmark, only prints.
"""

import argparse
import importlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import HEADER, Outcome, machine, table

BENCHMARKS = (
    *("throughput", "update_time", "mastery", "tougher", "other_worlds"),
    *("growth", "ranks", "living_figures", "sweeps", "rllib"),
)
"""Modules with a function `run(quick)`, in the order of the table."""
RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # read when numpy and torch are loaded, which is below
    names = (options.only,) if options.only else BENCHMARKS
    outcomes = {}
    for name in names:
        start = time.monotonic()
        print(f"{name} ...", end=" ", flush=True)
        outcomes[name] = importlib.import_module(f"benchmarks.{name}").run(options.quick)
        print(f"{time.monotonic() - start:.0f} s", flush=True)
    text = document(outcomes)
    print(f"\n{text}")
    if not options.quick and not options.only:
        RESULTS.write_text(text, encoding="utf-8")
        print(f"Written to {RESULTS.name}")


def document(outcomes: dict[str, Outcome]) -> str:
    """Return the whole text: the machine, one table of all rows, and the notes of each benchmark."""
    rows = [row.cells() for outcome in outcomes.values() for row in outcome.rows]
    parts = [
        "# Benchmarks",
        "Made by `python -m benchmarks`; do not edit. CPU time on one core, side by side in one run, as ratios.",
        machine(),
        table(HEADER, rows),
        *(f"## {name}\n\n{outcome.notes}" for name, outcome in outcomes.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast, beside others, as ratios.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, a few seconds; the numbers mean nothing")
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark")
    return parser


if __name__ == "__main__":
    main()
