"""What changes when many processes train one team?"""

from ppo_lessons.lessons.beyond_one_machine.explorer import explore
from ppo_lessons.lessons.beyond_one_machine.figures import show_parts, show_silent
