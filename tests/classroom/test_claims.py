"""A claim says whether it held, and what decides."""

import numpy as np
import pytest
import torch

from ppo_lessons.lessons import claim


@pytest.mark.parametrize("yes", [True, 1, np.True_, torch.tensor(True), (torch.ones(3) == 1).all()])
def test_a_claim_that_holds(yes: object, capsys: pytest.CaptureFixture[str]):
    claim("every ratio is 1", yes, "1934 of 1934")
    assert capsys.readouterr().out == "✔ held: every ratio is 1 (1934 of 1934)\n"


@pytest.mark.parametrize("no", [False, 0, np.False_, torch.tensor(False)])
def test_a_claim_that_does_not_hold(no: object, capsys: pytest.CaptureFixture[str]):
    claim("every ratio is 1", no)
    assert capsys.readouterr().out == "✘ not held: every ratio is 1\n"


def test_a_number_is_rounded_and_a_long_claim_is_folded_between_words(capsys: pytest.CaptureFixture[str]):
    claim("a sentence of many words that does not fit into one line of a projector", True, 0.123456)
    assert capsys.readouterr().out == (
        "✔ held: a sentence of many words that does not fit into one line of a\n  projector (0.1235)\n"
    )
