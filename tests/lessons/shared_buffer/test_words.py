"""The buffer in words: its fields, its refusals, its badges."""

from ppo_lessons.lessons.shared_buffer.words import badges_in_place, field_table, refusal
from ppo_lessons.shipped.recorded_update import recording


def test_every_field_has_its_line():
    cells = field_table(recording().buffer.data).cells
    assert len(cells) == 1 + 10
    assert cells[1] == ["obs", "float32", "(32, 16, 4, 34)"] and cells[-1] == ["episode_over", "bool", "(32, 16)"]


def test_a_refusal_is_told_and_a_use_that_is_not_refused_too():
    buffer = recording().buffer
    assert refusal(lambda: buffer.add(None)).startswith("NotReadyError: A full buffer must be cleared")  # type: ignore[arg-type]
    assert refusal(buffer.get) == "not refused"


def test_every_badge_stands_at_its_place():
    badges = badges_in_place(3, 2, 4)
    assert badges.shape == (3, 2, 4, 3)
    assert badges[2, 1, 3].tolist() == [2, 1, 3] and badges[0, 1, 0].tolist() == [0, 1, 0]
