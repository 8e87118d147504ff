"""What `python -m ppo_lessons.train` does: words in, a trained team and sentences out."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.guards.fields import whole
from ppo_lessons.shipped.ages import AGES
from ppo_lessons.shipped.interruptible import train_on
from ppo_lessons.shipped.kept_run import LAST_CASES, KeptRun, begin, files_of, go_on, load_start
from ppo_lessons.shipped.settings import number_in, read_settings
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player

PROGRAM = ("python", "-m", "ppo_lessons.train")
CYCLES, FRESH_CASES = 1000, 400
"""How long a team is trained unless you say otherwise, and in how many cases it is tried afterwards."""
DONE, LOST, WRONG, STOPPED = 0, 1, 2, 130
"""Exit codes. LOST: what was asked for was right, but the training diverged, or the disk was full."""


class Order(NamedTuple):
    """What was asked for."""

    cases: tuple[str, ...]
    team: str
    """The file to write."""
    settings: dict[str, Any]
    """Name -> value of the fields of `PPOConfig` that are not to be the usual ones."""
    start: str | None = None
    """The team to begin with; None: a fresh one."""
    cycles: int = CYCLES
    """In all, earlier sittings included."""
    goal: float | None = None
    """The share of the last cases that is to be won."""
    anew: bool = False
    """Whether a run that is there is thrown away."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as everything else here does."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}. See {' '.join(PROGRAM)} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=" ".join(PROGRAM),
        description="Train a team of detectives. Ctrl-C ends it at any time; the same command goes on where it was.",
        epilog="Beside TEAM.pt stand TEAM.run.pt, the whole run, and TEAM.run.json, what came of every cycle.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("cases", nargs="+", metavar="CASE", help=f"one of {', '.join(CASES)}; several are played at once")
    add("--to", required=True, metavar="TEAM", help="the file to write the team to, which ends in .pt")
    add("--from", dest="start", metavar="TEAM", help=f"begin with this team: a file, or one of {', '.join(AGES)}")
    add("--cycles", default=str(CYCLES), metavar="N", help=f"how many cycles in all (usually {CYCLES})")
    add("--until", metavar="SHARE", help=f"stop when this share of the last {LAST_CASES} cases was won, in each case")
    add("--seed", metavar="N", help="another run of the same kind (usually 0)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a field of PPOConfig; may be repeated")
    add("--anew", action="store_true", help="throw the run beside TEAM away, and begin again")
    return parser


def read_order(words: Sequence[str]) -> Order:
    """Return what these words of a command line ask for.

    Raises:
        ValueError: If they do not say it; the rule is named.
        SystemExit: If they ask for help, which has been printed then.
    """
    read = _parser().parse_args(words)
    if unknown := [case for case in read.cases if case not in CASES]:
        raise ValueError(f"A case is one of {', '.join(CASES)}. Got {', '.join(map(repr, unknown))}")
    seed = [] if read.seed is None else [f"seed={read.seed}"]
    return Order(
        cases=tuple(read.cases),
        team=read.to,
        start=read.start,
        cycles=whole("--cycles", number_in(read.cycles, int), 1),
        goal=None if read.until is None else _share(read.until),
        settings=read_settings([*seed, *read.set]),
        anew=read.anew,
    )


def _share(text: str) -> float:
    share = number_in(text, float)
    if not isinstance(share, float) or not 0 < share <= 1:
        raise ValueError(f"--until must be above 0, and 1 at most. Got {text!r}")
    return share


def config_of(settings: dict[str, Any], policy: ActorCritic | None = None) -> PPOConfig:
    """Return the config with these settings; the network is that of the team to begin with, if there is one.

    Raises:
        ValueError: If a setting is not known, outside its range, or asks for another network.
    """
    network = {}
    if policy is not None:
        network = {name: getattr(policy, name) for name in ("hidden_size", "shared_trunk", "value_normalisation")}
        network["critic"] = "own" if policy.team_size is None else "team"
    changed = [f"{name} {settings[name]}" for name in network if settings.get(name, network[name]) != network[name]]
    if changed:
        has = ", ".join(f"{name} {value}" for name, value in network.items())
        raise ValueError(f"A team to begin with keeps its network, {has}. Got {', '.join(changed)}")
    try:
        return PPOConfig(**{**network, **settings})
    except TypeError as error:
        raise ValueError(str(error)) from error


def opened(order: Order) -> KeptRun:
    """Return the run that was asked for: the one that is there, or a new one.

    Raises:
        ValueError: If something does not fit, or something would be lost.
        OSError: If a file cannot be read or written.
    """
    files = files_of(Path(order.team))
    if order.start is not None and Path(order.start).resolve() == files.team.resolve():
        raise ValueError(f"--from and --to must be two files: a run goes on without --from. Got {order.team} for both")
    start = load_start(order.start)
    config = config_of(order.settings, start.policy)
    if files.run.exists() and not order.anew:
        try:
            kept = go_on(files, order.cases, config, start)
        except ValueError as error:
            raise ValueError(f"{error}. Another --to begins another run, --anew throws this one away") from error
        _say(f"The run in {files.run} goes on after cycle {kept.run.cycle:,}.")
        return kept
    old = [str(path) for path in files if path.exists()]
    if files.team.exists() and not order.anew:
        raise ValueError(f"A team that stands there without its run is overwritten with --anew only. Got {files.team}")
    kept = begin(files, order.cases, config, start)
    if order.anew and old:
        _say(f"Thrown away: what was in {', '.join(old)}.")
    _say(
        f"{'A fresh team' if order.start is None else f'The team {order.start}'} begins with {', '.join(order.cases)}."
    )
    return kept


def command(order: Order) -> str:
    """Return the command line that asks for this, for a shell of this machine."""
    words = [*PROGRAM, *order.cases]
    words += [] if order.start is None else ["--from", order.start]
    words += ["--to", order.team]
    words += [] if order.cycles == CYCLES else ["--cycles", str(order.cycles)]
    words += [] if order.goal is None else ["--until", str(order.goal)]
    for name, value in order.settings.items():
        words += ["--seed", str(value)] if name == "seed" else ["--set", f"{name}={value}"]
    words += ["--anew"] if order.anew else []
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def the_next(order: Order, kept: KeptRun) -> Order:
    """Return what to ask for to go on: the same if there is something left of it, or else more."""
    done = kept.run.cycle
    if kept.diary.is_ready(order.goal):
        order = order._replace(goal=None)
    return order._replace(anew=False, cycles=order.cycles if done < order.cycles else done + CYCLES)


def _tell(order: Order, kept: KeptRun) -> None:
    """Say where the team is, what it can do, and how it goes on."""
    run = kept.run
    print(f"The team is in {kept.files.team}, after {run.cycle:,} cycles of {run.agent_steps:,} agent-steps in all.")
    if kept.diary.is_ready(order.goal):
        print(f"It has won {order.goal:.0%} or more of its last {LAST_CASES} cases.")
    for case in order.cases:
        played = evaluate(policy_player(run.policy), case, cases=FRESH_CASES)
        standing = f"{played.survival:.0%} of the detectives standing"
        print(f"Of {played.cases} fresh cases of {case} it wins {played.win_rate:.0%}, {standing}.")
    print(f"To go on: {command(the_next(order, kept))}")


def _stopped(order: Order, kept: KeptRun) -> int:
    """Say that all is saved, and how it goes on."""
    run = kept.run
    print(f"Stopped after {run.cycle:,} cycles, {run.agent_steps:,} agent-steps. Saved in {kept.files.team}.")
    print(f"To go on: {command(order._replace(anew=False))}")
    return STOPPED


def _say(sentence: object) -> None:
    if isinstance(sentence, OSError) and sentence.filename is not None:
        sentence = f"{sentence.strerror}: {sentence.filename}"
    print(sentence, file=sys.stderr, flush=True)


def main(words: Sequence[str]) -> int:
    """Do what these words of a command line ask for.

    Args:
        words: All behind the name of the program.

    Returns:
        The exit code: 0 when done, 1 if the training got lost or could not be saved, 2 for a wrong order, 130 after
        Ctrl-C.
    """
    try:
        order = read_order(words)
        kept = opened(order)
    except KeyboardInterrupt:
        _say("Stopped before the training began.")
        return STOPPED
    except (ValueError, OSError) as error:
        _say(error)
        return WRONG
    return _carried_out(order, kept)


def _carried_out(order: Order, kept: KeptRun) -> int:
    try:
        if train_on(kept, order.cycles, order.goal):
            return _stopped(order, kept)
        _tell(order, kept)
    except KeyboardInterrupt:
        return _stopped(order, kept)
    except NonFiniteError as error:
        _say(f"{error}. Saved as it was after cycle {kept.run.cycle:,}: {kept.files.team}")
        return LOST
    except OSError as error:
        _say(error)
        return LOST
    return DONE
