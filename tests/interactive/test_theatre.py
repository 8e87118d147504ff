"""The replay theatre sends the browser exactly what happened, and not much of it."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.display.team import board_of
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.spirit_world.evaluation import Replay, record
from ppo_lessons.spirit_world.players import cautious_player, cooperative_player, random_player


@pytest.fixture(scope="module")
def replays() -> dict[str, Replay]:
    players = {"random": random_player(0), "cautious": cautious_player, "cooperative": cooperative_player}
    return {name: record(player, seed=0) for name, player in players.items()}


def test_a_board_is_the_replay(replays: dict[str, Replay]):
    assert {replay.outcome for replay in replays.values()} == {"lost", "adjourned", "won"}
    for name, replay in replays.items():
        board, states = board_of(name, replay), replay.states
        detectives, spirits = np.array(board["detectives"]), np.array(board["spirits"])
        assert detectives.shape == (len(replay), 4, 3)
        assert spirits.shape == (len(replay), 3, 3)
        np.testing.assert_array_equal(detectives[..., :2], states.detectives)
        np.testing.assert_array_equal(detectives[..., 2], states.health)
        np.testing.assert_array_equal(spirits[..., :2], states.spirits)
        np.testing.assert_array_equal(spirits[..., 2], states.banished)
        fixed = {key: board[key] for key in ("title", "outcome", "size", "health", "toughness")}
        case = replay.case
        assert fixed == {
            "title": name,
            "outcome": replay.outcome,
            "size": case.size,
            "health": case.health,
            "toughness": list(case.toughness),
        }
    won = board_of("", replays["cooperative"])
    assert [spirit[2] for spirit in won["spirits"][-1]] == [1, 1, 1]
    assert not np.array(won["spirits"])[0, :, 2].any()


def test_what_is_sent_is_small_and_json(replays: dict[str, Replay]):
    longest = replays["cautious"]
    assert len(longest) == 65
    theatre = Theatre("Three", dict.fromkeys("abc", longest), "three replays")
    assert [board["title"] for board in theatre.boards] == ["a", "b", "c"]
    sent = json.dumps(theatre.boards)
    assert json.loads(sent) == theatre.boards
    assert len(sent) < 30_000


def test_put_shows_other_replays_from_their_beginning(replays: dict[str, Replay]):
    theatre = Theatre("Two", replays, "the same case")
    assert [board["title"] for board in theatre.boards] == list(replays)
    theatre.step = 9
    messages = []
    theatre.observe(lambda change: messages.append(change.name), ["boards", "step"])
    theatre.put({"alone": replays["cooperative"]})
    assert theatre.step == 0
    assert theatre.boards == [board_of("alone", replays["cooperative"])]
    assert set(messages) == {"boards", "step"}


def test_a_reader_without_a_kernel_gets_a_moving_picture_of_what_was_put(replays: dict[str, Replay]):
    theatre = Theatre("Two", replays, "the same case")
    theatre.put({"alone": replays["cooperative"]})
    data, _ = theatre._repr_mimebundle_()
    assert data["text/plain"] == "the same case"
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == theatre.model_id
    picture = Image.open(io.BytesIO(png_of(data["text/html"])))
    assert picture.format == "PNG"
    assert 5 < picture.n_frames <= len(replays["cooperative"])
    assert json.loads(picture.text["boards"]) == theatre.boards


def png_of(html: str) -> bytes:
    return base64.b64decode(re.search('base64,([^"]+)', html).group(1))
