"""The thin adapter: what is handed over in which layout, and how it comes back."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from ppo_lessons.doctor.part import Part, axes_of, can_be_handed, can_be_taken, hand_over, own_axes, part, take_back


def nothing(*given):
    """Takes anything."""


def told(takes="rewards values", **options):
    return part(nothing, takes, **options)


BADGES = 10 * torch.arange(3)[:, None] + torch.arange(4)
"""Step and column: 10 t + n, (3, 4)."""


def badge(rows, *places):
    """What stands at a place of a layout: the places say step and column, or step, team and agent."""
    at = dict(zip(rows.split(), places, strict=True))
    column = at["N"] if "N" in at else 2 * at.get("E", 0) + at.get("A", 0)
    return 10 * at["T"] + column


LAYOUTS = {
    "": (3, 4),
    "T N": (3, 4),
    "N T": (4, 3),
    "T E A": (3, 2, 2),
    "E A T": (2, 2, 3),
    "A T E": (2, 3, 2),
    "T N 1": (3, 4, 1),
    "1 T N": (1, 3, 4),
    "N 1 T 1": (4, 1, 3, 1),
    "T A": (3, 4),
    "E T": (4, 3),
}


@pytest.mark.parametrize("arrays", ["torch", "numpy"])
@pytest.mark.parametrize(("rows", "shape"), LAYOUTS.items())
def test_every_layout_of_a_rollout_and_back(rows, shape, arrays):
    own = told(rows=rows, arrays=arrays)
    handed = hand_over(own, "rewards", BADGES.float(), "T N")
    assert isinstance(handed, np.ndarray if arrays == "numpy" else torch.Tensor)
    assert tuple(handed.shape) == shape
    for places in np.ndindex(shape):
        words = rows or "T N"
        at = {axis: place for axis, place in zip(words.split(), places, strict=True) if axis != "1"}
        if {"E", "A"} & set(at) and not {"E", "A"} <= set(at):  # one of the two alone: all columns
            at = {"N" if axis in "EA" else axis: place for axis, place in at.items()}
        assert float(handed[places]) == badge(" ".join(at), *at.values())
    assert torch.equal(take_back(own, "rewards", handed, "T N"), BADGES.float())


@pytest.mark.parametrize("rows", ["T", "T 1", "1 T"])
def test_one_column_has_no_axis_for_it(rows):
    own = told(rows=rows)
    handed = hand_over(own, "rewards", BADGES[:, :1], "T N")
    assert handed.numel() == 3 and handed.flatten().tolist() == [0, 10, 20]
    assert take_back(own, "rewards", handed, "T N").tolist() == [[0], [10], [20]]
    after_the_last_row = hand_over(own, "last_values", torch.tensor([7.0]), "T N")
    assert float(after_the_last_row) == 7 and after_the_last_row.numel() == 1


def test_teams_are_pairs_where_that_goes():
    for columns, teams in ((1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (6, (2, 3))):
        assert hand_over(told(rows="T E A"), "rewards", torch.zeros(2, columns), "T N").shape == (2, *teams)


@pytest.mark.parametrize(
    ("rows", "shape"), [("T N", (4,)), ("N T", (4,)), ("T E A", (2, 2)), ("T N 1", (4, 1)), ("T A", (4,))]
)
def test_what_comes_after_the_last_row_has_the_same_columns(rows, shape):
    handed = hand_over(told("last_values", rows=rows), "last_values", torch.arange(4.0), "T N")
    assert handed.shape == shape and handed.flatten().tolist() == [0, 1, 2, 3]


def test_one_value_more_than_rewards():
    handed = hand_over(told("values_and_last", rows="N T"), "values_and_last", torch.arange(8.0).reshape(4, 2), "T N")
    assert handed.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]


@pytest.mark.parametrize(
    ("rows", "shape"), [("", (3,)), ("B", (3,)), ("B 1", (3, 1)), ("1 B", (1, 3)), ("T N", (3, 1))]
)
def test_layouts_of_rows_and_back(rows, shape):
    own = told(rows=rows)
    handed = hand_over(own, "values", torch.arange(3.0), "B")
    assert handed.shape == shape
    assert take_back(own, "values", handed, "B").tolist() == [0, 1, 2]


@pytest.mark.parametrize(("rows", "shape"), [("", (3, 5)), ("B 1", (3, 5)), ("T N", (3, 1, 5))])
def test_several_numbers_in_a_row_stand_in_the_place_of_the_one(rows, shape):
    logits = torch.arange(15.0).reshape(3, 5)
    own = told("logits", rows=rows)
    assert hand_over(own, "logits", logits, "B").shape == shape
    assert torch.equal(take_back(own, "logits", hand_over(own, "logits", logits, "B"), "B"), logits)


def test_a_rollout_may_come_back_as_a_table_of_steps_and_columns():
    """Rows step after step."""
    own = told(rows="T N")
    assert take_back(own, "rewards", BADGES, "B").tolist() == BADGES.flatten().tolist()
    assert take_back(told(rows="N T"), "rewards", BADGES.T, "B").tolist() == BADGES.flatten().tolist()
    seen = take_back(told("obs", rows="T N"), "obs", BADGES[..., None].expand(3, 4, 2), "B")
    assert seen.shape == (12, 2) and seen[5].tolist() == [11, 11]


@pytest.mark.parametrize("rows", ["B", "T"])
def test_a_rollout_may_be_handed_over_as_rows(rows):
    assert hand_over(told(rows=rows), "rewards", BADGES, "T N").tolist() == BADGES.flatten().tolist()
    assert hand_over(told("obs", rows=rows), "obs", BADGES[..., None], "T N").shape == (12, 1)


def test_own_axes_of_one_quantity():
    own = told(rows="B", values="B 1", log_probs="1 B")
    assert hand_over(own, "values", torch.zeros(3), "B").shape == (3, 1)
    assert hand_over(own, "rewards", torch.zeros(3), "B").shape == (3,)
    assert take_back(own, "log_probs", torch.zeros(1, 3), "B").shape == (3,)
    assert own_axes(own, "values", "B") == ["B", "1"] and own_axes(own, "returns", "B") == ["B"]
    assert told(value="B 1").shapes == {"values": "B 1"}


@pytest.mark.parametrize(
    ("arrays", "flags", "dtype"),
    [
        ("torch", "bool", torch.bool),
        ("torch", "float", torch.float32),
        ("numpy", "bool", np.dtype(bool)),
        ("numpy", "float", np.dtype(np.float32)),
    ],
)
def test_flags(arrays, flags, dtype):
    handed = hand_over(told(arrays=arrays, flags=flags), "dones", torch.tensor([[True], [False]]), "T N")
    assert handed.dtype == dtype and handed.tolist() == [[1], [0]]


def test_kinds_of_numbers():
    own = told()
    assert hand_over(own, "rewards", torch.tensor([[1]], dtype=torch.float64), "T N").dtype == torch.float32
    assert hand_over(own, "actions", torch.tensor([1]), "B").dtype == torch.int64
    assert hand_over(own, "gamma", 0.9, "T N") == 0.9
    generator = torch.Generator()
    assert hand_over(own, "generator", generator, "B") is generator


def test_what_is_handed_over_is_fresh_and_lies_in_one_piece():
    ours = torch.arange(6.0).reshape(3, 2)
    for arrays in ("torch", "numpy"):
        handed = hand_over(told(rows="N T", arrays=arrays), "rewards", ours, "T N")
        handed += 100
        assert ours.max() == 5
    assert hand_over(told(rows="N T"), "rewards", ours, "T N").is_contiguous()
    assert hand_over(told(rows="N T", arrays="numpy"), "rewards", ours, "T N").flags.c_contiguous


def test_a_graph_is_kept_by_tensors_and_may_be_written_into():
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    own = told(rows="B 1")
    handed = hand_over(own, "values", leaf, "B")
    handed.mul_(3)  # a network's output may be, too
    (slope,) = torch.autograd.grad(take_back(own, "values", handed, "B").sum(), leaf)
    assert slope.tolist() == [3, 3]
    assert isinstance(hand_over(told(arrays="numpy"), "values", leaf, "B"), np.ndarray)


@pytest.mark.parametrize("result", [[1.0, 2.0], (1.0, 2.0), np.array([1, 2]), [torch.tensor(1), torch.tensor(2)]])
def test_what_comes_back_may_be_any_array(result):
    assert take_back(told(), "values", result, "B").tolist() == [1, 2]


def test_a_list_of_tensors_keeps_its_graph():
    leaf = torch.ones(2, requires_grad=True)
    assert take_back(told(), "values", [leaf[0], leaf[1] * 2], "B").requires_grad


@pytest.mark.parametrize("result", [0.5, np.float32(0.5), torch.tensor(0.5), np.array(0.5)])
def test_one_number(result):
    assert take_back(told(), "kl", result, "B").item() == 0.5


@pytest.mark.parametrize(
    ("quantity", "result", "message"),
    [
        ("kl", torch.zeros(3), r"kl should be one number, with no axis. Got the shape \(3,\)$"),
        ("values", torch.zeros(()), r"values should have the axes \(B\). Got the shape \(\)$"),
        ("values", torch.zeros(3, 1), r'Got the shape \(3, 1\). If it is meant, say values="B 1" or rows="T N"'),
        ("obs", torch.zeros(3, 4, 1), r'Got the shape \(3, 4, 1\). If it is meant, say rows="T N"'),
        ("entropies", torch.zeros(()), 'If it is their mean, say gives="entropy"'),
        ("values", None, "values should be numbers. Got NoneType"),
        ("values", {"values": 1}, "values should be numbers. Got dict"),
        ("values", [[1.0], [1.0, 2.0]], "values should be numbers. Got list"),
        ("values", "abc", "values should be numbers. Got str"),
    ],
)
def test_what_is_no_answer_is_told(quantity, result, message):
    with pytest.raises(ValueError, match=message):
        take_back(told(), quantity, result, "B")


def test_an_axis_of_one_has_one():
    with pytest.raises(ValueError, match=r"values should have the axes \(B, 1\). Got the shape \(3, 3\)"):
        take_back(told(rows="B 1"), "values", torch.zeros(3, 3), "B")


def gae(rewards, values, dones, next_value, gamma=0.99, lam=0.95, normalise=True):
    """Somebody's."""


def test_names_of_parameters_say_what_they_are():
    assert part(gae).takes == ("rewards", "values", "dones", "last_values", "gamma", "gae_lambda")
    assert part(partial(gae, normalise=False)).takes == part(gae).takes
    assert part(lambda ratio, adv, clip_coef: 0).takes == ("ratios", "advantages", "clip_eps")
    assert part(lambda *some, rewards=1: 0).takes == ()


def test_flags_of_the_step_before_are_starts():
    """As CleanRL and Baselines have them: who needs the last flag besides has the others one step late."""
    assert part(lambda rewards, values, dones, next_value, next_done: 0).takes == (
        "rewards", "values", "starts", "last_values", "last_dones",
    )  # fmt: skip


def test_what_eps_is_must_be_said():
    with pytest.raises(ValueError, match=r"Say in `takes` what the parameters of .+ are\. Got 'eps'"):
        part(lambda advantages, eps: 0)
    assert part(lambda advantages, eps=1e-8: 0).takes == ("advantages",)


def test_a_parameter_that_says_nearly_what_it_is_is_answered_with_the_word():
    with pytest.raises(ValueError, match=r"Got 'last_valu', which is no quantity\. Did you mean last_values\?$"):
        part(lambda rewards, last_valu: 0)


def test_words_may_be_those_of_others():
    own = part(gae, "reward, value, done, last_value, discount, lam", "adv targets")
    assert own.takes == ("rewards", "values", "dones", "last_values", "gamma", "gae_lambda")
    assert own.gives == ("advantages", "returns")
    assert part(gae, ["rewards", "values", "dones", "last_values"]).takes[3] == "last_values"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: part(gae, arrays="jax"), "arrays is one of .+ Got 'jax' and 'bool'"),
        (lambda: part(gae, flags="int"), "flags one of .+ Got 'torch' and 'int'"),
        (lambda: part(3.0, "rewards"), r"part\(...\) is told about a function. Got float"),
        (lambda: part(gae, "rewards valeus"), r"Got 'valeus', which is no quantity\. Did you mean values"),
        (lambda: part(gae, gives="qqq"), r"Got 'qqq', which is no quantity\. All of them stand in docs/doctor\.md"),
        (
            lambda: part(gae, "rewards values"),
            r"gae\(rewards, .+\) is to be handed rewards, values, in this order.+dones",
        ),
        (lambda: part(len, "rewards values"), "len.+ is to be handed rewards, values"),
        (lambda: part(gae, array="numpy"), r"part\(...\) is told takes, gives, arrays, flags, rows.+ Got array"),
        (lambda: part(gae, rows="t n"), "Axes are T .+ Got 't n'"),
        (lambda: part(gae, rows="TN"), "Axes are T .+ Got 'TN'"),
        (lambda: part(gae, rows="T T"), "Axes are T .+ Got 'T T'"),
        (lambda: part(gae, values="B x"), "Axes are T .+ Got 'B x'"),
        (lambda: part(lambda a, b: 0), "Got 'a', which is no quantity"),
        (lambda: part(lambda *, ratios: 0), "is to be handed nothing.+missing a required argument: 'ratios'"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_outputs_in_the_place_of_takes_are_told():
    with pytest.raises(ValueError, match=r'first string is `takes`: what comes in.+write gives="advantages returns"$'):
        part(gae, "advantages returns")
    with pytest.raises(ValueError, match="It cannot be called so") as refused:
        part(gae, "advantages returns", "advantages")
    assert "first string" not in str(refused.value)


def test_functions_that_do_not_tell_their_parameters_are_believed():
    assert isinstance(part(torch.mean, "ratios"), Part)
    assert isinstance(part(max, "ratios"), Part)


@pytest.mark.parametrize(
    ("ours", "theirs", "handed", "taken"),
    [
        ("T N", "T N", True, True),
        ("T N", "T E A", True, True),
        ("T N", "T", True, True),
        ("T N", "B", True, False),
        ("T N", "N", False, False),
        ("T N", "E A", False, False),
        ("T N", "T N B", False, False),
        ("B", "B 1", True, True),
        ("B", "T N", True, True),
        ("B K", "B K", True, True),
        ("B K", "B", False, False),
        ("B", "B K", False, False),
        ("N", "", True, True),
        ("", "B", False, False),
    ],
)
def test_which_layouts_there_are(ours, theirs, handed, taken):
    assert can_be_handed(ours.split(), theirs.split()) is handed
    assert can_be_taken(ours.split(), theirs.split()) is taken


def test_axes_of_quantities():
    assert axes_of("rewards", "T E A") == ["T", "E", "A"] and axes_of("last_values", "T E A") == ["E", "A"]
    assert axes_of("logits", "B 1") == ["B", "K"] and axes_of("obs", "T N 1") == ["T", "N", "D"]
    assert axes_of("kl", "B") == [] and math.prod(()) == 1
