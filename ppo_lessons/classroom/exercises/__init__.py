"""All exercises, lesson by lesson, each with its table of known mistakes."""

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.exercises import lesson_01, lesson_10

EXERCISES: tuple[Exercise, ...] = (*lesson_01.EXERCISES, *lesson_10.EXERCISES)
