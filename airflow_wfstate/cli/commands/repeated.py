"""Passes again and again, until a signal to end: ``--every`` of sweep and deliver."""

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
    """Make a pass, wait, and make the next one, whatever has become of it; SIGINT and SIGTERM end it between two.

    :param every: seconds from the end of one pass to the next.
    :raises InvalidRequest: that is no sensible number of seconds.
    """
    check_every(every)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.is_set():
        try:
            make_pass()
        except WorkflowStateError as error:  # the next pass may find the database again
            print_text(str(error), is_error=True)
        except Exception as error:  # whatever it is: the next pass finds what this one has left
            log.exception("A pass failed; the next one follows in %s seconds.", every)
            print_text(f"The pass failed: {type(error).__name__}: {error}", is_error=True)
        ended.wait(every)
