"""Numbers of things, and lists of names, in sentences."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Final

MOST_NAMES: Final = 20
"""The most names in one sentence. Use a list to get all of them."""


def counted(count: int, noun: str) -> str:
    """``1 relay``, ``2 relays``: a number with its noun.

    :param noun: the singular of a noun whose plural ends in s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Collection[str], *, most: int = MOST_NAMES) -> str:
    """``pack, ship and 3 more``: the first names in order, and how many more there are; ``none`` if there are none."""
    shown = ", ".join(islice(names, most)) or "none"
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {more} more"
