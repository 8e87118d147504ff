"""For whoever teaches a class: hand the course out, grade what comes back, and see what to explain next.

A lesson does not need it, and no module below knows it.
"""
