"""What the lesson says in words, held against the recorded update."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ppo_lessons import Steps, losses, make_optimizer, ppo_update
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.my_ppo import my_functions
from ppo_lessons.lessons import check, desk
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.optimisation import gradient_step
from ppo_lessons.shipped.recording import CONFIG, load_recording
from tests.classroom.cells import typed
from tests.notebooks.imagined import ImaginedProcessor

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "11_full_update.py").read_text(encoding="utf-8")
RECORDING = load_recording()
ROWS = RECORDING.buffer.get()
(OURS,) = RECORDING.rows_of([(6, 0, 0)])


def updated(steps: Steps | None = None, **changes: object) -> ActorCritic:
    policy, config = load_recording().policy, replace(CONFIG, **changes)
    generator = torch.Generator().manual_seed(0)
    ppo_update(policy, make_optimizer(policy, config), ROWS, config, generator, steps=steps or Steps())
    return policy


def ratios(policy: ActorCritic) -> torch.Tensor:
    with torch.no_grad():
        return losses.importance_ratios(policy.evaluate_actions(ROWS.obs, ROWS.actions)[0], ROWS.old_log_probs)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_step_does_what_our_row_asks_for_and_sixteen_do_not(seed: int):
    pieces = split_rows(shuffle_rows(len(ROWS.actions), torch.Generator().manual_seed(0)), CONFIG.minibatch_size)
    (place,) = [number for number, piece in enumerate(pieces) if OURS in piece]
    only = Steps(split_rows=lambda order, size: split_rows(order, size)[place:][:1])
    assert ROWS.advantages[OURS] < 0 and len(pieces[place]) == 512
    before = RECORDING.policy.estimate_values(ROWS.obs)[OURS]
    with ImaginedProcessor(seed):
        once, whole = updated(only, epochs=1), updated()
        assert ratios(once)[OURS] < 0.85
        assert 0.6 < once.estimate_values(ROWS.obs)[OURS] - before < 1.0
        assert 1.03 < ratios(whole)[OURS] < 1.13


def test_our_row_is_neither_loud_nor_soft():
    pieces = split_rows(shuffle_rows(len(ROWS.actions), torch.Generator().manual_seed(0)), CONFIG.minibatch_size)
    (piece,) = [piece for piece in pieces if OURS in piece]
    normalised = normalise_advantages(ROWS.advantages[piece])
    ours = normalised[piece == OURS]
    assert float(ours) == pytest.approx(-0.4, abs=0.05)
    assert 0.45 < (normalised.abs() < ours.abs()).float().mean() < 0.55


def test_rules_of_the_world_that_passed_play_no_part_in_the_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))
    for number in ("1.1", "10.3"):
        exercise = desk.find(number)
        check(typed(solution_source(exercise), exercise.name))
    assert set(my_functions()) == {"total_loss"}
    (cell,) = [cell for cell in LESSON.split("# %%\n") if "mine.pop(" in cell]
    names = {"Steps": Steps, "normalise_advantages": normalise_advantages, "gradient_step": gradient_step}
    exec(cell[: cell.index("reference,")], names)
    assert set(names["mine"]) == {"total_loss", "normalise_advantages", "gradient_step"}
    assert Steps(**names["mine"]).total_loss is not Steps().total_loss


def test_a_narrow_clip_holds_four_rows_in_five_not():
    outside = (ratios(updated(clip_eps=0.01)) - 1).abs() > 0.01
    assert 0.75 < outside.float().mean() < 0.85


@pytest.mark.parametrize(("gradient", "share"), [(0.5, "1.00"), (0.001, "0.99"), (0.00001, "0.50")])
def test_the_first_step_of_adam(gradient: float, share: str):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.double))
    optimizer = torch.optim.Adam([weight], lr=1.0, eps=1e-5)
    weight.grad = torch.full_like(weight, gradient)
    optimizer.step()
    assert f"{-weight.item():.2f}" == share
