"""The cases of the Spirit world: named presets of rising toughness.

A case fixes everything about one kind of episode. All presets have four detectives and three spirits, so
that one team (one network) can be tried on each of them.
"""

from dataclasses import dataclass

from ppo_lessons.guards.fields import is_number, is_whole, make_plain, suggest_names


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of episode of the Spirit world. Every field is checked when the case is made.

    Raises:
        ValueError: If a field is outside the range that its comment gives.
        TypeError: If there is no such field; the one that was probably meant is named.
    """

    name: str
    """How the case is called in figures and reports."""
    size: int = 7
    """Rows and columns of the square grid, 4 to 32."""
    num_detectives: int = 4
    """Number of agents A, 1 to 32."""
    toughness: tuple[int, ...] = (1, 2, 3)
    """For each spirit: how many living detectives must stand next to it to banish it, 1 to num_detectives."""
    health: int = 4
    """Health of a detective at the start, 1 or more. Each spirit next to it takes 1 in each step."""
    step_limit: int = 64
    """After so many steps the case is adjourned (truncated), 1 or more."""
    sight: int | None = None
    """A detective sees mates and spirits at most so many steps away; None: the whole grid."""
    drift: float = 0.5
    """Probability with which a spirit takes one step in a random direction, 0 to 1."""

    def __post_init__(self) -> None:
        """Refuse a case that the rules cannot play; numbers of numpy and torch become plain ones."""
        make_plain(self)
        tests = {
            "size must be a whole number, 4 to 32": is_whole(self.size, 4, 32),
            "num_detectives must be a whole number, 1 to 32": is_whole(self.num_detectives, 1, 32),
            "toughness must name at least one spirit, each 1 to num_detectives": isinstance(self.toughness, tuple)
            and len(self.toughness) > 0
            and all(is_whole(k, 1, self.num_detectives) for k in self.toughness),
            "health must be a whole number, 1 or more": is_whole(self.health, 1),
            "step_limit must be a whole number, 1 or more": is_whole(self.step_limit, 1),
            "sight must be None, or a whole number, 1 or more": self.sight is None or is_whole(self.sight, 1),
            "drift must be 0 to 1": is_number(self.drift) and 0.0 <= self.drift <= 1.0,
        }
        for rule, holds in tests.items():
            if not holds:
                raise ValueError(f"{rule}. Got {self}")

    @property
    def num_spirits(self) -> int:
        """Number of spirits S."""
        return len(self.toughness)

    @property
    def obs_size(self) -> int:
        """Length D of what one detective sees; see `spirit_world` for the table."""
        return 3 + self.num_detectives + 4 * (self.num_detectives - 1) + 5 * self.num_spirits


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(name="stray", toughness=(1, 1, 2)),
        Case(name="standard", toughness=(1, 2, 3)),
        Case(name="pack", toughness=(2, 3, 3)),
        Case(name="fog", toughness=(1, 2, 3), sight=3),
        Case(name="attic", toughness=(2, 3, 4), size=5, sight=3, step_limit=96),
        Case(name="nightfall", toughness=(2, 3, 4), size=9, sight=3, step_limit=96),
        Case(name="eclipse", toughness=(3, 4, 4), size=11, sight=2, step_limit=128, health=3),
        Case(name="midnight", toughness=(4, 4, 4), size=13, sight=1, step_limit=96, health=2),
    )
}
"""The named presets, from the easiest to the hardest. A team that begins with nothing wins 90 % of `stray` with the
default settings after 0.1 million agent-steps, of `pack` after 0.9 to 8.0, of `fog` after 1.3 to 5.1 and of `nightfall`
after 4.1 to 6.6 (three seeds each, `benchmarks/RESULTS.md`). Through `attic`, a small room, most seeds get there
sooner. Of `eclipse` a team that begins with nothing wins next to nothing after 3 million, one that comes from
`nightfall` up to 85 % after 2. `midnight` has not been won: `docs/open_challenge.md`."""


def get_case(case: str | Case) -> Case:
    """Return the preset of that name, or the case itself.

    Args:
        case: A name from `CASES`, or a `Case`.

    Returns:
        The case.

    Raises:
        ValueError: If no preset has that name.
    """
    if isinstance(case, Case):
        return case
    if case not in CASES:
        raise ValueError(f"A case is one of {', '.join(CASES)}, or a Case of your own. Got {case!r}")
    return CASES[case]
