"""Small rollouts with advantages that are known by hand, and what they tell of a function that fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.findings import Outcome, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked

GAMMA, LAMBDA = 0.9, 0.8


@dataclass(frozen=True)
class Rollout:
    """A small rollout, in columns: all (T, N), but `last_values` (N,)."""

    rewards: Tensor
    values: Tensor
    last_values: Tensor
    terminated: Tensor
    truncated: Tensor
    final_values: Tensor
    acting: Tensor
    gamma: float = GAMMA
    gae_lambda: float = LAMBDA

    def quantities(self) -> dict[str, Any]:
        """Return all that a function may want to be handed, shifted and joined in every usual way."""
        dones = self.terminated | self.truncated
        following = torch.cat((self.values[1:], self.last_values.unsqueeze(0)))
        return {
            **vars(self),
            "dones": dones,
            "starts": torch.cat((torch.zeros_like(dones[:1]), dones[:-1])),
            "last_dones": dones[-1],
            "next_values": torch.where(self.truncated, self.final_values, following),
            "values_and_last": torch.cat((self.values, self.last_values.unsqueeze(0))),
        }

    def right(self) -> Tensor:
        """Return the advantages as the double sum over steps, straight from the definition, (T, N)."""
        rewards, values = self.rewards.double(), self.values.double()
        steps, columns = rewards.shape
        advantages = torch.zeros(steps, columns, dtype=torch.float64)
        for n in range(columns):
            for t in range(steps):
                for later in range(t, steps):
                    following = values[later + 1, n] if later + 1 < steps else self.last_values[n].double()
                    if self.truncated[later, n]:
                        following = self.final_values[later, n].double()
                    if self.terminated[later, n]:
                        following = torch.zeros((), dtype=torch.float64)
                    delta = rewards[later, n] + self.gamma * following - values[later, n]
                    advantages[t, n] += (self.gamma * self.gae_lambda) ** (later - t) * delta
                    if self.terminated[later, n] or self.truncated[later, n]:
                        break
        return advantages

    def column(self, n: int) -> "Rollout":
        """Return column n alone."""
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **{name: value[..., n : n + 1] for name, value in tensors.items()})

    def in_words(self) -> str:
        """Write it down, without what says nothing."""
        said: dict[str, Any] = {"rewards": self.rewards, "values": self.values, "last_values": self.last_values}
        for name in ("terminated", "truncated"):
            if bool(getattr(self, name).any()):
                said[name] = getattr(self, name)
        if bool(self.truncated.any()):
            said["final_values"] = self.final_values
        if not bool(self.acting.all()):
            said["acting"] = self.acting
        return given(**said, gamma=self.gamma, gae_lambda=self.gae_lambda)


def rollout(
    rewards: list[Any],
    values: list[Any],
    last: float | list[float],
    *,
    terminated: tuple[int, ...] = (),
    truncated: tuple[int, ...] = (),
    final: float = 0.0,
    gamma: float = GAMMA,
    gae_lambda: float = LAMBDA,
) -> Rollout:
    """Make a rollout of one column from lists; ends are given by their steps."""
    column = torch.tensor(rewards, dtype=torch.float32).reshape(len(rewards), -1)
    flags = torch.zeros(2, *column.shape, dtype=torch.bool)
    flags[0, list(terminated)], flags[1, list(truncated)] = True, True
    return Rollout(
        rewards=column,
        values=torch.tensor(values, dtype=torch.float32).reshape(column.shape),
        last_values=torch.tensor(last, dtype=torch.float32).reshape(-1),
        terminated=flags[0],
        truncated=flags[1],
        final_values=torch.where(flags[1], final, 0.0),
        acting=torch.ones_like(flags[0]),
        gamma=gamma,
        gae_lambda=gae_lambda,
    )


def own_settings(ask: Asked) -> dict[str, Any]:
    """Return what gamma and gae_lambda a function has of its own, if it takes none and what it gives tells."""
    own: dict[str, Any] = {}
    if "gamma" not in ask.takes:
        got = _first(ask, rollout([0], [0], 1))
        own |= {"gamma": got} if 0.5 <= got <= 1 else {}
    gamma = own.get("gamma", GAMMA if "gamma" in ask.takes else 0.0)
    if "gae_lambda" not in ask.takes and gamma:
        got = _first(ask, rollout([0, 1], [0, 0], 0)) / gamma
        again = _first(ask, rollout([0, 1, 0], [0, 0, 0], 0)) / gamma
        own |= {"gae_lambda": round(got, 5)} if 0 <= got <= 1 + 1e-6 and is_close(got, again) else {}
    return own


def _first(ask: Asked, case: Rollout) -> float:
    return round(float(ask(**case.quantities())["advantages"][0, 0]), 6)


def in_words(own: dict[str, float]) -> str:
    """Write down what a function has of its own: "It takes no gamma; its own is 0.99."."""
    return " ".join(f"It takes no {name}; its own is {shown(value)}." for name, value in own.items())


def _about_settings(ask: Asked) -> str:
    own = own_settings(ask)
    untold = [name for name in ("gamma", "gae_lambda") if name not in (*ask.takes, *own)]
    notes = [f"It takes no {name}, and none can be told from what it gives: hand it on in the adapter."
             for name in untold]  # fmt: skip
    return " ".join([*filter(None, [in_words(own)]), *notes])


NORMALISED = "They are normalised already: let the adapter return them as they were."
USUAL = {"gamma": (0.99, 0.95, 0.9, 0.98, 0.995, 0.999, 1.0), "gae_lambda": (0.95, 0.9, 0.97, 0.98, 0.8, 1.0)}


def normalises(ask: Asked) -> bool:
    """Whether advantages come back with mean 0 and spread 1."""
    case = rollout([1, -2, 3, 0, 4], [0.5, 1, -1, 2, 0], -2, gamma=0.99, gae_lambda=0.95)
    got = ask(**case.quantities())["advantages"]
    tried = [(getattr(case, name),) if name in ask.takes else usual for name, usual in USUAL.items()]
    for gamma, gae_lambda in product(*tried):
        right = replace(case, gamma=gamma, gae_lambda=gae_lambda).right()
        apart = right - right.mean()
        if any(is_close(got, apart / (apart.std(correction=n) + 1e-8)) for n in (0, 1)):
            return True
    return False


def _about_the_flag(ask: Asked) -> str:
    """Return whether the flag is another than it is called: that of step t, or shifted by one."""
    has = [name for name in ("dones", "starts") if name in ask.takes]
    if len(has) != 1:
        return ""
    name, other = has[0], "starts" if has == ["dones"] else "dones"
    case = replace(rollout([1, -2, 3, 5], [10, 2, 3, 4], 20, terminated=(1,)), **own_settings(ask))
    no_last = "last_dones" not in ask.takes
    if is_close(ask(**case.quantities())["advantages"], case.right()):
        return NO_LAST if name == "starts" and no_last else ""
    takes = tuple(other if each == name else each for each in ask.takes)
    shapes = {other if each == name else each: axes for each, axes in ask.part.shapes.items()}
    swapped = Asked(ask.kind, replace(ask.part, takes=takes, shapes=shapes))
    if not is_close(swapped(**case.quantities())["advantages"], case.right()):
        return ""
    but = ", but for an end in the last row, which needs `last_dones`" if other == "starts" and no_last else ""
    return f"With `{other}` in the place of `{name}` it would pass{but}: is your flag shifted by one?"


NO_LAST = (
    "It takes `starts` and no `last_dones`: whether the last step was an end it cannot know. Take `last_dones`, too; "
    "the adapter may set last_values to 0 there."
)


def explained(name: str, probe: Callable[[Asked], Outcome]) -> Callable[[Asked], Outcome]:
    """Return a probe that says as well what is known about all wrong advantages.

    Args:
        name: Of the fact.
        probe: Its own.
    """

    def asked(ask: Asked) -> Outcome:
        outcome = probe(ask)
        if not isinstance(outcome, Wrong):
            return outcome
        try:
            return _with_hints(name, outcome, ask)
        except Exception:  # what is wrong stays wrong, whatever else it cannot do
            return outcome

    return asked


def _with_hints(name: str, outcome: Wrong, ask: Asked) -> Wrong:
    if normalises(ask):
        return outcome._replace(hint=NORMALISED, of_all=True)
    hints = [outcome.hint]
    if name in ("termination", "boundary"):
        hints.append(_about_the_flag(ask))
    if name not in ("boundary", "columns", "returns"):
        hints.append(_about_settings(ask))
    return outcome._replace(hint=" ".join(filter(None, hints)))
