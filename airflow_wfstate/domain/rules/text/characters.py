"""Deceptive and invisible characters, and text in which they are shown as escapes.

Stored text comes from anywhere. On a terminal, in a page or in a message it must not move the cursor, change the
direction of the text around it, or look like other text.
"""

from __future__ import annotations

import unicodedata
from typing import Final

BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's property Bidi_Control: marks, embeddings, overrides and isolates."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Zero width non-joiner and joiner, which Persian and emoji are written with."""

_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that are invisible."""

_SHORT_ESCAPES: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def is_control(character: str) -> bool:
    """Whether it is a control character, a line or paragraph separator, or a lone surrogate."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")


def is_invisible(text: str) -> bool:
    """Whether a text consists only of spaces, controls, format characters, variation selectors and fillers."""
    return all(
        character.isspace()
        or character in _FILLERS
        or unicodedata.category(character) in ("Cc", "Cf")
        or unicodedata.name(character, "").startswith(("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION"))
        for character in text
    )


def described(character: str) -> str:
    """A character for an error message: ``U+202E RIGHT-TO-LEFT OVERRIDE``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def shown_text(text: str, *, keep: str = "") -> str:
    r"""Make a text safe to show anywhere on one line, with escapes such as ``\x1b``, ``\n`` and ``\u202e``.

    All stored text that people see goes through here: cells and messages of the command line, and notifications. (JSON
    has its own escapes, and the page isolates text with ``<bdi>``.)

    :param keep: characters to keep, such as the line breaks of a text with several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(character) if character not in keep and _is_to_escape(character) else character for character in text
    )


def _is_to_escape(character: str) -> bool:
    if character in _FILLERS or is_control(character):
        return True
    return unicodedata.category(character) == "Cf" and character not in _JOINERS


def _escape(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
