"""Whether the buffer is full."""

from ppo_lessons.buffer import SharedBuffer, is_full
from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe
from ppo_lessons.lessons.shared_buffer.exercises.buffers import buffer_with


def _full_probe(steps: int, num_steps: int, used_before: bool = False) -> Probe:
    cleared = ", used and cleared before" if used_before else ""
    return Probe(
        make=lambda: (buffer_with(steps, num_steps, used_before),),
        look=lambda function, inputs: {"result": function(*inputs)},
        special="" if steps == num_steps else f"{steps} of {num_steps} steps stored{cleared}",
    )


def _acted_in(buffer: SharedBuffer) -> bool:
    """Look at the numbers, and not at the count."""
    return bool(buffer.data.obs.flatten(1).any(dim=1).all())


EXERCISE = Exercise(
    number="2.5",
    node="C",
    function=is_full,
    difficulty=1,
    minutes=2,
    probes=(
        *(_full_probe(steps, 3) for steps in (3, 2, 0, 1)),
        _full_probe(1, 3, used_before=True),
        *(_full_probe(steps, 12) for steps in (10, 12, 4, 2, 5, 8)),
        _full_probe(1, 1),
        *beyond(lambda rng: (_full_probe(n - left, n) for n in rng.integers(4, 11, 3).tolist() for left in (1, 0))),
    ),
    mistakes=(
        Mistake(name="full one step too early",
                wrong=lambda buffer: buffer.step >= buffer.num_steps - 1,
                advice="With T - 1 steps there is room for one more: buffer.step counts those stored, from 0."),
        Mistake(name="one step off: T - 1 steps are called full, and T are not",
                wrong=lambda buffer: buffer.step == buffer.num_steps - 1,
                advice="buffer.step counts those that are stored, from 0: with all T of them it is full."),
        Mistake(name="never full (asking for more than there is room for)",
                wrong=lambda buffer: buffer.step > buffer.num_steps,
                advice="With T = buffer.num_steps steps it is full, and it never holds more: so no rollout would end."),
        Mistake(name="the answer turned round: whether there is room",
                wrong=lambda buffer: buffer.step < buffer.num_steps,
                advice="True is for the full buffer: then the rollout ends."),
        Mistake(name="asking whether anything is stored", wrong=lambda buffer: buffer.step > 0,
                advice="One step is not yet a rollout. How many are wanted?"),
        Mistake(name="asking whether it is empty", wrong=lambda buffer: buffer.step == 0,
                advice="That is where a rollout begins. How many steps are stored when it ends?"),
        Mistake(name="counting the fields of the buffer, not its steps (len(buffer.data))",
                wrong=lambda buffer: buffer.step == len(buffer.data),
                advice="buffer.data has ten fields, whatever T is. buffer.num_steps says for how many there is room."),
        Mistake(name="comparing with the number of copies (the wrong axis)",
                wrong=lambda buffer: buffer.step == buffer.data.rewards.shape[1],
                advice="Steps lie along the first axis, T; the second is E, the copies of the world."),
        Mistake(name="comparing with the number of agents (the wrong axis)",
                wrong=lambda buffer: buffer.step == buffer.data.rewards.shape[-1],
                advice="Steps lie along the first axis, T; the last is A, the agents."),
        Mistake(name="looking whether numbers stand in all places", wrong=_acted_in,
                advice="A cleared buffer still holds the old numbers. Only the count says what is new."),
        Mistake(name="always True", wrong=lambda buffer: True,
                advice="Then nothing is ever played. Compare the steps stored with those there is room for."),
        Mistake(name="the number of steps that are left", wrong=lambda buffer: buffer.num_steps - buffer.step,
                advice="A number, and turned round: 0 counts as False. Return True or False."),
    ),
    hints=(
        "Which two numbers of the buffer must be equal when it is full?",
        "buffer.step steps are stored, and there is room for buffer.num_steps.",
        "return buffer.step == buffer.num_steps",
    ),
)  # fmt: skip
