"""``airflow wfstate deliver``."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from argparse import Namespace
from typing import TYPE_CHECKING

from airflow_wfstate.cli.arguments import check_every
from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.domain.messages.outbox.delivery_report import DeliveryReport
from airflow_wfstate.exceptions import WorkflowStateError

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend

log = logging.getLogger(__name__)


@database_command
def deliver(arguments: Namespace, store: DatabaseBackend) -> None:
    """Make one pass and print what it did; with ``--every`` a pass again and again, until a signal to end.

    Then only passes that sent something are printed.
    """
    if arguments.every is None:
        _print(store.deliver(), arguments.output)
        return
    check_every(arguments.every)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.is_set():
        try:
            report = store.deliver()
            if report.subscriptions:
                _print(report, arguments.output)
        except WorkflowStateError as error:  # the next pass may find the database again
            print_text(str(error), is_error=True)
        except Exception as error:  # whatever it is: the next pass finds what this one has left
            log.exception("A pass failed; the next one follows in %s seconds.", arguments.every)
            print_text(f"The pass failed: {type(error).__name__}: {error}", is_error=True)
        ended.wait(arguments.every)


def _print(report: DeliveryReport, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(report), output)
    else:
        print_rows([vars(report)], output)
    sys.stdout.flush()
