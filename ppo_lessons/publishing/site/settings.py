"""Which settings of a living figure are drawn beforehand: all of them would be too many, so that knobs are coarser."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ppo_lessons.interactive.controls import Knob, Slider, Toggle

PLANS: Mapping[str, Mapping[str, int | Sequence[Any]]] = {
    "Clipping": {"clip_eps": 13, "steps": 7},
    "Ratios": {"distance": 15, "follow": 6},
    "Atlas": {"quantity": ("win_rate", "survival"), "point": 3, "clip_eps": 5, "ent_coef": 5},
    "Shared buffer": {"moment": 12, "living_only": 2},
    "Advantages": {"gamma": 5, "gae_lambda": 6},
    "Policy gradient": {"p": 9, "clip_eps": 3},
    "Gradient X-ray": {"loss": 4, "detach_old_log_probs": 2, "detach_advantages": 2, "shared_trunk": 2},
    "Mini-batches": {"minibatch_size": 4, "step": 4, "shuffle": 2},
    "The whole update": {"step": 7, "clip_eps": 4},
    "Frozen moment": {"age": 3, "ent_coef": 4, "vf_coef": 3},
    "Critics": {"step": 7, "where": 4},
    "Machines": {"how": 2, "rows": 4, "hidden_size": 3, "network": 3},
}
"""Title of an explorer -> knob -> how many values, or which. Knobs that are not named stand still."""
USUALLY = 5
"""Values of each of the first two knobs, where there is no plan."""


class Chosen(NamedTuple):
    """What is drawn of one knob."""

    knob: Knob
    values: tuple[Any, ...]


def plan_of(title: str, knobs: Sequence[Knob]) -> list[Chosen]:
    """Return which values of which knobs are drawn beforehand.

    Args:
        title: Of the explorer.
        knobs: Of the explorer.

    Raises:
        ValueError: If a plan names a knob or a value that the explorer does not have.
    """
    plan = PLANS.get(title, {knob.name: USUALLY for knob in knobs[:2]})
    if unknown := set(plan) - {knob.name for knob in knobs}:
        raise ValueError(f"A plan names knobs of its explorer. Got {sorted(unknown)} for {title}")
    return [Chosen(knob, _some(knob, plan[knob.name])) for knob in knobs if knob.name in plan]


def values_of(knob: Knob) -> tuple[Any, ...]:
    """Return all that a knob can be set to.

    Args:
        knob: Of an explorer.
    """
    return (False, True) if isinstance(knob, Toggle) else tuple(knob.values)


def _some(knob: Knob, wish: int | Sequence[Any]) -> tuple[Any, ...]:
    values = values_of(knob)
    if not isinstance(wish, int):
        if not set(wish) <= set(values):
            raise ValueError(f"A plan names values of its knob. Got {wish} for {knob.name}")
        return tuple(value for value in values if value in wish)
    return thinned(values, knob.start, wish)


def thinned(values: Sequence[Any], start: Any, number: int) -> tuple[Any, ...]:
    """Return some of the values: both ends, the start, and others evenly between them.

    Args:
        values: In order.
        start: One of them.
        number: How many are wanted, 2 at least; all if there are no more. Of two wanted, the start is a third.
    """
    if len(values) <= number:
        return tuple(values)
    last, beginning = len(values) - 1, values.index(start)
    places = {round(i * last / (number - 1)) for i in range(number)}
    if beginning not in places and (inside := places - {0, last}):
        places.remove(min(inside, key=lambda place: abs(place - beginning)))
    return tuple(values[place] for place in sorted(places | {beginning}))


def in_words(knobs: Sequence[Knob], chosen: Sequence[Chosen]) -> str:
    """Return what a reader is told about how much coarser the figure is than in JupyterLab.

    Args:
        knobs: Of the explorer.
        chosen: What is drawn of them.
    """
    coarse = [
        f"{c.knob.label} has {len(c.values)} of its {len(values_of(c.knob))} values"
        for c in chosen
        if len(c.values) < len(values_of(c.knob))
    ]
    moved = {c.knob.name for c in chosen}
    fixed = [f"{knob.label} stays at {_written(knob)}" for knob in knobs if knob.name not in moved]
    if here := "; ".join(coarse + fixed):
        return f"On this page {here}. In JupyterLab every knob has all its values, and two settings can be compared."
    return "In JupyterLab two settings can be compared."


def _written(knob: Knob) -> str:
    if isinstance(knob, Slider):
        return knob.text.format(knob.start) if isinstance(knob.text, str) else knob.text(knob.start)
    return {True: "on", False: "off"}[knob.start] if isinstance(knob, Toggle) else knob.start
