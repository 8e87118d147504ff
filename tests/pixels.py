"""What can be seen of a picture without eyes."""

import io

import numpy as np
from PIL import Image

from ppo_lessons.display.picture import Picture


def is_not_empty(picture: Picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)
