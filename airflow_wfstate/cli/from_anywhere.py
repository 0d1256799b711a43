"""The arguments of commands that also work with an api-server."""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE

from airflow_wfstate.cli.arg import Arg

ARG_SERVER: Final = Arg(
    ("--server",),
    metavar="URL",
    help="Use this api-server, with the token from login or WFSTATE_TOKEN (default: WFSTATE_SERVER, or else the "
    "metadata database of this machine's Airflow)",
)
ARG_CONN: Final = Arg(
    ("--conn",), metavar="CONN_ID", help="Use the api-server and the user of this Airflow connection of type wfstate"
)

FROM_ANYWHERE: Final = (ARG_SERVER, ARG_CONN, ARG_OUTPUT, ARG_VERBOSE)
"""The arguments that select the store and the output format."""
