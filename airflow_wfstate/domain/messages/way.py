"""Which way a person's wish came."""

from __future__ import annotations

from enum import Enum


class Way(str, Enum):
    """Which way: the journal tells it beside the actor.

    ``ui``: the page; ``cli``: the command line; ``api``: the stable HTTP interface.
    """

    UI = "ui"
    CLI = "cli"
    API = "api"
