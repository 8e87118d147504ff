"""How does a whole team produce experience?"""

from ppo_lessons.lessons.rollout.choices import show_own_choices
from ppo_lessons.lessons.rollout.costs import seconds_a_step, show_costs
from ppo_lessons.lessons.rollout.explorer import explore
from ppo_lessons.lessons.rollout.figures import (
    show_before_and_after,
    show_boards,
    show_choices,
    show_health,
    show_observation,
    show_rollout,
)
