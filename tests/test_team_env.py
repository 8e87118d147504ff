import numpy as np
import pytest

from ppo_lessons.team_env import TeamStep, check_actions, require_team_env, who_acts_next


def test_who_acts_next():
    """Facts 7, 15: one table, all cases."""
    acting = np.array([[True, True, True, False], [True, False, True, True]])
    terminated = np.array([[True, False, False, True], [True, False, True, False]])
    truncated = np.array([[False, True, False, False], [False, False, False, True]])
    following = who_acts_next(acting, terminated, truncated, np.array([False, True]))
    assert following.tolist() == [[False, False, True, False], [True] * 4]


def test_actions_may_be_of_any_whole_type():
    for dtype in (np.int64, np.int32, np.uint8):
        check_actions(np.array([[0, 4]], dtype), 1, 2, 5)


def test_a_team_step_names_its_arrays():
    assert TeamStep._fields == ("rewards", "terminated", "truncated", "episode_over", "final_obs")


class Foreign:
    """An environment that others wrote, as far as it is looked at."""

    def reset(self, seed=None):
        """Never called."""

    step = reset


def test_a_foreign_environment_is_told_what_makes_a_team_of_it(scripted_world):
    require_team_env(scripted_world())
    with pytest.raises(ValueError, match=r"^A world must be a TeamEnv\. Got Foreign without .*GymnasiumTeam\(make_env"):
        require_team_env(Foreign())
    team = Foreign()
    team.possible_agents = ["a"]
    with pytest.raises(ValueError, match=r"PettingZooTeam\(make_env"):
        require_team_env(team)
    vector = Foreign()
    vector.num_envs, vector.single_action_space = 2, None
    with pytest.raises(ValueError, match=r"Got Foreign without num_agents\. .*GymnasiumVectorTeam\(env\)$"):
        require_team_env(vector)
    with pytest.raises(ValueError, match=r"Got str without num_envs, num_agents, reset, step$"):
        require_team_env("cartpole")
