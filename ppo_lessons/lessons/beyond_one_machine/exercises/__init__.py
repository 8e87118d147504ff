"""The exercises of the lesson."""
