"""Is what would be released whole? Wheel and sdist are built, looked into, installed elsewhere, and learned from.

Run it as `python start.py release OUT`. Elsewhere is an environment that knows nothing of this checkout, in which not a
file may be written: whoever learns has a folder of their own. Nothing asks for the network.
"""

import argparse
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import ExceptionGroup, Metadata

import ppo_lessons
from ppo_lessons.guards.places import as_called
from ppo_lessons.publishing.clean_install import Elsewhere, learn, run_well

ROOT = Path(ppo_lessons.__file__).parents[1]
IN_SDIST = ("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "constraints.txt", "start.py", "pyproject.toml")
FOLDERS_IN_SDIST = ("ppo_lessons", "notebooks", "docs", "jupyter", "tests")


@dataclass(frozen=True)
class Release:
    """The two files that are published."""

    sdist: Path
    wheel: Path


def build(out: Path, root: Path = ROOT) -> Release:
    """Build the sdist, and from it the wheel.

    Args:
        out: A folder, for both.
        root: The checkout, or an unpacked sdist.

    Raises:
        RuntimeError: If one cannot be built; with the end of what the builder said.
    """
    out.mkdir(parents=True, exist_ok=True)
    _builder(root, out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Release(sdist, wheel)


def build_wheel(out: Path, root: Path = ROOT) -> Path:
    """Build the wheel alone, and return it; arguments and errors as for `build`."""
    out.mkdir(parents=True, exist_ok=True)
    _builder(root, out, "--wheel")
    (wheel,) = out.glob("*.whl")
    return wheel


def _builder(root: Path, out: Path, *which: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", *which, "--outdir", str(out), str(root)]
    run_well(command, out, os.environ)


def contents(archive: Path) -> dict[str, bytes]:
    """Return name -> bytes of a wheel or an sdist; in an sdist without the folder that holds all."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    found = {}
    with tarfile.open(archive) as sdist:
        for member in sdist:
            if (file := sdist.extractfile(member)) is not None:
                found[member.name.partition("/")[2]] = file.read()
    return found


def faults(release: Release, root: Path = ROOT) -> list[str]:
    """Say what is wrong with wheel and sdist as files: what is missing, what differs, what an index would refuse.

    Args:
        release: As built from `root`.
        root: The checkout.
    """
    sdist, wheel = contents(release.sdist), contents(release.wheel)
    found = [f"The sdist holds {name}. It is missing" for name in IN_SDIST if name not in sdist]
    for folder in FOLDERS_IN_SDIST:
        if not any(name.startswith(f"{folder}/") for name in sdist):
            found.append(f"The sdist holds the folder {folder}. It is missing")
    with tempfile.TemporaryDirectory() as folder:
        other = contents(build_wheel(Path(folder), root))
    differing = sorted(name for name in other.keys() | wheel.keys() if other.get(name) != wheel.get(name))
    found += [f"From the sdist as from the checkout: the same wheel. Got another {name}" for name in differing]
    return found + metadata_faults(wheel) + [f"A learner's own files stay at home. Got {n}" for n in wheel if _own(n)]


def metadata_faults(wheel: dict[str, bytes]) -> list[str]:
    """Say what a package index would refuse in a wheel's metadata, and what of it is not the package's.

    References:
        Core metadata specifications, https://packaging.python.org/en/latest/specifications/core-metadata/
    """
    (text,) = (data for name, data in wheel.items() if name.endswith(".dist-info/METADATA"))
    try:
        metadata = Metadata.from_email(text, validate=True)
    except ExceptionGroup as group:
        return [f"Metadata are as their specification says. Got {fault}" for fault in group.exceptions]
    same = str(metadata.version) == ppo_lessons.__version__
    return [] if same else [f"The version is {ppo_lessons.__version__}. Got {metadata.version}"]


def _own(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return "/course/notebooks/" in f"/{name}" and last.startswith(("my_", "."))


def main() -> None:
    """Build wheel and sdist, and try them elsewhere, without the network."""
    parser = argparse.ArgumentParser(prog="python start.py release", description=main.__doc__)
    parser.add_argument("out", metavar="OUT", nargs="?", default="dist", help="a folder (usually dist)")
    out = as_called(parser.parse_args().out)
    try:
        with tempfile.TemporaryDirectory() as folder:
            release = build(Path(folder))
            if found := faults(release):
                sys.exit("\n".join(found))
            elsewhere = Elsewhere(release.wheel, Path(tempfile.mkdtemp(dir=folder)))
            with elsewhere.read_only():
                for done in learn(elsewhere):
                    print(f"✔ {done}", flush=True)
            out.mkdir(parents=True, exist_ok=True)
            for file in (release.sdist, release.wheel):
                shutil.copy(file, out)
                print(f"{out / file.name}: {file.stat().st_size / 1e6:.1f} MB")
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
