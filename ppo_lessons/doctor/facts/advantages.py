"""Facts about advantages: against a closed form, with terminations, truncations and falls in the middle."""

from dataclasses import replace
from typing import Any

import torch

from ppo_lessons.doctor.facts.rollouts import GAMMA, Rollout, explained, in_words, own_settings, rollout
from ppo_lessons.doctor.findings import Different, Fact, Outcome, Unfit, Wrong, is_close, shown
from ppo_lessons.doctor.subject import Asked

GAE = "A_t = delta_t + gamma lambda A_(t+1), delta_t = r_t + gamma V_(t+1) - V_t (Schulman et al. 2016, equation 16)"
PARDO = "What is over is worth 0; what is only cut off goes on without us (Pardo et al. 2018)"
LESSON = "03_advantages"


def _compared(ask: Asked, cases: tuple[Rollout, ...]) -> Outcome:
    """Return the first of some rollouts whose advantages are wrong."""
    own = own_settings(ask)
    for case in (replace(case, **own) for case in cases):
        got, right = ask(**case.quantities())["advantages"], case.right()
        if not is_close(got, right):
            summed = is_close(got, right + case.values)
            hint = "These are the advantages plus the values: the returns." if summed else ""
            return Wrong(case.in_words(), f"advantages {shown(got)}", shown(right), hint)
    return None


def one_step(ask: Asked) -> Outcome:
    """One row: its TD error, with what is expected after it."""
    return _compared(ask, (rollout([1], [2], 3), rollout([0], [0], 1), rollout([-2], [0.5], 0)))


def definition(ask: Asked) -> Outcome:
    """Several rows without an end, for lambda 0, 1 and between."""
    cases = (
        rollout([1, 0], [0, 0], 0),
        rollout([0, 1], [0, 0], 0, gae_lambda=0.0),
        rollout([0, 1], [0, 0], 0, gae_lambda=1.0),
        rollout([1, -2, 3], [0.5, 1, -1], 2),
        rollout([1, -2, 3, 0, 4], [0.5, 1, -1, 2, 0], -2, gamma=0.99, gae_lambda=0.95),
    )
    wrong = _compared(ask, cases)
    if isinstance(wrong, Wrong) and not wrong.hint and {"gamma", "gae_lambda"} <= set(ask.takes):
        asked = [(case, ask(**case.quantities())["advantages"]) for case in (cases[0], cases[3])]
        for gae_lambda, words in ((GAMMA, "gamma is multiplied by gamma: where is lambda?"),
                                  (1.0, "It is what lambda 1 gives: is lambda used?")):  # fmt: skip
            if all(is_close(got, replace(case, gae_lambda=gae_lambda).right()) for case, got in asked):
                return wrong._replace(hint=words)
    own = own_settings(ask)
    return Different(in_words(own)) if wrong is None and own else wrong


def termination(ask: Asked) -> Outcome:
    """An end in the middle: nothing is expected after it, and nothing that comes later reaches back."""
    return _compared(
        ask, (rollout([1], [10], 10, terminated=(0,)), rollout([1, 1, 1], [10, 10, 10], 20, terminated=(1,)))
    )


def truncation(ask: Asked) -> Outcome:
    """A world that pays 1 for ever, with gamma 0.9, is worth 10 everywhere: cut off or not, nothing is surprising."""
    own = own_settings(ask)
    for case in (
        replace(rollout([1], [10], 10, truncated=(0,), final=10), **own),
        replace(rollout([1, 1, 1], [10, 10, 10], 10, truncated=(1,), final=10), **own),
    ):
        got = ask(**case.quantities())["advantages"].detach()
        if is_close(got, case.right()):
            continue
        dead = replace(case, terminated=case.truncated).right()
        hint = "The cut is treated as a death." if is_close(got, dead) else ""
        if not {"truncated", "next_values", "final_values"} & set(ask.takes):
            hint += (
                " It takes no flag that tells a cut from a death. If your rollout adds gamma V(final) to the reward of"
                " a cut step, let the adapter do so, too, and take terminated, truncated and final_values."
            )
        return Wrong(case.in_words(), f"advantages {shown(got)}", shown(case.right()), hint.strip())
    return None


def final_observation(ask: Asked) -> Outcome:
    """After a cut comes the next episode; its first view says nothing about the one before."""
    case = rollout([1, 1, 1], [10, 10, 100], 110, truncated=(1,), final=10)
    if not {"next_values", "final_values"} & set(ask.takes):
        return Unfit("It takes no value of the final observation.")
    case = replace(case, **own_settings(ask))
    got, right = ask(**case.quantities())["advantages"].detach(), case.right()
    if is_close(got[:2], right[:2]):
        return None
    reset = replace(case, final_values=torch.full_like(case.final_values, 100.0)).right()
    hint = "It bootstraps from the first view of the next episode." if is_close(got, reset) else ""
    return Wrong(case.in_words(), f"advantages {shown(got)}", shown(right), hint)


def boundary(ask: Asked) -> Outcome:
    """What happens after an end changes nothing before it, whether it was a death or a cut."""
    for end in ("terminated", "truncated"):
        quiet = rollout([1, 0, 0, 0], [1, 2, 3, 4], 5, **{end: (1,)}, final=6)  # type: ignore[arg-type]
        loud = replace(quiet, rewards=torch.tensor([[1.0], [0.0], [100.0], [100.0]]))
        before, after = (ask(**case.quantities())["advantages"][:2] for case in (quiet, loud))
        if not is_close(before, after):
            right = f"as with rewards of 0 after it, {shown(before)}"
            return Wrong(loud.in_words(), f"before the end {shown(after)}", right)
    return None


def both_flags(ask: Asked) -> Outcome:
    """A death in the very step of the time limit is a death."""
    if not {"terminated", "truncated"} <= set(ask.takes):
        return Unfit("It does not take both flags.")
    return _compared(ask, (rollout([1], [10], 10, terminated=(0,), truncated=(0,), final=10),))


def returns(ask: Asked) -> Outcome:
    """Returns are the advantages plus the values that they were reckoned with."""
    if "returns" not in ask.gives:
        return Unfit("It gives no returns.")
    case = replace(rollout([1, -2, 3], [0.5, 1, -1], 2), **own_settings(ask))
    got = ask(**case.quantities())
    returns, right = got["returns"].detach(), got["advantages"].detach() + case.values
    if is_close(returns, right):
        return None
    summed = replace(case, gae_lambda=1.0).right() + case.values.double()
    if is_close(returns, summed):
        return Different("The critic learns discounted sums of rewards (lambda 1), whatever lambda the actor has.")
    return Wrong(case.in_words(), f"returns {shown(returns)}", shown(right))


def columns(ask: Asked) -> Outcome:
    """Columns (copies of the world, agents) do not touch each other: each is as if it were alone."""
    flags = torch.zeros(2, 3, 4, dtype=torch.bool)
    flags[0, 0, 0] = flags[1, 1, 3] = True
    if "acting" in ask.takes:  # who is credited with what the team gains is not alone: pairs end together
        flags[0, 0, 1] = flags[1, 1, 2] = True
    both = Rollout(
        rewards=torch.tensor([[1.0, 0.0, 2.0, -1.0], [0.0, 5.0, 1.0, 0.0], [2.0, -1.0, 0.0, 3.0]]),
        values=torch.tensor([[1.0, 2.0, 0.0, 5.0], [3.0, 4.0, -1.0, 2.0], [-2.0, 0.5, 1.0, 0.0]]),
        last_values=torch.tensor([5.0, 6.0, -3.0, 2.0]),
        terminated=flags[0],
        truncated=flags[1],
        final_values=torch.where(flags[1], 7.0, 0.0),
        acting=torch.ones_like(flags[0]),
    )
    got = ask(**both.quantities())["advantages"]
    alone = torch.cat([ask(**both.column(n).quantities())["advantages"] for n in range(4)], dim=1)
    if is_close(got, alone):
        return None
    return Wrong(both.in_words(), f"advantages {shown(got)}", f"as each column has them alone, {shown(alone)}")


def fallen(ask: Asked) -> Outcome:
    """Two agents; the first falls in step 0, the team wins 10 in step 2. Its rows after the fall may hold anything."""
    if "acting" not in ask.takes:
        return Unfit("It does not take `acting`: either nobody falls, or the rows are taken away elsewhere.")
    team = Rollout(
        rewards=torch.tensor([[0.0, 0.0], [0.0, 0.0], [10.0, 10.0]]),
        values=torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]),
        last_values=torch.tensor([1.0, 1.0]),
        terminated=torch.tensor([[True, False], [False, False], [True, True]]),
        truncated=torch.zeros(3, 2, dtype=torch.bool),
        final_values=torch.zeros(3, 2),
        acting=torch.tensor([[True, True], [False, True], [False, True]]),
    )
    team = replace(team, **own_settings(ask))
    clean = ask(**team.quantities())["advantages"]
    told = {}
    for poison in (1e9, float("nan")):
        poisoned = replace(team, values=torch.where(team.acting, team.values, poison))
        told[poison] = ask(**poisoned.quantities())["advantages"]
        if poison == 1e9 and not is_close(told[poison][team.acting], clean[team.acting]):
            words = f"{team.in_words()}; values of 1e9 where nobody acts"
            got = f"advantages {shown(told[poison][team.acting])} where somebody acts"
            return Wrong(words, got, shown(clean[team.acting]))
    alone = team.right()[0, 0]
    with_team = alone + team.gamma**2 * 10
    if not is_close(clean[0, 0], alone) and not is_close(clean[0, 0], with_team):
        right = f"{shown(alone)} (the agent alone), or {shown(with_team)} (with the team's later gain)"
        return Wrong(team.in_words(), f"advantage of the fallen {shown(clean[0, 0])}", right)
    words = ""
    if is_close(clean[0, 0], with_team):
        words = "The fallen are credited with what the team gains after their fall. "
    if not all(is_close(got[team.acting], clean[team.acting]) for got in told.values()):
        words += "Rows of the fallen may hold any number, and no NaN: 0 times NaN is NaN."
    return Different(words.strip()) if words else None


def _fact(name: str, says: str, because: str, probe: Any) -> Fact:
    return Fact(part="advantages", name=name, says=says, because=because, lesson=LESSON, probe=explained(name, probe))


FACTS = (
    _fact("one step", "The last row has an advantage: r + gamma V(after it) - V.", GAE, one_step),
    _fact("definition", "An advantage is its TD error and, fading, those that follow.", GAE, definition),
    _fact("termination", "After a termination nothing is expected, and the sum stops.", PARDO, termination),
    _fact("truncation", "After a truncation the critic's estimate stands for the rest.", PARDO, truncation),
    _fact("boundary", "Nothing after an end reaches back over it.", GAE, boundary),
    _fact("final observation", "The estimate after a truncation is that of the final observation, not of the reset.",
          PARDO, final_observation),
    _fact("both flags", "Terminated and truncated in one step: terminated counts.", PARDO, both_flags),
    _fact("returns", "Returns are advantages plus the values of the rollout.",
          "The critic's target is A + V_old, with the estimate of lambda (Schulman et al. 2016, section 5)", returns),
    _fact("columns", "Copies of the world and agents do not touch each other.", GAE, columns),
    _fact("fallen agents", "What rows of the fallen hold changes nothing.",
          "A row without a decision has no advantage (Yu et al. 2022, on death masking)", fallen),
)  # fmt: skip
