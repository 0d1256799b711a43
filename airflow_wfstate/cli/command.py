"""What every command has in common: Airflow's settings, the store, and how errors end."""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from airflow.utils.cli import suppress_logs_and_warning
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.characters import shown_text
from airflow_wfstate.exceptions import WorkflowStateError

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend

Action: TypeAlias = "Callable[[Namespace], None]"


def command(body: Callable[[Namespace, DatabaseBackend], None]) -> Action:
    """Make an action of ``airflow`` from a function of the arguments and the store.

    An error of ours ends the process with exit code 1 and its text on stderr, without a traceback; so does, without a
    text, an output that nobody reads any more.
    """

    @suppress_logs_and_warning
    @providers_configuration_loaded
    @functools.wraps(body)
    def action(arguments: Namespace) -> None:
        try:
            conf.check_options()
            body(arguments, _open_store())
            sys.stdout.flush()
        except WorkflowStateError as error:
            raise SystemExit(shown_text(str(error), keep="\n")) from None
        except BrokenPipeError:
            # Who reads the output has ended, as `head` does. What is still buffered has nowhere to go (Python's docs,
            # "Note on SIGPIPE").
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None

    return action


def _open_store() -> DatabaseBackend:
    """The store in the metadata database of this ``airflow`` command."""
    from airflow import settings

    from airflow_wfstate.backends.database import DatabaseBackend

    return DatabaseBackend(settings.get_engine())  # type: ignore[no-untyped-call]  # Airflow does not annotate it
