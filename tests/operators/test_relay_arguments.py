"""The relay takes from default_args only what suits it: nothing that would interrupt an undo or prevent it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.sdk import DAG, TaskGroup

from airflow_wfstate import CompensateWorkflowOperator, StartWorkflowOperator

pytestmark = pytest.mark.filterwarnings("ignore:Setting email")


def told(context: Any) -> None: ...


OF_THE_TEAM: dict[str, Any] = {
    "retries": 0,
    "retry_delay": timedelta(hours=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(hours=9),
    "execution_timeout": timedelta(seconds=2),
    "trigger_rule": "none_failed",
    "depends_on_past": True,
    "wait_for_downstream": True,
    "max_active_tis_per_dag": 1,
    "max_active_tis_per_dagrun": 1,
    "do_xcom_push": False,
    "weight_rule": "upstream",
    "pool_slots": 4,
    "allow_nested_operators": False,
    "end_date": datetime(2020, 1, 1, tzinfo=timezone.utc),
    "owner": "payments",
    "email": "payments@example.com",
    "on_failure_callback": told,
    "queue": "eu",
    "pool": "payments",
    "priority_weight": 7,
    "executor_config": {"cpu": 2},
    "run_as_user": "payments",
}


def _check_only_what_suits(relay: CompensateWorkflowOperator) -> None:
    assert (relay.owner, relay.email, relay.queue, relay.pool) == ("payments", "payments@example.com", "eu", "payments")
    assert (relay.priority_weight, relay.executor_config, relay.run_as_user) == (7, {"cpu": 2}, "payments")
    assert list(relay.on_failure_callback) == [told]
    assert (relay.retries, relay.retry_delay) == (2, timedelta(seconds=5))
    assert (relay.retry_exponential_backoff, relay.max_retry_delay) == (0, None)
    assert relay.execution_timeout is None
    assert (relay.depends_on_past, relay.wait_for_downstream) == (False, False)
    assert (relay.max_active_tis_per_dag, relay.max_active_tis_per_dagrun, relay.pool_slots) == (None, None, 1)
    assert relay.do_xcom_push
    assert relay.allow_nested_operators
    assert relay.end_date is None
    assert relay.trigger_rule == "all_done_setup_success"
    assert relay.is_teardown


def test_default_args_of_the_dag() -> None:
    with DAG("d", schedule=None, default_args=OF_THE_TEAM):
        start = StartWorkflowOperator(task_id="start", name="n", key="k")
        relay = CompensateWorkflowOperator(task_id="relay")
    _check_only_what_suits(relay)
    assert start.execution_timeout == timedelta(seconds=2), "other tasks take what they are given"


def test_default_args_of_a_task_group_and_of_the_relay() -> None:
    with DAG("d", schedule=None):
        with TaskGroup("group", default_args=OF_THE_TEAM):
            relay = CompensateWorkflowOperator(task_id="relay")
        other = CompensateWorkflowOperator(task_id="other", dag=DAG("e", schedule=None), default_args=OF_THE_TEAM)
    _check_only_what_suits(relay)
    _check_only_what_suits(other)


@pytest.mark.parametrize("default_args", [{}, OF_THE_TEAM])
def test_what_the_relay_itself_is_given_counts(default_args: dict[str, Any]) -> None:
    with DAG("d", schedule=None, default_args=default_args):
        relay = CompensateWorkflowOperator(
            task_id="relay",
            retries=5,
            retry_delay=timedelta(seconds=1),
            execution_timeout=timedelta(hours=2),
            queue="slow",
            wfstate_conn_id="store",
        )
    assert (relay.retries, relay.retry_delay) == (5, timedelta(seconds=1))
    assert (relay.execution_timeout, relay.queue, relay.wfstate_conn_id) == (timedelta(hours=2), "slow", "store")
