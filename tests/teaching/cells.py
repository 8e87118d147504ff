"""Small notebooks to be read."""

import json

TITLE = ("markdown", "# 7. Ratios: how?")
BLANK = "def importance_ratios(new_log_probs, old_log_probs):\n    return ..."
RATIO = "def importance_ratios(new_log_probs, old_log_probs):\n    return (new_log_probs - old_log_probs).exp()"


def notebook(*cells, **more):
    """A notebook as a file: text is code, a pair is (kind, text)."""
    pairs = [("code", cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"cells": [{"cell_type": kind, "source": text} for kind, text in pairs], **more}).encode()
