"""Somebody's PPO, as the doctor sees it: which function is which part, and a part that can be asked by names."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ppo_lessons.doctor.part import Part, axes_of, hand_over, take_back
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


TIME = "rewards values terminated truncated dones starts acting final_values next_values values_and_last last_values " \
    "last_dones gamma gae_lambda"  # fmt: skip
ROWS = "logits values actions old_log_probs advantages returns old_values clip_eps vf_coef ent_coef value_clip"
KINDS = {
    "advantages": PartKind("the advantages of a rollout", "advantages", "T N", TIME),
    "normalise": PartKind("advantages of a mini-batch to mean 0 and standard deviation 1", "advantages", "B",
                          "advantages"),
    "log_probs": PartKind("log-probability of stored actions", "log_probs", "B", "logits all_log_probs actions"),
    "entropy": PartKind("entropy of the policy", "entropies", "B", "logits all_log_probs probs"),
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
                            "T N", "num_rows minibatch_size epochs generator obs actions old_log_probs advantages "
                            "returns old_values acting"),
    "gradient_step": PartKind("backward, clip, step", "", "B", "loss policy parameters optimizer max_grad_norm"),
    "learning_rate": PartKind("step size of an update", "learning_rate", "B", "learning_rate cycle cycles"),
    "rollout": PartKind("plays a rollout in the doctor's world, and gives its rows", "", "B",
                        "make_env make_team num_steps"),
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
            if strange := [name for name in own.takes if name not in KINDS[kind].may_take.split()]:
                can = KINDS[kind].may_take.replace(" ", ", ") or "nothing"
                raise ValueError(f"{kind} can be handed {can}. Got {', '.join(strange)}")

    def parts(self) -> dict[str, Part]:
        """Return the parts that are there, by their names."""
        return {kind: own for kind in KINDS if (own := getattr(self, kind)) is not None}


@dataclass(frozen=True)
class Asked:
    """A part that is asked: called by the names of the doctor's quantities, it answers in them."""

    kind: str
    part: Part

    @property
    def takes(self) -> tuple[str, ...]:
        """What it is handed."""
        return self.part.takes

    @property
    def gives(self) -> tuple[str, ...]:
        """What it answers."""
        return self.part.gives or tuple(KINDS[self.kind].gives.split())

    def __call__(self, **quantities: Any) -> dict[str, Any]:
        """Call the function with these quantities, in the doctor's hands.

        Returns:
            What it gave: name -> tensor (its graph kept), or anything else as it came.
        """
        rows, part = KINDS[self.kind].rows, self.part
        alone = part.rows and "N" in rows.split() and not {"N", "A"} & set(part.rows.split())
        columns = _columns(quantities, rows) if alone else 1
        if columns > 1:
            each = [self(**_column(quantities, rows, n)) for n in range(columns)]
            return {
                name: torch.cat([one[name] for one in each], dim=axes_of(name, rows).index("N")) for name in each[0]
            }
        result = part.function(*(hand_over(part, name, quantities[name], rows) for name in self.takes))
        return self._named(result, rows) if self.gives else {}

    def each(self, **quantities: Any) -> Iterator[dict[str, Any]]:
        """Call a function that gives mini-batches, and go over them; each has the names that `gives` says."""
        rows, part = KINDS[self.kind].rows, self.part
        bare = replace(part, rows="")
        for result in part.function(*(hand_over(part, name, quantities[name], rows) for name in self.takes)):
            yield Asked(self.kind, bare)._named(result, "B")

    def _named(self, result: Any, rows: str) -> dict[str, Any]:
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

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If it is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"A subject is a Python file. Got {path}, which is not there")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"A subject is a Python file. Got {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickles look for their module there
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
