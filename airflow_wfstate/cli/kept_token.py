"""Keep tokens of api-servers in the keyring of the user's desktop, if there is one."""

from __future__ import annotations

from importlib import import_module
from typing import Final, Protocol, cast

_SERVICE: Final = "airflow wfstate"


class _Keyring(Protocol):
    """The parts of the keyring library that we use. It does not have to be installed."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...


def kept_token(server: str) -> str | None:
    """The token that was kept for a server; None if there is none, or no keyring."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        return keyring.get_password(_SERVICE, server)
    except Exception:  # the many backends can raise anything; without one, the token comes from the environment
        return None


def keep_token(server: str, token: str) -> bool:
    """Keep the token of a server; False if there is no working keyring."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, server, token)
    except Exception:  # as above
        return False
    return True


def _keyring() -> _Keyring | None:
    try:
        return cast("_Keyring", import_module("keyring"))
    except ImportError:
        return None
