"""Exercises of lesson 06: ratios."""

from ppo_lessons.classroom.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = ()
