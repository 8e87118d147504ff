"""How long a cycle takes on R machines, and when more of them no longer pay: a formula, with measured constants."""

from typing import NamedTuple

import numpy as np

from ppo_lessons.shipped.rank_costs import RankCosts

MACHINES = tuple(2**k for k in range(10))
"""R, 1 to 512."""
EPOCHS, STEPS = 4, 8
"""Passes over the rows, and gradient steps of a cycle (two mini-batches an epoch, the defaults)."""
INPUTS, OUTPUTS = 34, 6
"""What a detective of the standard case sees; five actions and a value."""
NUMBER, TOLD_OF_A_ROW = 4, 16
"""Bytes of a number of the gradient; of what the report tells of each row (four numbers)."""
ONCE = 9
"""Small messages to each other machine once a cycle: counts and the report."""
PAYS = 0.5
"""More machines pay as long as half of the work of each is left over."""


class Network(NamedTuple):
    """How machines talk."""

    latency: float
    """Of a message, in seconds."""
    bandwidth: float
    """Bytes a second, each way."""


NETWORKS = {
    "1 Gbit/s": Network(100e-6, 1.25e8),
    "10 Gbit/s": Network(50e-6, 1.25e9),
    "100 Gbit/s": Network(10e-6, 1.25e10),
}
"""Round numbers of usual networks, not measured here; waiting for the slowest machine is not in them."""


class Course(NamedTuple):
    """Times of a cycle, in seconds."""

    play: float
    learn: float
    talk: float
    cycle: float
    """Of the three together; the longer of play and the others, if nobody waits."""


def num_weights(hidden_size: int) -> int:
    """Return W of a shared trunk of two hidden layers."""
    return (INPUTS + 1) * hidden_size + (hidden_size + 1) * (hidden_size + OUTPUTS)


def talk_seconds(machines: int, rows: float, weights: int, network: Network) -> float:
    """Return how long R machines talk in a cycle, each to its neighbour in a ring.

    In each step the gradient goes round twice in R parts, 2 (R - 1) messages of 4 W / R bytes, and two small messages
    (advantages, losses) once. Once a cycle come small messages, and the report, four numbers of each row to everybody.

    Args:
        machines: R.
        rows: Of one machine.
        weights: W.
        network: How they talk.
    """
    others = machines - 1
    small = (4 * STEPS + ONCE) * others * network.latency
    gradients = STEPS * 2 * others * NUMBER * weights / machines / network.bandwidth
    return small + gradients + others * TOLD_OF_A_ROW * rows / network.bandwidth


def course(
    costs: RankCosts, machines: int, rows: float, hidden_size: int, network: Network, waits: bool = True
) -> Course:
    """Return the times of a cycle on R machines.

    Args:
        costs: Measured on one machine.
        machines: R.
        rows: That each of them plays in a cycle.
        hidden_size: Of the network.
        network: How they talk.
        waits: False: the next rollout is played while this one is learned from, with the weights from before.
    """
    weights = num_weights(hidden_size)
    play = rows * (costs.play + costs.play_weight * weights)
    step = costs.step + (costs.share if machines > 1 else 0.0)
    learn = EPOCHS * rows * (costs.learn + costs.learn_weight * weights) + STEPS * step
    talk = talk_seconds(machines, rows, weights, network) if machines > 1 else 0.0
    return Course(play, learn, talk, play + learn + talk if waits else max(play, learn + talk))


class Scaling(NamedTuple):
    """Speed on 1 to 512 machines, each an array (R,)."""

    courses: tuple[Course, ...]
    speed: np.ndarray
    """Rows a second, in those of one machine."""
    worth: np.ndarray
    """The same, less what rows are worth less in larger mini-batches."""
    pays_until: int
    """The largest number of machines of which each is used by half or more, towards the goal."""
    shared: bool
    noise_scale: float
    talk_share: np.ndarray


def scale(
    costs: RankCosts, rows: int, hidden_size: int, network: str, how: str, waits: bool, noise_scale: float
) -> Scaling:
    """Work out what 1 to 512 machines give.

    Args:
        costs: Measured on one machine.
        rows: Of a cycle: of each machine, or of all together.
        hidden_size: Of the network.
        network: One of `NETWORKS`.
        how: "shared out" (as many rows in all), or "for each" (R times as many).
        waits: Whether machines play only with the newest weights.
        noise_scale: The mini-batch, in rows, from which on twice the rows are worth less than one and a half times
            the progress. It depends on the task, and grows in a run.

    Returns:
        The speeds.

    References:
        McCandlish et al. (2018), section 2 (examples needed: E_min (1 + B / B_noise)), https://arxiv.org/abs/1812.06162
    """
    shared = how == "shared out"
    parts = [rows / r if shared else rows for r in MACHINES]
    courses = tuple(course(costs, r, part, hidden_size, NETWORKS[network], waits)
                    for r, part in zip(MACHINES, parts, strict=True))  # fmt: skip
    machines, cycles = np.array(MACHINES), np.array([each.cycle for each in courses])
    total = machines * np.array(parts)
    speed = (total / cycles) / (rows / cycles[0])
    minibatch = total * EPOCHS / STEPS
    worth = speed * (1 + minibatch[0] / noise_scale) / (1 + minibatch / noise_scale)
    paying = machines[worth >= PAYS * machines]
    talk_share = np.array([each.talk / each.cycle for each in courses])
    return Scaling(courses, speed, worth, int(paying.max()), shared, noise_scale, talk_share)


def on_this_machine(costs: RankCosts, ranks: int, rows: float) -> Course:
    """Return what the formula says of one or two processes on the two cores on which the constants were measured.

    Args:
        costs: Measured there.
        ranks: 1 or 2.
        rows: Of each process, with the usual network.
    """
    loopback = Network(costs.message, 1 / costs.byte)
    alone = course(costs, ranks, rows, 64, loopback)
    slowed = costs.slowed if ranks > 1 else 1.0
    play, learn = alone.play * slowed, alone.learn * slowed
    return Course(play, learn, alone.talk, play + learn + alone.talk)
