"""The number of gradient steps that follows."""

import math

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.minibatches import count_gradient_steps

_NUMBERS = (
    (6, 4, 3), (5, 2, 3), (8, 4, 3), (3, 4, 2), (1, 4, 3), (10, 3, 4), (1934, 512, 4), (11, 4, 1),
    (9, 4, 5), (7, 7, 2), (13, 6, 2), (100, 33, 7), (65, 64, 4), (63, 64, 4), (17, 5, 2), (12, 5, 6),
)  # fmt: skip

EXERCISE = Exercise(
    number="6.3",
    node="H",
    function=count_gradient_steps,
    difficulty=2,
    minutes=5,
    probes=tuple(
        call_with(*n, special="a single row in all" if n[0] == 1 else "")
        for n in (*_NUMBERS, *beyond(lambda rng: rng.integers((2, 2, 1), (300, 40, 9), (12, 3)).tolist()))
    ),
    mistakes=(
        Mistake(name="rounding down: the smaller last mini-batch gets no step",
                wrong=lambda rows, size, epochs: epochs * (rows // size),
                advice="6 rows in mini-batches of 4: what becomes of the last two?"),
        Mistake(name="forgetting that a single last row joins the mini-batch before it",
                wrong=lambda rows, size, epochs: epochs * math.ceil(rows / size),
                advice="5 rows in mini-batches of 2 are split into 2 + 3."),
        Mistake(
            name="taking the single row off once instead of once in each epoch",
            wrong=lambda rows, size, epochs: (
                count_gradient_steps(rows, size, 1) + (epochs - 1) * math.ceil(rows / size)
            ),
            advice="Each epoch is split anew, and has its own single row.",
        ),
        Mistake(name="counting one epoch", wrong=lambda rows, size, epochs: count_gradient_steps(rows, size, 1),
                advice="The rows are gone through `epochs` times."),
        Mistake(name="rounding after multiplying with the epochs",
                wrong=lambda rows, size, epochs: math.ceil(epochs * rows / size),
                advice="No mini-batch reaches over the end of an epoch: round for one epoch, then multiply."),
        Mistake(name="not rounding", wrong=lambda rows, size, epochs: epochs * rows / size,
                advice="There are no half steps."),
        Mistake(name="the right number as a float",
                wrong=lambda rows, size, epochs: float(count_gradient_steps(rows, size, epochs)),
                advice="Steps are counted in whole numbers: int."),
        Mistake(name="always one step more for the rest", wrong=lambda rows, size, epochs: epochs * (rows // size + 1),
                advice="8 rows in mini-batches of 4 leave no rest."),
        Mistake(name="joining every smaller rest to the mini-batch before it",
                wrong=lambda rows, size, epochs: epochs * max(1, rows // size),
                advice="Only a single row joins. Two or more are a mini-batch of their own."),
        Mistake(name="counting rows, not mini-batches", wrong=lambda rows, size, epochs: epochs * rows,
                advice="One step for each mini-batch, not for each row."),
        Mistake(name="rows and minibatch_size swapped",
                wrong=lambda rows, size, epochs: epochs * math.ceil(size / rows),
                advice="How often does the size go into the rows?"),
    ),
    hints=(
        "How many mini-batches does one epoch have, for 8, 6 and 5 rows in mini-batches of 4?",
        "epochs * ceil(num_rows / minibatch_size), but one less per epoch if a single row is left and there is a "
        "mini-batch to join.",
        "full, rest = divmod(num_rows, minibatch_size)\n"
        "one_more = rest > 1 or (rest == 1 and full == 0)\n"
        "return epochs * (full + one_more)",
    ),
)  # fmt: skip
