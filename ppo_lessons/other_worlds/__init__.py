"""Worlds that others wrote, for the same training."""
