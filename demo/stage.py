"""What the scenarios work with: Airflow, the workflow state, the warehouse, and ways to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
import psycopg

from demo.client import AirflowClient, Json, Refused
from demo.running import RunningAirflow

DAGS = ("order_intake", "order_fulfilment", "load_airports", "choreographed_order")

Found = TypeVar("Found")


class NotHeld(AssertionError):
    """A scenario did not end as expected; the message says what was found instead."""


@dataclass(frozen=True)
class Stage:
    """What a scenario works with.

    :param warehouse_url: a libpq URL of the database that the DAG load_airports loads into.
    :param look: called repeatedly while a scenario waits, to show progress.
    :param label: part of every key and run id, so that a second story in the same Airflow uses different ones.
    """

    airflow: RunningAirflow
    client: AirflowClient
    warehouse_url: str
    look: Callable[[], None]
    label: str

    def wait_for(
        self, what: str, find: Callable[[], Found | None], timeout_seconds: float = 150, pause_seconds: float = 0.4
    ) -> Found:
        """Call ``find`` until it returns something other than None or False, and return that.

        A request that times out, because the machine is busy, is repeated.

        :raises NotHeld: the timeout has passed.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                found = find()
            except httpx.TimeoutException:
                found = None
            if found is not None and found is not False:
                return found
            if time.monotonic() > deadline:
                raise NotHeld(f"Gave up after waiting {timeout_seconds:.0f} seconds for {what}. {self._condition()}")
            self.look()
            time.sleep(pause_seconds)

    def _condition(self) -> str:
        """What Airflow was at, for the message of a wait that has ended: what is unhealthy, and what is unfinished."""
        if unhealthy := self.airflow.unhealthy_parts():
            return f"Unhealthy: {', '.join(unhealthy)}."
        try:
            tasks = [f"{task['dag_id']}.{task['task_id']} {task['state']}" for task in self.client.unfinished_tasks()]
        except (Refused, httpx.TransportError) as error:
            return f"The tasks could not be listed: {error}"
        return f"All components are healthy; unfinished tasks: {', '.join(tasks) or 'none'}."

    def sweep(self) -> None:
        """Run a whole pass of the sweep, after any pass that the api-server is already running.

        :raises NotHeld: the other pass does not end in time.
        """
        self.wait_for("the sweep to be free", lambda: self.client.sweep()["swept"], pause_seconds=0.1)

    def wait_for_dags(self) -> None:
        """Wait until Airflow has parsed the DAGs of the story.

        :raises NotHeld: a DAG file has an import error, or the timeout has passed.
        """

        def parsed() -> bool:
            if errors := self.client.import_errors():
                raise NotHeld("Airflow cannot import a DAG:\n" + "\n".join(errors))
            return all(self.client.has_dag(dag_id) for dag_id in DAGS)

        self.wait_for("Airflow to parse the DAGs", parsed)

    def wait_for_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Wait until a run has ended.

        :raises NotHeld: it ended in another state, or the timeout has passed.
        """

        def ended() -> str | None:
            now = self.client.run_state(dag_id, run_id)
            return now if now in ("success", "failed") else None

        found = self.wait_for(f"the run {run_id} of {dag_id} to end", ended)
        check(found == state, f"The run {run_id} of {dag_id} ended in state {found}, not {state}.")

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run as failed and delete it; its DAG is paused meanwhile.

        The scheduler of Airflow 3.3.2 ends when a run that it is scheduling is deleted (SQLAlchemy's
        ObjectDeletedError), and ``airflow standalone`` does not start it again. It leaves alone the runs of a DAG that
        was paused before its current loop.
        """
        self.client.pause(dag_id)
        before = self.client.scheduler_heartbeat()
        self.wait_for("the end of the scheduler's loop", lambda: self.client.scheduler_heartbeat() != before)
        self.client.fail_run(dag_id, run_id)
        self.client.delete_run(dag_id, run_id)
        self.client.unpause(dag_id)

    def workflow(self, name: str, key: str) -> Json | None:
        """Return the newest workflow with a name and key, with its steps; None when there is none."""
        found = self.client.workflows(name=name, key=key)
        return self.client.workflow(found[0]["id"]) if found else None

    def wait_for_workflow(self, name: str, key: str, state: str) -> Json:
        """Wait until a workflow is in a state, and return it with its steps."""

        def reached() -> Json | None:
            workflow = self.workflow(name, key)
            return workflow if workflow and workflow["summary"]["state"] == state else None

        return self.wait_for(f"the workflow {name}/{key} to be {state}", reached)

    def airports(self) -> tuple[int, int]:
        """How many rows the warehouse's airports table has, and how many distinct ones; zeros without a table."""
        with psycopg.connect(self.warehouse_url) as warehouse:
            if warehouse.execute("SELECT to_regclass('airports')").fetchone() == (None,):
                return 0, 0
            found = warehouse.execute("SELECT count(*), count(DISTINCT iata) FROM airports").fetchone()
            return found or (0, 0)


def check(holds: bool, otherwise: str) -> None:
    """Check that something is true.

    :raises NotHeld: it is not; ``otherwise`` is the message.
    """
    if not holds:
        raise NotHeld(otherwise)
