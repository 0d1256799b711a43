"""The most informative line of a recorded error, for lists."""

from __future__ import annotations

import re
from typing import Final

MAX_ERROR_LINE: Final = 300
"""Characters."""

_TRACEBACK: Final = re.compile(r"^.*Traceback \(most recent call last\):\s*$", re.MULTILINE)
_HEADLINE: Final = re.compile(r"^\S.*$", re.MULTILINE)


def error_line(error: str) -> str:
    """The exception of a traceback (the last one of several), otherwise the first line that is not blank.

    ``ValueError: card declined``, not ``Traceback (most recent call last):``. The page has the same rule
    (``ui/src/text/errorLine.ts``).

    :return: at most :data:`MAX_ERROR_LINE` characters, ending with an ellipsis if it was cut; empty for a blank text.
    """
    line = (_exception(error) or error.lstrip().partition("\n")[0]).rstrip()
    return line if len(line) <= MAX_ERROR_LINE else f"{line[: MAX_ERROR_LINE - 1]}…"


def _exception(error: str) -> str | None:
    """The line after the frames of the last traceback; None if there is none."""
    tracebacks = list(_TRACEBACK.finditer(error))
    found = _HEADLINE.search(error, tracebacks[-1].end()) if tracebacks else None
    return None if found is None else found.group()
