"""Facts about the step of the optimizer, its size, and what a rollout leaves behind."""

from itertools import count, pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.doctor.findings import TOLERANCE, Different, Fact, Outcome, Unfit, Wrong, is_close, shown
from ppo_lessons.doctor.script_worlds import Happened, ScriptEnv, ScriptTeam
from ppo_lessons.doctor.subject import Asked

LESSON = "11_full_update"
NUM_STEPS = 8
START = "weights [0, 0], plain gradient descent with step size 1"
BACKWARD = "backward() adds to the gradient that is there; a step is for one mini-batch"
SHORTEN = "g max(1, |g| / limit)^-1, over all parameters together (Pascanu et al. 2013)"


class Two(nn.Module):
    """Two weights, whose loss has the gradient that is asked for."""

    def __init__(self) -> None:
        """Start at 0."""
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def loss(self, a: float, b: float) -> Tensor:
        """Return a loss with the slopes a and b."""
        return (a * self.a + b * self.b).sum()


def _step(ask: Asked, slopes: list[tuple[float, float]], limit: float) -> Tensor:
    """Take steps of plain gradient descent with step size 1, and return where the weights are."""
    policy = Two()
    parameters = list(policy.parameters())
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    for slope in slopes:
        handed = dict(policy=policy, parameters=parameters, optimizer=optimizer, max_grad_norm=limit)
        ask(loss=policy.loss(*slope), **handed)
    return torch.cat([weight.detach() for weight in parameters])


def a_step(ask: Asked) -> Outcome:
    """A short gradient is taken as it is."""
    got = _step(ask, [(0.3, -0.4)], 10.0)
    if is_close(got, [-0.3, 0.4]):
        return None
    hint = ""
    if is_close(got, [0.0, 0.0]):
        hint = "Nothing has moved: zero_grad() after backward(), or no step()?"
    if is_close(got, [-0.6, 0.8]):
        hint = "Two steps are taken."
    if is_close(got, [0.3, -0.4]):
        hint = "It climbs: what is handed over is to be minimised."
    if is_close(got[0] * 0.4, -got[1] * 0.3) and -0.3 < float(got[0]) < 0:
        hint = f"It is shortened to {shown(got.norm())}, whatever it is told."
    return Wrong(f"{START}, slopes [0.3, -0.4], max_grad_norm 10", f"weights {shown(got)}", "[-0.3, 0.4]", hint)


def from_nothing(ask: Asked) -> Outcome:
    """Two mini-batches: the second's gradient is its own."""
    got = _step(ask, [(0.3, -0.4), (0.3, -0.4)], 10.0)
    if is_close(got, [-0.6, 0.8]):
        return None
    hint = "The gradient of the first mini-batch is still there: zero_grad()." if is_close(got, [-0.9, 1.2]) else ""
    words = f"{START}, slopes [0.3, -0.4] twice, max_grad_norm 10"
    return Wrong(words, f"weights {shown(got)}", "[-0.6, 0.8]", hint)


def shortened(ask: Asked) -> Outcome:
    """A gradient of length 5 is shortened to 1 before the step, its direction kept."""
    got = _step(ask, [(3.0, -4.0)], 1.0)
    if is_close(got, [-0.6, 0.8]):
        return None
    hint = ""
    if is_close(got, [-3.0, 4.0]):
        if "max_grad_norm" not in ask.takes:
            return Different("The gradient is not shortened.")
        hint = "It is not shortened, or only after the step."
    if is_close(got.abs()[0], got.abs()[1]):
        hint = "Each parameter is shortened by itself: the direction changes."
    elif "max_grad_norm" not in ask.takes and is_close(got[0] * 4, -got[1] * 3) and -3 < float(got[0]) < 0:
        return Different(f"It takes no max_grad_norm; its own is {shown(got.norm())}.")
    return Wrong(f"{START}, slopes [3, -4], max_grad_norm 1", f"weights {shown(got)}", "[-0.6, 0.8]", hint)


def to_zero(ask: Asked) -> Outcome:
    """Ten updates: from the full step size in a line towards 0, never below."""
    got = [float(ask(learning_rate=1.0, cycle=k, cycles=10)["learning_rate"]) for k in range(10)]
    if is_close(got, [1 - k / 10 for k in range(10)]):
        last = float(ask(learning_rate=1.0, cycle=999, cycles=1000)["learning_rate"])
        words = f"It stops falling: the last of 1000 updates has {shown(last)} of the step size, not nearly 0."
        return None if is_close(last, 0.001) else Different(words)
    end = "" if got[-1] < 0.1 + TOLERANCE else f" The last of 10 has {shown(got[-1])}: it does not come near 0."
    if is_close(got, [1.0] * 10):
        return Different("The step size stays as it is.")
    if is_close(got, [1 - (k - 1) / 10 for k in range(10)]):
        return Different("It counts the updates from 1: handed an update from 0, its first step is too large.")
    if is_close(got, [1 - (k + 1) / 10 for k in range(10)]):
        return Different("It is one update ahead: the first has less than the whole, and the last has 0.")
    if is_close(got[0], 1.0) and min(got[:8]) > 0 and all(a >= b >= 0 for a, b in pairwise(got)):
        return Different("The step size falls, and not in the line 1 - k / K." + end)
    top = got.index(max(got))
    rises, falls = got[: top + 1] == sorted(got[: top + 1]), got[top:] == sorted(got[top:], reverse=True)
    if 0 < top < 6 and rises and falls and 0 < min(got[1:8]) and got[top] <= 1 + TOLERANCE and got[-1] >= 0:
        then = "stays as it is" if got[top] == got[-1] else "falls"
        return Different(f"The step size rises first, and then {then}." + end)
    return Wrong("learning_rate 1, update k of 10", shown(got), shown([1 - k / 10 for k in range(10)]))


def _played(ask: Asked) -> tuple[dict[str, Tensor], dict[int, Happened]]:
    """Let a rollout be played in worlds that keep one record; return its rows, and the record."""
    record: dict[int, Happened] = {}
    views = count(1)
    worlds = {"make_env": lambda: ScriptEnv(record, views), "make_team": lambda: ScriptTeam(record, views)}
    return ask(**worlds, num_steps=NUM_STEPS), record


def without_graph(ask: Asked) -> Outcome:
    """Nothing that a rollout has stored carries a graph."""
    stored, _ = _played(ask)
    with_graph = [name for name, value in stored.items() if value.requires_grad]
    if not with_graph:
        return None
    return Wrong("a rollout", f"a graph in {', '.join(with_graph)}", "data, without a graph")


def finite(ask: Asked) -> Outcome:
    """All that a rollout has stored is a number."""
    for name, value in _played(ask)[0].items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            bad = value.detach()[~torch.isfinite(value.detach())]
            return Wrong("a rollout", f"{name} with {shown(bad[0])}", "finite numbers")
    return None


def as_it_was(ask: Asked) -> Outcome:
    """A row has the action that was played there, and the reward that was paid for it."""
    stored, record = _played(ask)
    if "obs" not in stored or not {"actions", "rewards"} & set(stored):
        return Unfit("It does not give obs with actions or rewards.")
    changed = False
    for row, badge in enumerate(_views(stored)):
        if badge not in record:
            hint = "Nobody decided anything there: it was the end of an episode, or somebody had fallen."
            return Wrong("a world whose views are numbered", f"a row of view {badge}", "rows of decisions alone", hint)
        happened = record[badge]
        for name, right in (("actions", happened.action), ("rewards", happened.reward)):
            if name in stored and not is_close(stored[name][row], right):
                if name == "rewards" and happened.truncated:
                    changed = True
                    continue
                got = f"view {badge} with {name} {shown(stored[name][row])}"
                return Wrong("a world whose views are numbered", got, shown(right))
    words = "Where it is cut off, another reward is stored than was paid, as when gamma V(final) is added to it."
    return Different(words) if changed else None


def _views(stored: dict[str, Tensor]) -> list[int]:
    """Return what was seen in each row."""
    return stored["obs"].detach().flatten(1)[:, 0].round().long().tolist()


def every_decision(ask: Asked) -> Outcome:
    """Every decision is a row, once: the step of a fall, too."""
    stored, record = _played(ask)
    if "obs" not in stored:
        return Unfit("It gives no obs.")
    badges = _views(stored)
    missing, twice = sorted(set(record) - set(badges)), sorted({b for b in badges if badges.count(b) > 1})
    if not missing and not twice:
        return None
    got = f"no row for views {missing[:6]}" if missing else f"more than one row for views {twice[:6]}"
    return Wrong(f"{len(record)} decisions in a world whose views are numbered", got, "one row for each")


def sums(ask: Asked) -> Outcome:
    """Returns are advantages plus the values of the rollout."""
    stored, _ = _played(ask)
    if not {"returns", "advantages", "old_values"} <= set(stored):
        return Unfit("It does not give returns, advantages and old_values together.")
    apart = (stored["returns"] - stored["advantages"] - stored["old_values"]).detach().abs().max()
    if float(apart) < TOLERANCE * max(1.0, float(stored["returns"].detach().abs().max())):
        return None
    return Wrong("a rollout", f"they differ by {shown(apart)}", "returns = advantages + old_values")


def _fact(part: str, name: str, says: str, because: str, probe: Any, lesson: str = LESSON) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


DATA = "What was played is data: its numbers are no functions of the weights (Schulman et al. 2017, section 3)"

FACTS = (
    _fact("gradient_step", "a short gradient", "A short gradient is taken as it is.", SHORTEN, a_step),
    _fact("gradient_step", "zero_grad", "Every mini-batch has a gradient of its own.", BACKWARD, from_nothing),
    _fact("gradient_step", "clip before the step", "A long gradient is shortened before the step, as a whole.", SHORTEN,
          shortened),
    _fact("learning_rate", "annealing", "The step size falls in a line and reaches 0 at the end.",
          "lr (1 - k / K) (Schulman et al. 2017, table 5)", to_zero, "12_team_training"),
    _fact("rollout", "no graph", "What is stored carries no graph.", DATA, without_graph, "05_detaching"),
    _fact("rollout", "finite", "What is stored is finite.", "NaN in one row is NaN in every weight", finite,
          "01_rollout"),
    _fact("rollout", "actions and rewards", "A row has its own action, and the reward that this agent was paid.",
          "(s_t, a_t, r_t) of one agent; a reward for everybody is not added up", as_it_was, "01_rollout"),
    _fact("rollout", "every decision", "Every decision of a living agent is a row, and nothing else is.",
          "The step of a fall is a decision, what comes after it is none (Yu et al. 2022)", every_decision,
          "02_shared_buffer"),
    _fact("rollout", "returns", "Returns are advantages plus the values of the rollout.",
          "The critic's target is A + V_old", sums, "03_advantages"),
)  # fmt: skip
