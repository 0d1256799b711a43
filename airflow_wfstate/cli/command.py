"""What all commands share: Airflow's settings, the store, and how errors end the process."""

from __future__ import annotations

import functools
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from airflow.utils.cli import suppress_logs_and_warning
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from airflow_wfstate import conf
from airflow_wfstate.cli.printing.encoding import escape_what_is_not_encodable
from airflow_wfstate.cli.server import SERVER_VARIABLE, open_server
from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.exceptions import WorkflowStateError

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend
    from airflow_wfstate.backends.database_lists import DatabaseLists
    from airflow_wfstate.backends.state_backend import StateBackend
    from airflow_wfstate.domain.messages.workflow import WorkflowPage
    from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery


class Lists(Protocol):
    """Anything that lists workflows: every backend, and the light DatabaseLists."""

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """See ``StateBackend.list_workflows``."""
        ...


Action: TypeAlias = "Callable[[Namespace], None]"


def command(body: Callable[[Namespace, StateBackend], None]) -> Action:
    """Make an ``airflow`` action from a function of the arguments and the store.

    The store is the metadata database of this machine's Airflow, or an api-server that is named in the arguments or the
    environment (:mod:`airflow_wfstate.cli.server`).

    One of our errors ends the process with exit code 1 and its text on stderr, without a traceback. If nobody reads the
    output any more (``| head``), the process ends with SIGPIPE, like ``cat``. After Ctrl-C it exits with code 130.
    """
    return _action(lambda arguments: body(arguments, open_server(arguments) or open_store()))


def database_command(body: Callable[[Namespace, DatabaseBackend], None]) -> Action:
    """Like :func:`command`, for commands that need the metadata database itself and ignore a named api-server."""

    @functools.wraps(body)
    def run(arguments: Namespace) -> None:
        if os.environ.get(SERVER_VARIABLE):
            from airflow_wfstate.cli.printing.rendering import print_text

            text = f"{arguments.subcommand} works on the metadata database of this machine's Airflow"
            print_text(f"{text}; {SERVER_VARIABLE} is ignored.", is_error=True)
        body(arguments, open_store())

    return _action(run)


def local_command(body: Callable[[Namespace], None]) -> Action:
    """Like :func:`command`, for a function that needs no store."""
    return _action(body)


def listing_command(body: Callable[[Namespace, Lists], None]) -> Action:
    """Like :func:`command`, for a function that only lists workflows. Such a command starts faster."""
    return _action(lambda arguments: body(arguments, open_server(arguments) or open_lists()))


def open_store() -> DatabaseBackend:
    """The store in the metadata database of this ``airflow`` command."""
    from airflow import settings

    from airflow_wfstate.backends.database import DatabaseBackend

    return DatabaseBackend(settings.get_engine())  # type: ignore[no-untyped-call]  # Airflow does not annotate it


def open_lists() -> DatabaseLists:
    """The lists of workflows in the metadata database of this ``airflow`` command."""
    from airflow import settings

    from airflow_wfstate.backends.database_lists import DatabaseLists

    return DatabaseLists(settings.get_engine())  # type: ignore[no-untyped-call]  # as above


def _action(body: Callable[[Namespace], None]) -> Action:
    @suppress_logs_and_warning
    @providers_configuration_loaded
    @functools.wraps(body)
    def action(arguments: Namespace) -> None:
        escape_what_is_not_encodable(sys.stdout)
        try:
            conf.check_options()
            body(arguments)
            sys.stdout.flush()
        except WorkflowStateError as error:
            raise SystemExit(shown_text(str(error), keep="\n")) from None
        except BrokenPipeError:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores SIGPIPE and raises this error instead
            os.kill(os.getpid(), signal.SIGPIPE)
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None

    return action
