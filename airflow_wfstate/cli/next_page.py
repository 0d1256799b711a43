"""The command that prints the next page of a list: the same one, with the cursor."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace

from airflow_wfstate.cli.definition import DEFAULT_WORKFLOW_LIMIT

_OPTIONS = ("name", "key", "dag_id", "since")


def tell_next_page(arguments: Namespace, cursor: str | None) -> None:
    """Print the command on stderr, so that stdout holds the list alone; nothing when there is no further page."""
    if cursor is not None:
        print(f"There are more: {_command(arguments, cursor)}", file=sys.stderr)


def _command(arguments: Namespace, cursor: str) -> str:
    given = vars(arguments)
    words = ["airflow", "wfstate", arguments.subcommand]
    for option in _OPTIONS:
        if given.get(option) is not None:
            words += [f"--{option.replace('_', '-')}", given[option]]
    for state in given.get("state") or []:
        words += ["--state", state]
    if arguments.subcommand == "list" and given.get("stuck"):
        words.append("--stuck")
    if arguments.limit != DEFAULT_WORKFLOW_LIMIT:
        words += ["--limit", str(arguments.limit)]
    if arguments.output != "table":
        words += ["-o", arguments.output]
    return shlex.join([*words, "--cursor", cursor])
