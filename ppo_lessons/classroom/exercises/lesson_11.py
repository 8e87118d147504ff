"""Exercises of lesson 11: training a team."""

from ppo_lessons.classroom.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = ()
