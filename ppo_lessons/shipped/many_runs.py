"""Many runs that share nothing but a folder: each is a function of its settings alone, and is kept when it is done.

Who plays them is an engine: `one_after_another`, which is here, or Ray Tune (`on_ray`); `engines` chooses. Both play
the same function of the same settings, so that their numbers are the same, and what one has left the other goes on
with.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import write_whole

Arrays = dict[str, np.ndarray]
Play = Callable[[PPOConfig], Arrays]
"""One run: settings, seed included, to what is kept of it."""
Keep = Callable[[str, Arrays], None]
"""Is given the name of a run that is done, and its arrays."""
Engine = Callable[[Mapping[str, PPOConfig], Play, Keep], dict[str, str]]
"""Plays runs, by their names; returns name -> reason of each that failed. Ctrl-C ends it with KeyboardInterrupt."""


class UnfinishedError(RuntimeError):
    """Some runs failed. What the others gave is kept."""


def one_after_another(runs: Mapping[str, PPOConfig], play: Play, keep: Keep) -> dict[str, str]:
    """Play runs in this process; one that fails does not keep the others from being played.

    Args:
        runs: Name -> settings.
        play: What a run is.
        keep: Is told of each that is done.

    Returns:
        Name -> reason of each that failed.
    """
    failed = {}
    for name, config in runs.items():
        try:
            arrays = play(config)
        except Exception as error:  # whatever it is, it is said, with the run's name
            failed[name] = in_one_line(error)
        else:
            keep(name, arrays)
    return failed


def in_one_line(error: BaseException) -> str:
    """Return what an error says, without line breaks."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def finish_runs(
    folder: Path, runs: Mapping[str, PPOConfig], play: Play, engine: Engine = one_after_another
) -> list[Arrays]:
    """Return the arrays of all runs; those that are kept in the folder are read, and the others played and kept.

    Args:
        folder: Of the kept runs, one file each.
        runs: Name -> settings.
        play: What a run is.
        engine: Who plays.

    Returns:
        What was kept of each run, in their order.

    Raises:
        UnfinishedError: If a run failed; each is named, with its reason.
    """
    files = {name: folder / f"{name}.npz" for name in runs}
    left = {name: config for name, config in runs.items() if not files[name].exists()}
    done = len(runs) - len(left)

    def keep(name: str, arrays: Arrays) -> None:
        nonlocal done
        write_whole(files[name], lambda file: np.savez(file, **arrays))
        done += 1
        print(f"{done} of {len(runs)}: {name}", flush=True)

    failed = engine(left, play, keep) if left else {}
    if failed:
        rule = f"Every run must come to its end. {done} of {len(runs)} did and are kept; the same call tries the rest"
        raise UnfinishedError("\n".join([f"{rule}. Got", *(f"  {name}: {why}" for name, why in failed.items())]))
    return [_read(file) for file in files.values()]


def _read(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
