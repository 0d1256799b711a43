"""The columns of Airflow's own tables that the store reads: light copies that avoid loading Airflow's ORM.

Tested with 3.2.2 and 3.3.2; tests/store/test_airflow_tables.py compares them with the models of the installed Airflow.
"""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text, Uuid

START_OPERATOR: Final = "StartWorkflowOperator"
"""What Airflow stores as the operator of a task that starts a workflow."""

airflow_metadata: Final = MetaData()

task_instance: Final = Table(
    "task_instance",
    airflow_metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("dag_id", String(250)),
    Column("run_id", String(250)),
    Column("task_id", String(250)),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("state", String(20)),
    Column("operator", String(1000)),
    Column("start_date", UtcDateTime),
    Column("end_date", UtcDateTime),
    Column("updated_at", UtcDateTime),
    Column("trigger_id", Integer),
    Column("scheduled_dttm", UtcDateTime),
    Column("queued_dttm", UtcDateTime),
    Column("hostname", String(1000)),
    Column("last_heartbeat_at", UtcDateTime),
    Column("duration", Float),
    Column("pool", String(256)),
    Column("pool_slots", Integer),
    Column("dag_version_id", Uuid(as_uuid=False)),
)

xcom: Final = Table(
    "xcom",
    airflow_metadata,
    Column("dag_id", String(250)),
    Column("run_id", String(250)),
    Column("task_id", String(250)),
    Column("map_index", Integer),
    Column("key", String(512)),
)

task_instance_history: Final = Table(
    "task_instance_history",
    airflow_metadata,
    Column("task_instance_id", Uuid(as_uuid=False), primary_key=True),
    Column("dag_id", String(250)),
    Column("run_id", String(250)),
    Column("task_id", String(250)),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("state", String(20)),
    Column("end_date", UtcDateTime),
    Column("queued_dttm", UtcDateTime),
    Column("hostname", String(1000)),
)

dag_run: Final = Table(
    "dag_run",
    airflow_metadata,
    Column("id", Integer, primary_key=True),
    Column("dag_id", String(250)),
    Column("run_id", String(250)),
    Column("state", String(50)),
    Column("clear_number", Integer),
    Column("bundle_version", String(250)),
    Column("triggered_by", String(50)),
    Column("created_dag_version_id", Uuid(as_uuid=False)),
    Column("created_at", UtcDateTime),
    Column("queued_at", UtcDateTime),
    Column("start_date", UtcDateTime),
    Column("end_date", UtcDateTime),
)

dag_version: Final = Table(
    "dag_version",
    airflow_metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("dag_id", String(250)),
    Column("version_number", Integer),
)

dag: Final = Table(
    "dag",
    airflow_metadata,
    Column("dag_id", String(250), primary_key=True),
    Column("is_paused", Boolean),
    Column("owners", String(2000)),
    Column("max_active_runs", Integer),
)

slot_pool: Final = Table(
    "slot_pool",
    airflow_metadata,
    Column("id", Integer, primary_key=True),
    Column("pool", String(256)),
    Column("slots", Integer),
)

job: Final = Table(
    "job",
    airflow_metadata,
    Column("id", Integer, primary_key=True),
    Column("job_type", String(30)),
    Column("state", String(20)),
    Column("latest_heartbeat", UtcDateTime),
)

audit_log: Final = Table(
    "log",
    airflow_metadata,
    Column("id", Integer, primary_key=True),
    Column("dttm", UtcDateTime),
    Column("dag_id", String(250)),
    Column("run_id", String(250)),
    Column("task_id", String(250)),
    Column("event", String(60)),
    Column("owner", String(500)),
    Column("extra", Text),
)
"""What users did, recorded by the api-server. A worker's role may not read it: see ``audit.is_readable``."""

REMOVED: Final = "removed"
"""The state of a task instance that its DAG or its expanded list no longer contains."""

FINISHED_TASK_STATES: Final = ("success", "failed", "skipped", "upstream_failed", REMOVED)
"""The task instance is over. In any other state its process may be running, or may still run, under the same id."""

UNFINISHED_RUN_STATES: Final = ("queued", "running")
