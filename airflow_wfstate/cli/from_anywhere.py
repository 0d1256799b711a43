"""The arguments of commands that an api-server can carry out."""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE

from airflow_wfstate.cli.arg import Arg

ARG_SERVER: Final = Arg(
    ("--server",),
    metavar="URL",
    help="Ask this api-server, as the user of the token that login keeps or WFSTATE_TOKEN holds (default: "
    "WFSTATE_SERVER; without it the metadata database of this machine's Airflow)",
)
ARG_CONN: Final = Arg(
    ("--conn",), metavar="CONN_ID", help="Ask the api-server of this Airflow connection of type wfstate, as its user"
)

FROM_ANYWHERE: Final = (ARG_SERVER, ARG_CONN, ARG_OUTPUT, ARG_VERBOSE)
"""Which store is asked, and how its answer is printed."""
