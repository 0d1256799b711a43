"""``airflow wfstate restart``."""

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.resume_command import set_going


@command
def restart_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what the restart will do, ask, and do it. With ``--plan`` only print."""
    set_going(arguments, store, from_step=arguments.from_step)
