import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.agreement import describe_rank, require_agreement, require_same_weights
from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.thread_ranks import in_threads

OTHERS = {
    "config.learning_rate": (0.01, r"config.learning_rate. Got 0.005 on rank 0 and 0.01 on rank 1"),
    "version of torch": ("1.0", r"version of torch. Got '.+' on rank 0 and '1.0' on rank 1"),
    "version of ppo_lessons": ("9", r"version of ppo_lessons. Got '.+' on rank 0 and '9' on rank 1"),
    "machine": ("vax, DEFAULT", r"machine. Got '.+, .+' on rank 0 and 'vax, DEFAULT' on rank 1"),
    "device": ("cuda", r"device. Got 'cpu' on rank 0 and 'cuda' on rank 1"),
    "a new setting": (1, r"a new setting. Got None on rank 0 and 1 on rank 1"),
}


def description():
    return describe_rank(PPOConfig(), torch.device("cpu"))


def test_equal_ranks_agree():
    in_threads(3, lambda ranks: require_agreement(ranks, description()))


@pytest.mark.parametrize("name", OTHERS)
def test_what_differs_is_named_with_both_values_on_every_rank(name):
    value, message = OTHERS[name]
    said = []

    def job(ranks):
        try:
            require_agreement(ranks, {**description(), **({name: value} if ranks.rank == 1 else {})})
        except RankError as error:
            said.append(str(error))
            raise

    with pytest.raises(RankError, match=message):
        in_threads(2, job)
    assert len(said) == 2


def test_weights_that_came_apart_are_found(make_policy):
    def job(ranks):
        ranks.cycle = 3
        policy = make_policy()
        require_same_weights(ranks, policy)
        if ranks.rank == 2:
            with torch.no_grad():
                next(policy.parameters()).view(-1)[0] += 1e-6
        require_same_weights(ranks, policy)

    with pytest.raises(RankError, match=r"Got others on rank 2 than on rank 0 \(cycle 3\)"):
        in_threads(3, job)
