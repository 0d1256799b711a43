"""The secrets of subscriptions, stored like the passwords of Airflow's connections.

Encrypted if ``[core] fernet_key`` has a key, whatever the setting for payloads; plain if it has none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from airflow_wfstate.encryption import has_key, seal, unsealed


def kept_secret(secret: str) -> str:
    """A secret as its column stores it."""
    return seal(secret) if has_key() else secret


def secret_of(kept: str) -> str:
    """The secret in a column.

    :raises PayloadDamaged: none of Airflow's keys fits.
    """
    return unsealed(kept)


def signing_secrets(subscription: Row[Any], now: datetime) -> tuple[str, ...]:
    """The secrets that sign now: the newest, and its predecessor while that is kept. Raises as :func:`secret_of`."""
    until = subscription.previous_secret_until
    is_kept = subscription.previous_secret is not None and until is not None and until > now
    kept = (subscription.secret, subscription.previous_secret) if is_kept else (subscription.secret,)
    return tuple(map(secret_of, kept))
