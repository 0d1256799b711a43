"""Encryption of payloads at rest, with the keys of ``[core] fernet_key``: Airflow's own Fernet.

The first key encrypts, each of them decrypts. Fernet is specified at
https://github.com/fernet/spec/blob/master/Spec.md (AES-128-CBC and HMAC-SHA256).
"""

from __future__ import annotations

from airflow.configuration import conf
from airflow.models.crypto import FernetProtocol, get_fernet
from cryptography.fernet import Fernet, InvalidToken

from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable


def encrypt(text: str) -> str:
    """The token of a text, under the first key.

    :raises PayloadUnavailable: Airflow has no key.
    """
    return _fernet().encrypt(text.encode("utf-8")).decode("utf-8")


def decrypt(token: str) -> str:
    """The text of a token.

    :raises PayloadDamaged: none of the keys fits, or the token was changed.
    :raises PayloadUnavailable: Airflow has no key.
    """
    try:
        return _fernet().decrypt(token.encode("utf-8")).decode("utf-8")
    except (InvalidToken, UnicodeError) as error:
        raise PayloadDamaged(
            "A stored value was encrypted with a key that [core] fernet_key does not have, or was changed since.",
            "Add the key that was in use then to the end of [core] fernet_key, separated by a comma.",
        ) from error


def is_under_first_key(token: str) -> bool:
    """Whether the first key alone decrypts the token."""
    first = conf.get("core", "fernet_key").split(",")[0]
    try:
        Fernet(first.encode()).decrypt(token.encode("utf-8"))
    except InvalidToken:
        return False
    return True


def _fernet() -> FernetProtocol:
    fernet = get_fernet()
    if not fernet.is_encrypted:
        raise PayloadUnavailable(
            "Payloads are encrypted, and Airflow has no key: [core] fernet_key is empty.",
            "Set [core] fernet_key, the same for api-server, scheduler and command line.",
        )
    return fernet
