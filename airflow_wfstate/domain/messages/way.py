"""How a user's request came in."""

from __future__ import annotations

from enum import Enum


class Way(str, Enum):
    """How a user's request came in, which the journal records with the actor.

    ``ui``: the page. ``cli``: the command line. ``api``: the stable HTTP API.
    """

    UI = "ui"
    CLI = "cli"
    API = "api"
