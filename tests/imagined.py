"""A processor that nobody has: what torch rounds is off by up to a unit in the last digit, the same way every time.

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
UNIT = 2.0**-23


class ImaginedProcessor(TorchDispatchMode):
    """While it is active, this thread's tensors are those of another processor.

    Args:
        seed: Which one; each disturbs other numbers.
    """

    def __init__(self, seed: float = 2.0) -> None:
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
        if not tensor.is_floating_point():
            return tensor
        exact = tensor.double()
        short = (exact * 1024).frac() == 0  # few digits: nothing was rounded
        noise = torch.cos(exact.abs() * 1e7 + self.seed) * UNIT  # of the number alone: equal numbers stay equal
        return torch.where(short | ~exact.isfinite(), tensor, (exact * (1 + noise)).to(tensor.dtype))
