"""``--code`` of the command line."""

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.domain.code import Code


def code(arguments: Namespace) -> Code | None:
    """Which code was asked for; None when none was."""
    return None if arguments.code is None else Code(arguments.code)
