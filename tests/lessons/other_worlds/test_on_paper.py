"""The answers on paper, found again by playing and by computing, and each named wrong one by the mistake it names."""

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import next_values
from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.lessons.other_worlds.on_paper import PAPER
from ppo_lessons.losses import total_loss, value_loss
from ppo_lessons.other_worlds import PettingZooTeam, find_faults
from ppo_lessons.other_worlds.template import Template
from ppo_lessons.rollout import collect

END, ROWS, COEFFICIENT = PAPER

# ---- where the end of the time belongs


def world_that_says(answer: str) -> type[Template]:
    """The corridor with lanterns, whose twelfth step tells its end in one of four ways."""

    class Told(Template):
        def step(self, actions):
            seen, rewards, _, is_up, infos = super().step(actions)
            no = dict.fromkeys(is_up, False)
            terminations = is_up if answer in ("terminations", "both") else no
            return seen, rewards, terminations, is_up if answer in ("truncations", "both") else no, infos

    return Told


def flags_of_two_episodes(answer: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What stands in the buffer after 24 steps, each (T,)."""
    team = PettingZooTeam(world_that_says(answer))
    team.reset(0)
    steps = [team.step(np.ones((1, 3), int)) for _ in range(24)]
    assert [t for t, step in enumerate(steps, start=1) if step.episode_over[0]] == [12, 24]
    return tuple(
        torch.tensor([bool(getattr(step, name)[0, 0]) for step in steps]) for name in ("terminated", "truncated")
    )


GAMMA = 0.9


def learned_values(answer: str) -> tuple[float, float]:
    """What a critic believes in the end: of the first step, in which all is dark, and of any other.

    It tells these two apart and no more; in every other step lanterns of 1 shine.
    """
    terminated, truncated = flags_of_two_episodes(answer)
    is_first = torch.arange(24) % 12 == 0
    first, later = torch.zeros(2, dtype=torch.float64)
    for _ in range(400):
        follows = next_values(torch.where(is_first, first, later), terminated, truncated, later.expand(24), first)
        earned = (~is_first).double() + GAMMA * follows
        first, later = earned[is_first].mean(), earned[~is_first].mean()
    return float(first), float(later)


def test_with_truncations_alone_the_critic_learns_that_lanterns_go_on_shining():
    forever = 1 / (1 - GAMMA)
    learned = {answer: learned_values(answer) for answer in ("terminations", "truncations", "both")}
    assert learned[END.right] == pytest.approx((GAMMA * forever, forever))
    cut = 1 / (1 - GAMMA * 10 / 11)  # in one of eleven steps nothing follows
    for answer in learned.keys() - {END.right}:
        assert learned[answer] == pytest.approx((GAMMA * cut, cut)), answer


def test_the_check_finds_nothing_wrong_with_any_end_but_with_none():
    """Whether the time is up or all has been decided no program can know."""
    found = {answer: find_faults(world_that_says(answer)) for answer in END.choices}
    assert {answer for answer, faults in found.items() if faults} == {"neither"}
    assert "agents" in found["neither"][0]


# ---- how many rows


class Falls(ParallelEnv):
    """Four agents; agent 1 falls in its third step, agent 2 in its fifth, the others go on."""

    metadata, possible_agents, view, move = {"name": "falls_v0"}, range(4), Box(-1, 1, (1,), np.float32), Discrete(2)

    def observation_space(self, agent):
        return self.view

    def action_space(self, agent):
        return self.move

    def reset(self, seed=None, options=None):
        self.agents, self.time = list(self.possible_agents), 0
        return self.told()[0], {agent: {} for agent in self.agents}

    def told(self):
        gone = {agent: {1: 3, 2: 5}.get(agent) == self.time for agent in self.agents}
        no, nothing = dict.fromkeys(self.agents, False), {agent: {} for agent in self.agents}
        return (
            {agent: np.zeros(1, np.float32) for agent in self.agents},
            dict.fromkeys(self.agents, 0.0),
            gone,
            no,
            nothing,
        )

    def step(self, actions):
        self.time += 1
        told = self.told()
        self.agents = [agent for agent in self.agents if not told[2][agent]]
        return told


@pytest.fixture(scope="module")
def rows_of_each() -> list[int]:
    """How many rows of a buffer come from each agent, after eight steps of a rollout."""
    team, steps = PettingZooTeam(Falls), 8
    team.reset(0)
    buffer = SharedBuffer(steps, 1, 4, team.obs_size)
    last = collect(team, ActorCritic(team.obs_size, 2, 4), buffer, torch.Generator().manual_seed(0))
    buffer.finish(last, 0.9, 0.9)
    whose = buffer.badges()[:, 2]
    assert len(buffer.get().obs) == len(whose)
    return [int((whose == a).sum()) for a in range(4)]


def test_as_many_rows_as_come_out_of_the_buffer(rows_of_each: list[int]):
    assert ROWS.right == sum(rows_of_each)


def test_each_wrong_number_of_rows_is_what_its_mistake_gives(rows_of_each: list[int]):
    steps, falling, going = 8, [n for n in rows_of_each if n < 8], [n for n in rows_of_each if n == 8]
    agents = len(rows_of_each)
    by_mistake = {
        32: agents * steps,
        22: sum(n - 1 for n in falling) + sum(going),
        26: sum(n + 1 for n in falling) + sum(going),
        16: sum(going),
        8: sum(falling),
        10: falling[0] - 1 + going[0],
        6: sum(steps - n - 1 for n in falling),
        4: agents,
        20: sum(n - 1 for n in rows_of_each),
    }
    assert by_mistake == {number: number for number in ROWS.mistakes}
    assert sum(steps - n for n in falling) == 8, "the places left empty, which that answer is told as well"


# ---- another library's coefficient


def losses_of_both(vf_coef: float) -> tuple[float, float]:
    """Ours with this coefficient, and CleanRL's with 0.5, for the same rows."""
    values, returns = torch.randn(2, 50, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    nothing = torch.zeros((), dtype=torch.float64)
    ours = total_loss(nothing, value_loss(values, returns), nothing, vf_coef, 0.0)
    v_loss = 0.5 * ((values - returns) ** 2).mean()  # cleanrl/ppo.py, release 1.2.0
    return float(ours), float(v_loss * 0.5)


def test_the_coefficient_makes_both_losses_equal_and_no_named_mistake_does():
    assert COEFFICIENT.right == pytest.approx(losses_of_both(1.0)[1] / losses_of_both(1.0)[0])
    ours, theirs = losses_of_both(COEFFICIENT.right)
    assert ours == pytest.approx(theirs)
    for wrong in COEFFICIENT.mistakes:
        ours, theirs = losses_of_both(wrong)
        assert abs(ours - theirs) > 0.1 * theirs


def test_each_wrong_coefficient_is_what_its_mistake_gives():
    half, theirs = 0.5, 0.5
    by_mistake = {
        0.5: theirs,
        1: theirs / half,
        2: 1 / half,
        0.125: half * half * theirs,
        0: 0,
        0.0625: (half * theirs) ** 2,
        4: 1 / (half * theirs),
    }
    assert by_mistake == {number: number for number in COEFFICIENT.mistakes}
