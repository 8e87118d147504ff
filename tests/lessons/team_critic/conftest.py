"""Small judges in the place of the shipped ones, and a case that is the same on every machine."""

import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.lessons.team_critic import moments
from ppo_lessons.shipped.critics import SHOWN
from ppo_lessons.spirit_world.evaluation import record
from ppo_lessons.spirit_world.players import random_player
from ppo_lessons.transfer import carry_over


@pytest.fixture(scope="module")
def small_judges():
    """One actor with opinions, and two critics."""
    own = ActorCritic(34, 5, 16, shared_trunk=False, seed=2)
    team = ActorCritic(34, 5, 16, shared_trunk=False, team_size=4 * 34 + 4, seed=3)
    with torch.no_grad():
        own.actor_head.weight.mul_(50)
    carry_over(own, team, critic=False)
    kept = (moments.judges, moments.played_case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments, "load_judge", {"own": own, "team": team}.__getitem__)
        for cached in kept:
            cached.cache_clear()
        yield own, team
    for cached in kept:
        cached.cache_clear()


@pytest.fixture(scope="session")
def case_by_chance():
    """Played by chance: 64 steps; detectives 1, 2 and 3 fall in turn, and 0 never does."""
    return record(random_player(25), SHOWN, seed=11)
