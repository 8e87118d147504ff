"""What will I be able to do?"""

from ppo_lessons.lessons.start_here.figures import CASE_SEED, returns_of, show_ages, watch_ages
