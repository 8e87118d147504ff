"""The generated parts of the page on the doctor: its template's report, its parts, its words, and the field guide."""

from pathlib import Path

from ppo_lessons import doctor
from ppo_lessons.doctor.examination import FACTS, examine
from ppo_lessons.doctor.quantities import ALSO, QUANTITIES
from ppo_lessons.doctor.subject import KINDS, load_subject

TEMPLATE = Path(doctor.__file__).parent / "template.py"


def doctor_parts() -> dict[str, str]:
    """Return the generated parts of docs/doctor.md, by their names."""
    return {"report": _report(), "parts": _parts(), "quantities": _quantities()}


def _report() -> str:
    text = examine(load_subject(TEMPLATE).SUBJECT).text()
    return f"```\n{text.rstrip()}\n```"


def _parts() -> str:
    rows = ["| part | what it is | it may take | facts |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        takes = ", ".join(f"`{word}`" for word in kind.may_take.split()) or "nothing"
        facts = ", ".join(fact.name for fact in FACTS if fact.part == name)
        gives = f"; it gives `{kind.gives}`" if kind.gives else ""
        rows.append(f"| `{name}` | {kind.means}{gives} | {takes} | {facts} |")
    return "\n".join(rows)


def _quantities() -> str:
    rows = ["| name | what it is | also known as |", "|---|---|---|"]
    for name, quantity in QUANTITIES.items():
        others = ", ".join(f"`{other}`" for other, own in ALSO.items() if own == name)
        rows.append(f"| `{name}` | {quantity.means} | {others} |")
    return "\n".join(rows)
