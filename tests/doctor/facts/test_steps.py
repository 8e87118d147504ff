"""The step of the optimizer, its size, and rollouts: right in any style, and what each mistake is told."""

import math

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import nn

from tests.doctor.asking import Answers, names_of, require_reproducible

STEP = "loss policy optimizer max_grad_norm"


def in_order(letters):
    """A step made of single calls: z(ero_grad), b(ackward), c(lip), s(tep), and worse."""

    def step(loss, policy, optimizer, limit):
        weights = list(policy.parameters())
        calls = {
            "z": optimizer.zero_grad,
            "b": loss.backward,
            "c": lambda: nn.utils.clip_grad_norm_(weights, limit),
            "s": optimizer.step,
            "v": lambda: nn.utils.clip_grad_value_(weights, limit),
            "e": lambda: [nn.utils.clip_grad_norm_([weight], limit) for weight in weights],
            "h": lambda: nn.utils.clip_grad_norm_(weights, 0.1),
            "-": lambda: [weight.grad.neg_() for weight in weights],
        }
        for letter in letters:
            calls[letter]()

    return step


def by_hand(loss, parameters, optimizer, limit):
    """Gradients are taken, shortened and put there by hand."""
    slopes = torch.autograd.grad(loss, parameters)
    length = math.sqrt(sum(float(slope.square().sum()) for slope in slopes))
    for weight, slope in zip(parameters, slopes, strict=True):
        weight.grad = slope * min(1.0, limit / length)
    optimizer.step()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (in_order("zbcs"), STEP),
        (in_order("bcsz"), STEP),
        (by_hand, "loss parameters optimizer max_grad_norm"),
    ],
)
def test_a_step_in_any_style(function, said):
    assert set(Answers("gradient_step", function, said).passed) == names_of("gradient_step")


@pytest.mark.parametrize(
    ("letters", "failed", "hint"),
    [
        ("bzcs", "a short gradient", "zero_grad() after backward(), or no step()?"),
        ("zbc", "a short gradient", "or no step()?"),
        ("zb-cs", "a short gradient", "It climbs"),
        ("zbhs", "a short gradient", "It is shortened to 0.1, whatever it is told."),
        ("zbcss", "a short gradient", "Two steps are taken."),
        ("bcs", "zero_grad", "The gradient of the first mini-batch is still there"),
        ("zbsc", "clip before the step", "It is not shortened, or only after the step."),
        ("zcbs", "clip before the step", "It is not shortened"),
        ("zbvs", "clip before the step", "Each parameter is shortened by itself"),
        ("zbes", "clip before the step", "Each parameter is shortened by itself"),
    ],
)
def test_a_wrong_step(letters, failed, hint):
    answers = Answers("gradient_step", in_order(letters), STEP)
    assert answers.failed[0] == failed and hint in answers[failed].text
    require_reproducible(answers[failed])


def test_without_a_limit_or_with_one_of_its_own():
    def step(loss, optimizer, limit=None):
        optimizer.zero_grad()
        loss.backward()
        if limit:
            nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], limit)
        optimizer.step()

    free = Answers("gradient_step", step, "loss optimizer")
    assert free.different == {"clip before the step": "The gradient is not shortened."} and free.failed == []
    own = Answers("gradient_step", lambda loss, optimizer: step(loss, optimizer, 0.5), "loss optimizer")
    assert own.different == {"clip before the step": "It takes no max_grad_norm; its own is 0.5."}
    assert own.failed == []


RATE = "learning_rate cycle cycles"


def test_a_line_to_zero():
    assert Answers("learning_rate", lambda rate, k, every: rate - rate * k / every, RATE).passed == ["annealing"]

    def learning_rate_of(update, num_updates, lr):
        return torch.tensor(lr) * (num_updates - update) / num_updates

    assert Answers("learning_rate", learning_rate_of).passed == ["annealing"]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda rate, k, every: rate, "stays as it is"),
        (lambda rate, k, every: rate * (1 - (k - 1) / every), "counts the updates from 1"),
        (lambda rate, k, every: rate * (1 - (k + 1) / every), "one update ahead"),
        (lambda rate, k, every: rate * math.cos(math.pi * k / every / 2), "not in the line"),
        (lambda rate, k, every: rate * (1 - k / (every - 1)), "not in the line"),
        (lambda rate, k, every: rate * min(1, (k + 1) / 3) * (1 - k / every), "rises first, and then falls"),
        (lambda rate, k, every: rate * min(1, k / 3) * (1 - k / every) / 0.7, "rises first, and then falls"),
        (lambda rate, k, every: rate * min(1, k / 3), "rises first, and then stays as it is. The last of 10 has 1"),
        (lambda rate, k, every: rate * (1 - 0.5 * k / every), "The last of 10 has 0.55: it does not come near 0."),
        (lambda rate, k, every: rate * max(0.1, 1 - k / every), "the last of 1000 updates has 0.1 of the step size"),
    ],
)
def test_conventions_of_the_step_size(function, words):
    answers = Answers("learning_rate", function, RATE)
    assert answers.failed == [] and words in answers.different["annealing"]


@pytest.mark.parametrize(
    "function",
    [
        lambda rate, k, every: rate * max(0, 1 - 3 * k / every),
        lambda rate, k, every: rate * (1 - 2 * k / every),
        lambda rate, k, every: rate * (k + 1) / every,
        lambda rate, k, every: (1 - k / every) / 100,
        lambda rate, k, every: float("nan"),
    ],
)
def test_wrong_step_sizes(function):
    answers = Answers("learning_rate", function, RATE)
    assert answers.failed == ["annealing"]
    require_reproducible(answers["annealing"])


def played(make_env, num_steps, *, copies=1, mode=AutoresetMode.SAME_STEP):
    """Vectors of Gymnasium's own; (T, N, ...) comes back."""
    envs = SyncVectorEnv([make_env] * copies, autoreset_mode=mode)
    draws, rows = np.random.default_rng(0), []
    seen, _ = envs.reset(seed=0)
    for _ in range(num_steps):
        actions = draws.integers(0, 3, copies)
        following, rewards, _terminated, truncated, _ = envs.step(actions)
        rows.append((seen, actions, rewards, following, truncated))
        seen = following
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


WORLD = "make_env num_steps"


@pytest.mark.parametrize("copies", [1, 3])
def test_a_rollout_of_vectors(copies):
    answers = Answers(
        "rollout", lambda *given: played(*given, copies=copies)[:3], WORLD, "obs actions rewards", rows="T N"
    )
    assert answers.failed == []
    assert set(answers.passed) == {"no graph", "finite", "actions and rewards", "every decision"}


def in_a_plain_loop(make_env, num_steps):
    env, rows, over = make_env(), [], True
    for t in range(num_steps):
        seen = env.reset()[0] if over else seen  # noqa: F821
        following, reward, terminated, truncated, _ = env.step(t % 3)
        rows.append((torch.from_numpy(seen), t % 3, reward))
        seen, over = following, terminated or truncated
    return [torch.stack(rows_) if torch.is_tensor(rows_[0]) else rows_ for rows_ in map(list, zip(*rows, strict=True))]


def test_a_rollout_in_a_plain_loop():
    answers = Answers("rollout", in_a_plain_loop, WORLD, "obs actions rewards")
    assert answers.failed == [] and "every decision" in answers.passed


def of_a_team(make_team, num_steps, *, spoil=lambda agent, rewards: rewards[agent], after_the_fall=0):
    """Everybody is told by a name, and has a row where they acted."""
    team, rows = make_team(), []
    seen, _ = team.reset()
    for _ in range(num_steps):
        if not team.agents:
            seen, _ = team.reset()
        actions = {agent: n % 3 for n, agent in enumerate(team.agents)}
        following, rewards, *_ = team.step(actions)
        rows += [(seen[agent], actions[agent], spoil(agent, rewards)) for agent in actions]
        rows += [(following[agent], 0, 0.0) for agent in set(actions) - set(team.agents)][:after_the_fall]
        seen = following
    return [np.stack(column) for column in zip(*rows, strict=True)]


def test_a_rollout_of_a_team():
    answers = Answers("rollout", of_a_team, "make_team num_steps", "obs actions rewards")
    assert answers.failed == [] and {"actions and rewards", "every decision"} <= set(answers.passed)

    def summed(make_team, num_steps):
        return of_a_team(make_team, num_steps, spoil=lambda agent, rewards: sum(rewards.values()))

    answers = Answers("rollout", summed, "make_team num_steps", "obs actions rewards")
    assert answers.failed == ["actions and rewards"]
    require_reproducible(answers["actions and rewards"])

    def with_the_fallen(make_team, num_steps):
        return of_a_team(make_team, num_steps, after_the_fall=1)

    answers = Answers("rollout", with_the_fallen, "make_team num_steps", "obs actions rewards")
    assert "somebody had fallen" in answers["actions and rewards"].text


def test_the_step_of_a_reset_is_no_decision():
    def next_step(*given):
        return played(*given, mode=AutoresetMode.NEXT_STEP)[:3]

    answers = Answers("rollout", next_step, WORLD, "obs actions rewards", rows="T N")
    assert answers.failed == ["actions and rewards"] and "Nobody decided" in answers["actions and rewards"].text


def changed(**functions):
    def rollout(*given):
        obs, actions, rewards, following, truncated = played(*given)
        table = {"obs": obs, "actions": actions, "rewards": rewards}
        named = {"following": following, "truncated": truncated, **table}
        return tuple(functions[name](named) if name in functions else table[name] for name in table)

    return Answers("rollout", rollout, WORLD, "obs actions rewards", rows="T N")


def test_wrong_rows():
    late = changed(obs=lambda rows: rows["following"])
    assert late.failed == ["actions and rewards", "every decision"]
    require_reproducible(late["every decision"])
    other = changed(actions=lambda rows: np.roll(rows["actions"], 1, axis=0))
    assert other.failed == ["actions and rewards"]
    nan = changed(rewards=lambda rows: np.where(rows["truncated"], np.nan, rows["rewards"]))
    assert "finite" in nan.failed and nan["finite"].got == "rewards with nan"
    twice = changed(obs=lambda rows: rows["obs"].repeat(2, axis=0)[: len(rows["obs"])])
    assert "every decision" in twice.failed


def test_a_value_added_where_it_is_cut_off_is_a_convention():
    added = changed(rewards=lambda rows: rows["rewards"] + 9.0 * rows["truncated"])
    assert added.failed == [] and "as when gamma V(final) is added" in added.different["actions and rewards"]


def test_a_graph_is_told():
    weight = torch.ones((), requires_grad=True)

    def rollout(make_env, num_steps):
        return torch.from_numpy(played(make_env, num_steps)[0]) * weight

    answers = Answers("rollout", rollout, WORLD, "obs", rows="T N")
    assert answers.failed == ["no graph"] and answers["no graph"].got == "a graph in obs"
    assert answers.unfit["actions and rewards"] == "It does not give obs with actions or rewards."


@pytest.mark.parametrize(("returns", "verdict"), [(3.0, []), (2.0, ["returns"])])
def test_returns_of_a_rollout(returns, verdict):
    def rollout(make_env, num_steps):
        ones = np.ones(num_steps)
        return ones, 2 * ones, returns * ones

    answers = Answers("rollout", rollout, WORLD, "advantages old_values returns")
    assert answers.failed == verdict
    assert answers.unfit["every decision"] == "It gives no obs."


def test_every_fact_is_failed_by_some_function_here():
    assert names_of("gradient_step") == {"a short gradient", "zero_grad", "clip before the step"}
    assert names_of("learning_rate") == {"annealing"}
    assert names_of("rollout") == {"no graph", "finite", "actions and rewards", "every decision", "returns"}
