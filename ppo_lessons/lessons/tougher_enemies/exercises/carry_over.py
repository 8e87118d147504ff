"""What goes along into the next run."""

import copy
from collections.abc import Callable
from typing import Any

import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.classroom.draws import beyond, normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.transfer import carry_over

_FRESH = {
    (shared_trunk, seed): ActorCritic(3, 2, 4, shared_trunk=shared_trunk, seed=seed)
    for shared_trunk in (True, False)
    for seed in (1, 2)
}


def _made(shared_trunk: bool, seed: int) -> ActorCritic:
    """A small network with biases that are not 0, so that each weight of it can be told from every other's."""
    policy = copy.deepcopy(_FRESH[shared_trunk, seed])
    with torch.no_grad():
        for number, weight in enumerate(policy.parameters()):
            weight.add_(0.1 * seed + 0.01 * number + 0.001 * normal(seed, 1))
    return policy


def _carry_probe(shared_trunk: bool, critic: bool, special: str = "", numbers: bool = False) -> Probe:
    """Where each part of the new network comes from, whether the old one is as it was, and whether they are two."""

    def make() -> tuple[ActorCritic, ActorCritic, bool]:
        return _made(shared_trunk, 1), _made(shared_trunk, 2), critic

    def look(function: Callable[..., Any], inputs: tuple[ActorCritic, ActorCritic, bool]) -> Outcome:
        old, new, _ = inputs
        before, fresh = _weights(old), _weights(new)
        result = function(old, new, critic)
        if _same(_weights(old), before) and _same(_weights(new), fresh):
            return {"result": result if result is None or result is ... else "something, and nothing was changed"}
        outcome: Outcome = {"the old network": "as it was" if _same(_weights(old), before) else "changed"}
        outcome |= {f"new {part}": _origin(part, new, before, fresh) for part in _parts(new)}
        outcome |= {"the new numbers": _weights(new)} if numbers else {}
        with torch.no_grad():
            for weight in new.parameters():
                weight.add_(1)
        alone = _same(_weights(old), before) or outcome["the old network"] == "changed"
        return outcome | {"training the new one": "leaves the old one alone" if alone else "changes the old one, too"}

    return Probe(make=make, look=look, special=special)


def _weights(policy: ActorCritic) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in policy.named_parameters()}


def _parts(policy: ActorCritic) -> list[str]:
    return list(dict.fromkeys(name.split(".")[0] for name, _ in policy.named_parameters()))


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _origin(part: str, policy: ActorCritic, old: dict[str, torch.Tensor], fresh: dict[str, torch.Tensor]) -> str:
    """Say whose weights a part holds."""
    now, names = _weights(policy), [name for name in old if name.startswith(f"{part}.")]
    if any(name not in now for name in names):
        return "missing"
    for weights, said in ((old, "the old network's"), (fresh, "its own, fresh")):
        if all(torch.equal(now[name], weights[name]) for name in names):
            return said
    biases = [name for name in names if name.endswith("bias") and torch.equal(now[name], fresh[name])]
    return "the old weights, but its own biases" if biases else "neither the old network's nor its own"


@torch.no_grad()
def _copy(old: ActorCritic, new: ActorCritic, wanted: Callable[[str], bool]) -> None:
    weights = dict(old.named_parameters())
    for name, weight in new.named_parameters():
        if wanted(name):
            weight.copy_(weights[name])


def _share_data(old: ActorCritic, new: ActorCritic, critic: bool) -> None:
    weights = dict(old.named_parameters())
    for name, weight in new.named_parameters():
        if critic or not name.startswith("critic"):
            weight.data = weights[name].data


def _only_a_name(old: ActorCritic, new: ActorCritic, critic: bool) -> None:
    new = copy.deepcopy(old)  # noqa: F841, that is the mistake


def _wrong(wanted: Callable[[str, bool], bool]) -> Callable[..., None]:
    return lambda old, new, critic: _copy(old, new, lambda name: wanted(name, critic))


def _is_actors(name: str) -> bool:
    return not name.startswith("critic")


EXERCISE = Exercise(
    number="14.2",
    node="P",
    function=carry_over,
    difficulty=2,
    minutes=7,
    probes=(
        _carry_probe(True, True),
        _carry_probe(True, False),
        _carry_probe(False, True),
        _carry_probe(False, False),
        *beyond(lambda rng: (_carry_probe(shared, not shared, numbers=True) for shared in (True, False))),
    ),
    mistakes=(
        Mistake(name="always taking the critic along", wrong=_wrong(lambda name, critic: True),
                advice="With critic=False the parameters whose names begin with \"critic\" stay as they are."),
        Mistake(name="never taking the critic along", wrong=_wrong(lambda name, critic: _is_actors(name)),
                advice="With critic=True everything goes along."),
        Mistake(name="taking the critic along when it should not go, and not when it should (critic turned round)",
                wrong=_wrong(lambda name, critic: not critic or _is_actors(name)),
                advice="critic=True: everything. critic=False: all but the critic's."),
        Mistake(name="with critic=False the critic and nothing else",
                wrong=_wrong(lambda name, critic: critic or not _is_actors(name)),
                advice="With critic=False the critic is what does *not* go along."),
        Mistake(name="only the critic's head stays, not its trunk",
                wrong=_wrong(lambda name, critic: critic or not name.startswith("critic_head")),
                advice="If the critic has a trunk of its own, that belongs to it, too: look at the beginning of the "
                "name."),
        Mistake(name="only the heads go along", wrong=_wrong(lambda name, critic: "head" in name
                and (critic or _is_actors(name))),
                advice="What a team has learned to see is in its trunk. All of the actor's parameters go along."),
        Mistake(name="only the actor's head goes along when the critic does not",
                wrong=_wrong(lambda name, critic: critic or name.startswith("actor_head")),
                advice="actor_trunk is the actor's, too, also where the critic reads it."),
        Mistake(name="weights without biases", wrong=_wrong(lambda name, critic: name.endswith("weight")
                and (critic or _is_actors(name))),
                advice="A layer has a weight and a bias. Go through all parameters."),
        Mistake(name="from the new network into the old one", wrong=lambda old, new, critic:
                carry_over(new, old, critic),
                advice="`new` gets the weights of `old`, not the other way round."),
        Mistake(name="the two networks share their memory (weight.data = ...)", wrong=_share_data,
                advice="Now they are one network: training the new one changes the old one. Copy the numbers: "
                "`weight.copy_(...)`."),
        Mistake(name="nothing is copied: `new` only becomes a name for something else", wrong=_only_a_name,
                advice="`new = ...` and `weight = ...` give a name to something else, and the network outside stays as "
                "it was. Change it in place: `weight.copy_(...)`."),
        Mistake(name="another network is returned, and the new one is as it was",
                wrong=lambda old, new, critic: copy.deepcopy(old),
                advice="`new` is to be changed in place: `weight.copy_(...)`. `weight = ...` only gives a name to "
                "something else."),
        Mistake(name="the mean of both networks", wrong=lambda old, new, critic: _mix(old, new, critic),
                advice="A copy is asked for: the new weights are to be equal to the old ones."),
    ),
    hints=(
        "How do you go through the parameters of both networks together, with their names?",
        "for each name of named_parameters(): if critic is True or the name does not begin with \"critic\", copy_ the "
        "old weight into the new one, under torch.no_grad()",
        "weights = dict(old.named_parameters())\n"
        "with torch.no_grad():\n"
        "    for name, weight in new.named_parameters():\n"
        "        if critic or not name.startswith(\"critic\"):\n"
        "            weight.copy_(weights[name])",
    ),
    used="It begins each stage of `train_through` but the first.",
)  # fmt: skip


@torch.no_grad()
def _mix(old: ActorCritic, new: ActorCritic, critic: bool) -> None:
    weights = dict(old.named_parameters())
    for name, weight in new.named_parameters():
        if critic or _is_actors(name):
            weight.lerp_(weights[name], 0.5)
