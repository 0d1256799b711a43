"""A stored payload as it is shown to users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import overload

from airflow_wfstate.domain.rules.payload import Payload, canonical_json
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable
from airflow_wfstate.redaction import masked
from airflow_wfstate.store.payloads.stored_payload import StoredPayload


@overload
def shown(stored: StoredPayload, paths: Sequence[str] = (), *, name: str | None = None) -> Payload: ...
@overload
def shown(stored: StoredPayload | None, paths: Sequence[str] = (), *, name: str | None = None) -> Payload | None: ...
def shown(stored: StoredPayload | None, paths: Sequence[str] = (), *, name: str | None = None) -> Payload | None:
    """The payload, masked (:func:`~airflow_wfstate.redaction.masked`); None when there is none.

    If the payload cannot be opened, the reason replaces its value. Whatever is shown with it is all the more worth
    seeing then.
    """
    if stored is None:
        return None
    try:
        return masked(stored.open(), paths, name=name)
    except (PayloadDamaged, PayloadUnavailable) as error:
        unopened = Payload(stored.type, canonical_json(f"(cannot be read: {error})"), stored.size, stored.sha256)
        return replace(unopened, is_masked=True)
