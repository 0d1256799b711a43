"""Run the sweep every minute, for an Airflow where nobody opens the page and nothing else calls the api-server.

It calls the api-server through the connection ``wfstate_default`` (type ``wfstate``), whose user must be allowed to
edit DAG runs. The DAG is paused when it is created: define the connection, then unpause it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.exceptions import AccessDenied, WorkflowStateError
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook

log = logging.getLogger(__name__)


@dag(
    schedule=timedelta(minutes=1),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    is_paused_upon_creation=True,
    tags=["wfstate"],
)
def wfstate_maintenance() -> None:
    @task(retries=0)  # the next run comes in a minute
    def sweep() -> None:
        try:
            report = WorkflowStateHook().get_conn().sweep()
        except AccessDenied as error:
            raise AirflowFailException(
                f"{error} The sweep needs the Airflow connection wfstate_default of type wfstate, with a user who is "
                "allowed to edit DAG runs."
            ) from error
        except WorkflowStateError as error:
            raise AirflowFailException(str(error)) from error
        log.info("%s", report if report.swept else "Another sweep is already running: nothing to do.")

    sweep()


wfstate_maintenance()
