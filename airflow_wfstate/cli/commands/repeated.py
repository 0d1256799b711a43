"""Repeat passes until SIGINT or SIGTERM: ``--every`` of sweep and deliver."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

from airflow_wfstate.cli.arguments import check_every
from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.exceptions import WorkflowStateError

log = logging.getLogger(__name__)


def repeat(make_pass: Callable[[], None], every: int) -> None:
    """Run a pass, wait, and run the next one, even if a pass fails. SIGINT and SIGTERM end it between two passes.

    :param every: seconds from the end of one pass to the next.
    :raises InvalidRequest: the number of seconds is out of range.
    """
    check_every(every)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.is_set():
        try:
            make_pass()
        except WorkflowStateError as error:  # the database may be back for the next pass
            print_text(str(error), is_error=True)
        except Exception as error:  # whatever happened, the next pass finds what this one left
            log.exception("A pass failed; the next one follows in %s seconds.", every)
            print_text(f"The pass failed: {type(error).__name__}: {error}", is_error=True)
        ended.wait(every)
