"""The figures: made of the data that they are given, the same bytes each time, with their numbers in words."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.ages import load_age
from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.config import PPOConfig
from ppo_lessons.evaluation import Replay, evaluate, record
from ppo_lessons.interactive import live, rollout_figures, training_figures, update_figures
from ppo_lessons.interactive.picture import Picture, draw_png, new_figure, rounded, signed
from ppo_lessons.interactive.readme_picture import PATH
from ppo_lessons.interactive.tables import Note, Table
from ppo_lessons.players import policy_player
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_env import SpiritWorld
from ppo_lessons.team import recent
from ppo_lessons.training import TrainingRun, TrainReport, train
from ppo_lessons.update import MinibatchLosses, ppo_update

SMALL = PPOConfig(num_envs=16, num_steps=8, minibatch_size=128, seed=1)


@pytest.fixture(scope="module")
def replay() -> Replay:
    return record(policy_player(load_age("chaos"), seed=2), seed=7)


@pytest.fixture(scope="module")
def reports() -> list[TrainReport]:
    return list(train(TrainingRun("standard", SMALL), 12))


def size_of(picture: Picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.png)).size


def is_not_empty(picture: Picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_the_same_figure_gives_the_same_bytes(replay: Replay):
    first, second = (rollout_figures.show_boards(replay, (0, 3)) for _ in range(2))
    assert first.png == second.png
    assert set(first._repr_mimebundle_()) == {"image/png", "text/plain"}
    assert repr(first) == first.text


def test_figures_keep_no_pyplot_state():
    import sys

    draw_png(new_figure(2, 2)[0])
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_boards_and_health_say_what_happened(replay: Replay):
    boards = rollout_figures.show_boards(replay, (0, len(replay) - 1))
    standing = (replay.states.health > 0).sum(axis=1)
    assert f"detectives standing [4, {standing[-1]}]" in boards.text
    health = rollout_figures.show_health(replay)
    falls = [
        int((replay.states.health[:, a] == 0).argmax()) for a in range(4) if (replay.states.health[:, a] == 0).any()
    ]
    assert f"falls (X) at {falls}" in health.text
    assert is_not_empty(boards) and is_not_empty(health)


def test_observation_groups_cover_every_place_once():
    for case in ("standard", "nightfall"):
        world = SpiritWorld(case, 1)
        world.reset(0)
        groups = rollout_figures._observation_groups(world.case)
        places = [place for _, start, stop in groups for place in range(start, stop)]
        assert places == list(range(world.obs_size))
        assert is_not_empty(rollout_figures.show_observation(world.case, world.obs[0, 0]))


def test_rollout_figure_counts_rows_of_the_copies_it_shows():
    world = SpiritWorld("standard", 6)
    world.reset(3)
    buffer = SharedBuffer(70, 6, 4, world.obs_size)
    collect(world, load_age("chaos"), buffer, torch.Generator().manual_seed(0))
    data = buffer.data
    picture = rollout_figures.show_rollout(data.acting, data.terminated, data.truncated, copies=2)
    real = int(data.acting[:, :2].sum())
    assert f"of {70 * 2 * 4} rows {real} were real decisions" in picture.text
    assert real < 70 * 2 * 4


def test_choices_name_the_drawn_actions():
    logits = torch.zeros(2, 5)
    picture = rollout_figures.show_choices(logits, torch.tensor([1, 4]))
    assert "up, right" in picture.text


def minibatch_history(config: PPOConfig) -> tuple[list[MinibatchLosses], TrainingRun]:
    run, history = TrainingRun("standard", config), []
    last_values = collect(run.env, run.policy, run.buffer, run.action_generator)
    run.buffer.finish(last_values, config.gamma, config.gae_lambda)
    before = {name: tensor.clone() for name, tensor in run.policy.state_dict().items()}
    ppo_update(
        run.policy, run.optimizer, run.buffer.get(), config, run.shuffle_generator,
        on_minibatch=lambda index, losses, norm: history.append(losses),
    )  # fmt: skip
    changes = update_figures.show_weight_changes(before, run.policy.state_dict())
    unchanged = update_figures.show_weight_changes(before, before)
    assert "every layer moved: True" in changes.text and "every layer moved: False" in unchanged.text
    return history, run


def test_update_figures_show_the_numbers_of_the_update():
    history, _ = minibatch_history(SMALL)
    picture = update_figures.show_update(history, SMALL.epochs, SMALL.clip_eps)
    assert f"{len(history)} gradient steps in {SMALL.epochs} epochs" in picture.text
    terms = update_figures.show_loss_terms(history[-1], SMALL)
    total = history[-1].total_loss.item()
    assert terms.text.endswith(f"= total_loss {total:+.3f}")
    parts = [float(part.split()[-1]) for part in terms.text.split(", ")]
    assert sum(parts[:3]) == pytest.approx(parts[3], abs=0.002)


def test_ratio_figure_counts_what_is_outside():
    after = torch.tensor([0.5, 1.0, 1.1, 1.5])
    picture = update_figures.show_ratios(torch.ones(4), after, 0.2)
    assert "every ratio is 1, to six digits: True" in picture.text
    assert "0.50 to 1.50, 50% outside" in picture.text
    assert "digits: False" in update_figures.show_ratios(after, after, 0.2).text


def test_curves_and_ages(reports: list[TrainReport], replay: Replay):
    picture = training_figures.show_curves(reports, 20)
    assert is_not_empty(picture) and is_not_empty(training_figures.show_curves([], 20))
    behaviour = evaluate(policy_player(load_age("chaos")), cases=20)
    ages = training_figures.show_ages({"a": replay, "b": replay}, {"a": behaviour, "b": behaviour})
    assert is_not_empty(ages) and "a: wins" in ages.text
    table = training_figures.behaviour_table({"a": behaviour})
    assert f"{behaviour.win_rate:.0%}" in str(table) and "toughness 3" in str(table)


def test_telling_frame_of_a_won_case_still_has_a_spirit():
    won = record(policy_player(load_age("mastery")), seed=106)
    frame = training_figures.telling_frame(won)
    assert won.outcome == "won"
    assert not won.states.banished[frame].all() and won.states.banished[frame + 1].all()


def test_replays_move_and_the_shorter_one_stands_still(replay: Replay):
    short = record(policy_player(load_age("mastery")), seed=106)
    picture = training_figures.show_replays({"a": replay, "b": short}, "two replays of different length")
    image = Image.open(io.BytesIO(picture.png))
    assert image.n_frames == min(40, max(len(replay), len(short)))
    assert len(picture.png) < 150_000


def test_recent_is_the_mean_over_the_last_cases(reports: list[TrainReport]):
    behaviours = [report.behaviour for report in reports]
    weights = np.array([b.cases for b in behaviours], float)
    wins = np.array([b.win_rate for b in behaviours], float)
    smooth = recent(behaviours, "win_rate", cases=10**9)
    for i in range(len(behaviours)):
        if weights[: i + 1].sum():
            known = weights[: i + 1] > 0
            want = (wins[: i + 1] * weights[: i + 1])[known].sum() / weights[: i + 1].sum()
            assert smooth[i] == pytest.approx(want)
        else:
            assert np.isnan(smooth[i])


class Panel:
    """Stands in for what IPython's display returns."""

    def __init__(self) -> None:
        self.updates: list[Picture] = []

    def update(self, picture: Picture) -> None:
        self.updates.append(picture)


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    panel = Panel()
    monkeypatch.setattr(live, "display", lambda picture, display_id: panel)
    return panel


def test_watch_training_collects_reports_and_draws_the_end(panel: Panel):
    run = TrainingRun("standard", SMALL)
    reports = live.watch_training(run, 3)
    assert [report.cycle for report in reports] == [1, 2, 3]
    again = live.watch_training(run, 2, reports=reports)
    assert again is reports and [report.cycle for report in reports] == [1, 2, 3, 4, 5]
    assert len(panel.updates) >= 2
    assert len({picture.text for picture in panel.updates}) == 1, (
        "nbval compares the words of the first drawing with the last"
    )


def test_stopping_keeps_the_team_and_the_reports(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(run: TrainingRun, cycles: int, steps: object) -> Iterator[TrainReport]:
        yield from train(run, 2)
        raise KeyboardInterrupt

    run = TrainingRun("standard", SMALL)
    monkeypatch.setattr(live, "train", interrupted)
    reports = live.watch_training(run, 50)
    assert len(reports) == 2 and "Stopped in cycle 3" in capsys.readouterr().out
    monkeypatch.setattr(live, "train", train)
    assert len(live.watch_training(run, 1, reports=reports)) == 3


def test_training_ends_when_the_share_is_won():
    world = TrainingRun("stray", PPOConfig(num_envs=64, num_steps=16, seed=0), policy=load_age("mastery"))
    reports = list(train(world, 20))
    assert live.is_won(reports, 0.5, cases=50)
    assert not live.is_won(reports, 1.01, cases=50)
    assert not live.is_won(reports[:1], 0.0, cases=10**6)


def test_a_note_shows_its_numbers_and_is_compared_by_none():
    note = Note(Table([["", "wins"], ["this team", "98 %"]]))._repr_mimebundle_()
    assert "98&nbsp;%" in note["text/html"] and "98" not in note["text/plain"]


def test_a_table_has_columns_in_the_page_and_as_text():
    table = Table([["", "a < b"], ["wins", "98 %"]])
    assert str(table) == "      a < b\nwins   98 %"
    bundle = table._repr_mimebundle_()
    assert bundle["text/plain"] == str(table)
    head, row = bundle["text/html"].splitlines()[1:3]
    assert head == '<tr><th scope="col"></th><th scope="col">a &lt; b</th></tr>'
    assert row == '<tr><th scope="row">wins</th><td>98&nbsp;%</td></tr>'


@pytest.mark.parametrize("nothing", [0.0, -0.0, 4e-9, -4e-9, np.float32(-1e-9), torch.tensor(-1e-9)])
def test_what_rounds_to_nothing_has_one_sign_on_every_processor(nothing: float):
    assert signed(nothing, 3) == "+0.000"
    assert f"{rounded(nothing, 1):.1f}" == "0.0"


def test_signs_are_kept():
    assert (signed(-0.0006, 3), signed(1.25, 1), f"{rounded(-1.26, 1):.1f}") == ("-0.001", "+1.2", "-1.3")


def test_the_mean_of_normalised_advantages_has_no_sign_in_the_picture_of_the_losses():
    terms = [torch.tensor(x) for x in (-1.5e-9, 0.3, 1.1, 0.15, 0.0, 0.0)]
    assert "actor_loss +0.000" in repr(update_figures.show_loss_terms(MinibatchLosses(*terms), SMALL))


def test_the_readme_picture_is_there():
    with Image.open(PATH) as image:
        assert image.size[0] > 800
    assert PATH.stat().st_size < 200_000
