"""One workflow whose mapped step has many items: our rows and Airflow's, as its tasks would have left them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import psycopg
from airflow.sdk import DAG, task
from psycopg import sql
from sqlalchemy import create_engine

from airflow_wfstate import CompensateWorkflowOperator, StartWorkflowOperator
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.policies import FailurePolicy
from demo.postgres import EmbeddedPostgres
from tests.support.airflow_rows import AirflowRows
from tests.support.serialized_dags import deploy, pin
from tests.support.world import World

DAG_ID: Final = "wide"
RELAY: Final = "compensate"
LEAF: Final = "report"

# A tenth of the items has failed (or is running), the others have an output of 1 kB. Each has two checkpoints.
_FILL: Final = (
    "CREATE TEMPORARY TABLE item AS SELECT n, uuidv7() AS step_id, uuidv7() AS task_id, %(first)s + 2 * n AS entry, "
    "CASE WHEN n %% 10 > 0 THEN 'succeeded' ELSE %(others)s END AS state FROM generate_series(0, %(items)s - 1) n",
    "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, try_number, max_tries, pool, pool_slots, "
    "state, span_status) SELECT task_id, %(dag_id)s, %(run_id)s, 'item', n, 1, 0, 'default_pool', 1, "
    "CASE state WHEN 'succeeded' THEN 'success' ELSE state END, 'not_started' FROM item",
    "INSERT INTO wfstate_step (id, workflow_id, participant, name, item_key, state, round, attempt, error, started_at, "
    "updated_at) SELECT step_id, %(workflow_id)s, %(dag_id)s, 'item', n, state, 1, 1, "
    "CASE state WHEN 'failed' THEN 'ValueError: no such item' END, now(), now() FROM item",
    "INSERT INTO wfstate_round (step_id, number, state, output, output_type, output_sha256) "
    "SELECT step_id, 1, state, CASE state WHEN 'succeeded' THEN %(value)s END, "
    "CASE state WHEN 'succeeded' THEN 'str' END, CASE state WHEN 'succeeded' THEN %(sha256)s END FROM item",
    "INSERT INTO wfstate_attempt (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, "
    "task_id, map_index, try_number, started_at, ended_at) SELECT step_id, 1, 1, state, 1, task_id, %(dag_id)s, "
    "%(run_id)s, 'item', n, 1, now(), CASE WHEN state <> 'running' THEN now() END FROM item",
    "INSERT INTO wfstate_checkpoint (step_id, round, name, value, value_type, value_sha256, attempt, saved_at) "
    "SELECT step_id, 1, name, %(value)s, 'str', %(sha256)s, 1, now() FROM item, (VALUES ('page'), ('total')) v (name)",
    "INSERT INTO wfstate_compensation (step_id, round, workflow_id, state, handler, compensate_when, max_attempts, "
    "attempts, dag_id, run_id, last_entry) SELECT step_id, 1, %(workflow_id)s, 'armed', 'task:item', 'attempted', 3, "
    "0, %(dag_id)s, %(run_id)s, CASE state WHEN 'running' THEN entry ELSE entry + 1 END FROM item",
    "INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, step_id, attempt, actor, data) "
    "SELECT %(workflow_id)s, entry + part, now(), CASE part WHEN 0 THEN 'step.began' ELSE 'step.' || state END, "
    "'wide.item[' || n || ']', step_id, 1, 'task:wide/' || %(run_id)s || '/item[' || n || ']', '{\"round\":1}' "
    "FROM item, generate_series(0, 1) part WHERE part = 0 OR state <> 'running'",
    "UPDATE wfstate_workflow SET journal_count = %(first)s + 2 * %(items)s, version = %(first)s + 2 * %(items)s "
    "WHERE id = %(workflow_id)s",
    "UPDATE wfstate_run SET relay_task_id = 'compensate' WHERE workflow_id = %(workflow_id)s",
    "DROP TABLE item",
)
_FAIL: Final = (
    "UPDATE wfstate_workflow SET state = 'failed', error = 'Step item failed', state_changed_at = now(), "
    "hold_reason = 'Its policy is to hold.', forward_ended_at = now() WHERE id = %(workflow_id)s",
    "UPDATE wfstate_run SET clears_at_failure = 0 WHERE workflow_id = %(workflow_id)s",
)


@dataclass(frozen=True)
class WideWorkflow:
    """A workflow with one mapped step.

    :param relay: the task instance of its relay, which is running unless items are still running.
    """

    workflow_id: str
    run_id: str
    relay: str


class WideWorkflows:
    """Creates wide workflows in a migrated database.

    :param database: the name of the database on the server.
    """

    def __init__(self, postgres: EmbeddedPostgres, database: str) -> None:
        self._url = postgres.url(database)
        self.engine = create_engine(postgres.url(database, "psycopg2"))
        deploy(self.engine, _dag())

    def add(self, items: int, *, running: bool = False) -> WideWorkflow:
        """Insert a failed workflow in which a tenth of the items has failed.

        :param running: whether that tenth is running instead, in a run that has not ended.
        """
        rows = AirflowRows(self.engine)
        run_id = rows.add_run(DAG_ID)
        world = World(DatabaseBackend(self.engine), rows)
        started = world.start(run_id, dag_id=DAG_ID, name=DAG_ID, plan=["item"], on_failure=FailurePolicy.HOLD)
        self._fill(started.workflow.id, run_id, items, "running" if running else "failed")
        rows.add_task(DAG_ID, run_id, LEAF, state=None if running else "upstream_failed")
        relay = rows.add_task(DAG_ID, run_id, RELAY, state=None if running else "running")
        if not running:
            rows.set_run_state(DAG_ID, run_id, "failed")
        pin(self.engine, DAG_ID, run_id)
        return WideWorkflow(started.workflow.id, run_id, relay)

    def _fill(self, workflow_id: str, run_id: str, items: int, others: str) -> None:
        value = f'"{"x" * 998}"'
        given = {
            "workflow_id": workflow_id,
            "run_id": run_id,
            "dag_id": DAG_ID,
            "items": items,
            "others": others,
            "value": value,
            "sha256": "0" * 64,
        }
        with psycopg.connect(self._url, autocommit=True) as connection:
            found = connection.execute("SELECT journal_count FROM wfstate_workflow WHERE id = %s", (workflow_id,))
            (first,) = found.fetchone() or (0,)
            # Literals instead of parameters, because a name appears in several places with different types.
            for statement in (*_FILL, *(() if others == "running" else _FAIL)):
                named = {name: sql.Literal(value) for name, value in {**given, "first": first + 1}.items()}
                connection.execute(_composed(statement, named))
            connection.execute("VACUUM ANALYZE")


def _composed(statement: str, given: dict[str, sql.Literal]) -> sql.Composed:
    """The statement with literals in place of ``%(name)s``."""
    text = statement.replace("{", "{{").replace("}", "}}").replace("%%", "%")
    for name in given:
        text = text.replace(f"%({name})s", f"{{{name}}}")
    return sql.SQL(text).format(**given)  # type: ignore[arg-type]  # a constant of this file, whatever mypy sees


def _dag() -> DAG:
    """A start, a mapped step that can be undone, a task that needs all its items, and the relay."""
    with DAG(DAG_ID, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:

        @task.step(task_id="item", compensate=_undo)
        def work(number: int) -> str:
            return str(number)

        @task(task_id=LEAF)
        def report() -> None:
            """Needs all items."""

        start = StartWorkflowOperator(task_id="start", name=DAG_ID, key="{{ run_id }}")
        start >> work.expand(number=[1, 2, 3]) >> report() >> CompensateWorkflowOperator(task_id=RELAY)
    dag.validate()
    return dag


def _undo(output: str) -> None:
    """Undo an item."""
