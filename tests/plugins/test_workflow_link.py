"""The button "Workflow" of a task, as Airflow asks for it; behind a path: tests/api/test_behind_a_proxy.py."""

from __future__ import annotations

from typing import Any

import pytest
from airflow import settings
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.plugins.workflow_link import WorkflowLink
from airflow_wfstate.plugins.workflow_state import WorkflowStatePlugin
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


class TaskKey:
    """A task instance, as far as the link reads it."""

    def __init__(self, dag_id: str, run_id: str) -> None:
        self.dag_id, self.run_id = dag_id, run_id


def link(key: TaskKey) -> str:
    (ours,) = WorkflowStatePlugin.global_operator_extra_links
    assert isinstance(ours, WorkflowLink)
    operator: Any = None
    ti_key: Any = key
    return ours.get_link(operator, ti_key=ti_key)


def test_a_run_that_was_bound_again_leads_to_its_newest_workflow(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(migrated_sqlite_url)
    monkeypatch.setattr(settings, "engine", engine)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "")
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    key = TaskKey("intake", run_id)
    assert link(key) == ""
    first = world.start(run_id).workflow

    assert link(key) == f"/plugin/wfstate?workflow={first.id}"

    world.backend.cancel_workflow(CancelWorkflow(first.id))
    second = world.start(run_id, key=first.key).workflow
    assert second.id != first.id
    assert link(key) == f"/plugin/wfstate?workflow={second.id}"
    engine.dispose()


def test_a_database_that_cannot_be_read_leaves_the_other_buttons_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "engine", engine := create_engine("sqlite://"))
    assert link(TaskKey("intake", "r1")) == ""
    assert "The workflow of the run r1 of intake could not be read." in caplog.text
    engine.dispose()
