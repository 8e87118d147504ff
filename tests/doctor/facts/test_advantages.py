"""Advantages in many styles: the right ones pass, and every usual mistake is told."""

import numpy as np
import pytest
import torch

from ppo_lessons.doctor.facts.advantages import rollout
from tests.doctor.asking import Answers, names_of, require_reproducible

ALL = "rewards values terminated truncated final_values last_values gamma gae_lambda"


def following(values, last_values):
    return np.concatenate((values[1:], last_values[None]))


def loop(r, v, terminated, truncated, final, last, gamma, lam, *, after=None, ends=None, decay=None):
    """The usual backward loop; each keyword puts a mistake into one place."""
    dead, cut = terminated.astype(float), truncated.astype(float)
    expected = after(v, dead, cut, final, last) if after else np.where(cut, final, following(v, last)) * (1 - dead)
    over = ends(dead, cut) if ends else np.maximum(dead, cut)
    delta = r + gamma * expected - v
    found, later = np.zeros_like(r), 0.0
    for t in reversed(range(len(r))):
        later = delta[t] + (decay(gamma, lam) if decay else gamma * lam) * (1 - over[t]) * later
        found[t] = later
    return found


def with_mistake(**mistake):
    return lambda *given: loop(*given, **mistake)


def by_matrix(r, v, terminated, truncated, final, last, gamma, lam):
    """One column: a triangle of powers, cut into episodes, times the errors."""
    expected = torch.where(truncated, final, torch.cat((v[1:], last[None])))
    delta = r + gamma * expected.masked_fill(terminated, 0) - v
    over = (terminated | truncated).long()
    episode, step = over.cumsum(0) - over, torch.arange(len(r))
    ahead = step[None, :] - step[:, None]
    same = (episode[None, :] == episode[:, None]) & (ahead >= 0)
    return torch.where(same, (gamma * lam) ** ahead.clamp(min=0).float(), 0.0) @ delta


def by_lambda_return(r, v, v_next, terminated, dones, gamma, lam):
    """A is the lambda-return, minus V: G = r + gamma ((1 - lam) V' + lam G')."""
    found, g = torch.zeros_like(r), v_next[-1]
    for t in range(len(r) - 1, -1, -1):
        g = torch.where(dones[t], v_next[t], g)
        g = r[t] + gamma * ~terminated[t] * ((1 - lam) * v_next[t] + lam * g)
        found[t] = g - v[t]
    return found, found + v


def one_flag_shifted(r, v, starts, last, last_dones, gamma, lam):
    """The layout of Baselines: the flag of a row says that the step before was the end."""
    found, later = np.zeros_like(r), 0
    for t in reversed(range(len(r))):
        alive = 1 - (last_dones if t == len(r) - 1 else starts[t + 1])
        value = last if t == len(r) - 1 else v[t + 1]
        later = r[t] + gamma * value * alive - v[t] + gamma * lam * alive * later
        found[t] = later
    return found, found + v


def columns_first(r, v_and_last, dones, gamma, lam):
    """(N, T), and one value more than rewards."""
    found = np.zeros_like(r)
    for n in range(len(r)):
        for t in range(r.shape[1]):
            weight = 1.0
            for k in range(t, r.shape[1]):
                found[n, t] += weight * (r[n, k] + gamma * v_and_last[n, k + 1] * (1 - dones[n, k]) - v_and_last[n, k])
                weight *= gamma * lam * (1 - dones[n, k])
    return found


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (loop, (ALL,), {"arrays": "numpy"}),
        (loop, (ALL,), {"arrays": "numpy", "rows": "T E A"}),
        (loop, (ALL,), {"arrays": "numpy", "rows": "T N 1", "flags": "float"}),
        (by_matrix, (ALL,), {"rows": "T"}),
        (
            by_lambda_return,
            ("rewards values next_values terminated dones gamma gae_lambda", "advantages returns"),
            {},
        ),
    ],
    ids=["loop", "loop of teams", "loop with an axis of one", "matrix", "lambda-return"],
)
def test_what_is_right_passes_in_any_style(function, said, options):
    answers = Answers("advantages", function, *said, **options)
    assert answers.failed == [] and answers.different == {}
    assert {"one step", "definition", "termination", "truncation", "boundary", "columns"} <= set(answers.passed)


@pytest.mark.parametrize(
    ("function", "said", "options"),
    [
        (
            one_flag_shifted,
            ("rewards values starts last_values last_dones gamma gae_lambda", "advantages returns"),
            {"arrays": "numpy", "flags": "float"},
        ),
        (
            columns_first,
            ("rewards values_and_last dones gamma gae_lambda",),
            {"arrays": "numpy", "flags": "float", "rows": "N T"},
        ),
    ],
    ids=["starts", "columns first"],
)
def test_with_one_flag_for_both_ends_the_cut_alone_fails_and_it_says_why(function, said, options):
    answers = Answers("advantages", function, *said, **options)
    assert answers.failed == ["truncation"]
    assert answers["truncation"].text.startswith("The cut is treated as a death. It takes no flag that tells")
    assert answers.unfit["final observation"] == "It takes no value of the final observation."


WRONG = {
    "the last values are ignored": (
        with_mistake(after=lambda v, dead, cut, final, last: np.where(cut, final, following(v, 0 * last)) * (1 - dead)),
        "one step",
        "",
    ),
    "values are not shifted": (
        with_mistake(after=lambda v, dead, cut, final, last: np.where(cut, final, v) * (1 - dead)),
        "one step",
        "",
    ),
    "without lambda": (with_mistake(decay=lambda gamma, lam: gamma), "definition", "is lambda used?"),
    "without gamma": (with_mistake(decay=lambda gamma, lam: lam), "definition", ""),
    "gamma twice": (with_mistake(decay=lambda gamma, lam: gamma**2), "definition", "where is lambda?"),
    "bootstraps from the dead": (
        with_mistake(after=lambda v, dead, cut, final, last: np.where(cut, final, following(v, last))),
        "termination",
        "",
    ),
    "ends one step late": (
        with_mistake(ends=lambda dead, cut: np.concatenate((0 * dead[:1], np.maximum(dead, cut)[:-1]))),
        "termination",
        "",
    ),
    "ends one step early": (
        with_mistake(ends=lambda dead, cut: np.concatenate((np.maximum(dead, cut)[1:], 0 * dead[:1]))),
        "termination",
        "",
    ),
    "a cut is a death": (
        with_mistake(after=lambda v, dead, cut, final, last: following(v, last) * (1 - np.maximum(dead, cut))),
        "truncation",
        "The cut is treated as a death.",
    ),
    "the sum runs over a cut": (with_mistake(ends=lambda dead, cut: dead), "boundary", ""),
    "the view after the reset": (
        with_mistake(after=lambda v, dead, cut, final, last: following(v, last) * (1 - dead)),
        "final observation",
        "the first view of the next episode",
    ),
    "a cut beats a death": (
        with_mistake(after=lambda v, dead, cut, final, last: np.where(cut, final, following(v, last) * (1 - dead))),
        "both flags",
        "",
    ),
    "any column ends all": (
        with_mistake(ends=lambda dead, cut: np.ones_like(dead) * np.maximum(dead, cut).max(axis=1, keepdims=True)),
        "columns",
        "",
    ),
    "the last value of the first column": (
        with_mistake(
            after=lambda v, dead, cut, final, last: np.where(cut, final, following(v, 0 * last + last[0])) * (1 - dead)
        ),
        "columns",
        "",
    ),
}


@pytest.mark.parametrize(("function", "fact", "hint"), WRONG.values(), ids=WRONG)
def test_the_first_fact_that_fails_is_that_of_the_mistake(function, fact, hint):
    answers = Answers("advantages", function, ALL, arrays="numpy")
    assert answers.failed[0] == fact
    assert hint in answers[fact].text
    for name in answers.failed:
        require_reproducible(answers[name])


def test_normalised_inside_is_told_and_what_to_do():
    def normalised(*given):
        found = loop(*given)
        return (found - found.mean()) / (found.std() + 1e-8)

    answers = Answers("advantages", normalised, ALL, arrays="numpy")
    assert answers.failed[:2] == ["one step", "definition"]
    assert {answers[name].text for name in answers.failed} == {answers["one step"].text}
    of_its_own = Answers("advantages", lambda *given: normalised(*given, 0.98, 0.97), ALL[:-17], arrays="numpy")
    assert of_its_own["one step"].text == answers["one step"].text
    assert answers["definition"].text == "They are normalised already: let the adapter return them as they were."


def test_returns():
    def with_returns(returns):
        def both(*given):
            found = loop(*given)
            return found, returns(found, *given)

        return Answers("advantages", both, ALL, "advantages returns", arrays="numpy")

    assert "returns" in with_returns(lambda found, r, v, *rest: found + v).passed
    shifted = with_returns(lambda found, r, v, *rest: (found + v) / (found + v).std())
    assert shifted.failed == ["returns"]
    require_reproducible(shifted["returns"])
    summed = with_returns(lambda found, r, v, *rest: loop(r, v, *rest[:-1], 1.0) + v)
    assert summed.failed == [] and "lambda 1" in summed.different["returns"]
    assert Answers("advantages", loop, ALL, arrays="numpy").unfit["returns"] == "It gives no returns."


TEAM = "rewards values terminated truncated final_values last_values acting gamma gae_lambda"


def alone(*given):
    *table, _acting, gamma, lam = given
    return loop(*table, gamma, lam)


def selected(r, v, terminated, truncated, final, last, acting, gamma, lam):
    """Nothing of a fallen row is read: it is selected, not multiplied by 0."""
    expected = np.where(terminated, 0, np.where(truncated, final, following(v, last)))
    delta = np.where(acting, r + gamma * expected - v, 0)
    found, later = np.zeros_like(r), np.zeros_like(last)
    for t in reversed(range(len(r))):
        later = delta[t] + np.where((terminated | truncated)[t], 0, gamma * lam * later)
        found[t] = later
    return found


def credited(r, v, terminated, truncated, final, last, acting, gamma, lam):
    """The fallen are given what is paid after their fall."""
    rewards = r.copy()
    for t, n in zip(*np.nonzero(terminated), strict=True):
        later = t + 1
        while later < len(r) and not acting[later, n]:
            rewards[t, n] += gamma ** (later - t) * r[later, n]
            later += 1
    return selected(rewards, v, terminated, truncated, final, last, acting, gamma, lam)


def the_team_ends_together(r, v, terminated, truncated, final, last, acting, gamma, lam):
    """(T, E, A): nobody is over before all are."""
    everybody = (terminated | ~acting).all(axis=-1, keepdims=True) | np.zeros_like(terminated)
    return loop(r, v, everybody, truncated, final, last, gamma, lam)


def test_the_rows_of_the_fallen():
    assert "fallen agents" in Answers("advantages", selected, TEAM, arrays="numpy").passed
    multiplied = Answers("advantages", alone, TEAM, arrays="numpy")
    assert multiplied.failed == [] and "no NaN" in multiplied.different["fallen agents"]
    team = Answers("advantages", credited, TEAM, arrays="numpy")
    assert team.failed == [] and team.different["fallen agents"].startswith("The fallen are credited")
    together = Answers("advantages", the_team_ends_together, TEAM, arrays="numpy", rows="T E A")
    assert together.failed == ["fallen agents"]
    assert "1e9 where nobody acts" in together["fallen agents"].given

    def lost(*given):
        return selected(*given) * (given[2] == 0)

    assert "fallen agents" in Answers("advantages", lost, TEAM, arrays="numpy").failed
    assert Answers("advantages", loop, ALL, arrays="numpy").unfit["fallen agents"].startswith("It does not take")


def test_every_fact_is_failed_by_some_function_here():
    assert {fact for _, fact, _ in WRONG.values()} | {"returns", "fallen agents"} == names_of("advantages")


def test_the_right_advantages_are_the_definition():
    """delta = [1 + .5 * 2 - 1, 0 + .5 * 0 - 2, 4 + .5 * 8 - 6], the sum stops after the second."""
    case = rollout([1, 0, 4], [1, 2, 6], 8, terminated=(1,), gamma=0.5, gae_lambda=0.5)
    np.testing.assert_allclose(case.right()[:, 0], [1 + 0.25 * -2, -2, 2])
    cut = rollout([1, 0, 4], [1, 2, 6], 8, truncated=(1,), final=10, gamma=0.5, gae_lambda=0.5)
    np.testing.assert_allclose(cut.right()[:, 0], [1 + 0.25 * 3, 3, 2])


def test_all_that_can_be_handed_over_is_one_rollout():
    case = rollout([1, 2, 3], [4, 5, 6], 7, truncated=(0,), terminated=(2,), final=9)
    handed = {name: value[:, 0].tolist() for name, value in case.quantities().items() if name in SHIFTED}
    assert handed == {
        "dones": [True, False, True],
        "starts": [False, True, False],
        "next_values": [9, 6, 7],
        "values_and_last": [4, 5, 6, 7],
    }
    assert case.quantities()["last_dones"].tolist() == [True]
    assert "final_values [9, 0, 0]" in case.in_words()
    assert case.column(0).right().tolist() == case.right().tolist()


SHIFTED = ("dones", "starts", "next_values", "values_and_last")


WITHOUT = ALL.replace(" gamma gae_lambda", "")


def test_gamma_and_lambda_of_its_own_are_found_and_asked_with():
    answers = Answers("advantages", lambda *given: loop(*given, 0.99, 0.95), WITHOUT, arrays="numpy")
    assert answers.failed == []
    words = "It takes no gamma; its own is 0.99. It takes no gae_lambda; its own is 0.95."
    assert answers.different == {"definition": words}
    one = Answers("advantages", lambda *given: loop(*given, 0.0), f"{WITHOUT} gamma", arrays="numpy")
    assert one.failed == [] and one.different == {"definition": "It takes no gae_lambda; its own is 0."}


def test_what_is_wrong_with_a_gamma_of_its_own_is_wrong():
    bootstraps = with_mistake(after=lambda v, dead, cut, final, last: np.where(cut, final, following(v, last)))
    answers = Answers("advantages", lambda *given: bootstraps(*given, 0.99, 0.95), WITHOUT, arrays="numpy")
    assert "one step" in answers.passed and answers.failed[0] == "termination"
    assert "gamma 0.99, gae_lambda 0.95" in answers["termination"].given
    assert "It takes no gamma; its own is 0.99." in answers["termination"].text
    assert Answers("advantages", lambda r, *rest: 0 * r, WITHOUT, arrays="numpy").failed[0] == "one step"


def test_where_its_own_cannot_be_told_it_says_to_hand_it_on():
    answers = Answers("advantages", lambda r, v: r - v, "rewards values")
    assert answers["one step"].text == (
        "It takes no gamma, and none can be told from what it gives: hand it on in the adapter. "
        "It takes no gae_lambda, and none can be told from what it gives: hand it on in the adapter."
    )
    fades = with_mistake(decay=lambda gamma, lam: gamma**2)
    squared = Answers("advantages", lambda *given: fades(*given, 1.0), f"{WITHOUT} gamma", arrays="numpy")
    assert "definition" in squared.failed, "0.9 would do as its lambda, for a gamma of 0.9 alone"


def one_flag(r, v, dones, last, gamma, lam):
    found, later, value = np.zeros_like(r), 0, last
    for t in reversed(range(len(r))):
        later = r[t] + (1 - dones[t]) * (gamma * value + gamma * lam * later) - v[t]
        found[t], value = later, v[t]
    return found


def shifted_alone(r, v, starts, last, gamma, lam):
    return one_flag_shifted(r, v, starts, last, 0, gamma, lam)[0]


FLAGS = {"arrays": "numpy", "flags": "float"}


def test_dones_and_starts_mixed_up_are_told():
    mixed = Answers("advantages", one_flag, "rewards values starts last_values gamma gae_lambda", **FLAGS)
    words = "With `dones` in the place of `starts` it would pass: is your flag shifted by one?"
    assert {"termination", "boundary"} <= set(mixed.failed)
    assert mixed["termination"].text == mixed["boundary"].text == words
    said = "rewards values dones last_values last_dones gamma gae_lambda"
    mixed = Answers("advantages", lambda *given: one_flag_shifted(*given)[0], said, **FLAGS)
    words = "With `starts` in the place of `dones` it would pass: is your flag shifted by one?"
    assert mixed["termination"].text == mixed["boundary"].text == words
    mixed = Answers("advantages", shifted_alone, "rewards values dones last_values gamma gae_lambda", **FLAGS)
    assert "it would pass, but for an end in the last row, which needs `last_dones`: is" in mixed["termination"].text


def test_starts_without_last_dones_are_told_what_is_missing():
    said = "rewards values starts last_values gamma gae_lambda"
    answers = Answers("advantages", shifted_alone, said, **FLAGS)
    assert answers.failed == ["termination", "truncation"]
    assert answers["termination"].text.startswith("It takes `starts` and no `last_dones`: whether the last step")


def test_a_right_flag_is_not_suspected():
    bootstraps = lambda r, v, dones, *rest: one_flag(r, v, 0 * dones, *rest)  # noqa: E731
    answers = Answers("advantages", bootstraps, "rewards values dones last_values gamma gae_lambda", **FLAGS)
    assert "shifted" not in answers["termination"].text + answers["boundary"].text


def test_what_is_wrong_stays_wrong_where_it_cannot_be_explained():
    def short(r, v):
        assert len(r) == 1, "only one step"
        return r - v

    answers = Answers("advantages", short, "rewards values")
    assert answers.unasked and "only one step" in answers[answers.unasked[0]].got
    taking = Answers("advantages", lambda r, v, gamma, lam: short(r, v), "rewards values gamma gae_lambda")
    assert taking.failed[0] == "one step" and "definition" in taking.unasked
