"""What the doctor says of implementations that people use, and that it is so, by hand.

`python -m tests.doctor.real_ppos` writes the page anew.
"""

import gymnasium
import numpy as np
import pytest
import torch

from ppo_lessons.doctor import Report
from ppo_lessons.doctor.findings import CONVENTION, FAILED, NOT_APPLICABLE, PASSED
from ppo_lessons.doctor.report import named
from ppo_lessons.doctor.script_worlds import ScriptEnv

pytest.importorskip("stable_baselines3")
pytest.importorskip("torchrl")

from gymnasium.vector import AutoresetMode
from stable_baselines3.common.buffers import RolloutBuffer
from tensordict import TensorDict

from tests.doctor.real_ppos import CLEANRL, OURS, PAGE, REMARKS, SB3, TORCHRL, TUTORIAL, examined, page
from tests.doctor.subjects import cleanrl, sb3, torchrl_ppo, tutorial


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """Everybody, examined once."""
    return {report.subject.name: report for report in examined()}


@pytest.fixture
def same_versions(reports: dict[str, Report]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    others = [report.title for report in reports.values() if report.title not in text]
    if others:
        pytest.skip(f"docs/real_ppos.md was made with other versions than {', '.join(others)}")


def verdicts(report: Report) -> dict[str, str]:
    return {named(finding): finding.verdict for finding in report.findings}


def text_of(report: Report, fact: str) -> str:
    return next(finding.text for finding in report.findings if named(finding) == fact)


def facts(report: Report, verdict: str) -> set[str]:
    return {named(finding) for finding in report.of(verdict)}


@pytest.mark.usefixtures("same_versions")
def test_the_page_is_what_is_found(reports):
    stale = "Run `python -m tests.doctor.real_ppos`, and read the difference: docs/real_ppos.md is stale"
    assert PAGE.read_text(encoding="utf-8") == page(list(reports.values())), stale


@pytest.mark.usefixtures("same_versions")
def test_every_failure_was_followed_up(reports):
    assert list(reports) == [OURS, SB3, CLEANRL, TORCHRL, TUTORIAL]
    for name, report in reports.items():
        remarks = set(REMARKS.get(name, {}))
        assert facts(report, FAILED) <= remarks <= facts(report, FAILED) | facts(report, CONVENTION), name


def test_ours_passes_everything(reports):
    found = verdicts(reports[OURS])
    assert set(found.values()) == {PASSED, NOT_APPLICABLE}
    assert {fact for fact, verdict in found.items() if verdict == NOT_APPLICABLE} <= {
        "advantages: fallen agents",
        "value_loss: clip",
        "rollout: returns",
    }


@pytest.mark.parametrize("name", [SB3, TORCHRL])
def test_advantages_of_real_code_are_right(reports, name):
    found = {fact: verdict for fact, verdict in verdicts(reports[name]).items() if fact.startswith("advantages")}
    assert found.pop("advantages: fallen agents") == NOT_APPLICABLE
    assert len(found) == 9
    assert set(found.values()) == {PASSED}


# Stable-Baselines3


def test_sb3_fails_nothing_else(reports):
    assert facts(reports[SB3], FAILED) <= {"value_loss: clip", "rollout: actions and rewards"}
    assert facts(reports[SB3], CONVENTION) - facts(reports[SB3], FAILED) <= {
        "learning_rate: annealing",
        "minibatches: a rest",
        "rollout: actions and rewards",
        "value_loss: clip",
    }


def test_sb3_adds_what_is_expected_after_a_cut_to_the_reward(reports):
    """Episodes of three steps: views 1 2 3 (4, dead), 5 6 7 (8, cut off), 9 10. The critic says what is seen."""
    assert verdicts(reports[SB3])["rollout: actions and rewards"] != PASSED
    record = {}
    obs, _, rewards, *_ = sb3.SUBJECT.rollout.function(lambda: ScriptEnv(record), 8)
    paid = {badge: happened.reward for badge, happened in record.items()}
    assert obs[:, 0].tolist() == list(paid) == [1, 2, 3, 5, 6, 7, 9, 10]
    assert rewards == pytest.approx([reward + (0.99 * 8 if badge == 7 else 0) for badge, reward in paid.items()])


def test_sb3s_clip_of_the_value_leaves_what_is_outside_alone(reports):
    """Old value 1, clip 0.5, return 2. Error (1.5 - 2) squared in either case, and no slope."""
    assert verdicts(reports[SB3])["value_loss: clip"] != PASSED
    for outside in (3.0, -3.0):
        value = torch.tensor([outside], requires_grad=True)
        loss = sb3.SUBJECT.value_loss.function(value, torch.tensor([2.0]), torch.tensor([1.0]), 0.5)
        (slope,) = torch.autograd.grad(loss, value)
        assert loss.item() == pytest.approx(0.25 if outside > 0 else 2.25)  # held at 1.5, or at 0.5
        assert slope.item() == 0


def test_sb3s_step_size_is_the_number_that_it_is_given():
    assert [sb3.SUBJECT.learning_rate.function(0.5, cycle, 10) for cycle in (0, 9)] == [0.5, 0.5]


def test_sb3s_buffer_gives_actions_as_floats_and_its_update_takes_them_as_whole_numbers():
    ask = sb3.SUBJECT.minibatches.function
    table = [torch.arange(6).reshape(3, 2, 1).float(), torch.arange(6).reshape(3, 2)]
    batches = ask(*table, *[torch.zeros(3, 2)] * 4, 4, 1)
    assert [batch[1].dtype for batch in batches] == [torch.int64] * 2
    assert [list(batch[1].shape) for batch in batches] == [[4], [2]]
    given = sb3._learner(3, 2).rollout_buffer.given[0].actions
    assert (given.dtype, given.shape) == (torch.float32, (4, 1))


# CleanRL


def test_cleanrl_fails_at_truncation_alone(reports):
    assert facts(reports[CLEANRL], FAILED) == {"advantages: truncation"}
    assert "treated as a death" in text_of(reports[CLEANRL], "advantages: truncation")


def test_cleanrl_takes_a_time_limit_for_death():
    """The world pays 1 for ever and is worth 10: 1 - 10, where 1 + 0.9 x 10 - 10 = 0 is right."""
    ten, over = torch.tensor([10.0]), torch.ones(1)
    found, _ = cleanrl.SUBJECT.advantages.function(torch.ones(1, 1), ten[None], torch.zeros(1, 1), ten, over, 0.9, 0.8)
    assert found.item() == -9


@pytest.mark.parametrize("seed", range(3))
def test_cleanrls_restated_advantages_are_those_of_sb3_which_has_the_same_rule(seed):
    rng = np.random.default_rng(seed)
    rewards, values = rng.normal(size=(2, 20, 3)).astype(np.float32)
    starts, last_done = rng.random((20, 3)) < 0.2, rng.random(3) < 0.5
    last = rng.normal(size=3).astype(np.float32)
    spaces = sb3.Column.observation_space, sb3.Column.action_space
    buffer = RolloutBuffer(20, *spaces, device="cpu", gamma=0.97, gae_lambda=0.9, n_envs=3)
    buffer.rewards[:], buffer.values[:], buffer.episode_starts[:] = rewards, values, starts
    buffer.compute_returns_and_advantage(torch.from_numpy(last), last_done)
    handed = [torch.from_numpy(array).float() for array in (rewards, values, starts, last, last_done)]
    advantages, returns = cleanrl.SUBJECT.advantages.function(*handed, 0.97, 0.9)
    np.testing.assert_allclose(advantages.numpy(), buffer.advantages, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(returns.numpy(), buffer.returns, rtol=1e-5, atol=1e-5)


def test_cleanrls_conventions(reports):
    assert facts(reports[CLEANRL], CONVENTION) == {
        "normalise: no spread",
        "value_loss: error",
        "minibatches: a rest",
    }
    assert "half of the mean squared error" in text_of(reports[CLEANRL], "value_loss: error")
    assert "NaN" in text_of(reports[CLEANRL], "normalise: no spread")


def test_cleanrls_rollout_with_gymnasium_1_and_its_own_default_has_a_row_without_a_decision():
    record = {}
    modes = (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)
    rows = {mode: cleanrl.played(lambda: ScriptEnv(record), 8, mode)[0][:, 0].tolist() for mode in modes}
    assert rows[AutoresetMode.SAME_STEP] == [1, 2, 3, 5, 6, 7, 9, 10]
    assert rows[AutoresetMode.NEXT_STEP] == [1, 2, 3, 4, 5, 6, 7, 8], "4 and 8 are final observations"


# TorchRL


def test_torchrl_fails_nothing_that_decides_anything(reports):
    assert facts(reports[TORCHRL], FAILED) == set()


def test_torchrls_conventions(reports):
    assert facts(reports[TORCHRL], CONVENTION) >= {
        "value_loss: error",
        "loss: units of the advantages",
        "loss: critic",
        "kl: never negative",
        "minibatches: a rest",
    }
    assert "smooth L1" in text_of(reports[TORCHRL], "value_loss: error")
    assert "not normalised" in text_of(reports[TORCHRL], "loss: units of the advantages")


def test_torchrls_critic_has_smooth_l1():
    """Errors 1, 2 and 1: 1/2, 2 - 1/2 and 1/2."""
    values, returns = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[2.0], [0.0], [3.0]])
    loss = torchrl_ppo.SUBJECT.value_loss.function(values, returns, values, 1e6)
    assert loss.item() == pytest.approx((0.5 + 1.5 + 0.5) / 3)


def test_torchrls_distance_is_k1(reports):
    assert "k1" in text_of(reports[TORCHRL], "kl: never negative")
    assert torchrl_ppo.SUBJECT.kl.function(torch.tensor([-0.9]), torch.tensor([-1.0])).item() == pytest.approx(-0.1)


def test_torchrls_clip_is_one_of_logarithms():
    ratios, advantages = torch.tensor([0.7, 0.7, 1.0, 1.1, 1.3, 1.3]), torch.tensor([1.0, -1.0, 1.0, -1.0, 3.0, -2.0])
    new, old, ask = ratios.log(), torch.zeros(6), torchrl_ppo.SUBJECT.actor_loss.function
    assert ask(new, old, advantages, 0.99).item() == pytest.approx(-(ratios * advantages).mean().item())
    assert ask(new, old, advantages, 1.5).isnan()


def test_torchrls_actor_that_is_called_by_itself_takes_the_likeliest():
    logits = torch.tensor([0.5, 0.25, 0.25]).log().repeat(200, 1)
    alone = torchrl_ppo._actor()(TensorDict({"observation": logits}, [200]))["action"]
    drawn, _ = torchrl_ppo.SUBJECT.sample.function(logits)
    assert (alone.unique().tolist(), drawn.unique().tolist()) == ([0], [0, 1, 2])


# PettingZoo's tutorial


def test_the_tutorial_fails_where_it_is_wrong(reports):
    assert facts(reports[TUTORIAL], FAILED) >= {
        "advantages: one step",
        "advantages: definition",
        "advantages: termination",
        "advantages: truncation",
        "advantages: both flags",
        "advantages: columns",
        "normalise: mean and spread",
        "normalise: other units",
        "minibatches: coverage",
        "rollout: every decision",
    }
    assert text_of(reports[TUTORIAL], "normalise: mean and spread") == "They come back as they were."


def reckoned(rewards, values, terminated=(), truncated=(), gamma=0.9):
    """The tutorial's advantages of one column."""
    flags = torch.zeros(2, len(rewards), 1, dtype=torch.bool)
    flags[0, list(terminated)], flags[1, list(truncated)] = True, True
    columns = (torch.tensor(numbers)[:, None] for numbers in (rewards, values))
    return tutorial.SUBJECT.advantages.function(*columns, *flags, gamma)[0][:, 0].tolist()


def test_the_tutorial_fades_with_gamma_squared():
    """A reward of 1, two steps on, counts 0.9 to the power of 4; with lambda 0.8, (0.9 x 0.8) squared is right."""
    assert reckoned([0.0, 0.0, 1.0, 0.0], [0.0] * 4) == pytest.approx([0.6561, 0.81, 1, 0])


def test_the_tutorial_bootstraps_only_before_a_termination():
    """Worth 10 everywhere, paid 1: 1 + 0.9 x 10 - 10 = 0 is right in row 1, if row 2 is the end or not."""
    assert reckoned([1.0] * 3, [10.0] * 3)[1] == -9
    assert reckoned([1.0] * 3, [10.0] * 3, truncated=(2,))[1] == -9
    assert reckoned([1.0] * 3, [10.0] * 3, terminated=(2,))[1] == 0


def test_the_tutorial_never_reckons_the_last_row():
    for reward in (0.0, 100.0):
        assert reckoned([0.0, reward], [0.0, 0.0], terminated=(1,)) == [0, 0]


def test_the_tutorial_works_out_normalised_advantages_and_uses_the_others():
    advantages = torch.tensor([1.0, 2.0, 3.0, 6.0])
    assert tutorial.SUBJECT.normalise.function(advantages) is advantages


# the adapters


def test_the_script_of_a_column_is_played_as_it_stands():
    """After a cut the final observation, then the first of the next episode."""
    column = sb3.Column(*map(np.array, ([1.0, 2.0, 3.0], [5.0, 6.0], [False, False], [True, False], [9.0, 0.0])))
    assert isinstance(column, gymnasium.Env)
    assert column.reset()[0] == 1
    assert column.step(0)[:4] == (9, 5, False, True)
    assert column.reset()[0] == 2
    assert column.step(0)[:4] == (3, 6, False, False)
