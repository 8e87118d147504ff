"""One training on many processes: each rank plays its own copies of the world, and all make the same update together.

With torchrun each process is a rank (`process_ranks`), on one machine or on many; in a notebook the ranks can be
threads (`thread_ranks`). The update is the one of `steps`, with four lines more (`shared_update`). A *rank* is one
process of the run, R is how many there are; the *first* rank, 0, writes the files.
"""

from ppo_lessons.data_parallel.launch import run_on_processes
from ppo_lessons.data_parallel.process_ranks import join_ranks
from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.shared_training import RankReport, train_on_ranks
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.data_parallel.thread_ranks import in_threads

__all__ = ["RankError", "RankReport", "Sharing", "in_threads", "join_ranks", "run_on_processes", "train_on_ranks"]
