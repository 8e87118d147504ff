"""The kit for living figures. It knows no lesson.

An `Explorer` is a pure function, a face and knobs; a `Workbench` stands around work that goes on; `Theatre` replays.
"""
