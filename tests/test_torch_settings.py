"""Whatever torch is set to by whoever uses the notebook before: a run is the same, bit for bit."""

import copy
from contextlib import contextmanager

import pytest
import torch

from ppo_lessons.checkpoints import load_run, save_run
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.update import ppo_update

pytestmark = pytest.mark.slow


@contextmanager
def float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def no_device():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def gradients_off():
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        torch.set_grad_enabled(True)


@contextmanager
def plain():
    yield


SETTINGS = [float64, no_device, gradients_off, torch.no_grad, torch.inference_mode]


def trained(make, go_on, make_config, path):
    """Weights of a run that is made, trained, saved and loaded in one setting, and gone on with in another."""
    with make():
        run = TrainingRun("standard", make_config())
        reports = list(train(run, 2))
        save_run(run, path)
        loaded = load_run(path)
    with go_on():
        reports += train(run, 1)
        next(train(loaded, 1))
        behaviour = repr(evaluate(policy_player(run.policy), cases=5).win_rate)
    weights = [torch.nn.utils.parameters_to_vector(r.policy.parameters()).tolist() for r in (run, loaded)]
    assert weights[0] == weights[1]
    return weights[0], [repr(report.update) for report in reports], behaviour


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.__name__)
@pytest.mark.parametrize("where", ["made and gone on in it", "made in it", "gone on in it"])
def test_a_run_is_the_same_under_any_setting_of_torch(setting, where, make_config, tmp_path):
    make = plain if where == "gone on in it" else setting
    go_on = plain if where == "made in it" else setting
    wanted = trained(plain, plain, make_config, tmp_path / "run.pt")
    assert trained(make, go_on, make_config, tmp_path / "run.pt") == wanted


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.__name__)
def test_so_is_an_update_by_hand(setting, make_config):
    """Also on rows that were collected under it."""
    weights = []
    for chosen in (plain, setting):
        with chosen():
            run = TrainingRun("standard", make_config())
            buffer, config = run.buffer, run.config
            buffer.finish(collect(run.env, run.policy, buffer, run.action_generator), 0.98, 0.9, team_credit=True)
            ppo_update(run.policy, make_optimizer(run.policy, config), buffer.get(), config, run.shuffle_generator)
        weights.append(torch.nn.utils.parameters_to_vector(run.policy.parameters()).tolist())
    assert weights[0] == weights[1]


def test_the_setting_is_left_as_it_was(make_config):
    run = TrainingRun("standard", make_config())
    with torch.no_grad():
        next(train(run, 1))
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        next(train(run, 1))
        assert torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("quantity", ["obs", "rewards", "final_obs"])
@pytest.mark.parametrize("wrong", ["dtype", "shape"])
def test_a_world_of_other_numbers_is_refused_in_a_sentence(make_config, quantity, wrong):
    class Other(SpiritWorld):
        def step(self, actions):
            step = super().step(actions)
            change = (lambda array: array.astype("float64")) if wrong == "dtype" else (lambda array: array[..., None])
            if quantity == "obs":
                self.obs = change(self.obs)
                return step
            step.truncated[0, 0] = True
            return step._replace(**{quantity: change(getattr(step, quantity))})

    run = TrainingRun(Other("standard", 4), make_config())
    with pytest.raises(ValueError, match=rf"^{quantity} must be .*float32 .*\. Got .*float"):
        next(train(run, 1))


def in_inference_mode(policy):
    with torch.inference_mode():
        return copy.deepcopy(policy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda policy: policy.double(),
            r"torch\.float32 on the cpu\. Got actor_trunk\.0\.weight torch\.float64 on cpu$",
        ),
        (lambda policy: policy.to(torch.bfloat16), r"Got actor_trunk\.0\.weight torch\.bfloat16 on cpu$"),
        (lambda policy: policy.to("meta"), r"Got actor_trunk\.0\.weight torch\.float32 on meta$"),
        (lambda policy: policy.requires_grad_(False), r"weights require a gradient\. Got none that does$"),
        (in_inference_mode, r"outside torch\.inference_mode\(\)\. Got actor_trunk\.0\.weight that was made in it$"),
    ],
)
def test_a_policy_that_cannot_be_trained_is_refused_in_a_sentence(change, words, make_config):
    run = TrainingRun("standard", make_config())
    next(train(run, 1))
    buffer = run.buffer
    buffer.finish(collect(run.env, run.policy, buffer, run.action_generator), 0.98, 0.9, team_credit=True)
    rows = buffer.get()
    buffer.clear()
    run.policy = change(run.policy)
    with pytest.raises(ValueError, match=rf"^A policy is trained .*{words}"):
        next(train(run, 1))
    with pytest.raises(ValueError, match=rf"^A policy is trained .*{words}"):
        ppo_update(run.policy, run.optimizer, rows, run.config, run.shuffle_generator)


def test_a_policy_that_is_frozen_in_part_is_trained_in_the_rest(make_config):
    run = TrainingRun("standard", make_config())
    run.policy.actor_trunk.requires_grad_(False)
    before = copy.deepcopy(run.policy)
    next(train(run, 1))
    assert torch.equal(run.policy.actor_trunk[0].weight, before.actor_trunk[0].weight)
    assert not torch.equal(run.policy.actor_head.weight, before.actor_head.weight)
