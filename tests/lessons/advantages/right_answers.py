"""Right answers to the lesson's exercises, written differently from the package."""

import itertools

import numpy as np
import torch


def _td_by_loop(rewards, values, next_values, gamma):
    return torch.stack([rewards[t] + gamma * next_values[t] - values[t] for t in range(len(rewards))])


def _next_by_loops(values, terminated, truncated, final_values, last_values):
    result = torch.zeros_like(values)
    for place in itertools.product(*map(range, values.shape)):
        t, rest = place[0], place[1:]
        if terminated[place]:
            continue
        if truncated[place]:
            result[place] = final_values[place]
        else:
            result[place] = last_values[rest] if t == len(values) - 1 else values[(t + 1, *rest)]
    return result


def _next_by_masks(values, terminated, truncated, final_values, last_values):
    """With 0 and 1 for the flags, as many write it."""
    over, cut = terminated.float(), truncated.float()
    shifted = values.roll(-1, 0)
    shifted[-1] = last_values
    return (1 - over) * (cut * final_values + (1 - cut) * shifted)


def _next_in_numpy(values, terminated, truncated, final_values, last_values):
    shifted = np.concatenate([values.numpy()[1:], last_values.numpy()[None]])
    chosen = np.select([terminated.numpy(), truncated.numpy()], [0.0, final_values.numpy()], shifted)
    return torch.from_numpy(chosen.astype(np.float32))


def _gae_by_masks(td_errors, ends, gamma, gae_lambda):
    result, rows = 0, []
    for t in range(len(td_errors) - 1, -1, -1):
        result = td_errors[t] + gamma * gae_lambda * (1 - ends[t].float()) * result
        rows.insert(0, result)
    return torch.stack(rows)


def _gae_by_double_sum(td_errors, ends, gamma, gae_lambda):
    """Equation 16 as it stands: from each row walk on to the first end."""
    result = torch.zeros_like(td_errors)
    for place in itertools.product(*map(range, td_errors.shape)):
        for t in range(place[0], len(td_errors)):
            result[place] += (gamma * gae_lambda) ** (t - place[0]) * td_errors[(t, *place[1:])]
            if ends[(t, *place[1:])]:
                break
    return result


def _gae_in_numpy(td_errors, ends, gamma, gae_lambda):
    errors, over = td_errors.numpy(), ends.numpy()
    result, running = np.zeros_like(errors), 0
    for t in reversed(range(len(errors))):
        running = errors[t] + np.where(over[t], 0, gamma * gae_lambda * running)
        result[t] = running
    return torch.from_numpy(result)


def _credit_by_searching_falls(rewards, acting, episode_over, gamma):
    """Find each fall, then add what came after it; the rows of the fallen stay as they are."""
    credited = rewards.clone()
    for t, e, a in acting.nonzero().tolist():
        k, factor = t, 1.0
        while not episode_over[k, e] and k + 1 < len(rewards) and not acting[k + 1, e, a]:
            k, factor = k + 1, factor * gamma
            credited[t, e, a] += factor * rewards[k, e, a]
    return credited


def _credit_by_copies(rewards, acting, episode_over, gamma):
    """A purse for every agent, with plain numbers; the rows of the fallen are set to 0."""
    result = torch.zeros_like(rewards)
    for e, a in itertools.product(range(rewards.shape[1]), range(rewards.shape[2])):
        purse = 0.0
        for t in reversed(range(len(rewards))):
            purse = 0.0 if episode_over[t, e] else purse
            here = float(rewards[t, e, a]) + gamma * purse
            purse = 0.0 if acting[t, e, a] else here
            result[t, e, a] = here if acting[t, e, a] else 0.0
    return result


RIGHT = {
    "3.1": [
        _td_by_loop,
        lambda rewards, values, next_values, gamma: torch.add(rewards - values, next_values, alpha=gamma),
    ],
    "3.2": [_next_by_loops, _next_in_numpy],
    "3.3": [_gae_by_masks, _gae_by_double_sum, _gae_in_numpy],
    "3.4": [_credit_by_searching_falls, _credit_by_copies],
}
