"""How two inputs of a workflow differ, by names and never by values."""

from __future__ import annotations

import json
from typing import Final

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.text.names import storable_text

WHOLE_INPUT: Final = "$"
"""Stands for an input that has no top-level fields."""

MAX_FIELDS: Final = 20
_MAX_LENGTH: Final = 100


def differing_fields(stored: Payload, given: Payload) -> list[str]:
    """The names of the top-level fields in which the inputs differ, in alphabetical order.

    At most 20 names, each cut to 100 characters; only ``$`` if one of the inputs is not a dict with string keys.
    """
    if stored.sha256 == given.sha256:
        return []
    before, now = json.loads(stored.text), json.loads(given.text)
    if not _has_fields(before) or not _has_fields(now):
        return [WHOLE_INPUT]
    missing = object()
    names = sorted(name for name in before.keys() | now.keys() if before.get(name, missing) != now.get(name, missing))
    return [storable_text(name[:_MAX_LENGTH]) for name in names[:MAX_FIELDS]] or [WHOLE_INPUT]


def _has_fields(value: object) -> bool:
    return isinstance(value, dict) and "__classname__" not in value  # as the codec writes other containers
