import pytest

from ppo_lessons.errors import CheckpointError, NonFiniteError, NotReadyError


@pytest.mark.parametrize(
    ("error", "kind"), [(NotReadyError, RuntimeError), (NonFiniteError, ValueError), (CheckpointError, ValueError)]
)
def test_each_error_is_of_a_kind_that_callers_know(error, kind):
    assert issubclass(error, kind)
    assert error.__doc__
