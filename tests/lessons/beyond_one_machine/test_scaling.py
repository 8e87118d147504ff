"""The formula, worked out by hand and by a simulation of the ring; and where it must end."""

import numpy as np
import pytest

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons.beyond_one_machine.scaling import (
    EPOCHS,
    INPUTS,
    MACHINES,
    NETWORKS,
    ONCE,
    OUTPUTS,
    STEPS,
    Network,
    course,
    num_weights,
    on_this_machine,
    scale,
    talk_seconds,
)
from ppo_lessons.minibatches import count_gradient_steps
from ppo_lessons.shipped.rank_costs import RankCosts
from ppo_lessons.spirit_world.env import SpiritWorld

COSTS = RankCosts(
    machine="made up",
    **dict(
        play=2e-6,
        play_weight=1e-10,
        learn=1e-6,
        learn_weight=2e-10,
        step=1e-4,
        share=3e-5,
        message=5e-5,
        byte=1e-9,
        slowed=1.5,
    ),
    measured=(),
)


def test_sizes_are_those_of_the_house():
    world, config = SpiritWorld("standard", 1), PPOConfig()
    assert (world.obs_size, world.num_actions + 1) == (INPUTS, OUTPUTS)
    for hidden in (64, 256):
        policy = ActorCritic(world.obs_size, world.num_actions, hidden, seed=0)
        assert num_weights(hidden) == sum(part.numel() for part in policy.parameters())
    assert config.epochs == EPOCHS
    assert count_gradient_steps(8 * 128 * 4, config.minibatch_size, config.epochs) == STEPS


@pytest.mark.parametrize("machines", [2, 3, 8])
def test_the_ring_by_playing_it(machines):
    """Pieces really go round: R - 1 times to be added up, R - 1 times to be told; each machine sends at each time."""
    pieces = np.random.default_rng(0).normal(size=(machines, machines))  # of each machine, its own R parts
    told, sent = pieces.copy(), 0
    for turn in range(machines - 1):
        going = [(m, (m - turn) % machines, told[m, (m - turn) % machines]) for m in range(machines)]
        for m, part, value in going:
            told[(m + 1) % machines, part] += value
        sent += 1
    for turn in range(machines - 1):
        going = [(m, (m + 1 - turn) % machines, told[m, (m + 1 - turn) % machines]) for m in range(machines)]
        for m, part, value in going:
            told[(m + 1) % machines, part] = value
        sent += 1
    np.testing.assert_allclose(told, np.tile(pieces.sum(axis=0), (machines, 1)))
    network, weights = Network(1e-3, 1e6), 5000
    small = 2 * (machines - 1) * network.latency
    ring = sent * (network.latency + 4 * weights / machines / network.bandwidth)
    once = ONCE * (machines - 1) * network.latency
    assert talk_seconds(machines, 0, weights, network) == pytest.approx(STEPS * (small + ring) + once)
    more = talk_seconds(machines, 100, weights, network) - talk_seconds(machines, 0, weights, network)
    assert more == pytest.approx((machines - 1) * 16 * 100 / network.bandwidth)


def test_one_machine_by_hand():
    """1000 rows, W = 6,790 weights: 2.68 ms of play, 9.43 ms and 0.8 ms of learning, and nobody to talk to."""
    assert num_weights(64) == 6790
    alone = course(COSTS, 1, 1000, 64, NETWORKS["1 Gbit/s"])
    assert alone.play == pytest.approx(1000 * (2e-6 + 6790e-10))
    assert alone.learn == pytest.approx(4 * 1000 * (1e-6 + 2 * 6790e-10) + 8e-4)
    assert alone.talk == 0 and alone.cycle == alone.play + alone.learn
    nobody_waits = course(COSTS, 1, 1000, 64, NETWORKS["1 Gbit/s"], waits=False)
    assert nobody_waits.cycle == max(alone.play, alone.learn)


def found(**changed):
    settings = dict(rows=4096, hidden_size=64, network="10 Gbit/s", how="shared out", waits=True, noise_scale=1e5)
    return scale(COSTS, **{**settings, **changed})


def test_one_machine_is_once_as_fast_and_no_more_than_r_are_gained():
    for how in ("shared out", "for each"):
        result = found(how=how)
        assert result.speed[0] == result.worth[0] == 1
        assert (result.speed <= np.array(MACHINES) + 1e-9).all()
        assert (result.worth <= result.speed + 1e-9).all()


def test_shared_rows_are_worth_what_they_were_and_larger_mini_batches_less():
    assert found().worth == pytest.approx(found().speed)
    result = found(how="for each", noise_scale=1e4)
    minibatch = 4096 / 2 * np.array(MACHINES)
    assert result.worth == pytest.approx(result.speed * (1 + 2048 / 1e4) / (1 + minibatch / 1e4))


def test_it_stops_paying_sooner_with_a_slow_network_and_later_with_more_rows():
    assert found(network="1 Gbit/s").pays_until < found(network="100 Gbit/s").pays_until
    assert found(rows=1024).pays_until <= found().pays_until <= found(rows=65536).pays_until
    assert found(how="for each", noise_scale=1e4).pays_until < found(how="for each").pays_until


def test_on_two_cores_everything_is_slowed_but_the_talk():
    one, two = (on_this_machine(COSTS, ranks, 1000) for ranks in (1, 2))
    assert two.play == pytest.approx(1.5 * one.play)
    assert two.learn == pytest.approx(1.5 * (one.learn + STEPS * COSTS.share))
    assert two.talk == pytest.approx(talk_seconds(2, 1000, 6790, Network(5e-5, 1e9)))
