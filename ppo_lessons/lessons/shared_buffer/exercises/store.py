"""One step into its place."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ppo_lessons.buffer import SharedBuffer, Transition, store
from ppo_lessons.classroom.diagnosis import words
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.lessons.shared_buffer.exercises.buffers import buffer_with, transition


def _store_probe(steps: int, num_steps: int = 3, used_before: bool = False, special: str = "") -> Probe:
    """What stands where after the call, and in which fields and places something was written."""

    def look(function: Callable[..., Any], inputs: tuple[SharedBuffer, Transition]) -> Outcome:
        buffer, new = inputs
        before = {name: tensor.clone() for name, tensor in buffer.data._asdict().items()}
        answer = function(buffer, new)
        if not _fits(buffer.data, before):
            return {"buffer.data": "something else"}
        after = buffer.data._asdict()
        written = {name: _places(before[name], after[name]) for name in after}
        fields = [name for name, places in written.items() if places]
        outcome: Outcome = {
            "buffer.data": "ten tensors, each as large as it was",
            "the fields that were written": "all ten" if len(fields) == len(after) else ", ".join(fields) or "none",
            "the places that were written": ", ".join(map(str, sorted(set().union(*written.values())))) or "none",
            "buffer.step": words.shown(buffer.step),
        }
        outcome |= {f"buffer.data.{name}": tensor for name, tensor in after.items()}
        untouched = not fields and buffer.step == steps
        return outcome | ({"result": answer} if untouched and (answer is None or answer is ...) else {})

    return Probe(make=lambda: (buffer_with(steps, num_steps, used_before), transition(50)), look=look, special=special)


def _fits(data: Any, before: dict[str, Tensor]) -> bool:
    """Say whether these are still ten tensors of the same shapes."""
    if not isinstance(data, Transition) or not all(isinstance(field, Tensor) for field in data):
        return False
    return [field.shape for field in data] == [field.shape for field in before.values()]


def _places(before: Tensor, after: Tensor) -> set[int]:
    """Return the steps t at which a field has changed."""
    return {t for t in range(len(before)) if not before[t].equal(after[t])}


def _put(buffer: SharedBuffer, new: Transition, place: Any, names: tuple[str, ...] = Transition._fields) -> None:
    """Write some fields into some place, and count."""
    for name in names:
        getattr(buffer.data, name)[place] = getattr(new, name)
    buffer.step += 1


def _not_counted(buffer: SharedBuffer, new: Transition) -> None:
    store(buffer, new)
    buffer.step -= 1


def _counted_only(buffer: SharedBuffer, new: Transition) -> None:
    buffer.step += 1


def _counted_first(buffer: SharedBuffer, new: Transition) -> None:
    buffer.step += 1
    for place, field in zip(buffer.data, new, strict=True):
        place[buffer.step] = field


def _counted_for_each(buffer: SharedBuffer, new: Transition) -> None:
    for place, field in zip(buffer.data, new, strict=True):
        place[buffer.step] = field
        buffer.step += 1


def _added(buffer: SharedBuffer, new: Transition) -> None:
    for place, field in zip(buffer.data, new, strict=True):
        place[buffer.step] += field
    buffer.step += 1


def _appended(buffer: SharedBuffer, new: Transition) -> None:
    for place, field in zip(buffer.data, new, strict=True):
        place.append(field)  # type: ignore[attr-defined]
    buffer.step += 1


EXERCISE = Exercise(
    number="2.4",
    node="B",
    function=store,
    difficulty=1,
    minutes=5,
    probes=(
        _store_probe(0),
        _store_probe(1),
        _store_probe(2),
        _store_probe(4, num_steps=7),
        _store_probe(1, used_before=True, special="a buffer that was used and cleared before"),
    ),
    mistakes=(
        Mistake(name="forgetting the count", wrong=_not_counted,
                advice="The numbers are in, but the next step would go into the same place. What says where it goes?"),
        Mistake(name="counting, but writing nothing into the buffer", wrong=_counted_only,
                advice="`place = new` only gives a name to something. `place[...] = new` writes into the tensor."),
        Mistake(name="always writing into place 0", wrong=lambda buffer, new: _put(buffer, new, 0),
                advice="buffer.step says how many steps are stored: the next one's place."),
        Mistake(name="always writing into the last place", wrong=lambda buffer, new: _put(buffer, new, -1),
                advice="buffer.step says how many steps are stored: the next one's place."),
        Mistake(name="writing into every place at once", wrong=lambda buffer, new: _put(buffer, new, slice(None)),
                advice="One step has one place. Which one? The others hold what was stored before."),
        Mistake(name="one place too far (counted before it is written)", wrong=_counted_first,
                advice="With 0 steps stored the next one belongs into place 0: write first, then count."),
        Mistake(name="counting once for each field", wrong=_counted_for_each,
                advice="Ten fields are one step. Where does the line with += belong, inside the loop or after it?"),
        Mistake(name="storing what was seen, done and earned, and nothing else",
                wrong=lambda buffer, new: _put(buffer, new, buffer.step, ("obs", "actions", "rewards")),
                advice="All ten fields are needed later: a loop over both leaves none out."),
        Mistake(name="storing all but the flags",
                wrong=lambda buffer, new: _put(buffer, new, buffer.step, (
                    "obs", "actions", "log_probs", "values", "rewards", "final_values")),
                advice="All ten fields are needed later: a loop over both leaves none out."),
        Mistake(name="adding to what stands there", wrong=_added,
                advice="A cleared buffer still holds old numbers. = replaces them, += does not."),
        Mistake(name="appending, as to a list", wrong=_appended,
                advice="These are tensors with room for all T steps. Write into place buffer.step of each."),
    ),
    hints=(
        "The buffer has ten tensors, the transition ten as well, in the same order. Which place of each is free?",
        "place[buffer.step] = new, for each pair of zip(buffer.data, transition); then one step more is stored.",
        "for place, new in zip(buffer.data, transition):\n"
        "    place[buffer.step] = new\n"
        "buffer.step += 1",
    ),
)  # fmt: skip
