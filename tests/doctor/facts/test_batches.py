"""Mini-batches: right in any style, and what each mistake is told."""

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from tests.doctor.asking import Answers, names_of, require_reproducible

INDEX = "num_rows minibatch_size"
TABLE = "obs actions old_log_probs advantages returns old_values"


def shuffled(rows, size):
    return torch.randperm(rows).split(size)


def with_a_generator(rows, size, epochs, generator):
    for _ in range(epochs):
        yield from torch.randperm(rows, generator=generator).split(size)


def in_numpy(rows, size, epochs):
    """As CleanRL: one array of numbers that is shuffled in place."""
    numbers = np.arange(rows)
    for _ in range(epochs):
        np.random.shuffle(numbers)
        for first in range(0, rows, size):
            yield numbers[first : first + size].copy()


def of_even_size(rows, size):
    """The rest is spread over the others."""
    return np.array_split(np.random.permutation(rows), rows // size)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (shuffled, INDEX),
        (with_a_generator, f"{INDEX} epochs generator"),
        (in_numpy, f"{INDEX} epochs"),
        (of_even_size, INDEX),
        (lambda rows, size: DataLoader(range(rows), size, shuffle=True), INDEX),
        (lambda rows, size: BatchSampler(RandomSampler(range(rows)), size, drop_last=True), INDEX),
    ],
)
def test_row_numbers_in_any_style(function, said):
    answers = Answers("minibatches", function, said)
    assert answers.failed == []
    assert {"coverage", "order", "whole actions"} <= set(answers.passed)
    assert set(answers.unfit) == {"alignment", "on-policy", "fallen agents"}


def flat(*given):
    """Rows of a rollout, step after step."""
    *table, size = given
    table = [torch.as_tensor(some) for some in table]
    table = [some.reshape(some.shape[0] * some.shape[1], *some.shape[2:]) for some in table]
    for index in torch.randperm(len(table[1])).split(size):
        yield tuple(some[index] for some in table)


def already_flat(*given):
    *table, size = given
    for index in torch.randperm(len(table[1])).split(size):
        yield [some[index] for some in table]


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (flat, {}),
        (flat, {"rows": "N T"}),
        (flat, {"rows": "T N 1"}),
        (flat, {"arrays": "numpy"}),
        (already_flat, {"rows": "B"}),
        (already_flat, {"rows": "B 1"}),
        (already_flat, {"rows": "T"}),
        (
            lambda *given: flat(*(some.flatten(0, 1) if torch.is_tensor(some) else some for some in given)),
            {"rows": "T E A"},
        ),
    ],
    ids=["T N", "N T", "T N 1", "numpy", "B", "B 1", "T", "T E A"],
)
def test_rows_of_a_rollout_in_any_layout(function, options):
    answers = Answers("minibatches", function, f"{TABLE} minibatch_size", TABLE, **options)
    assert answers.failed == []
    assert {"coverage", "order", "alignment", "on-policy", "whole actions"} <= set(answers.passed)


def test_own_axes_of_the_rollout_and_of_its_mini_batches():
    def wide(obs, actions, size):
        for index in torch.randperm(obs.shape[0] * obs.shape[1]).split(size):
            yield obs.flatten(0, 1)[index], actions.flatten()[index][:, None]

    answers = Answers("minibatches", wide, "obs actions minibatch_size", "obs actions", actions="B 1")
    assert answers.failed == [] and "alignment" in answers.passed

    def deep(obs, actions, size):
        assert actions.shape == (4, 6, 1)
        return already_flat(obs.flatten(0, 1), actions.flatten(), size)

    answers = Answers("minibatches", deep, "obs actions minibatch_size", "obs actions", actions="T N 1")
    assert answers.failed == [] and "alignment" in answers.passed


def once(rows, size, epochs):
    pieces = torch.randperm(rows).split(size)
    return [piece for _ in range(epochs) for piece in pieces]


def seeded(rows, size):
    return torch.randperm(rows, generator=torch.Generator().manual_seed(0)).split(size)


def ten_epochs(rows, size):
    return [piece for _ in range(10) for piece in shuffled(rows, size)]


WRONG = {
    "with repeats": (lambda rows, size: torch.randint(rows, (rows,)).split(size), "coverage", ""),
    "the last row is never drawn": (lambda rows, size: torch.randperm(rows - 1).split(size), "coverage", ""),
    "the first mini-batch alone": (lambda rows, size: shuffled(rows, size)[:1], "coverage", ""),
    "without replacement, but each anew": (
        lambda rows, size: [torch.randperm(rows)[:size] for _ in range(rows // size)],
        "coverage",
        "",
    ),
    "ten epochs in one call": (ten_epochs, "coverage", "Then let it take `epochs`."),
    "never shuffled": (lambda rows, size: torch.arange(rows).split(size), "order", "sees one moment alone"),
    "backwards": (lambda rows, size: torch.arange(rows).flip(0).split(size), "order", ""),
    "its own seed": (seeded, "order", ""),
    "blocks in another order": (
        lambda rows, size: [torch.arange(rows).split(size)[k] for k in torch.randperm(rows // size)],
        "order",
        "split before they are shuffled",
    ),
    "shuffled within blocks": (
        lambda rows, size: [piece[torch.randperm(len(piece))] for piece in torch.arange(rows).split(size)],
        "order",
        "split before they are shuffled",
    ),
    "numbers with a point": (lambda rows, size: [x.float() for x in shuffled(rows, size)], "whole actions", ""),
}


@pytest.mark.parametrize(("function", "failed", "hint"), WRONG.values(), ids=WRONG)
def test_wrong_row_numbers(function, failed, hint):
    answers = Answers("minibatches", function, INDEX)
    assert answers.failed == [failed] and hint in answers[failed].text
    require_reproducible(answers[failed])


def test_one_order_for_all_epochs():
    answers = Answers("minibatches", once, f"{INDEX} epochs")
    assert answers.failed == ["order"] and answers["order"].got == "the same order in every epoch"


@pytest.mark.parametrize("rows", [torch.arange, torch.randperm])
def test_where_all_rows_are_one_mini_batch_their_order_is_of_no_consequence(rows):
    answers = Answers("minibatches", lambda n: [rows(n)], "num_rows", "index")
    assert answers.failed == [] and "coverage" in answers.passed
    assert answers.different["order"] == "All rows of an epoch are one mini-batch: their order is of no consequence."
    in_one_call = Answers("minibatches", lambda n, epochs: [rows(n)] * epochs, "num_rows epochs", "index")
    assert in_one_call.failed == [] and list(in_one_call.different) == ["order"]


def test_one_mini_batch_of_some_rows_is_still_in_the_order_of_time():
    some = Answers("minibatches", lambda n: [torch.arange(n - 1)], "num_rows", "index")
    assert set(some.failed) == {"coverage", "order"}


def test_what_never_ends_is_stopped():
    def for_ever(rows, size):
        while True:
            yield torch.randperm(rows)[:size]

    answers = Answers("minibatches", for_ever, INDEX)
    assert set(answers.unasked) == {"coverage", "order", "a rest", "whole actions"} and answers.failed == []
    assert "should come to an end. Got more than 1000" in answers["coverage"].got


def refuses_a_rest(rows, size):
    assert rows % size == 0
    return shuffled(rows, size)


def filled_up(rows, size):
    order = torch.randperm(rows)
    return torch.cat((order, order[: -rows % size])).split(size)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (shuffled, "may have a single row"),
        (lambda rows, size: torch.randperm(rows)[: rows // size * size].split(size), "it leaves 4 out each epoch"),
        (refuses_a_rest, "only mini-batches into which the rows divide evenly"),
        (filled_up, "some come twice"),
    ],
)
def test_conventions_about_a_rest(function, words):
    answers = Answers("minibatches", function, INDEX)
    assert answers.failed == [] and words in answers.different["a rest"]


def test_a_rest_is_not_asked_about_where_nothing_is_whole():
    answers = Answers("minibatches", ten_epochs, INDEX)
    assert answers.unfit["a rest"].endswith("see coverage.")


@pytest.mark.parametrize(
    "mistake",
    [
        lambda obs, advantages, returns: (obs.transpose(0, 1), advantages, returns),
        lambda obs, advantages, returns: (obs, advantages.roll(1, dims=0), returns),
        lambda obs, advantages, returns: (obs, advantages, returns.flip(1)),
        lambda obs, advantages, returns: (obs, advantages.flatten()[torch.randperm(24)].reshape(4, 6), returns),
    ],
)
def test_numbers_of_different_decisions_in_one_row(mistake):
    def mixed(obs, advantages, returns, size):
        return flat(*mistake(obs, advantages, returns), size)

    answers = Answers("minibatches", mixed, "obs advantages returns minibatch_size", "obs advantages returns")
    assert answers.failed == ["alignment"] and "of step" in answers["alignment"].got
    require_reproducible(answers["alignment"])


@pytest.mark.parametrize("each", [True, False])
def test_advantages_that_come_back_normalised_are_no_mistake(each):
    def normalised(a):
        return (a - a.mean()) / (a.std() + 1e-8)

    def batches(obs, actions, advantages, size):
        for seen, chosen, wanted in flat(obs, actions, advantages if each else normalised(advantages), size):
            yield seen, chosen, normalised(wanted) if each else wanted

    table = "obs actions advantages"
    answers = Answers("minibatches", batches, f"{table} minibatch_size", table)
    assert answers.failed == []
    assert answers.different["alignment"] == "Advantages come back in their rows, and normalised."


def test_what_is_left_of_the_last_rollout():
    kept = []

    def piled(obs, actions, size):
        kept.append((obs, actions))
        return flat(*(torch.cat(parts) for parts in zip(*kept, strict=True)), size)

    answers = Answers("minibatches", piled, "obs actions minibatch_size", "obs actions")
    assert "on-policy" in answers.failed and "when the second is learned" in answers["on-policy"].got


def test_actions_with_a_point_are_a_convention():
    def with_a_point(obs, actions, size):
        return flat(obs, actions.float(), size)

    answers = Answers("minibatches", with_a_point, "obs actions minibatch_size", "obs actions")
    assert answers.failed == []
    assert answers.different["whole actions"].startswith("Actions come back as float32")
    assert Answers("minibatches", lambda obs, size: flat(obs, obs, size), "obs minibatch_size", "obs returns").unfit[
        "whole actions"
    ]


def those(keep):
    def batches(acting, size):
        numbers = keep(acting).flatten().nonzero()[:, 0]
        return numbers[torch.randperm(len(numbers))].split(size)

    return Answers("minibatches", batches, "acting minibatch_size", "index")


def test_rows_of_the_fallen():
    assert "fallen agents" in those(lambda acting: acting).passed
    everybody = those(torch.ones_like)
    assert everybody.failed == ["fallen agents"] and everybody["fallen agents"].got == "step 2 of column 1 is there"
    survivors = those(lambda acting: acting & torch.cat((acting[1:], acting[-1:])))
    assert survivors.failed == ["fallen agents"] and "step 1 of column 1 is missing" in survivors["fallen agents"].got


def test_every_fact_is_failed_by_some_function_here():
    elsewhere = {"alignment", "on-policy", "fallen agents"}
    conventions = {"a rest"}
    assert {fact for _, fact, _ in WRONG.values()} | elsewhere | conventions == names_of("minibatches")
