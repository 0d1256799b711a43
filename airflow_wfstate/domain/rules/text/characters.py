"""Deceptive and invisible characters, and text in which they are shown as escapes.

Stored text comes from anywhere. On a terminal, in a page or in a message it must not move the cursor, turn the
direction of what stands beside it, or look like another text.
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
    """Whether a text has spaces, controls, format characters, variation selectors and fillers alone."""
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
    r"""A text as it can be shown anywhere, on one line: ``\x1b``, ``\n`` and ``\u202e`` in place of such characters.

    Every way of showing stored text to people goes through here: cells and messages of the command line, messages of
    notifications. (JSON has escapes of its own, and the page isolates text by ``<bdi>``.)

    :param keep: characters that stay as they are, such as the line break of a text of several lines.
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
