"""Ids and secrets issued by the store."""

from __future__ import annotations

import re
import secrets
from typing import Final

import uuid6

BEFORE_ALL_IDS: Final = "00000000-0000-0000-0000-000000000000"
"""The nil UUID, where a walk through all rows in id order starts."""

_COMPENSATION_KEY: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\d{1,9}-compensation", re.ASCII)


def new_id() -> str:
    """A UUIDv7 (RFC 9562, section 5.7): rows created together are close together in an index."""
    return str(uuid6.uuid7())


def new_secret() -> str:
    """256 random bits in hexadecimal, for use as the key of a workflow's HMACs."""
    return secrets.token_hex(32)


def idempotency_key(step_id: str, round_number: int) -> str:
    """The idempotency key that a step passes to outside systems: the same on every attempt of the round."""
    return f"{step_id}-{round_number}"


def compensation_idempotency_key(step_id: str, round_number: int) -> str:
    """The idempotency key that a compensation passes to outside systems: the same on every attempt."""
    return f"{step_id}-{round_number}-compensation"


def step_of_compensation(key: str) -> str | None:
    """The id of the step whose compensation has this idempotency key; None when it is not such a key."""
    found = _COMPENSATION_KEY.fullmatch(key)
    return None if found is None else found[1]
