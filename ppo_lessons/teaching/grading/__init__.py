"""Finds the answers in what was handed in, and has each looked at in a process of its own that knows no answer."""
