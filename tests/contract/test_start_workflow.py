"""The contract of ``StateBackend.start_workflow``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import IfExists
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import (
    AccessDenied,
    IdempotencyConflict,
    InputMismatch,
    InvalidName,
    InvalidPayload,
    InvalidRequest,
    PayloadTooLarge,
    TaskInstanceNotFound,
    WorkflowExists,
)
from tests.support.world import World


def _request(world: World, **changes: object) -> StartWorkflow:
    run_id = world.rows.add_run("intake")
    request = StartWorkflow(
        task_instance_id=world.rows.add_task("intake", run_id, "start"),
        name="order",
        key=world.unique("key"),
        input=Payload.of({"amount": 3}, sort_keys=True),
    )
    return replace(request, **changes)  # type: ignore[arg-type]  # the tests name fields of the request


def test_a_new_key_starts_the_first_generation_owned_by_the_run(world: World) -> None:
    request = _request(world, plan=["reserve", "charge"])

    started = world.backend.start_workflow(request)

    assert started.role is RunRole.OWNER
    assert started.workflow.generation == 1
    assert started.workflow.state is WorkflowState.RUNNING
    assert started.workflow.correlation_id == started.workflow.id
    detail = world.backend.get_workflow(started.workflow.id)
    assert detail.progress.remaining == ["reserve", "charge"]
    assert detail.input == request.input
    assert world.told(started.workflow.id) == ["workflow.started", "run.linked"]


@pytest.mark.parametrize("idempotency_key", [None, "given"])
def test_sent_again_it_changes_nothing_and_answers_the_same(world: World, idempotency_key: str | None) -> None:
    key = None if idempotency_key is None else world.unique("idempotency")
    request = _request(world, idempotency_key=key)
    first = world.backend.start_workflow(request)
    before = world.journal(first.workflow.id)

    assert world.backend.start_workflow(request) == first
    assert world.journal(first.workflow.id) == before
    assert world.backend.get_workflow(first.workflow.id).summary.version == len({entry.at for entry in before})


def test_an_idempotency_key_with_another_body_is_refused(world: World) -> None:
    request = _request(world, idempotency_key=world.unique("idempotency"))
    world.backend.start_workflow(request)

    with pytest.raises(IdempotencyConflict, match="another request"):
        world.backend.start_workflow(replace(request, plan=["other"]))


def test_another_run_of_the_dag_attaches_as_guest(world: World) -> None:
    first = world.start(key=(key := world.unique("key")))

    second = world.start(key=key)

    assert second.role is RunRole.GUEST
    assert second.workflow.id == first.workflow.id
    assert [run.role for run in world.backend.get_workflow(first.workflow.id).runs] == [RunRole.OWNER, RunRole.GUEST]


def test_the_same_key_with_another_input_is_refused_with_both_hashes(world: World) -> None:
    first = world.start(key=(key := world.unique("key")), input={"a": 1})
    before = world.journal(first.workflow.id)

    with pytest.raises(InputMismatch) as caught:
        world.start(key=key, input={"a": 2})

    assert Payload.of({"a": 1}).sha256 in str(caught.value)
    assert Payload.of({"a": 2}).sha256 in str(caught.value)
    assert "They differ in: a;" in str(caught.value)
    assert world.journal(first.workflow.id) == before


def test_a_refused_start_learns_nothing_about_fields_that_only_the_stored_input_has(world: World) -> None:
    world.start(key=(key := world.unique("key")), input={"secret_discount": 1})

    with pytest.raises(InputMismatch) as caught:
        world.start(key=key, input={"order": 2})

    assert "order" in str(caught.value)
    assert "secret_discount" not in str(caught.value)


def test_an_input_is_compared_by_meaning_not_by_the_order_of_its_keys(world: World) -> None:
    first = world.start(key=(key := world.unique("key")), input={"a": 1, "b": 2})

    assert world.start(key=key, input={"b": 2, "a": 1}).workflow.id == first.workflow.id


def test_if_exists_reject_refuses_an_open_key(world: World) -> None:
    world.start(key=(key := world.unique("key")))

    with pytest.raises(WorkflowExists, match="is already running"):
        world.start(key=key, if_exists=IfExists.REJECT)


def test_a_dag_that_does_not_take_part_is_refused_and_a_participant_joins(world: World) -> None:
    started = world.start(key=(key := world.unique("key")), participants=["billing"])

    with pytest.raises(AccessDenied, match="stranger does not take part"):
        world.start(key=key, dag_id="stranger")
    assert world.start(key=key, dag_id="billing").workflow.id == started.workflow.id


def test_a_succeeded_key_answers_with_the_stored_output(world: World) -> None:
    run_id = world.rows.add_run("intake")
    started = world.start(run_id, key=(key := world.unique("key")))
    complete = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of({"shipped": True})))

    again = world.start(key=key)

    assert again.workflow.id == started.workflow.id
    assert again.role is RunRole.GUEST
    assert again.output == Payload.of({"shipped": True})


def test_a_run_belongs_to_one_workflow(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)

    with pytest.raises(WorkflowExists, match="A run belongs to one workflow"):
        world.start(run_id)


def test_many_starts_of_a_key_at_once_make_one_generation(world: World) -> None:
    key = world.unique("key")
    runs = [world.rows.add_run("intake") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda run_id: world.start(run_id, key=key), runs))

    assert len({answer.workflow.id for answer in answers}) == 1
    assert sorted(answer.role.value for answer in answers) == ["guest", "guest", "guest", "owner"]
    numbers = [entry.number for entry in world.journal(answers[0].workflow.id)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"key": ""}, InvalidName),
        ({"key": "   "}, InvalidName),
        ({"key": "k" * 251}, InvalidName),
        ({"key": "a\x00b"}, InvalidName),
        ({"name": "n" * 251}, InvalidName),
        ({"plan": ["p" * 251]}, InvalidName),
        ({"plan": ["twice", "twice"]}, InvalidName),
        ({"participants": [""]}, InvalidName),
        ({"correlation_id": "c" * 251}, InvalidName),
        ({"input": Payload("dict", "{}", 2, "0" * 64)}, InvalidPayload),
        ({"input": Payload.of_text("{broken", "dict")}, InvalidPayload),
        ({"input": Payload.of("x" * 2_000_000)}, PayloadTooLarge),
        ({"task_instance_id": "no-uuid"}, TaskInstanceNotFound),
        ({"task_instance_id": "01890000-0000-7000-8000-000000000000"}, TaskInstanceNotFound),
    ],
)
def test_bad_input_is_refused_and_starts_nothing(
    world: World, changes: dict[str, object], error: type[Exception]
) -> None:
    request = _request(world, **changes)

    with pytest.raises(error):
        world.backend.start_workflow(request)

    if len(request.key) <= 250 and "\x00" not in request.key:
        assert world.backend.list_workflows(WorkflowQuery(name="order", key=request.key)).workflows == []


@pytest.mark.parametrize("length", [1, 250])
def test_names_of_every_allowed_length(world: World, length: int) -> None:
    started = world.start(name="n" * length, key=world.unique("k").ljust(250, "k")[-length:], plan=["p" * length])

    assert world.backend.get_workflow(started.workflow.id).plan == ["p" * length]


def test_a_task_that_does_not_run_cannot_start(world: World) -> None:
    request = _request(world)
    world.rows.set_task_state(request.task_instance_id, "success")

    with pytest.raises(TaskInstanceNotFound, match="is success, not running"):
        world.backend.start_workflow(request)


def test_a_deadline_is_a_duration_or_a_moment_which_is_not_of_the_definition(world: World) -> None:
    moment = datetime(2031, 5, 1, 12, tzinfo=timezone.utc)
    first, second = _request(world, deadline_at=moment), _request(world)
    for request, deadline in ((first, moment), (second, None)):
        workflow_id = world.backend.start_workflow(request).workflow.id
        assert world.backend.get_workflow(workflow_id).summary.deadline_at == deadline
    hashes = [
        world.journal(world.backend.start_workflow(request).workflow.id)[0].data["definition_sha256"]
        for request in (first, second)
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"deadline_at": datetime(2031, 5, 1, 12)},  # noqa: DTZ001 - meant
        {"deadline_at": datetime(2031, 5, 1, 12, tzinfo=timezone.utc), "deadline_seconds": 60},
    ],
)
def test_a_deadline_that_is_not_certain_is_refused(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match=r"time zone|both deadline_seconds and deadline_at"):
        world.backend.start_workflow(_request(world, **changes))
