"""What do clip epsilon and the coefficients do to losses and team?"""

from ppo_lessons.lessons.coefficient_lab.atlas import explore_atlas
from ppo_lessons.lessons.coefficient_lab.moment import explore_moment, update_frozen
from ppo_lessons.lessons.coefficient_lab.runs import RunsLab
