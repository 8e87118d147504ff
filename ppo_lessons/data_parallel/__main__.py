"""The door for torchrun: `torchrun --nproc-per-node 2 -m ppo_lessons.data_parallel CASE --to FOLDER`."""

import sys

from ppo_lessons.data_parallel.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
