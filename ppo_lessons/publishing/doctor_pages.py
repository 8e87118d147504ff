"""The generated parts of the page on the doctor: its template's report, its parts, its words, and the field guide."""

from pathlib import Path

from ppo_lessons import doctor
from ppo_lessons.doctor.alarm_rates import rates
from ppo_lessons.doctor.examination import FACTS, examine
from ppo_lessons.doctor.log_names import VITAL_SIGNS
from ppo_lessons.doctor.quantities import ALSO, QUANTITIES
from ppo_lessons.doctor.subject import KINDS, load_subject
from ppo_lessons.shipped.traces import READINGS

USUAL = ("entropy", "approx_kl", "clip_fraction", "explained_variance")
TEMPLATE = Path(doctor.__file__).parent / "template.py"


def doctor_parts() -> dict[str, str]:
    """Return the generated parts of docs/doctor.md, by their names."""
    return {
        "report": _report(),
        "parts": _parts(),
        "quantities": _quantities(),
        "rates": _rates(),
        "columns": _columns(),
    }


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


SETS = {
    "all twelve of a `Trace` (`ppo_lessons.shipped.traces.record_run`)": READINGS,
    "those of our reports": ("mean_return", "survival", *USUAL),
    "those of a usual log (Stable-Baselines3, CleanRL)": ("mean_return", *USUAL),
}


def _rates() -> str:
    rows = ["| readings | false alarms | ill runs with a sign | of these: the fault among three suspects |"]
    rows.append("|---|---|---|---|")
    for name, readings in SETS.items():
        found = rates(readings)
        alarms = f"{found.alarmed} of {found.healthy} ({found.alarmed / found.healthy:.1%})"
        shown = f"{found.shown} of {found.ill} ({found.shown / found.ill:.0%})"
        rows.append(f"| {name} | {alarms} | {shown} | {found.named} ({found.named / found.shown:.0%}) |")
    return "\n".join(rows)


def _columns() -> str:
    rows = ["| reading | also known as |", "|---|---|"]
    for name, others in VITAL_SIGNS.items():
        rows.append(f"| `{name}` | {', '.join(f'`{other}`' for other in others)} |")
    return "\n".join(rows)
