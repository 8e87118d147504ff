from dataclasses import asdict

import numpy as np
import pytest
import torch

from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.players import cooperative_player, policy_player, random_player
from ppo_lessons.spirit_world.rules import WorldState, advance
from ppo_lessons.training import TrainingRun, train


def numbers_of(behaviour):
    return repr({**asdict(behaviour), "visits": behaviour.visits.tolist()})


def test_plays_exactly_so_many_cases():
    for cases in (1, 37):
        assert evaluate(random_player(0), cases=cases).cases == cases


def test_the_same_seed_gives_the_same_cases():
    """Fact 41: another seed gives others."""
    first, again = (evaluate(cooperative_player, "nightfall", cases=20, seed=3) for _ in range(2))
    assert numbers_of(first) == numbers_of(again)
    assert numbers_of(first) != numbers_of(evaluate(cooperative_player, "nightfall", cases=20, seed=4))


def test_sampling_and_greedy_can_both_be_measured(make_policy):
    """Fact 41."""
    policy = make_policy(34, 5)
    sampled = evaluate(policy_player(policy), cases=20)
    greedy = evaluate(policy_player(policy, greedy=True), cases=20)
    assert numbers_of(sampled) == numbers_of(evaluate(policy_player(policy), cases=20))
    assert numbers_of(sampled) != numbers_of(greedy)


def test_touches_neither_global_chance_nor_a_training(make_config):
    """Fact 41: a run that is evaluated after every cycle is the run that is not."""
    quiet, watched = (TrainingRun("standard", make_config()) for _ in range(2))
    list(train(quiet, 3))
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    for _ in train(watched, 3):
        evaluate(policy_player(watched.policy), cases=5)
        record(policy_player(watched.policy), "fog")
        assert watched.buffer.step == 0
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    for ours, other in zip(watched.policy.parameters(), quiet.policy.parameters(), strict=True):
        assert torch.equal(ours, other)


def test_a_teams_return_is_copied_not_summed():
    """Fact 18: the mean over the detectives of each one's sum of rewards, which is what the world paid."""
    case = Case(name="x", num_detectives=3, toughness=(1, 1), health=1000)
    behaviour, replay = evaluate(cooperative_player, case, cases=1, seed=7), record(cooperative_player, case, seed=7)
    assert replay.outcome == "won"
    assert behaviour.team_return == pytest.approx(replay.rewards.sum() / 3)
    assert behaviour.team_return == pytest.approx(0.5 + 0.5 + 2, abs=0.5)


def test_a_replay_is_the_case_frame_by_frame():
    """The first frame is before any step, the last one is the end and not the next case."""
    replay = record(random_player(0), "standard", seed=5)
    assert len(replay) == len(replay.actions) + 1 == len(replay.rewards) + 1
    assert replay.states.clock.tolist() == list(range(len(replay)))
    assert replay.states.detectives.shape == (len(replay), 4, 2)
    still = Case(name="still", drift=0.0)
    replay = record(random_player(0), still, seed=5)
    for f in range(len(replay) - 1):
        after, _ = advance(still, replay.frame(f), replay.actions[f : f + 1], np.random.default_rng(0))
        assert all(np.array_equal(a, b) for a, b in zip(after, replay.frame(f + 1), strict=True))
    assert isinstance(replay.frame(0), WorldState)
    assert replay.frame(0).health.shape == (1, 4)


def test_a_replay_tells_how_it_ended():
    assert record(cooperative_player, "standard").outcome == "won"
    calm = Case(name="calm", toughness=(4,), step_limit=3, health=1000)
    replay = record(random_player(0), calm)
    assert (replay.outcome, len(replay)) == ("adjourned", 4)
    deadly = Case(name="deadly", size=4, toughness=(4,) * 8, health=1, step_limit=1000)
    assert record(random_player(0), deadly).outcome == "lost"


def test_a_replay_is_the_first_case_of_an_evaluation():
    replay, behaviour = record(cooperative_player, "fog", seed=9), evaluate(cooperative_player, "fog", cases=1, seed=9)
    assert behaviour.case_length == len(replay) - 1


def test_refuses_no_cases_and_unknown_ones():
    with pytest.raises(ValueError, match=r"must be a whole number, 1 or more\. Got 0"):
        evaluate(random_player(0), cases=0)
    with pytest.raises(ValueError, match=r"^A case is one of .*Got 'easy'"):
        record(random_player(0), "easy")


def test_no_cases_are_refused():
    with pytest.raises(ValueError, match=r"cases must be a whole number, 1 or more\. Got 0"):
        evaluate(random_player(), cases=0)
