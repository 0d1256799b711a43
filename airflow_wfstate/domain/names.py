"""What a name may be: one rule for workflow names and keys, steps, items, checkpoints, participants."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.exceptions import InvalidName

MAX_NAME_LENGTH: Final = 250
"""Characters; Airflow's own limit for DAG and task ids."""


def check_name(kind: str, value: object) -> str:
    """Return ``value`` when it may serve as a name.

    :param kind: what is named, as the error shall call it ("workflow key").
    :param value: a string of 1 to :data:`MAX_NAME_LENGTH` characters, without control characters (PostgreSQL's
        text refuses NUL) and without lone surrogates (which have no UTF-8 form).
    :raises InvalidName: otherwise.
    """
    if not isinstance(value, str):
        raise InvalidName(f"The {kind} is of type {type(value).__name__}.", "Give a string.")
    if not value.strip():
        raise InvalidName(f"The {kind} is empty.", f"Give a {kind} of 1 to {MAX_NAME_LENGTH} characters.")
    if len(value) > MAX_NAME_LENGTH:
        raise InvalidName(
            f"The {kind} {value[:40]!r}... has {len(value)} characters.",
            f"At most {MAX_NAME_LENGTH} are allowed.",
        )
    for character in value:
        if ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF or ord(character) == 127:
            raise InvalidName(
                f"The {kind} {value[:80]!r} holds the character U+{ord(character):04X}.",
                "Leave out control characters and lone surrogates.",
            )
    return value


def storable_text(text: str) -> str:
    """Free text (an error message) made storable: NUL and lone surrogates become their backslash escapes."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
