"""Encryption of payloads at rest, with the keys of ``[core] fernet_key``: Airflow's own Fernet.

The first key encrypts, each of them decrypts. Fernet is specified at
https://github.com/fernet/spec/blob/master/Spec.md (AES-128-CBC and HMAC-SHA256).
"""

from __future__ import annotations

from typing import Final

from airflow.configuration import conf
from airflow.models.crypto import FernetProtocol, get_fernet
from cryptography.fernet import Fernet, InvalidToken

from airflow_wfstate import conf as options
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable

_ENCRYPTED: Final = "@fernet:"


def sealed(text: str) -> str:
    """A payload's text as it is kept: encrypted, when ``[wfstate] encrypt_payloads`` says so.

    :raises PayloadUnavailable: it says so, and Airflow has no key.
    """
    return seal(text) if options.encrypt_payloads() else text


def seal(text: str) -> str:
    """A payload's text, encrypted: ``@fernet:<size>:<token>``. Raises as :func:`encrypt`."""
    return f"{_ENCRYPTED}{len(text)}:{encrypt(text)}"


def is_sealed(text: str) -> bool:
    """Whether a text is one that :func:`seal` made; JSON never is."""
    return text.startswith(_ENCRYPTED)


def unsealed(text: str) -> str:
    """The payload's text again, sealed or not. Raises as :func:`decrypt`."""
    return decrypt(token_of(text)) if is_sealed(text) else text


def token_of(text: str) -> str:
    """The token of a sealed text."""
    return text.split(":", 2)[2]


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


def has_key() -> bool:
    """Whether Airflow has a key to encrypt with: ``[core] fernet_key`` is not empty."""
    return bool(get_fernet().is_encrypted)


def _fernet() -> FernetProtocol:
    fernet = get_fernet()
    if not fernet.is_encrypted:
        raise PayloadUnavailable(
            "Payloads are encrypted, and Airflow has no key: [core] fernet_key is empty.",
            "Set [core] fernet_key, the same for api-server, scheduler and command line, and for workers that encrypt.",
        )
    return fernet
