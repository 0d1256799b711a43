"""``airflow wfstate downgrade``."""

# Airflow's database managers have no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.commands.person import check_agreed
from airflow_wfstate.cli.printing.rendering import print_rows, print_text


@database_command
def downgrade(arguments: Namespace, _: StateBackend) -> None:
    """Print what would be downgraded, ask for confirmation, and do it. With ``--plan``, only print."""
    from airflow.utils.session import create_session

    from airflow_wfstate.store.db_manager import WorkflowStateDBManager

    with create_session() as session:
        manager = WorkflowStateDBManager(session)
        taken_back = manager.plan_downgrade(arguments.to)
        print_rows([vars(each) for each in taken_back], "table")
        if arguments.plan:
            return
        check_agreed(arguments, f"Downgrade {len(taken_back)} revisions? Stop everything that uses the tables first.")
        manager.downgrade(arguments.to)
    print_text("Done. Install the older version before you start anything: airflow db migrate would upgrade again.")
