"""One machine plays many: `python start.py machines [name ...]` runs what depends on floats as other processors would.

PyTorch and MKL read these variables when they are loaded, and choose their kernels by them. Each setting gives other
last digits, and so another team after every training run. Whatever a notebook prints or a test asserts holds under
all of them.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
MACHINES = {
    "own": {},
    "one_thread": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "avx2_everywhere": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2"},
    "old_mkl": {"MKL_CBWR": "COMPATIBLE"},
    "old_aten": {"ATEN_CPU_CAPABILITY": "default"},
    "oldest": {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},
    "oldest_one_thread": {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "1"},
}
"""The variables that make each machine. `oldest` is the farthest from a machine of today."""

FAR = ("oldest",)
"""Those that CI plays beside its own; before a release all of them are played: `python start.py machines all`."""

LEFT_OUT = (
    "commands/*",
    "test_fields.py",
    "test_sealed.py",
    "test_threads.py",
    "teaching/*",
    "publishing/*",
    "test_all_explorers.py",
    "test_house.py",
    "*browser.py",
    "test_notebooks.py",
    "test_solved_notebooks.py",
    "test_a_new_lesson.py",
    "test_readable.py",
    "test_terminal.py",
    "test_console.py",
    "test_my_ppo.py",
    "test_check.py",
    "test_promises.py",
    "test_made_worlds.py",
    "test_words.py",
    "test_workers.py",
    "test_new_world.py",
    "test_log*.py",
    "test_readings.py",
    "test_event_files.py",
    "test_quantities.py",
    "test_subject.py",
    "test_findings.py",
    "test_report.py",
    "test_mishaps.py",
    "test_in_pytest.py",
    "test___main__.py",
    "test_release.py",
    "test_clean_install.py",
    "test_running_pages.py",
    "test_ways_to_run.py",
    "test_own_folder.py",
    "test_on_ray.py",
    "test_in_rllib.py",
    "test_process_ranks.py",
    "test_program.py",
    "test_handshake.py",
)
"""What neither trains nor compares floats, reads logs and arguments, compares a page with a process of this machine,
measures letters, writes the learner's file, or plays a machine of its own. And what asks nothing more of a notebook."""
NOT_TWICE = "wrong_answer_gets or blank_borrowed or endless_loop or leaves_no_trace or can_be_read"
"""Wrong answers of exams, and those without an answer: they are far from right. What is undone bit for bit, and how
large letters are."""


def command() -> list[str]:
    """Return the call of pytest: the blank notebooks, as `test_reruns` plays them, and every test with floats."""
    parallel = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    left_out = [f"--ignore-glob=*/{pattern}" for pattern in LEFT_OUT]
    chosen = ["-k", f"not ({NOT_TWICE})"]
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *parallel, *left_out, *chosen, str(TESTS)]


def play(machine: str) -> int:
    """Run the tests as that machine, and return pytest's exit code."""
    variables = MACHINES[machine]
    print(f"\nAs the machine {machine!r}: {variables or 'nothing set'}", flush=True)
    return subprocess.run(command(), cwd=TESTS.parent, env={**os.environ, **variables}).returncode


def main(names: list[str]) -> int:
    """Play the named machines, the far ones without a name; return 0 if all are green."""
    names = list(MACHINES) if names == ["all"] else names or list(FAR)
    if unknown := [name for name in names if name not in MACHINES]:
        print(f"A machine is one of {', '.join(MACHINES)}. Got {', '.join(unknown)}")
        return 2
    codes = {name: play(name) for name in names}
    for name, code in codes.items():
        print(f"{name}: {'green' if code == 0 else 'red'}")
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
