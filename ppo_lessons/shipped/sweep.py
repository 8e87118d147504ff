"""A sweep from a terminal: train every combination of some settings, and keep what came of it as an atlas.

`python -m ppo_lessons.shipped.sweep --to ppo_lessons/shipped/data/atlas.npz` makes the shipped one.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.fields import whole
from ppo_lessons.guards.files import require_folder
from ppo_lessons.guards.places import as_called
from ppo_lessons.shipped import atlas
from ppo_lessons.shipped.atlas import load_atlas, make_atlas
from ppo_lessons.shipped.engines import engine_here
from ppo_lessons.shipped.many_runs import UnfinishedError
from ppo_lessons.shipped.settings import number_in, read_settings

AXES = {"clip_eps": atlas.CLIP_EPS, "ent_coef": atlas.ENT_COEF, "vf_coef": atlas.VF_COEF}
"""What a sweep goes through, with the values of the shipped atlas."""
SHOWN = 5
"""So many settings are named at the end, the best ones."""
DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130
"""Exit codes. FAILED: some runs failed, or the disk was full; the others are kept."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as everything else here does."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}. See {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m ppo_lessons.shipped.sweep",
        description="Train every combination of some settings on the standard case. Ctrl-C ends it at any time; the "
        "same command goes on with the runs that are not done yet.",
        epilog="Beside FILE.npz stands FILE.runs, one small file for each run that is done. Ray Tune trains several "
        "at once, if it is installed.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--to", required=True, metavar="FILE", help="the atlas to write, which ends in .npz")
    for name, usual in AXES.items():
        values = " ".join(map(str, usual))
        add(f"--{name}", nargs="+", default=usual, metavar="X", help=f"values of {name} (usually {values})")
    add("--seeds", nargs="+", default=atlas.SEEDS, metavar="N", help="of each combination (usually 0 1 2)")
    add("--cycles", default=atlas.CYCLES, metavar="N", help=f"length of a run (usually {atlas.CYCLES})")
    add("--every", default=atlas.EVERY, metavar="N", help=f"cycles between two points of a curve ({atlas.EVERY})")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="another field of PPOConfig, for all runs")
    add("--processes", metavar="N", help="how many runs at once (usually one for each core); 1: without Ray")
    add("--address", metavar="A", help="of a running Ray cluster: auto, or ray://HOST:10001")
    return parser


def _numbers(name: str, given: Sequence[object], kind: type) -> tuple:
    numbers = tuple(number_in(str(each), kind) for each in given)
    if wrong := [each for each in numbers if not isinstance(each, kind)]:
        raise ValueError(f"--{name} takes numbers. Got {', '.join(map(repr, wrong))}")
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"--{name} takes each number once. Got {', '.join(map(str, numbers))}")
    return tuple(sorted(numbers))


def _place(named: str) -> Path:
    path = as_called(named)
    if path.suffix != ".npz":
        raise ValueError(f"The file of an atlas must end in .npz. Got {named}")
    return path


def _sweep(words: Sequence[str]) -> Path:
    """Do what the words ask for, and return the file."""
    read = _parser().parse_args(words)
    path, settings = _place(read.to), read_settings(read.set)
    if twice := sorted({*AXES, "seed"} & settings.keys()):
        raise ValueError(f"--set is for what all runs share; {twice[0]} is swept. Got {twice[0]} with --set")
    cycles, every = (whole(f"--{name}", number_in(str(vars(read)[name]), int), 1) for name in ("cycles", "every"))
    if cycles < every:
        raise ValueError(f"--cycles must be --every or more: a curve has a point. Got {cycles} and {every}")
    processes = None if read.processes is None else whole("--processes", number_in(read.processes, int), 1)
    grid = tuple(_numbers(name, vars(read)[name], float) for name in AXES)
    seeds, config = _numbers("seeds", read.seeds, int), PPOConfig(**settings)
    require_folder(path.parent)
    make_atlas(path, grid, seeds, cycles, every, config, engine_here(processes, read.address))
    return path


def _tell(path: Path) -> None:
    """Say where the atlas is, and which settings did best."""
    made = load_atlas(path)
    wins = made.behaviour["win_rate"].mean(axis=-1)
    print(f"The atlas is in {path}: {wins.size} settings, {len(made.seeds)} seeds each.")
    print("Cases won by the trained teams, mean of the seeds, best first:")
    for c, n, v in sorted(np.ndindex(wins.shape), key=lambda place: -wins[place])[:SHOWN]:
        setting = f"clip_eps {made.clip_eps[c]:g}, ent_coef {made.ent_coef[n]:g}, vf_coef {made.vf_coef[v]:g}"
        print(f"{wins[c, n, v]:6.1%}  {setting}")


def main(words: Sequence[str]) -> int:
    """Do what these words of a command line ask for.

    Args:
        words: All behind the name of the program.

    Returns:
        The exit code: 0 when done, 1 if runs failed or could not be saved, 2 for a wrong order, 130 after Ctrl-C.
    """
    try:
        _tell(_sweep(words))
    except KeyboardInterrupt:
        return _say("Stopped. The runs that are done are kept; the same command goes on with the others.", STOPPED)
    except UnfinishedError as error:
        return _say(str(error), FAILED)
    except (ValueError, TypeError) as error:  # the latter if there is no such field
        return _say(str(error), WRONG)
    except OSError as error:
        return _say(f"{error.strerror}: {error.filename}" if error.filename else str(error), FAILED)
    return DONE


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
