"""The lesson's diagram: where each box of the forward pass stands, and which connections lead between them."""

from typing import NamedTuple

from ppo_lessons.display.gradients import NOT_REACHED
from ppo_lessons.lessons.detaching.gradient_trace import GradientTrace

WIDTH, HEIGHT = 6.72, 3.9
"""Of the diagram: the unit of the places below."""
PLACES = {
    "obs": (0.22, 1.78, 0.34, 0.3),
    "actor_trunk": (1.0, 2.72, 0.9, 0.5),
    "critic_trunk": (1.0, 0.84, 0.9, 0.5),
    "actor_head": (2.02, 2.72, 0.82, 0.5),
    "critic_head": (2.02, 0.84, 0.82, 0.5),
    "entropies": (3.14, 3.4, 1.1, 0.42),
    "new_log_probs": (3.14, 2.84, 1.1, 0.42),
    "old_log_probs": (3.14, 2.14, 1.1, 0.42),
    "old_values": (3.14, 1.36, 1.1, 0.42),
    "values": (3.14, 0.5, 1.1, 0.42),
    "ratios": (4.28, 2.84, 0.86, 0.42),
    "advantages": (4.28, 2.04, 0.86, 0.42),
    "returns": (4.28, 1.26, 0.86, 0.42),
    "entropy": (5.28, 3.4, 0.82, 0.42),
    "actor_loss": (5.28, 2.5, 0.82, 0.42),
    "value_loss": (5.28, 0.66, 0.82, 0.42),
    "total_loss": (6.26, 1.9, 0.82, 0.42),
}
"""Centre, width and height of each box."""
SHARED = (1.0, 1.78, 0.9, 2.38)
"""Of a trunk that both share."""
HISTORY = ("old_log_probs", "old_values", "advantages", "returns")
"""Boxes of the rollout."""


class Link(NamedTuple):
    """A connection of the diagram, in the direction of the forward pass."""

    source: str
    target: str
    when: str = ""
    """Of connections inside the network: in which pass."""
    shift: float = 0.0
    """How far beside the middle of its boxes it runs, in inches."""
    cut: str = ""
    """Which setting cuts it."""

    def length(self, trace: GradientTrace) -> float:
        """Return the length of what comes back along it."""
        if self.when:
            ends = [key for key in trace.arrows if key[1] == f"{self.target}, {self.when}"]
            return trace.arrows[ends[0]]
        length = trace.arrows.get((self.source, self.target), trace.boxes[self.target])
        return NOT_REACHED if length is None else length

    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where it leaves its source and where it meets its target."""
        x0, y0, w0, h0 = PLACES[self.source]
        x1, y1, w1, h1 = PLACES[self.target]
        if x0 == x1:
            return (x0, y0 - h0 / 2), (x1, y1 + h1 / 2)
        slope = 0.0 if self.when else 0.1 * (y1 > y0) - 0.1 * (y1 < y0)
        return (x0 + w0 / 2, y0 + self.shift + slope), (x1 - w1 / 2, y1 + self.shift - slope)


LINKS = (
    *(Link(f"{part}_trunk", f"{part}_head", "now", 0.1) for part in ("actor", "critic")),
    *(Link(f"{part}_trunk", f"{part}_head", "then", -0.1) for part in ("actor", "critic")),
    Link("actor_head", "entropies"),
    Link("actor_head", "new_log_probs"),
    Link("actor_head", "old_log_probs", cut="no_grad"),
    Link("critic_head", "old_values", cut="no_grad"),
    Link("critic_head", "values"),
    Link("new_log_probs", "ratios"),
    Link("old_log_probs", "ratios", cut="old_log_probs"),
    Link("old_values", "advantages"),
    Link("old_values", "returns"),
    Link("advantages", "returns"),
    Link("entropies", "entropy"),
    Link("ratios", "actor_loss"),
    Link("advantages", "actor_loss", cut="advantages"),
    Link("values", "value_loss"),
    Link("returns", "value_loss", cut="returns"),
    Link("entropy", "total_loss"),
    Link("actor_loss", "total_loss"),
    Link("value_loss", "total_loss"),
)
