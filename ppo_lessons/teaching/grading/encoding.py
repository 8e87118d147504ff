"""What a learner's function returned, as text: read back, nothing of it can do anything.

A process in which a stranger's code has run may send whatever it likes, so nothing here is unpickled.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

DEPTH = 20
"""So deep things may stand in each other; no right result is nearly as deep."""
MOST = 50_000
"""So many bytes a tensor, an array or a text may have; no right result has a tenth of it."""
LONGEST = 60_000
"""So many bytes one whole value may take as JSON."""
DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}


class Other:
    """Something of which only the kind is told. Two are equal if their kinds and names are."""

    def __init__(self, kind: str, name: str = "") -> None:
        """Note what it is."""
        self.kind, self.name = kind, name

    def __eq__(self, other: object) -> bool:
        """Say whether kinds and names are the same."""
        return isinstance(other, Other) and (self.kind, self.name) == (other.kind, other.name)

    def __hash__(self) -> int:
        """Return the same for the same kind and name."""
        return hash((self.kind, self.name))


def encode(value: Any) -> Any:
    """Return a value in what JSON knows: lists that begin with the name of a kind.

    Args:
        value: Anything. What is too large, too deep or unknown is told by its kind.
    """
    try:
        told = _encode(value, DEPTH)
        return told if len(json.dumps(told)) <= LONGEST else ["other", type(value).__name__[:80], "large"]
    except Exception:  # a value of the learner's own making may refuse anything
        return ["other", type(value).__name__[:80], ""]


def _encode(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, float):
        return ["plain", value]
    if kind is int:
        return ["int", str(value)] if abs(value) < 10**30 else ["other", "int", "long"]
    if kind is str:
        return ["plain", value[:MOST]]
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" and value.nbytes <= MOST:
        return ["array", value.dtype.str, list(value.shape), _text(np.ascontiguousarray(value).tobytes())]
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return ["number", value.dtype.str, _text(value.tobytes())]
    if depth and isinstance(value, Mapping) and len(value) < 1_000:
        return ["mapping", [[_encode(key, depth - 1), _encode(each, depth - 1)] for key, each in value.items()]]
    if depth and isinstance(value, (tuple, list)) and len(value) < 5_000:
        return ["row", [_encode(each, depth - 1) for each in value]]
    name = getattr(value, "__name__", "") if callable(value) else ""
    return ["other", kind.__name__[:80], name[:80] if isinstance(name, str) else ""]


def _tensor(value: torch.Tensor) -> Any:
    whole = value.detach().to_dense().cpu().resolve_conj().resolve_neg()
    if whole.numel() * whole.element_size() > MOST:
        return ["other", "Tensor", "large"]
    data = whole.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return ["tensor", str(whole.dtype).removeprefix("torch."), list(whole.shape), _text(data)]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode(told: Any) -> Any:
    """Return what was encoded; tuples come back as lists.

    Args:
        told: Of `encode`, or something forged.

    Raises:
        ValueError: If it is nothing that `encode` returns.
    """
    try:
        return _decode(told)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, RuntimeError, RecursionError) as error:
        raise ValueError(f"An outcome is told in kinds that are known. Got a {type(told).__name__}") from error


def _decode(told: Any) -> Any:
    kind, *rest = told
    if kind == "plain" and isinstance(rest[0], (bool, float, str, type(None))):
        return rest[0]
    if kind == "int":
        return int(rest[0][:40])
    if kind == "tensor":
        dtype, data = DTYPES[rest[0]], bytearray(base64.b64decode(rest[2]))
        flat = torch.frombuffer(data, dtype=torch.uint8).view(dtype) if data else torch.empty(0, dtype=dtype)
        return flat.reshape(rest[1])
    if kind == "array":
        return np.frombuffer(base64.b64decode(rest[2]), dtype=np.dtype(rest[0])).reshape(rest[1])
    if kind == "number":
        return np.frombuffer(base64.b64decode(rest[1]), dtype=np.dtype(rest[0]))[0]
    if kind == "mapping":
        return {_decode(key): _decode(each) for key, each in rest[0]}
    if kind == "row":
        return [_decode(each) for each in rest[0]]
    if kind == "other":
        return Other(str(rest[0]), str(rest[1]))
    raise ValueError(kind)


def as_json(value: Any) -> bytes:
    """Return JSON for one message; numbers that are no numbers (NaN) are kept."""
    return json.dumps(value).encode("utf-8", errors="replace")
