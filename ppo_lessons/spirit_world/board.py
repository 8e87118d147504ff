"""A picture of the Spirit world in plain numpy: what `render` returns and every replay shows.

Detectives are numbered blue discs with a bar for their health, a fallen one is a grey cross; spirits are orange
diamonds with one dot for each detective it takes to banish them. Shape as well as colour tells them apart.
"""

from collections.abc import Callable

import numpy as np

from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.rules import WorldState

Colour = tuple[int, int, int]
"""RGB."""
CELL = 40
"""Width of a cell in pixels."""
_SMOOTH = 3  # drawn this much larger and averaged, so that edges are smooth
PAPER, GRID, BLUE, ORANGE, GREY = ((250, 250, 247), (214, 214, 208), (0, 114, 178), (194, 82, 0), (112, 112, 112))
WHITE, DARK = (255, 255, 255), (40, 40, 40)
_DIGITS = "75557 26227 71747 71717 55711 74717 74757 71111 75757 75717".split()  # five rows of three pixels, as octal


def draw_board(case: Case, state: WorldState, numbered: bool = True) -> np.ndarray:
    """Draw one copy of the world.

    Args:
        case: For the size, the toughness and the full health.
        state: Of which the first copy is drawn.
        numbered: Whether detectives carry their numbers; shown smaller than it is, nobody could read them.

    Returns:
        RGB, uint8, (size * CELL + 1, size * CELL + 1, 3).
    """
    canvas = _Canvas(case.size)
    for s, k in enumerate(case.toughness):
        if not state.banished[0, s]:
            row, col = state.spirits[0, s]
            canvas.spirit(row, col, k)
    for a in range(case.num_detectives):
        row, col = state.detectives[0, a]
        canvas.detective(a, row, col, state.health[0, a] / case.health, numbered)
    return canvas.picture()


class _Canvas:
    """Shapes on a grid; lengths are in cells."""

    def __init__(self, size: int) -> None:
        self.unit = CELL * _SMOOTH
        side = size * self.unit + _SMOOTH
        self.pixels = np.full((side, side, 3), PAPER, np.uint8)
        for line in range(size + 1):
            at = slice(line * self.unit, line * self.unit + _SMOOTH)
            self.pixels[at] = self.pixels[:, at] = GRID

    def picture(self) -> np.ndarray:
        side = len(self.pixels) // _SMOOTH
        total = np.zeros((side, side, 3), np.uint16)
        for dy in range(_SMOOTH):  # six times faster than a mean over two axes of blocks
            for dx in range(_SMOOTH):
                total += self.pixels[dy::_SMOOTH, dx::_SMOOTH]
        return ((total + _SMOOTH**2 // 2) // _SMOOTH**2).astype(np.uint8)

    def spirit(self, row: int, col: int, toughness: int) -> None:
        y, x = row + 0.5, col + 0.5
        self._fill(y, x, 0.46, WHITE, lambda dy, dx: np.abs(dy) + np.abs(dx) <= 0.46)
        self._fill(y, x, 0.42, ORANGE, lambda dy, dx: np.abs(dy) + np.abs(dx) <= 0.42)
        for i in range(toughness):
            self._disc(y, x + 0.15 * (i - (toughness - 1) / 2), 0.055, WHITE)

    def detective(self, number: int, row: int, col: int, health: float, numbered: bool) -> None:
        # Four places in a cell, so that mates who share it are all seen.
        y = row + (0.27 if number % 4 < 2 else 0.73)
        x = col + (0.25 if number % 2 == 0 else 0.75)
        if health <= 0:
            self._fill(y, x, 0.15, GREY, lambda dy, dx: np.minimum(np.abs(dy - dx), np.abs(dy + dx)) <= 0.05)
            return
        self._disc(y, x, 0.24, WHITE)
        self._disc(y, x, 0.21, BLUE)
        if numbered:
            self._digit(y, x, number % 10)
        self._bar(y + 0.2, x - 0.2, 0.4, DARK)
        self._bar(y + 0.2, x - 0.2, 0.4 * health, (0, 127, 95))

    def _disc(self, y: float, x: float, radius: float, colour: Colour) -> None:
        self._fill(y, x, radius, colour, lambda dy, dx: dy**2 + dx**2 <= radius**2)

    def _bar(self, top: float, left: float, width: float, colour: Colour) -> None:
        y, x, wide, high = (round(v * self.unit) for v in (top, left, width, 0.055))
        self.pixels[y : y + high, x : x + wide] = colour

    def _digit(self, y: float, x: float, number: int) -> None:
        dot = self.unit // 17  # five of them are 12 pixels high
        top, left = round(y * self.unit) - 5 * dot // 2, round(x * self.unit) - 3 * dot // 2
        for r, bits in enumerate(_DIGITS[number]):
            for c in range(3):
                if int(bits) >> (2 - c) & 1:
                    self.pixels[top + r * dot : top + (r + 1) * dot, left + c * dot : left + (c + 1) * dot] = WHITE

    def _fill(
        self, y: float, x: float, reach: float, colour: Colour, inside: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> None:
        """Colour the pixels around (y, x) for which inside(dy, dx) holds."""
        low_y, low_x = (max(0, int((v - reach) * self.unit) - 1) for v in (y, x))
        high_y, high_x = (int((v + reach) * self.unit) + 2 for v in (y, x))
        area = self.pixels[low_y:high_y, low_x:high_x]
        dy = (np.arange(low_y, low_y + area.shape[0])[:, None] + 0.5) / self.unit - y
        dx = (np.arange(low_x, low_x + area.shape[1])[None, :] + 0.5) / self.unit - x
        area[inside(dy, dx)] = colour
