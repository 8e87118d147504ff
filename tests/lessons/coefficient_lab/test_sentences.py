"""What the lesson says in words, held against the atlas; and its quiz."""

import re
from pathlib import Path

import pytest

from ppo_lessons.lessons.coefficient_lab import update_frozen
from ppo_lessons.shipped.atlas import Atlas, load_atlas

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LESSON = (NOTEBOOKS / "source" / "13_coefficient_lab.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


def test_without_a_bonus_most_end_rather_certain_and_some_do_not(atlas: Atlas):
    last, wins = atlas.curves["entropy"][:, 0, ..., -1], atlas.behaviour["win_rate"][:, 0]
    assert (last < 0.3).sum() > last.size / 2 and (last > 0.8).sum() == 6
    assert (wins > 0.5).mean() < 0.1
    assert atlas.curves["entropy"][:, -1, ..., -1].min() > 1.5


def test_a_wide_clip_goes_four_times_as_far(atlas: Atlas):
    kl = atlas.curves["approx_kl"]
    narrow, wide = kl[atlas.clip_eps.index(0.2)], kl[atlas.clip_eps.index(1.0)]
    assert wide.mean() / narrow.mean() == pytest.approx(4, rel=0.05)
    assert wide.max() > 0.1


def test_what_the_weight_of_the_critic_does(atlas: Atlas):
    foreseen, kl, length = (atlas.curves[name] for name in ("explained_variance", "approx_kl", "grad_norm"))
    light, usual, heavy = (foreseen[:, :, place].mean() for place in range(3))
    assert light < usual - 0.1 and heavy == pytest.approx(usual, abs=0.02)
    assert (length[:, :, 2] > 1).mean() > 0.4 > 0.02 > (length[:, :, 1] > 1).mean()
    assert kl[:, :, 2].mean() < 0.8 * kl[:, :, 1].mean()


def test_the_seeds_of_five_clips(atlas: Atlas):
    rows = atlas.behaviour["win_rate"][:, atlas.ent_coef.index(0.025), atlas.vf_coef.index(1.0)]
    usual, wide = rows[2], rows[3]
    assert f"{usual.mean():.2f} {wide.mean():.2f}" == "0.98 0.93"
    assert ((usual.min() < wide) & (wide < usual.max())).sum() == 2 and wide.min() < usual.min()
    assert rows[0].mean() < rows[1].mean() < wide.mean()


def test_a_narrow_clip_has_more_rows_outside():
    usual, narrow = (update_frozen("survival", clip_eps=eps).report for eps in (0.2, 0.01))
    assert f"{usual.clip_fraction:.0%} {narrow.clip_fraction:.0%}" == "11% 81%"
    assert narrow.approx_kl < 0.5 * usual.approx_kl


def test_every_question_has_three_choices_one_answer_and_a_lesson():
    quiz = LESSON[LESSON.index("## Ten questions") : LESSON.index("## Projects")]
    asked = re.split(r"\*\*(\d+)\.\*\*", quiz)[1:]
    assert asked[::2] == [str(number) for number in range(1, 11)]
    for number, text in zip(asked[::2], asked[1::2], strict=True):
        choices, answer = text.split("<details>")
        assert re.findall(r"\(([abc])\)", choices) == ["a", "b", "c"]
        assert re.match(rf"<summary>Answer {number}</summary>\([abc]\)\.", answer)
        links = re.findall(r'href="(\d\d_\w+)\.ipynb"', answer)
        assert len(links) == 1 or "This lesson" in " ".join(answer.replace("#", "").split())
        assert all((NOTEBOOKS / "source" / f"{name}.py").exists() for name in links)
    assert len(set(re.findall(r"</summary>\(([abc])\)", quiz))) == 3
