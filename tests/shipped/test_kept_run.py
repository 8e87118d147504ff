"""A run in its files: what is written down, what goes on, and what is refused."""

import json
import math
from dataclasses import replace

import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import save_policy, save_run
from ppo_lessons.errors import CheckpointError
from ppo_lessons.shipped import kept_run
from ppo_lessons.shipped.ages import load_age
from ppo_lessons.shipped.kept_run import Counts, Diary, Start, begin, files_of, go_on, load_start
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.training import TrainingRun, train


@pytest.fixture
def files(tmp_path):
    return files_of(tmp_path / "team.pt")


def behaviour(cases, win_rate, survival):
    numbers = dict.fromkeys(("case_length", "team_return", "teaming_up", "mate_distance", "health_lost_alone"), 0.0)
    shares = {"win_rate": win_rate, "survival": survival}
    return TeamBehaviour(cases=cases, **shares, banished={}, visits=torch.zeros(1).numpy(), **numbers)


def play(kept, cycles):
    for report in train(kept.run, cycles):
        kept.diary.note(report.behaviour)


# ---- the diary


def test_one_case_by_hand(monkeypatch):
    monkeypatch.setattr(kept_run, "LAST_CASES", 10)
    diary = Diary(["stray"])
    assert all(map(math.isnan, diary.recent("stray"))) and not diary.is_ready(0.1)
    for told in (behaviour(90, 0.0, 0.0), behaviour(6, 0.5, 1.0), behaviour(0, math.nan, math.nan)):
        diary.note(told)
    assert diary.counts["stray"] == Counts([90, 6, 0], [0, 3, 0], [0.0, 6.0, 0.0])
    diary.note(behaviour(4, 1.0, 0.5))
    assert diary.recent("stray") == (0.7, 0.8), "the last ten: whole cycles, as few as hold them"
    assert diary.is_ready(0.7) and not diary.is_ready(0.71) and not diary.is_ready(None)


def test_a_team_is_ready_when_it_is_in_each_case(monkeypatch):
    monkeypatch.setattr(kept_run, "LAST_CASES", 10)
    diary = Diary(["stray", "pack"])
    diary.note({"stray": behaviour(10, 0.9, 1.0), "pack": behaviour(10, 0.4, 1.0)})
    assert diary.is_ready(0.4) and not diary.is_ready(0.5)
    assert (diary.recent("stray")[0], diary.recent("pack")[0]) == (0.9, 0.4)


# ---- files, and the team to begin with


def test_the_files_stand_side_by_side(tmp_path):
    names = [path.name for path in files_of(tmp_path / "my.first.pt")]
    assert names == ["my.first.pt", "my.first.run.pt", "my.first.run.json"]
    with pytest.raises(ValueError, match=r"must end in \.pt. Got .*team$"):
        files_of(tmp_path / "team")
    with pytest.raises(FileNotFoundError, match="folder that is there"):
        files_of(tmp_path / "nowhere" / "team.pt")


def test_a_team_is_known_by_its_weights(files):
    save_policy(load_age("chaos"), files.team)
    age, file = load_start("chaos"), load_start(str(files.team))
    assert age.weights == file.weights and (age.name, file.name) == ("chaos", str(files.team))
    with torch.no_grad():
        next(age.policy.parameters())[0, 0] += 1e-3
    save_policy(age.policy, files.team)
    assert load_start(str(files.team)).weights != file.weights
    assert load_start(None) == Start(None, None, None)


def test_a_team_that_is_nowhere_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"or one of chaos, survival, mastery. Got 'youth'"):
        load_start("youth")


# ---- begin, save, go on


@pytest.mark.parametrize("cases", [["stray"], ["stray", "pack"]], ids=len)
@pytest.mark.parametrize("start", [None, "chaos"])
def test_a_run_goes_on_bit_for_bit(files, tiny, kept_in, cases, start):
    straight = begin(files_of(files.team.with_name("straight.pt")), cases, tiny, load_start(start))
    play(straight, 5)
    straight.save()
    kept = begin(files, cases, tiny, load_start(start))
    play(kept, 2)
    kept.save()
    again = go_on(files, cases, tiny, load_start(start))
    assert again.run.cycle == 2
    play(again, 3)
    again.save()
    assert kept_in(files.team) == kept_in(straight.files.team)


def test_notes_that_know_more_than_the_run_are_cut(files, tiny, kept_in):
    """Killed between the two: the notes are written first."""
    kept = begin(files, ["stray"], tiny, Start())
    play(kept, 2)
    kept.save()
    before = files.run.read_bytes()
    play(kept, 1)
    kept.save()
    expected = kept_in(files.team)
    files.run.write_bytes(before)
    again = go_on(files, ["stray"], tiny, Start())
    assert len(again.diary.counts["stray"].won) == again.run.cycle == 2
    play(again, 1)
    again.save()
    assert kept_in(files.team) == expected


def test_a_new_run_never_stands_beside_old_notes_or_the_other_way_round(files, tiny, monkeypatch):
    begin(files, ["stray"], tiny, Start())

    def full(run, path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(kept_run, "save_run", full)
    with pytest.raises(OSError, match="No space left"):
        begin(files, ["pack"], tiny, Start())
    assert not files.run.exists()


def test_a_run_is_thrown_away_only_for_one_that_can_begin(files, tiny, tmp_path):
    kept = begin(files, ["stray"], tiny, Start())
    before = [path.read_bytes() for path in files]
    with pytest.raises(ValueError, match=r"The policy must have \(obs_size, num_actions\)"):
        begin(files, ["stray"], tiny, Start("other", "", ActorCritic(7, 5)))
    assert [path.read_bytes() for path in kept.files] == before


# ---- what is refused


@pytest.mark.parametrize(
    ("cases", "changes", "start", "got"),
    [
        (["pack"], {}, "chaos", "Got case pack for stray in"),
        (["stray", "pack"], {}, "chaos", "Got case stray pack for stray in"),
        (["stray"], {"clip_eps": 0.1, "seed": 3}, "chaos", "Got clip_eps 0.1 for 0.2, seed 3 for 0 in"),
        (["stray"], {}, "mastery", "Got --from mastery for chaos in"),
        (["stray"], {}, None, "Got --from nobody for chaos in"),
        (["pack"], {"num_envs": 8}, None, "Got case pack for stray, num_envs 8 for 4, --from nobody for chaos in"),
    ],
)
def test_other_arguments_are_named(files, tiny, cases, changes, start, got):
    begin(files, ["stray"], tiny, load_start("chaos"))
    with pytest.raises(ValueError, match=got):
        go_on(files, cases, replace(tiny, **changes), load_start(start))


def test_cases_in_another_order_are_another_run(files, tiny):
    begin(files, ["stray", "pack"], tiny, Start())
    with pytest.raises(ValueError, match="Got case pack stray for stray pack in"):
        go_on(files, ["pack", "stray"], tiny, Start())


def test_a_team_that_has_changed_since_is_another_one(files, tiny, tmp_path):
    team = tmp_path / "first.pt"
    save_policy(load_age("chaos"), team)
    begin(files, ["stray"], tiny, load_start(str(team)))
    save_policy(load_age("mastery"), team)
    with pytest.raises(ValueError, match=r"--from .*first\.pt as it is now for .*first\.pt in"):
        go_on(files, ["stray"], tiny, load_start(str(team)))


def test_a_case_whose_rules_have_changed_since_is_another_one(files, tiny, monkeypatch):
    begin(files, ["stray"], tiny, Start())
    monkeypatch.setitem(CASES, "stray", replace(CASES["stray"], health=5))
    with pytest.raises(ValueError, match="Got the rules of today for those of another version in"):
        go_on(files, ["stray"], tiny, Start())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda notes: notes.pop("cases"), "must be whole"),
        (lambda notes: notes.pop("began_with"), "must be whole"),
        (lambda notes: notes["cases"].update(stray=[1, 2]), "must be whole"),
        (lambda notes: notes["cases"]["stray"].pop("won"), "must be whole"),
        (lambda notes: notes["cases"]["stray"]["won"].pop(), "numbers for its 2 cycles"),
        (lambda notes: notes["cases"]["stray"]["won"].__setitem__(0, "many"), "numbers for its 2 cycles"),
        (lambda notes: notes["cases"].update(pack=notes["cases"].pop("stray")), "must be its own"),
        (lambda notes: notes["cases"].clear(), "must be its own"),
    ],
)
def test_notes_that_are_damaged_or_of_another_run_are_refused(files, tiny, change, message):
    kept = begin(files, ["stray"], tiny, Start())
    play(kept, 2)
    kept.save()
    notes = json.loads(files.notes.read_text(encoding="utf-8"))
    change(notes)
    files.notes.write_text(json.dumps(notes), encoding="utf-8")
    with pytest.raises(CheckpointError, match=message):
        go_on(files, ["stray"], tiny, Start())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe"])
def test_notes_that_are_no_notes_are_refused(files, tiny, text):
    begin(files, ["stray"], tiny, Start())
    files.notes.write_bytes(text)
    with pytest.raises(CheckpointError, match="must be whole"):
        go_on(files, ["stray"], tiny, Start())


def test_a_run_that_somebody_else_saved_has_no_notes(files, tiny):
    save_run(TrainingRun("stray", tiny), files.run)
    with pytest.raises(CheckpointError, match=r"Beside a run stand its notes. Got .*team\.run\.pt without"):
        go_on(files, ["stray"], tiny, Start())
