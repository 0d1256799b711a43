"""A workflow in the state in which a route of the permission table would answer 200, and the request to that route."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final
from uuid import uuid4

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.event import SendEvents
from airflow_wfstate.domain.messages.outbox.change_subscription import (
    AddSubscription,
    RemoveSubscription,
)
from airflow_wfstate.domain.messages.step import BegunStep
from airflow_wfstate.exceptions import EventNotFound
from tests.support.saga import Saga
from tests.support.shop import INTAKE, failed_order
from tests.support.world import World

DAG: Final = "orders"
SOURCE: Final = "https://permissions.example/"
LETTER: Final = "letter"
APPLIED: Final = "applied"
_SERVED: Final = "served"
_INPUT: Final = asdict(encode({}, sort_keys=True))
_VALUE: Final = asdict(encode("value"))

Body = dict[str, object] | None


@dataclass(frozen=True)
class Scene:
    """A workflow, and a task that takes part in it.

    :param task: the id of a running task instance.
    :param step_id: of the step that ``key`` belongs to, where a route needs it.
    :param key: of the newest attempt, which ``task`` holds.
    :param others_key: of another attempt.
    """

    workflow_id: str
    task: str
    name: str = "order"
    business_key: str = ""
    key: str = ""
    step_id: str = ""
    others_key: str = ""
    subscription_id: str = ""


def subscribed(world: World) -> Scene:
    """A subscription to workflows that do not exist. There is only one, because at most a hundred are allowed."""
    for earlier in world.backend.list_subscriptions().subscriptions:
        world.backend.remove_subscription(RemoveSubscription(earlier.id))
    name = world.unique("subscription")
    request = AddSubscription(name, "https://hooks.example.com/", names=[name])
    return replace(started(world), subscription_id=world.backend.add_subscription(request).subscription.id)


def started(world: World) -> Scene:
    """A running workflow without a step."""
    run_id, key = world.rows.add_run(DAG), world.unique("key")
    workflow_id = world.start(run_id, dag_id=DAG, key=key, input={}).workflow.id
    return Scene(workflow_id, world.rows.add_task(DAG, run_id, "work"), business_key=key)


def begun(world: World) -> Scene:
    """A step at its second attempt: Airflow has retried the task of the first."""
    run_id = world.rows.add_run(DAG)
    workflow_id = world.start(run_id, dag_id=DAG).workflow.id
    first_task, first = world.begin(run_id, "work", dag_id=DAG)
    task = world.rows.next_try(first_task)
    second: BegunStep = world.begin_as(task, "work")
    return Scene(workflow_id, task, key=second.attempt_key, step_id=second.step_id, others_key=first.attempt_key)


def undoing(world: World) -> Scene:
    """A compensation that its relay is at."""
    saga, key = _saga_at_work(world)
    return Scene(saga.workflow_id, saga.relay, key=key, others_key=_saga_at_work(world)[1])


def undo_failed(world: World) -> Scene:
    """A workflow that is held because its compensation has failed."""
    saga = Saga.start(world)
    saga.done("one")
    saga.undo(saga.fail(), fails=["one"])
    return Scene(saga.workflow_id, saga.relay)


def watched(world: World) -> Scene:
    """A running workflow, and a task of another run that waits for it."""
    scene = started(world)
    return replace(scene, task=world.rows.running_task(DAG, "watch"))


def failed(world: World) -> Scene:
    """A failed order over two DAGs, which can be restarted."""
    order = failed_order(world)
    return Scene(order.workflow_id, order.tasks["complete"])


def definable(world: World) -> Scene:
    """A separate name, in addition to a workflow."""
    return replace(started(world), name=world.unique("defined"))


def defined(world: World) -> Scene:
    """A separate name with a definition, in addition to a workflow."""
    scene = definable(world)
    world.backend.apply_definition(ApplyDefinition(scene.name, f"name: {scene.name}"))
    return scene


def with_services(world: World) -> Scene:
    """A running workflow of a DAG, in which a service takes part; the viewer and that DAG may send for the service."""
    service = {
        "sources": [SOURCE],
        "users": ["viewer", f"dag:{DAG}"],
        "events": {"noted": {"step": "a", "is": "began"}},
    }
    declared = {"name": _SERVED, "key": "$.data.key", "participants": {"service": service}}
    world.backend.apply_definition(ApplyDefinition(_SERVED, json.dumps(declared)))
    run_id, key = world.rows.add_run(DAG), world.unique("key")
    workflow_id = world.start(run_id, dag_id=DAG, name=_SERVED, key=key, input={}).workflow.id
    return Scene(workflow_id, world.rows.add_task(DAG, run_id, "work"), business_key=key)


def with_letter(world: World) -> Scene:
    """The same, and an event that waits for another workflow."""
    scene = with_services(world)
    letter = {"specversion": "1.0", "id": LETTER, "source": SOURCE, "type": "noted", "data": {"key": "not there"}}
    world.backend.send_events(SendEvents([letter]))
    return scene


def with_applied_event(world: World) -> Scene:
    """The same with an event that was applied to it. All callers share one workflow, because an event counts once."""
    try:
        found = world.backend.get_event(SOURCE, APPLIED).event
    except EventNotFound:
        scene = with_services(world)
        event = {"specversion": "1.0", "id": APPLIED, "source": SOURCE, "type": "noted"}
        world.backend.send_events(SendEvents([{**event, "data": {"key": scene.business_key}}]))
        return scene
    (run,) = world.backend.get_workflow(str(found.workflow_id)).runs
    task = world.rows.add_task(DAG, run.run_id, world.unique("work"))
    return Scene(str(found.workflow_id), task, business_key=str(found.key))


def _saga_at_work(world: World) -> tuple[Saga, str]:
    saga = Saga.start(world)
    saga.done("one")
    answer = saga.fail()
    assert answer.work is not None
    return saga, answer.work.compensation_key


@dataclass(frozen=True)
class Request:
    """How a route is called.

    :param scene: makes what it needs.
    :param body: of a scene and the attempt key to send; None for a GET.
    :param parameters: of the query that the route cannot do without.
    :param media_type: of the body.
    """

    scene: Callable[[World], Scene]
    body: Callable[[Scene, str], Body] = lambda scene, key: None
    parameters: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def _of_attempt(**fields: object) -> Request:
    return Request(begun, lambda scene, key: {"attempt_key": key, "write": 1, **fields})


_ONE: Final = "/workflows/{workflow_id}"
_SUBSCRIPTION: Final = "/subscriptions/{subscription_id}"

REQUESTS: Final = {
    "POST /workflows": Request(
        started,
        lambda scene, key: {
            "task_instance_id": scene.task,
            "name": scene.name,
            "key": scene.business_key,
            "input": _INPUT,
        },
    ),
    "POST /workflows/complete": Request(started, lambda scene, key: {"task_instance_id": scene.task, "output": _VALUE}),
    "POST /steps/begin": Request(started, lambda scene, key: {"task_instance_id": scene.task, "name": "work"}),
    "POST /steps/checkpoint": _of_attempt(name="half", value=_VALUE),
    "POST /steps/record": _of_attempt(name="call", value=_VALUE),
    "POST /steps/records": Request(begun, lambda scene, key: {"attempt_key": key}),
    "POST /steps/end": _of_attempt(state="succeeded", output=_VALUE),
    "POST /steps/child-run": Request(
        begun,
        lambda scene, key: {
            "attempt_key": key,
            "write": 1,
            "dag_id": "fulfilment",
            "run_id": f"of-{scene.workflow_id}",
        },
    ),
    "POST /waits": Request(
        watched,
        lambda scene, key: {
            "task_instance_id": scene.task,
            "target": {"kind": "workflow", "name": scene.name, "key": scene.business_key, "states": ["running"]},
        },
    ),
    "POST /waits/look": Request(started, lambda scene, key: {"wait_ids": [scene.workflow_id]}),
    "POST /steps/token": _of_attempt(name="callback", sha256="0" * 64, expires_seconds=60),
    "POST /compensations/turn": Request(
        started, lambda scene, key: {"task_instance_id": scene.task, "leaf_task_ids": []}
    ),
    "POST /compensations/end": Request(undoing, lambda scene, key: {"compensation_key": key, "succeeded": True}),
    f"POST {_ONE}/resume": Request(started, lambda scene, key: {}),
    f"POST {_ONE}/restart": Request(failed, lambda scene, key: {"from_step": f"{INTAKE}.charge"}),
    f"POST {_ONE}/cancel": Request(started, lambda scene, key: {"reason": "x"}),
    f"POST {_ONE}/compensate": Request(started, lambda scene, key: {"reason": "x"}),
    f"POST {_ONE}/compensation": Request(
        undo_failed, lambda scene, key: {"step": "one", "decision": "done", "reason": "x"}
    ),
    "POST /sweep": Request(started),
    "POST /events": Request(
        with_services,
        lambda scene, key: {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": SOURCE,
            "type": "noted",
            "data": {"key": scene.business_key},
        },
        media_type="application/cloudevents+json",
    ),
    "GET /event": Request(with_letter, parameters={"source": SOURCE, "id": LETTER}),
    f"GET {_ONE}/event": Request(with_applied_event, parameters={"source": SOURCE, "id": APPLIED}),
    "POST /events/replay": Request(with_letter, lambda scene, key: {"events": [{"source": SOURCE, "id": LETTER}]}),
    "POST /events/drop": Request(
        with_letter, lambda scene, key: {"events": [{"source": SOURCE, "id": LETTER}], "reason": "x"}
    ),
    "PUT /definitions/{name}": Request(definable, lambda scene, key: {"text": f"name: {scene.name}"}),
    "GET /definitions/{name}": Request(defined),
    "GET /definitions/{name}/versions": Request(defined),
    "POST /subscriptions": Request(
        started,
        lambda scene, key: {
            "name": scene.business_key,
            "url": "https://hooks.example.com/",
            "names": [scene.business_key],
        },
    ),
    f"GET {_SUBSCRIPTION}/deliveries": Request(subscribed),
    f"POST {_SUBSCRIPTION}/pause": Request(subscribed, lambda scene, key: {"reason": "x"}),
    f"POST {_SUBSCRIPTION}/continue": Request(subscribed, lambda scene, key: {}),
    f"POST {_SUBSCRIPTION}/replay": Request(subscribed, lambda scene, key: {"start": "now"}),
    f"POST {_SUBSCRIPTION}/remove": Request(subscribed, lambda scene, key: {}),
    f"POST {_SUBSCRIPTION}/rotate-secret": Request(subscribed, lambda scene, key: {}),
    f"GET {_ONE}/steps/{{step_id}}": Request(begun),
    f"GET {_ONE}/steps/{{step_id}}/checkpoints": Request(begun),
    "GET /stats/name": Request(started, parameters={"name": "order"}),
    "GET /starting-dags": Request(started, parameters={"name": "order"}),
    f"GET {_ONE}/task-activity": Request(started, parameters={"dag_id": INTAKE, "run_id": "a", "task_id": "b"}),
}
"""By the label of the route; a GET that is not here needs no more than a workflow."""


def request_of(label: str) -> Request:
    """How to call the route with this label."""
    return REQUESTS[label] if label in REQUESTS else Request(started)
