"""Who sits at the command line, and whether they agree."""

from __future__ import annotations

import getpass
from argparse import Namespace

from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.exceptions import InvalidRequest


def actor() -> str:
    """How the journal names the person at the command line: ``cli:`` and the user of the operating system."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "cli:unknown"


def check_agreed(arguments: Namespace, question: str) -> None:
    """Ask the person on stderr, unless ``--yes`` was given.

    :raises InvalidRequest: the answer is not yes, or there is nobody to ask.
    """
    if arguments.yes:
        return
    print_text(f"{question} [y/N] ", end="", is_error=True)
    try:
        answer = input()
    except EOFError:
        raise InvalidRequest(
            "Nobody answered, so nothing was changed.", "Add --yes where nobody can be asked."
        ) from None
    if answer.strip().lower() not in ("y", "yes"):
        raise InvalidRequest("Nothing was changed.")
