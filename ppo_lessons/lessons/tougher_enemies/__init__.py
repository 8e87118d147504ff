"""What does a team take along from case to case?"""

from ppo_lessons.lessons.tougher_enemies.explorer import explore_ways
from ppo_lessons.lessons.tougher_enemies.figures import show_costs, steps_until
