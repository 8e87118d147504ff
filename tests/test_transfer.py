"""What goes along and what begins anew; nothing is shared with the old run."""

import copy

import pytest
import torch

from ppo_lessons.training import TrainingRun, train
from ppo_lessons.transfer import carry_over, next_run


def named(policy):
    return {name: weight.detach().clone() for name, weight in policy.named_parameters()}


def trained(make_config, **changes):
    run = TrainingRun("standard", make_config(**changes))
    list(train(run, 2))
    return run


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("critic", [True, False])
def test_what_is_carried_over(make_policy, shared_trunk, critic):
    old, new = (make_policy(shared_trunk=shared_trunk, seed=seed) for seed in (1, 2))
    before, fresh = named(old), named(new)
    carry_over(old, new, critic)
    assert all(torch.equal(a, b) for a, b in zip(named(old).values(), before.values(), strict=True))
    for name, weight in named(new).items():
        goes = critic or not name.startswith("critic")
        assert torch.equal(weight, (before if goes else fresh)[name]), name
    trunk = [name for name in before if name.startswith("critic_trunk")]
    assert bool(trunk) is not shared_trunk, "a shared trunk is the actor's too, and goes along"
    with torch.no_grad():
        for weight in new.parameters():
            weight.add_(1)
    assert all(torch.equal(a, b) for a, b in zip(named(old).values(), before.values(), strict=True))


def test_the_next_run_begins_in_its_own_world_at_cycle_0(make_config):
    run = trained(make_config)
    state = copy.deepcopy(run.env.get_state())
    after = next_run(run, "fog")
    assert (after.cycle, after.agent_steps, after.env.case.name) == (0, 0, "fog")
    assert after.config == run.config
    list(train(after, 2))
    assert run.cycle == 2 and run.env.case.name == "standard"
    assert repr(run.env.get_state()) == repr(state)


def moments(run):
    return {
        name: run.optimizer.state[weight]["exp_avg"].clone()
        for name, weight in run.policy.named_parameters()
        if weight in run.optimizer.state
    }


@pytest.mark.parametrize("critic", [True, False])
def test_moments_go_along_or_begin_anew(make_config, critic):
    run = trained(make_config, shared_trunk=False)
    kept = moments(run)
    after = next_run(run, "fog", critic=critic)
    found = moments(after)
    assert set(found) == {name for name in kept if critic or not name.startswith("critic")}
    assert all(torch.equal(found[name], kept[name]) for name in found)
    assert moments(next_run(run, "fog", critic=critic, moments=False)) == {}
    list(train(after, 1))
    again = moments(run)
    assert all(torch.equal(again[name], kept[name]) for name in kept), "the old run keeps its own"


def test_the_step_size_is_the_next_configs(make_config):
    run = trained(make_config, anneal_cycles=4)
    after = next_run(run, "fog", make_config(learning_rate=0.01))
    assert after.optimizer.param_groups[0]["lr"] == 0.01


def test_running_statistics_go_along_with_the_critic(make_config):
    run = trained(make_config, value_normalisation=True)
    assert torch.equal(next_run(run, "fog").policy.return_statistics, run.policy.return_statistics)
    assert not next_run(run, "fog", critic=False).policy.return_statistics.any()


def test_the_function_that_carries_over_can_be_replaced(make_config):
    run, calls = trained(make_config), []
    next_run(run, "fog", critic=False, carry_over=lambda *given: calls.append(given))
    assert [(type(old), type(new), critic) for old, new, critic in calls] == [(type(run.policy),) * 2 + (False,)]


def test_another_kind_of_network_is_refused(make_config):
    run = trained(make_config)
    with pytest.raises(ValueError, match="A team goes on in a network of its own sizes"):
        next_run(run, "fog", make_config(hidden_size=8))
    with pytest.raises(ValueError, match="A team goes on in a network of its own sizes"):
        next_run(run, "fog", make_config(shared_trunk=False))
