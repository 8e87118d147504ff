"""The lesson's dashboard trains as `train` does, with the learner's steps; its kept teams are what they were."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, replace

import numpy as np
import pytest
import torch

from ppo_lessons import losses
from ppo_lessons.config import PPOConfig
from ppo_lessons.interactive.theatre import board_of
from ppo_lessons.lessons.team_training import dashboard as training_dashboard
from ppo_lessons.lessons.team_training.dashboard import EVERY, REPLAY_SEED, TrainingDashboard
from ppo_lessons.shipped.atlas import curves_of, measures
from ppo_lessons.spirit_world.evaluation import Replay, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun, TrainReport, train

pytestmark = pytest.mark.slow

SMALL = PPOConfig(num_envs=4, num_steps=4, minibatch_size=64, epochs=2, learning_rate=0.02, seed=5)
CYCLES = 12


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_dashboard, "CYCLES", CYCLES)


def numbers(reports: Iterable[TrainReport]) -> list[tuple[float, ...]]:
    """All numbers of reports but the times, NaN as None, so that they can be compared."""
    rows = [(r.cycle, r.agent_steps, r.mean_reward, *measures(r.behaviour), *astuple(r.update)) for r in reports]
    return [tuple(None if isinstance(x, float) and math.isnan(x) else x for x in row) for row in rows]


@pytest.fixture(scope="module")
def undisturbed() -> tuple[list[TrainReport], dict[int, Replay]]:
    """The reports of the same training by `train`, and what its team plays every fourth cycle."""
    run, reports = TrainingRun("standard", SMALL), []
    replays = {0: record(policy_player(run.policy), seed=REPLAY_SEED)}
    for report in train(run, CYCLES):
        reports.append(report)
        if report.cycle % EVERY == 0:
            replays[report.cycle] = record(policy_player(run.policy), seed=REPLAY_SEED)
    return reports, replays


class Counting:
    """Clears the buffer at the end of a cycle, counts, and does something in the middle of a given cycle."""

    def __init__(self) -> None:
        self.cycles, self.during = 0, {}

    def __call__(self, buffer: object) -> None:
        self.cycles += 1
        self.during.pop(self.cycles, lambda: None)()
        DEFAULT_STEPS.clear(buffer)


def press(board: TrainingDashboard, button: str) -> None:
    board.controls._handle_custom_msg({"pressed": button}, [])


def presses(board: TrainingDashboard, button: str) -> Callable[[], None]:
    """Press a button that stops from another thread, as the kernel's main thread would, and wait until it is heard."""

    def do() -> None:
        threading.Thread(target=press, args=(board, button)).start()
        assert board._background._stop.wait(30)

    return do


def end(board: TrainingDashboard) -> str:
    board._background._thread.join(60)
    assert not board.running
    assert board.wait()
    return board.screen.said


def test_train_stop_and_go_on_is_undisturbed_training(undisturbed: tuple[list[TrainReport], dict[int, Replay]]):
    reports, replays = undisturbed
    counting = Counting()
    board = TrainingDashboard(Steps(clear=counting), SMALL)
    assert "ready: cycle 0 of 12; on the boards: cycle 0 and the newest team" in board.screen.said
    seen = [board.screen.png]

    counting.during[10] = presses(board, "stop")
    press(board, "train")
    assert "stopped: cycle 10 of 12" in end(board)
    assert numbers(board.reports) == numbers(reports[:10])
    assert [shown["title"] for shown in board.theatre.boards] == ["cycle 0", "newest: cycle 8"]
    seen.append(board.screen.png)

    press(board, "train")
    assert "finished: cycle 12 of 12" in end(board)
    assert numbers(board.reports) == numbers(reports)
    assert counting.cycles == CYCLES, "the learner's step is used, once a cycle"
    seen.append(board.screen.png)
    press(board, "train")
    end(board)
    assert len(board.reports) == CYCLES

    shown = board.look()
    np.testing.assert_array_equal(shown.curves["entropy"], curves_of(reports, EVERY)[:, -5])
    np.testing.assert_array_equal(shown.agent_steps, np.array([4, 8, 12]) * 64 / 1e6)

    assert sorted(board.teams) == [0, 4, 8, 12]
    for moment in (4, 8, 12, 0):
        board.controls.put(moment=moment)
        assert board.wait()
        chosen, newest = board.theatre.boards
        assert chosen == board_of(f"cycle {moment}", replays[moment])
        assert newest == board_of("newest: cycle 12", replays[12])
        assert f"on the boards: cycle {moment} and" in board.screen.said
        seen.append(board.screen.png)
    assert len(set(seen)) == len(seen) - 1, "the mark moves, and comes back to where it was"
    assert seen[-1] == seen[2]


def test_begin_anew(undisturbed: tuple[list[TrainReport], dict[int, Replay]]):
    reports, replays = undisturbed
    counting = Counting()
    board = TrainingDashboard(Steps(clear=counting), SMALL)
    picture = board.screen.png
    counting.during[5] = presses(board, "begin anew")
    press(board, "train")
    first = board.reports
    end(board)
    while board.reports is first:
        board.wait(0.05)
    assert board.wait()
    board.follow()
    assert board.wait()
    assert "ready: cycle 0 of 12" in board.screen.said
    assert board.screen.png == picture
    assert (board.reports, list(board.teams)) == ([], [0])
    assert board.theatre.boards[1] == board_of("newest: cycle 0", replays[0])
    counting.during[counting.cycles + 7] = presses(board, "stop")
    press(board, "train")
    end(board)
    assert numbers(board.reports) == numbers(reports[:7]), "the same training again"


def test_a_moment_that_is_still_to_come_is_the_newest_team():
    counting = Counting()
    board = TrainingDashboard(Steps(clear=counting), SMALL)
    board.controls.put(moment=8)
    assert board.wait()
    assert "on the boards: cycle 0 and" in board.screen.said
    counting.during[5] = presses(board, "stop")
    press(board, "train")
    assert "on the boards: cycle 4 and" in end(board)


def test_a_mistake_in_a_step_is_said_and_can_be_mended():
    broken = [True]

    def entropy_bonus(entropies: torch.Tensor) -> torch.Tensor:
        return losses.entropy_bonus(entropies) * (math.nan if broken[0] else 1)

    board = TrainingDashboard(Steps(entropy_bonus=entropy_bonus), SMALL)
    press(board, "train")
    said = end(board)
    assert "NonFiniteError" in said
    assert board.screen.failed
    assert board.reports == []
    broken[0] = False
    press(board, "train")
    assert "finished" in end(board)


def test_begin_anew_forgets_a_failure():
    board = TrainingDashboard(Steps(entropy_bonus=lambda entropies: entropies.mean() * math.nan), SMALL)
    press(board, "train")
    end(board)
    press(board, "begin anew")
    assert board.wait()
    assert "ready: cycle 0 of 12" in board.screen.said


@pytest.fixture
def two_threads() -> Iterator[None]:
    """As on a learner's machine; the other tests work with one."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def test_it_trains_with_one_thread_as_train_does(two_threads: None):
    threads = set()

    def clear(buffer: object) -> None:
        threads.add(torch.get_num_threads())
        DEFAULT_STEPS.clear(buffer)

    list(train(TrainingRun("standard", SMALL), 1, Steps(clear=clear)))
    assert threads == {1}
    board = TrainingDashboard(Steps(clear=clear), SMALL)
    press(board, "train")
    end(board)
    assert threads == {1}


def test_a_reader_without_a_kernel_gets_the_same_text():
    board = TrainingDashboard(config=SMALL)
    data, _ = board._repr_mimebundle_()
    assert data["text/plain"].startswith("Training dashboard: ")
    assert len(data["text/html"]) < 150_000
    assert board.theatre in board.children


def test_a_ruined_run_says_so_and_when():
    board = TrainingDashboard(config=replace(SMALL, learning_rate=50.0))
    press(board, "train")
    said = end(board)
    assert "Ruined, cycle 1: The policy went" in said
    assert "learning_rate is far too large; on the boards" in said
    sane = TrainingDashboard(config=SMALL)
    press(sane, "train")
    assert "uined" not in end(sane)
