"""Options for storing payloads, set for the duration of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from airflow.models.crypto import get_fernet
from cryptography.fernet import Fernet

from airflow_wfstate import conf


def new_key() -> str:
    """A new key for ``[core] fernet_key``."""
    return Fernet.generate_key().decode()


@contextmanager
def payload_options(
    *, folder: Path | None = None, inline_bytes: int = 0, keys: Sequence[str] = (), encrypt: bool | None = None
) -> Iterator[None]:
    """Set the options of this process, and restore them afterwards.

    :param folder: where large payloads are stored; None for the database.
    :param inline_bytes: up to which size a payload is not large.
    :param keys: Fernet keys; the first one encrypts.
    :param encrypt: whether payloads are encrypted; None: if there are keys.
    """
    wanted = {
        "AIRFLOW__WFSTATE__PAYLOAD_PATH": "" if folder is None else folder.as_uri(),
        "AIRFLOW__WFSTATE__INLINE_PAYLOAD_BYTES": str(inline_bytes),
        "AIRFLOW__WFSTATE__ENCRYPT_PAYLOADS": str(bool(keys) if encrypt is None else encrypt),
        "AIRFLOW__CORE__FERNET_KEY": ",".join(keys),
    }
    with patch.dict(os.environ, wanted):
        _read_again()
        yield
    _read_again()


def _read_again() -> None:
    for option in (conf.payload_path, conf.inline_payload_bytes, conf.encrypt_payloads, get_fernet):
        option.cache_clear()
