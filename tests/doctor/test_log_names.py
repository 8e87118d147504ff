import re
from pathlib import Path

import pytest

from ppo_lessons.doctor.log_names import MINUS, STEPS, VITAL_SIGNS, is_known, our_name, rank, sign


def test_every_name_means_one_thing():
    names = [*STEPS, *(name for ours, theirs in VITAL_SIGNS.items() for name in (ours, *theirs))]
    assert len(set(names)) == len(names)
    assert all(name == name.strip().lower() for name in names)


def test_every_name_is_found_and_ours_comes_first():
    for ours, theirs in VITAL_SIGNS.items():
        assert [our_name(name) for name in (ours, *theirs)] == [ours] * (1 + len(theirs))
        assert [rank(name) for name in (ours, *theirs)] == list(range(1 + len(theirs)))
    assert [rank(name) for name in STEPS] == list(range(len(STEPS)))
    assert all(is_known(name) and our_name(name) is None for name in STEPS)


def test_capitals_and_spaces_do_not_matter():
    assert our_name(" Losses/ClipFrac ") == "clip_fraction"
    assert is_known("Global_Step") and rank("Global_Step") == STEPS.index("global_step")
    assert sign(" Train/Entropy_Loss") == -1


@pytest.mark.parametrize(
    "name",
    [
        "losses/old_approx_kl",
        "entropy_loss",
        "train/loss",
        "eval/mean_reward",
        "rollout/success_rate",
        "Value",
        "",
        "r",
    ],
)
def test_what_is_something_else_is_not_known(name):
    assert not is_known(name) and our_name(name) is None


def test_one_name_alone_is_minus_ours():
    assert [name for theirs in VITAL_SIGNS.values() for name in theirs if sign(name) == -1] == list(MINUS)


def test_the_names_of_stable_baselines3_are_those_that_it_writes():
    """Read in its own source: each name there, and minus the entropy."""
    folder = Path(pytest.importorskip("stable_baselines3").__file__).parent
    written = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("ppo/ppo.py", "common/on_policy_algorithm.py", "common/base_class.py")
    )
    recorded = set(re.findall(r'logger\.record\(\s*"([^"]+)"', written))
    theirs = {
        name for names in (*VITAL_SIGNS.values(), STEPS) for name in names if re.match("(train|rollout|time)/", name)
    }
    assert theirs <= recorded
    assert "entropy_loss = -th.mean(entropy)" in written
