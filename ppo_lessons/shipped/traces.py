"""What can be read off a training run while it goes on: vital signs, point by point, healthy or with a planted fault.

A point is the mean over some cycles; of `first_ratio` and `step_grad` it is the largest, and returns look back over
episodes by themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.spirit_world.behaviour import TeamBehaviour, recent
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, TrainReport, train

READINGS = (
    "mean_return", "survival", "entropy", "approx_kl", "clip_fraction", "explained_variance", "value_loss",
    "first_ratio", "actor_grad", "critic_grad", "step_grad", "rows_used",
)  # fmt: skip
"""mean_return and survival: over the last 400 cases. first_ratio: the largest |ratio - 1| in the first mini-batch of
an update. actor_grad, critic_grad: length of the gradient in each head, as it reaches the optimizer. step_grad: the
longest gradient of all parameters together that reached it, in units of max_grad_norm. rows_used: different rows in an
epoch, as a share of T x E x A."""
UPDATE = ("entropy", "approx_kl", "clip_fraction", "explained_variance", "value_loss")


@dataclass(frozen=True)
class Trace:
    """The readings of one run."""

    cycles: np.ndarray
    """Last cycle of each point, (P,)."""
    values: dict[str, np.ndarray]
    """Name of a reading -> float32, (P,); NaN where there was nothing to read, and after a run that broke off."""


class Recorder:
    """Notes what the reports of a run do not say: the first ratio, the gradients at the step, the rows that are used.

    Args:
        run: Before its first cycle.
        steps: What it is trained with; train it with `recorder.steps` instead.
    """

    def __init__(self, run: TrainingRun, steps: Steps) -> None:
        """Put an ear to the optimizer, and one to two of the steps."""
        self.places = run.config.num_steps * run.config.num_envs * run.env.num_agents
        self.max_grad_norm = run.config.max_grad_norm
        self.steps = replace(
            steps,
            importance_ratios=self._hear_ratios(steps.importance_ratios),
            each_minibatch=self._hear_rows(steps.each_minibatch),
        )
        self._policy = run.policy
        run.optimizer.register_step_pre_hook(self._hear_gradient)
        self.begin()

    def begin(self) -> None:
        """Forget the last cycle."""
        self.first_ratio, self.used, self.gradients = float("nan"), float("nan"), []

    def _hear_ratios(self, own: Any) -> Any:
        def importance_ratios(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
            ratios = own(new_log_probs, old_log_probs)
            if np.isnan(self.first_ratio):
                self.first_ratio = float((ratios.detach() - 1).abs().max())
            return ratios

        return importance_ratios

    def _hear_rows(self, own: Any) -> Any:
        def each_minibatch(
            num_rows: int, config: PPOConfig, generator: torch.Generator, steps: Steps
        ) -> Iterator[Tensor]:
            drawn = []
            for index in own(num_rows, config, generator, steps):
                drawn.append(index)
                yield index
            if drawn:
                epochs = torch.cat(drawn).tensor_split(config.epochs)
                self.used = sum(len(epoch.unique()) for epoch in epochs) / config.epochs

        return each_minibatch

    def _hear_gradient(self, *_: Any) -> None:
        heads = (self._policy.actor_head, self._policy.critic_head)
        self.gradients.append([_length(part) for part in (*heads, self._policy)])

    def readings(self) -> dict[str, float]:
        """Return what was heard since `begin`."""
        actor, critic, whole = np.array(self.gradients).T if self.gradients else np.full((3, 1), np.nan)
        return {
            "first_ratio": self.first_ratio,
            "actor_grad": float(actor.mean()),
            "critic_grad": float(critic.mean()),
            "step_grad": float(whole.max()) / self.max_grad_norm,
            "rows_used": self.used / self.places,
        }


def _length(part: nn.Module) -> float:
    gradients = [p.grad.norm() for p in part.parameters() if p.grad is not None]
    return float(torch.stack(gradients).norm()) if gradients else 0.0


def record_run(
    config: PPOConfig, steps: Steps, cycles: int, every: int, world: Any = "standard"
) -> tuple[Trace, ActorCritic]:
    """Train a team and keep its readings.

    Args:
        config: All settings.
        steps: The package's own, or with something planted.
        cycles: How long.
        every: Cycles of a point.
        world: What is played: the name of a case, or any `TeamEnv`.

    Returns:
        The readings, and the team as it is then.
    """
    run = TrainingRun(world, config)
    recorder = Recorder(run, steps)
    reports: list[TrainReport] = []
    heard: list[dict[str, float]] = []
    try:
        for report in train(run, cycles, recorder.steps):
            reports.append(report)
            heard.append(recorder.readings())
            recorder.begin()
    except NonFiniteError:
        pass  # the rest is NaN
    return _in_points(reports, heard, cycles, every), run.policy


def _of_episodes(behaviours: Sequence[Any]) -> dict[str, list[float]]:
    """Return the return and, in the Spirit world, the survival of the last episodes, cycle by cycle."""
    if all(isinstance(behaviour, TeamBehaviour) for behaviour in behaviours):
        names = {"mean_return": "team_return", "survival": "survival"}
        return {name: recent(behaviours, own, least=20) for name, own in names.items()}
    nan = float("nan")
    means = [each.mean_return if each is not None and each.finished else nan for each in behaviours]
    return {"mean_return": means, "survival": [nan] * len(behaviours)}


def _in_points(reports: Sequence[TrainReport], heard: Sequence[Mapping[str, float]], cycles: int, every: int) -> Trace:
    per_cycle = _of_episodes([report.behaviour for report in reports])
    per_cycle |= {name: [getattr(report.update, name) for report in reports] for name in UPDATE}
    per_cycle |= {name: [each[name] for each in heard] for name in READINGS if name not in per_cycle}
    points = np.arange(every, cycles + 1, every)
    values = {}
    for name in READINGS:
        whole = np.full(cycles, np.nan, np.float64)
        whole[: len(reports)] = per_cycle[name]
        pieces = whole.reshape(len(points), every)
        values[name] = _summed_up(name, pieces).astype(np.float32)
    return Trace(points, values)


def _summed_up(name: str, pieces: np.ndarray) -> np.ndarray:
    """Return one number for each point, out of those of its cycles, (P, every)."""
    if name in ("mean_return", "survival"):
        return pieces[:, -1]
    if name in ("first_ratio", "step_grad"):
        return pieces.max(axis=1)
    with np.errstate(invalid="ignore"):
        return pieces.mean(axis=1)
