"""The generated parts of the doctor's page: nothing is left out, and what they say is what the doctor says."""

from ppo_lessons.doctor.examination import FACTS
from ppo_lessons.doctor.quantities import QUANTITIES
from ppo_lessons.doctor.subject import KINDS
from ppo_lessons.publishing.doctor_pages import SETS, doctor_parts
from ppo_lessons.shipped.traces import READINGS


def test_every_part_fact_and_quantity_is_there():
    parts = doctor_parts()
    assert all(f"| `{kind}` |" in parts["parts"] for kind in KINDS)
    assert all(fact.name in parts["parts"] for fact in FACTS)
    assert all(f"| `{name}` |" in parts["quantities"] for name in QUANTITIES)


def test_the_report_is_that_of_the_template():
    report = doctor_parts()["report"]
    assert "FAILED  advantages: truncation" in report and "got     advantages [-9]" in report


def test_the_rates_are_of_readings_that_there_are():
    assert all(set(readings) <= set(READINGS) for readings in SETS.values())
    assert doctor_parts()["rates"].count("%") == 3 * len(SETS)
