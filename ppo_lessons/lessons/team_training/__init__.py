"""From chaos to mastery, with my own functions."""

from ppo_lessons.lessons.team_training.dashboard import TrainingDashboard
from ppo_lessons.lessons.team_training.figures import show_certificate, show_curves
from ppo_lessons.lessons.team_training.watching import watch_training
