"""Pictures that notebooks carry inside, put into files of their own: smaller, and the same to the eye."""

import base64
import hashlib
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ppo_lessons.interactive.live_figure import encode_small

IMAGE = re.compile(
    r'<img class="(?P<look>[^"]*)" width="(?P<width>\d+)" alt="(?P<alt>[^"]*)" src="data:[^,]*,(?P<data>[^"]*)">'
)
MOVING = "ppo-moving"


class Pictures:
    """Take pictures out of HTML, and keep them in a folder of the site.

    Args:
        folder: Is filled.
        address: Of that folder, as the pages see it.
    """

    def __init__(self, folder: Path, address: str = "../_static/pictures") -> None:
        self.folder, self.address = folder, address

    def kept(self, html: str) -> str:
        """Return HTML whose pictures lie in files.

        Args:
            html: An output of a cell, its pictures inside.
        """
        return IMAGE.sub(self._keep, html)

    def _keep(self, found: re.Match[str]) -> str:
        png = base64.b64decode(found["data"])
        name, (width, height) = self.put(png)
        shown = int(found["width"])
        size = f'width="{shown}" height="{round(shown * height / width)}"'
        source = f"{self.address}/{name}"
        image = f'<img class="{found["look"]}" {size} alt="{found["alt"]}" src="{source}" loading="lazy">'
        boards = boards_in(png) if MOVING in found["look"].split() else None
        if boards is None:
            return image
        frames = json.dumps(boards, separators=(",", ":")).replace("<", "\\u003c")
        autoplay = "true" if "ppo-autoplay" in found["look"] else "false"
        data = f'<script type="application/json">{frames}</script>'
        return f'<div class="ppo-replay" data-title="{found["alt"]}" data-autoplay="{autoplay}">{image}{data}</div>'

    def put(self, png: bytes) -> tuple[str, tuple[int, int]]:
        """Keep one picture, of a moving one its first frame.

        Args:
            png: The bytes.

        Returns:
            The name of its file, and its width and height in pixels.
        """
        picture = Image.open(io.BytesIO(png))
        name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / name).exists():
            small = picture.mode == "P" and getattr(picture, "n_frames", 1) == 1
            (self.folder / name).write_bytes(png if small else encode_small(np.asarray(picture.convert("RGB"))))
        return name, picture.size


def boards_in(png: bytes) -> Any:
    """Return the frames that the picture of a replay carries, as `display.team.board_of` made them; None without any.

    Args:
        png: The bytes.

    References:
        PNG specification, third edition, section 11.3.3.3 (zTXt), https://www.w3.org/TR/png-3/
    """
    at = 8
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"zTXt" and body.startswith(b"boards\0\0"):
            return json.loads(zlib.decompress(body[8:]))
        at += length + 12
    return None
