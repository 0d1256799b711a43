"""CloudEvents, as required by the specification (CloudEvents 1.0.2) and by this store.

An event is checked in its JSON form (the JSON Event Format), into which the other modes of HTTP are brought first.
Names and limits are those of the store's columns; everything else is the specification's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidRequest

SPEC_VERSION: Final = "1.0"
"""The only supported version."""

JSON_TYPE: Final = "application/json"
"""The type of data if the event does not specify one."""

MAX_EVENTS: Final = 1000
"""The most events in one batch."""

MAX_EXTENSIONS: Final = 20
"""Attributes of an event besides those of the specification."""

MAX_EXTENSION_NAME_LENGTH: Final = 20
"""Characters: what the specification recommends."""

MAX_ATTRIBUTE_LENGTH: Final = 1000
"""Characters of ``subject``, ``dataschema``, ``datacontenttype`` and of an extension's value."""

PAYLOAD_TYPE: Final = "cloudevent"
"""The type under which the payload of an event is stored."""

TRACE_ATTRIBUTES: Final = ("causationid", "traceparent", "tracestate")
"""Extensions that say what an event follows from: the id of the event that caused it, and the trace of its sender
(CloudEvents, "Distributed Tracing extension"). They are kept in the journal, and passed on to subscribers."""

_DATA: Final = frozenset({"data", "data_base64"})
_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "datacontenttype", "dataschema", "subject", "time"}
)
_EXTENSION: Final = re.compile(r"[a-z0-9]+", re.ASCII)
# RFC 3986: the characters of a URI-reference.
_URI_REFERENCE: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII)
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*:.+", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+(?:\s*;.*)?", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_SEE: Final = "See https://github.com/cloudevents/spec (CloudEvents 1.0)."


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event that has been checked.

    :param source: its source, which together with ``id`` identifies the event.
    :param time: when it happened, by its source's clock; None if not given.
    :param sequence: its position among the events of its source; None if not given.
    :param correlation_id: correlation id of its workflow; None if not given.
    :param content: the whole event in its JSON form: attributes, and ``data`` or ``data_base64``.
    :param body: the same in its stored form. Equal events have equal hashes, in whichever mode they were sent.
    """

    source: str
    id: str
    type: str
    time: datetime | None
    sequence: str | None
    correlation_id: str | None
    content: dict[str, JsonValue]
    body: Payload

    @property
    def identity(self) -> tuple[str, str]:
        """Source and id."""
        return self.source, self.id

    @property
    def causation_id(self) -> str | None:
        """The id of the event that caused it, as its source says; None when it does not."""
        cause = self.content.get("causationid")
        return cause if isinstance(cause, str) else None

    @property
    def trace(self) -> dict[str, JsonValue]:
        """Its :data:`TRACE_ATTRIBUTES`, as far as it has them."""
        return {name: self.content[name] for name in TRACE_ATTRIBUTES if name in self.content}

    @property
    def data(self) -> JsonValue:
        """What happened: ``data`` or, as text, ``data_base64``; None when the event holds neither."""
        return self.content.get("data", self.content.get("data_base64"))


def parse_event(value: JsonValue) -> CloudEvent:
    """Read an event from a JSON value.

    :raises InvalidRequest: it is none: a required attribute is missing, an attribute has a value that the
        specification or the store does not allow, or it holds both ``data`` and ``data_base64``.
    :raises InvalidPayload: it nests deeper than 100.
    """
    if not isinstance(value, dict):
        raise InvalidRequest(f"An event must be a JSON object, but this is of type {type(value).__name__}.", _SEE)
    # An attribute that is null is not set (JSON Event Format, section 2.2); the data of an event may be null.
    content = {name: item for name, item in value.items() if item is not None or name in _DATA}
    if content.get("data_base64", "") is None:
        del content["data_base64"]
    version = content.get("specversion")
    if version != SPEC_VERSION:
        found = "is missing" if version is None else f"is {str(version)[:20]!r}"
        raise InvalidRequest(f"The attribute specversion {found}.", f'Only "{SPEC_VERSION}" is supported.')
    for name, item in content.items():
        if name not in _DATA:
            _check_attribute(name, item)
            if not isinstance(item, str):  # the binary mode of HTTP has texts alone
                content[name] = str(item).lower()
    if content.get("datacontenttype") == JSON_TYPE:  # what an event without it has (JSON Event Format, section 3.1)
        del content["datacontenttype"]
    if len(content) > len(_ATTRIBUTES) + 1 and len(content.keys() - _ATTRIBUTES - _DATA) > MAX_EXTENSIONS:
        raise InvalidRequest(
            f"The event has more than {MAX_EXTENSIONS} extension attributes.", "Move them into its data."
        )
    _check_data(content)
    correlation_id, sequence = content.get("correlationid"), content.get("sequence")
    return CloudEvent(
        source=_source(content),
        id=_name(content, "id"),
        type=_name(content, "type"),
        time=None if "time" not in content else parse_time(content["time"]),
        sequence=None if sequence is None else str(sequence),
        correlation_id=None if correlation_id is None else check_name("correlationid", str(correlation_id)),
        content=content,
        body=Payload.of(content, type_name=PAYLOAD_TYPE, sort_keys=True),
    )


def parse_time(value: JsonValue) -> datetime:
    """The moment that a timestamp of RFC 3339 names, in UTC and whole microseconds; a leap second is the one before.

    :raises InvalidRequest: it is none.
    """
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        micros = int(((found[7] or "") + "000000")[:6])
        if second == 60:  # RFC 3339, section 5.7
            second, micros = 59, 999_999
        offset = timedelta(0) if found[8] is None else timedelta(hours=int(found[9]), minutes=int(found[10]))
        try:
            moment = datetime(year, month, day, hour, minute, second, micros, timezone.utc)
            return moment + offset if found[8] == "-" else moment - offset
        except (ValueError, OverflowError):
            pass
    raise InvalidRequest(
        f"The attribute time is {str(value)[:80]!r}, which is not an RFC 3339 timestamp.",
        "Give it with a time zone, as 2026-12-01T12:00:00.5Z.",
    )


def _check_attribute(name: str, value: JsonValue) -> None:
    if name not in _ATTRIBUTES and (len(name) > MAX_EXTENSION_NAME_LENGTH or not _EXTENSION.fullmatch(name)):
        raise InvalidRequest(
            f"{name[:80]!r} is not the name of an attribute.",
            f"Names have 1 to {MAX_EXTENSION_NAME_LENGTH} characters, of a to z and 0 to 9. {_SEE}",
        )
    if isinstance(value, str):
        if not value:
            raise InvalidRequest(f"The attribute {name} is empty.", "Leave it out, or give it a value.")
        if len(value) > MAX_ATTRIBUTE_LENGTH:
            raise InvalidRequest(
                f"The attribute {name} has {len(value)} characters.", f"At most {MAX_ATTRIBUTE_LENGTH} are allowed."
            )
        if not (value.isascii() and value.isprintable()):
            _check_characters(name, value)
    elif name in _ATTRIBUTES:
        raise InvalidRequest(f"The attribute {name} is of type {type(value).__name__}.", "Give a string.")
    elif not isinstance(value, (bool, int)) or not -(2**31) <= value < 2**31:
        raise InvalidRequest(
            f"The attribute {name} is neither a string, nor a boolean, nor an integer of 32 bits.",
            "Move it into the event's data.",
        )


def _check_characters(name: str, value: str) -> None:
    """Check what the specification says of strings: neither control characters, nor surrogates, nor noncharacters."""
    for character in value:
        code = ord(character)
        if code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
            raise InvalidRequest(f"The attribute {name} contains the character U+{code:04X}.", "Leave it out.")


def _check_data(content: Mapping[str, JsonValue]) -> None:
    if "data_base64" in content:
        encoded = content["data_base64"]
        if "data" in content:
            raise InvalidRequest("The event has both data and data_base64.", "Send one of them.")
        try:
            base64.b64decode(encoded if isinstance(encoded, str) else "?", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("data_base64 is not Base64 (RFC 4648).", "Encode the data in Base64.") from error
    media_type = content.get("datacontenttype")
    if isinstance(media_type, str) and not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidRequest(f"The attribute datacontenttype is {media_type[:80]!r}.", "Give a media type of RFC 2046.")
    schema = content.get("dataschema")
    if isinstance(schema, str) and not (_URI_REFERENCE.fullmatch(schema) and _ABSOLUTE_URI.fullmatch(schema)):
        raise InvalidRequest(f"The attribute dataschema is {schema[:80]!r}.", "Give an absolute URI.")


def _source(content: Mapping[str, JsonValue]) -> str:
    source = _name(content, "source")
    if not _URI_REFERENCE.fullmatch(source):
        raise InvalidRequest(
            f"The attribute source is {source[:80]!r}.", "Give a URI-reference (RFC 3986), as https://shop.example/."
        )
    return source


def _name(content: Mapping[str, JsonValue], attribute: str) -> str:
    if attribute not in content:
        raise InvalidRequest(f"The attribute {attribute} is missing.", "Every event needs id, source and type.")
    return check_name(f"attribute {attribute}", content[attribute])
