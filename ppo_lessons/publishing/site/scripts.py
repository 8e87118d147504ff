"""The scripts of JupyterLab's figures as a page may load them from a disk, where modules are not allowed."""

import re
from pathlib import Path

INTERACTIVE = Path(__file__).parents[2] / "interactive"
NAMES = {"theatre": "ppoTheatre", "controls": "ppoControls"}
"""Module in `interactive` -> the name under which a page finds what it exports."""
DEFAULT = re.compile(r"^export default \{ (?P<names>[\w, ]+) \};$", flags=re.MULTILINE)
NAMED = re.compile(r"^export (?=function (?P<name>\w+))", flags=re.MULTILINE)


def classic(text: str, name: str) -> str:
    """Return a module as a classic script.

    Args:
        text: Of the module: it imports nothing, and exports functions and one default object.
        name: Under which its exports are found.

    Raises:
        ValueError: If it has no default object, or does something else that only modules can.
    """
    default = DEFAULT.search(text)
    exported = [*NAMED.findall(text), *(default["names"].split(", ") if default else [])]
    body = NAMED.sub("", DEFAULT.sub("", text))
    if default is None or re.search(r"^\s*(?:export|import)\b", body, flags=re.MULTILINE):
        raise ValueError(f"A module must import nothing and export functions and one default object. Got {name}")
    return f"window.{name} = (() => {{\n{body.rstrip()}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def write_scripts(folder: Path) -> list[str]:
    """Write the scripts of theatre and knobs.

    Args:
        folder: Gets them.

    Returns:
        The names of their files.
    """
    for module, name in NAMES.items():
        text = (INTERACTIVE / f"{module}.js").read_text(encoding="utf-8")
        (folder / f"{module}.js").write_text(classic(text, name), encoding="utf-8", newline="\n")
    return [f"{module}.js" for module in NAMES]
