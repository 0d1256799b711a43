"""Check the URL of a webhook, as far as the text alone allows."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from airflow_wfstate.exceptions import InvalidRequest

MAX_URL: Final = 2000
"""Characters of a URL."""

_REMEDY: Final = "Give an address such as https://hooks.example.com/wfstate, without a user, a password or a fragment."


def check_webhook_url(url: str) -> SplitResult:
    """The parts of a webhook's URL. Which hosts and addresses may be reached is decided elsewhere, when it is sent to.

    :raises InvalidRequest: it is not an absolute http or https URL, or holds credentials, a fragment, spaces or
        characters that are not ASCII.
    """
    shown = url[:200]
    if len(url) > MAX_URL:
        raise InvalidRequest(f"The URL {shown!r}... has {len(url)} characters; the limit is {MAX_URL}.", _REMEDY)
    if not url.isascii() or any(character <= " " or character in '\x7f\\"<>^`{|}' for character in url):
        raise InvalidRequest(f"The URL {shown!r} contains characters that must be percent-encoded.", _REMEDY)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidRequest(f"The URL {shown!r} cannot be read: {error}.", _REMEDY) from error
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise InvalidRequest(f"{shown!r} is not the URL of a webhook.", _REMEDY)
    if "@" in parts.netloc or parts.fragment:
        # Credentials would appear in lists; the signature proves who the sender is.
        raise InvalidRequest("The URL of a webhook must not contain credentials or a fragment.", _REMEDY)
    return parts
