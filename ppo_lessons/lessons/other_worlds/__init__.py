"""How does my own environment train?"""

from ppo_lessons.lessons.other_worlds.explorer import explore_masks
from ppo_lessons.lessons.other_worlds.figures import show_decisions, show_learning, show_walks
