"""Exercises of lesson 02: the shared buffer."""

from ppo_lessons.classroom.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = ()
