"""What keeps the team curious?"""

from ppo_lessons.lessons.entropy.explorer import explore
from ppo_lessons.lessons.entropy.figures import (
    show_distributions,
    show_entropy_curve,
    show_entropy_histogram,
    show_entropy_runs,
    show_softmax_twice,
    show_terms,
)
