"""The picture that README shows is there, and is the one that the script makes."""

import pytest
from PIL import Image

from ppo_lessons.lessons.start_here.readme_picture import PATH, three_ages


def test_the_readme_picture_is_there():
    with Image.open(PATH) as image:
        assert image.size[0] > 800
    assert PATH.stat().st_size < 200_000


@pytest.mark.slow
def test_the_script_draws_the_three_ages():
    picture = three_ages()
    with Image.open(PATH) as image:
        assert picture.png[16:24] == b"".join(side.to_bytes(4, "big") for side in image.size), "width and height"
    assert all(age in picture.text for age in ("chaos", "survival", "mastery"))
