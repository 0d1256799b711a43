"""The encoding of the output: characters that it lacks are written as escapes, so that no text ends a command."""

from __future__ import annotations

import codecs
import io
from typing import Final, TextIO

_ESCAPE: Final = "wfstate-escape"
"""The name of our error handler, among those of :mod:`codecs`."""


def escape_what_is_not_encodable(stream: TextIO) -> None:
    r"""Have a stream write ``\u....`` for each character that its encoding lacks, as JSON does.

    A terminal whose encoding is UTF-8 lacks none. The stream of a test that is not backed by bytes is left alone.
    """
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors=_ESCAPE)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(lacking[at : at + 2], "big") for at in range(0, len(lacking), 2)]
    return "".join(f"\\u{unit:04x}" for unit in units), error.end


codecs.register_error(_ESCAPE, _escaped)
