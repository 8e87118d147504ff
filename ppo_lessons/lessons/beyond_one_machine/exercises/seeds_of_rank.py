"""Which seeds ranks share."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.data_parallel.sharing import seeds_of_rank


def _drawn(seed: int) -> Probe:
    common, own = torch.from_numpy(numbers(seed).integers(1, 2**31, (2, 4)))
    return call_with(common, own)


def _picked(*from_own: int) -> Callable[[Tensor, Tensor], Tensor]:
    """A mistake: these places are the rank's own."""
    return lambda common, own: torch.stack([(own if place in from_own else common)[place] for place in range(4)])


EXERCISE = Exercise(
    number="18.3",
    node="A",
    function=seeds_of_rank,
    difficulty=1,
    minutes=5,
    used="It seeds each rank of train_on_ranks, wherever my_sharing() takes part.",
    probes=(call_with(torch.tensor([1, 2, 3, 4]), torch.tensor([10, 20, 30, 40])), _drawn(1), _drawn(2)),
    mistakes=(
        Mistake(name="equal seeds everywhere", wrong=_picked(),
                advice="Then every rank plays the same cases with the same actions: R times one rollout. What is "
                "played must differ."),
        Mistake(name="its own seeds for everything", wrong=_picked(0, 1, 2, 3),
                advice="Then the ranks begin with different weights, and average gradients of different networks."),
        Mistake(name="only the worlds of its own", wrong=_picked(0),
                advice="With the same action seed, copy 1 here and copy 1 there draw by the same random numbers. Let "
                "the actions differ, too."),
        Mistake(name="only the actions of its own", wrong=_picked(2),
                advice="The worlds would begin with the same cases on every rank. Let them differ, too."),
        Mistake(name="weights of its own", wrong=_picked(0, 1, 2),
                advice="All ranks take the same steps. They end alike only if they begin alike: weights are common."),
        Mistake(name="shuffles of its own", wrong=_picked(0, 2, 3),
                advice="All ranks cut the same mini-batches out of all rows, each by itself. So the shuffles are "
                "common."),
        Mistake(name="exactly the wrong way round", wrong=_picked(1, 3),
                advice="What is played is a rank's own; what is learned with is everybody's."),
        Mistake(name="worlds and shuffles of its own", wrong=_picked(0, 3),
                advice="The order is: worlds, weights, actions, shuffles. Actions are the third."),
        Mistake(name="worlds and weights of its own", wrong=_picked(0, 1),
                advice="The order is: worlds, weights, actions, shuffles."),
        Mistake(name="actions and shuffles of its own", wrong=_picked(2, 3),
                advice="The order is: worlds, weights, actions, shuffles."),
        Mistake(name="weights and actions of its own", wrong=_picked(1, 2),
                advice="The order is: worlds, weights, actions, shuffles."),
        Mistake(name="everything of its own but the worlds", wrong=_picked(1, 2, 3),
                advice="What is played is a rank's own: worlds and actions. Nothing else is."),
        Mistake(name="everything of its own but the actions", wrong=_picked(0, 1, 3),
                advice="What is played is a rank's own: worlds and actions. Nothing else is."),
        Mistake(name="only the weights of its own", wrong=_picked(1),
                advice="The weights are what must be equal."),
        Mistake(name="only the shuffles of its own", wrong=_picked(3),
                advice="The shuffles must be equal: the mini-batches are common."),
        Mistake(name="both added up", wrong=lambda common, own: common + own,
                advice="Pick, do not add: a sum differs from rank to rank in all four places."),
        Mistake(name="the right four in another order",
                wrong=lambda common, own: torch.stack((own[0], own[2], common[1], common[3])),
                advice="Right seeds, wrong places: worlds, weights, actions, shuffles."),
    ),
    hints=(
        "Which of the four decides what is *played*, and which what is *learned with*?",
        "worlds: own; weights: common; actions: own; shuffles: common",
        "return torch.stack((own[0], common[1], own[2], common[3]))",
    ),
)  # fmt: skip
