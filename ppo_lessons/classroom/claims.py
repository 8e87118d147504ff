"""A claim as a sentence, whether it held, and the number that decides."""

from ppo_lessons.classroom.console import say


def claim(sentence: str, held: object, number: object = "") -> None:
    """Say of a claim whether it held.

        claim("the ratios are 1 before the first step", (ratios == 1).all())
        claim("most rows are inside", inside.float().mean() > 0.5, f"{inside.sum()} of {len(inside)}")

    Args:
        sentence: What is claimed, without a full stop.
        held: True or false, as Python, numpy or torch say it.
        number: What decides, where there is something to be seen: a number, or words with one.
    """
    why = f"{number:.4g}" if isinstance(number, float) else str(number)
    say(f"{'✔ held' if bool(held) else '✘ not held'}: {sentence}{why and f' ({why})'}")
