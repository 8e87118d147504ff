"""Freeze the rollout."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.steps import detach_rows


def _rows(num_rows: int, seed: int, what: str) -> Rows:
    """Return rows in which everything but the actions depends on a weight, or asks for a gradient itself."""
    draw, weight = normal(seed, num_rows, 6), torch.tensor(2.0, requires_grad=what == "with a graph")
    actions = torch.arange(num_rows) % 5
    rows = Rows(weight * draw[:, :3], actions, weight * draw[:, 3], weight * draw[:, 4], weight * draw[:, 5])
    if what == "that ask for a gradient":
        rows = Rows(*(tensor.requires_grad_(tensor.is_floating_point()) for tensor in rows))
    return rows


def _detach_probe(num_rows: int, seed: int, what: str) -> Probe:
    """Look at the type, the numbers and the graph of each field, and whether the input was left alone."""

    def look(function: Callable[..., Any], inputs: tuple[Rows]) -> Outcome:
        (rows,) = inputs
        before = [_graph_of(tensor) for tensor in rows]
        numbers = [tensor.detach().clone() for tensor in rows]
        result = function(rows)
        if result is ... or result is None:
            return {"result": result}
        if not isinstance(result, (tuple, list)) or len(result) != len(Rows._fields):
            return {"type of the result": type(result).__name__}
        outcome: Outcome = {"type of the result": type(result).__name__}
        same = alike([tensor.detach() for tensor in rows], numbers)
        outcome["the numbers that were handed over"] = "as they were" if same else "changed in place"
        fields = result._asdict() if hasattr(result, "_asdict") else dict(enumerate(result))
        outcome |= {f"graph of {name}": _graph_of(field) for name, field in fields.items()}
        for name, field in fields.items():
            outcome[str(name)] = field.detach() if isinstance(field, Tensor) else field
        for name, first, last in zip(Rows._fields, before, map(_graph_of, rows), strict=True):
            if first != last:
                outcome[f"graph of the caller's {name}"] = last
        return outcome

    return Probe(make=lambda: (_rows(num_rows, seed, what),), look=look)


def _graph_of(value: Any) -> str:
    """Say in words whether a gradient would flow through a value."""
    if not isinstance(value, Tensor):
        return f"not a tensor but {type(value).__name__}"
    if value.grad_fn is not None:
        return "a graph"
    return "asks for a gradient" if value.requires_grad else "none"


def _only(*names: str) -> Callable[[Rows], Rows]:
    """Detach some fields only."""
    return lambda rows: rows._replace(**{name: getattr(rows, name).detach() for name in names})


EXERCISE = Exercise(
    number="5.1",
    node="E",
    function=detach_rows,
    difficulty=1,
    minutes=3,
    probes=(
        _detach_probe(2, 1, "with a graph"),
        _detach_probe(3, 2, "that ask for a gradient"),
        _detach_probe(2, 3, "without a graph"),
        _detach_probe(5, 4, "with a graph"),
    ),
    mistakes=(
        Mistake(name="handing the rows back as they are (no_grad() cuts nothing that was made before it)",
                wrong=lambda rows: rows,
                advice="no_grad() stops new graphs from being made. What takes a finished tensor out of its graph?"),
        Mistake(name="detaching only the first field", wrong=_only("obs"),
                advice="All five. The gradient takes any path that is left open."),
        Mistake(name="detaching the log-probabilities alone", wrong=_only("old_log_probs"),
                advice="Returns and advantages come from the critic: through them the actor would pull on it."),
        Mistake(name="detaching everything but the observations",
                wrong=_only("actions", "old_log_probs", "returns", "advantages"),
                advice="Observations are data too. In this world they carry no graph, but do not rely on it."),
        Mistake(name="clone() without detach()", wrong=lambda rows: Rows(*(tensor.clone() for tensor in rows)),
                advice="A clone is a new node of the same graph: the gradient flows through it."),
        Mistake(name="detach_() in place: it changes the caller's tensors",
                wrong=lambda rows: Rows(*(tensor.detach_() for tensor in rows)),
                advice="The underscore changes the tensor itself. Leave the caller's rows as they are."),
        Mistake(
            name="requires_grad_(False) on the caller's tensors",
            wrong=lambda rows: Rows(*(tensor.requires_grad_(False) for tensor in rows)),
            advice="It fails for a tensor with a graph, and changes the caller's. Which method gives you a new tensor?",
        ),
        Mistake(name="frozen tensors that ask for a gradient again",
                wrong=lambda rows: Rows(*(t.detach().requires_grad_(t.is_floating_point()) for t in rows)),
                advice="Data asks for no gradient: requires_grad has to be False."),
        Mistake(name="a plain tuple in place of Rows", wrong=lambda rows: tuple(tensor.detach() for tensor in rows),
                advice="The update reads rows.actions by name. Wrap the five tensors: Rows(*...)."),
        Mistake(name="a list in place of Rows", wrong=lambda rows: [tensor.detach() for tensor in rows],
                advice="The update reads rows.actions by name. Wrap the five tensors: Rows(*...)."),
        Mistake(name="numpy arrays in place of tensors",
                wrong=lambda rows: Rows(*(tensor.detach().numpy() for tensor in rows)),
                advice="The losses need tensors. detach() alone does it."),
        Mistake(name="turning the actions into floats",
                wrong=lambda rows: Rows(*(tensor.detach().float() for tensor in rows)),
                advice="Actions are int64: they pick a column. Keep every dtype."),
        Mistake(name="turning everything into float64",
                wrong=lambda rows: Rows(*(t.detach().double() if t.is_floating_point() else t.detach() for t in rows)),
                advice="The network computes in float32. Keep every dtype."),
    ),
    hints=(
        "rows is a NamedTuple of five tensors: you can loop over it. What must each of them lose, and what keep?",
        "new Rows made of tensor.detach() for each of the five; the caller's tensors stay as they are.",
        "return Rows(*(tensor.detach() for tensor in rows))",
    ),
)  # fmt: skip
