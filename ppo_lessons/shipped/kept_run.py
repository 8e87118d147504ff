"""A training run that is kept in files as it goes, so that it can be ended at any time and gone on with.

Three files stand side by side: the team (`save_policy`), the run (`save_run`), and notes, which hold what a run does
not know of itself: the team that it began with, and what came of the cases of every cycle.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, load_run, save_policy, save_run
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import CheckpointError
from ppo_lessons.guards.fields import is_number
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.cases import get_case
from ppo_lessons.spirit_world.curriculum import cases_and_wins, is_ready
from ppo_lessons.team_env import as_team_env, describe
from ppo_lessons.training import TrainingRun

LAST_CASES = 400
"""Shares are taken over so many of the last cases of a kind."""


class Files(NamedTuple):
    """Where a team is kept, and beside it its run and the notes on it."""

    team: Path
    run: Path
    notes: Path


def files_of(team: Path) -> Files:
    """Return where a team and its run are kept.

    Args:
        team: Ends in .pt.

    Raises:
        ValueError: If it ends otherwise.
        FileNotFoundError: If the folder is not there.
    """
    if team.suffix != ".pt":
        raise ValueError(f"The file of a team must end in .pt. Got {team}")
    require_folder(team.parent)
    return Files(team, team.with_suffix(".run.pt"), team.with_suffix(".run.json"))


class Start(NamedTuple):
    """The team that a run begins with."""

    name: str | None = None
    """As it was asked for; None: a fresh team."""
    weights: str | None = None
    """A fingerprint of its weights."""
    policy: ActorCritic | None = None


def load_start(name: str | None) -> Start:
    """Return the team to begin with.

    Args:
        name: A shipped age, or a file that `save_policy` wrote; None: a fresh team.

    Raises:
        ValueError: If there is neither such an age nor such a file.
        CheckpointError: If the file is damaged, or holds something else.
    """
    if name is None:
        return Start()
    if name not in AGES and not Path(name).exists():
        raise ValueError(f"A team to begin with is a file of save_policy, or one of {', '.join(AGES)}. Got {name!r}")
    policy = load_age(name) if name in AGES else load_policy(name)
    weights = hashlib.sha256()
    for part, tensor in policy.state_dict().items():
        weights.update(f"{part} {tuple(tensor.shape)}".encode() + tensor.numpy().tobytes())
    return Start(name, weights.hexdigest(), policy)


class Counts(NamedTuple):
    """What came of one case: a number for each cycle."""

    finished: list[int]
    """How often it was finished."""
    won: list[int]
    standing: list[float]
    """Shares of the team that stood at the end, summed over the finished ones."""


class Diary:
    """What came of the cases, cycle by cycle.

    Args:
        cases: Their names.
    """

    def __init__(self, cases: Sequence[str]) -> None:
        """Begin with empty pages."""
        self.counts = {case: Counts([], [], []) for case in cases}

    def note(self, behaviour: TeamBehaviour | dict[str, TeamBehaviour]) -> None:
        """Note what the team did in one more cycle, in its case or in each of them by name."""
        for case, counts in self.counts.items():
            own = behaviour[case] if isinstance(behaviour, dict) else behaviour
            finished, won = cases_and_wins(own)
            counts.finished.append(finished)
            counts.won.append(won)
            counts.standing.append(finished * own.survival if finished else 0.0)

    def is_ready(self, goal: float | None) -> bool:
        """Say whether so large a share of the last cases was won, in each case; never with None."""
        return goal is not None and all(
            is_ready(counts.finished, counts.won, goal, LAST_CASES) for counts in self.counts.values()
        )

    def recent(self, case: str) -> tuple[float, float]:
        """Return which share of the last cases was won, and of their detectives stood; NaN before one was finished."""
        counts = self.counts[case]
        finished, won, standing = 0, 0, 0.0
        for cycle in reversed(range(len(counts.finished))):
            finished, won = finished + counts.finished[cycle], won + counts.won[cycle]
            standing += counts.standing[cycle]
            if finished >= LAST_CASES:
                break
        return (won / finished, standing / finished) if finished else (math.nan, math.nan)


class KeptRun:
    """A run with its files.

    Args:
        files: Where it is kept.
        run: What is trained.
        start: What it began with.
        diary: What came of its cycles so far.
    """

    def __init__(self, files: Files, run: TrainingRun, start: Start, diary: Diary) -> None:
        """Hold them together; nothing is written yet."""
        self.files, self.run, self.start, self.diary = files, run, start, diary

    def save(self) -> None:
        """Write all three files. Whatever breaks it off leaves files that `go_on` goes on with.

        Raises:
            OSError: If one cannot be written.
        """
        began = {"team": self.start.name, "weights": self.start.weights}
        cases = {case: counts._asdict() for case, counts in self.diary.counts.items()}
        notes = json.dumps({"began_with": began, "cases": cases})
        write_whole(self.files.notes, lambda file: file.write(notes.encode()))  # first: they may know more than the run
        save_run(self.run, self.files.run)
        save_policy(self.run.policy, self.files.team)


def begin(files: Files, cases: Sequence[str], config: PPOConfig, start: Start) -> KeptRun:
    """Begin a run and write its files; a run that was there is thrown away.

    Args:
        files: Where it is kept.
        cases: Names of presets; several are played at once.
        config: All hyper-parameters.
        start: The team to begin with.

    Raises:
        ValueError: If a case is not known, or the team does not fit.
        OSError: If a file cannot be written.
    """
    kept = KeptRun(files, TrainingRun(_world(cases), config, start.policy), start, Diary(cases))
    files.run.unlink(missing_ok=True)  # it must never stand beside the notes of another one
    kept.save()
    return kept


def go_on(files: Files, cases: Sequence[str], config: PPOConfig, start: Start) -> KeptRun:
    """Return the run that is kept in these files, where it was.

    Args:
        files: Where it is kept.
        cases: What it was begun with, as everything else.
        config: All hyper-parameters.
        start: The team that it began with.

    Raises:
        ValueError: If it was begun with something else; all of it is named.
        CheckpointError: If a file is damaged, or the notes are not those of the run.
        OSError: If one cannot be read.
    """
    run = load_run(files.run)
    began, diary = _read_notes(files, run.cycle)
    played, world = describe(run.env), describe(as_team_env(_world(cases), config.num_envs))
    pairs = [("case", _name(world), _name(played))]
    if world != played and _name(world) == _name(played):
        pairs.append(("the rules", "of today", "those of another version"))
    pairs += [(name, value, getattr(run.config, name)) for name, value in asdict(config).items()]
    if start.weights != began.weights:
        now = " as it is now" if start.name == began.name else ""
        pairs.append(("--from", f"{start.name or 'nobody'}{now}", began.name or "nobody"))
    other = [f"{name} {new} for {old}" for name, new, old in pairs if new != old]
    if other:
        raise ValueError(f"A run goes on with what it was begun with. Got {', '.join(other)} in {files.run}")
    if list(diary.counts) != list(cases):
        raise CheckpointError(f"The notes beside a run must be its own. Got {files.notes} for {files.run}")
    return KeptRun(files, run, began, diary)


def _world(cases: Sequence[str]) -> Any:
    return list(cases) if len(cases) > 1 else get_case(cases[0])


def _name(world: dict[str, Any] | None) -> str:
    """Return the name of the case that a world plays, or of all of them."""
    if world is None:
        return "of another world"
    return " ".join(str(case["name"]) for case in world.get("cases", [world]))


def _read_notes(files: Files, cycles: int) -> tuple[Start, Diary]:
    """Return what a run began with, and what came of its cycles; later ones are cut off."""
    if not files.notes.exists():
        raise CheckpointError(f"Beside a run stand its notes. Got {files.run} without {files.notes}")
    try:
        notes = json.loads(files.notes.read_text(encoding="utf-8"))
        start = Start(notes["began_with"]["team"], notes["began_with"]["weights"])
        diary = Diary([])
        for case, lists in notes["cases"].items():
            diary.counts[case] = Counts(**{name: numbers[:cycles] for name, numbers in lists.items()})
        counts = [numbers for lists in diary.counts.values() for numbers in lists]
        plain = all(is_number(number) for numbers in counts for number in numbers)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CheckpointError(f"The notes on a run must be whole. Got {files.notes}") from None
    if not plain or any(len(numbers) < cycles for numbers in counts):
        raise CheckpointError(f"The notes on a run must hold numbers for its {cycles:,} cycles. Got {files.notes}")
    return start, diary
