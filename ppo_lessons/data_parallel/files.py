"""What the first rank keeps of a run of many, so that nothing is lost or counted twice when one of them is killed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ppo_lessons.checkpoints import pack_run, read_checkpoint, save_policy, unpack_run, write_checkpoint
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.ranks import RankError, Ranks
from ppo_lessons.errors import CheckpointError
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.training import TrainingRun, TrainReport

OWN = ("config", "env", "action_generator", "running_return", "agent_steps")
"""What of a run is each rank's own; all else is the same on all of them."""


class Files:
    """The folder of a run: `run.pt`, `team.pt` and `reports.jsonl`, a line a cycle. Only the first rank touches it.

    Args:
        folder: A folder that is there.
        config: Of the whole run.
    """

    def __init__(self, folder: Path, config: PPOConfig) -> None:
        """Take note of the names."""
        self.folder, self._config = folder, config
        self.run, self.team, self.reports = folder / "run.pt", folder / "team.pt", folder / "reports.jsonl"

    def go_on(self, ranks: Ranks, run: TrainingRun) -> TrainingRun:
        """Return the run that is kept, on each rank its own; the given one if none is kept yet.

        What was reported after the last checkpoint is played, and reported, again: those lines are taken out.

        Raises:
            CheckpointError: On all ranks, if the folder holds a run of other settings or of another number of ranks.
        """
        contents = self._on_first(ranks, self._read)
        if contents is None:
            return run
        mine = {**contents["run"], **contents["parts"][ranks.rank]}
        kept = unpack_run(mine, self.run, run.env)
        if mine["env"] is None:  # each rank begins anew with its own episodes
            seeds = np.random.SeedSequence(run.config.seed, spawn_key=(ranks.rank, kept.cycle))
            kept.env.reset(int(seeds.generate_state(1)[0]))
        return kept

    def note(self, ranks: Ranks, report: TrainReport) -> None:
        """Add the line of a cycle."""
        if ranks.rank == 0:
            with open(self.reports, "a", encoding="utf-8") as file:
                file.write(json.dumps(line_of(report)) + "\n")

    def save(self, ranks: Ranks, run: TrainingRun) -> None:
        """Keep the run: the first rank writes one file for all, whole or not at all."""
        contents = pack_run(run)
        parts = ranks.objects({name: contents[name] for name in OWN}, "checkpoint")

        def write() -> None:
            write_checkpoint(
                {"kind": "ranks", "run": contents, "parts": parts, "whole": asdict(self._config)}, self.run
            )
            save_policy(run.policy, self.team)

        self._on_first(ranks, lambda _: write())

    def _read(self, ranks: Ranks) -> dict[str, Any] | None:
        require_folder(self.folder)
        if not self.run.exists():
            self.reports.unlink(missing_ok=True)
            return None
        contents = read_checkpoint(self.run, "ranks")
        _require_same(contents, self._config, ranks.num_ranks, self.run)
        lines = self.reports.read_text(encoding="utf-8").splitlines() if self.reports.exists() else []
        kept = lines[: contents["run"]["cycle"]]
        text = "".join(f"{line}\n" for line in kept).encode()
        write_whole(self.reports, lambda file: file.write(text))
        return contents

    def _on_first(self, ranks: Ranks, job: Any) -> Any:
        """Return what the first rank gets by this, to all; an error there is one everywhere."""
        result, error = None, None
        if ranks.rank == 0:
            try:
                result = job(ranks)
            except (CheckpointError, OSError) as raised:
                error = raised
        result, error = ranks.objects((result, error), "files")[0]
        if error is not None:
            raise error
        return result


def _require_same(contents: dict[str, Any], config: PPOConfig, num_ranks: int, path: Path) -> None:
    if len(contents["parts"]) != num_ranks:
        raise CheckpointError(
            f"A run goes on with as many ranks as it began. Got {num_ranks} for {len(contents['parts'])} in {path}"
        )
    now, then = asdict(config), contents["whole"]
    if changed := [name for name in now if now[name] != then.get(name)]:
        got = ", ".join(f"{name} {now[name]} for {then.get(name)}" for name in changed)
        raise CheckpointError(f"A run goes on with the settings it began with. Got {got} in {path}")


def line_of(report: TrainReport) -> dict[str, Any]:
    """Return the numbers of a report that depend on nothing but the run: no times."""
    return {
        "cycle": report.cycle,
        "agent_steps": report.agent_steps,
        "mean_reward": report.mean_reward,
        **asdict(report.update),
    }


def load_reports(folder: str | Path) -> list[dict[str, Any]]:
    """Return the lines that a run has left in its folder, one a cycle.

    Raises:
        OSError: If there are none.
        RankError: If a cycle is missing or stands there twice.
    """
    path = Path(folder) / "reports.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if [line["cycle"] for line in lines] != list(range(1, len(lines) + 1)):
        raise RankError(f"Reports hold every cycle once. Got {[line['cycle'] for line in lines]} in {path}")
    return lines
