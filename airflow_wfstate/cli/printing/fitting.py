"""Shorten texts to fit a number of terminal columns."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, chop_cells

_ELLIPSIS: Final = "…"


def fit_end(text: str, width: int) -> str:
    """The text, or its beginning with an ellipsis, in at most ``width`` columns. For sentences."""
    if cell_len(text) <= width:
        return text
    return f"{_beginning(text, width - 1)}{_ELLIPSIS}"


def fit_middle(text: str, width: int) -> str:
    """The text, or its two ends with an ellipsis in between, in at most ``width`` columns. For names and keys.

    Keys mostly differ at their ends.
    """
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 2
    tail = _beginning(text[::-1], width - 1 - head)[::-1]
    return f"{_beginning(text, head)}{_ELLIPSIS}{tail}"


def _beginning(text: str, width: int) -> str:
    return chop_cells(text, width)[0] if width > 0 and text else ""
