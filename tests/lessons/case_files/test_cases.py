"""What is said of each case holds in its shipped readings: one sentence after the other."""

import math

import numpy as np
import pytest

from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.lessons.case_files.board import SHOWN, places, shipped
from ppo_lessons.lessons.case_files.case_file import HEALTHY, NOBODY, CaseFile
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.shipped.case_runs import CASES as RUNS
from ppo_lessons.shipped.case_runs import SUSPECT, TWIN
from ppo_lessons.shipped.faults import REWRITTEN

NAMES = list(SHOWN)
OF_A_TITLE = [str(case.number) for case in CASES]


def case(number: int) -> CaseFile:
    return CASES[number - 1]


def reading(number: int, name: str, who: str = SUSPECT) -> np.ndarray:
    """As it is, from cycle 5 to 250."""
    return shipped().traces[number][who].values[name]


def place(number: int, name: str, who: str = SUSPECT) -> np.ndarray:
    """As it stands in what is usual."""
    return places(number, who)[NAMES.index(name)]


def inside(number: int, name: str, who: str = SUSPECT) -> float:
    """The share of all points that are known at which it is as usual."""
    there = place(number, name, who)
    return float((np.abs(there[np.isfinite(there)]) <= 1).mean())


def up_to(cycle: int) -> slice:
    return slice(0, cycle // 5)


def since(cycle: int) -> slice:
    return slice(cycle // 5 - 1, None)


# ---- all of them


def test_there_are_thirteen_in_the_order_of_their_numbers():
    assert [each.number for each in CASES] == list(range(1, 14)) == list(RUNS)
    assert len({each.title for each in CASES}) == 13
    assert [each.number for each in CASES if each.node == NOBODY] == [6]
    assert RUNS[6].fault is REWRITTEN


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_the_culprit_is_the_box_of_what_was_planted(each: CaseFile):
    if each.node == NOBODY:
        assert each.clues == (HEALTHY,) and each.fault is None
        return
    assert each.fault is not None and each.node == each.fault.node == RUNS[each.number].fault.node
    assert each.clues and set(each.clues) <= set(SHOWN)
    assert each.verdict and each.instead and each.closing


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_what_it_answers_is_asked(each: CaseFile):
    """No alibi for the culprit, no weakness of a clue, and both of things that there are."""
    assert set(each.alibis) <= set(NODES) - {each.node}
    assert set(each.weak) <= set(SHOWN) - set(each.clues)


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_every_other_answer_gets_a_reason_that_is_not_the_verdict(each: CaseFile):
    others = [answer for answer in (*NODES, NOBODY) if answer != each.node]
    assert len(others) == 16
    for answer in others:
        said = each.alibi(answer)
        assert len(said) > 30 and each.verdict not in said
        assert f"box {answer} " in said or answer == NOBODY


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_every_other_clue_gets_a_reason(each: CaseFile):
    for clue in (*SHOWN, HEALTHY):
        if clue not in each.clues:
            said = each.no_proof(clue)
            assert len(said) > 20 and each.verdict not in said


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_sentences_are_sentences(each: CaseFile):
    """Verdicts and weaknesses go on after a colon, all others begin by themselves."""
    after_a_colon = (each.verdict, *each.weak.values())
    alone = (each.instead, each.closing, *each.alibis.values())
    for text in filter(None, (*after_a_colon, *alone)):
        assert text == " ".join(text.split()) and text[-1] in ".?)", text
    assert all(text[0].isupper() or text.startswith("flatten_rows") for text in filter(None, alone))
    assert all(text[0].islower() for text in after_a_colon)
    assert each.title[0].islower() and each.title[-1] not in ".!?"


@pytest.mark.parametrize("each", CASES, ids=OF_A_TITLE)
def test_the_clue_can_be_seen_on_the_board(each: CaseFile):
    if each.node != NOBODY:
        assert all(each.is_unusual(clue) for clue in each.clues)


def test_what_has_a_right_value_is_right_where_nothing_is_said_against_it():
    for number in (1, 2, 3, 4, 6, 7, 8, 11, 12, 13):
        assert reading(number, "first_ratio").max() < 1e-5, number
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12):
        assert reading(number, "step_grad").max() <= 1.001, number


# ---- one by one


def test_case_1():
    explained = reading(1, "explained_variance")
    assert (explained[up_to(50)] < 0).all(), "less than a constant would, in the first fifty cycles"
    assert np.abs(explained[since(220)]).max() < 0.05, "and in the end nothing"
    assert case(1).is_unusual("actor_grad") and case(1).is_unusual("approx_kl")
    assert np.nanmean(place(1, "actor_grad") < -1) > 0.5 and np.nanmean(place(1, "approx_kl") < -1) > 0.5
    loss = place(1, "value_loss")
    assert loss[:2].min() > 1 and (loss[since(50)] < -1).mean() > 0.7, "large at first and small later"
    returns = reading(1, "mean_return")
    best = int(np.nanargmax(returns))
    assert 5 < best < 45 and returns[-1] < 0.7 * returns[best], "it begins to rise and gives up"


def test_case_2():
    entropy = reading(2, "entropy")
    assert entropy[since(50)].max() < 0.02, "next to 0 within 50 cycles, and it stays there"
    for name in ("first_ratio", "approx_kl", "clip_fraction", "actor_grad", "critic_grad", "explained_variance"):
        assert np.abs(place(2, name)[:2]).max() <= 1, f"{name} begins as usual"
    gone = {name: int(np.argmax(place(2, name) < -1)) for name in ("entropy", "approx_kl", "clip_fraction")}
    assert place(2, "entropy").min() < -1
    assert gone["entropy"] < gone["approx_kl"] and gone["entropy"] < gone["clip_fraction"], "what falls first"
    returns = reading(2, "mean_return")
    assert returns[-1] < returns[10] + 0.1, "it stops"


def test_case_3():
    gradient = place(3, "actor_grad")
    assert (gradient[since(10)] > 1).mean() > 0.95, "longer than usual from cycle 10 on"
    times = reading(3, "actor_grad") / shipped().usual["actor_grad"].mean(axis=0)
    assert np.median(times[since(20)]) > 3, "soon several times as long"
    assert times[since(200)].mean() > times[up_to(50)].mean(), "and does not shrink"
    assert (place(3, "approx_kl")[since(60)] < -1).all(), "the policy comes to a standstill"
    explained = reading(3, "explained_variance")
    assert np.abs(explained[since(100)]).max() < 0.05, "the critic is blind"
    blind = [n for n in range(1, 14) if np.median(np.abs(reading(n, "explained_variance")[since(100)])) < 0.05]
    assert blind == [3, 4, 9], "as in two other cases"
    assert (place(3, "value_loss") < -1).mean() > 0.5, "its loss is small"
    assert reading(3, "mean_return")[since(100)].max() < 0.7, "nothing is learned"


def test_case_4():
    explained = reading(4, "explained_variance")
    assert explained[0] < shipped().usual["explained_variance"][0][0] and np.abs(explained[1:]).max() < 0.04
    for name in ("first_ratio", "approx_kl"):
        assert inside(4, name) > 0.95
    assert (place(4, "value_loss") < -1).mean() > 0.5, "it is low"
    assert (place(4, "critic_grad") < -1).mean() > 0.5, "a small gradient in the critic's head"
    assert reading(4, "critic_grad").min() > 0.01, "but one that arrives"
    assert reading(4, "survival")[-1] > 0.95 and inside(4, "mean_return") < 0.5, "they survive, and seldom win"


def test_case_5():
    assert reading(5, "first_ratio").min() > 0.01, "it is not 1 in any cycle"
    entropy = reading(5, "entropy")[1:]
    five = np.exp([1.0, 0, 0, 0, 0]) / np.exp([1.0, 0, 0, 0, 0]).sum()
    lowest = -(five * np.log(five)).sum()
    np.testing.assert_allclose(entropy, lowest, atol=2e-3, err_msg="stuck at 1.5")
    rng = np.random.default_rng(0)
    logits = rng.dirichlet([0.3] * 5, size=5000)  # probabilities in their place
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert (-(chances * np.log(chances)).sum(axis=1)).min() >= lowest - 1e-12, "as low as it gets"
    assert reading(5, "clip_fraction")[0] > 0.4 and reading(5, "clip_fraction")[1:].min() > 0.95
    assert reading(5, "explained_variance")[since(50)].min() > 0.3, "the critic sees"
    assert (place(5, "approx_kl") > 1).all()


def test_case_6():
    assert reading(6, "first_ratio").max() < 1e-5 and reading(6, "step_grad").max() <= 1.001
    for name in NAMES:
        assert not case(6).is_unusual(name) and inside(6, name) > 0.5, f"{name} is as usual most of the time"
    suspect, twin = reading(6, "mean_return"), reading(6, "mean_return", TWIN)
    assert (suspect[30:46] < twin[30:46]).all(), "it lags behind its twin"
    behind = [
        np.argmax(suspect[1:] > level) - np.argmax(twin[1:] > level) for level in (1.5, 2.0, 2.5, 3.0, 3.5)
    ]  # points of five cycles
    assert 4 <= min(behind) and max(behind) == 10, "by 20 to 50 cycles"
    healthy = shipped().usual["mean_return"]
    assert np.nanmax(healthy[1] - healthy[0]) > np.nanmax(twin - suspect), "healthy runs differ by as much"
    for who in (TWIN, SUSPECT):
        slow = place(6, "mean_return", who) < -1
        assert 0.1 < slow.mean() < 0.5, "both are slower than the sixty for a while"
        assert abs(place(6, "mean_return", who)[-1]) < 1, "and end among them"
    for name in ("entropy", "approx_kl", "value_loss"):
        first = [reading(6, name, who)[:2] for who in (TWIN, SUSPECT)]
        np.testing.assert_allclose(*first, rtol=2e-2, err_msg="at first the last digits alone differ")


def test_case_7():
    assert (reading(7, "clip_fraction") == 0).all(), "exactly 0 in every cycle"
    kl = reading(7, "approx_kl")
    assert kl.max() < 5e-5 and (kl[2:] == 0).all(), "next to 0; in a log of four digits 0.0000"
    np.testing.assert_allclose(reading(7, "entropy"), math.log(5), atol=1e-3, err_msg="as high as it can be")
    assert reading(7, "actor_grad").max() < 1e-4, "next to no gradient reaches the actor"
    assert reading(7, "critic_grad").min() > 0.01, "the critic's gradients arrive"
    assert reading(7, "explained_variance")[since(50)].min() > 0.3, "and it learns"
    assert np.nanmax(reading(7, "survival")) < 0.5 and np.nanmax(reading(7, "mean_return")) < 0.1, "they play by chance"


def test_case_8():
    highest = shipped().usual["approx_kl"][1][0]
    assert reading(8, "approx_kl")[0] > 4 * highest, "several times the highest that is usual"
    assert reading(8, "clip_fraction")[0] > 1.2 * shipped().usual["clip_fraction"][1][0], "beyond it, too"
    assert (reading(8, "entropy")[1:8] < 0.01).all(), "by cycle 10 next to 0"
    assert np.median(reading(8, "entropy")) < 0.01
    assert abs(place(2, "approx_kl")[0]) <= 1, "with a wrong sign of the entropy approx_kl begins as usual"
    assert reading(8, "first_ratio").max() < 1e-5 and reading(8, "step_grad").max() <= 1.001


def test_case_9():
    assert reading(9, "first_ratio").min() > 0.2, "far from 1"
    assert reading(9, "explained_variance")[0] < shipped().usual["explained_variance"][0][0]
    assert np.abs(reading(9, "explained_variance")[1:]).max() < 0.05, "the critic is blind"
    assert reading(9, "survival")[since(50)].min() > 0.8 and np.nanmax(reading(9, "mean_return")) < 1
    assert shipped().replay(9, SUSPECT).outcome == "adjourned", "they survive, and never win"
    assert reading(5, "explained_variance")[since(50)].min() > 0.3, "with another forward pass it would see"
    assert reading(4, "first_ratio").max() < 1e-5, "where its loss is wrong the first ratio is 1"


def test_case_10():
    rows = reading(10, "rows_used")
    assert (rows[since(15)] > 3.3).all() and rows.max() < 4, "nearly four times as many"
    assert reading(10, "first_ratio").min() > 0.5, "the first ratio is not 1"
    assert (place(10, "approx_kl") > 1).all()
    assert reading(9, "rows_used").max() < 1, "rows that are mixed up are not more"


def test_case_11():
    assert (reading(11, "rows_used") == 1).all(), "every place, in every cycle"
    assert reading(11, "survival")[1:4].max() < 0.9, "although detectives fall in the first cycles"
    assert reading(11, "rows_used", TWIN).max() < 1
    assert reading(10, "rows_used").min() > 1, "old rows would make more"
    others = [name for name in NAMES if name != "rows_used"]
    assert min(inside(11, name) for name in others) > 0.85, "nothing else shows"


def test_case_12():
    rows = reading(12, "rows_used")
    assert rows.min() > 0.5 and rows.max() < 0.7, "the board says a bit less than 63 %"
    shares = rows / reading(12, "rows_used", TWIN)
    assert shares.mean() == pytest.approx(1 - 1 / math.e, abs=0.02)
    assert not case(12).is_unusual("mean_return") and abs(place(12, "mean_return")[-1]) < 1


def test_case_13():
    longest = reading(13, "step_grad")
    assert (longest > 1.01).mean() > 0.7 and longest.max() > 3, "gradients longer than the limit arrive"
    assert 0.05 < (place(13, "critic_grad") > 1).mean() < 0.5, "longer than usual now and then"
    others = [name for name in NAMES if name != "step_grad"]
    assert min(inside(13, name) for name in others) >= 0.8


# ---- how they end


@pytest.mark.parametrize("number", [10, 11, 13])
def test_a_return_in_which_nothing_shows(number: int):
    assert inside(number, "mean_return") >= 0.9
    assert abs(place(number, "mean_return")[-1]) < 1


def test_who_ends_where_healthy_ones_end():
    """What the recap counts."""
    ends = [n for n in range(1, 14) if abs(place(n, "mean_return")[-1]) <= 1]
    assert ends == [6, 10, 11, 12, 13]
    assert all(place(n, "mean_return", TWIN)[-1] >= -1 for n in range(1, 14)), "and no twin below them"
