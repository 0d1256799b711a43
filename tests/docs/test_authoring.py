"""The deadlines in docs/reference/authoring.md are deadlines in scheduled and in manual runs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import DagRun
from airflow.sdk.execution_time import macros

from airflow_wfstate import StartWorkflowOperator
from airflow_wfstate.domain.rules.deadline import check_deadline
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reference" / "authoring.md").read_text(encoding="utf-8")
(ROW,) = re.findall(r"^\| `deadline` \|.*$", PAGE, re.MULTILINE)
DEADLINES = re.findall(r'`"(.*?)"`', ROW)
DUE = datetime(2026, 1, 2, 3, tzinfo=timezone.utc)


def _context(**dates: datetime) -> Any:
    run = DagRun.model_construct(run_id="a_run", run_after=DUE, **dates)
    return {"dag_run": run, "macros": macros, **dates}


@pytest.mark.parametrize(
    "context", [_context(), _context(logical_date=DUE, data_interval_end=DUE)], ids=["manual", "scheduled"]
)
def test_each_deadline_is_four_hours_in_every_run(context: Any) -> None:
    found = []
    for deadline in DEADLINES:
        with DAG("order", schedule=None):
            start = StartWorkflowOperator(task_id="start", name="order", key="1", deadline=deadline)
        start.render_template_fields(context)
        found.append(check_deadline(start.deadline))

    assert found == [timedelta(hours=4), DUE + timedelta(hours=4)]
