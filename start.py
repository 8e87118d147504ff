"""Start the course: make its own Python environment in .venv and open the lessons in JupyterLab.

    python start.py                       open the lessons (also: --no-browser, --port 8899)
    python start.py --projector           the same for a class: large, no side bars, none of your own settings touched
    python start.py check                 format, lint, types and the fast tests: for whoever changes something
    python start.py test [pytest ...]     run every test, the notebooks included
    python start.py new-world NAME        write a world of your own to begin with, and its test
    python start.py handout OUT           a zip of blank lessons and package for a class (also: --lessons 1-7)
    python start.py grade FOLDER          grade what a class has handed in, and see what to explain next
    python start.py teacher OUT           an nbgrader course of the lessons
    python start.py site                  all lessons and pages for a browser, without a network (also: --to FOLDER)
    python start.py machines [names]      what computes with floats, once more as other processors would
    python start.py sweep --to FILE.npz   train every combination of some settings, several at once (Ray Tune)
    python start.py notebooks [names]     make the notebooks anew from notebooks/source
    python start.py release OUT           build wheel and sdist, and try them in a clean environment elsewhere
    python start.py benchmark [...]       measure speed against other libraries
    python start.py format                lay the code out as the tests want it, and write the generated pages anew

Only the standard library is used, and packages go nowhere but into .venv. Ctrl-C stops it.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036 - an old Python reads this far, so this file keeps to the syntax of 3.6
    sys.exit(
        f"This course needs Python 3.10 or newer, and this is Python {sys.version.split()[0]}. "
        "Install a newer one and start again with it, for example: python3.12 start.py"
    )

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
# Our note about .venv: which Python made it where, with which pins and extras, and whether it is only half made.
STAMP = VENV / "ppo_lessons.json"
LOG = VENV / "install.log"

# File by file in the order of their names: the browser's, few tests that take long, come first and not last.
PYTEST = ["-m", "pytest", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
FAST = [
    "-q",
    "-m",
    "not slow",
    *(f"--ignore=tests/{floor}" for floor in ("lessons", "notebooks", "browser", "commands")),
]
LAYOUT = ["-m", "ruff", "format"]
PROJECTOR = "--projector"
# For each command the extras of pyproject.toml that it needs and the Python modules it runs, one after the other.
COMMANDS = {
    "lab": (["lessons"], []),
    "check": (
        ["lessons", "test", "site"],
        [["-m", "ruff", "check"], [*LAYOUT, "--check"], ["-m", "mypy"], [*PYTEST, *FAST]],
    ),
    "test": (["lessons", "test", "teach", "site", "sweeps", "rllib"], [PYTEST]),
    "new-world": (["lessons"], [["-m", "ppo_lessons.other_worlds.new_world"]]),
    "handout": (["lessons"], [["-m", "ppo_lessons.teaching.handing_out.handout"]]),
    "grade": (["lessons"], [["-m", "ppo_lessons.teaching.grade"]]),
    "teacher": (["lessons", "teach"], [["-m", "ppo_lessons.teaching.for_nbgrader.course"]]),
    "site": (["lessons", "site"], [["-m", "ppo_lessons.publishing.site"]]),
    "machines": (["lessons", "test"], [["tests/commands/machines.py"]]),
    "sweep": (["lessons", "sweeps"], [["-m", "ppo_lessons.shipped.sweep"]]),
    "notebooks": (["lessons"], [["-m", "ppo_lessons.publishing.build"]]),
    "release": (["lessons", "test"], [["-m", "ppo_lessons.publishing.release"]]),
    "benchmark": (["lessons", "benchmark", "sweeps", "rllib"], [["-m", "benchmarks"]]),
    "format": (["lessons", "test"], [["-m", "ruff", "check", "--fix"], LAYOUT, ["-m", "ppo_lessons.publishing.pages"]]),
}
# Settings that would bring in foreign modules, kernels and plot windows, or install to elsewhere.
LEFT_OUT = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "JUPYTER_PATH", "MPLBACKEND", "PIP_TARGET", "PIP_PREFIX"}

DISK_FULL = "The disk is full. The course needs about 2 GB, and with NVIDIA's packages (on Linux) several more."
NO_NETWORK = "The package index could not be reached. Check the network (or the proxy settings) and start again."
NO_VENV = "This Python cannot make environments yet. On Debian or Ubuntu: sudo apt install python3-venv"
NO_TORCH = (
    "There is no ready-made PyTorch for this Python on this computer. It needs a 64-bit Python from 3.10 to 3.14, "
    "and on a Mac an Apple processor and macOS 14 or newer."
)
LONG_PATH = "Windows cut off a long path. Move this folder to a short one, such as C:\\ppo, and start again."
# What a failed installation logs (tests/commands/install_logs), and what we say. The first match counts: offline, pip
# also finds no matching version, and of what builds this package it finds none only where
# something else answers for the index.
REASONS = [
    (r"No space left on device|Disk quota exceeded|Errno (28|122)\b", DISK_FULL),
    (r"not enough space on the disk|WinError 112\b", DISK_FULL),
    (
        r"NewConnectionError|ConnectionResetError|NameResolutionError|Timeout|ProxyError|SSLError|ProtocolError",
        NO_NETWORK,
    ),
    (r"getaddrinfo failed|Temporary failure in name resolution|Network is unreachable|connection broken", NO_NETWORK),
    (r"No matching distribution found for hatchling", NO_NETWORK),
    (r"ensurepip|No module named '?venv", NO_VENV),
    (r"Long Path", LONG_PATH),
    (r"(No matching distribution found for|The user requested \(constraint\)) torch\b", NO_TORCH),
]


class Problem(Exception):  # noqa: N818 - it is no error of ours
    """Something that the reader can put right. Its text is all that is shown."""


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code. Every trouble that can be foreseen ends as one sentence."""
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # a console that lacks a letter shows "?"
    sys.stderr.reconfigure(errors="replace")
    stop_like_ctrl_c()
    try:
        return run_command(arguments)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    except Problem as problem:
        print(problem, file=sys.stderr)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
        print(DISK_FULL if full else f"{error.strerror or error}: {error.filename}", file=sys.stderr)
    return 1


def run_command(arguments: list[str]) -> int:
    """Prepare what the command needs, then run it."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    named = bool(arguments) and not arguments[0].startswith("-")
    command, rest = (arguments[0], arguments[1:]) if named else ("lab", arguments)
    if command not in COMMANDS:
        raise Problem(f"There is no command '{command}'. There are: {', '.join(COMMANDS)}.")
    extras, steps = COMMANDS[command]
    options = lab_options(rest) if command == "lab" else rest
    prepare(extras)
    if command == "lab":
        return open_lab(options)
    for step in steps:
        code = run([PYTHON, *step, *options], signal.SIGINT)
        if code:
            return code
    return 0


def lab_options(arguments: list[str]) -> list[str]:
    """Check the options for JupyterLab and return them in its words."""
    options, left = [], list(arguments)
    while left:
        option, _, value = left.pop(0).partition("=")
        if option == "--no-browser":
            options.append(option)
        elif option == PROJECTOR:
            options.append(option)
        elif option == "--port":
            value = value or (left.pop(0) if left else "")
            check_port(value)
            options += [f"--port={value}", "--ServerApp.port_retries=0"]
        elif option in COMMANDS:
            raise Problem(f"The command comes first: python start.py {option} ...")
        else:
            raise Problem(f"There is no option '{option}'. There are: --projector, --no-browser, --port NUMBER.")
    return options


def check_port(value: str) -> None:
    """Refuse what is no port, and a port that another program already has."""
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise Problem(f"--port wants a number from 1 to 65535, and got '{value}'.")
    with socket.socket() as probe:
        if os.name == "posix":  # then a port closed a moment ago counts as free; on Windows every port would
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(value)))
        except OSError as error:
            why = "may not be used by you" if error.errno == errno.EACCES else "is in use by another program"
            raise Problem(f"Port {value} {why}. Choose another one, or leave --port out.") from None


def open_lab(options: list[str]) -> int:
    """Run JupyterLab until it ends or Ctrl-C is pressed."""
    print("Opening JupyterLab. Ctrl-C here stops it.")
    quiet = ["--ServerApp.log_level=WARN", "--LabApp.log_level=WARN"]
    projector = PROJECTOR in options
    arguments, variables = course_in_lab(ROOT, projector, VENV / "projector")
    left = [option for option in options if option != PROJECTOR]
    command = [PYTHON, "-m", "jupyterlab", "notebooks/00_start_here.ipynb", *arguments, *quiet, *left]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    try:
        return run(command, signal.SIGTERM, variables)  # at SIGTERM Jupyter stops its kernels and asks nothing
    except KeyboardInterrupt:
        print("JupyterLab has stopped.")
        return 0


def course_in_lab(root: Path, projector: bool, own: Path) -> "tuple[list[str], dict[str, str]]":
    """Return what JupyterLab is started with: arguments, and variables of its environment.

    On a projector it has settings and workspaces of its own, in the folder `own`: the reader's are neither seen nor
    changed. Beside a lesson stands its table of contents; the folder of the lessons shows lessons, not their source.
    What a teacher's nbgrader adds to JupyterLab is not for learners, also where it is installed.
    """
    shared = ROOT / "jupyter" / "share" / "ppo_lessons"
    settings = [shared / ("projector" if projector else "course"), shared / "lab"]
    hidden = ["source", "__pycache__", "*.pyc", "*~", ".DS_Store"]
    arguments = [
        f"--ServerApp.root_dir={root}",  # without it the notebook's folder alone is served, and links lead nowhere
        f"--LabApp.extra_labextensions_path={ROOT / 'jupyter' / 'share' / 'jupyter' / 'labextensions'}",
        *(f"--ContentsManager.hide_globs={pattern}" for pattern in hidden),
    ]
    more = os.environ.get("JUPYTER_CONFIG_PATH")
    variables = {"JUPYTER_CONFIG_PATH": os.pathsep.join([*map(str, settings), *([more] if more else [])])}
    if projector:
        variables["JUPYTERLAB_SETTINGS_DIR"] = str(own / "settings")
        variables["JUPYTERLAB_WORKSPACES_DIR"] = str(own / "workspaces")
    return arguments, variables


# The environment in .venv


def prepare(extras: list[str]) -> None:
    """Bring .venv to the state that the extras need. When nothing has changed this takes a moment."""
    if is_ready(read_stamp(), extras):
        return
    with only_one_installer() as keep_open:
        stamp = read_stamp()  # again: while we waited, another one may have done our work
        if is_ready(stamp, extras):
            return
        if stamp.get("half_made") or stamp.get("made") != venv_identity():
            stamp = {"made": make_venv(keep_open)}
        wanted = {**stamp, "pins": pins(), "extras": sorted({*extras, *stamp.get("extras", [])})}
        write_stamp({**stamp, "half_made": True})  # whoever is killed from here on starts afresh
        print("Installing the packages (the first time this takes some minutes) ...")
        what = ["-c", "constraints.txt", "-e", f".[{','.join(wanted['extras'])}]"]
        try:
            run_logged(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", *what], PYTHON, keep_open)
        except Problem as problem:
            if "pins" in stamp and str(problem) == NO_NETWORK:
                write_stamp(stamp)  # pip changes nothing before it has everything: what worked goes on working
            raise
        write_stamp(wanted)


def is_ready(stamp: dict, extras: list[str]) -> bool:
    """Whether .venv is whole, was made by us and here, with today's pins, and has the extras."""
    current = not stamp.get("half_made") and stamp.get("pins") == pins() and set(extras) <= set(stamp["extras"])
    return current and stamp["made"] == venv_identity()


def pins() -> str:
    """Return a hash of all that decides what is installed; the settings of tools do not."""
    wishes = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\n[tool.")[0]
    return hashlib.sha256(wishes.encode() + (ROOT / "constraints.txt").read_bytes()).hexdigest()


def read_stamp() -> dict:
    """Return what we noted about .venv; {} when there is no note, or a torn one."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: dict) -> None:
    """Note the state of .venv inside it."""
    STAMP.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def venv_identity() -> str:
    """Return version and place of the Python in .venv, or '' when it does not run (half made, moved, its base gone)."""
    question = [PYTHON, "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"]
    try:
        return subprocess.check_output(question, env=environment(), stderr=subprocess.DEVNULL, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def make_venv(keep_open: list[int]) -> str:
    """Make .venv anew and return its identity. A folder of that name which somebody else filled is left alone."""
    if VENV.exists() and any(VENV.iterdir()) and not STAMP.exists():
        raise Problem("There is a folder .venv here that start.py did not make. Delete it or move it away.")
    print("Making a Python environment in .venv ...")
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    write_stamp({"half_made": True})
    run_logged(["-m", "venv", str(VENV)], sys.executable, keep_open)
    return venv_identity()


def run_logged(arguments: list[str], python: str, keep_open: list[int]) -> None:
    """Run an installing program and keep what it says in the log; if it fails, say why in one sentence."""
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace", "pass_fds": keep_open}
    with open(LOG, "w", encoding="utf-8") as log, child([python, *arguments], signal.SIGINT, **pipe) as process:
        for line in process.stdout:
            log.write(line)
            if sys.stdout.isatty():  # one line that changes, so that nobody thinks it has died
                print("\r  " + line.strip()[:75].ljust(75), end="", flush=True)
    if sys.stdout.isatty():
        print("\r" + " " * 77, end="\r")
    if process.wait():
        raise Problem(explain(LOG.read_text(encoding="utf-8")))


def explain(log: str) -> str:
    """Say in one sentence why an installation failed."""
    for pattern, sentence in REASONS:
        if re.search(pattern, log):
            return sentence
    return "The installation failed. The end of .venv/install.log says why."


@contextlib.contextmanager
def only_one_installer():
    """Wait until nobody else installs. Yields what installers keep open, so that the lock outlives us as they do."""
    with open(ROOT / ".venv.lock", "w") as lock:
        waited = 0
        while not try_lock(lock):
            if not waited:
                print("Another start.py is still installing. Waiting for it ...")
            waited += 1
            time.sleep(0.5)
        yield [lock.fileno()] if os.name == "posix" else []


def try_lock(file) -> bool:
    """Lock the file if nobody else has."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system that has no locks
        pass
    return True


# Programs that we start


def environment() -> dict:
    """Return the variables for all that we start: this .venv and its kernel first, the user's own modules nowhere."""
    variables = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    variables["PATH"] = os.path.dirname(PYTHON) + os.pathsep + variables.get("PATH", "")
    ours = {"VIRTUAL_ENV": str(VENV), "JUPYTER_PREFER_ENV_PATH": "1", "PIP_USER": "0"}
    return {**variables, **ours, "PPO_LESSONS_CALLED_FROM": os.getcwd()}  # what we start runs in our own folder


@contextlib.contextmanager
def child(command: list[str], stop_with: int, **options):
    """Start a program in a group of its own, so that Ctrl-C reaches us alone, and end it when we leave early."""
    if os.name == "posix":
        options["start_new_session"] = True
    else:
        options.pop("pass_fds", None)
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    variables = {**environment(), **options.pop("variables", {})}
    with subprocess.Popen(command, cwd=str(ROOT), env=variables, **options) as process:
        try:
            yield process
        except BaseException:
            stop(process, stop_with)
            raise


def run(command: list[str], stop_with: int, variables: "dict[str, str] | None" = None) -> int:
    """Run a program to its end, with more variables if there are any, and return its exit code."""
    with child(command, stop_with, variables=variables or {}) as process:
        code = process.wait()
    return code if code >= 0 else 128 - code


def stop(process, stop_with: int) -> None:
    """Ask the program to end. If it does not, or Ctrl-C is pressed again, end it, and whatever it left behind."""
    try:
        signal_group(process, stop_with)
        process.wait(timeout=15)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    signal_group(process, getattr(signal, "SIGKILL", None))
    process.wait()


def signal_group(process, number: int) -> None:
    """Send a signal to the program and what it started. Windows knows only an end without goodbye."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.kill()


def stop_like_ctrl_c() -> None:
    """Let a closed terminal or a polite kill stop us as Ctrl-C does, so that no JupyterLab is left behind."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and not (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):  # nohup means it
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
