import copy
import signal
import threading

import pytest
import torch

from ppo_lessons.guards.undo import Undo, keep_generator, keep_weights


def test_what_is_broken_off_is_put_back_and_the_error_goes_on():
    done = []
    with Undo(lambda: done.append("never")):
        pass
    for error in (KeyboardInterrupt, ZeroDivisionError, SystemExit):
        with pytest.raises(error), Undo(lambda: done.append(1), lambda: done.append(2)):
            raise error
    assert done == [1, 2] * 3


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop])
@pytest.mark.parametrize("steps_before", [0, 2])
def test_weights_and_the_optimizers_memory_are_put_back(make_policy, make, steps_before):
    """Also no gradient is left, and the next step is the one that would have been taken."""
    policy = make_policy()
    optimizer = make(policy.parameters(), lr=0.1, **({"momentum": 0.9} if make is torch.optim.SGD else {}))

    def step(policy, optimizer, scale):
        optimizer.zero_grad()
        sum((scale * p).pow(2).sum() for p in policy.parameters()).backward()
        optimizer.step()

    for _ in range(steps_before):
        step(policy, optimizer, 1.0)
    twin, twin_optimizer = copy.deepcopy((policy, optimizer))
    put_back = keep_weights(policy, optimizer)
    for _ in range(3):
        step(policy, optimizer, 7.0)
    optimizer.param_groups[0]["lr"] = 9.0
    put_back()
    assert all(p.grad is None for p in policy.parameters())
    assert optimizer.param_groups[0]["lr"] == 0.1
    for _ in range(2):
        step(policy, optimizer, 2.0)
        step(twin, twin_optimizer, 2.0)
    for ours, other in zip(policy.parameters(), twin.parameters(), strict=True):
        assert torch.equal(ours, other)


def test_a_generator_draws_the_same_again():
    generator = torch.Generator().manual_seed(0)
    torch.rand(3, generator=generator)
    put_back = keep_generator(generator)
    first = torch.rand(5, generator=generator)
    put_back()
    assert torch.equal(torch.rand(5, generator=generator), first)


@pytest.mark.parametrize("usual", [signal.default_int_handler, signal.SIG_IGN])
def test_a_second_ctrl_c_waits_until_everything_is_put_back(usual):
    done = []

    def put_back():
        signal.raise_signal(signal.SIGINT)
        done.append(1)

    before = signal.signal(signal.SIGINT, usual)
    try:
        expected = ZeroDivisionError if usual is signal.SIG_IGN else KeyboardInterrupt
        with pytest.raises(expected), Undo(put_back, put_back):
            raise ZeroDivisionError
        assert signal.getsignal(signal.SIGINT) is usual
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [1, 1]


def test_works_in_a_thread_that_may_not_listen_to_signals():
    done = []

    def work():
        try:
            with Undo(lambda: done.append(1)):
                raise ZeroDivisionError
        except ZeroDivisionError:
            done.append(2)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1, 2]
