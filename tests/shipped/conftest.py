"""Fixtures for runs that are kept in files: tiny settings, Ctrl-C at a chosen moment, and what all files hold."""

import json
import signal

import pytest
import torch

from ppo_lessons.checkpoints import load_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped import interruptible
from ppo_lessons.shipped.kept_run import files_of
from ppo_lessons.steps import Steps
from ppo_lessons.training import train


def plain(thing):
    """Everything in a checkpoint as plain data that can be compared, tensors bit for bit."""
    if isinstance(thing, torch.Tensor):
        return str(thing.dtype), tuple(thing.shape), thing.numpy().tobytes()
    if isinstance(thing, dict):
        return {name: plain(part) for name, part in thing.items()}
    return [plain(part) for part in thing] if isinstance(thing, (list, tuple)) else thing


@pytest.fixture
def kept_in():
    """What the three files of a team hold."""

    def read(team):
        files = files_of(team)
        assert [path for path in team.parent.iterdir() if "unfinished" in path.name] == []
        run = torch.load(files.run, weights_only=True)
        return plain(load_policy(files.team).state_dict()), plain(run), json.loads(files.notes.read_text("utf-8"))

    return read


@pytest.fixture
def tiny():
    """Settings of a run whose cycles take a few milliseconds."""
    return PPOConfig(num_envs=4, num_steps=8, minibatch_size=32)


@pytest.fixture
def listening():
    """Ctrl-C raises KeyboardInterrupt, whoever started these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def press(listening, monkeypatch):
    """Press Ctrl-C in a cycle, or once it is counted and not yet reported."""

    def pressing(cycle, when):
        def play(run, cycles):
            def clear(buffer):
                if when == "in it" and run.cycle + 1 == cycle:
                    signal.raise_signal(signal.SIGINT)
                buffer.clear()

            for report in train(run, cycles, Steps(clear=clear)):
                if when == "behind it" and run.cycle == cycle:
                    signal.raise_signal(signal.SIGINT)
                yield report

        monkeypatch.setattr(interruptible, "train", play)

    yield pressing
