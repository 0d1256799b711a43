"""The form in which a payload is stored in its column.

There are three. The last two cannot be mistaken for JSON, which never begins with ``@``::

    <JSON>                     the payload's text itself
    @fernet:<size>:<token>     the text, encrypted (encryption.py)
    @file:<size>:<name>        a file (files.py), which holds one of the two forms above

``size`` is the size of the payload's text, as the sha256 beside it is the hash of that text. Both are checked when text
is decrypted or read from a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.encryption import is_sealed, is_under_first_key, seal, sealed, token_of, unsealed
from airflow_wfstate.exceptions import PayloadDamaged
from airflow_wfstate.store.payloads.files import read_file, remove_file, write_file

IN_FILE: Final = "@file:"

HEAD_LENGTH: Final = 32
"""Characters that identify the form and, unless it is JSON, contain the size."""


@dataclass(frozen=True)
class StoredPayload:
    """A payload as its row stores it.

    :param text: the column's text, in one of the three forms.
    :param size: size of the payload's own text in bytes, like ``sha256``.
    """

    type: str
    text: str
    size: int
    sha256: str

    @property
    def is_in_file(self) -> bool:
        """Whether opening it reads a file."""
        return self.text.startswith(IN_FILE)

    def columns(self, name: str) -> dict[str, object]:
        """The values of the three columns ``<name>``, ``<name>_type`` and ``<name>_sha256``."""
        return {name: self.text, f"{name}_type": self.type, f"{name}_sha256": self.sha256}

    def open(self) -> Payload:
        """The payload itself.

        :raises PayloadDamaged: its file or its key is missing, or it was changed.
        :raises PayloadUnavailable: its file cannot be read now.
        """
        text = opened(self.text)
        payload = Payload(self.type, text, len(text), self.sha256)
        if text is not self.text and payload.hash_of_text() != self.sha256:
            raise PayloadDamaged(
                f"A stored value of type {self.type} does not match its sha256 {self.sha256}.",
                "It was changed outside this server; restore it from a backup.",
            )
        return payload


def keep_inline(payload: Payload) -> StoredPayload:
    """Convert the payload to the form for its column, without using a file."""
    return StoredPayload(payload.type, sealed(payload.text), payload.size, payload.sha256)


def keep(payload: Payload, place: str) -> StoredPayload:
    """Convert the payload to the form for its column; a large one is written to a file.

    :param place: the place of the file; see :func:`~airflow_wfstate.store.payloads.files.write_file`.
    :raises PayloadUnavailable: the file cannot be written, or payloads must be encrypted but there is no key.
    """
    kept = keep_inline(payload)
    if not goes_into_file(payload):
        return kept
    name = write_file(place, payload.sha256, kept.text)
    return StoredPayload(payload.type, f"{IN_FILE}{payload.size}:{name}", payload.size, payload.sha256)


def discard(payload: StoredPayload) -> None:
    """Remove the file, if any, of a payload that no row will refer to."""
    if payload.is_in_file:
        remove_file(file_name(payload.text))


def goes_into_file(payload: Payload) -> bool:
    """Whether :func:`keep` writes a file for it."""
    return bool(conf.payload_path()) and payload.size > conf.inline_payload_bytes()


def stored_payload_of(text: str | None, type_name: str | None, sha256: str | None) -> StoredPayload | None:
    """The payload of three columns, unopened; None when there is none."""
    if text is None or type_name is None or sha256 is None:
        return None
    return StoredPayload(type_name, text, size_of(text), sha256)


def payload_of(text: str | None, type_name: str | None, sha256: str | None) -> Payload | None:
    """The payload of three columns, opened; None when there is none. Raises as :meth:`StoredPayload.open` does."""
    stored = stored_payload_of(text, type_name, sha256)
    return None if stored is None else stored.open()


def size_of(text: str) -> int:
    """The size in bytes of a column's payload, without opening it."""
    return size_by_head(text[:HEAD_LENGTH], len(text))


def size_by_head(head: str, length: int) -> int:
    """The size in bytes of a column's payload, given only the head of the column.

    :param head: the first :data:`HEAD_LENGTH` characters of the column, or all of them.
    :param length: size of the column's text in bytes.
    """
    return int(head.split(":", 2)[1]) if is_sealed(head) or head.startswith(IN_FILE) else length


def opened(text: str) -> str:
    """Open the text of a column. Raises as :meth:`StoredPayload.open` does."""
    if text.startswith(IN_FILE):
        text = read_file(file_name(text))
    return unsealed(text)


def file_name(text: str) -> str:
    """The file name in a column of the form ``@file:``."""
    return text.split(":", 2)[2]


def resealed(text: str) -> str | None:
    """A column's text (not of a file) as it would be stored now: under the first key; None when it already is.

    Encrypted text stays encrypted, whatever ``[wfstate] encrypt_payloads`` says now.

    :raises PayloadDamaged: none of the keys fits.
    """
    if not is_sealed(text):
        return seal(text) if conf.encrypt_payloads() else None
    return None if is_under_first_key(token_of(text)) else seal(unsealed(text))
