"""The arrays of a `TeamEnv`, held against its promise step by step."""

from collections.abc import Iterator

import numpy as np

from ppo_lessons.action_kinds import ONE_CHOICE, ActionKind
from ppo_lessons.team_env import TEAM_ENV_NAMES, TeamEnv, TeamStep, who_acts_next


def faults_of_arrays(env: TeamEnv, num_steps: int, seed: int) -> Iterator[str]:
    """Play random legal actions, and yield every promise of `TeamEnv` that is broken, with what was got and when.

    Arrays of a wrong shape or dtype end it: nothing else can be said of them.

    Args:
        env: The world; it is reset, and left in the middle of an episode.
        num_steps: How many steps to play.
        seed: For the world and the random actions.
    """
    if hasattr(env, "reset"):
        env.reset(seed)  # may be what sets obs and acting
    if missing := [name for name in TEAM_ENV_NAMES if not hasattr(env, name)]:
        yield f"A TeamEnv has {', '.join(TEAM_ENV_NAMES)}. Missing: {', '.join(missing)}"
        return
    rng, told = np.random.default_rng(seed), set()
    shapes = {"obs": (np.float32, (env.num_envs, env.num_agents, env.obs_size))}
    shapes["acting"] = (np.bool_, (env.num_envs, env.num_agents))
    faults = [f"{fault} (after reset)" for fault in _of_shapes({"obs": env.obs, "acting": env.acting}, shapes)]
    waits = np.zeros(env.num_envs, bool)  # copies in which nobody acts in this step
    for t in range(1, num_steps + 1):
        yield from faults
        if faults:
            return
        if t == 1 and not np.isfinite(env.obs).all():
            yield f"{_text('obs must be finite', env.obs)} (after reset)"
            return
        was_acting = env.acting.copy()
        step = env.step(random_actions(env, rng))
        faults = [f"{fault} (step {t})" for fault in _of_step_shapes(env, step)]
        if not faults:
            for rule, got in _of_step(env, step, was_acting, waits):
                if rule not in told:  # once is enough
                    told.add(rule)
                    yield f"{_text(rule, got)} (step {t})"
            waits = ~env.acting.any(axis=1)
    yield from faults


def random_actions(env: TeamEnv, rng: np.random.Generator) -> np.ndarray:
    """Draw a legal action of its kind for every agent."""
    kind: ActionKind = getattr(env, "action_kind", ONE_CHOICE)
    shape = (env.num_envs, env.num_agents, env.num_actions)
    if kind.continuous:
        return rng.standard_normal(shape, np.float32)
    race = rng.random(shape)
    if kind.masked:
        race[env.obs[..., -env.num_actions :] <= 0] = -1
    if not kind.heads:
        return race.argmax(axis=-1)
    return np.stack([part.argmax(axis=-1) for part in np.split(race, np.cumsum(kind.heads)[:-1], axis=-1)], axis=-1)


def _of_step_shapes(env: TeamEnv, step: TeamStep) -> Iterator[str]:
    if not isinstance(step, TeamStep):
        yield f"step() must return a TeamStep. Got {type(step).__name__}"
        return
    agents, seen = (env.num_envs, env.num_agents), (env.num_envs, env.num_agents, env.obs_size)
    shapes = {"obs": (np.float32, seen), "final_obs": (np.float32, seen), "rewards": (np.float32, agents)}
    shapes |= dict.fromkeys(("terminated", "truncated", "acting"), (np.bool_, agents))
    shapes["episode_over"] = (np.bool_, (env.num_envs,))
    yield from _of_shapes({**step._asdict(), "obs": env.obs, "acting": env.acting}, shapes)


def _of_shapes(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[type, tuple[int, ...]]]) -> Iterator[str]:
    for name, (dtype, shape) in shapes.items():
        array = arrays[name]
        rule = f"{name} must be an array of {np.dtype(dtype).name}, of shape {shape}"
        if not isinstance(array, np.ndarray):
            yield f"{rule}. Got {type(array).__name__}"
        elif array.dtype != dtype or array.shape != shape:
            yield _text(rule, array)


def _of_step(
    env: TeamEnv, step: TeamStep, was_acting: np.ndarray, waits: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rules that a step broke, and what was got."""
    for name, array in (("obs", env.obs), ("final_obs", step.final_obs), ("rewards", step.rewards)):
        if not np.isfinite(array).all():
            yield f"{name} must be finite", array
    ended = step.terminated | step.truncated
    if not (ended | ~was_acting)[step.episode_over].all():
        yield "when episode_over, every agent that was acting is terminated or truncated", ended
    expected = who_acts_next(was_acting, step.terminated, step.truncated, step.episode_over)
    expected &= getattr(env, "present", True)  # a smaller team among larger ones: places that nobody takes
    if not (env.acting == expected).all():
        yield "an agent acts until it is terminated or truncated; all act again when the episode is over", env.acting
    if (waits & ~env.acting.any(axis=1)).any():
        yield "somebody acts in every copy, at the latest one step after an episode's end", env.acting
    kind: ActionKind = getattr(env, "action_kind", ONE_CHOICE)
    if kind.masked and not (env.obs[..., -env.num_actions :] > 0).any(axis=-1)[env.acting].all():
        yield "an action mask leaves everybody who acts something to do", env.obs[..., -env.num_actions :]


def _text(rule: str, got: np.ndarray) -> str:
    return f"{rule}. Got {got.dtype} of shape {got.shape}: {got.ravel()[:6]}"
