"""What every command has in common: Airflow's settings, the store, and how errors end."""

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
    """What lists workflows: every way to the store, and a light one to the database."""

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """See ``StateBackend.list_workflows``."""
        ...


Action: TypeAlias = "Callable[[Namespace], None]"


def command(body: Callable[[Namespace, StateBackend], None]) -> Action:
    """Make an action of ``airflow`` from a function of the arguments and the store.

    The store is the metadata database of this machine's Airflow, or an api-server that the arguments or the environment
    name (:mod:`airflow_wfstate.cli.server`).

    An error of ours ends the process with exit code 1 and its text on stderr, without a traceback. When nobody reads
    the output any more (``| head``) the process ends by SIGPIPE, as ``cat`` does; and after Ctrl-C with exit code 130.
    """
    return _action(lambda arguments: body(arguments, open_server(arguments) or open_store()))


def database_command(body: Callable[[Namespace, DatabaseBackend], None]) -> Action:
    """As :func:`command`, of what only the metadata database's own machine can do: a named api-server is not asked."""

    @functools.wraps(body)
    def run(arguments: Namespace) -> None:
        if os.environ.get(SERVER_VARIABLE):
            from airflow_wfstate.cli.printing.rendering import print_text

            text = f"{arguments.subcommand} works on the metadata database of this machine's Airflow: {SERVER_VARIABLE}"
            print_text(f"{text} is not asked.", is_error=True)
        body(arguments, open_store())

    return _action(run)


def local_command(body: Callable[[Namespace], None]) -> Action:
    """As :func:`command`, of a function that asks no store."""
    return _action(body)


def listing_command(body: Callable[[Namespace, Lists], None]) -> Action:
    """As :func:`command`, of a function that asks for lists of workflows alone: such a command starts sooner."""
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
        try:
            conf.check_options()
            body(arguments)
            sys.stdout.flush()
        except WorkflowStateError as error:
            raise SystemExit(shown_text(str(error), keep="\n")) from None
        except BrokenPipeError:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and raises this error instead
            os.kill(os.getpid(), signal.SIGPIPE)
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None

    return action
