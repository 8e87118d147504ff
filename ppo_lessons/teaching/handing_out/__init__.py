"""The course as a class gets it."""
