"""What the lesson says of old rows: how fast they stop being like those of the team that learns."""

import torch

from ppo_lessons.lessons.shared_buffer.ageing import ratios_while_training


def test_old_rows_age_as_the_lesson_says():
    """Measured with seeds 0 to 3: outside 0.8 ... 1.2 after ten cycles 56 to 65 %, halved or doubled 16 to 26 %."""
    ratios = torch.stack(ratios_while_training(cycles=10))
    assert ratios.shape[0] == 11
    assert (ratios[0] - 1).abs().max() < 1e-5, "before the first step nothing has changed but the last digits"
    outside, halved = ((ratios - 1).abs() > 0.2), (ratios <= 0.5) | (ratios >= 2)
    assert outside[10].float().mean() > 0.4
    assert 0.05 < halved[10].float().mean() < 0.45, "some, not most"
    assert halved[3].float().mean() < halved[10].float().mean()
