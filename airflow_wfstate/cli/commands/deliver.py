"""``airflow wfstate deliver``."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.commands.repeated import repeat
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows
from airflow_wfstate.domain.messages.outbox.delivery_report import DeliveryReport

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend


@database_command
def deliver(arguments: Namespace, store: DatabaseBackend) -> None:
    """Run one pass and print what it did. With ``--every``, repeat it until SIGINT or SIGTERM.

    In that case, only passes that sent something are printed.
    """
    if arguments.every is None:
        _print(store.deliver(), arguments.output)
    else:
        repeat(lambda: _print_unless_idle(store.deliver(), arguments.output), arguments.every)


def _print_unless_idle(report: DeliveryReport, output: str) -> None:
    if report.subscriptions:
        _print(report, output)


def _print(report: DeliveryReport, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(report), output)
    else:
        print_rows([vars(report)], output)
    sys.stdout.flush()
