"""The contract of starts and resumes under a definition that was applied for their name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy, IfExists
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import AccessDenied, DefinitionMismatch
from tests.contract.test_definitions import apply
from tests.support.shop import failed_order
from tests.support.world import World


def test_a_start_that_gives_nothing_has_what_the_definition_says(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [reserve, charge]", "on_failure: hold", "deadline: PT1H", "participants: {depot: {}}")

    started = world.start(name=name, key="a")
    guest = world.start(name=name, key="a", dag_id="depot")

    detail = world.backend.get_workflow(started.workflow.id)
    assert detail.plan == ["reserve", "charge"]
    assert detail.participants == ["depot"]
    assert detail.summary.on_failure is FailurePolicy.HOLD
    assert detail.summary.deadline_at == detail.summary.started_at + timedelta(hours=1)
    assert guest.role is RunRole.GUEST
    with pytest.raises(AccessDenied, match="does not take part"):
        world.start(name=name, key="a", dag_id="stranger")


def test_a_start_may_repeat_what_the_definition_says(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [reserve, charge]", "on_failure: hold", "participants: {b: {}, a: {}}")

    started = world.start(name=name, plan=["reserve", "charge"], on_failure=FailurePolicy.HOLD, participants=["b", "a"])

    assert world.backend.get_workflow(started.workflow.id).plan == ["reserve", "charge"]


def test_a_contradiction_is_refused_and_names_both(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [reserve, charge]")

    with pytest.raises(DefinitionMismatch) as error:
        world.start(name=name, plan=["charge"], on_failure=FailurePolicy.HOLD, participants=["depot"])

    reason = error.value.reason
    assert "of DAG intake contradicts version 1 of the definition" in reason
    assert 'plan is ["charge"] in the start but ["reserve", "charge"] in the definition' in reason
    assert 'participants is ["depot"] in the start but none in the definition' in reason
    assert "on_failure is hold in the start but compensate in the definition" in reason
    assert error.value.remedy.startswith("Remove plan, participants, on_failure from the start")
    assert world.backend.list_workflows(WorkflowQuery(name=name)).workflows == []


def test_a_start_that_would_end_another_and_contradicts_ends_nothing(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "participants: {intake: {}}")
    run_id = world.rows.add_run("intake")
    open_one = world.start(run_id, name=name, key="a")
    world.step_done(run_id, "reserve", undo="release")

    with pytest.raises(DefinitionMismatch):
        world.start(name=name, key="a", if_exists=IfExists.TERMINATE, plan=["other"])

    assert world.state(open_one.workflow.id) is WorkflowState.RUNNING


def test_a_moment_that_a_start_gives_counts_before_the_deadline_of_the_definition(world: World) -> None:
    name, moment = world.unique("order"), datetime(2099, 1, 1, tzinfo=timezone.utc)
    apply(world, name, "deadline: PT1H")
    run_id = world.rows.add_run("intake")
    request = StartWorkflow(
        world.rows.add_task("intake", run_id, "start"), name, "a", Payload.of(None), deadline_at=moment
    )

    started = world.backend.start_workflow(request)

    assert world.backend.get_workflow(started.workflow.id).summary.deadline_at == moment


def test_a_workflow_that_a_step_starts_has_the_definition_of_its_dag(world: World) -> None:
    dag_id = world.unique("nightly")
    apply(world, dag_id, "plan: [load, report]", "on_failure: hold")

    _, begun = world.begin(world.rows.add_run(dag_id), "load", dag_id=dag_id)

    detail = world.backend.get_workflow(begun.workflow.id)
    assert (detail.plan, detail.summary.on_failure) == (["load", "report"], FailurePolicy.HOLD)
    assert detail.progress.remaining == ["report"]


def test_a_workflow_keeps_its_version_and_the_next_start_takes_the_new_one(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [a]")
    before = world.start(name=name)
    apply(world, name, "plan: [a, b]")

    after = world.start(name=name)

    assert world.backend.get_workflow(before.workflow.id).plan == ["a"]
    assert world.backend.get_workflow(after.workflow.id).plan == ["a", "b"]
    stats = world.backend.read_name_stats(WorkflowQuery(name=name))
    assert {version.number: version.workflows for version in stats.versions} == {1: 1, 2: 1}


def test_the_versions_of_a_name_without_an_applied_definition_have_no_number(world: World) -> None:
    name = world.unique("order")
    world.start(name=name, plan=["a"])
    (version,) = world.backend.read_name_stats(WorkflowQuery(name=name)).versions
    assert version.number is None


def test_a_resume_with_the_latest_code_adopts_the_definition_in_force(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [reserve, invoice]", "on_failure: hold", "deadline: P1D")
    order = failed_order(world, name=name, plan=(), on_failure=None)
    apply(world, name, "plan: [reserve, invoice, notify]", "deadline: P2D")

    plan = world.backend.plan_resume(order.workflow_id, code=Code.LATEST)
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.LATEST))

    assert plan.definition is not None
    assert (plan.definition.own_number, plan.definition.number, plan.definition.is_adopted) == (1, 2, True)
    assert plan.definition.differs_in == ["plan", "on_failure", "deadline"]
    assert f"from version 1 to version 2 of {name}. They differ in: plan, on_failure, deadline." in plan.notes[-1]
    assert [step.step for step in plan.steps_to_run][-2:] == ["invoice", "notify"]
    detail = world.backend.get_workflow(order.workflow_id)
    assert detail.plan == ["reserve", "invoice", "notify"]
    assert detail.summary.on_failure is FailurePolicy.COMPENSATE
    assert detail.summary.deadline_at == detail.summary.started_at + timedelta(days=2)
    entry = world.journal(order.workflow_id)[-1]
    assert entry.data["definition"] == {
        "from_number": 1,
        "from_sha256": plan.definition.own_sha256,
        "number": 2,
        "sha256": plan.definition.sha256,
        "differs_in": ["plan", "on_failure", "deadline"],
    }
    assert "with version 2 of its definition" in entry.sentence
    assert world.backend.plan_resume(order.workflow_id).definition is None


def test_a_resume_with_the_same_code_keeps_the_definition(world: World) -> None:
    name = world.unique("order")
    order = failed_order(world, name=name)
    apply(world, name, "plan: [other]")

    plan = world.backend.plan_resume(order.workflow_id, code=Code.SAME)
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.SAME))

    assert plan.definition is not None
    assert (plan.definition.own_number, plan.definition.number, plan.definition.is_adopted) == (None, 1, False)
    assert "Use --code latest to adopt it" in plan.notes[-1]
    detail = world.backend.get_workflow(order.workflow_id)
    assert (detail.plan, detail.summary.state) == (["reserve", "invoice"], WorkflowState.RUNNING)


def test_a_deadline_that_an_operator_has_set_survives_the_adoption(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "deadline: P1D", "on_failure: hold")
    order = failed_order(world, name=name, plan=(), on_failure=None)
    apply(world, name, "deadline: P2D", "on_failure: hold")

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.LATEST, deadline_seconds=60))

    deadline = world.backend.get_workflow(order.workflow_id).summary.deadline_at
    assert deadline is not None
    assert deadline < datetime.now(timezone.utc) + timedelta(minutes=5)
