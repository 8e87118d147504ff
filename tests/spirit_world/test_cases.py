from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
import torch

from ppo_lessons.spirit_world.cases import CASES, Case, get_case

BAD = {
    "size": (3, 33, 0, -7, 6.5, "7", True),
    "num_detectives": (0, 33, -1, 2.5),
    "toughness": ((), (0,), (1, 5), (-1, 2), (1.5,), 2, None, "12", (True,)),
    "health": (0, -4, 2.5),
    "step_limit": (0, -1, 10.5),
    "sight": (0, -3, 1.5),
    "drift": (-0.1, 1.1, float("nan"), True, np.bool_(True), torch.tensor(True), "0.5", None),
}
EDGES = {"size": (4, 32), "num_detectives": (4, 32), "toughness": ((1,), (4, 4, 4, 4, 4)), "health": (1, 1000)}
EDGES |= {"step_limit": (1,), "sight": (None, 1, 99), "drift": (0.0, 1.0, 0, 1)}


def test_every_field_has_its_bad_values():
    assert {"name", *BAD} == {field.name for field in fields(Case)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_refuses_a_field_that_the_rules_cannot_play(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must .*Got Case\(name='odd'"):
        Case(**{"name": "odd", name: value})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in EDGES.items() for value in values])
def test_takes_the_edge_of_the_range(name, value):
    assert getattr(Case(**{"name": "edge", name: value}), name) == value


def test_a_spirit_never_asks_for_more_detectives_than_there_are():
    with pytest.raises(ValueError, match="each 1 to num_detectives"):
        Case(name="hopeless", num_detectives=2, toughness=(3,))


@pytest.mark.parametrize("toughness", [[1, 2], np.array([1, 2]), torch.tensor([1, 2]), (np.int8(1), torch.tensor(2))])
def test_spirits_may_be_listed_in_any_way(toughness):
    """A tuple of Python's own is kept, so that a case is what it was after saving and loading, and hashes."""
    case = Case(name="mine", toughness=toughness)
    assert {case} == {Case(name="mine", toughness=(1, 2))}


def test_a_case_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CASES["standard"].size = 5


def test_there_are_named_cases_of_rising_toughness():
    """Each asks for at least as many detectives as the one before, and the later ones hide what is far away."""
    assert len(CASES) >= 4
    assert all(name == case.name for name, case in CASES.items())
    asked = [sum(case.toughness) for case in CASES.values()]
    assert asked[0] == min(asked)
    assert asked[-1] == max(asked) > asked[0]
    assert next(iter(CASES.values())).sight is None
    assert any(case.sight is not None for case in CASES.values())
    assert len({replace(case, name="") for case in CASES.values()}) == len(CASES)


def test_one_team_fits_every_preset():
    assert len({(case.num_detectives, case.obs_size) for case in CASES.values()}) == 1


def test_get_case_takes_a_name_or_a_case():
    assert get_case("standard") is CASES["standard"]
    mine = Case(name="mine", size=5)
    assert get_case(mine) is mine


@pytest.mark.parametrize("unknown", ["Standard", "", "nope"])
def test_get_case_names_the_presets_when_a_name_is_unknown(unknown):
    with pytest.raises(ValueError, match=rf"^A case is one of stray, .*Got '{unknown}'"):
        get_case(unknown)


@pytest.mark.parametrize(("detectives", "spirits", "size"), [(4, 3, 34), (1, 1, 9), (2, 3, 24), (16, 2, 89)])
def test_obs_size_is_that_of_the_table(detectives, spirits, size):
    case = Case(name="x", num_detectives=detectives, toughness=(1,) * spirits)
    assert (case.obs_size, case.num_spirits) == (size, spirits)
