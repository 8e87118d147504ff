"""The field guide, docs/field_guide.md: symptom -> suspects -> the test that decides, counted in the shipped runs."""

from collections.abc import Iterator

import numpy as np

from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.doctor.features import features_of
from ppo_lessons.doctor.suspects import DECIDES
from ppo_lessons.doctor.vital_signs import LEAST_SHOWN, WHEN, band_of, known
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.vital_runs import VitalRuns, load_vital_runs
from ppo_lessons.spirit_world.rules import ACTION_NAMES

HEAD = """# Field guide: from a symptom to the test that decides

For whoever stands before a run of PPO that does not learn, learns slowly, or learns and looks odd; no lesson need
have been opened. Every line was counted in runs of this course's own training with one mistake planted ({faults}
mistakes, {runs} runs with settings drawn at random; beside them {healthy} healthy ones). *8 of 11* means: in eight of
eleven runs with this mistake the symptom showed; a mistake is listed where it showed in half of its runs or more. What
a symptom is: the reading lies further out than in any healthy run that was learned from, by a margin; *usual* says how
far.

The letters are boxes of [the update's flowchart](map.md): A to D rollout, buffer, advantages; E to H detaching, epochs,
shuffle, mini-batches; I to N forward pass, log-probabilities, ratios, and the three losses; O the step, P clearing.

`first_ratio` is the largest |ratio - 1| of an update's first mini-batch, `rows_used` the different rows in an epoch as
a share of all there could be, `actor_grad` and `critic_grad` the length of the gradient in each head as it reaches the
optimizer, `step_grad` that of all parameters in units of `max_grad_norm`. Usual logs do not have these five; each is a
line or two to log, and they tell more than all others. `survival` belongs to the game of this course.

How to use it: take the **first** cycles first, for causes are there, and later everything follows from everything. Then
put the deciding test to your function: [the doctor](doctor.md) has it ready. `python -m ppo_lessons.doctor
progress.csv` looks all of this up for a log.

Readings that have a right value whatever the task come before all others: the first ratio of an update is 1, no
gradient beyond the limit reaches the optimizer, an epoch sees every row once.

The return stays flat? That alone tells nothing: nearly every mistake does it, and four of the thirteen case files below
do not. Take the other readings.
"""


def field_guide() -> str:
    """Return the page."""
    runs = load_vital_runs()
    ill = {fault: runs.illness == fault for fault in FAULTS}
    healthy = runs.illness == "healthy"
    head = HEAD.format(faults=len(FAULTS), runs=sum(int(rows.sum()) for rows in ill.values()), healthy=healthy.sum())
    return "\n".join([head, "## By symptom", "", *_by_symptom(runs, ill), "", "## By mistake", "", *_by_mistake(),
                      "", "## From the case files", "", *_from_cases()]) + "\n"  # fmt: skip


def _by_symptom(runs: VitalRuns, ill: dict[str, np.ndarray]) -> Iterator[str]:
    bands = known()
    series = [{name: values[i] for name, values in runs.values.items()} for i in range(len(runs.illness))]
    found = [features_of(each, len(ACTION_NAMES)) for each in series]
    table = np.array([[each[name] for name in bands.names] for each in found])
    silent = set(FAULTS)
    yield "| reading | when | is | usual | suspects | the test that decides |"
    yield "|---|---|---|---|---|---|"
    for i, feature in enumerate(bands.names):
        reading, when = feature.split(", ")
        for word, out in (("below", table[:, i] < bands.low[i]), ("above", table[:, i] > bands.high[i])):
            counts = {fault: (int(out[rows].sum()), int(rows.sum())) for fault, rows in ill.items()}
            shown = sorted((f for f, (n, of) in counts.items() if n >= LEAST_SHOWN * of), key=lambda f: -counts[f][0])
            if not shown:
                continue
            suspects = "; ".join(f"{f} ({FAULTS[f].node}), {counts[f][0]} of {counts[f][1]}" for f in shown[:6])
            tests = "; ".join(dict.fromkeys(f"`{DECIDES[f]}`" for f in shown[:6]))
            silent -= set(shown)
            usual = band_of(bands, i)
            yield f"| `{reading}` | {WHEN[when]} | {word} | {usual} | {suspects} | {tests} |"
    yield ""
    tests = "; ".join(f"{fault}: `{DECIDES[fault]}`" for fault in FAULTS if fault in silent)
    yield f"In no reading often enough to be listed; ask the tests. {tests}."


def _by_mistake() -> Iterator[str]:
    yield "| mistake | box | the test that decides |"
    yield "|---|---|---|"
    for name, fault in FAULTS.items():
        yield f"| {name} | {fault.node}, {' '.join(NODES[fault.node].split())} | `{DECIDES[name]}` |"


def _from_cases() -> Iterator[str]:
    yield "| what was reported | what it was | what proves it | what would have hidden it |"
    yield "|---|---|---|---|"
    for case in CASES:
        what = f"{case.fault.name} ({case.node})" if case.fault else "nothing: a healthy run"
        yield f"| {case.title} | {what} | {case.verdict} | {case.closing} |"
