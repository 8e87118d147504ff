"""Pictures in files of their own: the same to the eye, small, and with the words and frames that they carried."""

import io
import json
import re

import numpy as np
from PIL import Image

from ppo_lessons import policy_player, record
from ppo_lessons.display.picture import Picture, new_figure
from ppo_lessons.display.team import board_of, show_replays
from ppo_lessons.publishing.site.pictures import Pictures, boards_in
from ppo_lessons.shipped.ages import load_age


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_picture_lies_in_a_file_and_looks_the_same(tmp_path):
    figure, axes = new_figure(3, 2)
    axes.plot([0, 1, 0])
    picture = Picture(figure, 'a "line"')
    html = Pictures(tmp_path, "there").kept(f"<div>{picture._repr_mimebundle_()['text/html']}</div>")
    (file,) = tmp_path.iterdir()
    assert html == (
        f'<div><img class="ppo-picture" width="300" height="200" alt="a &quot;line&quot;" '
        f'src="there/{file.name}" loading="lazy"></div>'
    )
    assert file.stat().st_size < len(picture.png)
    assert np.abs(pixels(file.read_bytes()) - pixels(picture.png)).max() < 24


def test_a_replay_brings_its_frames_and_begins_with_a_still(tmp_path):
    replay = record(policy_player(load_age("mastery")), seed=1)
    moving = show_replays({"mastery": replay}, "one case", frames=3)
    html = Pictures(tmp_path).kept(moving._repr_mimebundle_()["text/html"])
    frames = re.search(r'<script type="application/json">(.*?)</script>', html)
    assert json.loads(frames[1]) == boards_in(moving.png) == [board_of("mastery", replay)]
    assert 'data-autoplay="false"' in html
    (file,) = tmp_path.iterdir()
    with Image.open(file) as still:
        assert getattr(still, "n_frames", 1) == 1


def test_a_picture_that_carries_nothing_has_no_frames():
    figure, _ = new_figure(1, 1)
    assert boards_in(Picture(figure, "empty").png) is None
