"""Finds what a class has handed in, whatever lies in the folder, and whose it is."""
