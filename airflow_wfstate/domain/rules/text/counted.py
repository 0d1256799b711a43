"""Numbers of things, and lists of names, in sentences."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Final

MOST_NAMES: Final = 20
"""The most names in one sentence. Use a list to get all of them."""


def counted(count: int, noun: str) -> str:
    """``1 relay``, ``2 relays``: the number, and the noun as it goes with it.

    :param noun: in the singular; its plural ends in s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Collection[str], *, most: int = MOST_NAMES) -> str:
    """``pack, ship and 3 more``: the first names, in their order, and how many there are beside; ``none`` of none."""
    shown = ", ".join(islice(names, most)) or "none"
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {more} more"
