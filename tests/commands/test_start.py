"""The start command: its sentences, what it installs and when, and how it stops. Nothing here needs the network."""

import ast
import contextlib
import errno
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "start.py").read_text(encoding="utf-8")
posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has neither root nor process groups")


def load(path):
    """Import a copy of start.py; its folder is then the course's."""
    spec = importlib.util.spec_from_file_location("start_copy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py in a folder of its own that has no .venv yet."""
    course = tmp_path / "the course"  # a folder's name may hold a blank
    course.mkdir()
    for name in ("start.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, course)
    module = load(course / "start.py")
    monkeypatch.setattr(module, "stop_like_ctrl_c", lambda: None)  # the signals of this process belong to pytest
    return module


@pytest.fixture
def installer(start, monkeypatch):
    """Writes down what would have been installed, and fails on demand, instead of installing."""

    class Installer:
        ran, fails, identity = [], None, "3.12 here"

    def run_logged(arguments, python, keep_open):
        Installer.ran.append("venv" if "venv" in arguments else arguments[-1])
        if Installer.fails and "venv" not in arguments:
            raise Installer.fails

    Installer.ran = []
    monkeypatch.setattr(start, "run_logged", run_logged)
    monkeypatch.setattr(start, "venv_identity", lambda: Installer.identity if start.VENV.exists() else "")
    return Installer


@pytest.fixture
def commands(start, monkeypatch):
    """Writes down the programs that would have been run; each gives the next of `codes`."""

    class Commands(list):
        codes, prepared = [], []

    ran = Commands()
    monkeypatch.setattr(start, "prepare", ran.prepared.append)

    def run(command, stop_with, variables=None):
        ran.append(command)
        ran.variables = variables
        return (ran.codes or [0]).pop(0)

    monkeypatch.setattr(start, "run", run)
    ran.codes, ran.prepared[:] = [], []
    return ran


# An old Python


def test_old_python_can_read_the_file():
    ast.parse(SOURCE, feature_version=(3, 6))
    assert "__future__" not in SOURCE  # 3.6 refuses a future that it does not know


def test_old_python_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(sys, "version", "3.8.18 (default)")
    with pytest.raises(SystemExit) as stopped:
        load(ROOT / "start.py")
    assert str(stopped.value).startswith("This course needs Python 3.10 or newer, and this is Python 3.8.18.")


# Commands and options

PAGES = ["-m", "ppo_lessons.publishing.pages"]
PYTEST = "-m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder".split()
NAMES = "lab check test new-world handout grade teacher site machines sweep notebooks release benchmark format".split()
CHECKS = [
    "-m ruff check".split(),
    "-m ruff format --check".split(),
    "-m mypy".split(),
    [
        *PYTEST,
        "-q",
        "-m",
        "not slow",
        *"--ignore=tests/lessons --ignore=tests/notebooks".split(),
        *"--ignore=tests/browser --ignore=tests/commands".split(),
    ],
]


@pytest.mark.parametrize(
    ("arguments", "extras", "steps"),
    [
        (
            ["test", "-x", "tests/a.py"],
            ["lessons", "test", "teach", "site", "sweeps", "rllib"],
            [[*PYTEST, "-x", "tests/a.py"]],
        ),
        (["check"], ["lessons", "test", "site"], CHECKS),
        (["new-world", "lamps"], ["lessons"], [["-m", "ppo_lessons.other_worlds.new_world", "lamps"]]),
        (["handout", "out"], ["lessons"], [["-m", "ppo_lessons.teaching.handing_out.handout", "out"]]),
        (["grade", "week 1"], ["lessons"], [["-m", "ppo_lessons.teaching.grade", "week 1"]]),
        (["teacher", "out"], ["lessons", "teach"], [["-m", "ppo_lessons.teaching.for_nbgrader.course", "out"]]),
        (["site", "--to", "out"], ["lessons", "site"], [["-m", "ppo_lessons.publishing.site", "--to", "out"]]),
        (["machines", "avx2"], ["lessons", "test"], [["tests/commands/machines.py", "avx2"]]),
        (["sweep", "--to", "a.npz"], ["lessons", "sweeps"], [["-m", "ppo_lessons.shipped.sweep", "--to", "a.npz"]]),
        (["notebooks", "08_clipping"], ["lessons"], [["-m", "ppo_lessons.publishing.build", "08_clipping"]]),
        (["release", "out"], ["lessons", "test"], [["-m", "ppo_lessons.publishing.release", "out"]]),
        (["benchmark"], ["lessons", "benchmark", "sweeps", "rllib"], [["-m", "benchmarks"]]),
        (["format"], ["lessons", "test"], [["-m", "ruff", "check", "--fix"], ["-m", "ruff", "format"], PAGES]),
    ],
)
def test_commands_prepare_what_they_need_and_pass_their_arguments_on(start, commands, arguments, extras, steps):
    assert start.main(arguments) == 0
    assert commands.prepared == [extras]
    assert commands == [[start.PYTHON, *step] for step in steps]


def test_the_first_exit_code_that_is_not_zero_is_ours(start, commands):
    commands.codes = [5, 0]
    assert start.main(["format"]) == 5
    assert len(commands) == 1


@posix_only
@pytest.mark.parametrize(("user", "root_option"), [(0, ["--allow-root"]), (1000, [])])
def test_jupyterlab_opens_the_first_lesson(start, commands, monkeypatch, user, root_option):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert start.main([]) == 0
    assert commands.prepared == [["lessons"]]
    (command,) = commands
    assert command[1:4] == ["-m", "jupyterlab", "notebooks/00_start_here.ipynb"]
    assert f"--ServerApp.root_dir={start.ROOT}" in command, "links from a lesson to the code and the docs need it"
    assert [word for word in command if word == "--allow-root"] == root_option


@pytest.mark.parametrize("form", ["--port {}", "--port={}"])
def test_options_reach_jupyterlab(start, commands, form):
    port = free_port()
    assert start.main(["--no-browser", *form.format(port).split()]) == 0
    assert {"--no-browser", f"--port={port}", "--ServerApp.port_retries=0"} <= set(commands[0])


def test_on_a_projector_jupyterlab_has_settings_of_its_own(start, commands):
    """The reader's own are neither seen nor changed."""
    assert start.main(["--no-browser"]) == 0
    usual = commands.variables
    assert usual["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0].endswith("course")
    assert "JUPYTERLAB_SETTINGS_DIR" not in usual
    assert start.main(["--projector", "--no-browser"]) == 0
    assert "--projector" not in commands[1] and "--no-browser" in commands[1]
    assert commands.variables["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0].endswith("projector")
    own = {commands.variables[f"JUPYTERLAB_{name}_DIR"] for name in ("SETTINGS", "WORKSPACES")}
    assert len(own) == 2 and all(path.startswith(str(start.VENV)) for path in own)


def test_what_the_lab_is_given_is_there(start, commands, monkeypatch):
    for projector in (False, True):
        arguments, variables = start.course_in_lab(ROOT, projector, ROOT / "own")
        folder = Path(variables["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0]).relative_to(start.ROOT)
        config = json.loads((ROOT / folder / "labconfig" / "page_config.json").read_text())
        assert config == {"ppoLessons": "projector" if projector else "course"}
        extensions = next(word.split("=")[1] for word in arguments if "extra_labextensions_path" in word)
        assert (ROOT / Path(extensions).relative_to(start.ROOT) / "ppo_lessons" / "package.json").exists()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    assert start.course_in_lab(ROOT, False, ROOT)[1]["JUPYTER_CONFIG_PATH"].endswith(f"{os.pathsep}mine")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port"], "--port wants a number from 1 to 65535, and got ''."),
        (["--port", "0"], "--port wants a number from 1 to 65535, and got '0'."),
        (["--port", "http"], "--port wants a number from 1 to 65535, and got 'http'."),
        (["--browser"], "There is no option '--browser'. There are: --projector, --no-browser, --port NUMBER."),
        (["--no-browser", "test"], "The command comes first: python start.py test ..."),
        (
            ["tests"],
            f"There is no command 'tests'. There are: {', '.join(NAMES)}.",
        ),
    ],
)
def test_what_it_does_not_know_it_refuses_in_one_sentence(start, commands, capsys, arguments, sentence):
    assert start.main(arguments) == 1
    assert capsys.readouterr().err == sentence + "\n"
    assert commands.prepared == []


def test_a_port_in_use_is_refused_before_anything_is_installed(start, commands, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert start.main(["--port", str(port)]) == 1
    assert capsys.readouterr().err.startswith(f"Port {port} is in use by another program.")
    assert commands.prepared == []


def test_help_shows_every_command(start, commands, capsys):
    assert start.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"start.py {command}" in shown for command in start.COMMANDS if command != "lab")
    assert commands.prepared == []


# What is installed, and when


def test_first_start_makes_and_installs_and_the_second_does_nothing(start, installer):
    start.prepare(["lessons"])
    assert installer.ran == ["venv", ".[lessons]"]
    start.prepare(["lessons"])
    assert installer.ran == ["venv", ".[lessons]"]


def test_a_further_extra_is_added_to_those_that_are_there(start, installer):
    start.prepare(["lessons", "benchmark"])
    start.prepare(["lessons", "test"])
    assert installer.ran == ["venv", ".[benchmark,lessons]", ".[benchmark,lessons,test]"]
    start.prepare(["lessons"])
    assert len(installer.ran) == 3


@pytest.mark.parametrize(
    ("name", "old", "new", "installs"),
    [
        ("constraints.txt", "torch==", "torch==1", True),
        ("pyproject.toml", '"torch"', '"torch", "six"', True),
        ("pyproject.toml", "line-length = 120", "line-length = 100", False),
    ],
)
def test_changed_pins_or_wishes_install_again_and_changed_tool_settings_do_not(
    start, installer, name, old, new, installs
):
    start.prepare(["lessons"])
    path = start.ROOT / name
    changed = path.read_text(encoding="utf-8").replace(old, new)
    assert changed != path.read_text(encoding="utf-8")
    path.write_text(changed, encoding="utf-8")
    start.prepare(["lessons"])
    assert installer.ran == ["venv", ".[lessons]"] + [".[lessons]"] * installs


@pytest.mark.parametrize("how", ["killed while installing", "note torn", "moved or of another Python", "python gone"])
def test_a_broken_environment_is_made_anew(start, installer, monkeypatch, how):
    start.prepare(["lessons"])
    if how == "killed while installing":
        start.write_stamp({**start.read_stamp(), "half_made": True})
    elif how == "note torn":
        start.STAMP.write_text('{"made": "3.', encoding="utf-8")
    elif how == "python gone":
        identities = iter(["", "", "", "3.12 here"])
        monkeypatch.setattr(start, "venv_identity", lambda: next(identities, "3.12 here"))
    else:
        installer.identity = "3.13 there"
    (start.VENV / "old").touch()
    start.prepare(["lessons"])
    assert installer.ran == ["venv", ".[lessons]"] * 2
    assert not (start.VENV / "old").exists()


def test_an_environment_of_somebody_elses_is_left_alone(start, installer):
    (start.VENV / "bin").mkdir(parents=True)
    with pytest.raises(start.Problem, match="did not make"):
        start.prepare(["lessons"])
    assert (start.VENV / "bin").exists()
    assert installer.ran == []


def test_while_it_installs_the_note_says_half_made(start, installer, monkeypatch):
    notes = []
    monkeypatch.setattr(start, "run_logged", lambda *_: notes.append(start.read_stamp()))
    start.prepare(["lessons"])
    assert [note.get("half_made") for note in notes] == [True, True]
    assert "half_made" not in start.read_stamp()


@pytest.mark.parametrize(("text", "still_good"), [("NO_NETWORK", True), ("DISK_FULL", False)])
def test_what_worked_goes_on_working_offline(start, installer, text, still_good):
    start.prepare(["lessons"])
    installer.fails = start.Problem(getattr(start, text))
    with pytest.raises(start.Problem):
        start.prepare(["lessons", "test"])
    assert start.is_ready(start.read_stamp(), ["lessons"]) is still_good


def test_a_python_is_known_by_its_version_and_place(start):
    assert start.venv_identity() == ""
    start.PYTHON = sys.executable
    assert start.venv_identity() == f"{sys.version_info[0]}.{sys.version_info[1]} {sys.prefix}"


@posix_only
def test_only_one_installs_at_a_time(start):
    with start.only_one_installer(), open(start.ROOT / ".venv.lock", "w") as second:
        assert not start.try_lock(second)
    with open(start.ROOT / ".venv.lock", "w") as third:
        assert start.try_lock(third)


# Troubles


LOGS = sorted((Path(__file__).parent / "install_logs").glob("*.log"))
"""What pip and venv really said; of the machine only names and addresses were changed.

Each failure was brought about on Linux. Where PyTorch is missing, pip was asked for another platform; the long path is
what pip's own code says when told that it runs on Windows.
"""


@pytest.mark.parametrize("log", LOGS, ids=[log.stem for log in LOGS])
def test_what_pip_really_said_becomes_one_sentence(start, log):
    """The name of the file begins with the name of the sentence."""
    sentence = start.explain(log.read_text(encoding="utf-8"))
    assert sentence == getattr(start, log.name.split(".")[0])
    assert "\n" not in sentence


def test_every_sentence_has_a_real_log(start):
    assert {id(sentence) for _, sentence in start.REASONS} == {
        id(getattr(start, log.name.split(".")[0])) for log in LOGS
    }


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("OSError: [Errno 28] Auf dem Datenträger ist kein Platz mehr", "DISK_FULL"),  # systems speak many languages
        ("ERROR: Could not install packages due to an OSError: [WinError 112] There is not enough", "DISK_FULL"),
        ("OSError: [Errno 122] Disk quota exceeded: '/home/me'", "DISK_FULL"),
        ("socket.gaierror: [Errno 11001] getaddrinfo failed", "NO_NETWORK"),
        ("ERROR: No matching distribution found for torch==2.13.0", "NO_TORCH"),
    ],
)
def test_what_pip_says_becomes_one_sentence(start, log, text):
    sentence = start.explain(f"Collecting torch\n{log}\n")
    assert sentence == getattr(start, text)
    assert "\n" not in sentence


def test_an_unknown_failure_points_to_the_log(start):
    assert start.explain("Collecting torch\nERROR: something new") == (
        "The installation failed. The end of .venv/install.log says why."
    )


def test_a_failing_installer_is_logged_and_explained(start):
    start.VENV.mkdir()
    script = "print('[Errno 28] No space left on device'); raise SystemExit(1)"
    with pytest.raises(start.Problem, match="The disk is full"):
        start.run_logged(["-c", script], sys.executable, [])
    assert "No space left" in start.LOG.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "beginning"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), "The disk is full."),
        (PermissionError(errno.EACCES, "Permission denied", "here/.venv"), "Permission denied: here/.venv"),
    ],
)
def test_errors_of_the_system_are_sentences_too(start, monkeypatch, capsys, error, beginning):
    def prepare(extras):
        raise error

    monkeypatch.setattr(start, "prepare", prepare)
    assert start.main(["test"]) == 1
    assert capsys.readouterr().err.startswith(beginning)


# What is started, and how it ends


def test_foreign_modules_kernels_and_install_folders_stay_outside(start, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "MPLBACKEND", "PIP_TARGET"):
        monkeypatch.setenv(name, "foreign")
    variables = start.environment()
    assert "foreign" not in variables.values()
    assert variables["PATH"].startswith(os.path.dirname(start.PYTHON) + os.pathsep)


def test_the_kernel_is_the_environments_own(start, monkeypatch, tmp_path):
    for folder in (tmp_path / "data", tmp_path / "path"):
        (folder / "kernels" / "python3").mkdir(parents=True)
        (folder / "kernels" / "python3" / "kernel.json").write_text('{"argv": ["no"], "display_name": "foreign"}')
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "path"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    question = "from jupyter_client.kernelspec import get_kernel_spec as get; print(get('python3').display_name)"

    def asked(env):
        return subprocess.run([sys.executable, "-c", question], env=env, capture_output=True, text=True).stdout.strip()

    assert asked(dict(os.environ)) == "foreign"
    assert asked({name: value for name, value in os.environ.items() if name != "JUPYTER_PATH"}) == "foreign"
    assert asked(start.environment()) == "Python 3 (ipykernel)"


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_a_closed_terminal_and_a_polite_kill_end_jupyterlab_too(start, number):
    with running(start, on_sigterm="sys.exit(0)") as (process, jupyter):
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=10)  # less than the patience after which it would be killed
    assert process.returncode == 0
    assert out.endswith("JupyterLab has stopped.\n")
    assert err == ""
    assert has_ended(jupyter)


@posix_only
def test_a_second_ctrl_c_ends_a_jupyterlab_that_does_not_listen(start):
    with running(start, on_sigterm="None") as (process, jupyter):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert err == ""
    assert has_ended(jupyter)


@posix_only
def test_an_ending_by_a_signal_is_an_exit_code_for_the_shell(start):
    start.PYTHON = sys.executable
    assert start.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], signal.SIGINT) == 137


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(start, on_sigterm):
    """start.py with a JupyterLab that only says its number. Yields the process of start.py and that number."""
    stand_in = start.ROOT / "stand_in.py"
    stand_in.write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)  # as Jupyter does: it would ask first\n"
        f"signal.signal(signal.SIGTERM, lambda *_: {on_sigterm})\n"
        "print(os.getpid(), flush=True)\n"
        "for _ in range(600): time.sleep(0.1)\n"
    )
    driver = (
        "import signal\n"
        "if hasattr(signal, 'SIGHUP'): signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup\n"
        "import sys, start; start.prepare = lambda extras: None; run = start.run\n"
        f"start.run = lambda command, stop_with, variables: run([sys.executable, {str(stand_in)!r}], stop_with)\n"
        f"sys.exit(start.main(['--no-browser']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", driver], cwd=start.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline().startswith("Opening JupyterLab")
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def has_ended(number):
    """Whether the process is gone, or will be in a moment."""
    for _ in range(50):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
