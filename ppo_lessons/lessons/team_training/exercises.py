"""Exercises of lesson 11: how long the steps of a whole run are, and when an update should end early."""

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.losses import should_stop
from ppo_lessons.training import annealed

annealed_exercise = Exercise(
    number="11.1",
    function=annealed,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(0.004, 25, 100),
        call_with(0.004, 0, 100),
        call_with(0.01, 100, 100),
        call_with(0.01, 150, 100),
        call_with(0.002, 3, 7),
    ),
    mistakes=(
        Mistake(
            name="a step size that grows",
            wrong=lambda rate, k, n: rate * min(1.0, k / n),
            advice="In cycle 0 it is the full learning_rate. Which way does your line go?",
        ),
        Mistake(
            name="a constant step size",
            wrong=lambda rate, k, n: rate,
            advice="Half-way, at cycle n / 2, it should be half as long.",
        ),
        Mistake(
            name="a line that goes on below 0",
            wrong=lambda rate, k, n: rate * (1 - k / n),
            advice="What happens after anneal_cycles? A negative step size would climb up the loss.",
        ),
        Mistake(
            name="whole-number division",
            wrong=lambda rate, k, n: rate * max(0.0, 1 - k // n),
            advice="// rounds down: the result jumps from full to 0. Use /.",
        ),
        Mistake(
            name="counting cycles from 1",
            wrong=lambda rate, k, n: rate * max(0.0, 1 - (k + 1) / n),
            advice="Cycle 0 is the first one, and it has the full learning_rate.",
        ),
        Mistake(
            name="falling in a curve (halved and halved again)",
            wrong=lambda rate, k, n: rate * 0.5 ** (k / n) if k < n else 0.0,
            advice="Asked for is a straight line from learning_rate to 0.",
        ),
        Mistake(
            name="returning the share and not the step size",
            wrong=lambda rate, k, n: max(0.0, 1 - k / n),
            advice="Multiply by learning_rate.",
        ),
    ),
    hints=(
        "Where is the line at cycle 0, half-way, at anneal_cycles, and after it?",
        "learning_rate * (1 - cycle / anneal_cycles), but never below 0.",
        "return learning_rate * max(0.0, 1 - cycle / anneal_cycles)",
    ),
)

should_stop_exercise = Exercise(
    number="11.2",
    function=should_stop,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(0.02, 0.01),
        call_with(0.012, 0.01),
        call_with(0.5, None),
        call_with(0.008, 0.01),
        call_with(0.001, 0.01),
        call_with(0.75, 0.5),
        call_with(0.0, 0.01),
        call_with(-0.02, 0.01),
    ),
    mistakes=(
        Mistake(
            name="stopping at the target itself, without the factor 1.5",
            wrong=lambda kl, target: target is not None and kl > target,
            advice="The estimate is noisy; a little beyond the target is let pass. How much?",
        ),
        Mistake(
            name="stopping while the policy is still near (the sign turned)",
            wrong=lambda kl, target: target is not None and kl < 1.5 * target,
            advice="Stop when it has gone too far.",
        ),
        Mistake(
            name="always stopping when no target is given",
            wrong=lambda kl, target: target is None or kl > 1.5 * target,
            advice="None means: no limit.",
        ),
        Mistake(
            name="stopping at exactly 1.5 times the target",
            wrong=lambda kl, target: target is not None and kl >= 1.5 * target,
            advice="Above 1.5 times, says the rule: exactly there it goes on.",
        ),
        Mistake(
            name="multiplying the wrong side by 1.5",
            wrong=lambda kl, target: target is not None and 1.5 * kl > target,
            advice="That stops earlier than the target. The target is what is stretched.",
        ),
        Mistake(
            name="looking at the size of kl without its sign",
            wrong=lambda kl, target: target is not None and abs(kl) > 1.5 * target,
            advice="Below 0 is not far: an estimate that can be negative says nothing by being very negative.",
        ),
        Mistake(
            name="never stopping",
            wrong=lambda kl, target: False,
            advice="With a target of 0.01 and a kl of 0.02 the update should end.",
        ),
    ),
    hints=(
        "What does target_kl = None mean? And how far beyond the target is too far?",
        "stop if a target is given and kl > 1.5 * target",
        "return target_kl is not None and kl > 1.5 * target_kl",
    ),
)

EXERCISES = (annealed_exercise, should_stop_exercise)
