"""Check a payload before it is stored, and describe it for the journal."""

from __future__ import annotations

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.payload import JsonValue, Payload, parse_canonical_json
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidPayload, PayloadTooLarge
from airflow_wfstate.store.payloads.stored_payload import StoredPayload


def check_payload(kind: str, payload: Payload) -> Payload:
    """Return the payload if it may be stored: its text is ASCII JSON, within the limit, and matches its hash.

    :param kind: what the error should call it ("output").
    :raises PayloadTooLarge: it is larger than ``[wfstate] max_payload_bytes``.
    :raises InvalidPayload: it is not ASCII or does not match its hash.
    """
    limit = conf.max_payload_bytes()
    if len(payload.text) > limit:
        raise PayloadTooLarge(
            f"The {kind} has {len(payload.text)} bytes as JSON; at most {limit} are stored.",
            "Store it elsewhere and return a reference, or raise [wfstate] max_payload_bytes.",
        )
    if not payload.text.isascii():
        raise InvalidPayload(f"The text of the {kind} is not ASCII.", "Escape other characters as \\uXXXX.")
    check_name(f"type of the {kind}", payload.type)
    parse_canonical_json(payload.text)
    if Payload.of_text(payload.text, payload.type) != payload:
        raise InvalidPayload(
            f"Size or sha256 of the {kind} do not match its text.", "Compute them from exactly the bytes that you send."
        )
    return payload


def described(payload: Payload | StoredPayload) -> dict[str, JsonValue]:
    """What the journal records about a payload."""
    return {"type": payload.type, "size": payload.size, "sha256": payload.sha256}
