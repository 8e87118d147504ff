"""Exercises of lesson 04: freeze the rollout, and find out which parameters a gradient has reached."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic, reached_by_gradient
from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.steps import detach_rows

# ---- 4.1


def _rows(weight: Tensor, num_rows: int, seed: int) -> Rows:
    """Return rows in which everything but the actions depends on a weight."""
    draw = torch.randn(num_rows, 6, generator=torch.Generator().manual_seed(seed))
    actions = torch.arange(num_rows) % 5
    return Rows(weight * draw[:, :3], actions, weight * draw[:, 3], weight * draw[:, 4], weight * draw[:, 5])


def _with_graph(num_rows: int, seed: int) -> Rows:
    return _rows(torch.tensor(2.0, requires_grad=True), num_rows, seed)


def _leaves(num_rows: int, seed: int) -> Rows:
    """Return rows that ask for a gradient themselves, without a graph behind them."""
    rows = _rows(torch.tensor(2.0), num_rows, seed)
    return Rows(*(tensor.requires_grad_(tensor.is_floating_point()) for tensor in rows))


def _without_graph(num_rows: int, seed: int) -> Rows:
    return _rows(torch.tensor(2.0), num_rows, seed)


def _detach_probe(make: Callable[[int, int], Rows], num_rows: int, seed: int, what: str) -> Probe:
    """Look at the type, the numbers and the graph of each field, and whether the input was left alone."""

    def probe(function: Callable[..., Any]) -> Outcome:
        rows = make(num_rows, seed)
        before = [_graph_of(tensor) for tensor in rows]
        result = function(rows)
        if result is ... or result is None:
            return {"result": result}
        outcome: Outcome = {"type of the result": type(result).__name__}
        fields = result._asdict() if hasattr(result, "_asdict") else dict(enumerate(result))
        for name, field in fields.items():
            outcome[f"graph of {name}"] = _graph_of(field)
        for name, field in fields.items():
            outcome[str(name)] = field.detach() if isinstance(field, Tensor) else field
        after = [_graph_of(tensor) for tensor in rows]
        for name, first, last in zip(Rows._fields, before, after, strict=True):
            if first != last:
                outcome[f"graph of the caller's {name}"] = last
        if not isinstance(result, Rows):
            outcome["result"] = result
        return outcome

    probe.inputs = (f"{num_rows} rows {what}",)  # type: ignore[attr-defined]
    return probe


def _graph_of(value: Any) -> str:
    """Say in words whether a gradient would flow through a value."""
    if not isinstance(value, Tensor):
        return f"not a tensor but {type(value).__name__}"
    if value.grad_fn is not None:
        return "a graph"
    return "asks for a gradient" if value.requires_grad else "none"


def _only(*names: str) -> Callable[[Rows], Rows]:
    """Detach some fields only."""
    return lambda rows: Rows(*(t.detach() if n in names else t for n, t in zip(Rows._fields, rows, strict=True)))


def _stop_asking(tensor: Tensor) -> Tensor:
    return tensor.requires_grad_(False)


detach_rows_exercise = Exercise(
    number="4.1",
    function=detach_rows,
    difficulty=1,
    minutes=3,
    probes=(
        _detach_probe(_with_graph, 2, 1, "with a graph"),
        _detach_probe(_leaves, 3, 2, "that ask for a gradient"),
        _detach_probe(_without_graph, 2, 3, "without a graph"),
        _detach_probe(_with_graph, 5, 4, "with a graph"),
    ),
    mistakes=(
        Mistake(
            name="handing the rows back as they are (no_grad() cuts nothing that was made before it)",
            wrong=lambda rows: rows,
            advice="no_grad() stops new graphs from being made. What takes a finished tensor out of its graph?",
        ),
        Mistake(
            name="detaching only the first field",
            wrong=_only("obs"),
            advice="All five. The gradient takes any path that is left open.",
        ),
        Mistake(
            name="detaching the log-probabilities alone",
            wrong=_only("old_log_probs"),
            advice="Returns and advantages come from the critic: through them the actor would pull on it.",
        ),
        Mistake(
            name="detaching everything but the observations",
            wrong=_only("actions", "old_log_probs", "returns", "advantages"),
            advice="Observations are data too. In this world they carry no graph, but do not rely on it.",
        ),
        Mistake(
            name="clone() without detach()",
            wrong=lambda rows: Rows(*(tensor.clone() for tensor in rows)),
            advice="A clone is a new node of the same graph: the gradient flows through it.",
        ),
        Mistake(
            name="detach_() in place: it changes the caller's tensors",
            wrong=lambda rows: Rows(*(tensor.detach_() for tensor in rows)),
            advice="The underscore changes the tensor itself. Leave the caller's rows as they are.",
        ),
        Mistake(
            name="requires_grad_(False) on the caller's tensors",
            wrong=lambda rows: Rows(*map(_stop_asking, rows)),
            advice="It fails for a tensor with a graph, and changes the caller's. Which method gives you a new tensor?",
        ),
        Mistake(
            name="frozen tensors that ask for a gradient again",
            wrong=lambda rows: Rows(*(t.detach().requires_grad_(t.is_floating_point()) for t in rows)),
            advice="Data asks for no gradient: requires_grad has to be False.",
        ),
        Mistake(
            name="a plain tuple in place of Rows",
            wrong=lambda rows: tuple(tensor.detach() for tensor in rows),
            advice="The update reads rows.actions by name. Wrap the five tensors: Rows(*...).",
        ),
        Mistake(
            name="a list in place of Rows",
            wrong=lambda rows: [tensor.detach() for tensor in rows],
            advice="The update reads rows.actions by name. Wrap the five tensors: Rows(*...).",
        ),
        Mistake(
            name="numpy arrays in place of tensors",
            wrong=lambda rows: Rows(*(tensor.detach().numpy() for tensor in rows)),
            advice="The losses need tensors. detach() alone does it.",
        ),
        Mistake(
            name="turning the actions into floats",
            wrong=lambda rows: Rows(*(tensor.detach().float() for tensor in rows)),
            advice="Actions are int64: they pick a column. Keep every dtype.",
        ),
        Mistake(
            name="turning everything into float64",
            wrong=lambda rows: Rows(
                *(t.detach().double() if t.is_floating_point() else t.detach() for t in rows),
            ),
            advice="The network computes in float32. Keep every dtype.",
        ),
    ),
    hints=(
        "rows is a NamedTuple of five tensors: you can loop over it. What must each of them lose, and what keep?",
        "new Rows made of tensor.detach() for each of the five; the caller's tensors stay as they are.",
        "return Rows(*(tensor.detach() for tensor in rows))",
    ),
)


# ---- 4.2


def _ones(policy: nn.Sequential) -> nn.Sequential:
    """Set all parameters to 1, so that each call makes the same network."""
    for parameter in policy.parameters():
        nn.init.ones_(parameter)
    return policy


def _tiny() -> nn.Module:
    """Two layers of one weight or two, with gradients set by hand."""
    policy = _ones(nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1)))
    gradients = (torch.tensor([[1.0, -1.0]]), torch.zeros(1), None, torch.tensor([-2.0]))
    for parameter, gradient in zip(policy.parameters(), gradients, strict=True):
        parameter.grad = gradient
    return policy


def _frozen() -> nn.Module:
    """Three layers, the first of them taken out of the training; gradients set by hand."""
    policy = _ones(nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 2), nn.Linear(2, 1)))
    policy[0].requires_grad_(False)
    for number, parameter in enumerate(policy[1:].parameters()):
        parameter.grad = torch.zeros_like(parameter)
        parameter.grad.view(-1)[0] = (0.5, 0.0, -1e-6, 3.0)[number]
    return policy


def _after_backward(which: str, shared_trunk: bool) -> Callable[[], nn.Module]:
    """Make a small ActorCritic after `backward()` of one loss."""

    def make() -> nn.Module:
        policy = ActorCritic(3, 4, 5, shared_trunk=shared_trunk, seed=3)
        obs = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
        log_probs, _, values = policy.evaluate_actions(obs, torch.tensor([0, 1, 2, 3, 1, 0]))
        advantages = torch.tensor([1.0, -2.0, 0.5, 3.0, -1.0, 2.0])
        losses = {
            "actor": -(log_probs * advantages).mean(),
            "value": values.square().mean(),
            "both": values.square().mean() - (log_probs * advantages).mean(),
            "silent": -(torch.exp(log_probs - log_probs) * advantages).mean(),
        }
        losses[which].backward()
        return policy

    return make


def _reach_probe(make: Callable[[], nn.Module], what: str) -> Probe:
    def probe(function: Callable[..., Any]) -> Outcome:
        policy = make()
        before = [None if p.grad is None else p.grad.clone() for p in policy.parameters()]
        outcome: Outcome = {"result": function(policy)}
        after = [p.grad for p in policy.parameters()]
        same = all((a is None) == (b is None) for a, b in zip(before, after, strict=True)) and all(
            torch.equal(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None
        )
        if not same:
            outcome["gradients after the call"] = "changed"
        return outcome

    probe.inputs = (what,)  # type: ignore[attr-defined]
    return probe


def _reached(policy: nn.Module, test: Callable[[Tensor], Any]) -> list[str]:
    return [name for name, p in policy.named_parameters() if p.grad is not None and bool(test(p.grad))]


def _wiped(policy: nn.Module) -> list[str]:
    policy.zero_grad()
    return reached_by_gradient(policy)


def _of_state_dict(policy: nn.Module) -> list[str]:
    return [name for name, tensor in policy.state_dict().items() if tensor.grad is not None]


def _twice(policy: nn.Module) -> list[str]:
    named = policy.named_parameters(remove_duplicate=False)
    return [name for name, p in named if p.grad is not None and bool((p.grad != 0).any())]


reached_by_gradient_exercise = Exercise(
    number="4.2",
    function=reached_by_gradient,
    difficulty=2,
    minutes=5,
    probes=(
        _reach_probe(_tiny, "a network with the gradients 0.weight [1, -1], 0.bias [0], 1.weight None, 1.bias [-2]"),
        _reach_probe(_after_backward("actor", False), "a network with two trunks after backward() of the actor's loss"),
        _reach_probe(_after_backward("value", False), "a network with two trunks after backward() of the value loss"),
        _reach_probe(_after_backward("both", False), "a network with two trunks after backward() of both losses"),
        _reach_probe(
            _after_backward("value", True), "a network with a shared trunk after backward() of the value loss"
        ),
        _reach_probe(_after_backward("silent", True), "a network after backward() of a loss whose gradient is 0"),
        _reach_probe(_frozen, "a network whose first layer does not ask for a gradient"),
    ),
    mistakes=(
        Mistake(
            name="listing every parameter",
            wrong=lambda policy: [name for name, _ in policy.named_parameters()],
            advice="That is who is there, not who was reached. What does p.grad hold where backward() never came?",
        ),
        Mistake(
            name="listing every parameter that asks for a gradient (requires_grad)",
            wrong=lambda policy: [name for name, p in policy.named_parameters() if p.requires_grad],
            advice="Asking is not getting. Look at p.grad.",
        ),
        Mistake(
            name="counting a gradient of 0 as reached",
            wrong=lambda policy: _reached(policy, lambda grad: True),
            advice="The silent killer leaves gradients that are there and exactly 0. Look into p.grad.",
        ),
        Mistake(
            name="adding up numbers that cancel (grad.sum() != 0)",
            wrong=lambda policy: _reached(policy, lambda grad: grad.sum() != 0),
            advice="1 and -1 add up to 0. Is any of the numbers not 0?",
        ),
        Mistake(
            name="looking for positive numbers only",
            wrong=lambda policy: _reached(policy, lambda grad: (grad > 0).any()),
            advice="A gradient of -2 pushes as hard as one of 2.",
        ),
        Mistake(
            name="asking that every number of the gradient differs from 0 (all for any)",
            wrong=lambda policy: _reached(policy, lambda grad: (grad != 0).all()),
            advice="A dead ReLU leaves single zeros. One number that is not 0 is enough.",
        ),
        Mistake(
            name="leaving out gradients that are small but not 0",
            wrong=lambda policy: _reached(policy, lambda grad: grad.abs().max() > 1e-4),
            advice="Adam makes a full step of a tiny gradient. Only exactly 0 counts as nothing.",
        ),
        Mistake(
            name="looking at weights only",
            wrong=lambda policy: [name for name in reached_by_gradient(policy) if name.endswith("weight")],
            advice="Biases are parameters too.",
        ),
        Mistake(
            name="returning the parts of the network, not their parameters",
            wrong=lambda policy: list(dict.fromkeys(name.split(".")[0] for name in reached_by_gradient(policy))),
            advice="Asked for are the names as named_parameters() gives them, for instance 'actor_head.bias'.",
        ),
        Mistake(
            name="returning the parameters and not their names",
            wrong=lambda policy: [p for p in policy.parameters() if p.grad is not None and (p.grad != 0).any()],
            advice="named_parameters() gives pairs of a name and a parameter.",
        ),
        Mistake(
            name="a set, which has no order",
            wrong=lambda policy: set(reached_by_gradient(policy)),
            advice="Asked for is a list, in the order of named_parameters().",
        ),
        Mistake(
            name="sorting the names by the alphabet",
            wrong=lambda policy: sorted(reached_by_gradient(policy)),
            advice="Keep the order of named_parameters(): from the first layer to the heads.",
        ),
        Mistake(
            name="the answer turned round: those that were not reached",
            wrong=lambda policy: [n for n, _ in policy.named_parameters() if n not in reached_by_gradient(policy)],
            advice="Asked for are the parameters that were reached.",
        ),
        Mistake(
            name="looking into state_dict(), which has no gradients",
            wrong=_of_state_dict,
            advice="state_dict() hands out detached tensors. named_parameters() hands out the parameters themselves.",
        ),
        Mistake(
            name="counting a shared trunk twice",
            wrong=_twice,
            advice="Two names for the same parameter: named_parameters() as it comes lists it once.",
        ),
        Mistake(
            name="wiping out the gradients before looking (zero_grad)",
            wrong=_wiped,
            advice="Look at what backward() left. Change nothing.",
        ),
    ),
    hints=(
        "What stands in p.grad where backward() never came? And what, where it came with nothing?",
        "the name of each parameter whose grad is not None and has a number other than 0",
        "return [name for name, p in policy.named_parameters() if p.grad is not None and bool((p.grad != 0).any())]",
    ),
)

EXERCISES = (detach_rows_exercise, reached_by_gradient_exercise)
