"""Figures of the lessons: data in, picture out. Needs matplotlib (the extra `lessons`); the core never imports this."""
