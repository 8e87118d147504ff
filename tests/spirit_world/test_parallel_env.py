import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test

from ppo_lessons.errors import NotReadyError
from ppo_lessons.spirit_world.board import draw_board
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.spirit_world.rules import VERSION

SMALL = Case(name="small", size=5, toughness=(1, 2), health=2, step_limit=20)


def play(env, seed, episodes=3):
    """Every dictionary of whole episodes, played with actions that do not depend on what is seen."""
    rng, shown = np.random.default_rng(0), []
    for episode in range(episodes):
        shown.append(env.reset(seed=seed if episode == 0 else None))
        while env.agents:
            table = rng.integers(0, 5, len(env.possible_agents))
            actions = {agent: int(table[env.possible_agents.index(agent)]) for agent in env.agents}
            shown.append((*env.step(actions), list(env.agents)))
    return shown


def equal(first, second):
    """Whether two histories are equal, dictionary by dictionary."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, (tuple, list)):
        return len(first) == len(second) and all(map(equal, first, second))
    return np.array_equal(first, second)


@pytest.mark.parametrize("case", [*CASES, SMALL])
def test_passes_pettingzoos_own_test(case):
    parallel_api_test(SpiritParallelEnv(case), num_cycles=300)


def test_passes_pettingzoos_seed_test():
    parallel_seed_test(lambda: SpiritParallelEnv("standard"))


@pytest.mark.parametrize("case", ["standard", "nightfall", SMALL])
def test_the_same_seed_gives_the_same_episodes_to_their_ends(case):
    """Fact 36. PettingZoo's own test compares the first step only; the episodes after the first count as well."""
    first, again, other = (play(SpiritParallelEnv(case), seed) for seed in (1, 1, 2))
    assert len(first) > 30
    assert equal(first, again)
    assert not equal(first, other)


def test_a_used_world_is_as_good_as_a_new_one():
    env = SpiritParallelEnv("standard")
    first = play(env, 1)
    assert equal(play(env, 1), first)


def test_without_a_seed_the_episodes_differ():
    env = SpiritParallelEnv("standard")
    layouts = [np.stack(list(env.reset(seed=seed)[0].values())) for seed in (3, None, None)]
    assert not np.array_equal(layouts[0], layouts[1])
    assert not np.array_equal(layouts[1], layouts[2])
    fresh = [np.stack(list(SpiritParallelEnv("standard").reset()[0].values())) for _ in range(2)]
    assert not np.array_equal(*fresh)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("case", ["standard", "fog", SMALL])
def test_is_the_spirit_world_step_by_step(case, seed):
    """The same rules with dictionaries: observations, rewards, ends, and who is left."""
    env, world = SpiritParallelEnv(case), SpiritWorld(case, 1)
    seen, _ = env.reset(seed=seed)
    world.reset(seed)
    names = env.possible_agents
    assert all(np.array_equal(seen[name], world.obs[0, a]) for a, name in enumerate(names))
    rng = np.random.default_rng(seed)
    while env.agents:
        acted = [(a, name) for a, name in enumerate(names) if name in env.agents]
        actions = rng.integers(0, 5, (1, len(names)))
        seen, rewards, terminations, truncations, infos = env.step({name: int(actions[0, a]) for a, name in acted})
        step = world.step(actions)
        shown = (seen, rewards, terminations, truncations, infos)
        assert all(list(part) == [name for _, name in acted] for part in shown)
        for a, name in acted:
            assert np.array_equal(seen[name], step.final_obs[0, a])
            assert rewards[name] == step.rewards[0, a]
            assert terminations[name] == step.terminated[0, a]
            assert truncations[name] == step.truncated[0, a]
        left = [name for a, name in acted if not (step.terminated[0, a] or step.truncated[0, a])]
        assert env.agents == left
        assert bool(step.episode_over[0]) is (not left)


def test_spaces_hold_what_is_seen_and_stay_the_same_objects():
    env = SpiritParallelEnv("standard")
    for agent in env.possible_agents:
        assert env.observation_space(agent) is env.observation_space(agent)
        assert env.action_space(agent) is env.action_space(agent)
        assert env.action_space(agent).n == 5
    for step in play(env, 0):
        for agent, obs in step[0].items():
            assert env.observation_space(agent).contains(obs)


def test_what_is_handed_out_is_not_the_worlds_own_memory():
    env = SpiritParallelEnv("standard")
    seen, _ = env.reset(seed=0)
    before = env.world.obs.copy()
    seen["detective_0"][:] = 99
    assert np.array_equal(env.world.obs, before)
    seen = env.step(dict.fromkeys(env.agents, 0))[0]
    before = env.world.obs.copy()
    seen["detective_0"][:] = 99
    assert np.array_equal(env.world.obs, before)


def test_refuses_a_step_before_the_reset_and_after_the_end():
    env = SpiritParallelEnv(SMALL)
    with pytest.raises(NotReadyError, match=r"^Call reset\(\) before step\(\)"):
        env.step({"detective_0": 0})
    play(env, 0, episodes=1)
    with pytest.raises(NotReadyError, match=r"^Call reset\(\) before step\(\)"):
        env.step({"detective_0": 0})


def test_refuses_missing_and_impossible_actions_and_plays_nothing():
    env, quiet = SpiritParallelEnv("standard"), SpiritParallelEnv("standard")
    env.reset(seed=0)
    quiet.reset(seed=0)
    with pytest.raises(ValueError, match=r"needs an action\. Missing: \['detective_3'\]"):
        env.step(dict.fromkeys(env.agents[:3], 0))
    for wrong in (5, -1, 1.5):
        with pytest.raises(ValueError, match=r"^actions must be .*Got "):
            env.step(dict.fromkeys(env.agents, wrong))
    actions = dict.fromkeys(env.agents, 1)
    assert equal(env.step(actions), quiet.step(actions))


def test_renders_a_picture():
    env = SpiritParallelEnv("standard", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    env.step(dict.fromkeys(env.agents, 1))
    assert not np.array_equal(env.render(), first)
    assert SpiritParallelEnv("standard").render() is None


def test_after_the_end_the_picture_is_of_the_end():
    """Not of the next case, which the world has laid out already."""
    env = SpiritParallelEnv(SMALL, render_mode="rgb_array")
    env.reset(seed=0)
    while env.agents:
        env.step(dict.fromkeys(env.agents, 1))
    assert np.array_equal(env.render(), draw_board(SMALL, env.world.played))
    assert not np.array_equal(env.render(), draw_board(SMALL, env.world.state))
    env.reset(seed=0)
    assert np.array_equal(env.render(), draw_board(SMALL, env.world.state))


def test_refuses_an_unknown_render_mode_and_an_unknown_case():
    with pytest.raises(ValueError, match=r"render_mode must be 'rgb_array' or None\. Got 'human'"):
        SpiritParallelEnv("standard", render_mode="human")
    with pytest.raises(ValueError, match=r"^A case is one of"):
        SpiritParallelEnv("easy")


def test_names_itself_with_the_version_of_the_rules():
    assert SpiritParallelEnv.metadata["name"] == f"spirit_world_v{VERSION}"


@pytest.mark.parametrize("seed", range(3))
def test_a_step_that_is_broken_off_is_played_whole_or_not_at_all(seed, monkeypatch):
    """Who is left is read off the world: world and dictionaries agree wherever Ctrl-C comes."""
    env, rng = SpiritParallelEnv(SMALL), np.random.default_rng(seed)
    env.reset(seed=seed)
    step = env.world.step

    def pressed_after(actions):
        step(actions)
        raise KeyboardInterrupt

    monkeypatch.setattr(env.world, "step", pressed_after)
    while env.agents:
        with pytest.raises(KeyboardInterrupt):
            env.step({agent: int(rng.integers(5)) for agent in env.agents})
        standing = [name for name, health in zip(env.possible_agents, env.world.state.health[0], strict=True) if health]
        over = (env.world.played.clock != env.world.state.clock).any()
        assert env.agents == ([] if over else standing)
    monkeypatch.undo()
    with pytest.raises(NotReadyError):
        env.step({})
    assert play(env, seed, 1)
