"""Which tensors may carry a gradient, and what goes silently wrong otherwise?"""

from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.lessons.detaching.explorer import explore
from ppo_lessons.lessons.detaching.figures import show_false_progress, show_gradient_xray
