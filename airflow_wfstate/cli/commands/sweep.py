"""``airflow wfstate sweep``."""

from __future__ import annotations

import sys
from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.commands.repeated import repeat
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.domain.messages.sweep_report import SweepReport


@database_command
def sweep(arguments: Namespace, store: StateBackend) -> None:
    """Run one pass and print what it did. With ``--every``, repeat it until SIGINT or SIGTERM."""
    if arguments.every is None:
        _print(store.sweep(), arguments.output)
    else:
        repeat(lambda: _print(store.sweep(), arguments.output), arguments.every)


def _print(report: SweepReport, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(report), output)
    else:
        print_rows([vars(report)], output)
    if not report.swept:
        print_text("Another sweep is in progress, so nothing was done.", is_error=True)
    sys.stdout.flush()
