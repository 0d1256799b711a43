"""What a client says when an api-server of another version does not understand its request.

Each answer of a server carries its version. A request that it understands, and refuses, has nothing to do with it.
"""

from __future__ import annotations

from typing import Final

from airflow_wfstate.version import __version__

VERSION_HEADER: Final = "Wfstate-Version"
"""The header of an answer that tells the server's version of this package. Servers of 0.1.0 send none."""

DESCRIPTION: Final = "/wfstate/v1/openapi.json"
"""Where an API describes itself: named in the remedy of an error alone that is about the form of a request."""


def about_versions(told: str | None) -> str:
    """A sentence about two versions that differ, with a space before it; empty when they are the same.

    :param told: the server's version, as its header tells it; None when it has none.
    """
    if told == __version__:
        return ""
    server = "an older version" if told is None else f"version {told}"
    return (
        f" The api-server has {server} of airflow-provider-wfstate, and this process {__version__}: what one of them "
        "does not know yet works when both have the newer one. Upgrade the api-servers before the workers."
    )


def other_version(remedy: str, told: str | None) -> str:
    """What is to be added to a server's remedy; empty unless the versions may be why it refused a request.

    :param remedy: of the server's error.
    :param told: as of :func:`about_versions`.
    """
    return about_versions(told) if DESCRIPTION in remedy else ""
