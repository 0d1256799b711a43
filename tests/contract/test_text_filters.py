"""The contract of the filters that find a text anywhere in a key, a label or an error."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.exceptions import InvalidRequest
from tests.support.saga import Saga
from tests.support.world import World


def _keys(world: World, query: WorkflowQuery) -> set[str]:
    found = world.backend.list_workflows(replace(query, with_total=True))
    keys = {workflow.key for workflow in found.workflows}
    assert found.total == len(keys)
    assert world.backend.read_stats(query, bucket_seconds=None).total == len(keys)
    return keys


def test_a_text_is_found_in_a_key_and_in_the_value_of_a_label(world: World) -> None:
    name = world.unique("name")
    world.start(name=name, key="order/EU/1001")
    world.start(name=name, key="1002", labels={"region": "eu/west", "tier": "gold"})
    world.start(name=name, key="100%_1003", labels={"eu/": "none"})
    query = WorkflowQuery(name=name)

    assert _keys(world, replace(query, contains="eu/")) == {"order/EU/1001", "1002"}
    assert _keys(world, replace(query, contains="100")) == {"order/EU/1001", "1002", "100%_1003"}
    assert _keys(world, replace(query, contains="0%_1")) == {"100%_1003"}
    assert _keys(world, replace(query, contains="%%%")) == set()
    assert _keys(world, replace(query, contains="gold", key="1002")) == {"1002"}


def test_a_text_is_found_in_the_error(world: World) -> None:
    name = world.unique("name")
    for item in ("no money", "no paper"):
        saga = Saga.start(world, name=name, on_failure=FailurePolicy.HOLD)
        task = world.rows.add_task("intake", saga.run_id, "charge")
        world.fail(world.begin_as(task, "charge"), f"ValueError: {item}")
        world.rows.set_task_state(task, "failed")
        saga.ask()
    world.start(name=name)

    found = world.backend.list_workflows(WorkflowQuery(name=name, error="NO MON")).workflows

    assert [workflow.error for workflow in found] == ["Step charge failed: ValueError: no money"]
    assert len(_keys(world, WorkflowQuery(name=name, error="valueerror: no"))) == 2


@pytest.mark.parametrize("text", ["", "ab", "x" * 201])
@pytest.mark.parametrize("name", ["contains", "error"])
def test_a_text_that_no_index_can_find_is_refused(world: World, name: str, text: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        world.backend.list_workflows(WorkflowQuery(**{name: text}))


def test_pages_of_what_was_found_follow_each_other(world: World) -> None:
    name = world.unique("name")
    for number in range(3):
        world.start(name=name, key=f"{name}-{number}")
    query = WorkflowQuery(contains=name[-12:], limit=2)
    first = world.backend.list_workflows(query)
    second = world.backend.list_workflows(replace(query, cursor=first.next_cursor))
    assert [workflow.key[-1] for page in (first, second) for workflow in page.workflows] == ["2", "1", "0"]
    with pytest.raises(InvalidRequest, match="other filters"):
        world.backend.list_workflows(replace(query, contains=name[-6:], cursor=first.next_cursor))
