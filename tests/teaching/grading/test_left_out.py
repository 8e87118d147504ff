"""What stands in the place of an answer."""

import pytest

from ppo_lessons.teaching.grading.left_out import CALLED, LeftOutError, left_out


def test_a_call_is_noted_and_refused():
    with pytest.raises(LeftOutError, match="package's own gae is what is asked for"):
        left_out("gae")
    assert CALLED.pop() == "gae"
