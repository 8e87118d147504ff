"""A processor that nobody has: what torch rounds is off by one unit in the last digit, the same way every time.

Real processors differ so in sums, products and exponentials. They agree where nothing is rounded, in what turns with
the sign, and from one call to the next. `machines.py` plays what this machine can play; this finds what that misses.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten
SUMS = {_aten.sum, _aten.mean}
ROUNDED = {
    *(_aten.mm, _aten.addmm, _aten.bmm, _aten.baddbmm, _aten.mv, _aten.dot),
    *(_aten.exp, _aten.log, _aten.sqrt, _aten.tanh, _aten.tanh_backward),
    *(_aten._softmax, _aten._log_softmax, _aten._log_softmax_backward_data, _aten.logsumexp),
    *(_aten.std, _aten.var, _aten.linalg_vector_norm, _aten._foreach_norm, *SUMS),
}
"""Operations whose last digit depends on the order of additions, or on the library that works them out."""
BITS = {torch.float32: (torch.int32, 2**31 - 1), torch.float64: (torch.int64, 2**63 - 1)}
"""Whole numbers of the same size, in which the next number of a kind is one further, and all bits but the sign's."""


class ImaginedProcessor(TorchDispatchMode):
    """While it is active, this thread's tensors are those of another processor.

    Args:
        seed: Which one; each disturbs other numbers.
    """

    def __init__(self, seed: int = 2) -> None:
        super().__init__()
        self.seed = seed

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        operation = func.overloadpacket
        if operation not in ROUNDED or (operation in SUMS and result.numel() == args[0].numel()):  # a sum of one number
            return result
        if isinstance(result, torch.Tensor):
            return self._disturb(result)
        return type(result)(map(self._disturb, result))

    def _disturb(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dtype not in BITS:
            return tensor
        kind, magnitude = BITS[tensor.dtype]
        bits = tensor.view(kind)
        few_digits = bits & 4095 == 0  # nothing was rounded; also 0, inf and nan
        # of the number alone, so that equal numbers stay equal: one down or one up, worked out in place
        step = (bits & magnitude).mul_(1640531527 + 2 * self.seed)
        step.bitwise_right_shift_(12).bitwise_and_(2).sub_(1).masked_fill_(few_digits, 0)
        return step.add_(bits).view(tensor.dtype)
