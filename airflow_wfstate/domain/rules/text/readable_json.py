"""JSON for people: the characters of all scripts themselves, instead of their escapes."""

from __future__ import annotations

import json
import re
from typing import Final

from airflow_wfstate.domain.rules.text.characters import shown_text

_ESCAPES: Final = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
r"""One escape of a JSON text: a pair of surrogates, one ``\u....``, or a backslash with what it escapes."""


def readable_json(text: str) -> str:
    r"""A JSON text in which ``\u....`` escapes of readable characters are replaced by the characters.

    Numbers, keys and spaces stay as they are written, and the text means the same value. What :func:`shown_text` would
    escape (controls, invisible characters, changes of the text direction, lone surrogates) keeps its escape.
    """
    return _ESCAPES.sub(lambda found: _readable(found[0]), text)


def _readable(escape: str) -> str:
    if not escape.startswith(r"\u"):
        return escape
    character: str = json.loads(f'"{escape}"')
    return escape if character.isascii() or shown_text(character) != character else character
