"""What the lesson says, held against what happens."""

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import entropy_of, log_probabilities
from ppo_lessons.config import PPOConfig
from ppo_lessons.other_worlds.adapters import PettingZooTeam
from ppo_lessons.other_worlds.template import Template
from ppo_lessons.shipped.elsewhere import load_elsewhere
from ppo_lessons.training import TrainingRun, train

CONFIG = PPOConfig(num_envs=64, num_steps=12, minibatch_size=384)


class Unsorted(Template):
    """The lanterns in any order."""

    def reset(self, seed=None, options=None):
        super().reset(seed, options)
        self.lanterns = self.rng.permutation(self.lanterns)
        return self._seen(), {agent: {} for agent in self.agents}


class NothingAfter(Template):
    """The end of our watching, handed out as a real end."""

    def step(self, actions):
        seen, rewards, never, up, infos = super().step(actions)
        return seen, rewards, up, never, infos


def shining(world, seed):
    """The mean share of lanterns that shine, first and in cycles 46 to 50."""
    run = TrainingRun(PettingZooTeam(world, 64), CONFIG)
    rewards = [report.mean_reward for report in train(run, 50)]
    return rewards[0], np.mean(rewards[-5:])


@pytest.mark.slow
def test_how_much_is_learned_and_what_spoils_it():
    first, as_in_the_lesson = shining(Template, 0)
    assert 0.25 < first < 0.45, "by chance about a third"
    assert as_in_the_lesson > 0.75, "about nine tenths"
    assert 0.5 < shining(Unsorted, 0)[1] < as_in_the_lesson - 0.1, "about two thirds without the order"
    assert shining(NothingAfter, 0)[1] < as_in_the_lesson - 0.25, "with the wrong flag"


def test_the_numbers_by_hand():
    masked = torch.tensor([2.0, -1e9, 0.0]).softmax(dim=0)
    assert [round(float(p), 2) for p in masked] == [0.88, 0.0, 0.12]
    normal = torch.distributions.Normal(0.0, 1.0)
    assert [round(float(normal.log_prob(torch.tensor(a))), 2) for a in (0.0, 1.0)] == [-0.92, -1.42]
    assert normal.__class__(0.0, 0.1).log_prob(torch.tensor(0.0)) > 0, "for small spreads it is above 0"


def test_where_one_action_is_legal_no_bonus_changes_the_entropy():
    logits = torch.tensor([[0.3, -1e9, -1e9]], requires_grad=True)
    entropy = entropy_of(log_probabilities(logits)).sum()
    entropy.backward()
    assert float(entropy.detach()) == 0
    assert logits.grad.abs().max() == 0


def test_all_three_worlds_are_learned():
    ends = {name: (returns[:, -5:].mean(), chance) for name, (_, returns, chance) in load_elsewhere().items()}
    assert ends["CartPole"][0] > 450 and ends["CartPole"][1] < 30
    assert ends["simple_spread"][0] > ends["simple_spread"][1] + 7
    assert ends["knights"][0] > 2 * ends["knights"][1]
