"""What is installed: pyproject.toml says what, constraints.txt which version, environment.yml repeats neither."""

import json
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = [Requirement(line.split("  #")[0]) for line in LINES if line and not line.startswith("#")]
EXTRAS = PROJECT["optional-dependencies"]
WISHES = {
    canonicalize_name(Requirement(name).name) for names in (PROJECT["dependencies"], *EXTRAS.values()) for name in names
}
COMPUTERS = [
    ("linux", "Linux", "x86_64", "posix"),
    ("darwin", "Darwin", "arm64", "posix"),
    ("win32", "Windows", "AMD64", "nt"),
]


def version_of(pin):
    (specifier,) = pin.specifier
    return specifier.version


def pins_for(environment):
    """Name -> versions that hold there."""
    found = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate(environment):
            found.setdefault(canonicalize_name(pin.name), []).append(version_of(pin))
    return found


def test_versions_stand_in_constraints_alone():
    for name in (*PROJECT["dependencies"], *(name for names in EXTRAS.values() for name in names)):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z]+\])?", name), f"{name} is more than a name"
    assert "==" not in (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert all([specifier.operator for specifier in pin.specifier] == ["=="] for pin in PINS)


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize(("platform", "system", "machine", "os_name"), COMPUTERS, ids=lambda value: str(value))
def test_every_computer_gets_exactly_one_version_of_each_package(python, platform, system, machine, os_name):
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": os_name,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    pins = pins_for(environment)
    assert all(len(versions) == 1 for versions in pins.values())
    assert pins.keys() >= WISHES


def test_constraints_say_how_they_are_made_and_nothing_of_the_machine():
    header = [line for line in LINES if line.startswith("#")]
    assert any(
        "uv pip compile pyproject.toml --all-extras --universal --python-version 3.10" in line for line in header
    )
    assert PROJECT["requires-python"] == ">=3.10"
    assert not [line for line in LINES if "://" in line or re.search(r"(^|\s)/\w", line)]


def test_constraints_are_of_this_pyproject():
    asked = {canonicalize_name(line.split("==")[0]) for line in LINES if "ppo-lessons (pyproject.toml)" in line}
    assert asked == WISHES


def test_conda_users_get_the_same():
    by_name = {Requirement(entry).name: Requirement(entry) for entry in CONDA["dependencies"] if isinstance(entry, str)}
    (pip,) = (entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
    assert by_name.keys() == {"python", "pip"}
    assert pip == ["-c constraints.txt", "-e .[lessons,test]"]
    pythons = [f"3.{minor}" for minor in range(6, 30)]
    conda = set(by_name["python"].specifier.filter(pythons))
    assert conda
    assert conda <= set(SpecifierSet(PROJECT["requires-python"]).filter(pythons))
    assert CONDA["name"] == PROJECT["name"]


def test_start_and_conda_ask_for_extras_that_exist():
    start = (ROOT / "start.py").read_text(encoding="utf-8")
    named = set(re.findall(r'"(\w+)"', " ".join(re.findall(r"\(\[([^]]*)\], \[", start))))
    assert named == set(EXTRAS)


def test_what_is_installed_is_what_is_pinned():
    pins = pins_for(default_environment())
    there = metadata.distributions(path=[sysconfig.get_path("purelib")])  # a test before may have put more on the path
    installed = {canonicalize_name(each.name): Version(each.version).public for each in there}
    different = {name: (installed[name], pins[name]) for name in pins.keys() & installed.keys()}
    assert {name: pair for name, pair in different.items() if [pair[0]] != pair[1]} == {}
    needed = {canonicalize_name(name) for name in PROJECT["dependencies"] + EXTRAS["lessons"] + EXTRAS["test"]}
    assert needed <= installed.keys()


def test_jupyterlab_asks_nothing_at_its_first_start():
    settings = Path(sys.prefix, "share", "jupyter", "lab", "settings", "overrides.json")
    assert json.loads(settings.read_text())["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
