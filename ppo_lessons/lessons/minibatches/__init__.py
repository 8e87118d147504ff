"""Why several epochs, why shuffle, why split?"""

from ppo_lessons.lessons.minibatches.explorer import explore
from ppo_lessons.lessons.minibatches.figures import (
    correlation,
    place_of,
    show_agreement,
    show_arrows,
    show_assignment,
    show_learning,
    show_neighbours,
    show_ten_seeds,
)
from ppo_lessons.lessons.minibatches.gradients import cosines_of_parts, gradients_of_parts
