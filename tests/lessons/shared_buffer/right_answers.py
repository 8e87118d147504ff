"""Right answers to the lesson's exercises, written differently from the package."""

import numpy as np
import torch


def _flatten_by_loops(tensor, acting):
    steps, copies, agents = acting.shape
    rows = []
    for t in range(steps):
        for e in range(copies):
            for a in range(agents):
                if acting[t, e, a]:
                    rows.append(tensor[t, e, a])
    return torch.stack(rows)


def _flatten_by_numbers(tensor, acting):
    return tensor.reshape(-1, *tensor.shape[3:]).index_select(0, torch.where(acting.reshape(-1))[0])


def _badges_by_loops(acting):
    steps, copies, agents = acting.shape
    every = [(t, e, a) for t in range(steps) for e in range(copies) for a in range(agents)]
    return torch.tensor([badge for badge in every if acting[badge]])


def _badges_by_division(acting):
    _, copies, agents = acting.shape
    place = torch.arange(acting.numel())[acting.flatten()]
    return torch.stack((place // (copies * agents), place // agents % copies, place % agents), dim=-1)


def _mean_by_loops(quantity, acting):
    total, count = torch.tensor(0.0), 0
    for number, acts in zip(quantity.flatten(), acting.flatten(), strict=True):
        if acts:
            total, count = total + number, count + 1
    return total / count if count else torch.tensor(float("nan"))


def _store_by_name(buffer, transition):
    t = buffer.step
    for name in transition._fields:
        getattr(buffer.data, name)[t] = getattr(transition, name)
    buffer.step = t + 1


def _store_by_copying(buffer, transition):
    for number in range(len(transition)):
        buffer.data[number].select(0, buffer.step).copy_(transition[number])
    buffer.step += 1
    return buffer


def _store_in_a_new_table(buffer, transition):
    """Slow, and right: the tensors are made anew."""
    parts = []
    for place, new in zip(buffer.data, transition, strict=True):
        parts.append(torch.cat((place[: buffer.step], new.unsqueeze(0), place[buffer.step + 1 :])))
    buffer.data = type(transition)(*parts)
    buffer.step += 1


def _clear_with_new_tensors(buffer):
    """Slow, and right."""
    buffer.data = type(buffer.data)(*(torch.zeros_like(field) for field in buffer.data))
    buffer.step, buffer.advantages, buffer.returns = 0, None, None


def _clear_and_wipe(buffer):
    for field in buffer.data:
        field.zero_()
    buffer.returns = buffer.advantages = None
    buffer.step -= buffer.step
    return buffer


RIGHT = {
    "2.4": [_store_by_name, _store_by_copying, _store_in_a_new_table],
    "2.5": [
        lambda buffer: buffer.step >= buffer.num_steps,
        lambda buffer: not buffer.step < len(buffer.data.obs),
        lambda buffer: buffer.num_steps - buffer.step == 0,
    ],
    "2.6": [_clear_with_new_tensors, _clear_and_wipe],
    "2.1": [
        _flatten_by_loops,
        _flatten_by_numbers,
        lambda tensor, acting: tensor.flatten(0, 2)[acting.flatten()],
        lambda tensor, acting: torch.from_numpy(tensor.numpy()[acting.numpy()]),
    ],
    "2.2": [
        _badges_by_loops,
        _badges_by_division,
        lambda acting: torch.stack(torch.where(acting), dim=1),
        lambda acting: torch.from_numpy(np.argwhere(acting.numpy())),
        lambda acting: torch.cartesian_prod(*(torch.arange(size) for size in acting.shape))[acting.flatten()],
    ],
    "2.3": [
        _mean_by_loops,
        lambda quantity, acting: quantity[acting].sum() / acting.sum(),
        lambda quantity, acting: torch.where(acting, quantity, 0.0).sum() / acting.sum(),
        lambda quantity, acting: torch.masked_select(quantity, acting).mean(),
    ],
}
