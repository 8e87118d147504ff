"""Where does everybody's experience go, when is it full, why is it cleared?"""

from ppo_lessons.lessons.shared_buffer.ageing import ratios_while_training
from ppo_lessons.lessons.shared_buffer.explorer import explore
from ppo_lessons.lessons.shared_buffer.figures import show_ageing, show_filling, show_places, show_way
from ppo_lessons.lessons.shared_buffer.words import badges_in_place, field_table, refusal
