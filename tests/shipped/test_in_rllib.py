"""RLlib plays our world, is told our settings, and its policy plays in our evaluation; what it does at a time limit."""

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports are not ours to mend
    pytest.importorskip("ray.rllib.algorithms.ppo", exc_type=ImportError)

import ray
from ray.rllib.connectors.learner import general_advantage_estimation
from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.in_rllib import TEAM, SpiritInRLlib, decisions_of, in_rllib, logits_of, rllib_player
from ppo_lessons.shipped.on_ray import session
from ppo_lessons.shipped.rllib_words import VERSION, WORDS
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*Overriding environment rllib:UserWarning"),  # its second one in a process
]

CONFIG = PPOConfig(num_envs=2, num_steps=16, minibatch_size=64, hidden_size=8, epochs=1, team_credit=False, seed=5)
CALM = Case(name="calm", toughness=(4, 4, 4), health=1000, step_limit=6)
"""Nobody falls and nothing is won: every case ends by the time limit."""
MIXED = Case(name="mixed", toughness=(4, 4, 4), health=3, step_limit=12)
"""Some fall in the very step in which the time is up."""


@pytest.fixture(scope="module", autouse=True)
def on_one_ray() -> Iterator[None]:
    with session(1):
        yield


def test_each_word_of_the_table_is_what_rllib_is_told():
    assert ray.__version__ == VERSION
    told = in_rllib(CONFIG)
    for word in WORDS:
        said = told.model_config[word.theirs] if word.part == "model" else getattr(told, word.theirs)
        assert said == word.value(CONFIG, 4), word.theirs


def test_a_cycle_is_trained_and_its_policy_plays_in_our_evaluation():
    algorithm = in_rllib(CONFIG, "stray").build_algo()
    before = {name: value.clone() for name, value in algorithm.get_module(TEAM).state_dict().items()}
    first = decisions_of(algorithm.train())
    assert 2 * 16 * 4 <= first < 2 * 16 * 4 + 2 * 4, "a whole batch, and what the last step has too much"
    after = algorithm.get_module(TEAM).state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    played, again = (evaluate(rllib_player(algorithm, seed=1), "stray", cases=6) for _ in range(2))
    assert (played.cases, played.team_return) == (6, again.team_return)
    np.testing.assert_array_equal(played.visits, again.visits)
    assert decisions_of(algorithm.train()) >= 2 * first - 8

    episodes = algorithm.env_runner.sample(num_episodes=1)
    for agent, piece in episodes[0].agent_episodes.items():
        seen = np.stack(piece.get_observations(slice(0, len(piece))))
        np.testing.assert_allclose(
            logits_of(algorithm.get_module(TEAM), seen),
            np.stack(piece.get_extra_model_outputs("action_dist_inputs")),
            atol=1e-6,
            err_msg=f"{agent}: the numbers that RLlib shows its policy are those of our world",
        )
    algorithm.stop()


def test_a_player_draws_as_its_policy_says():
    algorithm = in_rllib(CONFIG, "stray").build_algo()
    world = SpiritWorld("stray", 2000)
    world.reset(0)
    world.obs[:] = world.obs[0]
    drawn = rllib_player(algorithm)(world)
    assert drawn.shape == world.acting.shape
    wanted = logits_of(algorithm.get_module(TEAM), world.obs[0]).softmax(dim=-1)
    for a in range(4):
        shares = np.bincount(drawn[:, a], minlength=5) / 2000
        np.testing.assert_allclose(shares, wanted[a], atol=0.05)
    algorithm.stop()


def played_to_the_end(env: ParallelPettingZooEnv, seed: int) -> tuple[dict, dict]:
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    while True:
        _, _, terminated, truncated, _ = env.step({name: int(rng.integers(5)) for name in env.par_env.agents})
        if not env.par_env.agents:
            return terminated, truncated
        assert not terminated["__all__"] and not truncated["__all__"]


def test_every_end_is_told():
    """RLlib's wrapper by itself says nothing if some fall and the others are cut off in one step."""
    silent = 0
    for seed in range(40):
        terminated, truncated = played_to_the_end(ParallelPettingZooEnv(SpiritParallelEnv(MIXED)), seed)
        by_itself = terminated["__all__"] or truncated["__all__"]
        silent += not by_itself
        for limit_is_death in (False, True):
            env = SpiritInRLlib({"case": MIXED, "limit_is_death": limit_is_death})
            told, cut = played_to_the_end(env, seed)
            assert told["__all__"] or cut["__all__"]
            assert {name: told[name] for name in terminated} == terminated
            assert by_itself is False or not limit_is_death or (told, cut) == (terminated, truncated)
            assert limit_is_death or set(cut) == {"__all__"} or not cut["__all__"]
    assert silent >= 3, "if this fails, the wrapper has been mended, and ours is not needed"


@pytest.mark.parametrize("limit_is_death", [False, True])
def test_what_a_time_limit_is_to_rllib(limit_is_death: bool, monkeypatch: pytest.MonkeyPatch):
    """In a team, an end of all agents is a termination to RLlib 2.60.0, unless it is told of `__all__` alone."""
    asked, real = [], general_advantage_estimation.compute_value_targets

    def watched(**given: np.ndarray) -> np.ndarray:
        asked.append(given)
        return real(**given)

    monkeypatch.setattr(general_advantage_estimation, "compute_value_targets", watched)
    algorithm = in_rllib(CONFIG, CALM, limit_is_death=limit_is_death).build_algo()
    assert isinstance(algorithm.env_runner, MultiAgentEnvRunner)
    algorithm.train()
    (given,) = asked
    cut_off = given["truncateds"].astype(bool)
    assert cut_off.sum() >= 2 * 2 * 4
    terminated = given["terminateds"].astype(bool)
    assert terminated.sum() == (2 * 2 * 4 if limit_is_death else 0), "two whole cases in each of two copies"
    algorithm.stop()
