"""When an update should end early."""

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.losses import should_stop

_NUMBERS = (
    (0.02, 0.01),
    (0.012, 0.01),
    (0.5, None),
    (0.008, 0.01),
    (0.001, 0.01),
    (0.75, 0.5),
    (0.0, 0.01),
    (-0.02, 0.01),
    *(
        (kl, target)
        for target in (0.005, 0.02, 0.1, 1.0)
        for kl in (0.004, 0.0074, 0.0076, 0.029, 0.031, 0.14, 0.3, 1.4, 1.6, 3.0)
    ),
)

EXERCISE = Exercise(
    number="12.2",
    node="O",
    function=should_stop,
    difficulty=1,
    minutes=4,
    probes=tuple(
        call_with(*n, special="no target" if n[1] is None else "")
        for n in (*_NUMBERS, *beyond(lambda rng: (0.01 + 0.2 * rng.random((30, 2))).tolist()))
    ),
    mistakes=(
        Mistake(name="stopping at the target itself, without the factor 1.5",
                wrong=lambda kl, target: target is not None and kl > target,
                advice="The estimate is noisy; a little beyond the target is let pass. How much?"),
        Mistake(name="stopping while the policy is still near (the sign turned)",
                wrong=lambda kl, target: target is not None and kl < 1.5 * target,
                advice="Stop when it has gone too far."),
        Mistake(name="always stopping when no target is given",
                wrong=lambda kl, target: target is None or kl > 1.5 * target, advice="None means: no limit."),
        Mistake(name="stopping at exactly 1.5 times the target",
                wrong=lambda kl, target: target is not None and kl >= 1.5 * target,
                advice="Above 1.5 times, says the rule: exactly there it goes on."),
        Mistake(name="multiplying the wrong side by 1.5",
                wrong=lambda kl, target: target is not None and 1.5 * kl > target,
                advice="That stops earlier than the target. The target is what is stretched."),
        Mistake(name="looking at the size of kl without its sign",
                wrong=lambda kl, target: target is not None and abs(kl) > 1.5 * target,
                advice="Below 0 is not far: an estimate that can be negative says nothing by being very negative."),
        Mistake(name="twice the target", wrong=lambda kl, target: target is not None and kl > 2 * target,
                advice="The factor is 1.5."),
        Mistake(name="1.5 more than the target, not 1.5 times",
                wrong=lambda kl, target: target is not None and kl > 1.5 + target,
                advice="The target is multiplied by 1.5."),
        Mistake(name="a limit of 0.015 written in", wrong=lambda kl, target: target is not None and kl > 0.015,
                advice="target_kl is the caller's to choose."),
        Mistake(name="never stopping", wrong=lambda kl, target: False,
                advice="With a target of 0.01 and a kl of 0.02 the update should end."),
    ),
    hints=(
        "What does target_kl = None mean? And how far beyond the target is too far?",
        "stop if a target is given and kl > 1.5 * target",
        "return target_kl is not None and kl > 1.5 * target_kl",
    ),
)  # fmt: skip
