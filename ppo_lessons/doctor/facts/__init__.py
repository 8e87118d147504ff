"""The facts of PPO, each with a sharp question: what holds for every right implementation, whatever its style."""
