import numpy as np
import pytest
import torch

from ppo_lessons.buffer import SharedBuffer, is_full, store
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.rollout import collect, play_step
from ppo_lessons.spirit_world.env import SpiritWorld


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def start(world, num_steps=6):
    world.reset(0)
    return world, SharedBuffer(num_steps, world.num_envs, world.num_agents, world.obs_size)


def test_stores_what_each_agent_saw_did_and_got(scripted_world, make_policy):
    """Fact 9: the observation *before* the step, with the reward *of* the step, for the same agent."""
    world, buffer = start(scripted_world())
    collect(world, make_policy(), buffer, generator())
    t, e, a = torch.cartesian_prod(torch.arange(6), torch.arange(2), torch.arange(3)).T
    obs = buffer.data.obs.flatten(0, 2)
    assert torch.equal(obs, torch.stack((t, e, a, torch.ones_like(t)), dim=1).float())
    assert torch.equal(buffer.data.rewards.flatten(), (t + 10 * e + 100 * a).float())
    assert np.array_equal(buffer.data.actions.numpy(), np.array(world.played))


def test_stores_the_policys_own_numbers(scripted_world, make_policy):
    """Facts 13, 19: log-probability of the action that was played, value of the observation that was seen."""
    policy = make_policy()
    world, buffer = start(scripted_world())
    last_values = collect(world, policy, buffer, generator())
    log_probs, _, values = policy.evaluate_actions(buffer.data.obs, buffer.data.actions)
    torch.testing.assert_close(buffer.data.log_probs, log_probs.detach())
    torch.testing.assert_close(buffer.data.values, values.detach())
    torch.testing.assert_close(last_values, policy.estimate_values(torch.from_numpy(world.obs)))
    assert len(buffer.data.actions.unique()) == 3


def test_nothing_that_is_stored_carries_a_graph_or_hangs_on_the_weights(scripted_world, make_policy):
    """Fact 13: change the network after the rollout, and the stored numbers stay."""
    policy = make_policy()
    world, buffer = start(scripted_world(ends={(2, 0): "adjourned"}))
    last_values = collect(world, policy, buffer, generator())
    before = [tensor.clone() for tensor in buffer.data]
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(1)
    for name, now, then in zip(buffer.data._fields, buffer.data, before, strict=True):
        assert not now.requires_grad, name
        assert now.grad_fn is None, name
        assert torch.equal(now, then), name
    assert not last_values.requires_grad


def test_the_value_of_the_final_observation_is_kept_where_truncated(scripted_world, make_policy):
    """Fact 2: of final_obs, not of the next episode's first observation; 0 everywhere else, termination included."""
    policy = make_policy()
    world = scripted_world(falls={(1, 0, 2)}, ends={(3, 0): "adjourned", (2, 1): "won"})
    world, buffer = start(world)
    collect(world, policy, buffer, generator())
    final = torch.tensor([[3.5, 0, a, 1] for a in range(3)])
    reset = torch.tensor([[4.0, 0, a, 1] for a in range(3)])
    wanted = torch.zeros(6, 2, 3)
    wanted[3, 0, :2] = policy.estimate_values(final)[:2]  # agent 2 had fallen: nothing of it was cut off
    torch.testing.assert_close(buffer.data.final_values, wanted)
    assert (policy.estimate_values(final) - policy.estimate_values(reset)).abs().min() > 1e-3


def test_the_row_of_a_fall_is_the_last_one(scripted_world, make_policy):
    """Facts 7, 15: others play on, the fallen agent has no rows until its team's episode is over."""
    world, buffer = start(scripted_world(falls={(1, 0, 2)}, ends={(3, 0): "adjourned"}))
    collect(world, make_policy(), buffer, generator())
    assert buffer.data.acting[:, 0, 2].tolist() == [True, True, False, False, True, True]
    assert buffer.data.terminated[:, 0, 2].tolist() == [False, True, False, False, False, False]
    assert buffer.data.truncated[:, 0, 0].tolist() == [False, False, False, True, False, False]
    assert buffer.data.episode_over[:, 0].tolist() == [False, False, False, True, False, False]
    assert buffer.data.acting[:, 0, :2].all()
    assert buffer.data.acting[:, 1].all()
    assert not buffer.data.episode_over[:, 1].any()


def test_a_world_may_change_its_arrays_in_place(scripted_world, make_policy):
    """Facts 9, 15: what was seen, who acted and what was done are those of before the step."""

    class InPlace(scripted_world):
        def step(self, actions):
            obs, acting = self.obs, self.acting
            step = super().step(actions)
            obs[:], acting[:] = self.obs, self.acting
            self.obs, self.acting = obs, acting
            actions += 1
            return step

    tables = []
    for kind in (scripted_world, InPlace):
        world, buffer = start(kind(falls={(1, 0, 2)}, ends={(3, 0): "adjourned"}))
        collect(world, make_policy(), buffer, generator())
        tables.append(buffer.data)
    assert all(torch.equal(a, b) for a, b in zip(*tables, strict=True))


def test_goes_on_where_the_last_rollout_stopped(make_policy):
    """Fact 6: two rollouts of T steps are one of 2T."""
    columns = {}
    for lengths in ((6, 6), (12,)):
        world, source = SpiritWorld("standard", 3), generator()
        world.reset(0)
        policy = make_policy(world.obs_size, world.num_actions)
        parts = []
        for length in lengths:
            buffer = SharedBuffer(length, 3, world.num_agents, world.obs_size)
            last_values = collect(world, policy, buffer, source)
            parts.append(buffer.data)
        columns[lengths] = [torch.cat(field) for field in zip(*parts, strict=True)] + [last_values]
    assert all(torch.equal(a, b) for a, b in zip(columns[(6, 6)], columns[(12,)], strict=True))


def test_follows_its_seed_and_touches_no_global_randomness(make_policy):
    """Fact 36."""
    tables, before = [], (torch.get_rng_state(), np.random.get_state()[1].copy())
    for seed in (0, 0, 1):
        world, buffer = start(SpiritWorld("standard", 3))
        collect(world, make_policy(world.obs_size, world.num_actions), buffer, generator(seed))
        tables.append(buffer.data.actions)
    assert torch.equal(tables[0], tables[1])
    assert not torch.equal(tables[0], tables[2])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_all_nodes_can_be_replaced_and_watched(scripted_world, make_policy):
    """Nodes A, B and C, in the order of the flowchart."""
    calls = []

    def note(name, function):
        return lambda *given: calls.append(name) or function(*given)

    world, buffer = start(scripted_world(), num_steps=2)
    nodes = dict(play_step=note("A", play_step), store=note("B", store), is_full=note("C", is_full))
    watched = []
    collect(world, make_policy(), buffer, generator(), **nodes, watch=lambda *given: watched.append(given))
    assert calls == ["C", "A", "B", "C", "A", "B", "C"]
    assert [(env is world, float(new.obs[0, 0, 0])) for env, new in watched] == [(True, 0), (True, 1)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["obs", "last obs", "rewards", "final_obs"])
def test_names_what_is_not_finite(scripted_world, make_policy, name, value):
    """Which quantity, which place; the bad step is not stored."""

    class Poisoned(scripted_world):
        def step(self, actions):
            step = super().step(actions)
            if self.time == 4:
                {"rewards": step.rewards, "final_obs": step.final_obs}.get(name, self.obs)[1, 2] = value
            return step

    # after the fourth step; "last obs" is the one behind a rollout of four steps
    world, buffer = start(Poisoned(ends={(3, 1): "adjourned"}), num_steps=4 if name == "last obs" else 6)
    quantity = name.removeprefix("last ")
    with pytest.raises(NonFiniteError, match=rf"^{quantity} must be finite\. Got {value} at index \("):
        collect(world, make_policy(), buffer, generator())
    assert all(torch.isfinite(field.float()).all() for field in buffer.data)


def test_a_final_observation_that_nobody_reads_may_hold_anything(scripted_world, make_policy):
    class Untidy(scripted_world):
        def step(self, actions):
            step = super().step(actions)
            step.final_obs[~step.truncated] = np.nan
            return step

    world, buffer = start(Untidy(ends={(3, 1): "adjourned", (2, 0): "won"}))
    collect(world, make_policy(), buffer, generator())
    assert torch.isfinite(buffer.data.final_values).all()
