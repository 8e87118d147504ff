"""The course as nbgrader takes it."""
