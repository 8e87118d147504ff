"""Which parameters a gradient has reached."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic, reached_by_gradient
from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.draws import beyond, normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe


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
        parameter.grad.view(-1)[-1 if number % 2 == 0 else 0] = (0.5, 0.0, -1e-6, 3.0)[number]
    return policy


def _by_chance(kinds: list[int]) -> Callable[[], nn.Module]:
    """Make three layers; each parameter has no gradient (0), one of zeros (1), or a real one (2)."""

    def make() -> nn.Module:
        policy = _ones(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 1)))
        for parameter, kind in zip(policy.parameters(), kinds, strict=True):
            parameter.grad = None if kind == 0 else (kind - 1.0) * torch.ones_like(parameter)
        return policy

    return make


def _after_backward(which: str, shared_trunk: bool) -> Callable[[], nn.Module]:
    """Make a small ActorCritic after `backward()` of one loss."""

    def make() -> nn.Module:
        policy = ActorCritic(3, 4, 5, shared_trunk=shared_trunk, seed=3)
        obs = normal(0, 6, 3)
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


def _reach_probe(make: Callable[[], nn.Module], special: str = "") -> Probe:
    def look(function: Callable[..., Any], inputs: tuple[nn.Module]) -> Outcome:
        (policy,) = inputs
        before = copy.deepcopy([p.grad for p in policy.parameters()])
        outcome: Outcome = {"result": function(policy)}
        if not alike(before, [p.grad for p in policy.parameters()]):
            outcome["gradients after the call"] = "changed"
        return outcome

    return Probe(make=lambda: (make(),), look=look, special=special)


def _reached(policy: nn.Module, test: Callable[[Tensor], Any], **names: bool) -> list[str]:
    return [name for name, p in policy.named_parameters(**names) if p.grad is not None and bool(test(p.grad))]


EXERCISE = Exercise(
    number="5.2",
    node="O",
    function=reached_by_gradient,
    difficulty=2,
    minutes=5,
    probes=(
        _reach_probe(_tiny),  # 0.weight [1, -1], 0.bias [0], 1.weight None, 1.bias [-2]
        _reach_probe(_after_backward("actor", False)),
        _reach_probe(_after_backward("value", False)),
        _reach_probe(_after_backward("both", False)),
        _reach_probe(_after_backward("value", True), "a trunk that actor and critic share"),
        _reach_probe(_after_backward("silent", True), "a loss whose gradient is 0"),
        _reach_probe(_frozen, "a layer that asks for no gradient"),
        *beyond(lambda rng: (_reach_probe(_by_chance(rng.integers(0, 3, 6).tolist())) for _ in range(4))),
    ),
    mistakes=(
        Mistake(name="listing every parameter", wrong=lambda policy: [name for name, _ in policy.named_parameters()],
                advice="That is who is there, not who was reached. What does p.grad hold where backward() never came?"),
        Mistake(name="listing every parameter that asks for a gradient (requires_grad)",
                wrong=lambda policy: [name for name, p in policy.named_parameters() if p.requires_grad],
                advice="Asking is not getting. Look at p.grad."),
        Mistake(name="looking at the weights and not at their gradients",
                wrong=lambda policy: [name for name, p in policy.named_parameters() if bool(p.any())],
                advice="p is the parameter itself. What backward() left stands in p.grad."),
        Mistake(name="counting a gradient of 0 as reached", wrong=lambda policy: _reached(policy, lambda grad: True),
                advice="The silent killer leaves gradients that are there and exactly 0. Look into p.grad."),
        Mistake(name="adding up numbers that cancel (grad.sum() != 0)",
                wrong=lambda policy: _reached(policy, lambda grad: grad.sum() != 0),
                advice="1 and -1 add up to 0. Is any of the numbers not 0?"),
        Mistake(name="looking for positive numbers only",
                wrong=lambda policy: _reached(policy, lambda grad: (grad > 0).any()),
                advice="A gradient of -2 pushes as hard as one of 2."),
        Mistake(name="asking that every number of the gradient differs from 0 (all for any)",
                wrong=lambda policy: _reached(policy, lambda grad: (grad != 0).all()),
                advice="A dead ReLU leaves single zeros. One number that is not 0 is enough."),
        Mistake(name="leaving out gradients that are small but not 0",
                wrong=lambda policy: _reached(policy, lambda grad: grad.abs().max() > 1e-4),
                advice="Adam makes a large step even of a small gradient. Only exactly 0 counts as nothing."),
        Mistake(name="looking at weights only",
                wrong=lambda policy: [name for name in reached_by_gradient(policy) if name.endswith("weight")],
                advice="Biases are parameters too."),
        Mistake(name="returning the parts of the network, not their parameters",
                wrong=lambda policy: list(dict.fromkeys(name.split(".")[0] for name in reached_by_gradient(policy))),
                advice="Asked for are the names as named_parameters() gives them, for instance 'actor_head.bias'."),
        Mistake(name="returning the parameters and not their names",
                wrong=lambda policy: [p for p in policy.parameters() if p.grad is not None and (p.grad != 0).any()],
                advice="named_parameters() gives pairs of a name and a parameter."),
        Mistake(name="the first piece of each name only",
                wrong=lambda policy: [name.split(".")[0] for name in reached_by_gradient(policy)],
                advice="Asked for are the names as named_parameters() gives them, for instance 'actor_head.bias'."),
        Mistake(name="a set, which has no order", wrong=lambda policy: set(reached_by_gradient(policy)),
                advice="Asked for is a list, in the order of named_parameters()."),
        Mistake(name="sorting the names by the alphabet", wrong=lambda policy: sorted(reached_by_gradient(policy)),
                advice="Keep the order of named_parameters(): from the first layer to the heads."),
        Mistake(name="the answer turned round: those that were not reached",
                wrong=lambda policy: [n for n, _ in policy.named_parameters() if n not in reached_by_gradient(policy)],
                advice="Asked for are the parameters that were reached."),
        Mistake(
            name="looking into state_dict(), which has no gradients",
            wrong=lambda policy: [name for name, tensor in policy.state_dict().items() if tensor.grad is not None],
            advice="state_dict() hands out detached tensors. named_parameters() hands out the parameters themselves.",
        ),
        Mistake(name="counting a shared trunk twice",
                wrong=lambda policy: _reached(policy, Tensor.any, remove_duplicate=False),
                advice="Two names for the same parameter: named_parameters() as it comes lists it once."),
        Mistake(name="wiping out the gradients before looking (zero_grad)",
                wrong=lambda policy: policy.zero_grad() or reached_by_gradient(policy),
                advice="Look at what backward() left. Change nothing."),
    ),
    hints=(
        "What stands in p.grad where backward() never came? And what, where it came with nothing?",
        "the name of each parameter whose grad is not None and has a number other than 0",
        "return [\n"
        "    name\n"
        "    for name, p in policy.named_parameters()\n"
        "    if p.grad is not None and bool((p.grad != 0).any())\n"
        "]",
    ),
)  # fmt: skip
