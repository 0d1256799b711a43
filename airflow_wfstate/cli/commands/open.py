"""``airflow wfstate open``."""

from __future__ import annotations

from argparse import Namespace

from airflow.configuration import conf

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, print_for_programs, print_text
from airflow_wfstate.domain.rules.page_path import page_path


@command
def print_page_address(arguments: Namespace, store: StateBackend) -> None:
    """Print the URL of a workflow's page on a line by itself."""
    wanted = store.get_workflow(workflow_id(arguments.workflow, store), step_limit=0).summary.id
    base_url = store.server_url if isinstance(store, ApiBackend) else _configured_server()
    address = f"{base_url or _local_server()}{page_path(wanted)}"
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs({"workflow_id": wanted, "url": address}, arguments.output)
    else:
        print_text(address)
    if not base_url:
        print_text("[api] base_url is not set, so this URL works only on the api-server's own host.", is_error=True)


def _configured_server() -> str:
    return (conf.get("api", "base_url", fallback="") or "").rstrip("/")


def _local_server() -> str:
    return f"http://localhost:{conf.get('api', 'port', fallback='8080')}"
