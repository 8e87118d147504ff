"""Workers: processes in which answers are looked at, and how they are asked."""

import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
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


class ClosedError(Exception):
    """Raised for whoever asks workers that have been ended: nothing was found out."""


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
        self._processes: list[subprocess.Popen[bytes]] = []
        self._pairs: dict[tuple[str, int], tuple[int, int]] = {}
        self._closed = False

    def start(self, kind: str, places: Sequence[int] | None = None) -> None:
        """Start workers of a kind, without waiting until they are ready.

        Args:
            kind: "examine" or "explain".
            places: Which; None: all.
        """
        wanted = range(self.places) if places is None else places
        pipes = {place: (*os.pipe(), *os.pipe()) for place in wanted}
        theirs = [number for jobs, _, _, replies in pipes.values() for number in (jobs, replies)]
        named = ",".join(f"{jobs}:{replies}" for jobs, _, _, replies in pipes.values())
        inputs = str(self.which if kind == "examine" else 0)
        root = self.folder / "copy" if kind == "examine" else Path(ppo_lessons.__file__).parents[1]
        command = [sys.executable, "-s", "-m", "ppo_lessons.teaching.grading.worker", inputs, named]
        nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen(
            command + ([] if self.enclose else ["open"]),
            cwd=self.folder / "scratch",
            env=self._environment(root),
            pass_fds=theirs,
            start_new_session=True,  # Ctrl-C is for us
            **nothing,
        )
        self._processes.append(process)
        for number in theirs:
            os.close(number)
        for place, (_, jobs, replies, _) in pipes.items():
            for number in self._pairs.get((kind, place), ()):
                os.close(number)
            self._pairs[kind, place] = jobs, replies

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

        Raises:
            ClosedError: If the workers have been ended.
        """
        for attempt in range(2):
            if attempt:  # not the answer is gone but the worker, which no answer can reach: once more, with another
                self.start(kind, [place])
                self.ready(kind, [place])
            told = self._told(kind, place, job)
            if self._closed:
                raise ClosedError
            if told is not None:
                return told
        return {"ended": "died"}

    def _told(self, kind: str, place: int, job: dict[str, Any]) -> dict[str, Any] | None:
        jobs, replies = self._pairs[kind, place]
        data = as_json(job | {"sign": secrets.token_hex(16)})  # nobody who does not know it can reply
        data = b"J" + HEAD.pack(len(data)) + data
        try:
            while data:
                data = data[os.write(jobs, data) :]
            return self._received(replies, job["limits"]["wall_seconds"] + PATIENCE)
        except (OSError, ValueError, RecursionError):
            return None

    def ready(self, kind: str, places: Sequence[int] | None = None) -> None:
        """Wait until workers of a kind are ready, and note whether they are shut in.

        Raises:
            RuntimeError: If one could not be started.
        """
        for place in range(self.places) if places is None else places:
            hello = self._received(self._pairs[kind, place][1], 120.0)
            if hello is None:
                raise RuntimeError("A worker could not be started: the course cannot be imported in another process")
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

    def end(self) -> None:
        """End all workers at once. Whoever still asks is told so."""
        self._closed = True
        for process in self._processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def close(self) -> None:
        """End all workers, when nobody asks any more, and remove what was written for them."""
        self.end()
        for number in (number for pair in self._pairs.values() for number in pair):
            os.close(number)
        self._pairs.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
