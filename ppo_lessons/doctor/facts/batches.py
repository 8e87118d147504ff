"""Facts about mini-batches: every row once an epoch, in a new order, and each with its own action and advantage."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.findings import Different, Fact, Outcome, Unfit, Wrong, shown
from ppo_lessons.doctor.subject import Asked

STEPS, COLUMNS, SIZE, EPOCHS = 4, 6, 8, 3
ROWS = STEPS * COLUMNS
LESSON = "06_minibatches"
SINGLE = "A mini-batch may have a single row: its advantages have no spread."
EPOCH = "An epoch is one pass over all rows (Schulman et al. 2017, algorithm 1)"
BADGE = "A loss compares numbers of one decision: they must stay in one row"


def rollout(acting: Tensor | None = None, first: int = 0) -> dict[str, Tensor]:
    """Return a rollout in which every number is a badge: step, column and row are told by it."""
    badge = torch.arange(first, first + ROWS).reshape(STEPS, COLUMNS)
    number = badge.float()
    return {
        "obs": number.unsqueeze(-1),
        "actions": badge,
        "old_log_probs": -number,
        "advantages": number + 0.25,
        "returns": number + 0.5,
        "old_values": number + 0.75,
        "acting": torch.ones(STEPS, COLUMNS, dtype=torch.bool) if acting is None else acting,
    }


BADGES = {
    "obs": lambda value: value.flatten(1)[:, 0],
    "actions": lambda value: value,
    "old_log_probs": lambda value: -value,
    "advantages": lambda value: value - 0.25,
    "returns": lambda value: value - 0.5,
    "old_values": lambda value: value - 0.75,
    "index": lambda value: value,
}
"""Quantity -> the number of the row that it came from."""


def _epochs(ask: Asked, size: int = SIZE, acting: Tensor | None = None) -> list[list[dict[str, Tensor]]]:
    """Ask for some epochs, and return the mini-batches of each."""
    at_once = "epochs" in ask.takes
    generator = torch.Generator().manual_seed(3)
    plain = dict(num_rows=ROWS, minibatch_size=size, epochs=EPOCHS, generator=generator)
    every = [list(ask.each(**rollout(acting), **plain)) for _ in range(1 if at_once else EPOCHS)]
    if not at_once:
        return every
    batches = every[0]
    per_epoch = -(-len(batches) // EPOCHS)
    return [batches[first : first + per_epoch] for first in range(0, len(batches), per_epoch)]


def _rows(ask: Asked, batch: dict[str, Tensor]) -> Tensor:
    name = next(name for name in ("index", *BADGES) if name in ask.gives)  # what nobody changes comes first
    return BADGES[name](batch[name].detach()).round().long()


def _order(ask: Asked, epoch: list[dict[str, Tensor]]) -> Tensor:
    return torch.cat([_rows(ask, batch) for batch in epoch]) if epoch else torch.zeros(0, dtype=torch.int64)


def coverage(ask: Asked) -> Outcome:
    """24 rows in mini-batches of 8: three, and every row in one of them."""
    missing = []
    for number, epoch in enumerate(_epochs(ask), start=1):
        counts = torch.bincount(_order(ask, epoch), minlength=ROWS)
        left, twice = (counts == 0).nonzero()[:, 0].tolist(), (counts > 1).nonzero()[:, 0].tolist()
        if left or twice:
            missing.append((number, left, twice))
    if not missing:
        return None
    number, left, twice = missing[0]
    if len(twice) == ROWS and "epochs" not in ask.takes:
        hint = "Does one call go over several epochs? Then let it take `epochs`."
        return Wrong(f"{ROWS} rows, mini-batches of {SIZE}", "every row more than once", "each row once", hint)
    got = f"in epoch {number}" + (f" without rows {left}" if left else "") + (f", rows {twice} again" if twice else "")
    return Wrong(f"{ROWS} rows, mini-batches of {SIZE}", got, "each row once in every epoch")


def order(ask: Asked) -> Outcome:
    """A new order in every epoch, and none that is time's own."""
    epochs = _epochs(ask)
    orders = [_order(ask, epoch) for epoch in epochs]
    if all(len(epoch) == 1 and len(one) == ROWS for epoch, one in zip(epochs, orders, strict=True)):
        return Different("All rows of an epoch are one mini-batch: their order is of no consequence.")
    words = f"{ROWS} rows, mini-batches of {SIZE}, {EPOCHS} epochs"
    for one in orders:
        if bool((one.diff() > 0).all()):
            return Wrong(words, f"order {shown(one[:6])} and so on", "shuffled",
                         "Rows of one moment are alike: unshuffled, a mini-batch sees one moment alone.")  # fmt: skip
    if all(torch.equal(orders[0], other) for other in orders[1:]):
        return Wrong(words, "the same order in every epoch", "a new one in each")
    together = [{frozenset(piece.tolist()) for piece in one.split(SIZE)} for one in orders]
    if all(together[0] == other for other in together[1:]):
        got = f"in every epoch a mini-batch of rows {sorted(min(together[0], key=min))}"
        return Wrong(words, got, "other rows together in each", "The rows are split before they are shuffled.")
    return None


def ragged(ask: Asked) -> Outcome:
    """24 rows in mini-batches of 10, and of 23: what becomes of the rest?"""
    if any(sorted(_order(ask, epoch).tolist()) != list(range(ROWS)) for epoch in _epochs(ask)):
        return Unfit("Where the rows divide evenly, an epoch is not one pass, either: see coverage.")
    for size in (10, 23):
        try:
            epochs = _epochs(ask, size)
        except Exception:
            return Different("It takes only mini-batches into which the rows divide evenly.")
        for epoch in epochs:
            lengths = [len(_rows(ask, batch)) for batch in epoch]
            seen = _order(ask, epoch).unique()
            if sum(lengths) > ROWS or len(seen) < ROWS == sum(lengths):
                return Different(f"Of {ROWS} rows in mini-batches of {size} some come twice, to fill the last one.")
            if sum(lengths) < ROWS:
                return Different(
                    f"Of {ROWS} rows in mini-batches of {size} it leaves {ROWS - sum(lengths)} out each epoch."
                )
            if 1 in lengths:
                return Different(SINGLE)
    return None


def alignment(ask: Asked) -> Outcome:
    """Step, column and row are told by every number: all numbers of a row must tell the same."""
    names = [name for name in BADGES if name in ask.gives]
    if len(names) < 2:
        return Unfit("It gives row numbers: who takes rows by them keeps each together.")
    changed = set()
    for batch in (batch for epoch in _epochs(ask) for batch in epoch):
        badges = {name: BADGES[name](batch[name].detach()) for name in names}
        first = badges[names[0]].round().long()
        for name in names[1:]:
            apart = (badges[name] - first).abs() > 0.1
            if name == "advantages" and torch.equal(badges[name].argsort(), first.argsort()):
                changed |= {name} if bool(apart.any()) else set()
            elif bool(apart.any()):
                row = int(apart.nonzero()[0, 0])
                words = f"{names[0]} of {_place(first[row])}, {name} of {_place(badges[name][row].round())}"
                return Wrong(f"a rollout of {STEPS} steps and {COLUMNS} columns", f"in one row: {words}", "one place")
    return Different("Advantages come back in their rows, and normalised.") if changed else None


def _place(badge: Tensor) -> str:
    return f"step {int(badge) // COLUMNS}, column {int(badge) % COLUMNS}"


def on_policy(ask: Asked) -> Outcome:
    """After one rollout comes another: nothing of the first is left."""
    if ask.gives == ("index",):
        return Unfit("It gives row numbers: which rollout they belong to is decided elsewhere.")
    _epochs(ask)
    plain = dict(num_rows=ROWS, minibatch_size=SIZE, epochs=EPOCHS, generator=torch.Generator().manual_seed(3))
    second = list(ask.each(**rollout(first=ROWS), **plain))
    old = sum(int((_rows(ask, batch) < ROWS).sum()) for batch in second)
    if not old:
        return None
    return Wrong("two rollouts, one after the other", f"{old} rows of the first, when the second is learned", "none")


def whole_actions(ask: Asked) -> Outcome:
    """Actions and row numbers are whole numbers, one for each row."""
    names = [name for name in ("actions", "index") if name in ask.gives]
    if not names:
        return Unfit("It gives no actions.")
    batch = next(batch for epoch in _epochs(ask) for batch in epoch)
    for name in names:
        kind = str(batch[name].dtype).removeprefix("torch.")
        if batch[name].dtype.is_floating_point and name == "actions":
            return Different(f"Actions come back as {kind}: they must be made whole before they are looked up.")
        if kind not in ("int64", "int32"):
            return Wrong(f"whole {name}", f"{name} as {kind}", "whole numbers")
    return None


def fallen(ask: Asked) -> Outcome:
    """Rows without a decision are in no mini-batch."""
    if "acting" not in ask.takes:
        return Unfit("It does not take `acting`.")
    acting = torch.ones(STEPS, COLUMNS, dtype=torch.bool)
    acting[2:, 1] = acting[3, 4] = False
    seen = torch.bincount(_order(ask, _epochs(ask, acting=acting)[0]), minlength=ROWS).reshape(STEPS, COLUMNS) > 0
    if bool((seen == acting).all()):
        return None
    t, n = (seen != acting).nonzero()[0].tolist()
    got = f"step {t} of column {n} is {'there' if bool(seen[t, n]) else 'missing'}"
    return Wrong("column 1 falls in step 1, column 4 in step 2", got, "each up to and including its fall")


def _fact(name: str, says: str, because: str, probe: Any, lesson: str = LESSON) -> Fact:
    return Fact(part="minibatches", name=name, says=says, because=because, lesson=lesson, probe=probe)


FACTS = (
    _fact("coverage", "Every epoch visits each row once.", EPOCH, coverage),
    _fact("order", "The order is new in every epoch, and not that of time.",
          "Neighbours are alike; a mini-batch should be a sample of the rollout", order),
    _fact("a rest", "Rows that do not divide evenly are used, and never one alone.", EPOCH, ragged),
    _fact("alignment", "All numbers of a row are of the same decision.", BADGE, alignment, "02_shared_buffer"),
    _fact("on-policy", "Only rows of the last rollout are learned.",
          "The old policy of a ratio is the one that has just played: the buffer is cleared", on_policy,
          "02_shared_buffer"),
    _fact("whole actions", "Actions are whole numbers, one for each row.",
          "An action of shape (B, 1) or of another type is looked up otherwise", whole_actions, "02_shared_buffer"),
    _fact("fallen agents", "The step of a fall is a decision, what comes after it is none.",
          "Rows of the fallen are left out (Yu et al. 2022, on death masking)", fallen, "02_shared_buffer"),
)  # fmt: skip
