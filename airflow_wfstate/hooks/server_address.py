"""Build the api-server's URL from the fields of an Airflow connection."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from airflow_wfstate.exceptions import InvalidRequest

if TYPE_CHECKING:
    from airflow.sdk import Connection


def server_url(connection: Connection) -> str:
    """The URL, without a trailing slash.

    The host may be a URL with a path (``https://example.com/airflow``) or a bare host, including an IPv6 address with
    or without brackets. The connection's scheme and port fields supply what it leaves out.

    :raises InvalidRequest: there is no host, or the fields do not form a URL.
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
            f"The host of the Airflow connection {connection.conn_id!r} contains a login.",
            "Put the login and password into their own fields.",
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise _no_url(connection, "it names no host" if not parts.hostname else "it has a query or a fragment")
    if port and connection.port and port != connection.port:
        raise _no_url(connection, f"its port is {port}, but the connection's port field is {connection.port}")
    return _assembled(parts, port or connection.port)


def _bracketed(host: str) -> str:
    """A bare host, with the brackets that a URL needs around an IPv6 address."""
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
        f"The host {str(connection.host)[:200]!r} of the Airflow connection {connection.conn_id!r} is not a valid URL: "
        f"{complaint}.",
        "Give the api-server's URL, for instance https://airflow.example.com/path, or a bare host with the scheme and "
        "port in their own fields.",
    )
