"""The engine that plays many runs with Ray Tune: on the cores of this machine, or on a cluster.

Ray hands out the runs, ends them at Ctrl-C, and tries again what raised an error or whose process died. What a run
gives travels back to this process, which keeps it as `one_after_another` does: no folder has to be shared.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import ray
from ray import tune

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.many_runs import Arrays, Keep, Play, in_one_line

RETRIES = 2
"""How often a run that failed is tried again."""
STARTS = 3
"""How often Ray is started before it is given up."""
STORE = 80 * 2**20
"""Bytes of shared memory that Ray may take on this machine, nearly the least that it accepts; a run needs some kB."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one cannot be silenced
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the way of later versions; without it Ray warns
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a run writes no files
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # which would write the arrays out as text
}


def on_ray(
    runs: Mapping[str, PPOConfig],
    play: Play,
    keep: Keep,
    *,
    processes: int,
    address: str | None = None,
    retries: int = RETRIES,
) -> dict[str, str]:
    """Play runs with Ray Tune, each in a process with one thread; an `Engine` once the rest is given.

    Args:
        runs: Name -> settings.
        play: What a run is; the processes must be able to import it.
        keep: Is told of each that is done, in this process.
        processes: How many at once on this machine.
        address: Of a cluster; None: Ray is started here, on loopback, and ended afterwards. A session that the caller
            has started is used as it is, and left running.
        retries: How often a run that raised an error, or whose process died, is tried again.

    Returns:
        Name -> reason of each that failed to the last.

    Raises:
        KeyboardInterrupt: After Ctrl-C; what was done before is kept.
    """
    kept: set[str] = set()

    def keep_and_note(name: str, arrays: Arrays) -> None:
        keep(name, arrays)
        kept.add(name)

    with session(processes, address), tempfile.TemporaryDirectory(prefix="ppo_lessons_") as storage:
        results = _tuner(runs, play, keep_and_note, storage, retries).fit()
    failed = {result.config["name"]: in_one_line(result.error) for result in results if result.error is not None}
    if len(kept) + len(failed) < len(runs):
        raise KeyboardInterrupt
    return failed


def _tuner(runs: Mapping[str, PPOConfig], play: Play, keep: Keep, storage: str, retries: int) -> tune.Tuner:
    def trial(given: dict[str, Any]) -> None:
        tune.report({"arrays": play(PPOConfig(**given["settings"]))})

    listed = [{"name": name, "settings": asdict(config)} for name, config in runs.items()]
    return tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space=tune.grid_search(listed),
        tune_config=tune.TuneConfig(reuse_actors=True),  # torch is imported once in a process, not once in a run
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=storage,
            verbose=0,
            callbacks=[_Kept(keep)],
            failure_config=tune.FailureConfig(max_failures=retries),
        ),
    )


class _Kept(tune.Callback):
    """Hands on what a run gave as soon as it is here."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def on_trial_result(self, iteration: int, trials: list, trial: Any, result: dict[str, Any], **info: Any) -> None:
        """Ray's word for a run is trial."""
        if "arrays" in result:
            self._keep(trial.config["name"], result["arrays"])


@contextlib.contextmanager
def session(processes: int, address: str | None = None) -> Iterator[None]:
    """Ray, quiet and on loopback, for the block under it. One that is there already is used, and left as it is.

    Args:
        processes: How many at once, if it is started on this machine.
        address: Of a cluster; None: this machine.
    """
    if ray.is_initialized():
        yield
        return
    quiet: dict[str, Any] = dict(logging_level=logging.ERROR, log_to_driver=False)
    here = dict(num_cpus=processes, object_store_memory=STORE, include_dashboard=False, _node_ip_address="127.0.0.1")
    with _variables(SETTINGS):
        try:
            _start(**quiet, address=address) if address else _start(**quiet, **here, address="local")
            yield
        finally:
            ray.shutdown()


def _start(**settings: Any) -> None:
    """Start Ray. It waits no more than 30 seconds for its own processes, which a busy machine may need longer for."""
    for left in reversed(range(STARTS)):
        try:
            ray.init(**settings)
            return
        except Exception as error:  # Ray raises no narrower one
            ray.shutdown()
            if left == 0 or "timed out during startup" not in str(error):
                raise


@contextlib.contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment in the block under it; what the reader has set himself stays."""
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
