"""The user of the command line, and their confirmation."""

from __future__ import annotations

import getpass
from argparse import Namespace

from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.exceptions import InvalidRequest


def actor() -> str:
    """The journal's name for the user of the command line: ``cli:`` and the operating system's user name."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run under a user id without a name
        return "cli:unknown"


def check_agreed(arguments: Namespace, question: str) -> None:
    """Ask for confirmation on stderr, unless ``--yes`` was given.

    :raises InvalidRequest: the answer is not yes, or nobody can answer.
    """
    if arguments.yes:
        return
    print_text(f"{question} [y/N] ", end="", is_error=True)
    try:
        answer = input()
    except EOFError:
        raise InvalidRequest(
            "Nobody answered, so nothing was changed.", "Add --yes to skip the confirmation prompt."
        ) from None
    if answer.strip().lower() not in ("y", "yes"):
        raise InvalidRequest("Nothing was changed.")
