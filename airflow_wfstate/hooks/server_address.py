"""The api-server's URL from the fields of an Airflow connection."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from airflow_wfstate.exceptions import InvalidRequest

if TYPE_CHECKING:
    from airflow.sdk import Connection


def server_url(connection: Connection) -> str:
    """The URL, without a slash at the end.

    The host may be a URL with a path (``https://example.com/airflow``), or a bare host, also an IPv6 address with or
    without brackets; scheme and port have fields of their own for what it does not name.

    :raises InvalidRequest: there is no host, or the fields make no URL.
    """
    host = (connection.host or "").strip()
    if not host:
        raise InvalidRequest(
            f"The Airflow connection {connection.conn_id!r} has no host.",
            "Give it the api-server's URL, for instance https://airflow.example.com.",
        )
    text = host if "://" in host else f"{connection.schema or 'http'}://{_bracketed(host)}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _no_url(connection, str(error)) from error
    if parts.scheme.lower() not in ("http", "https"):
        raise _no_url(connection, f"its scheme is {parts.scheme!r}")
    if "@" in parts.netloc:
        raise InvalidRequest(
            f"The host of the Airflow connection {connection.conn_id!r} holds a login.",
            "Put login and password into the fields of their own.",
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise _no_url(connection, "it names no host" if not parts.hostname else "it has a query or a fragment")
    if port and connection.port and port != connection.port:
        raise _no_url(connection, f"its port is {port}, and the connection's field says {connection.port}")
    return _assembled(parts, port or connection.port)


def _bracketed(host: str) -> str:
    """A bare host with the brackets that a URL wants around an IPv6 address."""
    address, slash, path = host.partition("/")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return host
    return f"[{address}]{slash}{path}"


def _assembled(parts: SplitResult, port: int | None) -> str:
    host = parts.hostname or ""
    netloc = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{netloc}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _no_url(connection: Connection, complaint: str) -> InvalidRequest:
    return InvalidRequest(
        f"The host {str(connection.host)[:200]!r} of the Airflow connection {connection.conn_id!r} is no URL: "
        f"{complaint}.",
        "Give the api-server's URL, for instance https://airflow.example.com/path, or a bare host with scheme and port "
        "in the fields of their own.",
    )
