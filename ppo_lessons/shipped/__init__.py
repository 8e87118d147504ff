"""What the lessons come with, each beside the script that makes it: three ages of a team, a rollout, a grid of runs."""
