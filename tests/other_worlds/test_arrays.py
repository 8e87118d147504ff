import numpy as np
import pytest

from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.team_env import TEAM_ENV_NAMES


@pytest.fixture
def broken(scripted_world):
    """Make a world that keeps its promise but for one change to itself, after its fourth step."""

    def make(change, **script):
        class Broken(scripted_world):
            def step(self, actions):
                step = super().step(actions)
                return (change(self, step) or step) if self.time >= 4 else step

        return Broken(**script)

    return make


def test_a_world_that_keeps_its_promise_passes(scripted_world):
    check_team_env(scripted_world(falls={(1, 0, 2), (5, 1, 0)}, ends={(3, 0): "adjourned", (6, 1): "won"}))


def changed(**arrays):
    """A step of which some arrays are replaced by functions of themselves."""

    def change(world, step):
        return step._replace(**{name: new(getattr(step, name)) for name, new in arrays.items()})

    return change


def poke(name, place, value):
    def change(world, step):
        array = getattr(step, name, None)
        (getattr(world, name) if array is None else array)[place] = value

    return change


def set_world(name, new):
    def change(world, step):
        setattr(world, name, new(getattr(world, name)))

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (set_world("obs", lambda obs: obs.astype(float)), r"obs must be an array of float32, of shape \(2, 3, 4\)"),
        (set_world("obs", lambda obs: obs[:, :2]), r"obs must be .*\(2, 3, 4\)\. Got float32 of shape \(2, 2, 4\)"),
        (set_world("obs", lambda obs: obs.tolist()), r"obs must be an array .*Got list"),
        (poke("obs", (0, 0, 0), np.nan), "obs must be finite"),
        (changed(final_obs=lambda obs: obs[0]), r"final_obs must be an array of float32, of shape \(2, 3, 4\)"),
        (poke("final_obs", (1, 2, 3), np.inf), "final_obs must be finite"),
        (changed(rewards=lambda r: r.astype(float)), r"rewards must be an array of float32.*Got float64"),
        (changed(rewards=lambda r: r.sum(axis=1)), r"rewards must be .*\(2, 3\)\. Got float32 of shape \(2,\)"),
        (poke("rewards", (0, 1), np.nan), "rewards must be finite"),
        (changed(terminated=lambda t: t.astype(int)), "terminated must be an array of bool"),
        (changed(truncated=lambda t: t.any(axis=1)), r"truncated must be an array of bool, of shape \(2, 3\)"),
        (changed(episode_over=lambda over: over[:, None]), r"episode_over must be an array of bool, of shape \(2,\)"),
        (poke("episode_over", 0, True), "when episode_over, every agent that was acting is terminated or truncated"),
        (poke("terminated", (0, 1), True), "an agent acts until it is terminated or truncated"),
        (poke("truncated", (0, 1), True), "an agent acts until it is terminated or truncated"),
        (poke("acting", (0, 1), False), "an agent acts until it is terminated or truncated"),
        (set_world("acting", lambda acting: acting.astype(int)), "acting must be an array of bool"),
        (set_world("acting", lambda acting: acting[0]), r"acting must be .*\(2, 3\)\. Got bool of shape \(3,\)"),
        (lambda world, step: tuple(step), "must return a TeamStep. Got tuple"),
        (lambda world, step: {"rewards": step.rewards}, "must return a TeamStep. Got dict"),
    ],
)
def test_a_broken_promise_is_named(broken, change, rule):
    with pytest.raises(ValueError, match=rule):
        check_team_env(broken(change))


def test_a_fallen_agent_that_acts_again_is_named(broken):
    with pytest.raises(ValueError, match="an agent acts until it is terminated or truncated"):
        check_team_env(broken(poke("acting", (0, 2), True), falls={(1, 0, 2)}))


def test_a_team_that_does_not_start_again_is_named(broken):
    with pytest.raises(ValueError, match="all act again when the episode is over"):
        check_team_env(broken(poke("acting", (0, 2), False), ends={(3, 0): "won"}))


def test_a_copy_in_which_nobody_acts_is_named(scripted_world):
    world = scripted_world(falls={(2, 1, a) for a in range(3)})
    with pytest.raises(ValueError, match="somebody acts in every copy, at the latest one step after"):
        check_team_env(world)


@pytest.mark.parametrize("name", TEAM_ENV_NAMES)
def test_what_is_missing_is_named(scripted_world, name):
    class Shell:
        """Has everything but one name."""

        def __init__(self):
            world = scripted_world()
            world.reset(0)
            for other in TEAM_ENV_NAMES:
                if other != name:
                    setattr(self, other, getattr(world, other))

    with pytest.raises(ValueError, match=rf"^A TeamEnv has .*Missing: {name}$"):
        check_team_env(Shell())


def test_bad_arrays_after_the_reset_are_named(scripted_world):
    class NoNumbers(scripted_world):
        def reset(self, seed):
            super().reset(seed)
            self.obs[0, 0, 0] = np.nan

    class NoTeam(scripted_world):
        def reset(self, seed):
            super().reset(seed)
            self.acting = [True, True]

    with pytest.raises(ValueError, match=r"obs must be finite.*\(after reset\)"):
        check_team_env(NoNumbers())
    with pytest.raises(ValueError, match=r"acting must be an array of bool.*\(after reset\)"):
        check_team_env(NoTeam())


def test_plays_as_many_steps_as_asked_with_its_own_chance(scripted_world):
    world, before = scripted_world(), np.random.get_state()[1].copy()
    check_team_env(world, num_steps=17)
    assert len(world.played) == 17
    assert {int(action) for actions in world.played for action in actions.ravel()} == {0, 1, 2}
    assert np.array_equal(np.random.get_state()[1], before)
