"""The lesson's pictures say what happened."""

import pytest
import torch

from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.lessons.rollout import figures
from ppo_lessons.rollout import collect
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import Replay, record
from ppo_lessons.spirit_world.players import policy_player
from tests.pixels import is_not_empty


@pytest.fixture(scope="module")
def replay() -> Replay:
    return record(policy_player(load_age("chaos"), seed=2), seed=7)


def test_boards_and_health_say_what_happened(replay: Replay):
    boards = figures.show_boards(replay, (0, len(replay) - 1))
    standing = (replay.states.health > 0).sum(axis=1)
    assert f"detectives standing [4, {standing[-1]}]" in boards.text
    health = figures.show_health(replay)
    falls = [
        int((replay.states.health[:, a] == 0).argmax()) for a in range(4) if (replay.states.health[:, a] == 0).any()
    ]
    assert f"falls (X) at {falls}" in health.text
    assert is_not_empty(boards) and is_not_empty(health)


def test_before_and_after_say_who_lost_health_and_which_spirit_is_gone():
    picture = figures.show_before_and_after(recording(), step=6, copy=0)
    assert "health [1, 3, 1, 1] and [0, 3, 0, 1], spirits left 3 and 2" in picture.text
    assert is_not_empty(picture)


def test_observation_groups_cover_every_place_once():
    for case in ("standard", "nightfall"):
        world = SpiritWorld(case, 1)
        world.reset(0)
        groups = figures._observation_groups(world.case)
        places = [place for _, start, stop in groups for place in range(start, stop)]
        assert places == list(range(world.obs_size))
        assert is_not_empty(figures.show_observation(world.case, world.obs[0, 0]))


def test_rollout_figure_counts_rows_of_the_copies_it_shows():
    world = SpiritWorld("standard", 6)
    world.reset(3)
    buffer = SharedBuffer(70, 6, 4, world.obs_size)
    collect(world, load_age("chaos"), buffer, torch.Generator().manual_seed(0))
    data = buffer.data
    picture = figures.show_rollout(data.acting, data.terminated, data.truncated, copies=2)
    real = int(data.acting[:, :2].sum())
    assert f"of {70 * 2 * 4} rows {real} were real decisions" in picture.text
    assert real < 70 * 2 * 4


def test_choices_name_the_drawn_actions():
    logits = torch.zeros(2, 5)
    picture = figures.show_choices(logits, torch.tensor([1, 4]))
    assert "up, right" in picture.text
