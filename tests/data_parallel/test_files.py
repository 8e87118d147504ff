"""Nothing is lost, and nothing is counted twice."""

import json
from dataclasses import replace

import pytest
import torch

from ppo_lessons.checkpoints import load_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.files import load_reports
from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.shared_training import train_on_ranks
from ppo_lessons.data_parallel.thread_ranks import in_threads
from ppo_lessons.errors import CheckpointError
from ppo_lessons.spirit_world.env import SpiritWorld
from tests.data_parallel.faulty_rank import CONFIG, CYCLES, SAVED_EVERY


def train(folder, cycles, num_ranks=2, config=CONFIG, stop_after=None, world="standard"):
    def job(ranks):
        reports = []
        for report in train_on_ranks(ranks, world, config, cycles, folder=folder, saved_every=SAVED_EVERY):
            reports.append(report)
            if report.cycle == stop_after:
                break
        return reports

    return in_threads(num_ranks, job)[0]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train(folder, CYCLES)
    return folder


def assert_same(folder, expected):
    assert (folder / "reports.jsonl").read_text() == (expected / "reports.jsonl").read_text()
    ours, theirs = (load_policy(each / "team.pt").state_dict() for each in (folder, expected))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_goes_on_bit_for_bit(undisturbed, tmp_path):
    """Broken off after the fifth cycle, one after a checkpoint: that one is played again, and counted once."""
    train(tmp_path, CYCLES, stop_after=5)
    assert [report.cycle for report in train(tmp_path, CYCLES)] == [5, 6, 7]
    assert_same(tmp_path, undisturbed)
    lines = load_reports(tmp_path)
    assert [line["agent_steps"] for line in lines] == [8 * 8 * 4 * cycle for cycle in range(1, CYCLES + 1)]


def test_before_the_first_checkpoint_it_begins_again(undisturbed, tmp_path):
    train(tmp_path, CYCLES, stop_after=1)
    train(tmp_path, CYCLES)
    assert_same(tmp_path, undisturbed)


def test_a_run_that_is_done_is_done(undisturbed):
    before = {path.name: path.read_bytes() for path in undisturbed.iterdir()}
    assert train(undisturbed, CYCLES) == []
    assert {path.name: path.read_bytes() for path in undisturbed.iterdir()} == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(num_ranks=4), "as many ranks as it began. Got 4 for 2"),
        (dict(config=replace(CONFIG, clip_eps=0.1)), "Got clip_eps 0.1 for 0.2"),
    ],
)
def test_another_run_is_refused(undisturbed, changed, message):
    with pytest.raises(CheckpointError, match=message):
        train(undisturbed, CYCLES, **changed)


def test_what_is_no_run_is_refused_on_all_ranks(tmp_path):
    (tmp_path / "run.pt").write_bytes(b"<html>")
    with pytest.raises(CheckpointError, match="page of HTML"):
        train(tmp_path, CYCLES)
    with pytest.raises(FileNotFoundError, match="saved into a folder that is there"):
        train(tmp_path / "nowhere", CYCLES)


def test_uneven_shares_are_kept(tmp_path):
    config = PPOConfig(num_envs=5, num_steps=4, minibatch_size=32, epochs=1, seed=1)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder, stop in ((whole, None), (parted, 2)):
        folder.mkdir()
        train(folder, 4, 3, config, stop)
    train(parted, 4, 3, config)
    assert_same(parted, whole)


def test_a_world_that_cannot_tell_its_state_begins_anew_on_each_rank_with_its_own(tmp_path):
    seeds = []

    class Stateless:
        """A Spirit world that keeps its state to itself."""

        def __init__(self, num_envs):
            self._world = SpiritWorld("standard", num_envs)

        def __getattr__(self, name):
            if name in ("get_state", "set_state"):
                raise AttributeError(name)
            return getattr(self._world, name)

        def reset(self, seed):
            seeds.append(seed)
            self._world.reset(seed)

    config = replace(CONFIG, num_envs=4)
    train(tmp_path, 4, config=config, stop_after=2, world=Stateless)
    seeds.clear()
    with pytest.warns(UserWarning, match="cannot tell its state"):
        train(tmp_path, 4, config=config, world=Stateless)
    assert len(set(seeds[-2:])) == 2


def test_reports_with_a_hole_are_found(tmp_path):
    lines = [json.dumps({"cycle": cycle}) for cycle in (1, 2, 2)]
    (tmp_path / "reports.jsonl").write_text("\n".join(lines))
    with pytest.raises(RankError, match=r"every cycle once. Got \[1, 2, 2\]"):
        load_reports(tmp_path)
