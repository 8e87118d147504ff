"""Exercises of lesson 05: mini-batches."""

from ppo_lessons.classroom.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = ()
