"""Our light copies of Airflow's tables agree with the models of the installed Airflow."""

from __future__ import annotations

import pytest
from airflow.jobs.job import Job
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.state import State, TaskInstanceState
from sqlalchemy import Table

from airflow_wfstate.store.database import airflow_tables


@pytest.mark.parametrize(
    ("copy", "model"),
    [
        (airflow_tables.task_instance, TaskInstance),
        (airflow_tables.task_instance_history, TaskInstanceHistory),
        (airflow_tables.dag_run, DagRun),
        (airflow_tables.dag_version, DagVersion),
        (airflow_tables.dag, DagModel),
        (airflow_tables.slot_pool, Pool),
        (airflow_tables.job, Job),
        (airflow_tables.audit_log, Log),
    ],
)
def test_columns_exist_with_the_same_kind_of_type(copy: Table, model: type[TaskInstance]) -> None:
    original = model.__table__
    assert copy.name == original.name
    for column in copy.columns:
        assert column.name in original.c
        theirs = getattr(original.c[column.name].type, "impl", original.c[column.name].type)
        ours = getattr(column.type, "impl", column.type)
        assert ours._type_affinity is theirs._type_affinity, column


def test_finished_states_are_those_of_airflow() -> None:
    finished = {state.value for state in State.finished if state is not None}
    assert finished == set(airflow_tables.FINISHED_TASK_STATES)
    assert TaskInstanceState.UP_FOR_RETRY.value not in airflow_tables.FINISHED_TASK_STATES
