"""The errors of this house that are more than a `ValueError`. Each message states the rule, then what was got."""


class NotReadyError(RuntimeError):
    """Something was used before it was ready, or after it was used up."""


class NonFiniteError(ValueError):
    """A quantity of the training is NaN or infinite."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, unsafe, or of something else."""


class WorldError(ValueError):
    """A world that others wrote broke its promise: which copy, which agent, at which step, and what to do."""
