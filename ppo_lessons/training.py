"""The whole cycle, A to P, again and again: `train` is a generator that reports once a cycle."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, require_trainable
from ppo_lessons.buffer import Rows, SharedBuffer, Transition
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError, WorldError
from ppo_lessons.fitting import fresh_policy, require_fit
from ppo_lessons.guards.fields import whole
from ppo_lessons.guards.threads import one_thread
from ppo_lessons.guards.undo import Undo, keep_generator, keep_weights
from ppo_lessons.optimisation import make_optimizer, set_learning_rate
from ppo_lessons.rollout import collect, see
from ppo_lessons.seams import checked
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.team_env import Meter, TeamEnv, as_team_env, keeps_state, make_meter, require_team_env
from ppo_lessons.team_view import TeamView
from ppo_lessons.update import UpdateReport, masking_by, ppo_update
from ppo_lessons.value_normalisation import follow_returns, rows_in_units

KEPT_MEMORY = 28 * 2**20
"""In bytes; glibc takes no larger block as a hint."""


@dataclass(frozen=True, kw_only=True)
class TrainReport:
    """What one cycle did."""

    cycle: int
    """Number of this cycle, from 1."""
    agent_steps: int
    """Rows (T, E, A) that were played since the start of the run, those of fallen agents included."""
    update: UpdateReport
    """Losses and diagnostics."""
    mean_reward: float
    """Mean reward of a row of a living agent."""
    agent_rewards: tuple[float, ...]
    """The same for each agent alone, (A,); NaN for one that did not act."""
    behaviour: Any
    """What the team did in this rollout, summed up by the meter of its world (`TeamBehaviour`); None without one."""
    rollout_seconds: float
    """CPU time of nodes A to D."""
    update_seconds: float
    """CPU time of nodes E to P."""
    agent_steps_per_second: float
    """Speed of this cycle, in agent-steps per second of CPU time."""


class TrainingRun:
    """Everything that a training run is made of; `train` moves it on, `save_run` keeps it.

    Args:
        env: The world to train in, or what `as_team_env` takes for one: the name of a case of the Spirit world, or a
            `Case`. It is reset with the config's seed.
        config: All hyper-parameters.
        policy: Train this network on; None: a fresh one, with first weights from the config's seed.

    Raises:
        ValueError: If this is no world, or the policy does not fit it or the config.
    """

    @torch.inference_mode(False)
    def __init__(self, env: Any, config: PPOConfig, policy: ActorCritic | None = None) -> None:
        """Make network, optimizer, buffer and generators, each seeded on its own."""
        # One large block, made and freed: from then on glibc keeps the update's memory instead of giving it back to the
        # system and fetching it again in every cycle.
        torch.empty(KEPT_MEMORY, dtype=torch.uint8)
        self._config = config
        self.env = as_team_env(env, config.num_envs)
        require_team_env(self.env)
        if self.env.num_envs != config.num_envs:
            raise ValueError(f"The world must have num_envs = {config.num_envs} copies. Got {self.env.num_envs}")
        seeds = [int(word) for word in np.random.SeedSequence(config.seed).generate_state(4)]
        self.env.reset(seeds[0])
        self.policy = policy if policy is not None else fresh_policy(self.env, config, seeds[1])
        require_fit(self.policy, self.env, config)
        self.optimizer = make_optimizer(self.policy, config)
        self.action_generator = torch.Generator().manual_seed(seeds[2])
        self.shuffle_generator = torch.Generator().manual_seed(seeds[3])
        sizes = config.num_steps, config.num_envs, self.env.num_agents, self.policy.input_size
        kind = self.policy.action_kind
        self.buffer = SharedBuffer(*sizes, kind.shape(self.policy.num_actions), kind.dtype)
        self.meter = make_meter(self.env)
        self.cycle = 0
        self.agent_steps = 0
        """Rows (T, E, A) that were played since the start."""
        self.left_at: np.ndarray | None = None
        """What was seen last where a cycle was broken off, and its steps are kept for the next one."""

    @property
    def config(self) -> PPOConfig:
        """All hyper-parameters. Optimizer and buffer are made of them, so a run keeps them as long as it lives."""
        return self._config

    @config.setter
    def config(self, config: PPOConfig) -> None:
        """Refuse: half of it would be ignored."""
        raise AttributeError(
            "A run keeps its config. To go on with another: save_run(run, path), then load_run(path, config=...). "
            f"Got {config}"
        )


def train(run: TrainingRun, cycles: int, steps: Steps = DEFAULT_STEPS) -> Iterator[TrainReport]:
    """Train for a number of cycles, and report after each.

    The run can be left after any report, or by Ctrl-C at any time, and another `train` goes on from there. A cycle
    happens as a whole or not at all: one that is broken off, by whatever error, leaves no trace. (A world without
    `get_state` and `set_state` cannot be put back; it goes on from where it is. If it counts its `steps_played`, and
    all of them have been stored, the next cycle goes on with what was collected.)

    Args:
        run: What is trained.
        cycles: How many cycles of rollout and update.
        steps: Every node of the flowchart, replaceable by name.

    Yields:
        One report a cycle.

    Raises:
        NonFiniteError: If an observation, a reward, a loss or the gradient is NaN or infinite: which, and in which
            cycle. The policy keeps its last good weights.
        WorldError: If a world that others wrote breaks its promise: where, and in which cycle.
        ValueError: If cycles is no whole number, 0 or more, if a step of your own returns something else than the step
            that it replaces, or if the policy cannot be trained (see `require_trainable`).
    """
    for _ in range(whole("cycles", cycles, 0)):
        yield train_cycle(run, steps)


@one_thread
@torch.inference_mode(False)  # which switches gradients on, too, should they be off
def train_cycle(run: TrainingRun, steps: Steps = DEFAULT_STEPS) -> TrainReport:
    """Go once round the flowchart: rollout, advantages, update, clear.

    Args:
        run: What is trained.
        steps: Every node of the flowchart, replaceable by name.

    Returns:
        The report of this cycle.
    """
    require_trainable(run.policy)
    if run.buffer.step and run.left_at is not None and run.left_at is not run.env.obs:
        _forget(run)  # the world was reset or played meanwhile: what comes now does not follow from these steps
    try:
        _cut_off(run, steps)
        with Undo(keep_weights(run.policy, run.optimizer), _keep_place(run)):
            return _train_cycle(run, checked(steps))
    except (NonFiniteError, WorldError) as error:
        raise type(error)(f"{error} (cycle {run.cycle + 1})") from error


def _train_cycle(run: TrainingRun, steps: Steps) -> TrainReport:
    config, buffer = run.config, run.buffer
    anneal_learning_rate(run.optimizer, config, run.cycle, steps)
    start = time.process_time()
    watch = None if run.meter is None else partial(_watch, run.meter, run.env)
    collecting: dict[str, Any] = dict(play_step=steps.play_step, store=steps.store, is_full=steps.is_full, watch=watch)
    with masking_by(run.policy, steps):
        last_values = collect(_as_seen(run, steps), run.policy, buffer, run.action_generator, **collecting)  # A, B, C
    if config.value_normalisation:
        last_values = _in_rewards(run.policy, buffer, last_values, steps)  # D
    estimating = {name: getattr(steps, name) for name in ("with_team_credit", "next_values", "td_errors", "gae")}
    buffer.finish(last_values, config.gamma, config.gae_lambda, team_credit=config.team_credit, **estimating)  # D
    rows, mean_rewards = buffer.get(steps.flatten_rows), _mean_rewards(buffer, steps)  # D
    if config.value_normalisation:
        rows = _in_units(run.policy, rows, steps)  # D
    middle = time.process_time()
    update = ppo_update(run.policy, run.optimizer, rows, config, run.shuffle_generator, steps=steps)  # E to O
    steps.clear(buffer)  # P
    behaviour = _sum_up(run)
    played = config.num_steps * config.num_envs * run.env.num_agents
    run.cycle, run.agent_steps = run.cycle + 1, run.agent_steps + played
    end = time.process_time()
    return TrainReport(
        cycle=run.cycle,
        agent_steps=run.agent_steps,
        update=update,
        **mean_rewards,
        behaviour=behaviour,
        rollout_seconds=middle - start,
        update_seconds=end - middle,
        agent_steps_per_second=played / max(end - start, 1e-9),
    )


def _as_seen(run: TrainingRun, steps: Steps) -> TeamEnv:
    """Return the world as the network sees it: with the team's view behind each agent's own, if its critic asks."""
    return cast(TeamEnv, TeamView(run.env, steps.team_obs)) if run.config.critic == "team" else run.env


def _cut_off(run: TrainingRun, steps: Steps) -> None:
    """Cut episodes off in whose middle the world was broken off, at the last step that is stored; begin new ones."""
    broken = getattr(run.env, "broken_off", None)  # a world that can be put back has none
    if broken is None or not broken.any():
        return
    if run.buffer.step:
        data, last, copies = run.buffer.data, run.buffer.step - 1, torch.from_numpy(broken)
        goes_on = data.acting[last] & ~data.terminated[last] & ~data.truncated[last]
        cut = goes_on & copies.unsqueeze(-1)  # (E, A)
        data.final_values[last][cut] = run.policy.estimate_values(see(_as_seen(run, steps)))[cut]
        data.truncated[last] |= cut
        data.episode_over[last] |= copies
    acting = run.env.acting
    run.env.begin_again()  # type: ignore[attr-defined]
    if run.meter is not None and hasattr(run.meter, "cut_off"):
        run.meter.cut_off(run.env, broken, acting)


def _in_rewards(policy: ActorCritic, buffer: SharedBuffer, last_values: Tensor, steps: Steps) -> Tensor:
    """Turn all values of a full buffer from units of the spread into rewards; returns the last ones, (E, A)."""
    mean, std = steps.mean_and_std(policy.return_statistics)
    for values in (buffer.data.values, buffer.data.final_values):
        values.copy_(steps.denormalise_values(values, mean, std))
    return steps.denormalise_values(last_values, mean, std)


def _in_units(policy: ActorCritic, rows: Rows, steps: Steps) -> Rows:
    """Take the returns of a rollout into the statistics, and give the critic returns in units of their spread."""
    policy.return_statistics.copy_(follow_returns(policy.return_statistics, steps.of_all_ranks(rows.returns)))
    mean, std = steps.mean_and_std(policy.return_statistics)
    return rows_in_units(rows, steps.normalise_values(rows.returns, mean, std), std)


def anneal_learning_rate(
    optimizer: torch.optim.Optimizer, config: PPOConfig, cycle: int, steps: Steps = DEFAULT_STEPS
) -> None:
    """Set the optimizer's step size for a cycle, if the config asks for annealing."""
    if config.anneal_cycles is not None:
        set_learning_rate(optimizer, steps.annealed(config.learning_rate, cycle, config.anneal_cycles))


def _mean_rewards(buffer: SharedBuffer, steps: Steps) -> dict[str, Any]:
    """Return the mean reward of a row of a living agent, over all and for each agent."""
    copies_first = (part.transpose(0, 1) for part in (buffer.data.rewards, buffer.data.acting))
    rewards, acting = (steps.of_all_ranks(part).transpose(0, 1) for part in copies_first)
    rows, agents = steps.flatten_rows(rewards, acting), steps.badges_of(acting)[:, 2]
    own = tuple(float(rows[agents == a].mean()) for a in range(acting.shape[2]))
    return {"mean_reward": float(steps.mean_over_acting(rewards, acting)), "agent_rewards": own}


def _keep_place(run: TrainingRun) -> Callable[[], object]:
    """Return a function that puts back where the run stands between two cycles, all but the weights."""
    env, meter, counts = run.env, run.meter, (run.cycle, run.agent_steps)
    generators = [keep_generator(run.action_generator), keep_generator(run.shuffle_generator)]
    place = partial(env.set_state, env.get_state()) if keeps_state(env) else None
    before = _steps_played(run)
    running_return = None if meter is None else meter.running_return.copy()

    def put_back() -> None:
        run.cycle, run.agent_steps = counts
        if place is None and run.buffer.step < run.config.num_steps and _steps_played(run) == before is not None:
            run.left_at = env.obs
            return  # every step that was played is in the buffer: the next cycle goes on from here
        for part in generators:
            part()
        _forget(run)
        if place is not None:
            place()
            if meter is not None and running_return is not None:
                meter.running_return = running_return

    return put_back


def _forget(run: TrainingRun) -> None:
    """Empty buffer and meter; the episodes that are being played go on."""
    run.buffer.clear()
    if run.meter is not None:
        run.meter.clear()


def _steps_played(run: TrainingRun) -> int | None:
    """Return how many steps the world has played beyond those in the buffer; None if it does not count."""
    played = getattr(run.env, "steps_played", None)
    return None if played is None else played - run.buffer.step


def _watch(meter: Meter, env: TeamEnv, _: TeamEnv, new: Transition) -> None:
    meter.watch(env, new.rewards.numpy())


def _sum_up(run: TrainingRun) -> Any:
    if run.meter is None:
        return None
    behaviour = run.meter.summary()
    run.meter.clear()
    return behaviour
