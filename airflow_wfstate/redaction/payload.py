"""Redact a stored payload for display."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.redaction.cache import MaskedTexts
from airflow_wfstate.redaction.secrets import known_secrets
from airflow_wfstate.redaction.walk import masked_value

_CACHED_FROM: Final = 4096
"""Characters of a payload; a smaller one is masked in less than 3 ms (measured)."""

_masked_texts: Final = MaskedTexts()


def masked(payload: Payload, paths: Sequence[str] = (), *, name: str | None = None) -> Payload:
    """The payload with ``***`` in place of hidden parts; the same object if nothing is hidden.

    Size and sha256 stay those of the stored value. A value that takes too long to mask (2 million members and items,
    or a wide array with many indices in the paths) is hidden as a whole.

    :param name: as for :func:`~airflow_wfstate.redaction.walk.masked_value`.
    """
    if len(payload.text) < _CACHED_FROM:
        text = _mask(payload.text, paths, name)
    else:
        # A secret that the process learns later must be hidden from then on.
        key = (payload.sha256, len(payload.text), tuple(paths), name, known_secrets())
        text = _masked_texts.get(key, lambda: _mask(payload.text, paths, name))
    return payload if text is None else replace(payload, text=text, is_masked=True)


def _mask(text: str, paths: Sequence[str], name: str | None) -> str | None:
    """The masked text; None if nothing has to be hidden."""
    value = json.loads(text)
    shown = masked_value(value, paths, name=name)
    return None if shown is value else json.dumps(shown, separators=(",", ":"))
