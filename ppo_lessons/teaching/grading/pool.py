"""Workers: processes in which answers are looked at, and how they are asked."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ppo_lessons
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.teaching.grading.answerless import write_without_answers
from ppo_lessons.teaching.grading.encoding import as_json
from ppo_lessons.teaching.grading.worker import HEAD

KINDS = ("examine", "explain")
PATIENCE = 20.0
"""So many seconds beyond its limits a worker is waited for; it keeps its limits itself."""
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
"""Variables of our own environment that workers get; what else stands there is nobody's business."""


class Workers:
    """Starts workers when they are needed, and ends them.

    Args:
        exercises: All there are; the workers that examine see a copy of the package without their answers.
        which: Number of the set of other inputs.
        places: How many jobs of a kind may be done at the same time.
        enclose: Whether workers shut themselves in, as far as the system lets them.
    """

    def __init__(self, exercises: Iterable[Exercise], which: int, places: int, enclose: bool = True) -> None:
        """Write the copy.

        Raises:
            RuntimeError: If this system cannot divide a process in two.
        """
        if not hasattr(os, "fork"):
            raise RuntimeError("Grading needs Linux or macOS. On Windows it works in WSL, the Linux inside of Windows")
        self.which, self.places, self.enclose = which, places, enclose
        self.folder = Path(tempfile.mkdtemp(prefix="ppo_lessons_"))
        self.folder.chmod(0o755)
        (self.folder / "scratch").mkdir(mode=0o777)
        write_without_answers(self.folder / "copy", exercises)
        self.enclosed, self.why_not = True, ""
        self._started: dict[str, tuple[subprocess.Popen[bytes], list[tuple[int, int]]]] = {}

    def start(self, kind: str) -> None:
        """Start the workers of a kind, without waiting until they are ready."""
        pairs = [(*os.pipe(), *os.pipe()) for _ in range(self.places)]
        theirs = [number for jobs, _, _, replies in pairs for number in (jobs, replies)]
        named = ",".join(f"{jobs}:{replies}" for jobs, _, _, replies in pairs)
        inputs = str(self.which if kind == "examine" else 0)
        root = self.folder / "copy" if kind == "examine" else Path(ppo_lessons.__file__).parents[1]
        process = subprocess.Popen(
            [
                sys.executable,
                "-s",
                "-m",
                "ppo_lessons.teaching.grading.worker",
                inputs,
                named,
                *([] if self.enclose else ["open"]),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder / "scratch",
            env=self._environment(root),
            pass_fds=theirs,
        )
        for number in theirs:
            os.close(number)
        self._started[kind] = process, [(jobs, replies) for _, jobs, replies, _ in pairs]

    def _environment(self, root: Path) -> dict[str, str]:
        own = {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        own |= {"PPO_LESSONS_SCRATCH": str(self.folder / "scratch"), "HOME": str(self.folder / "scratch")}
        return {name: value for name, value in os.environ.items() if name in KEPT} | own

    def ask(self, kind: str, place: int, job: dict[str, Any]) -> dict[str, Any]:
        """Let a job be done, and return how it ended: "told" with a "reply", "endless", "too long" or "died".

        Args:
            kind: "examine" or "explain".
            place: One of the places; of one place only one may ask at a time.
            job: What `worker.answer_job` knows, with its "limits".
        """
        jobs, replies = self._started[kind][1][place]
        data = as_json(job)
        data = b"J" + HEAD.pack(len(data)) + data
        try:
            while data:
                data = data[os.write(jobs, data) :]
            reply = self._received(replies, job["limits"]["wall_seconds"] + PATIENCE)
        except (OSError, ValueError, RecursionError):
            reply = None
        return {"ended": "died"} if reply is None else reply

    def ready(self, kind: str) -> None:
        """Wait until the workers of a kind are ready, and note whether they are shut in.

        Raises:
            RuntimeError: If one could not be started.
        """
        for _, replies in self._started[kind][1]:
            hello = self._received(replies, 120.0)
            if hello is None:
                raise RuntimeError(
                    "A worker could not be started: the course cannot be imported in a process of its own"
                )
            if not hello["enclosed"]:
                self.enclosed, self.why_not = False, hello["why"]

    def _received(self, place: int, seconds: float) -> dict[str, Any] | None:
        data = b""
        wanted = HEAD.size
        while len(data) < wanted:
            if not select.select([place], [], [], seconds)[0]:
                return None
            piece = os.read(place, min(wanted - len(data), 1 << 20))
            if not piece:
                return None
            data += piece
            if wanted == HEAD.size == len(data):
                wanted += HEAD.unpack(data)[0]
        return json.loads(data[HEAD.size :])

    def close(self) -> None:
        """End all workers, and remove what was written for them."""
        for process, pairs in self._started.values():
            for pair in pairs:
                for number in pair:
                    os.close(number)
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
