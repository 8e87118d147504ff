"""Write a world to begin with, and its test: `python start.py new-world NAME`."""

import contextlib
import inspect
import keyword
import os
import re
import sys
from pathlib import Path

from ppo_lessons.guards.files import write_whole
from ppo_lessons.other_worlds import template

FOLDER = "my_worlds"
"""Where they are written, beside the notebooks' folder."""
LONGEST = 50
"""Letters of a name: with what stands around it, any file system can hold it."""
OF_WINDOWS = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))))
"""What no file of Windows can be called, whatever stands behind the dot."""
TEST = '''"""{name}: the rules of PettingZoo, the check in words, and whether a team learns anything in it.

Run it with: python start.py test {folder}/test_{module}.py
"""

from pettingzoo.test import parallel_api_test, parallel_seed_test

from ppo_lessons import PPOConfig, TrainingRun, train
from ppo_lessons.other_worlds import PettingZooTeam, find_faults

from {folder}.{module} import {name}


def test_keeps_the_rules_of_pettingzoo():
    parallel_api_test({name}(), num_cycles=200)
    parallel_seed_test({name})


def test_no_fault_is_found():
    assert find_faults({name}) == []


def test_a_team_gets_better_in_it():
    """Raise what is asked for once you know what a good team earns."""
    config = PPOConfig(num_envs=64, num_steps=12, minibatch_size=384)
    run = TrainingRun(PettingZooTeam({name}, 64), config)
    rewards = [report.mean_reward for report in train(run, cycles=20)]
    assert sum(rewards[-3:]) / 3 > rewards[0]
'''


def texts(name: str) -> tuple[str, str, str]:
    """Return the module's name, its text, and that of its test.

    Args:
        name: Of the world, in any of the usual spellings: "lamp_room", "lamp-room", "LampRoom".

    Raises:
        ValueError: If it cannot be the name of a module, or of a class in it.
    """
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    module = "_".join(words).lower()
    plain = re.sub(r"[\s_-]", "", name)
    if not module.isidentifier() or plain.lower() != module.replace("_", ""):
        raise ValueError(f"A world is named by letters and numbers, and begins with a letter. Got {name!r}")
    if len(module) > LONGEST:
        raise ValueError(f"A world's name has at most {LONGEST} letters. Got {len(module)}: {name!r}")
    if module in OF_WINDOWS:
        raise ValueError(f"A world is a file that every system can hold. Got {name!r}, which Windows keeps for itself")
    if module.startswith("test") or module == "conftest":
        raise ValueError(f"A world has a name that pytest does not take for a test or its settings. Got {name!r}")
    title = "".join(word.capitalize() for word in words)
    source = inspect.getsource(template).split('"""', 2)[2].lstrip("\n")
    taken = re.findall(r"\w+", " ".join(re.findall(r"^from .+ import (.+)", source + TEST, re.MULTILINE)))
    if {module, title} & {*keyword.kwlist} or title in taken:
        raise ValueError(f"A world has a name of its own, none of Python's or of what it imports. Got {name!r}")
    source = source.replace("Template", title).replace("template_v0", f"{module}_v0")
    head = f'"""{title}: a world of a team, written after PettingZoo\'s ParallelEnv. Change it into your own.\n\n'
    head += f"Check it:  python start.py test {FOLDER}/test_{module}.py\n\n"
    story = (template.__doc__ or "").split("\n\n", 1)[1].strip()
    return module, f'{head}{story}\n"""\n\n{source}', TEST.format(name=title, module=module, folder=FOLDER)


def write(name: str, root: Path) -> list[Path]:
    """Write a world and its test; nothing is ever overwritten.

    Args:
        name: Of the world.
        root: The folder in which `my_worlds` lies, or is made.

    Returns:
        The two files.

    Raises:
        ValueError: If it cannot be the name of a module, or of a class in it.
        FileExistsError: If there is such a world, or a file in the place of the folder.
        OSError: If something cannot be written; then nothing is.
    """
    module, world, test = texts(name)
    folder = root / FOLDER
    paths = [folder / f"{module}.py", folder / f"test_{module}.py"]
    if os.path.lexists(folder) and not folder.is_dir():
        raise FileExistsError(f"Worlds are written into a folder {FOLDER}. Got a file of that name: move it away first")
    if found := next((path for path in paths if os.path.lexists(path)), None):
        raise FileExistsError(f"A world is never overwritten. Got {found.relative_to(root)} that is there already")
    is_new, written = not folder.exists(), []
    folder.mkdir(exist_ok=True)
    try:
        for path, text in zip(paths, (world, test), strict=True):
            written.append(path)
            write_whole(path, lambda file, text=text: file.write(text.encode()))
    except BaseException:  # both or none
        for path in written:
            path.unlink(missing_ok=True)
        if is_new:
            with contextlib.suppress(OSError):  # somebody else wrote into it
                folder.rmdir()
        raise
    return paths


def main(arguments: list[str]) -> int:
    """Write one, and say how it goes on; returns the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("python start.py new-world NAME, for instance: python start.py new-world lamp_room", file=sys.stderr)
        return 2
    try:
        world, test = write(arguments[0], Path.cwd())
    except (ValueError, OSError) as error:
        said = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.strerror else error
        print(said, file=sys.stderr)
        return 2
    root = Path.cwd()
    print(f"Written: {world.relative_to(root)}, a world that trains at once, to be changed into your own.")
    print(f"Check it whenever you like: python start.py test {test.relative_to(root).as_posix()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
