"""Encrypt payloads at rest with Airflow's own Fernet, using the keys of ``[core] fernet_key``.

The first key encrypts; all of them can decrypt. Fernet is specified at
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
    """A payload's text as it is stored: encrypted if ``[wfstate] encrypt_payloads`` is set.

    :raises PayloadUnavailable: the option is set, but Airflow has no key.
    """
    return seal(text) if options.encrypt_payloads() else text


def seal(text: str) -> str:
    """A payload's text, encrypted: ``@fernet:<size>:<token>``. Raises the same errors as :func:`encrypt`."""
    return f"{_ENCRYPTED}{len(text)}:{encrypt(text)}"


def is_sealed(text: str) -> bool:
    """Whether :func:`seal` made a text. It is never true for JSON."""
    return text.startswith(_ENCRYPTED)


def unsealed(text: str) -> str:
    """A payload's plain text, whether sealed or not. Raises the same errors as :func:`decrypt`."""
    return decrypt(token_of(text)) if is_sealed(text) else text


def token_of(text: str) -> str:
    """The token of a sealed text."""
    return text.split(":", 2)[2]


def encrypt(text: str) -> str:
    """Encrypt a text with the first key, and return the token.

    :raises PayloadUnavailable: Airflow has no key.
    """
    return _fernet().encrypt(text.encode("utf-8")).decode("utf-8")


def decrypt(token: str) -> str:
    """Decrypt a token.

    :raises PayloadDamaged: none of the keys decrypts it, or the token was changed.
    :raises PayloadUnavailable: Airflow has no key.
    """
    try:
        return _fernet().decrypt(token.encode("utf-8")).decode("utf-8")
    except (InvalidToken, UnicodeError) as error:
        raise PayloadDamaged(
            "A stored value was encrypted with a key that [core] fernet_key no longer has, or it was changed since.",
            "Append the key that was in use then to [core] fernet_key, separated by a comma.",
        ) from error


def is_under_first_key(token: str) -> bool:
    """Whether the first key by itself decrypts the token."""
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
            "Payloads are encrypted, but Airflow has no key: [core] fernet_key is empty.",
            "Set [core] fernet_key to the same value for api-server, scheduler, command line and workers that encrypt.",
        )
    return fernet
