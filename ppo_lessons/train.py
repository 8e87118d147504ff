"""The door for a terminal: `python -m ppo_lessons.train CASE --to TEAM`. What it does stands in `shipped.terminal`."""

import sys

if __name__ == "__main__":
    from ppo_lessons.shipped.terminal import main

    sys.exit(main(sys.argv[1:]))

# An import that succeeded would put this module in the place of the function `ppo_lessons.train`.
raise ImportError(
    "ppo_lessons.train is started with python -m ppo_lessons.train; the function of that name stands in "
    "ppo_lessons.training. Got an import"
)
