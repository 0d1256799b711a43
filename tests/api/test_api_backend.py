"""The API backend, with a real api-server on PostgreSQL."""

from __future__ import annotations

import uuid

import pytest

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.domain.messages.record import ReadRecords
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import InputMismatch, StaleAttempt, TaskInstanceNotFound, WorkflowNotFound
from tests.support.airflow_rows import AirflowRows
from tests.support.scripted_server import Answer, scripted_server


def test_a_workflow_from_its_start_to_its_end(api_backend: ApiBackend, airflow_rows: AirflowRows) -> None:
    task = airflow_rows.running_task()
    key = str(uuid.uuid4())
    started = api_backend.start_workflow(
        StartWorkflow(task_instance_id=task, name="order", key=key, input=encode({"id": 1}), plan=["pay"])
    )
    assert started.role is RunRole.OWNER
    assert started.workflow.state is WorkflowState.RUNNING

    begun = api_backend.begin_step(BeginStep(task_instance_id=task, name="pay"))
    assert begun.decision is BeginDecision.RUN
    api_backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "half", encode(float("-inf"))))
    again = api_backend.begin_step(BeginStep(task_instance_id=task, name="pay"))
    assert decode(again.checkpoints["half"]) == float("-inf")

    output = encode({"receipt": "\x00\ud800", "digits": 10**30})
    api_backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.SUCCEEDED, output=output))
    completed = api_backend.complete_workflow(CompleteWorkflow(task, encode((1, 2))))
    assert completed.workflow.state is WorkflowState.SUCCEEDED

    detail = api_backend.get_workflow(started.workflow.id)
    assert detail.steps[0].output is not None
    assert decode(detail.steps[0].output) == {"receipt": "\x00\ud800", "digits": 10**30}
    assert detail.output is not None
    assert decode(detail.output) == (1, 2)
    listed = api_backend.list_workflows(WorkflowQuery(key=key, states=[WorkflowState.SUCCEEDED]))
    assert [workflow.id for workflow in listed.workflows] == [started.workflow.id]
    journal = api_backend.read_journal(started.workflow.id)
    assert [entry.number for entry in journal.entries] == list(range(1, len(journal.entries) + 1))
    assert "wfstate/v1" in api_backend.check()


def test_errors_come_back_as_the_class_that_the_store_raised(
    api_backend: ApiBackend, airflow_rows: AirflowRows
) -> None:
    with pytest.raises(WorkflowNotFound, match="no workflow"):
        api_backend.get_workflow("0190b0a0-0000-7000-8000-000000000000")
    with pytest.raises(WorkflowNotFound):
        api_backend.get_workflow("no such/../id?")
    with pytest.raises(TaskInstanceNotFound):
        api_backend.begin_step(BeginStep(task_instance_id=str(uuid.uuid4()), name="pay"))

    key = str(uuid.uuid4())
    task = airflow_rows.running_task()
    api_backend.start_workflow(StartWorkflow(task, "order", key, encode({"id": 1})))
    with pytest.raises(InputMismatch) as caught:
        api_backend.start_workflow(StartWorkflow(airflow_rows.running_task(), "order", key, encode({"id": 2})))
    assert caught.value.reason.endswith(".")
    assert caught.value.remedy

    begun = api_backend.begin_step(BeginStep(task, "pay"))
    api_backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.FAILED, error="no funds"))
    with pytest.raises(StaleAttempt):
        api_backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "late", encode(1)))


def test_an_empty_list_of_readable_dags_lists_nothing(api_backend: ApiBackend, airflow_rows: AirflowRows) -> None:
    task = airflow_rows.running_task("ledger")
    api_backend.start_workflow(StartWorkflow(task, "order", str(uuid.uuid4()), encode({})))
    assert api_backend.list_workflows(WorkflowQuery(readable_dag_ids=frozenset())).workflows == []
    assert api_backend.list_workflows(WorkflowQuery(readable_dag_ids=frozenset({"ledger"}))).workflows


def test_answers_to_writes_are_not_compressed_and_pages_are() -> None:
    """An api-server compresses an answer of any size if it may; a write's answer is small, a page of records is not."""
    answers: dict[str, object] = {
        "/wfstate/v1/steps/checkpoint": {"step_id": "s", "attempt": 1, "write": 1},
        "/wfstate/v1/steps/records": {"records": [], "next_skip": None},
    }
    with scripted_server(lambda path, _: Answer(200, answers[path])) as server:
        backend = ApiBackend(server.url, StaticToken("t"), configured_by="the test")
        backend.save_checkpoint(SaveCheckpoint("key", 1, "half", encode(1)))
        backend.read_records(ReadRecords("key"))
        backend.close()

    assert server.encodings[0] == "identity"
    assert "gzip" in server.encodings[1]
