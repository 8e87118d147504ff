"""Replays move, and the behaviour of a team is a table."""

import io

from PIL import Image

from ppo_lessons.display import team
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.players import policy_player


def test_replays_move_and_the_shorter_one_stands_still():
    replay = record(policy_player(load_age("chaos"), seed=2), seed=7)
    short = record(policy_player(load_age("mastery")), seed=106)
    picture = team.show_replays({"a": replay, "b": short}, "two replays of different length")
    image = Image.open(io.BytesIO(picture.png))
    assert image.n_frames == min(40, max(len(replay), len(short)))
    assert len(picture.png) < 150_000


def test_the_table_of_behaviour_names_every_toughness():
    behaviour = evaluate(policy_player(load_age("chaos")), cases=20)
    table = team.behaviour_table({"a": behaviour})
    assert f"{behaviour.win_rate:.0%}" in str(table) and "toughness 3" in str(table)
