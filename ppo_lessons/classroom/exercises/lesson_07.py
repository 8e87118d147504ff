"""Exercises of lesson 07: clipping."""

from ppo_lessons.classroom.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = ()
