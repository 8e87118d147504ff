"""One strip that shows what has been tried and passed, lesson by lesson."""


def show_progress() -> None:
    """Show the strip."""
