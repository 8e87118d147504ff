"""A process that is ready to look at answers: it has all libraries loaded, and forks itself for each.

    python -m ppo_lessons.teaching.grading.worker 1 3:4,5:6

The first number says which other inputs are drawn. Each pair is a place: jobs are taken there, replies given. One that
examines answers without knowing any is started in the copy that `answerless` writes; one that finds words for what is
wrong, in the package itself. With `open` behind, it does not shut itself in.
"""

import gc
import json
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import ppo_lessons
from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.confinement import SCRATCH, Limits, alone, confine, enclose, memory_in_use, watch
from ppo_lessons.teaching.grading.encoding import as_json, encode
from ppo_lessons.teaching.grading.examiner import built, examined, explained, put_back
from ppo_lessons.teaching.grading.reading import read_notebook

READABLE = tuple(dict.fromkeys(map(Path, (sys.prefix, sys.base_prefix, Path(ppo_lessons.__file__).parent))))
"""Python, its libraries, and this package."""
HIDDEN = tuple(
    path
    for folder in READABLE[:2]
    for path in sorted(folder.glob("*/python*/*-packages/ppo_lessons"))
    if path != Path(ppo_lessons.__file__).parent
)
"""Where this Python has the package installed, answers and all."""
HEAD = struct.Struct("<Q")
"""In front of each message stands its length."""


def send(place: int, message: dict[str, Any]) -> None:
    """Write a message to an open file.

    Raises:
        RecursionError: If it is too deep; nothing is written then.
    """
    data = as_json(message)
    data = HEAD.pack(len(data)) + data
    while data:
        data = data[os.write(place, data) :]


def receive(place: int) -> dict[str, Any] | None:
    """Read a message from an open file; None if there will be no more."""
    head = _exactly(place, HEAD.size)
    data = _exactly(place, HEAD.unpack(head)[0]) if head else b""
    return json.loads(data) if data else None


def _exactly(place: int, size: int) -> bytes:
    pieces = []
    while size and (piece := os.read(place, min(size, 1 << 20))):
        pieces.append(piece)
        size -= len(piece)
    return b"" if size else b"".join(pieces)


def answer_job(job: dict[str, Any], anew: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked for, in the process of the answer."""
    if job["kind"] == "read":
        return read_notebook(b64decode(job["content"]), job["name"])
    function = built(job["cells"], job["picks"], job["imports"], job["name"])
    if job["kind"] == "value":
        return {"value": encode(function)}
    exercise = next(each for each in EXERCISES if each.number == job["number"])
    if job["kind"] == "explain":
        return explained(exercise, function)
    return examined(exercise, anew[exercise.number], job["inputs"], function)


class Place:
    """Takes jobs one after the other; each is done in a process of its own, which is watched over."""

    def __init__(self, number: int, anew: dict[str, Any], enclosed: bool, in_use: int) -> None:
        """Note what all jobs share."""
        self.number, self.anew, self.enclosed, self.in_use = number, anew, enclosed, in_use

    def serve(self, jobs: int, replies: int) -> None:
        """Do jobs until there are no more. A job is read by the process that watches over it, and by no other."""
        while os.read(jobs, 1):
            watcher = os.fork()
            if watcher == 0:
                job = receive(jobs)
                try:
                    send(replies, self.watched_over(job) if job else {"ended": "died"})
                except (RecursionError, MemoryError, ValueError):  # a forgery that is too deep to be handed on
                    send(replies, {"ended": "died"})
                os._exit(0)
            os.waitpid(watcher, 0)

    def watched_over(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do a job in a child, and say how that ended."""
        limits = Limits(**job["limits"])
        told, tells = os.pipe()
        is_alone = alone(self.enclosed)
        own = SCRATCH if is_alone else Path(tempfile.mkdtemp(dir=os.environ["PPO_LESSONS_SCRATCH"]))
        own.chmod(0o1777)
        child = os.fork()
        if child == 0:
            self._work(job, limits, tells, own, is_alone)
        os.close(tells)
        said, why = _heard(told, limits)
        _end(child)
        _, status, used = os.wait4(child, 0)
        if not is_alone:
            shutil.rmtree(own, ignore_errors=True)
        if why:
            return {"ended": why}
        by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if by == signal.SIGXCPU or used.ru_utime + used.ru_stime > limits.cpu_seconds - 0.5:
            return {"ended": "endless"}
        if not said:
            return {"ended": "died"}
        try:
            reply = json.loads(said)
            if isinstance(reply, dict) and reply.pop("sign", None) == job["sign"]:
                return {"ended": "told", "reply": reply}
        except (ValueError, RecursionError):
            pass
        return {"ended": "told", "reply": {"tampered": "it answers in the place of its examiner"}}

    def _work(self, job: dict[str, Any], limits: Limits, tells: int, own: Path, is_alone: bool) -> None:
        """Be the process of an answer."""
        sign = job.pop("sign")

        def end(reply: dict[str, Any]) -> None:
            data = as_json(reply | {"sign": sign})
            while data:
                data = data[os.write(tells, data) :]
            os._exit(0)

        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nothing, number)
            os.closerange(3, tells)
            os.closerange(tells + 1, 1 << 16)
            os.chdir(own)
            codes = {number: b64decode(code) for number, code in job.pop("codes", {}).items()}
            put_back(EXERCISES, codes)
            confine(limits, self.number, self.in_use, is_alone)
            found = lambda event: end({"tampered": f"it reaches for {event}"})  # noqa: E731
            watch(found, READABLE, job["kind"] != "explain", HIDDEN)
            reply = answer_job(job, self.anew)
        except MemoryError:
            reply = {"memory": True}
        except BaseException as error:  # whatever it is, it is the answer's own
            reply = {"raised": type(error).__name__, "said": str(error)[:300]}
        end(reply)


def _closed(number: int) -> None:
    try:
        os.close(number)
    except OSError:
        pass


def _heard(told: int, limits: Limits) -> tuple[bytes, str]:
    """Listen until the child has told all, its time is up, or it tells too much."""
    end, pieces, size = time.monotonic() + limits.wall_seconds, [], 0
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([told], [], [], left)[0]:
            return b"", "endless"
        piece = os.read(told, 1 << 20)
        if not piece:
            return b"".join(pieces), ""
        pieces.append(piece)
        size += len(piece)
        if size > limits.reply:
            return b"", "too long"


def _end(child: int) -> None:
    """End a child and its group. One that is alone in its namespace takes all that it has started with it."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def not_compiled(function: Callable[..., Any] | None = None, **how: Any) -> Callable[..., Any]:
    """Stand for torch.compile, which would start a compiler: what a function returns stays the same."""
    return function if function is not None else not_compiled


def warm_up() -> None:
    """Let torch load what it loads late: the first step of an optimizer takes most of a second."""
    torch.compile = not_compiled
    weight = torch.zeros(2, requires_grad=True)
    for kind in (torch.optim.Adam, torch.optim.SGD):
        weight.sum().backward()
        kind([weight], lr=0.1).step()
    torch.nn.utils.clip_grad_norm_([weight], 1.0)
    torch.distributions.Categorical(logits=torch.zeros(2)).sample()
    for codec in ("idna", "utf-8-sig", "utf-16", "latin-1", "ascii"):  # they are loaded late
        "a".encode(codec)


def main(arguments: list[str]) -> None:
    """Load everything, shut the door, and take jobs."""
    which, places = int(arguments[0]), [[int(n) for n in pair.split(":")] for pair in arguments[1].split(",")]
    torch.set_num_threads(1)
    warm_up()
    anew = {each.number: each for each in drawn_anew("ppo_lessons.lessons", which)} if which else {}
    in_use = memory_in_use()
    gc.freeze()  # what is shared with all children is not gone through by each of them
    why_not = "it was not asked for" if arguments[2:] == ["open"] else enclose(READABLE, HIDDEN)
    children = []
    for number, (jobs, replies) in enumerate(places):
        child = os.fork()
        if child == 0:
            for other in (n for pair in places for n in pair if n not in (jobs, replies)):
                _closed(other)
            send(replies, {"enclosed": not why_not, "why": why_not})
            Place(number, anew, not why_not, in_use).serve(jobs, replies)
            os._exit(0)
        children.append(child)
    for pair in places:
        for number in pair:
            _closed(number)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
