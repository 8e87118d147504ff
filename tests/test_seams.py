import re
from dataclasses import fields

import numpy as np
import pytest
import torch

from ppo_lessons import optimisation as own
from ppo_lessons.actor_critic import entropy_of, log_probs_of
from ppo_lessons.buffer import Rows
from ppo_lessons.losses import clipped_surrogate_loss, importance_ratios, total_loss, value_loss
from ppo_lessons.minibatches import split_rows
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.seams import PROMISES, checked, in_words
from ppo_lessons.steps import Steps, minibatch_losses, update_policy
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.update import ppo_update


def drop_last(order, size):
    return [piece for piece in order.split(size) if len(piece) == size]


def forgets_to_return(*given):
    own.gradient_step(*given)


def wrong_rows(**changes):
    def change(rows):
        return rows._replace(**{name: change(getattr(rows, name)) for name, change in changes.items()})

    return change


WRONG = [
    ("play_step", lambda env, policy, generator: None, "a Transition. Got None"),
    (
        "store",
        lambda buffer, new: None,
        "leave one more step in the buffer: 1 after this one. Got a buffer with 0 steps",
    ),
    ("is_full", lambda buffer: None, "True or False. Got None"),
    ("team_obs", lambda obs, acting: obs, "what the critic sees, float32 (4, 4, 140). Got float32 (4, 4, 34)"),
    ("denormalise_values", lambda values, *given: values.mean(), "the values in rewards, float32 (8, 4, 4). Got float"),
    ("mean_and_std", lambda statistics: statistics[0], "a pair of float32 scalars, shape (). Got float32 ()"),
    ("mean_and_std", lambda statistics: None, "a pair of float32 scalars, shape (). Got None"),
    ("normalise_values", lambda values, *given: values[:3], "float32 (128,). Got float32 (3,)"),
    ("clipped_value_loss", lambda *given: None, "a float32 scalar, shape (), with a graph. Got None"),
    ("gae", lambda *given: None, "float32 (8, 4, 4). Got None"),
    ("gae", lambda *given: given[0][:-1], "float32 (8, 4, 4). Got float32 (7, 4, 4) without a graph"),
    ("gae", lambda *given: given[0].double(), "float32 (8, 4, 4). Got float64 (8, 4, 4) without a graph"),
    ("gae", lambda *given: given[0].numpy(), "float32 (8, 4, 4). Got ndarray"),
    ("with_team_credit", lambda *given: None, "the rewards with credit, float32 (8, 4, 4). Got None"),
    ("next_values", lambda values, *ends: values[1:], "the values after each step, float32 (8, 4, 4). Got float32 (7,"),
    ("td_errors", lambda *given: given[0].sum(0), "the TD errors, float32 (8, 4, 4). Got float32 (4, 4)"),
    (
        "flatten_rows",
        lambda tensor, acting: tensor * 0,
        "the rows of living agents, float32 (128, 34). Got float32",
    ),
    (
        "flatten_rows",
        lambda tensor, acting: tensor[acting].float(),
        "the rows of living agents, int64 (128,). Got float32 (128,)",
    ),
    ("badges_of", lambda acting: acting.nonzero().float(), "int64 (128, 3). Got float32 (128, 3)"),
    (
        "mean_over_acting",
        lambda rewards, acting: rewards[acting],
        "one number: a float32 scalar, shape (). Got float32",
    ),
    ("detach_rows", wrong_rows(returns=lambda r: r[:, None]), "returns: float32 (128, 1) without a graph"),
    ("detach_rows", wrong_rows(actions=lambda a: a.float()), "actions: float32 (128,)"),
    ("detach_rows", lambda rows: Rows(*(part[:0] for part in rows)), "1 or more: obs (B, D)"),
    ("each_minibatch", lambda *given: None, "of 1 or more row numbers from 0 to 127. Got None"),
    ("each_minibatch", lambda *given: [torch.arange(129)], "from 0 to 127. Got int64 (129,) from 0 to 128"),
    ("shuffle_rows", lambda rows, generator: None, "row numbers from 0 to 127, an int64 tensor (128,). Got None"),
    ("shuffle_rows", lambda rows, generator: torch.arange(rows) + 1, "Got int64 (128,) from 1 to 128"),
    ("shuffle_rows", lambda rows, generator: torch.arange(rows - 1), "Got int64 (127,) from 0 to 126"),
    ("shuffle_rows", lambda rows, generator: torch.rand(rows), "Got float32 (128,) without a graph"),
    ("split_rows", lambda order, size: None, "mini-batches, each an int64 tensor (b,)"),
    ("split_rows", lambda order, size: [order + 1], "Got int64 (128,) from 1 to 128"),
    ("split_rows", lambda order, size: [order - 1], "Got int64 (128,) from -1 to 126"),
    (
        "split_rows",
        lambda order, size: [order[:0]],
        "of 1 or more row numbers out of those it was given. Got int64 (0,)",
    ),
    ("split_rows", lambda order, size: [order.float()], "Got float32 (128,)"),
    ("split_rows", lambda order, size: order, "Got int64 () from"),
    ("forward_pass", lambda policy, obs: policy(obs)[0], "B = 32. Got float32 (32, 5) with a graph"),
    ("count_gradient_steps", lambda *given: 2.5, "a whole number, 0 or more. Got 2.5"),
    (
        "forward_pass",
        lambda policy, obs: policy(obs)[::-1],
        "Got tuple of 0: float32 (32,) with a graph, 1: float32 (32, 5)",
    ),
    (
        "forward_pass",
        lambda policy, obs: (policy(obs)[0], policy.critic_head(policy.actor_trunk(obs))),
        "1: float32 (32, 1)",
    ),
    ("forward_pass", lambda policy, obs: tuple(p.detach() for p in policy(obs)), "with a graph; B = 32. Got tuple of"),
    ("log_probs_of", lambda logits, actions: None, "the log-probabilities, float32 (32,), with a graph. Got None"),
    ("log_probs_of", lambda *given: log_probs_of(*given)[:, None], "with a graph. Got float32 (32, 1) with a graph"),
    ("log_probs_of", lambda *given: log_probs_of(*given).detach(), "with a graph. Got float32 (32,) without a graph"),
    (
        "only_legal",
        lambda logits, legal: logits[..., :2],
        "the logits, float32 (4, 4, 3), with a graph. Got float32 (4,",
    ),
    ("only_legal", lambda logits, legal: logits.masked_fill(~legal, -1e9).double(), "Got float64 (4, 4, 3)"),
    (
        "gaussian_log_probs",
        lambda means, *given: means,
        "the log-densities, float32 (32,), with a graph. Got float32 (32,",
    ),
    ("gaussian_log_probs", lambda means, *given: means.sum(-1).detach(), "Got float32 (32,) without a graph"),
    ("entropy_of", lambda log_probs: entropy_of(log_probs).mean(), "float32 (32,), with a graph. Got float32 ()"),
    (
        "importance_ratios",
        lambda new, old: (new - old).exp()[:, None],
        "float32 (32,), with a graph. Got float32 (32, 1)",
    ),
    ("importance_ratios", lambda new, old: importance_ratios(new, old).detach(), "Got float32 (32,) without a graph"),
    ("importance_ratios", lambda new, old: (new - old).exp().double(), "Got float64 (32,) with a graph"),
    ("importance_ratios", lambda new, old: (new - old).exp().tolist(), "Got list"),
    ("normalise_advantages", lambda advantages: advantages[:-1], "float32 (32,). Got float32 (31,) without a graph"),
    ("normalise_advantages", lambda advantages: advantages.mean(), "float32 (32,). Got float32 () without a graph"),
    ("approx_kl", lambda new, old: (new - old).detach(), "one number: a float32 scalar, shape (). Got float32 (32,)"),
    ("effective_sample_size", lambda ratios: str(ratios), "one number: a float32 scalar, shape (). Got str"),
    (
        "clipped_surrogate_loss",
        lambda ratios, advantages, eps: ratios * advantages,
        "shape (), with a graph. Got float32 (32,)",
    ),
    ("clipped_surrogate_loss", lambda *given: clipped_surrogate_loss(*given).item(), "shape (), with a graph. Got "),
    ("surrogate_loss", lambda ratios, advantages: ratios * advantages, "shape (), with a graph. Got float32 (128,)"),
    ("policy_gradient_loss", lambda log_probs, advantages: None, "a float32 scalar, shape (), with a graph. Got None"),
    ("clip_fraction", lambda ratios, eps: None, "one number: a float32 scalar, shape (). Got None"),
    ("still_pushed", lambda *given: given[0], "True or False for each row, bool (128,). Got float32 (128,)"),
    ("explained_variance", lambda *given: None, "one number: a float. Got None"),
    ("value_loss", lambda values, returns: value_loss(values, returns)[None], "Got float32 (1,) with a graph"),
    ("value_loss", lambda values, returns: value_loss(values, returns).detach(), "Got float32 () without a graph"),
    ("entropy_bonus", lambda entropies: entropies, "Got float32 (32,) with a graph"),
    ("total_loss", lambda *given: None, "a float32 scalar, shape (), with a graph. Got None"),
    ("total_loss", lambda *given: total_loss(*given).detach(), "Got float32 () without a graph"),
    ("total_loss", lambda *given: given[:3], "Got tuple of 0: float32 () with a graph"),
    (
        "minibatch_losses",
        lambda *given: None,
        "of six float32 scalars, total_loss with a graph. Got None",
    ),
    (
        "minibatch_losses",
        lambda *given: minibatch_losses(*given)._replace(approx_kl=0.0),
        "total_loss with a graph. Got MinibatchLosses of actor_loss: float32 () with a graph",
    ),
    ("gradient_step", forgets_to_return, "the length of the gradient, a float32 scalar, shape (). Got None"),
    ("gradient_step", lambda *given: str(own.gradient_step(*given)), "a float32 scalar, shape (). Got str"),
    ("should_stop", lambda kl, target_kl: None, "True or False. Got None"),
    ("annealed", lambda *given: None, "one number: a float. Got None"),
    ("reached_by_gradient", lambda policy: 3, "a list of names. Got 3"),
    ("update_policy", lambda *given: None, "after each step the row numbers (b,), the MinibatchLosses and the grad"),
    (
        "update_policy",
        lambda *given: [index for index, *_ in update_policy(*given)],
        "scalar. Got int64 (32,)",
    ),
    ("clear", lambda buffer: None, "nothing, and leave an empty buffer: 0 steps. Got a buffer with 8 steps"),
]


def wrong_steps(name, wrong):
    """Steps with this one replaced; a loss that is not the default's is put to work."""
    own = Steps(**{name: wrong})
    return own.with_actor_loss("policy_gradient") if name == "policy_gradient_loss" else own


def everything(run):
    weights = torch.nn.utils.parameters_to_vector(run.policy.parameters()).tolist()
    generators = [g.get_state().tolist() for g in (run.action_generator, run.shuffle_generator)]
    world = [np.asarray(part).tolist() for part in run.env.get_state().values()]
    return repr((weights, run.optimizer.state_dict()["state"], generators, world, run.cycle, run.buffer.step))


@pytest.mark.parametrize(("name", "wrong", "words"), WRONG, ids=[f"{k} {case[0]}" for k, case in enumerate(WRONG)])
def test_a_step_that_returns_the_wrong_thing_is_named_and_nothing_has_happened(
    name, wrong, words, config_with, world_with
):
    """Which step, which node, what it must return, what came; weights, world and generators are as before."""
    run = TrainingRun(world_with(name), config_with(name, anneal_cycles=9))
    before = everything(run)
    start = rf"Your {name} \(node {PROMISES[name].node}\) must return "
    with pytest.raises(ValueError, match=rf"^{start}.*{re.escape(words.removeprefix('Your '))}"):
        next(train(run, 1, wrong_steps(name, wrong)))
    assert everything(run) == before
    assert next(train(run, 1)).cycle == 1


def test_every_step_has_its_promise_and_is_tried_here():
    names = [field.name for field in fields(Steps)]
    assert list(PROMISES) == names
    assert [promise.node for promise in PROMISES.values()] == sorted(promise.node for promise in PROMISES.values())
    assert {case[0] for case in WRONG} == set(names)


def test_an_update_by_hand_says_it_too(make_policy, make_rows, make_config):
    policy, config = make_policy(), make_config()
    arguments = policy, make_optimizer(policy, config), make_rows(policy), config, torch.Generator()
    with pytest.raises(ValueError, match=r"^Your total_loss \(node N\) must return .*Got None$"):
        ppo_update(*arguments, steps=Steps(total_loss=lambda *given: None))


@pytest.mark.parametrize(
    "nothing",
    [{"split_rows": drop_last}, {"each_minibatch": lambda *given: ()}, {"split_rows": lambda order, size: ()}],
)
def test_an_update_without_a_mini_batch_says_so(make_config, nothing):
    """Fewer rows than a mini-batch, for one; there are no losses then to report."""
    run = TrainingRun("standard", make_config(minibatch_size=500))
    rule = r"^An update needs a mini-batch to learn from .* Got none from 128 rows, minibatch_size 500, 2 epochs"
    with pytest.raises(ValueError, match=rule):
        next(train(run, 1, Steps(**nothing)))
    assert run.cycle == 0


def test_mini_batches_are_taken_one_by_one_as_they_come(make_policy, make_rows, make_config):
    """A generator may watch what the update does with the one before."""
    policy, config, taken = make_policy(), make_config(epochs=1, minibatch_size=8), []

    def split(order, size):
        for piece in split_rows(order, size):
            yield piece
            taken.append(policy.actor_head.weight.detach().clone())

    rows = make_rows(policy)
    ppo_update(policy, make_optimizer(policy, config), rows, config, torch.Generator(), steps=Steps(split_rows=split))
    assert len(taken) == 3
    assert not torch.equal(taken[0], taken[1])


def test_the_packages_own_steps_are_not_looked_at():
    plain, replaced = Steps(), Steps(value_loss=lambda values, returns: (values - returns).abs().mean())
    assert checked(plain) is plain
    seen = checked(replaced)
    assert checked(seen) is seen
    changed = [field.name for field in fields(Steps) if getattr(seen, field.name) is not getattr(plain, field.name)]
    assert changed == ["value_loss"]


def test_a_loss_may_be_switched_off_within_its_graph(make_config):
    run = TrainingRun("standard", make_config())
    report = next(train(run, 1, Steps(entropy_bonus=lambda entropies: (0 * entropies).mean())))
    assert report.update.entropy == 0


def test_in_words():
    assert in_words(torch.ones(2, 3, requires_grad=True)) == "float32 (2, 3) with a graph"
    assert in_words(torch.tensor([3, 7])) == "int64 (2,) from 3 to 7"
    assert in_words((1, None)) == "tuple of 0: 1, 1: None"
    assert in_words(object()) == "object"


def test_who_calls_by_name_reaches_a_step_with_other_names():
    own = checked(Steps(total_loss=lambda a, v, h, c1, c2: a + c1 * v - c2 * h))
    parts = (torch.tensor(2.0, requires_grad=True), torch.tensor(3.0), torch.tensor(5.0))
    assert own.total_loss(*parts, ent_coef=0.1, vf_coef=0.5).item() == 2 + 0.5 * 3 - 0.1 * 5
    with pytest.raises(TypeError, match="unexpected keyword argument 'clip_eps'"):
        own.total_loss(*parts, 0.5, 0.1, clip_eps=0.2)
