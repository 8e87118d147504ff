"""A doctor for any PPO: puts the facts of the algorithm to somebody's functions, and reads the vital signs of a run.

What is examined is code, and runs as such, with all that whoever asks may do. Logs are data, and never executed.
"""

from ppo_lessons.doctor.examination import examine
from ppo_lessons.doctor.house import subject_of
from ppo_lessons.doctor.logs import read_log
from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.report import Report
from ppo_lessons.doctor.subject import Subject
from ppo_lessons.doctor.vital_signs import Diagnosis, diagnose

__all__ = ["Diagnosis", "Report", "Subject", "diagnose", "examine", "part", "read_log", "subject_of"]
