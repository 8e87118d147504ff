"""What docs/running says can be done: commands and files exist, links lead somewhere, settings do what is said.

What cannot be run here, such as a container, is held as far as it can be: see each test.
"""

import ast
import importlib.util
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import start
from ppo_lessons.lessons import __main__ as door
from ppo_lessons.publishing.house import imports_of

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "running").glob("*.md")}
CONTAINER = (ROOT / "Containerfile").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?:)(?P<file>[^()\s#]*)(?:#(?P<anchor>[^()\s]*))?\)")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", flags=re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page, without the indent of a list."""
    found = [match for match in BLOCK.findall(PAGES[page]) if match[1] == language]
    return ["\n".join(line.removeprefix(indent) for line in code.splitlines()) for indent, _, code in found]


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as Jupyter and GitHub make them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for match in LINK.finditer(PAGES[page]):
        path = ROOT / "docs" / "running" / (match["file"] or f"{page}.md")
        assert path.exists(), match[0]
        assert not match["anchor"] or match["anchor"] in anchors_of(path), match[0]


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    text = PAGES[page]
    for words in re.findall(r"python start\.py([^`\n#]*)", text):
        command = [word for word in words.split() if not word.startswith("-")][:1]
        assert not command or command[0] in start.COMMANDS or not command[0].isalpha(), words
    for module in re.findall(r"-m (ppo_lessons[\w.]*)", text):
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.submodule_search_locations is None or importlib.util.find_spec(f"{module}.__main__")
    for extra in re.findall(r"(?:\.|whl)\[([\w,]+)\]", text):
        assert set(extra.split(",")) <= PROJECT["optional-dependencies"].keys()
    for wheel in re.findall(r"ppo_lessons-[\w.]+-py3-none-any\.whl", text):
        assert wheel == f"ppo_lessons-{PROJECT['version']}-py3-none-any.whl"


def test_readme_leads_to_every_way():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {f"docs/running/{page}.md" for page in PAGES} - {"docs/running/laptop.md"} <= set(
        re.findall(r"\]\(([^)#]+)", readme)
    )


def test_the_hubs_settings_give_a_student_lessons_and_the_look_of_the_course(tmp_path):
    (code,) = blocks("jupyterhub", "python")
    settings = SimpleNamespace(Spawner=SimpleNamespace())
    names = {"get_config": lambda: settings}
    exec(code.replace('HOME = "/home/{username}"', f"HOME = {str(tmp_path / '{username}')!r}"), names)
    settings.Spawner.pre_spawn_hook(SimpleNamespace(user=SimpleNamespace(name="ada")))
    assert settings.Spawner.notebook_dir == "~/ppo_lessons"
    opened = settings.Spawner.default_url.removeprefix("/lab/tree/")
    assert (tmp_path / "ada" / "ppo_lessons" / opened).exists()
    for folder in settings.Spawner.environment["JUPYTER_CONFIG_PATH"].split(":"):
        assert Path(folder).is_dir() and Path(folder).is_relative_to(sys.prefix)


# The container: no engine runs where the tests do. That its wheel is the released one: test_release


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Containerfile, without comments."""
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_container_runs_a_command_of_the_package_as_nobody_special(tmp_path, monkeypatch):
    kinds = [kind for kind, _ in instructions(CONTAINER)]
    assert dict(instructions(CONTAINER))["USER"] == "learner" and kinds.index("USER") > max(
        i for i, kind in enumerate(kinds) if kind in ("COPY", "RUN")
    )
    python, m, module, folder, *options = ast.literal_eval(dict(instructions(CONTAINER))["CMD"])
    assert (python, m, module) == ("python", "-m", "ppo_lessons.lessons")
    assert folder.startswith(dict(instructions(CONTAINER))["VOLUME"])
    run = []
    monkeypatch.setattr(
        door.subprocess, "run", lambda command, env: run.append(command) or SimpleNamespace(returncode=0)
    )
    assert door.main([str(tmp_path), *options]) == 0
    assert run[0][-len(options) :] == options
    port = dict(instructions(CONTAINER))["EXPOSE"]
    assert f"--port={port}" in options and f":{port}:{port}" in PAGES["container"]


def test_what_the_container_leaves_out_is_what_git_does():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".venv", ".git", "notebooks/my_*", "notebooks/.progress*"} <= {*ignored}
    assert not {name for _, value in instructions(CONTAINER) for name in shlex.split(value)} & {*ignored}


# Binder and Colab: their hosts cannot be reached


def test_binder_gets_what_a_learner_gets():
    folder = ROOT / ".binder"
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert wanted[-1] == ".[lessons]", "without what only tests need"
    (constraints,) = [line.removeprefix("-c ") for line in wanted if line.startswith("-c ")]
    assert (folder / constraints).resolve() == ROOT / "constraints.txt", "pip counts from where the file lies"
    python = (folder / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    assert f"{python}.0" in SpecifierSet(PROJECT["requires-python"])
    assert f"Python {python}" in PAGES["binder"]


COLAB_HAS = {"torch", "numpy", "matplotlib", "PIL", "ipywidgets", "traitlets", "IPython", "tqdm"}
"""What we take Colab to bring along: the only thing here that no test can know."""
LEARNERS = "guards spirit_world other_worlds shipped display interactive classroom lessons".split()


def test_colab_is_asked_for_all_that_lessons_import():
    (cell,) = blocks("colab", "text")
    (line,) = re.findall(r"^%pip install --quiet (?!--no-deps)(.+)$", cell, flags=re.MULTILINE)
    files = [
        *(ROOT / "ppo_lessons").glob("*.py"),
        *(p for r in LEARNERS for p in (ROOT / "ppo_lessons" / r).rglob("*.py")),
    ]
    roots = {name.split(".")[0] for path in files for name in imports_of(path)} - set(sys.stdlib_module_names)
    wanted = roots - {"ppo_lessons", "ray"} - COLAB_HAS  # Ray is for sweeps, an extra
    asked = {Requirement(word).name for word in line.split()}
    assert asked == wanted | {"pygame-ce"}, "pygame-ce is what mpe2 draws with"
    plain = "\n".join(line for line in cell.splitlines() if not line.startswith(("%", "!")))
    compile(plain, "the first cell in Colab", "exec")
