"""What do we want to make large, and why does this loss do it?"""

from ppo_lessons.lessons.policy_gradient.explorer import explore
from ppo_lessons.lessons.policy_gradient.figures import show_estimates, show_far_away, show_stairs, show_three_losses
