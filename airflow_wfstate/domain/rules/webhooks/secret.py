"""The secret that signs webhooks, as the Standard Webhooks specification writes it: ``whsec_`` and base64."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

PREFIX: Final = "whsec_"

_BYTES: Final = 32
_FEWEST_BYTES, _MOST_BYTES = 24, 64
"""Required by the specification."""


def new_webhook_secret() -> str:
    """Generate a secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def check_webhook_secret(text: str) -> None:
    """Check that a text is such a secret. The error message does not quote it.

    :raises InvalidRequest: it is not.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise InvalidRequest(
            "The secret is not a Standard Webhooks secret.",
            f"Leave it out to generate one, or give {PREFIX} and {_FEWEST_BYTES} to {_MOST_BYTES} bytes in base64.",
        )
