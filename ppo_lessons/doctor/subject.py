"""Somebody's PPO, as the doctor sees it: which function is which part, and a part that can be asked by names."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ppo_lessons.doctor.mishaps import in_words, place_of
from ppo_lessons.doctor.part import (
    FIRST_IS_TAKES,
    Part,
    axes_of,
    can_be_handed,
    can_be_taken,
    hand_over,
    own_axes,
    take_back,
)
from ppo_lessons.doctor.quantities import QUANTITIES
from ppo_lessons.guards.fields import suggest_names


class PartKind(NamedTuple):
    """What a part is for."""

    means: str
    gives: str
    """What it gives if nothing is said."""
    rows: str = "B"
    """Axes of what has one number for each decision."""
    may_take: str = ""
    """Quantities that the doctor can hand it."""
    must_give: str = ""
    """One of these has to be among what it gives; "": what it gives if nothing is said."""


TIME = "rewards values terminated truncated dones starts acting final_values next_values values_and_last last_values " \
    "last_dones gamma gae_lambda"  # fmt: skip
ROWS = "logits values actions old_log_probs advantages returns old_values clip_eps vf_coef ent_coef value_clip"
TABLE = "obs actions old_log_probs advantages returns old_values"
KINDS = {
    "advantages": PartKind("the advantages of a rollout", "advantages", "T N", TIME),
    "normalise": PartKind("advantages of a mini-batch to mean 0 and standard deviation 1", "advantages", "B",
                          "advantages"),
    "log_probs": PartKind("log-probability of stored actions", "log_probs", "B", "logits all_log_probs actions"),
    "entropy": PartKind("entropy of the policy", "entropies", "B", "logits all_log_probs probs",
                          "entropies entropy"),
    "sample": PartKind("draws actions", "actions", "B", "logits generator"),
    "ratios": PartKind("importance ratios", "ratios", "B", "new_log_probs old_log_probs"),
    "actor_loss": PartKind("the clipped surrogate loss", "actor_loss", "B",
                           "new_log_probs old_log_probs log_ratios ratios advantages clip_eps"),
    "value_loss": PartKind("the critic's loss", "value_loss", "B", "values returns old_values value_clip"),
    "total_loss": PartKind("the one number to minimise", "total_loss", "B",
                           "actor_loss value_loss entropy vf_coef ent_coef"),
    "loss": PartKind("the whole loss of a mini-batch", "total_loss", "B", ROWS),
    "kl": PartKind("how far the policy has moved", "kl", "B", "new_log_probs old_log_probs log_ratios ratios"),
    "clip_fraction": PartKind("share of rows outside the interval", "clip_fraction", "B",
                              "new_log_probs old_log_probs log_ratios ratios clip_eps"),
    "explained_variance": PartKind("what the critic foresaw", "explained_variance", "B", "values returns"),
    "minibatches": PartKind("mini-batches of an epoch, or of all: row numbers, or the rows of a rollout", "index",
                            "T N", f"num_rows minibatch_size epochs generator acting {TABLE}", f"index {TABLE}"),
    "gradient_step": PartKind("backward, clip, step", "", "B", "loss policy parameters optimizer max_grad_norm"),
    "learning_rate": PartKind("step size of an update", "learning_rate", "B", "learning_rate cycle cycles"),
    "rollout": PartKind("plays a rollout in the doctor's world, and gives its rows", "", "B",
                        "make_env make_team num_steps", f"rewards {TABLE}"),
}  # fmt: skip
"""Name of a part -> what it is for."""


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Subject:
    """A PPO to be examined: its parts, each made by `part(...)`; those that are left out are not looked at.

    Raises:
        ValueError: If a part takes or gives what the doctor cannot hand to it or read.
        TypeError: If there is no such part; the one that was probably meant is named.
    """

    name: str
    version: str = ""
    notes: str = ""
    """What a reader of the report should know: what was restated, what was switched off."""
    advantages: Part | None = None
    normalise: Part | None = None
    log_probs: Part | None = None
    entropy: Part | None = None
    sample: Part | None = None
    ratios: Part | None = None
    actor_loss: Part | None = None
    value_loss: Part | None = None
    total_loss: Part | None = None
    loss: Part | None = None
    kl: Part | None = None
    clip_fraction: Part | None = None
    explained_variance: Part | None = None
    minibatches: Part | None = None
    gradient_step: Part | None = None
    learning_rate: Part | None = None
    rollout: Part | None = None

    def __post_init__(self) -> None:
        """Refuse parts that cannot be asked."""
        for kind in KINDS:
            own: Part | None = getattr(self, kind)
            if own is None:
                continue
            if not isinstance(own, Part):
                raise ValueError(f"{kind} must be made by part(...). Got {type(own).__name__}")
            _require_askable(kind, own)

    def parts(self) -> dict[str, Part]:
        """Return the parts that are there, by their names."""
        return {kind: own for kind in KINDS if (own := getattr(self, kind)) is not None}


def _require_askable(kind: str, own: Part) -> None:
    """Refuse a part that takes what the doctor has not, or gives nothing that can be judged."""
    can, gives = KINDS[kind].may_take, own.gives or tuple(KINDS[kind].gives.split())
    if not own.takes:
        raise ValueError(f"Say in `takes` what {kind} is handed: some of {can.replace(' ', ', ')}. Got nothing")
    must = KINDS[kind].must_give or KINDS[kind].gives
    if strange := [name for name in own.takes if name not in can.split()]:
        swapped = not own.gives and set(must.split()) & set(strange)
        turned = f". {FIRST_IS_TAKES.format(' '.join(own.takes))}" if swapped else ""
        raise ValueError(
            f"{kind} can be handed {can.replace(' ', ', ')}. Got {', '.join(strange)}; a small function around yours "
            f"can make the one of the other{turned}"
        )
    if must and not set(must.split()) & set(gives):
        raise ValueError(
            f"`gives` of {kind} must have {must.replace(' ', ' or ')}. Got {', '.join(gives) or 'nothing'}"
        )
    if strange := [name for name in own.shapes if name not in (*own.takes, *gives)]:
        raise ValueError(f"Axes are given for what {kind} takes or gives. Got {', '.join(strange)}")
    rows, batches = KINDS[kind].rows, kind == "minibatches"
    for name in own.takes:
        _require_axes(kind, name, rows, _inner(own) if batches else own, can_be_handed)
    for name in gives:
        _require_axes(kind, name, "B" if batches else rows, _outer(own) if batches else own, can_be_taken)


def _require_axes(kind: str, name: str, rows: str, own: Part, fit: Callable[..., bool]) -> None:
    ours, theirs = axes_of(name, rows), own_axes(own, name, rows)
    if not fit(ours, theirs):
        want = " ".join(ours) or "none"
        raise ValueError(f"{name} of {kind} has the axes {want} here, in any layout. Got {' '.join(theirs)!r}")


def _inner(own: Part) -> Part:
    """Return how a function that gives mini-batches is called: axes with B are of its mini-batches, unless all are."""
    flat = "B" in own.rows.split()
    return replace(own, shapes={name: axes for name, axes in own.shapes.items() if ("B" in axes.split()) == flat})


def _outer(own: Part) -> Part:
    """Return how its mini-batches are read: where there is an axis of one, they keep it."""
    rows = "B 1" if own.rows.endswith(" 1") and own.gives != ("index",) else ""
    shapes = {name: axes for name, axes in own.shapes.items() if "B" in axes.split()}
    return replace(own, rows=rows, shapes=shapes)


GIVE_MORE = {"advantages": "advantages returns", "sample": "actions log_probs"}
"""Part -> what its functions usually give, if they give more than one thing."""
MOST_BATCHES = 1000
"""More than any fact asks for: a function that goes on for ever is stopped there."""


@dataclass(frozen=True)
class Asked:
    """A part that is asked: called by the names of the doctor's quantities, it answers in them."""

    kind: str
    part: Part
    handed: list[tuple[str, Any]] = field(default_factory=list)
    """What it was handed last, as the function has it."""

    @property
    def takes(self) -> tuple[str, ...]:
        """What it is handed."""
        return self.part.takes

    @property
    def gives(self) -> tuple[str, ...]:
        """What it answers."""
        return self.part.gives or tuple(KINDS[self.kind].gives.split())

    @property
    def has_gradient(self) -> bool:
        """Whether a gradient can be taken of what it answers: numpy has none."""
        return self.part.arrays == "torch"

    def __call__(self, **quantities: Any) -> dict[str, Any]:
        """Call the function with these quantities, in the doctor's hands.

        Returns:
            What it gave: name -> tensor (its graph kept), or anything else as it came.
        """
        rows, part = KINDS[self.kind].rows, self.part
        alone = part.rows and "N" in rows.split() and not {"N", "E", "A"} & set(part.rows.split())
        columns = _columns(quantities, rows) if alone else 1
        if columns > 1:
            each = [self(**_column(quantities, rows, n)) for n in range(columns)]
            return {
                name: torch.cat([one[name] for one in each], dim=axes_of(name, rows).index("N")) for name in each[0]
            }
        result = self._called(part, quantities)
        return self._named(result, rows) if self.gives else {}

    def each(self, **quantities: Any) -> Iterator[dict[str, Any]]:
        """Call a function that gives mini-batches, and go over them; each has the names that `gives` says.

        Raises:
            ValueError: If there is no end to them.
        """
        reader = Asked(self.kind, _outer(self.part))
        for result in islice(batches := iter(self._called(_inner(self.part), quantities)), MOST_BATCHES):
            yield reader._named(result, "B")
        if next(batches, None) is not None:
            raise ValueError(f"Its mini-batches should come to an end. Got more than {MOST_BATCHES}")

    def _called(self, part: Part, quantities: Mapping[str, Any]) -> Any:
        rows = KINDS[self.kind].rows
        self.handed[:] = [(name, hand_over(part, name, quantities[name], rows)) for name in self.takes]
        return part.function(*(value for _, value in self.handed))

    def _named(self, result: Any, rows: str) -> dict[str, Any]:
        if len(self.gives) == 1 and isinstance(result, tuple):
            example = GIVE_MORE.get(self.kind, f"{self.gives[0]} ...")
            raise ValueError(
                f"It should give {self.gives[0]} alone. Got a tuple: say in `gives` what each is; write "
                f'gives="{example}"'
            )
        results = result if len(self.gives) > 1 else (result,)
        if not isinstance(results, (tuple, list)) or len(results) != len(self.gives):
            got = f"{len(results)} things" if isinstance(results, (tuple, list)) else type(results).__name__
            raise ValueError(f"It should give {', '.join(self.gives)}. Got {got}")
        pairs = zip(self.gives, results, strict=True)
        return {name: take_back(self.part, name, value, rows) for name, value in pairs}


def _columns(quantities: Mapping[str, Any], rows: str) -> int:
    for name, value in quantities.items():
        axes = axes_of(name, rows) if name in QUANTITIES else []
        if "N" in axes and isinstance(value, Tensor):
            return value.shape[axes.index("N")]
    return 1


def _column(quantities: Mapping[str, Any], rows: str, n: int) -> dict[str, Any]:
    """Return column n of everything, its axis kept."""
    found = dict(quantities)
    for name, value in quantities.items():
        axes = axes_of(name, rows) if name in QUANTITIES else []
        if "N" in axes and isinstance(value, Tensor):
            found[name] = value.narrow(axes.index("N"), n, 1)
    return found


def load_subject(path: Path) -> Any:
    """Run a Python file, and return the module. What is examined is code, and runs with all that you may do.

    It finds no arguments in `sys.argv`: those of the doctor are none of its own.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it cannot be run to its end.
    """
    if not path.is_file():
        raise FileNotFoundError(f"A subject is a Python file. Got {path}, which is not there")
    name = f"examined_{path.stem}" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"A subject is a Python file. Got {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look for their module there
    sys.path.insert(0, folder := str(path.parent))
    arguments, sys.argv = sys.argv, [str(path)]
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{path.name} was run, and came to {in_words(error)}{place_of(error)}") from error
    finally:
        sys.argv = arguments
        if folder in sys.path:
            sys.path.remove(folder)
    return module
