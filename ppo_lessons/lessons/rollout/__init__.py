"""How does a whole team produce experience?"""

from ppo_lessons.lessons.rollout.explorer import explore
from ppo_lessons.lessons.rollout.figures import show_boards, show_choices, show_health, show_observation, show_rollout
