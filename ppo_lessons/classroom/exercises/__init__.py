"""All exercises, lesson by lesson, each with its table of known mistakes."""

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.exercises import (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
)

_LESSONS = (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
)

EXERCISES: tuple[Exercise, ...] = tuple(exercise for lesson in _LESSONS for exercise in lesson.EXERCISES)
