"""Workers are started, asked, and ended; nothing of theirs is left."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.confinement import Limits
from ppo_lessons.teaching.grading.pool import ClosedError, Workers

JOB = {"kind": "value", "cells": {"c": "answer = 2"}, "picks": [["c", 0]], "imports": [], "name": "answer"}


def test_a_system_that_cannot_fork_is_told_so(monkeypatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(RuntimeError, match="Linux or macOS"):
        Workers(EXERCISES, 1, 1)


def test_the_environment_of_a_worker_holds_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("A_SECRET", "1")
    workers = Workers(EXERCISES, 1, 1)
    variables = workers._environment(workers.folder)
    workers.close()
    assert "A_SECRET" not in variables
    assert variables["PYTHONHASHSEED"] == "0"


@pytest.mark.slow
def test_nothing_is_found_out_by_workers_that_have_been_ended():
    other = Workers(EXERCISES, 0, 1)
    other.start("examine")
    other.ready("examine")
    asleep = JOB | {"cells": {"c": "answer = __import__('time').sleep(60)"}, "limits": vars(Limits(wall_seconds=50.0))}
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(other.ask, "examine", 0, asleep)
        time.sleep(0.5)
        began = time.monotonic()
        other.end()
        with pytest.raises(ClosedError):
            told.result()
    assert time.monotonic() - began < 10
    other.close()


@pytest.mark.slow
def test_a_worker_that_is_gone_is_no_end_of_the_run(workers):
    assert workers.ask("examine", 0, JOB | {"limits": vars(Limits())})["reply"] == {"value": ["int", "2"]}
    other = Workers(EXERCISES, 0, 1)
    other.start("examine")
    other.ready("examine")
    os.killpg(other._processes[0].pid, signal.SIGKILL)
    assert other.ask("examine", 0, JOB | {"limits": vars(Limits())})["reply"] == {"value": ["int", "2"]}
    assert len(other._processes) == 2, "another one was started"
    other.close()
    assert not other.folder.exists()
