"""What an answer can see, reach and use up: nothing that is not needed for an answer."""

import os
import subprocess
import sys
import textwrap

import pytest

from ppo_lessons.teaching.grading.confinement import CHANGING, PRYING, REACHING, Limits, memory_in_use, watch
from ppo_lessons.teaching.grading.pool import Workers

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are Linux's")


def asked(workers, *lines):
    """What a value that is worked out in the process of an answer is, or how that ended."""
    source = "def work():\n" + "\n".join(f"    {line}" for line in lines) + "\nanswer = work()"
    job = {"kind": "value", "cells": {"c": source}, "picks": [["c", 0], ["c", 1]], "imports": [], "name": "answer"}
    told = workers.ask("examine", 0, job | {"limits": vars(Limits(cpu_seconds=3, wall_seconds=8.0))})
    return told.get("reply", told)


@LINUX
@pytest.mark.slow
class TestShutIn:
    """The usual way, with namespaces where the system allows them."""

    @pytest.fixture(autouse=True)
    def _shut_in(self, workers):
        if not workers.enclosed:
            pytest.skip(workers.why_not)

    @pytest.mark.parametrize("place", ["/etc/passwd", "/home", "/root/.bashrc", "/proc/self", "/var", os.getcwd()])
    def test_files_of_others_are_not_there(self, workers, place):
        reply = asked(
            workers, "import os", f"return [os.path.exists({place + '/README.md'!r}), os.path.exists({place!r})]"
        )
        there = [["plain", False], ["plain", place == os.getcwd()]]  # .venv lies below it
        assert reply["value"][1][0] == there[0]
        if place not in (os.getcwd(), "/root/.bashrc"):
            assert reply["value"][1][1] == there[1]

    def test_libraries_cannot_be_written(self, workers):
        reply = asked(workers, "import torch", "open(torch.__file__, 'a')")
        assert reply == {"tampered": "it reaches for open to write"}

    def test_what_is_written_goes_with_the_answer(self, workers):
        lines = ["import os", "before = os.listdir('.')", "open('mine', 'w').write('x')", "return before"]
        for _ in range(2):
            assert asked(workers, *lines) == {"value": ["row", []]}

    def test_no_rights(self, workers):
        lines = ["import os", "return [os.getuid() == 0, os.getpid(), sorted(os.environ)]"]
        is_root, own_number, variables = asked(workers, *lines)["value"][1]
        assert is_root == ["plain", False]
        assert own_number == ["int", "1"], "it is alone in its namespace"
        assert len(variables[1]) < 16, "what stands in our environment is nobody's business"

    def test_no_way_back_up(self, workers):
        reply = asked(workers, "import os", "os.chroot('/')")
        assert reply["raised"] == "PermissionError"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "how"),
    [
        (["while True: pass"], {"ended": "endless"}),
        (["import time", "time.sleep(100)"], {"ended": "endless"}),
        (["return bytearray(10**11)"], {"memory": True}),
        (["open('big', 'wb').write(bytes(1 << 26))"], "OSError"),
        (["return [open('x', 'w') for _ in range(100)]"], "OSError"),
        (["import threading as t, time", "for _ in range(100):", "    t.Thread(target=time.sleep, args=(9,)).start()"],
         "RuntimeError"),
        (["import os", "os._exit(0)"], {"ended": "died"}),
        (["raise SystemExit"], "SystemExit"),
        (["raise KeyboardInterrupt"], "KeyboardInterrupt"),
    ],
)  # fmt: skip
def test_limits(workers, lines, how):
    reply = asked(workers, *lines)
    assert reply == how if isinstance(how, dict) else reply["raised"] == how


@pytest.mark.slow
def test_without_namespaces_the_watch_still_holds(tmp_path):
    """As on a system that has none. The file of another student is a file that the worker may well read."""
    from ppo_lessons.lessons import EXERCISES

    secret = tmp_path / "another student.ipynb"
    secret.write_text("mine")
    secret.chmod(0o666)
    workers = Workers(EXERCISES, 1, 1, enclose=False)
    try:
        workers.start("examine")
        workers.ready("examine")
        assert not workers.enclosed
        assert asked(workers, f"return open({str(secret)!r}).read()")["raised"] == "PermissionError"
        assert asked(workers, f"open({str(secret)!r}, 'w').write('x')") == {"tampered": "it reaches for open to write"}
        assert asked(workers, "import os", f"os.remove({str(secret)!r})")["raised"] == "PermissionError"
        assert asked(workers, "import os", f"return os.listdir({str(tmp_path)!r})")["raised"] == "PermissionError"
        assert asked(workers, "import os", "os.fork()") == {"tampered": "it reaches for os.fork"}
        assert asked(workers, "import ctypes", "ctypes.CDLL(None)") == {"tampered": "it reaches for ctypes.dlopen"}
        assert asked(workers, "return 1") == {"value": ["int", "1"]}
        assert secret.read_text() == "mine"
    finally:
        workers.close()


def watched(tmp_path, code, prying=True):
    """Run a piece of code in a process that is watched, and return what was found and what was said."""
    whole = f"""
import os, sys
from pathlib import Path
from ppo_lessons.teaching.grading.confinement import watch
os.chdir({str(tmp_path)!r})
import socket, subprocess, ctypes, shutil, gc
def found(event):
    os.write(1, event.encode())
    os._exit(0)
watch(found, [Path(sys.prefix), Path(sys.base_prefix)], {prying})
try:
{textwrap.indent(code, "    ")}
except PermissionError as error:
    print(error)
"""
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("os.fork()", "os.fork"),
        ("os.system('true')", "os.system"),
        ("try:\n    os.system('true')\nexcept BaseException:\n    pass", "os.system"),
        ("subprocess.run(['true'])", "subprocess.Popen"),
        ("os.posix_spawn('/bin/true', ['true'], {})", "os.posix_spawn"),
        ("socket.socket()", "socket.__new__"),
        ("os.kill(os.getppid(), 0)", "os.kill"),
        ("ctypes.CDLL(None)", "ctypes.dlopen"),
        ("sys.settrace(None)", "sys.settrace"),
        ("gc.get_objects()", "gc.get_objects"),
        ("open('../x', 'w')", "open to write"),
        ("os.open('../x', os.O_CREAT | os.O_WRONLY)", "open to write"),
        ("os.mkdir('../x')", "an answer changes no files"),
        ("shutil.rmtree('..')", "an answer changes no files"),
        ("os.listdir('..')", "an answer reads no folders"),
        ("open('../../x')", "an answer reads no files"),
        ("os.symlink('/etc', 'here')\nopen('here/passwd')", "an answer changes no files"),
        ("open('x', 'w').write('y')\nprint(open('x').read(), os.listdir('.'))", "y ['x']"),
        ("import json.tool, wave\nprint('late imports work')", "late imports work"),
    ],
)  # fmt: skip
def test_the_watch(tmp_path, code, what):
    assert watched(tmp_path, code) == what


def test_the_checks_themselves_may_look(tmp_path):
    assert watched(tmp_path, "sys.setprofile(None)\nprint('seen')", prying=False) == "seen"
    assert watched(tmp_path, "sys.setprofile(None)\nprint('seen')") == "sys.setprofile"


def test_memory_in_use():
    assert memory_in_use() > 10**7 or not sys.platform.startswith("linux")


def test_events_are_names_that_python_knows():
    """One that is misspelt would watch nothing. The hooks of this process stay as they are."""
    assert callable(watch)
    for event in (*REACHING, *PRYING, *CHANGING):
        assert event.split(".")[0] in {
            "resource", "signal", "subprocess", "os", "pty", "socket", "urllib", "webbrowser", "ftplib", "smtplib",
            "ctypes", "sys", "gc", "shutil",
        }  # fmt: skip
