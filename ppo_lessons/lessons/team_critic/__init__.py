"""What may the critic know that the actor may not?"""

from ppo_lessons.lessons.team_critic.explorer import explore_critics
from ppo_lessons.lessons.team_critic.figures import show_critics, show_inputs
from ppo_lessons.lessons.team_critic.moments import judge, judges, played_case, put_mate, views_of, what_came
