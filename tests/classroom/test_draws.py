"""Probes are the same in every run."""

import torch

from ppo_lessons.classroom.draws import generator, normal


def test_a_seed_says_all_and_the_global_random_numbers_are_left_alone():
    before = torch.get_rng_state()
    first = normal(1, 2, 3, dtype=torch.float64)
    assert first.shape == (2, 3) and first.dtype == torch.float64 and normal(1, 4).dtype == torch.float32
    assert torch.equal(first, torch.randn(2, 3, generator=generator(1), dtype=torch.float64))
    assert not torch.equal(first, normal(2, 2, 3, dtype=torch.float64))
    assert torch.equal(torch.get_rng_state(), before)
