"""Advantages, normalised by everybody's."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import normal, numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.data_parallel.sharing import moments, normalise_by_all

EPS = 1e-8


def _told(*parts: Tensor, rank: int = 0, special: str = "") -> Probe:
    """What a rank knows when all have told the moments of their rows."""
    return call_with(parts[rank], *torch.stack([moments(part) for part in parts]).T.contiguous(), special=special)


def _drawn(seed: int, *sizes: int, rank: int = 0, special: str = "") -> Probe:
    rng = numbers(seed)
    parts = [float(rng.uniform(0.5, 3)) * normal(seed + 50 * r, size) + float(rng.normal()) for r, size in
             enumerate(sizes)]  # fmt: skip
    return _told(*parts, rank=rank, special=special)


def _with(advantages: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return (advantages - mean) / (variance.sqrt() + EPS)


def _mean(n: Tensor, m: Tensor) -> Tensor:
    return (n * m).sum() / n.sum()


def _between(n: Tensor, m: Tensor) -> Tensor:
    return (n * (m - _mean(n, m)) ** 2).sum()


def _own(advantages: Tensor) -> Tensor:
    if len(advantages) < 2:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + EPS)


def _all(a: Tensor, n: Tensor, m: Tensor, s: Tensor) -> Tensor:
    return (s.sum() + _between(n, m)) / (n.sum() - 1).clamp(min=1)


def _in_place(a: Tensor, n: Tensor, m: Tensor, s: Tensor) -> Tensor:
    if n.sum() < 2:
        return a
    a -= _mean(n, m)
    a /= _all(a, n, m, s).sqrt() + EPS
    return a


def _wrong(of):  # type: ignore[no-untyped-def]
    """A mistake that leaves one row alone, as it should."""
    return lambda a, n, m, s: a if n.sum() < 2 else of(a, n, m, s)


_TWINS = torch.tensor([2.0, 2.0]), torch.tensor([2.0, 2.0, 2.0])
EXERCISE = Exercise(
    number="18.4",
    node="L",
    function=normalise_by_all,
    difficulty=3,
    minutes=12,
    used="It normalises the advantages of every mini-batch, wherever my_sharing() takes part.",
    probes=(
        _told(torch.tensor([1.0, 3.0]), torch.tensor([5.0, 6.0, 10.0])),
        _drawn(1, 6, 4, 9),
        _drawn(2, 3, 30, rank=1),
        _drawn(3, 5, 5, 5, 5, rank=2),
        _drawn(4, 2, 40),
        _drawn(5, 4, 0, 3, special="a rank without a row"),
        _drawn(6, 1, 5, special="a single row of its own"),
        _drawn(7, 8, special="a single rank"),
        _told(*_TWINS, special="equal advantages everywhere"),
        _told(torch.tensor([3.0]), torch.zeros(0), special="one row in all"),
    ),
    mistakes=(
        Mistake(name="each rank by its own mean and spread", wrong=lambda a, n, m, s: _own(a),
                advice="Then an advantage of 1 means something else on every rank. Use what all have told."),
        Mistake(name="the mean of the ranks' means, not weighted by their rows",
                wrong=_wrong(lambda a, n, m, s: _with(a, m.mean(), _all(a, n, m, s))),
                advice="A rank with few rows must not count like one with many: weight by counts."),
        Mistake(name="the mean of the means, not weighted, also where the distances are taken from it",
                wrong=_wrong(lambda a, n, m, s: _with(
                    a, m.mean(), (s.sum() + (n * (m - m.mean()) ** 2).sum()) / (n.sum() - 1))),
                advice="A rank with few rows must not count like one with many: weight the means by counts."),
        Mistake(name="all weights forgotten: the mean of the means, and the distances from it counted once a rank",
                wrong=_wrong(lambda a, n, m, s: _with(
                    a, m.mean(), (s.sum() + ((m - m.mean()) ** 2).sum()) / (n.sum() - 1))),
                advice="Weight the means by counts, and the distance of each rank's mean as well."),
        Mistake(name="its own mean with the spread of all",
                wrong=_wrong(lambda a, n, m, s: _with(a, a.mean() if len(a) else m[0], _all(a, n, m, s))),
                advice="The mean is everybody's, too."),
        Mistake(name="the mean of all with its own spread", wrong=_wrong(lambda a, n, m, s: _with(
                a, _mean(n, m), ((a - a.mean()) ** 2).sum() / max(len(a) - 1, 1) if len(a) else s[0])),
                advice="The spread is everybody's, too."),
        Mistake(name="the spread within the ranks only: how far their means lie apart is forgotten",
                wrong=_wrong(lambda a, n, m, s: _with(a, _mean(n, m), s.sum() / (n.sum() - 1))),
                advice="squares are around each rank's *own* mean. Add counts * (means - mean)^2."),
        Mistake(name="the spread between the ranks only: squares forgotten",
                wrong=_wrong(lambda a, n, m, s: _with(a, _mean(n, m), _between(n, m) / (n.sum() - 1))),
                advice="Rows differ within a rank, too: add squares."),
        Mistake(name="the distance of a mean counted once, not for each of its rows",
                wrong=_wrong(lambda a, n, m, s: _with(
                    a, _mean(n, m), (s.sum() + ((m - _mean(n, m)) ** 2).sum()) / (n.sum() - 1))),
                advice="All rows of a rank are that much further from the mean of all: times counts."),
        Mistake(name="the distance of a mean not squared",
                wrong=_wrong(lambda a, n, m, s: _with(
                    a, _mean(n, m), (s.sum() + (n * (m - _mean(n, m)).abs()).sum()) / (n.sum() - 1))),
                advice="counts * (means - mean)^2, with the square."),
        Mistake(name="the distance from 0 in the place of that from the mean of all",
                wrong=_wrong(lambda a, n, m, s: _with(a, _mean(n, m), (s.sum() + (n * m**2).sum()) / (n.sum() - 1))),
                advice="counts * (means - mean)^2: subtract the mean of all first."),
        Mistake(name="divided by all rows, not by one less", wrong=_wrong(lambda a, n, m, s: _with(
                a, _mean(n, m), (s.sum() + _between(n, m)) / n.sum())),
                advice="The standard deviation of the house is the unbiased one, as torch's std(): divide by B - 1."),
        Mistake(name="one less for each rank", wrong=_wrong(lambda a, n, m, s: _with(
                a, _mean(n, m), (s.sum() + _between(n, m)) / (n.sum() - len(n)).clamp(min=1))),
                advice="There is one mean of all rows, and so one row less: B - 1."),
        Mistake(name="divided by the number of ranks", wrong=_wrong(lambda a, n, m, s: _with(
                a, _mean(n, m), (s.sum() + _between(n, m)) / len(n))),
                advice="The squares are of rows: divide by their number less 1."),
        Mistake(name="squares taken for variances", wrong=_wrong(lambda a, n, m, s: _with(
                a, _mean(n, m), ((n * s).sum() + _between(n, m)) / (n.sum() - 1))),
                advice="squares are already summed over a rank's rows: do not multiply them by counts."),
        Mistake(name="the variance in the place of the standard deviation",
                wrong=_wrong(lambda a, n, m, s: (a - _mean(n, m)) / (_all(a, n, m, s) + EPS)),
                advice="The standard deviation is the root of the variance."),
        Mistake(name="the mean of the ranks' standard deviations", wrong=_wrong(
                lambda a, n, m, s: (a - _mean(n, m)) / ((s / (n - 1).clamp(min=1)).sqrt().mean() + EPS)),
                advice="Spreads do not average: add up the squares, then take the root."),
        Mistake(name="only centred", wrong=_wrong(lambda a, n, m, s: a - _mean(n, m)),
                advice="Divide by the standard deviation of all rows as well."),
        Mistake(name="only scaled", wrong=_wrong(lambda a, n, m, s: a / (_all(a, n, m, s).sqrt() + EPS)),
                advice="Subtract the mean of all rows first."),
        Mistake(name="the small number under the root", wrong=_wrong(
                lambda a, n, m, s: (a - _mean(n, m)) / (_all(a, n, m, s) + EPS).sqrt() + (
                    0 if _all(a, n, m, s) > 0 else 1e-3)),
                advice="1e-8 is added to the standard deviation, behind the root."),
        Mistake(name="the small number forgotten",
                wrong=_wrong(lambda a, n, m, s: (a - _mean(n, m)) / _all(a, n, m, s).sqrt()),
                advice="With equal advantages that is 0 / 0. Add 1e-8 to the standard deviation."),
        Mistake(name="one row in all not foreseen", wrong=lambda a, n, m, s: _with(
                a, _mean(n, m), (s.sum() + _between(n, m)) / (n.sum() - 1)),
                advice="One row has no spread, and B - 1 is 0: return the advantages as they are."),
        Mistake(name="a single row of its own left as it is",
                wrong=lambda a, n, m, s: a if len(a) < 2 else normalise_by_all(a, n, m, s),
                advice="How many rows *this* rank has does not matter: only one row in *all* has no spread."),
        Mistake(name="a change in place", wrong=_in_place,
                advice="The result is right, but the advantages that were handed in have changed: write a = a - mean."),
        Mistake(name="the advantages as they came", wrong=lambda a, n, m, s: a.clone(),
                advice="Nothing was normalised. Subtract the mean of all, divide by the spread of all."),
    ),
    hints=(
        "A rank's squares are around its own mean. How much further are its rows from the mean of all?",
        "mean = sum(n m) / B; variance = (sum of squares + sum of n (m - mean)^2) / (B - 1), B = sum(n); then "
        "(A - mean) / (root + 1e-8), but only if B is 2 or more.",
        "total = counts.sum()\n"
        "if total < 2:\n"
        "    return advantages\n"
        "mean = (counts * means).sum() / total\n"
        "apart = counts * (means - mean) ** 2\n"
        "variance = (squares + apart).sum() / (total - 1)\n"
        "return (advantages - mean) / (variance.sqrt() + 1e-8)",
    ),
)  # fmt: skip
