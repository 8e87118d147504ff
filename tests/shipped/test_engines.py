"""Which engine plays is chosen by what is there, and said in one sentence."""

import importlib.util
import os
from functools import partial

import pytest

from ppo_lessons.shipped.engines import HOW_TO_INSTALL, cores, engine_here
from ppo_lessons.shipped.many_runs import one_after_another


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_ray")
def test_without_ray_the_runs_are_played_here_and_it_says_how_to_get_it(capsys: pytest.CaptureFixture[str]):
    assert engine_here() is one_after_another
    assert engine_here(8) is one_after_another
    said = capsys.readouterr().err.splitlines()
    assert said[0] == said[1]
    assert said[0].startswith("The runs are trained one after another, without Ray. Ray is not installed;")
    assert HOW_TO_INSTALL in said[0]
    with pytest.raises(ValueError, match=r"A cluster is reached with Ray, .* Got 'auto' without it"):
        engine_here(address="auto")


def test_one_process_needs_no_ray(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert engine_here(1) is one_after_another
    assert capsys.readouterr().err == "The runs are trained one after another, without Ray.\n"


def test_with_ray_it_says_where(capsys: pytest.CaptureFixture[str]):
    on_ray = pytest.importorskip("ppo_lessons.shipped.on_ray", exc_type=ModuleNotFoundError).on_ray
    here, there = engine_here(3), engine_here(address="auto")
    for engine, count, address in ((here, 3, None), (there, cores(), "auto")):
        assert isinstance(engine, partial)
        assert engine.func is on_ray
        assert engine.keywords == {"processes": count, "address": address}
    assert capsys.readouterr().err.splitlines() == [
        "Ray Tune trains the runs on this machine, 3 at once.",
        "Ray Tune trains the runs on the cluster at auto.",
    ]


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch):
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setattr(os, "sched_getaffinity", lambda who: {4, 7, 9}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()
