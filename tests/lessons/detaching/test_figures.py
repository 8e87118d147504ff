"""The lesson's pictures: the lengths are those of autograd, and "none" is not 0."""

from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.lessons.detaching import figures
from tests.display.test_gradients import policy_and_losses


def test_a_shared_trunk_stands_once():
    policy, losses = policy_and_losses(shared_trunk=True)
    lengths = gradient_lengths(policy, losses)
    assert lengths["value"]["critic_trunk"] is None
    assert lengths["value"]["actor_trunk"] > 0
    text = figures.show_gradient_xray(lengths).text
    assert "critic_trunk" not in text
    assert f"value: actor_trunk {lengths['value']['actor_trunk']:.3f}, critic_head" in text


def test_line_breaks_stay_in_the_picture():
    policy, losses = policy_and_losses(shared_trunk=True)
    text = figures.show_gradient_xray(gradient_lengths(policy, {"value,\nreturns": losses["value"]})).text
    assert text.startswith("value, returns: ") and "\n" not in text


def test_false_progress_is_told_from_progress():
    falls = figures.show_false_progress([1.0, 0.5, 0.25], [0.8, 0.3, -0.1]).text
    assert falls == (
        "3 gradient steps; actor_loss falls in each: True; "
        "explained_variance above 0.5 at first: True, below 0 at last: True"
    )
    assert "falls in each: False" in figures.show_false_progress([1.0, 1.5, 0.2], [0.8, 0.9, 0.9]).text
    assert "below 0 at last: False" in figures.show_false_progress([1.0, 1.5, 0.2], [0.8, 0.9, 0.9]).text


def test_none_is_not_zero_in_the_picture():
    lengths = gradient_lengths(*policy_and_losses(shared_trunk=False))
    text = figures.show_gradient_xray(lengths).text
    assert "silent: actor_trunk 0.000, actor_head 0.000" in text
    assert text.endswith("data: reaches nothing")
