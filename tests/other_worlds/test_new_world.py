"""A world that is written for a learner: it passes its own test, and nothing that stands there is ever overwritten."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ppo_lessons.guards.files import write_whole
from ppo_lessons.other_worlds import find_faults, new_world, template
from ppo_lessons.other_worlds.new_world import FOLDER, main, texts, write

ROOT = Path(__file__).parents[2]


def loaded(path):
    """The module of a file."""
    spec = importlib.util.spec_from_file_location(f"written_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- what is written


@pytest.mark.slow
def test_the_written_test_passes_in_the_written_world(tmp_path):
    """As `python start.py test my_worlds/test_lamp_room.py` runs it, with the settings of pyproject.toml."""
    settings = re.search(
        r"\[tool\.pytest\.ini_options\].*?(?=\n\[)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "pyproject.toml").write_text(settings.group() + "\n")
    assert '"--import-mode=importlib"' in settings.group() and 'pythonpath = ["."]' in settings.group()
    _, test = write("LampRoom", tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test.relative_to(tmp_path))],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE)


def test_the_written_world_is_the_template_under_another_name(tmp_path):
    path, _ = write("lamp_room", tmp_path)
    module = loaded(path)
    world, pattern = module.LampRoom(), template.Template()
    assert world.metadata == {"name": "lamp_room_v0"}
    assert find_faults(module.LampRoom) == []
    for each in (world, pattern):
        each.reset(seed=3)
    for actions in ([0, 1, 2], [2, 2, 0], [1, 1, 1]):
        mine, theirs = (each.step(dict(zip(each.agents, actions, strict=True))) for each in (world, pattern))
        assert repr(mine) == repr(theirs)


def test_the_texts_say_their_own_names_and_nothing_of_a_template(tmp_path):
    module, world, test = texts("lamp-room")
    assert module == "lamp_room"
    assert "emplate" not in world + test and "{" not in test.replace("== []", "")
    head = ast.get_docstring(ast.parse(world))
    assert head.startswith("LampRoom: a world of a team") and f"start.py test {FOLDER}/test_lamp_room.py" in head
    assert (
        ast.get_docstring(template_part := ast.parse((ROOT / template.__file__).read_text(encoding="utf-8"))).split(
            "\n\n"
        )[1]
        in head
    )
    classes = [node.name for node in ast.parse(world).body if isinstance(node, ast.ClassDef)]
    assert classes == ["LampRoom"] and len(template_part.body) == len(ast.parse(world).body)
    assert f"from {FOLDER}.lamp_room import LampRoom" in test and f"start.py test {FOLDER}/test_lamp_room.py" in test
    asked = [node.name for node in ast.parse(test).body if isinstance(node, ast.FunctionDef)]
    assert len(asked) == 3 and all(name.startswith("test_") for name in asked)


def test_what_is_written_is_laid_out_as_the_house_wants_it(tmp_path):
    """Not a line of it is marked, should the folder ever be looked at."""
    paths = write("a_rather_long_name_for_a_world", tmp_path)
    assert max(len(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()) <= 120
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n") and not text.endswith("\n\n") and not re.search(r"[ \t]+$", text, re.MULTILINE)


# ---- names


@pytest.mark.parametrize(
    ("name", "module", "title"),
    [
        ("lamp_room", "lamp_room", "LampRoom"),
        ("lamp-room", "lamp_room", "LampRoom"),
        ("lamp room", "lamp_room", "LampRoom"),
        ("LampRoom", "lamp_room", "LampRoom"),
        ("lampRoom", "lamp_room", "LampRoom"),
        ("Lamp_Room", "lamp_room", "LampRoom"),
        ("lamp__room_", "lamp_room", "LampRoom"),
        ("lamps", "lamps", "Lamps"),
        ("LAMPS", "lamps", "Lamps"),
        ("XMLRoom", "xml_room", "XmlRoom"),
        ("room2", "room2", "Room2"),
        ("room_2", "room_2", "Room2"),
        ("a", "a", "A"),
        ("train", "train", "Train"),
        ("template", "template", "Template"),
    ],
)
def test_any_usual_spelling_is_a_name(name, module, title):
    found, world, test = texts(name)
    assert found == module
    (written,) = [node.name for node in ast.parse(world).body if isinstance(node, ast.ClassDef)]
    assert written == title
    assert f"from {FOLDER}.{module} import {title}\n" in test and f'"name": "{module}_v0"' in world
    compile(test, "test", "exec")


NO_NAMES = [
    "",
    " ",
    "-",
    "_",
    "2rooms",
    "lamp.room",
    "lamp/room",
    "../lamp",
    "..",
    "lämpchen",
    "lamp!",
    "a\0b",
    "lamp\\room",
]
TAKEN = ["class", "Class", "import", "None", "none", "True", "false", "Box", "box", "Discrete", "space", "ParallelEnv"]
TAKEN += ["any", "class_var", "TrainingRun", "petting_zoo_team"]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_is_refused_in_words(name, tmp_path):
    with pytest.raises(
        ValueError, match=r"^A world is named by letters and numbers, and begins with a letter\. Got "
    ) as no:
        write(name, tmp_path)
    assert str(no.value).endswith(repr(name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", [51, 230, 234, 300])
def test_a_name_that_is_too_long_is_refused_in_words(length, tmp_path):
    """Of 230 letters a file can be named, but no longer the file of its test."""
    with pytest.raises(ValueError, match=rf"^A world's name has at most 50 letters\. Got {length}: 'xx") as no:
        write("x" * length, tmp_path)
    assert "\n" not in str(no.value) and not list(tmp_path.iterdir())


def test_the_longest_name_is_written(tmp_path):
    assert len(write("x" * 50, tmp_path)) == 2


OF_PYTEST = ["test_room", "TestRoom", "testbed", "test", "tests", "Testament", "test-lamp", "conftest"]
OF_WINDOWS = ["con", "Con", "nul", "aux", "prn", "PRN", "com1", "com9", "lpt1"]


@pytest.mark.parametrize("name", OF_PYTEST)
def test_what_pytest_would_take_for_a_test_or_its_settings_is_refused(name, tmp_path):
    """It would collect the class that the test imports, and warn of it."""
    rule = rf"^A world has a name that pytest does not take for a test or its settings\. Got '{name}'$"
    with pytest.raises(ValueError, match=rule):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", OF_WINDOWS)
def test_what_no_file_of_windows_can_be_called_is_refused_everywhere(name, tmp_path):
    with pytest.raises(
        ValueError, match=rf"^A world is a file that every system can hold\. Got '{name}', which Windows"
    ):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["contest", "latest", "ConfTest", "console", "com", "com_1", "com10", "auxin"])
def test_names_that_only_remind_of_those_are_fine(name, tmp_path):
    assert len(write(name, tmp_path)) == 2


@pytest.mark.parametrize("name", TAKEN)
def test_what_python_or_the_world_itself_calls_so_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=rf"^A world has a name of its own, .* Got '{name}'$"):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_name_that_is_imported_may_be_the_worlds():
    """Neither by the world nor by its test: its class would stand in the place of what is imported."""
    _, world, test = texts("lamp_room")
    imported = [
        alias.asname or alias.name
        for node in [*ast.parse(world).body, *ast.parse(test).body]
        if isinstance(node, ast.ImportFrom) and not node.module.startswith(FOLDER)
        for alias in node.names
    ]
    classes = [name for name in imported if name[0].isupper()]
    assert {"Box", "Discrete", "PettingZooTeam"} <= set(classes)
    for name in classes:
        try:
            _, own, _ = texts(name)
        except ValueError:
            continue
        assert f"class {name}(" not in own


# ---- nothing is lost


def test_a_world_and_its_test_are_written_side_by_side(tmp_path):
    paths = write("lamp_room", tmp_path)
    assert paths == [tmp_path / FOLDER / "lamp_room.py", tmp_path / FOLDER / "test_lamp_room.py"]
    assert sorted((tmp_path / FOLDER).iterdir()) == paths and list(tmp_path.iterdir()) == [tmp_path / FOLDER]
    assert [path.read_text(encoding="utf-8") for path in paths] == list(texts("lamp_room")[1:])
    write("other_room", tmp_path)
    assert len(list((tmp_path / FOLDER).iterdir())) == 4


@pytest.mark.parametrize("there", ["lamp_room.py", "test_lamp_room.py"])
@pytest.mark.parametrize("name", ["lamp_room", "LampRoom"])
def test_nothing_is_ever_overwritten(tmp_path, there, name):
    (tmp_path / FOLDER).mkdir()
    kept = tmp_path / FOLDER / there
    kept.write_text("mine")
    with pytest.raises(
        FileExistsError, match=r"^A world is never overwritten\. Got my_worlds.*that is there already$"
    ) as no:
        write(name, tmp_path)
    assert there in str(no.value)
    assert list((tmp_path / FOLDER).iterdir()) == [kept] and kept.read_text(encoding="utf-8") == "mine"


def test_nothing_is_written_through_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / FOLDER).mkdir()
    link = tmp_path / FOLDER / "lamp_room.py"
    try:
        link.symlink_to(tmp_path / "gone.py")
    except OSError:
        pytest.skip("links are not for everybody here")
    with pytest.raises(
        FileExistsError, match=r"^A world is never overwritten\. Got my_worlds.lamp_room\.py that is there"
    ):
        write("lamp_room", tmp_path)
    assert link.is_symlink() and not (tmp_path / "gone.py").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("fails", ["lamp_room.py", "test_lamp_room.py"])
@pytest.mark.parametrize("others", [True, False])
def test_both_files_are_written_or_none(tmp_path, monkeypatch, error, fails, others):
    """And a second try is as good as the first."""
    if others:
        write("lamps", tmp_path)
    before = sorted(tmp_path.rglob("*"))

    def breaks_off(path, put):
        if path.name == fails:
            raise error
        write_whole(path, put)

    with monkeypatch.context() as patched:
        patched.setattr(new_world, "write_whole", breaks_off)
        with pytest.raises(type(error)):
            write("lamp_room", tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert all(path.exists() for path in write("lamp_room", tmp_path))


# ---- the command


def test_the_command_says_what_it_wrote_and_how_it_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["LampRoom"]) == 0
    said, wrong = capsys.readouterr()
    assert wrong == "" and Path(FOLDER, "lamp_room.py").exists()
    assert str(Path(FOLDER, "lamp_room.py")) in said and f"python start.py test {FOLDER}/test_lamp_room.py" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "python start.py new-world NAME"),
        (["one", "two"], "python start.py new-world NAME"),
        (["--help"], "python start.py new-world NAME"),
        (["lamp.room"], "A world is named by letters and numbers, and begins with a letter. Got 'lamp.room'"),
        (["None"], "A world has a name of its own"),
        (["x" * 300], "x" * 50),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said, wrong = capsys.readouterr()
    assert said == "" and words in wrong and wrong.count("\n") == 1
    assert not list(tmp_path.rglob("*.py"))


def test_the_command_does_not_overwrite(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lamp_room"]) == 0
    path = tmp_path / FOLDER / "lamp_room.py"
    path.write_text("mine")
    assert main(["lamp_room"]) == 2
    assert (
        capsys.readouterr().err.startswith("A world is never overwritten. Got ")
        and path.read_text(encoding="utf-8") == "mine"
    )


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / FOLDER).write_text("mine")
    assert main(["lamp_room"]) == 2
    said = "Worlds are written into a folder my_worlds. Got a file of that name: move it away first\n"
    assert capsys.readouterr().err == said and (tmp_path / FOLDER).read_text(encoding="utf-8") == "mine"


def test_what_the_system_refuses_is_said_in_its_words_and_without_its_number(tmp_path, monkeypatch, capsys):
    def full(path, put):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(new_world, "write_whole", full)
    assert main(["lamp_room"]) == 2
    assert capsys.readouterr().err == f"No space left on device: {tmp_path / FOLDER / 'lamp_room.py'}\n"


def test_start_py_knows_the_command_and_git_leaves_the_folder_alone():
    source = (ROOT / "start.py").read_text(encoding="utf-8")
    assert "python start.py new-world NAME" in ast.get_docstring(ast.parse(source))
    assert '"new-world": (["lessons"], [["-m", "ppo_lessons.other_worlds.new_world"]])' in source
    assert f"/{FOLDER}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
