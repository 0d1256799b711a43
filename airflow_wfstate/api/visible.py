"""Hide parts of an answer from a reader: payloads and a DAG's structure require permission on that DAG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from airflow_wfstate.api.authentication import Caller, TaskCaller, UserCaller
from airflow_wfstate.api.authorization import may_see_input, readable_dag_ids
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.domain.messages.access import WorkflowAccess
from airflow_wfstate.domain.messages.compensate import CompensatePlan
from airflow_wfstate.domain.messages.event import EventDetail
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.graph import WorkflowGraph, without_structure
from airflow_wfstate.domain.messages.reading.pages import CheckpointPage, ListCheckpoints, StepPage
from airflow_wfstate.domain.messages.reading.pending_wait import OF_SERVICES, PendingWait
from airflow_wfstate.domain.messages.resume import ResumePlan
from airflow_wfstate.domain.messages.step import StepSummary


def visible(caller: Caller, access: WorkflowAccess, request: Any, answer: Any) -> Any:
    """Remove the payloads that the caller may not read from an answer about a workflow that the caller may see.

    A task may read all payloads of its own workflow, the only one that it can read.

    :param request: the request.
    """
    hide = _HIDERS.get(type(answer))
    return answer if hide is None or isinstance(caller, TaskCaller) else hide(caller, access, request, answer)


def _detail(caller: UserCaller, access: WorkflowAccess, request: object, detail: WorkflowDetail) -> WorkflowDetail:
    sees_input = may_see_input(caller, access)
    return replace(
        detail,
        input=detail.input if sees_input else None,
        output=detail.output if sees_input else None,
        steps=_steps(caller, access, detail.steps),
        waits=_waits(caller, detail.waits),
    )


def _graph(caller: UserCaller, access: WorkflowAccess, request: object, graph: WorkflowGraph) -> WorkflowGraph:
    dag_ids = readable_dag_ids(caller, {lane.dag_id for lane in graph.lanes if lane.dag_id is not None})
    lanes = [lane if lane.dag_id is None or lane.dag_id in dag_ids else without_structure(lane) for lane in graph.lanes]
    return replace(graph, lanes=lanes)


def _page(caller: UserCaller, access: WorkflowAccess, request: object, page: StepPage) -> StepPage:
    return replace(page, steps=_steps(caller, access, page.steps))


def _step(caller: UserCaller, access: WorkflowAccess, request: object, step: StepSummary) -> StepSummary:
    return _steps(caller, access, [step])[0]


def _checkpoints(
    caller: UserCaller, access: WorkflowAccess, request: ListCheckpoints, page: CheckpointPage
) -> CheckpointPage:
    step = get_backend().get_step(request.workflow_id, request.step_id)
    if readable_dag_ids(caller, {step.participant}):
        return page
    return replace(page, checkpoints=[replace(checkpoint, value=None) for checkpoint in page.checkpoints])


def _compensate_plan(
    caller: UserCaller, access: WorkflowAccess, request: object, plan: CompensatePlan
) -> CompensatePlan:
    dag_ids = readable_dag_ids(caller, {item.dag_id for item in plan.undone if item.dag_id})
    if may_see_input(caller, access):
        dag_ids |= {""}  # for steps of services, as in _steps
    return replace(
        plan, undone=[item if item.dag_id in dag_ids else replace(item, output=None) for item in plan.undone]
    )


def _resume_plan(caller: UserCaller, access: WorkflowAccess, request: object, plan: ResumePlan) -> ResumePlan:
    if may_see_input(caller, access):
        return plan
    # The conf of a run that is created again contains the workflow's input.
    return replace(plan, recreated_runs=[replace(run, conf=None) for run in plan.recreated_runs])


def _waits(caller: UserCaller, waits: list[PendingWait]) -> list[PendingWait]:
    """What a task waits for may reveal other workflows and events' keys, so only readers of its DAG may see it."""
    ours = {wait.participant for wait in waits if wait.kind not in OF_SERVICES}
    dag_ids = readable_dag_ids(caller, ours) if ours else set()
    return [
        wait if wait.kind in OF_SERVICES or wait.participant in dag_ids else replace(wait, what=None) for wait in waits
    ]


def _event(caller: UserCaller, access: WorkflowAccess, request: object, detail: EventDetail) -> EventDetail:
    return detail if may_see_input(caller, access) else replace(detail, body=None)


def _steps(caller: UserCaller, access: WorkflowAccess, steps: list[StepSummary]) -> list[StepSummary]:
    """Outputs of a service's steps are visible to those who may read the workflow's input."""
    dag_ids = readable_dag_ids(caller, {step.participant for step in steps if not step.is_of_service})
    sees_input = may_see_input(caller, access)
    return [
        step if (sees_input if step.is_of_service else step.participant in dag_ids) else replace(step, output=None)
        for step in steps
    ]


_HIDERS: Final[dict[type, Callable[[UserCaller, WorkflowAccess, Any, Any], Any]]] = {
    WorkflowDetail: _detail,
    WorkflowGraph: _graph,
    StepPage: _page,
    StepSummary: _step,
    CheckpointPage: _checkpoints,
    CompensatePlan: _compensate_plan,
    ResumePlan: _resume_plan,
    EventDetail: _event,
}
"""The functions that hide payloads (in a graph, DAG structure), by type of answer. Other types hide nothing."""
