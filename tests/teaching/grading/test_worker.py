"""Messages between processes, and how a job ends."""

import os
import struct

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.confinement import Limits
from ppo_lessons.teaching.grading.pool import Workers
from ppo_lessons.teaching.grading.worker import _heard, receive, send


def test_messages():
    there, back = os.pipe()
    send(back, {"kind": "read", "content": "ä" * 1000})
    assert receive(there) == {"kind": "read", "content": "ä" * 1000}
    os.close(back)
    assert receive(there) is None
    os.close(there)


def test_half_a_message_is_none():
    there, back = os.pipe()
    os.write(back, struct.pack("<Q", 100) + b"{}")
    os.close(back)
    assert receive(there) is None
    os.close(there)


@pytest.mark.parametrize(
    ("written", "close", "wanted"),
    [(b"{}", True, (b"{}", "")), (b"{}", False, (b"", "endless")), (b"x" * 100, True, (b"", "too long"))],
)
def test_listening(written, close, wanted):
    there, back = os.pipe()
    os.write(back, written)
    if close:
        os.close(back)
    assert _heard(there, Limits(wall_seconds=0.2, reply=50)) == wanted


@pytest.mark.slow
def test_a_worker_goes_on_after_whatever_happened(workers):
    def value(source):
        job = {"kind": "value", "cells": {"c": source}, "picks": [["c", 0]], "imports": [], "name": "answer"}
        return workers.ask("examine", 0, job | {"limits": vars(Limits(cpu_seconds=1, wall_seconds=3.0))})

    for bad in ("answer = __import__('os')._exit(3)", "while True: pass", "answer = 1 +", "answer = bytearray(10**12)"):
        value(bad)
        assert value("answer = 2")["reply"] == {"value": ["int", "2"]}


@pytest.mark.slow
def test_one_answer_leaves_nothing_for_the_next(workers):
    def value(source):
        job = {"kind": "value", "cells": {"c": source}, "picks": [["c", 0]], "imports": [], "name": "answer"}
        return workers.ask("examine", 0, job | {"limits": vars(Limits())})["reply"]

    value(
        "answer = __import__('torch').__dict__.update(allclose=1) or __import__('builtins').__dict__.update(spoilt=1)"
    )
    assert value("answer = callable(__import__('torch').allclose)") == {"value": ["plain", True]}
    assert value("answer = spoilt")["raised"] == "NameError"


@pytest.mark.slow
def test_an_answer_has_none_of_the_files_at_which_jobs_are_taken():
    kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(300)]  # so that theirs have high numbers
    workers = Workers(EXERCISES, 0, 1)
    try:
        workers.start("examine")
        workers.ready("examine")
        lines = ["import os", "try:", "    os.fstat(n)", "except OSError:", "    return False", "return True"]
        cell = "\n    ".join(["def is_open(n):", *lines]) + "\nanswer = [n for n in range(3, 2000) if is_open(n)]"
        job = {"kind": "value", "cells": {"c": cell}, "picks": [["c", 0], ["c", 1]], "imports": [], "name": "answer"}
        told = workers.ask("examine", 0, job | {"limits": vars(Limits())})
        assert len(told["reply"]["value"][1]) == 1, "the one for its own reply"
    finally:
        workers.close()
        for number in kept:
            os.close(number)
