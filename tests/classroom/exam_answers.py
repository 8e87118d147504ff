"""Reads the exam, and turns each answer into a function as a notebook cell would."""

import linecache
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from ppo_lessons import Rows
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.rollout import act, see
from ppo_lessons.spirit_world import rules
from ppo_lessons.steps import MinibatchLosses

EXAMS = Path(__file__).parent / "exam"
NAMES = ("BANISH_REWARD", "WIN_REWARD", "HEALTH_REWARD", "FALL_REWARD")


@dataclass(frozen=True)
class Answer:
    """One answer of the exam."""

    number: str
    signature: str
    is_right: bool
    what: str
    body: str

    @property
    def key(self) -> str:
        """How it is called in the file of replies."""
        return f"{self.number} {'right' if self.is_right else 'wrong'}: {self.what}"


def read_exam(which: str) -> Iterator[Answer]:
    """Yield all answers of an exam, in order."""
    for path in sorted((EXAMS / which).glob("lesson_*.txt")):
        for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, rest = block.split("\n", 1)
            number, signature = head.split(" ", 1)
            for each in re.split(r"^--- ", rest, flags=re.MULTILINE)[1:]:
                title, body = each.split("\n", 1)
                verdict, what = title.split(": ", 1)
                yield Answer(number, signature, verdict == "right", what, body.rstrip("\n"))


def written(answer: Answer) -> Callable[..., Any]:
    """Return the answer as a function whose source can be found, as in a notebook."""
    lines = [f"def {answer.signature}:", *(f"    {line}" if line else "" for line in answer.body.split("\n"))]
    file = f"<exam {answer.key}>"
    linecache.cache[file] = (1, None, [f"{line}\n" for line in lines], file)
    names: dict[str, Any] = {"__name__": "__main__", "math": math, "np": np, "torch": torch, "nn": nn, "Rows": Rows}
    names |= {"F": nn.functional, "Categorical": Categorical, "MinibatchLosses": MinibatchLosses}
    names |= {name: getattr(rules, name) for name in NAMES} | {"see": see, "act": act}
    names |= {exercise.name: exercise.function for exercise in EXERCISES if exercise.number != answer.number}
    exec(compile("\n".join(lines), file, "exec"), names)
    return names[answer.signature.split("(")[0]]
