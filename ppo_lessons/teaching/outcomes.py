"""What grading finds: one outcome for each student and exercise, each with a name."""

from dataclasses import dataclass, field

RIGHT = "right"
MISTAKE = "named mistake"
UNKNOWN = "wrong in an unknown way"
BORROWED = "borrowed"
"""The package's own function, or a call of it."""
BLANK = "blank"
MISSING = "missing"
"""No definition of it in anything that the student handed in."""
SYNTAX = "syntax error"
ENDLESS = "does not end"
MEMORY = "too much memory"
DIED = "died"
"""The process ended without an answer: `os._exit`, a crash."""
TAMPERED = "tampered"
"""It did what no answer needs: reached for files, programs, the network or the grader, or put something else in the
place of a library's function."""
UNREADABLE = "unreadable file"
"""Nothing of it is known, as a file that the student handed in could not be read."""

OUTCOMES = (
    RIGHT, MISTAKE, UNKNOWN, BORROWED, BLANK, MISSING, SYNTAX, ENDLESS, MEMORY, DIED, TAMPERED, UNREADABLE,
)  # fmt: skip
"""All of them, the best first."""
NOT_BEGUN = (BLANK, MISSING, UNREADABLE)


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What was found about one exercise of one student."""

    student: str
    """As the class knows the student; no two are the same."""
    exercise: str
    """Number, "7.2"; its part in front of the point is the lesson."""
    name: str
    """Of the function, or "on paper"."""
    outcome: str
    """One of `OUTCOMES`."""
    points: int
    """Earned."""
    out_of: int
    """To be had."""
    mistake: str = ""
    """Name of the known mistake, as in the exercise's table."""
    text: str = ""
    """What is said to the student, in the words of the checks."""
    source: str = ""
    """The answer that was graded, as it stands in the notebook; "" if there is none."""
    where: str = ""
    """File and cell: "01_rollout.ipynb, cell 12"."""
    remarks: tuple[str, ...] = field(default=())
    """What else is to be known: "defined twice: the last definition counts"."""

    @property
    def lesson(self) -> str:
        """Number of the lesson with two digits: "07"."""
        return self.exercise.split(".")[0].zfill(2)
