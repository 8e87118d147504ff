"""How does the critic learn, and what does vf_coef do to a shared trunk?"""

from ppo_lessons.lessons.value_loss.explorer import explore
from ppo_lessons.lessons.value_loss.figures import show_pairs, show_predictions, show_shared_clip, show_tug_of_war
