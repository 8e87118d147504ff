"""The game: a cooperative grid world in which detectives banish spirits. Its rules stand in `rules`, once."""
