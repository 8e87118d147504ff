"""Exercises of lesson 03: TD errors, what comes after a step, generalised advantage estimation, credit after a fall."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.advantages import gae, next_values, td_errors, with_team_credit
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, call_with


def _flags(steps: tuple[int, ...], length: int) -> Tensor:
    return torch.tensor([t in steps for t in range(length)])


def _random_rows(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return rewards, values, terminated, truncated, final_values and last_values with many ends, the last row open."""
    generator = torch.Generator().manual_seed(seed)
    draw = [torch.randn(shape, generator=generator) for _ in range(3)]
    terminated, truncated = (torch.rand(shape, generator=generator) < 0.25 for _ in range(2))
    terminated[-1].logical_and_(torch.rand(shape[1:], generator=generator) < 0.3)
    truncated[-1].logical_and_(torch.rand(shape[1:], generator=generator) < 0.3)
    return draw[0], draw[1], terminated, truncated, draw[2], torch.randn(shape[1:], generator=generator)


# ---- 3.1


def _td_probe(seed: int, shape: tuple[int, ...], gamma: float) -> Probe:
    generator = torch.Generator().manual_seed(seed)
    return call_with(*(torch.randn(shape, generator=generator) for _ in range(3)), gamma)


def _discount_rewards_in_place(rewards: Tensor, values: Tensor, next_values: Tensor, gamma: float) -> Tensor:
    rewards += gamma * next_values
    rewards -= values
    return rewards


td_errors_exercise = Exercise(
    number="3.1",
    function=td_errors,
    difficulty=1,
    minutes=2,
    probes=(
        # The second row is followed by an end: its next value is 0, not the 4 below it.
        call_with(torch.tensor([1.0, 3.0, -2.0]), torch.tensor([2.0, 5.0, 4.0]), torch.tensor([5.0, 0.0, 7.0]), 0.5),
        _td_probe(1, (6,), 0.9),
        _td_probe(2, (4, 2, 3), 0.98),
        _td_probe(3, (5, 2), 1.0),
    ),
    mistakes=(
        Mistake(
            name="reward minus value, without what comes next",
            wrong=lambda rewards, values, next_values, gamma: rewards - values,
            advice="The value before the step foretold the whole future. What is left of the future after the step?",
        ),
        Mistake(
            name="forgetting gamma",
            wrong=lambda rewards, values, next_values, gamma: rewards + next_values - values,
            advice="What comes one step later counts a little less.",
        ),
        Mistake(
            name="the target r + gamma V(next), not yet compared with anything",
            wrong=lambda rewards, values, next_values, gamma: rewards + gamma * next_values,
            advice="Better than expected: what was expected before the step?",
        ),
        Mistake(
            name="the sign turned round",
            wrong=lambda rewards, values, next_values, gamma: values - rewards - gamma * next_values,
            advice="A pleasant surprise is to be positive.",
        ),
        Mistake(
            name="discounting the value before the step",
            wrong=lambda rewards, values, next_values, gamma: rewards + next_values - gamma * values,
            advice="Which of the two values lies one step later?",
        ),
        Mistake(
            name="discounting the reward as well",
            wrong=lambda rewards, values, next_values, gamma: gamma * (rewards + next_values) - values,
            advice="The reward of this step is here and now.",
        ),
        Mistake(
            name="discounting everything",
            wrong=lambda rewards, values, next_values, gamma: gamma * (rewards + next_values - values),
            advice="Only one of the three terms lies one step later.",
        ),
        Mistake(
            name="swapping the values before and after the step",
            wrong=lambda rewards, values, next_values, gamma: rewards + gamma * values - next_values,
            advice="values belong to what was seen before the step, next_values to what was seen after it.",
        ),
        Mistake(
            name="reading the value one row below in place of next_values",
            wrong=lambda rewards, values, next_values, gamma: (
                rewards + gamma * torch.cat((values[1:], next_values[-1:])) - values
            ),
            advice="The row below may belong to another case. next_values has taken care of that.",
        ),
        Mistake(
            name="taking the size of the surprise without its sign",
            wrong=lambda rewards, values, next_values, gamma: (rewards + gamma * next_values - values).abs(),
            advice="Worse than expected has to stay negative.",
        ),
        Mistake(
            name="changing the rewards in place",
            wrong=_discount_rewards_in_place,
            advice="The numbers are right, but += writes into the caller's rewards. Make a new tensor.",
        ),
    ),
    hints=(
        "Before the step the critic said V. After it there is a reward in the hand and a new estimate. Compare.",
        "delta = r + gamma V(next) - V, in all rows at once.",
        "return rewards + gamma * next_values - values",
    ),
)


# ---- 3.2


def _next(
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    final_values: Tensor,
    last_values: Tensor,
    *,
    below: str = "next",
    last: str = "last",
    order: str = "truncated terminated",
    flags: str = "own",
) -> Tensor:
    """Do next_values right or wrong, by choice, for the tables of mistakes."""
    tail = {"last": last_values, "zero": torch.zeros_like(last_values), "first": values[0], "same": values[-1]}[last]
    following = torch.cat((values[1:], tail.unsqueeze(0)))
    if below == "same":
        following = values
    if below == "previous":
        following = torch.cat((last_values.unsqueeze(0), values[:-1]))
    if flags == "next":
        terminated, truncated = (torch.cat((flag[1:], flag[:1] & False)) for flag in (terminated, truncated))
    nothing = torch.zeros_like(following)
    for word in order.split():
        if word == "truncated":
            following = torch.where(truncated, final_values, following)
        elif word == "truncated-zero":
            following = torch.where(truncated, nothing, following)
        elif word == "terminated":
            following = torch.where(terminated, nothing, following)
        elif word == "terminated-final":
            following = torch.where(terminated, final_values, following)
        elif word == "only-terminated":
            following = torch.where(terminated, following, nothing)
        elif word == "last":
            following = torch.cat((following[:-1], last_values.unsqueeze(0)))
    return following


def _next_with(**options: str) -> Callable[..., Tensor]:
    return lambda *args: _next(*args, **options)


def _next_in_place(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    result = _next(values, terminated, truncated, final_values, last_values)
    return values.copy_(result)


next_values_exercise = Exercise(
    number="3.2",
    function=next_values,
    difficulty=2,
    minutes=4,
    probes=(
        # Goes on, cut off, really over, both at once, and the last row of the rollout, which goes on.
        call_with(
            torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]),
            _flags((2, 3), 5),
            _flags((1, 3), 5),
            torch.tensor([10.0, 20.0, 30.0, 40.0, 50.0]),
            torch.tensor(6.0),
        ),
        *(call_with(*_random_rows(seed, (7, 2, 3))[1:]) for seed in (1, 2)),
        call_with(*_random_rows(3, (4, 5))[1:]),
        call_with(torch.tensor([1.0, 2.0]), _flags((1,), 2), _flags((), 2), torch.zeros(2), torch.tensor(7.0)),
    ),
    mistakes=(
        Mistake(
            name="treating truncation as death",
            wrong=_next_with(order="truncated-zero terminated"),
            advice="An adjourned case would have gone on. What did the critic make of the very last thing seen?",
        ),
        Mistake(
            name="bootstrapping through termination",
            wrong=_next_with(order="truncated"),
            advice="After a termination nothing comes any more for this agent. How much is nothing worth?",
        ),
        Mistake(
            name="using the reset observation's value (the row below) after a truncation",
            wrong=_next_with(order="terminated"),
            advice="The row below is the start of the next case. final_values holds what the old one was still worth.",
        ),
        Mistake(
            name="ignoring both kinds of end",
            wrong=_next_with(order=""),
            advice="At an end the row below belongs to another case. Which two arrays say where the ends are?",
        ),
        Mistake(
            name="taking the final value at every end",
            wrong=_next_with(order="truncated terminated-final"),
            advice="Cut off and really over are two things. Which of them has a future?",
        ),
        Mistake(
            name="letting truncated win where both flags are set",
            wrong=_next_with(order="terminated truncated"),
            advice="An agent that falls in the step of the adjournment is really over. In which order do you ask?",
        ),
        Mistake(
            name="bootstrapping only where terminated (a flag turned round)",
            wrong=_next_with(order="only-terminated"),
            advice="terminated is 1 where the future must NOT count. Multiply by 1 - terminated, or select.",
        ),
        Mistake(
            name="leaving the last row without a future",
            wrong=_next_with(last="zero"),
            advice="The rollout ends there, but the case may go on. What is last_values for?",
        ),
        Mistake(
            name="going round in a circle: the last row is followed by the first",
            wrong=_next_with(last="first"),
            advice="torch.roll brings the first row to the end. What comes after the last row is in last_values.",
        ),
        Mistake(
            name="repeating the last row's own value as what follows it",
            wrong=_next_with(last="same"),
            advice="What comes after the last row is in last_values.",
        ),
        Mistake(
            name="putting last_values into the last row even if it is an end",
            wrong=_next_with(order="truncated terminated last"),
            advice="The last row can end as well. First shift, then take care of the ends.",
        ),
        Mistake(
            name="not shifting: each row is followed by itself",
            wrong=_next_with(below="same"),
            advice="values[t] is the estimate before step t. Which row holds the one after it?",
        ),
        Mistake(
            name="shifting the wrong way",
            wrong=_next_with(below="previous"),
            advice="After row t comes row t + 1: values[1:], then last_values.",
        ),
        Mistake(
            name="reading the flags of the row below",
            wrong=_next_with(flags="next"),
            advice="terminated[t] says that it ended WITH step t. No shift for the flags.",
        ),
        Mistake(
            name="changing values in place",
            wrong=_next_in_place,
            advice="The numbers are right, but the critic's estimates are overwritten, and returns need them.",
        ),
    ),
    hints=(
        "There are four ways on from a row: plainly on, over the edge of the rollout, cut off, really over. "
        "Which array answers for each?",
        "values shifted up by one, last_values at the end; then final_values where truncated; then 0 where terminated.",
        "following = torch.where(truncated, final_values, torch.cat((values[1:], last_values.unsqueeze(0)))); "
        "return torch.where(terminated, torch.zeros_like(following), following)",
    ),
)


# ---- 3.3


def _gae(
    rewards: Tensor,
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    final_values: Tensor,
    last_values: Tensor,
    gamma: float,
    gae_lambda: float,
    *,
    cut: str = "both",
    decay: str = "both",
    direction: str = "backwards",
    result: str = "advantages",
    rows: str = "all",
    **following: str,
) -> Tensor:
    """Do gae right or wrong, by choice, for the table of mistakes."""
    after = _next(values, terminated, truncated, final_values, last_values, **following)
    deltas = rewards + gamma * after - values
    ends = {"both": terminated | truncated, "terminated": terminated, "none": terminated & False}.get(cut)
    if cut == "next":
        ends = torch.cat(((terminated | truncated)[1:], (terminated | truncated)[:1] | True))
    if cut == "anybody":
        ends = (terminated | truncated).any(dim=-1, keepdim=True).expand_as(terminated)
    steps = {"both": gamma * gae_lambda, "gamma": gamma, "lambda": gae_lambda, "squared": gamma**2, "none": 0.0}[decay]
    assert ends is not None
    advantages, sum_so_far = torch.zeros_like(rewards), torch.zeros_like(last_values)
    order = range(len(rewards) - (rows == "but-last"))
    for t in order if direction == "forwards" else reversed(order):
        sum_so_far = deltas[t] + steps * torch.where(ends[t], torch.zeros_like(sum_so_far), sum_so_far)
        advantages[t] = sum_so_far
    return advantages + values if result == "returns" else advantages


def _gae_with(**options: str) -> Callable[..., Tensor]:
    return lambda *args: _gae(*args, **options)


def _gae_into_rewards(*args: Any) -> Tensor:
    return args[0].copy_(_gae(*args))


def _gae_without_discount_in_delta(*args: Any) -> Tensor:
    *arrays, gamma, gae_lambda = args
    return _gae(*arrays, 1.0, gamma * gae_lambda)


gae_exercise = Exercise(
    number="3.3",
    function=gae,
    difficulty=2,
    minutes=6,
    probes=(
        # The six rows of the lesson: cut off with t = 2, really over with t = 5.
        call_with(
            torch.tensor([1.0, 0.0, 2.0, 0.0, -1.0, 3.0]),
            torch.tensor([2.0, 3.0, 1.0, 5.0, 2.0, 4.0]),
            _flags((5,), 6),
            _flags((2,), 6),
            torch.tensor([0.0, 0.0, 4.0, 0.0, 0.0, 0.0]),
            torch.tensor(6.0),
            0.8,
            0.5,
        ),
        *(call_with(*_random_rows(seed, (8, 2, 3)), 0.9, 0.7) for seed in (1, 2)),
        call_with(*_random_rows(3, (5, 4)), 0.98, 0.8),
        call_with(*_random_rows(4, (6, 2)), 0.9, 0.0),
        call_with(*_random_rows(5, (6, 2)), 0.95, 1.0),
    ),
    mistakes=(
        Mistake(
            name="ignoring the ends in the sum (it runs on through them)",
            wrong=_gae_with(cut="none"),
            advice="The step after an end belongs to another case. Its surprise must not reach back.",
        ),
        Mistake(
            name="cutting the sum only at terminations",
            wrong=_gae_with(cut="terminated"),
            advice="After a truncation another case begins as well. What has to happen to the sum there?",
        ),
        Mistake(
            name="cutting the sum one row too early (the flags of the row below)",
            wrong=_gae_with(cut="next"),
            advice="ends[t] means: it ended with step t, so A_t takes nothing from A_{t+1}. No shift.",
        ),
        Mistake(
            name="cutting everybody's sum when one agent ends",
            wrong=_gae_with(cut="anybody"),
            advice="One detective falls, the others play on. Each has its own flags.",
        ),
        Mistake(
            name="treating truncation as death",
            wrong=_gae_with(order="truncated-zero terminated"),
            advice="Cut off is not over: final_values says what was still to come. Does your V(next) use it?",
        ),
        Mistake(
            name="bootstrapping through termination",
            wrong=_gae_with(order="truncated"),
            advice="Where terminated, V(next) is 0: nothing comes any more.",
        ),
        Mistake(
            name="using the reset observation's value (values[t + 1]) after a truncation",
            wrong=_gae_with(order="terminated"),
            advice="values[t + 1] already belongs to the next case. Which array has the value of the last thing seen?",
        ),
        Mistake(
            name="never bootstrapping the last row",
            wrong=_gae_with(last="zero"),
            advice="The rollout stops there, the case does not. What is last_values for?",
        ),
        Mistake(
            name="gamma squared (gamma for lambda)",
            wrong=_gae_with(decay="squared"),
            advice="Change lambda in your head: does anything move? The sum shrinks by gamma times lambda a step.",
        ),
        Mistake(
            name="forgetting lambda",
            wrong=_gae_with(decay="gamma"),
            advice="The sum shrinks by gamma times lambda with each step.",
        ),
        Mistake(
            name="lambda without gamma",
            wrong=_gae_with(decay="lambda"),
            advice="The sum shrinks by gamma times lambda with each step.",
        ),
        Mistake(
            name="TD errors alone, without the sum",
            wrong=_gae_with(decay="none"),
            advice="That is lambda = 0. What of the surprises further on?",
        ),
        Mistake(
            name="running forwards",
            wrong=_gae_with(direction="forwards"),
            advice="A_t needs A_{t+1}. At which row can you begin?",
        ),
        Mistake(
            name="leaving out the last row",
            wrong=_gae_with(rows="but-last"),
            advice="The last row was a decision too, and often the decisive one: reversed(range(len(rewards))).",
        ),
        Mistake(
            name="returns in place of advantages",
            wrong=_gae_with(result="returns"),
            advice="Advantage + V is the return, the critic's lesson. Asked for is the advantage.",
        ),
        Mistake(
            name="a TD error without gamma",
            wrong=_gae_without_discount_in_delta,
            advice="Look at V(next): it lies one step later.",
        ),
        Mistake(
            name="bootstrapping only where terminated, and gamma squared (the tutorial's lines)",
            wrong=_gae_with(order="only-terminated", decay="squared", cut="none"),
            advice="Two things at once: terminated stops the future, and the sum shrinks by gamma times lambda.",
        ),
        Mistake(
            name="changing the rewards in place",
            wrong=_gae_into_rewards,
            advice="The numbers are right, but the caller's rewards are overwritten. torch.empty_like(rewards) is new.",
        ),
    ),
    hints=(
        "If you knew the advantage of the row below, what would this row's be? And which row can you do first?",
        "A_t = delta_t + gamma lambda A_{t+1}, from the last row upwards; A_{t+1} counts as 0 where the row is an end. "
        "next_values and td_errors give delta.",
        "for t in reversed(range(len(rewards))): following = deltas[t] + gamma * gae_lambda * torch.where(ends[t], "
        "torch.zeros_like(following), following); advantages[t] = following",
    ),
)


# ---- 3.4


def _credit_probe(rewards: Tensor, acting: Tensor, episode_over: Tensor, gamma: float) -> Probe:
    """Look at the rows of the living only: what stands in the rows of the fallen is never read."""
    plain = call_with(rewards, acting, episode_over, gamma)

    def probe(function: Callable[..., Any]) -> Outcome:
        outcome = plain(function)
        result = outcome["result"]
        if isinstance(result, Tensor) and result.shape == acting.shape:
            outcome["result"] = torch.where(acting, result, torch.zeros_like(result))
        return outcome

    probe.inputs = plain.inputs  # type: ignore[attr-defined]
    return probe


def _random_falls(seed: int, shape: tuple[int, int, int], present: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """Return rewards, acting and episode_over of teams that fall one by one and begin again together.

    With `present` below 1 some agents miss the next case, so that only episode_over says where the last one ended.
    """
    generator = torch.Generator().manual_seed(seed)
    steps, copies, agents = shape
    rewards = torch.randn(shape, generator=generator)
    acting, over = torch.zeros(shape, dtype=torch.bool), torch.zeros(steps, copies, dtype=torch.bool)
    alive = torch.rand(copies, agents, generator=generator) < 0.8
    for t in range(steps):
        acting[t] = alive
        alive = alive & (torch.rand(copies, agents, generator=generator) > 0.25)
        over[t] = (torch.rand(copies, generator=generator) < 0.2) | ~alive.any(dim=1)
        newcomers = torch.rand(copies, agents, generator=generator) < present
        alive = torch.where(over[t].unsqueeze(-1), newcomers, alive)
    return rewards, acting, over


def _credit(
    rewards: Tensor,
    acting: Tensor,
    episode_over: Tensor,
    gamma: float,
    *,
    whose: str = "own",
    heirs: str = "fallen",
    over: str = "own",
    discount: str = "each",
    direction: str = "backwards",
) -> Tensor:
    """Do with_team_credit right or wrong, by choice, for the table of mistakes."""
    credited, later = rewards.clone(), torch.zeros_like(rewards[0])
    paid = rewards.sum(dim=-1, keepdim=True).expand_as(rewards) if whose == "all" else rewards
    ends = {"own": episode_over, "none": episode_over & False, "late": episode_over}.get(over)
    if over == "anybody":
        ends = episode_over.any(dim=1, keepdim=True).expand_as(episode_over)
    assert ends is not None
    nothing = torch.zeros_like(later)
    for t in range(len(rewards)) if direction == "forwards" else reversed(range(len(rewards))):
        if over != "late":
            later = torch.where(ends[t].unsqueeze(-1), nothing, later)
        per_step, first = {"each": (gamma, gamma), "none": (1.0, 1.0), "one-less": (gamma, 1.0), "once": (1.0, gamma)}[
            discount
        ]
        credited[t] = rewards[t] + (first * later if heirs != "nobody" else 0)
        carried = paid[t] + per_step * later
        later = carried if heirs == "everybody" else torch.where(acting[t], nothing, carried)
        if over == "late":
            later = torch.where(ends[t].unsqueeze(-1), nothing, later)
    return credited


def _credit_with(**options: str) -> Callable[..., Tensor]:
    return lambda *args: _credit(*args, **options)


def _credit_one_step(rewards: Tensor, acting: Tensor, episode_over: Tensor, gamma: float) -> Tensor:
    """Credit only the very next step after the fall."""
    credited = rewards.clone()
    falls = acting[:-1] & ~acting[1:] & ~episode_over[:-1].unsqueeze(-1)
    credited[:-1] += torch.where(falls, gamma * rewards[1:], torch.zeros_like(rewards[1:]))
    return credited


with_team_credit_exercise = Exercise(
    number="3.4",
    function=with_team_credit,
    difficulty=3,
    minutes=7,
    probes=(
        # One copy, two detectives: the first falls with t = 1, the team wins with t = 3, a new case begins with t = 4.
        _credit_probe(
            torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [10.0, 10.0], [100.0, 100.0]]).unsqueeze(1),
            torch.tensor([[True, True], [True, True], [False, True], [False, True], [True, True]]).unsqueeze(1),
            torch.tensor([[False], [False], [False], [True], [False]]),
            0.5,
        ),
        *(_credit_probe(*_random_falls(seed, (9, 3, 4)), 0.9) for seed in (1, 2)),
        _credit_probe(*_random_falls(3, (12, 2, 3), present=0.6), 0.98),
        _credit_probe(*_random_falls(4, (6, 1, 3)), 1.0),
    ),
    mistakes=(
        Mistake(
            name="no credit at all: every row keeps its own reward",
            wrong=_credit_with(heirs="nobody"),
            advice="Row t = 1 of the first detective is its last one. What did its team get for it afterwards?",
        ),
        Mistake(
            name="crediting the living too",
            wrong=_credit_with(heirs="everybody"),
            advice="An agent that acts in the next row gets that reward there. Only rows of the fallen are passed on.",
        ),
        Mistake(
            name="credit without discount",
            wrong=_credit_with(discount="none"),
            advice="A reward k steps after the fall counts gamma to the power of k.",
        ),
        Mistake(
            name="one gamma too few",
            wrong=_credit_with(discount="one-less"),
            advice="The first fallen row is already one step after the fall: how often is its reward discounted?",
        ),
        Mistake(
            name="one gamma for everything, however late it comes",
            wrong=_credit_with(discount="once"),
            advice="A reward k steps after the fall counts gamma to the power of k.",
        ),
        Mistake(
            name="credit for the next step only",
            wrong=_credit_one_step,
            advice="The team's win can come many steps after the fall. Go on until the case is over.",
        ),
        Mistake(
            name="running past the end of the case",
            wrong=_credit_with(over="none"),
            advice="What happens in the next case is not this agent's doing. Where does episode_over come in?",
        ),
        Mistake(
            name="losing the reward of the last step of the case",
            wrong=_credit_with(over="late"),
            advice="The win comes WITH the step in which episode_over is set. Forget what lies behind it, then add it.",
        ),
        Mistake(
            name="stopping every copy when one case is over",
            wrong=_credit_with(over="anybody"),
            advice="Each copy of the world has its own case: episode_over is (T, E).",
        ),
        Mistake(
            name="adding up the rewards of all mates",
            wrong=_credit_with(whose="all"),
            advice="The team's reward is paid to each agent already, to the fallen too: read its own column.",
        ),
        Mistake(
            name="running forwards",
            wrong=_credit_with(direction="forwards"),
            advice="The row of the fall needs what comes after it. From which end do you have to start?",
        ),
        Mistake(
            name="changing the rewards in place",
            wrong=lambda *args: args[0].copy_(_credit(*args)),
            advice="The numbers are right, but the caller's rewards are overwritten. Begin with rewards.clone().",
        ),
    ),
    hints=(
        "Walk upwards from the last row and carry a purse for each agent. When is it filled, paid out, and emptied?",
        "In each row, from the last: empty the purse of a team whose episode is over; add gamma times the purse to the "
        "row; then the purse holds this sum if the agent is fallen, and 0 if it acted.",
        "nothing = torch.zeros_like(later); later = torch.where(episode_over[t].unsqueeze(-1), nothing, later); "
        "credited[t] = rewards[t] + gamma * later; later = torch.where(acting[t], nothing, credited[t])",
    ),
)

EXERCISES = (td_errors_exercise, next_values_exercise, gae_exercise, with_team_credit_exercise)
