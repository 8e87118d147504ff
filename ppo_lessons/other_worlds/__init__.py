"""Worlds that others wrote, for the same training."""

from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.check import check_team_env, find_faults
from ppo_lessons.other_worlds.episodes import Episodes
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from ppo_lessons.other_worlds.workers import InWorkers

__all__ = [
    "Episodes",
    "GymnasiumTeam",
    "GymnasiumVectorTeam",
    "InWorkers",
    "PettingZooTeam",
    "check_team_env",
    "find_faults",
]
