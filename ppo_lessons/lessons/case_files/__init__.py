"""Which step is broken? Silent bugs, found from what a run shows of them, and repaired."""

from ppo_lessons.lessons.case_files.board import clue_board
from ppo_lessons.lessons.case_files.desk import accuse, repair, show_book
