"""Numbers of things in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """``1 relay``, ``2 relays``: the number, and the noun as it goes with it.

    :param noun: in the singular; its plural ends in s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
