import pytest
import torch

from ppo_lessons.buffer import (
    Rows,
    SharedBuffer,
    Transition,
    badges_of,
    clear,
    flatten_rows,
    is_full,
    mean_over_acting,
    store,
)
from ppo_lessons.errors import NotReadyError

FIELDS = [name for name in Transition._fields if name not in ("acting", "episode_over", "terminated", "truncated")]


def badge_of(rows):
    """(t, e, a) of each row, read from its observation."""
    return rows.obs.long()


def some_fallen():
    acting = torch.ones(4, 2, 3, dtype=torch.bool)
    acting[2:, 0, 1] = False
    acting[1:, 1, 0] = False
    acting[3, 1, 2] = False
    return acting


def test_every_field_of_a_row_comes_from_the_same_decision(badge_buffer):
    """Fact 9: observation, action, log-probability, advantage and return are decoded to one (t, env, agent)."""
    buffer = badge_buffer(some_fallen())
    rows = buffer.get()
    t, e, a = badge_of(rows).T
    badge = 100 * t + 10 * e + a
    assert torch.equal(rows.actions, badge)
    assert torch.equal(rows.old_log_probs, -badge.float())
    # gamma = 0: advantage = reward - value = 0.25, return = reward
    torch.testing.assert_close(rows.advantages, torch.full_like(rows.advantages, 0.25))
    torch.testing.assert_close(rows.returns, badge + 0.5)
    assert torch.equal(buffer.badges(), badge_of(rows))


def test_rows_are_in_the_order_time_environment_agent(badge_buffer):
    rows = badge_buffer().get()
    assert torch.equal(badge_of(rows), torch.cartesian_prod(torch.arange(4), torch.arange(2), torch.arange(3)))


def test_advantages_stay_with_their_row(badge_buffer):
    """Fact 9, with a look ahead: each row's advantage is the one of its own column in (T, E, A)."""
    buffer = badge_buffer(some_fallen(), gamma=0.9, gae_lambda=0.9)
    rows = buffer.get()
    for place, advantage, ret in zip(buffer.badges(), rows.advantages, rows.returns, strict=True):
        t, e, a = place.tolist()
        assert advantage == buffer.advantages[t, e, a]
        assert ret == buffer.advantages[t, e, a] + buffer.data.values[t, e, a]
    early = rows.advantages[buffer.badges()[:, 0] < 3]  # in the last row all look ahead to the same 0
    assert len(set(early.tolist())) == len(early)


def test_get_is_the_line_of_the_flowchart(badge_buffer):
    states, actions, log_probs_old, returns, advantages = badge_buffer().get()
    assert states.shape == (24, 3)
    assert actions.shape == log_probs_old.shape == returns.shape == advantages.shape == (24,)
    assert actions.dtype == torch.int64


def test_returns_are_advantages_plus_old_values(badge_buffer):
    """Fact 8."""
    buffer = badge_buffer(gamma=0.9, gae_lambda=0.9)
    assert torch.equal(buffer.returns, buffer.advantages + buffer.data.values)


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e9])
def test_rows_of_the_fallen_are_selected_away(badge_transition, poison):
    """Facts 14, 15: whatever their rows hold changes nothing, and the row of the fall itself is kept."""
    acting = torch.ones(4, 2, 3, dtype=torch.bool)
    acting[2:, 0, 1] = False  # agent 1 of copy 0 falls with t = 1
    tables = []
    for harm in (0.0, poison):
        buffer = SharedBuffer(4, 2, 3, 3)
        for t in range(4):
            transition = badge_transition(t, acting=acting[t])
            transition.terminated[0, 1] = t == 1
            for name in FIELDS:
                field = getattr(transition, name)
                if field.dtype == torch.float32:
                    field[~acting[t]] = harm
            buffer.add(transition)
        buffer.finish(torch.where(acting[3], 1.0, harm), 0.9, 0.9)
        tables.append(buffer.get())
    assert len(tables[1].actions) == 22
    assert [1, 0, 1] in badge_of(tables[1]).tolist()
    for clean, poisoned in zip(*tables, strict=True):
        assert torch.isfinite(poisoned).all()
        assert torch.equal(clean, poisoned)


def test_team_credit_uses_what_the_fallen_get(badge_transition):
    """Fact 16: finish() hands the choice on; the fallen agent's later rewards reach its last row, or do not."""
    advantages = {}
    for team_credit in (False, True):
        buffer = SharedBuffer(4, 2, 3, 3)
        for t in range(4):
            acting = torch.ones(2, 3, dtype=torch.bool)
            acting[0, 1] = t < 2
            transition = badge_transition(t, acting=acting)
            transition.terminated[0, 1] = t == 1
            buffer.add(transition)
        buffer.finish(torch.zeros(2, 3), 0.5, 1.0, team_credit=team_credit)
        advantages[team_credit] = buffer.advantages[1, 0, 1].item()
    assert advantages[False] == 101.5 - 101.25
    assert advantages[True] == 101.5 + 0.5 * 201.5 + 0.25 * 301.5 - 101.25


def test_finish_gives_gae_what_it_stored(badge_transition):
    """Every argument of the two functions that look at fields, by position; each from its own field."""
    buffer = SharedBuffer(1, 2, 3, 3)
    transition = badge_transition(5)
    transition.terminated[0, 0] = transition.truncated[1, 1] = True
    transition.final_values[1, 1] = 7
    buffer.add(transition)
    last_values, seen = torch.full((2, 3), 3.0), []
    note = lambda *given: seen.extend(given) or torch.full((1, 2, 3), 9.0)  # noqa: E731
    buffer.finish(last_values, 0.9, 0.8, next_values=note, td_errors=note, gae=note)
    new = transition
    wanted = [new.values, new.terminated, new.truncated, new.final_values, last_values]
    wanted += [new.rewards, new.values, torch.full((2, 3), 9.0), 0.9, torch.full((2, 3), 9.0)]
    wanted += [new.terminated | new.truncated, 0.9, 0.8]
    for got, want in zip(seen, wanted, strict=True):
        assert got == want if isinstance(want, float) else torch.equal(got.reshape(2, 3), want)


# ---- the order of use


def test_is_full_after_exactly_num_steps(badge_transition):
    buffer = SharedBuffer(2, 2, 3, 3)
    assert not buffer.is_full
    buffer.add(badge_transition(0))
    assert not buffer.is_full
    buffer.add(badge_transition(1))
    assert buffer.is_full


def test_refuses_to_be_filled_past_its_end(badge_buffer, badge_transition):
    buffer = badge_buffer()
    before = buffer.get()
    with pytest.raises(NotReadyError, match=r"must be cleared before it is filled again\. Got step 5"):
        buffer.add(badge_transition(9))
    assert all(torch.equal(a, b) for a, b in zip(before, buffer.get(), strict=True))


@pytest.mark.parametrize("use", ["finish", "get", "badges"])
def test_refuses_to_be_read_before_it_is_full(badge_transition, use):
    buffer = SharedBuffer(4, 2, 3, 3)
    buffer.add(badge_transition(0))
    arguments = (torch.zeros(2, 3), 0.9, 0.9) if use == "finish" else ()
    with pytest.raises(NotReadyError, match=r"read when it is full\. Got 1 of 4 steps"):
        getattr(buffer, use)(*arguments)


def test_refuses_to_be_read_before_it_is_finished(badge_transition):
    buffer = SharedBuffer(1, 2, 3, 3)
    buffer.add(badge_transition(0))
    with pytest.raises(NotReadyError, match=r"finish\(\) before get\(\)"):
        buffer.get()


@pytest.mark.parametrize("use", ["finish", "get", "badges"])
def test_refuses_to_be_read_after_it_was_cleared(badge_buffer, use):
    """Fact 12."""
    buffer = badge_buffer()
    buffer.clear()
    arguments = (torch.zeros(2, 3), 0.9, 0.9) if use == "finish" else ()
    with pytest.raises(NotReadyError, match=r"Got 0 of 4 steps"):
        getattr(buffer, use)(*arguments)


def test_old_rows_and_old_advantages_never_come_back(badge_buffer, badge_transition):
    """Fact 12: after clear, a full buffer must be finished anew, and holds new rows only."""
    buffer = badge_buffer()
    old = buffer.get()
    kept = [tensor.clone() for tensor in old]
    buffer.clear()
    for t in range(4, 8):
        buffer.add(badge_transition(t))
    with pytest.raises(NotReadyError, match=r"finish\(\) before get\(\)"):
        buffer.get()
    buffer.finish(torch.zeros(2, 3), 0.0, 0.0)
    assert badge_of(buffer.get())[:, 0].unique().tolist() == [4, 5, 6, 7]
    assert all(torch.equal(a, b) for a, b in zip(old, kept, strict=True))  # what was read is not written to


def test_get_reads_and_does_not_write(badge_buffer):
    """A reader that writes is a trap: SB3's reshapes its own arrays."""
    buffer = badge_buffer(some_fallen())
    first, second = buffer.get(), buffer.get()
    assert isinstance(first, Rows)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    first.advantages.fill_(99)
    assert not (buffer.get().advantages == 99).any()


def test_storing_copies(badge_transition):
    """The world may use its arrays again."""
    buffer, transition = SharedBuffer(1, 2, 3, 3), badge_transition(0)
    buffer.add(transition)
    transition.obs.fill_(99)
    transition.rewards.fill_(99)
    assert not (buffer.data.obs == 99).any()
    assert not (buffer.data.rewards == 99).any()


def test_refuses_a_rollout_in_which_nobody_acts(badge_buffer):
    """Fact 17: nothing to learn from is said, instead of a loss of NaN."""
    buffer = badge_buffer(torch.zeros(4, 2, 3, dtype=torch.bool))
    with pytest.raises(NotReadyError, match=r"at least one living agent\. Got none"):
        buffer.get()


@pytest.mark.parametrize("name", Transition._fields)
def test_refuses_another_shape(badge_transition, name):
    buffer, transition = SharedBuffer(4, 2, 3, 3), badge_transition(0)
    wrong = getattr(transition, name).unsqueeze(-1)
    with pytest.raises(ValueError, match=rf"^{name} must be torch\.\w+ \(2.*Got torch\.\w+ \(2"):
        buffer.add(transition._replace(**{name: wrong}))
    assert buffer.step == 0


@pytest.mark.parametrize("name", Transition._fields)
def test_refuses_another_dtype_and_stores_nothing(badge_transition, name):
    """Fact 11: integer actions, bool flags."""
    buffer, transition = SharedBuffer(4, 2, 3, 3), badge_transition(1)
    wrong = getattr(transition, name).double()
    with pytest.raises(ValueError, match=rf"^{name} must be torch\.\w+ .*Got torch\.float64"):
        buffer.add(transition._replace(**{name: wrong}))
    assert buffer.step == 0
    assert not any(place.any() for place in buffer.data)


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_refuses_sizes_below_1(sizes):
    with pytest.raises(ValueError, match=r"must be 1 or more\. Got num_steps="):
        SharedBuffer(*sizes)


def test_flat_rows_badges_and_mean_are_of_living_agents_only():
    """Fact 9, 14: the order is time, environment, agent, and NaN in a fallen agent's row changes nothing."""
    t, e, a = torch.meshgrid(torch.arange(3), torch.arange(2), torch.arange(4), indexing="ij")
    acting = (t + e + a) % 3 != 0
    quantity = (100.0 * t + 10.0 * e + a).masked_fill(~acting, float("nan"))
    badges = badges_of(acting)
    rows = flatten_rows(quantity, acting)
    assert torch.equal(rows, (badges * torch.tensor([100, 10, 1])).sum(dim=1).float())
    assert torch.equal(rows, rows.sort().values)
    assert float(mean_over_acting(quantity, acting)) == pytest.approx(float(rows.mean()))
    assert mean_over_acting(quantity, acting & False).isnan()
    assert flatten_rows(quantity.unsqueeze(-1).expand(3, 2, 4, 5), acting).shape == (len(rows), 5)


def test_store_and_clear_are_what_the_buffer_does_itself(badge_transition):
    """By hand: one slice of each field, and the count."""
    buffer = SharedBuffer(1, 2, 3, 3)
    store(buffer, badge_transition(0))
    assert is_full(buffer) and buffer.is_full
    for place, new in zip(buffer.data, badge_transition(0), strict=True):
        assert torch.equal(place[0], new)
    buffer.finish(torch.zeros(2, 3), 0.9, 0.8)
    clear(buffer)
    assert buffer.step == 0 and buffer.advantages is None and buffer.returns is None
    assert not is_full(buffer)


def test_a_step_is_put_in_by_the_function_that_is_given(badge_transition):
    """And only if it fits."""
    buffer, seen = SharedBuffer(1, 2, 3, 3), []
    buffer.add(badge_transition(0), lambda own, new: seen.append(own is buffer) or store(own, new))
    assert seen == [True] and buffer.is_full
    with pytest.raises(NotReadyError, match="must be cleared"):
        buffer.add(badge_transition(0), lambda own, new: None)
