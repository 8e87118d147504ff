from ppo_lessons.lessons.beyond_one_machine.scaling import on_this_machine
from ppo_lessons.shipped.rank_costs import load_rank_costs


def test_what_was_measured_is_there_and_sane():
    costs = load_rank_costs()
    assert costs.machine and "/" not in costs.machine
    for name in ("play", "play_weight", "learn", "learn_weight", "step", "share", "message", "byte"):
        assert 0 < getattr(costs, name) < 0.1, name
    assert 1 <= costs.slowed < 3
    assert [point["ranks"] for point in costs.measured] == [1, 2, 2]
    assert all(0 <= point["talk_share"] < 1 for point in costs.measured)


def test_the_formula_foresees_what_was_measured():
    costs = load_rank_costs()
    for point in costs.measured:
        ranks = int(point["ranks"])
        said = on_this_machine(costs, ranks, point["rows"] / ranks).cycle
        assert 0.8 < point["cycle"] / said < 1.25
