"""What a client adds to an error when an api-server of another version does not understand its request.

Every response carries the server's version. The version is not to blame when the server understands a request and
refuses it.
"""

from __future__ import annotations

from typing import Final

from airflow_wfstate.version import __version__

VERSION_HEADER: Final = "Wfstate-Version"
"""The response header with the server's version of this package. Servers of version 0.1.0 do not send it."""

DESCRIPTION: Final = "/wfstate/v1/openapi.json"
"""Where the API describes itself. Only errors about the form of a request mention it in their remedy."""


def about_versions(told: str | None) -> str:
    """A sentence about two versions that differ, with a leading space; empty if they are the same.

    :param told: the server's version from its header; None if it sent none.
    """
    if told == __version__:
        return ""
    server = "an older version" if told is None else f"version {told}"
    return (
        f" The api-server has {server} of airflow-provider-wfstate, this process has {__version__}. "
        "Install the newer version on both. Upgrade the api-servers before the workers."
    )


def other_version(remedy: str, told: str | None) -> str:
    """What to add to a server's remedy; empty unless the versions may be why it refused the request.

    :param remedy: the remedy of the server's error.
    :param told: as for :func:`about_versions`.
    """
    return about_versions(told) if DESCRIPTION in remedy else ""
