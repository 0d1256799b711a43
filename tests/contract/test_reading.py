"""The contract of reads: lists, one workflow, the journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidName, InvalidRequest, WorkflowNotFound
from tests.support.world import World


def _keys(world: World, query: WorkflowQuery) -> list[str]:
    return [workflow.key for workflow in world.backend.list_workflows(query).workflows]


def test_pages_are_newest_first_and_stay_right_while_rows_are_added(world: World) -> None:
    name = world.unique("name")
    keys = [world.start(name=name).workflow.key for _ in range(5)]

    first = world.backend.list_workflows(WorkflowQuery(name=name, limit=2))
    world.start(name=name)
    second = world.backend.list_workflows(WorkflowQuery(name=name, limit=2, cursor=first.next_cursor))
    third = world.backend.list_workflows(WorkflowQuery(name=name, limit=2, cursor=second.next_cursor))

    found = [workflow.key for page in (first, second, third) for workflow in page.workflows]
    assert found == list(reversed(keys))
    assert third.next_cursor is None


def test_filters(world: World) -> None:
    name, stem = world.unique("name"), world.unique("k")
    before = datetime.now(timezone.utc) - timedelta(seconds=5)
    one = world.start(name=name, key=f"{stem}_1")
    world.start(name=name, key=f"{stem}x1", dag_id="billing")

    assert _keys(world, WorkflowQuery(name=name, key=f"{stem}_1")) == [f"{stem}_1"]
    assert _keys(world, WorkflowQuery(name=name, key_prefix=f"{stem}_")) == [f"{stem}_1"]
    assert _keys(world, WorkflowQuery(name=name, key_prefix="%")) == []
    assert _keys(world, WorkflowQuery(name=name, search=f"{stem}_")) == [f"{stem}_1"]
    assert _keys(world, WorkflowQuery(name=name, search=one.workflow.correlation_id[:30])) == [f"{stem}_1"]
    assert _keys(world, WorkflowQuery(name=name, search="%")) == []
    assert _keys(world, WorkflowQuery(name=name, dag_id="billing")) == [f"{stem}x1"]
    assert _keys(world, WorkflowQuery(name=name, correlation_id=one.workflow.correlation_id)) == [f"{stem}_1"]
    assert _keys(world, WorkflowQuery(name=name, states=[WorkflowState.FAILED])) == []
    assert len(_keys(world, WorkflowQuery(name=name, states=[WorkflowState.FAILED, WorkflowState.RUNNING]))) == 2
    assert len(_keys(world, WorkflowQuery(name=name, since=before))) == 2
    assert _keys(world, WorkflowQuery(name=name, since=before + timedelta(days=1))) == []


def test_the_workflows_of_one_run(world: World) -> None:
    """Run ids repeat between DAGs, so a run id alone identifies nothing."""
    run_id = world.unique("run")
    mine = world.start(world.rows.add_run("billing", run_id), dag_id="billing").workflow.key
    world.start(world.rows.add_run("intake", run_id), dag_id="intake")
    world.start(dag_id="billing")

    assert _keys(world, WorkflowQuery(dag_id="billing", run_id=run_id)) == [mine]
    with pytest.raises(InvalidRequest, match="without its DAG"):
        world.backend.list_workflows(WorkflowQuery(run_id=run_id))


def test_labels_step_states_and_times_filter(world: World) -> None:
    name = world.unique("name")
    run_id = world.rows.add_run("intake")
    eu = world.start(run_id, name=name, key="eu", labels={"region": "eu", "tier": "gold, 100 %"})
    world.start(name=name, key="us", labels={"region": "us", "tier": "gold, 100 %"})
    world.fail(world.begin(run_id, "charge")[1])
    (us, first) = world.backend.list_workflows(WorkflowQuery(name=name)).workflows

    assert first.labels == {"region": "eu", "tier": "gold, 100 %"}
    assert world.backend.get_workflow(eu.workflow.id).summary.labels == first.labels
    assert _keys(world, WorkflowQuery(name=name, labels={"tier": "gold, 100 %"})) == ["us", "eu"]
    assert _keys(world, WorkflowQuery(name=name, labels={"tier": "gold, 100 %", "region": "eu"})) == ["eu"]
    assert _keys(world, WorkflowQuery(name=name, labels={"region": "e_"})) == []
    assert _keys(world, WorkflowQuery(name=name, step_states=[StepState.FAILED])) == ["eu"]
    assert _keys(world, WorkflowQuery(name=name, step_states=[StepState.RUNNING])) == []
    assert _keys(world, WorkflowQuery(name=name, until=us.started_at)) == ["eu"]
    assert _keys(world, WorkflowQuery(name=name, since=us.started_at)) == ["us"]
    assert _keys(world, WorkflowQuery(name=name, updated_since=first.updated_at)) == ["eu"]
    assert _keys(world, WorkflowQuery(name=name, updated_until=first.updated_at)) == ["us"]


@pytest.mark.parametrize(
    "labels", [{"a=b": "c"}, {"": "c"}, {"a": ""}, {"a": "x" * 251}, dict.fromkeys("abcdefghijklmnopqrstu", "1")]
)
def test_labels_that_cannot_be_kept_are_refused(world: World, labels: dict[str, str]) -> None:
    with pytest.raises(InvalidName):
        world.start(labels=labels)


@pytest.mark.parametrize("sort", list(WorkflowSort))
def test_every_order_pages_through_all_once(world: World, sort: WorkflowSort) -> None:
    name = world.unique("name")
    for key in ("b", "a", "d", "c", "e"):
        world.start(name=name, key=key)
    query = WorkflowQuery(name=name, sort=sort, limit=2)

    pages = [world.backend.list_workflows(query)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(world.backend.list_workflows(replace(query, cursor=cursor)))

    keys = [workflow.key for page in pages for workflow in page.workflows]
    by_time = ["b", "a", "d", "c", "e"]
    expected = sorted(by_time) if sort.value.endswith("key") else by_time
    if not sort.value.endswith("name"):  # their names are equal, so the ids decide
        # All of them are running, so the oldest has been running for longest.
        is_backwards = sort.value.startswith("-") != sort.value.endswith("duration")
        assert keys == (expected[::-1] if is_backwards else expected)
    assert sorted(keys) == sorted(by_time)
    assert len(pages) == 3


def test_a_total_is_counted_when_it_is_asked_for(world: World) -> None:
    name = world.unique("name")
    for _ in range(3):
        world.start(name=name)

    assert world.backend.list_workflows(WorkflowQuery(name=name, limit=2)).total is None
    assert world.backend.list_workflows(WorkflowQuery(name=name, limit=2, with_total=True)).total == 3
    assert world.backend.list_workflows(WorkflowQuery(name=world.unique("none"), with_total=True)).total == 0


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    name = world.unique("name")
    for _ in range(2):
        world.start(name=name)
    cursor = world.backend.list_workflows(WorkflowQuery(name=name, limit=1)).next_cursor

    for other in (
        WorkflowQuery(name=name, sort=WorkflowSort.KEY),
        WorkflowQuery(name=name, stuck=True),
        WorkflowQuery(),
    ):
        with pytest.raises(InvalidRequest, match="other filters"):
            world.backend.list_workflows(replace(other, cursor=cursor))


def test_where_a_workflow_stands(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, plan=["reserve", "charge", "ship"]).workflow
    world.step_done(run_id, "reserve")
    world.begin(run_id, "charge")

    (summary,) = world.backend.list_workflows(WorkflowQuery(name="order", key=workflow.key)).workflows
    detail = world.backend.get_workflow(workflow.id)

    assert (summary.steps_done, summary.steps_total, summary.current_step) == (1, 3, "charge")
    assert detail.summary == summary
    assert (summary.participants, summary.owner) == (["intake"], None)
    assert (detail.progress.done, detail.progress.running, detail.progress.remaining) == (
        ["reserve"],
        ["charge"],
        ["ship"],
    )
    assert [step.name for step in detail.steps] == ["reserve", "charge"]
    assert detail.summary.started_at.utcoffset() == timedelta(0)


def test_the_journal_comes_in_pages(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    for number in range(3):
        world.step_done(run_id, f"step-{number}")

    first = world.backend.read_journal(workflow.id, limit=5)
    second = world.backend.read_journal(workflow.id, after=first.next_after or 0, limit=5)

    assert [entry.number for entry in first.entries + second.entries] == list(range(1, 9))
    assert first.next_after == 5
    assert second.next_after is None
    assert first.total is None
    assert world.backend.read_journal(workflow.id, after=2, limit=1, with_total=True).total == 8
    assert all(entry.actor.startswith(f"task:intake/{run_id}/") for entry in first.entries)


def test_the_journal_holds_hashes_and_sizes_never_payloads(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, input={"card": "4111-secret"}).workflow
    world.step_done(run_id, "charge", {"receipt": "very-secret"})

    text = str(world.journal(workflow.id))

    assert "secret" not in text
    assert "sha256" in text


@pytest.mark.parametrize("workflow_id", ["", "no-uuid", "01890000-0000-7000-8000-000000000000"])
def test_an_unknown_workflow_says_so(world: World, workflow_id: str) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.get_workflow(workflow_id or "none")
    with pytest.raises(WorkflowNotFound):
        world.backend.read_journal(workflow_id or "none")


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(world: World, limit: int) -> None:
    with pytest.raises(InvalidRequest):
        world.backend.list_workflows(WorkflowQuery(limit=limit))
    with pytest.raises(InvalidRequest):
        world.backend.read_journal(world.start().workflow.id, limit=limit)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "ÿ", "W10"])
def test_a_cursor_that_is_none_of_ours_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        world.backend.list_workflows(WorkflowQuery(cursor=cursor))


def test_check_says_what_answered(world: World) -> None:
    assert "answered" in world.backend.check()
