"""An independent truth: Stable-Baselines3's PPO, on the same numbers. Tolerance 1e-5 in float32, never more."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.logger import configure
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import estimate_advantages
from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import Steps
from ppo_lessons.update import ppo_update

TOLERANCE = dict(rtol=1e-5, atol=1e-5)


class Nowhere(gymnasium.Env):
    """Spaces of the right size; SB3 asks for a world, but never plays in it here."""

    def __init__(self, obs_size, num_actions):
        self.observation_space = Box(-1, 1, (obs_size,), np.float32)
        self.action_space = Discrete(num_actions)

    def reset(self, *, seed=None, options=None):
        return np.zeros(self.observation_space.shape, np.float32), {}


class OurTrunk(BaseFeaturesExtractor):
    """Our two hidden layers, shared by SB3's actor and critic."""

    def __init__(self, observation_space, hidden_size):
        super().__init__(observation_space, hidden_size)
        (size,) = observation_space.shape
        layers = nn.Linear(size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, hidden_size), nn.ReLU()
        self.layers = nn.Sequential(*layers)

    def forward(self, obs):
        return self.layers(obs)


def peer_of(policy, config, num_rows):
    """SB3's PPO with the same layers, the same weights and the same settings, and pairs (ours, SB3's) of modules."""
    width = policy.hidden_size
    if policy.shared_trunk:
        shape = dict(features_extractor_class=OurTrunk, features_extractor_kwargs={"hidden_size": width}, net_arch=[])
    else:
        shape = dict(net_arch=dict(pi=[width, width], vf=[width, width]), activation_fn=nn.ReLU)
    peer = PPO(
        "MlpPolicy",
        Nowhere(policy.obs_size, policy.num_actions),
        learning_rate=config.learning_rate,
        n_steps=num_rows,
        batch_size=config.minibatch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_eps,
        normalize_advantage=config.advantage_normalisation,
        ent_coef=config.ent_coef,
        vf_coef=config.vf_coef,
        max_grad_norm=config.max_grad_norm,
        target_kl=config.target_kl,
        policy_kwargs=shape,
        seed=0,
        device="cpu",
    )
    peer.set_logger(configure(None, []))
    theirs = peer.policy
    pairs = [(policy.actor_head, theirs.action_net), (policy.critic_head, theirs.value_net)]
    if policy.shared_trunk:
        pairs.append((policy.actor_trunk, theirs.features_extractor.layers))
    else:
        pairs.append((policy.actor_trunk, theirs.mlp_extractor.policy_net))
        pairs.append((policy.critic_trunk, theirs.mlp_extractor.value_net))
    for ours, other in pairs:
        other.load_state_dict(ours.state_dict())
    assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in policy.parameters())
    return peer, pairs


def fill_peer(peer, rows):
    """Put our flat rows into SB3's rollout buffer, one row a step, with our advantages and returns."""
    buffer = peer.rollout_buffer
    for obs, action, log_prob, ret, advantage in zip(*rows, strict=True):
        here, start, value = obs[None].numpy(), np.zeros(1), ret - advantage
        buffer.add(here, action[None].numpy(), np.zeros(1), start, value[None], log_prob[None])
    buffer.advantages[:, 0] = rows.advantages.numpy()
    buffer.returns[:, 0] = rows.returns.numpy()


def rollout(policy, num_steps=16, num_envs=4):
    """Rows of a real rollout, in which detectives have fallen."""
    env = SpiritWorld("standard", num_envs)
    env.reset(0)
    buffer = SharedBuffer(num_steps, num_envs, env.num_agents, env.obs_size)
    last_values = collect(env, policy, buffer, torch.Generator().manual_seed(0))
    buffer.finish(last_values, 0.97, 0.95, team_credit=True)
    rows = buffer.get()
    assert len(rows.actions) < buffer.data.acting.numel()  # somebody has fallen
    assert len(rows.actions) % 50 > 1  # SB3 would make a step with one row alone, we would not
    return rows


SETTINGS = {
    "as we train": dict(epochs=6, minibatch_size=64),
    "ragged": dict(epochs=5, minibatch_size=50),
    "one mini-batch": dict(epochs=12, minibatch_size=4096),
    "tight": dict(epochs=6, minibatch_size=64, clip_eps=0.05, max_grad_norm=0.1),
    "raw advantages": dict(epochs=6, minibatch_size=64, advantage_normalisation=False, ent_coef=0.1, vf_coef=1.0),
    "target_kl": dict(epochs=10, minibatch_size=64, target_kl=0.02),
}


@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")  # ragged on purpose
@pytest.mark.parametrize("shared_trunk", [True, False], ids=["shared trunk", "separate trunks"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_update_equals_sb3(setting, shared_trunk, make_config, monkeypatch):
    """Same batch, same weights, same mini-batches: the same losses and the same weights, after every epoch's end."""
    config = make_config(learning_rate=3e-3, **SETTINGS[setting])
    policy = ActorCritic(SpiritWorld("standard").obs_size, 5, 64, shared_trunk=shared_trunk, seed=1)
    with torch.no_grad():
        policy.actor_head.weight.mul_(100)  # a policy with opinions, so that entropy and ratios have something to say
    rows = rollout(policy)
    first_weights = torch.nn.utils.parameters_to_vector(policy.parameters()).clone()
    peer, pairs = peer_of(policy, config, len(rows.actions))
    fill_peer(peer, rows)

    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(rows.actions)) for _ in range(config.epochs)]
    ours, theirs = iter(orders), iter(orders)
    steps = Steps(shuffle_rows=lambda num_rows, generator: torch.from_numpy(next(ours)))
    monkeypatch.setattr(np.random, "permutation", lambda num_rows: next(theirs))

    losses = []
    report = ppo_update(
        policy,
        make_optimizer(policy, config),
        rows,
        config,
        torch.Generator(),
        steps=steps,
        on_minibatch=lambda index, minibatch, grad_norm: losses.append(minibatch),
    )
    peer.train()

    logged = peer.logger.name_to_value
    if setting == "target_kl":
        assert report.stopped_early
        assert 3 < report.num_gradient_steps < 4 * config.epochs
    else:  # SB3 counts the mini-batch that stops it among the losses, we do not
        assert report.actor_loss == pytest.approx(logged["train/policy_gradient_loss"], rel=1e-5, abs=1e-5)
        assert report.value_loss == pytest.approx(logged["train/value_loss"], rel=1e-5, abs=1e-5)
        assert report.entropy == pytest.approx(-logged["train/entropy_loss"], rel=1e-5, abs=1e-5)
        assert report.clip_fraction == pytest.approx(logged["train/clip_fraction"], rel=1e-5, abs=1e-5)
        last_epoch = losses[-len(losses) // config.epochs :]
        kl = float(torch.stack([minibatch.approx_kl for minibatch in last_epoch]).mean())
        assert kl == pytest.approx(logged["train/approx_kl"], rel=1e-5, abs=1e-5)
        assert losses[-1].total_loss.item() == pytest.approx(logged["train/loss"], rel=1e-5, abs=1e-5)
        assert report.clip_fraction > 0
    assert report.explained_variance == pytest.approx(logged["train/explained_variance"], rel=1e-5, abs=1e-5)

    for ours_module, their_module in pairs:
        for name, weight in ours_module.state_dict().items():
            torch.testing.assert_close(weight, their_module.state_dict()[name], **TOLERANCE)
    weights = torch.nn.utils.parameters_to_vector(policy.parameters())
    assert (weights - first_weights).abs().max() > 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_gae_equals_sb3(seed):
    """Facts 1 to 4: truncation as SB3's rollout treats it, with gamma * V(final) added to the reward."""
    num_steps, num_envs, gamma, gae_lambda = 40, 6, 0.97, 0.9
    rng = np.random.default_rng(seed)
    shape = (num_steps, num_envs)
    rewards, values, final_values = (rng.normal(size=shape).astype(np.float32) for _ in range(3))
    last_values = rng.normal(size=num_envs).astype(np.float32)
    terminated = rng.random(shape) < 0.1
    truncated = (rng.random(shape) < 0.1) & ~terminated
    dones = terminated | truncated
    assert terminated.any()
    assert truncated.any()
    assert dones[-1].any()

    box, discrete = Box(-1, 1, (1,), np.float32), Discrete(2)
    peer = RolloutBuffer(num_steps, box, discrete, device="cpu", gae_lambda=gae_lambda, gamma=gamma, n_envs=num_envs)
    starts = np.ones(num_envs)
    for t in range(num_steps):
        reward = rewards[t] + np.where(truncated[t], gamma * final_values[t], 0).astype(np.float32)
        zeros = np.zeros((num_envs, 1))
        peer.add(zeros, zeros, reward, starts, torch.from_numpy(values[t]), torch.zeros(num_envs))
        starts = dones[t]
    peer.compute_returns_and_advantage(torch.from_numpy(last_values), dones[-1])

    arrays = (rewards, values, terminated, truncated, final_values, last_values)
    ours = estimate_advantages(*map(torch.from_numpy, arrays), gamma, gae_lambda)
    torch.testing.assert_close(ours, torch.from_numpy(peer.advantages), **TOLERANCE)
    torch.testing.assert_close(ours + torch.from_numpy(values), torch.from_numpy(peer.returns), **TOLERANCE)
