"""What keeps a run whole: settings that hold, files that are complete, one seed one run, broken off without a trace."""
