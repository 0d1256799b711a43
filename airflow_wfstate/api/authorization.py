"""Authorize callers with Airflow's own permissions on DAGs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Final
from uuid import uuid4

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.configuration import conf
from airflow.models.dag import DagModel

from airflow_wfstate.api.authentication import Caller, TaskCaller, UserCaller
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.task_instance import run_of
from airflow_wfstate.domain.messages.access import WorkflowAccess
from airflow_wfstate.domain.messages.event import DAG_SENDER, Sender
from airflow_wfstate.domain.messages.rights import Rights
from airflow_wfstate.domain.messages.starting_dag import ListStartingDags
from airflow_wfstate.domain.messages.wait import RegisteredWait
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import AccessDenied, WorkflowNotFound
from airflow_wfstate.store.steps import attempt_key
from airflow_wfstate.store.sweeping.health import Health

PAGE_VIEW: Final = "Workflows"
"""The name under which the plugin registers the page. Permission to see this view allows reads that no DAG covers."""


def check_task_instance(caller: Caller, task_instance_id: str) -> None:
    """Check that the caller may act for a task instance.

    A task may act only for itself. A user may act for it if they may change runs of its DAG.

    :raises AccessDenied: the caller may not.
    :raises TaskInstanceNotFound: a user names a task instance that Airflow does not know.
    """
    if isinstance(caller, TaskCaller):
        if caller.task_instance_id != task_instance_id:
            raise AccessDenied(
                f"The token is for task instance {caller.task_instance_id}, not for {task_instance_id[:80]}.",
                "A task can act only for itself.",
            )
        return
    dag_id = run_of(task_instance_id).dag_id
    if not _may_change_runs(caller, dag_id):
        raise AccessDenied(
            f"{caller.user.get_name()} may not change runs of the DAG {dag_id}.",
            "Give the user of the Airflow connection permission to edit runs of this DAG.",
        )


def check_attempt_key(caller: Caller, text: str) -> None:
    """Check that the caller may write for an attempt of a step; see :func:`check_task_instance`.

    :raises InvalidAttemptKey: the text is not an attempt key.
    """
    check_task_instance(caller, attempt_key.parse(text).task_instance_id)


def check_compensation_key(caller: Caller, text: str) -> None:
    """Check that the caller may write for an attempt of a compensation; see :func:`check_task_instance`.

    :raises InvalidAttemptKey: the text is not a compensation key.
    """
    check_task_instance(caller, attempt_key.parse(text, attempt_key.COMPENSATION).task_instance_id)


def check_event_data(caller: Caller, task_instance_id: str, answer: RegisteredWait) -> None:
    """Check that the caller may read the data of the event that a task waited for.

    A task may always, just as it may pull any XCom. A user may for the task's own workflow, and for other workflows
    whose input they may read.

    :raises AccessDenied: the caller may not.
    :raises WorkflowNotFound: the caller may not even see the workflow.
    """
    if isinstance(caller, TaskCaller) or answer.output is None:
        return
    if answer.workflow is None:
        if _reads_every_dag(caller):
            return
    else:
        own = run_of(task_instance_id)
        if get_backend().takes_part(answer.workflow.id, own.dag_id, own.run_id):
            return
        if may_see_input(caller, check_visible(caller, answer.workflow.id)):
            return
    raise AccessDenied(
        f"{caller.user.get_name()} may not read event data of workflows in which the task does not take part.",
        "Give the user of the Airflow connection permission to read the DAGs of that workflow, or let the run join it.",
    )


def check_sweep(caller: Caller) -> str:
    """Like :func:`check_operator`, for the sweep, which acts on every workflow."""
    return check_operator(caller, "start a sweep")


def check_operator(caller: Caller, what: str = "change what holds for workflows of every DAG") -> str:
    """Check that the caller may act on all DAGs, and return the journal's name for the caller.

    A user needs permission to change the runs of every DAG.

    :param what: the requested action, for the error message.
    :raises AccessDenied: the caller may not, or is a task.
    """
    if isinstance(caller, TaskCaller) or not _may_change_runs(caller, _nobody_named()):
        raise AccessDenied(f"This caller may not {what}.", "Call as a user who may edit the runs of every DAG.")
    return _actor(caller)


def check_viewer(caller: Caller) -> None:
    """Check that the caller may read what belongs to no DAG: a user who may see the page, or read every DAG.

    :raises AccessDenied: the caller may not, or is a task.
    """
    if isinstance(caller, TaskCaller) or not (_may_see_page(caller) or _reads_every_dag(caller)):
        raise AccessDenied(
            "This caller may not read definitions.",
            f"Call as a user who may see the page {PAGE_VIEW}, or read every DAG.",
        )


def check_operator_read(caller: Caller) -> None:
    """Check that the caller may read what belongs to no workflow. A user needs permission to read every DAG.

    :raises AccessDenied: the caller may not, or is a task.
    """
    if isinstance(caller, TaskCaller) or not _reads_every_dag(caller):
        raise AccessDenied("This caller may not read events.", "Call as a user who may read every DAG.")


def rights_of(caller: Caller) -> Rights:
    """The caller's rights that concern all DAGs; none for a task."""
    if isinstance(caller, TaskCaller):
        return Rights(looks_at_events=False, operates=False)
    return Rights(
        looks_at_events=_reads_every_dag(caller),
        operates=_may_change_runs(caller, _nobody_named()),
    )


def sender_of(caller: Caller) -> Sender:
    """The sender of events: a user by name, or a task by the id of its DAG."""
    if isinstance(caller, TaskCaller):
        run = run_of(caller.task_instance_id)
        return Sender(f"task:{run.dag_id}/{run.run_id}", frozenset({f"{DAG_SENDER}{run.dag_id}"}))
    return Sender(
        _actor(caller),
        frozenset({str(caller.user.get_name())}),
        administers=lambda: _may_change_runs(caller, _nobody_named()),
    )


def check_workflow_change(caller: Caller, workflow_id: str) -> str:
    """Check that the caller may act on a whole workflow, and return the journal's name for the caller.

    A user needs permission to change the runs of each DAG that owns it, was triggered by it, or executed one of its
    steps. If there is no such DAG, they need it for every DAG.

    :raises AccessDenied: the caller may not, or is a task.
    :raises WorkflowNotFound: no workflow has this id, or the caller may not even see it.
    """
    if isinstance(caller, TaskCaller):
        raise AccessDenied(
            "A task may not act on a whole workflow.", "Call as a user who may edit the runs of its DAGs."
        )
    concerned = check_visible(caller, workflow_id).concerned
    if not concerned and not _may_change_runs(caller, _nobody_named()):
        raise AccessDenied(
            f"{caller.user.get_name()} may not act on workflow {workflow_id}, in which no DAG takes part.",
            "Ask someone who may edit the runs of every DAG.",
        )
    for dag_id in sorted(concerned):
        if not _may_change_runs(caller, dag_id):
            raise AccessDenied(
                f"{caller.user.get_name()} may not change runs of the DAG {dag_id}, which takes part in workflow "
                f"{workflow_id}.",
                "Ask someone who may edit the runs of all its DAGs.",
            )
    return _actor(caller)


def readable(caller: Caller, query: WorkflowQuery) -> WorkflowQuery:
    """Restrict the query to what the caller may see.

    :raises AccessDenied: the caller is a task, which may see only its own workflow.
    """
    user = _checked_lister(caller)
    if _reads_every_dag(user):
        return query
    return replace(
        query,
        readable_dag_ids=_readable_among(user, query.readable_dag_ids),
        includes_dagless=query.readable_dag_ids is None and _may_see_page(user),
    )


def readable_starters(caller: Caller, request: ListStartingDags) -> ListStartingDags:
    """Restrict the request to DAGs that the caller may read.

    :raises AccessDenied: the caller is a task; see :func:`readable`.
    """
    user = _checked_lister(caller)
    if _reads_every_dag(user):
        return request
    return replace(request, readable_dag_ids=_readable_among(user, request.readable_dag_ids))


def check_visible(caller: Caller, workflow_id: str) -> WorkflowAccess:
    """Check that the caller may see a workflow, and return who takes part in it. This reads none of its steps.

    :raises WorkflowNotFound: no workflow has this id; the caller may read none of its DAGs (or not see the page, if it
        has none); or the caller is a task of another workflow.
    """
    access = get_backend().read_access(workflow_id)
    if isinstance(caller, TaskCaller):
        own = run_of(caller.task_instance_id)
        if not get_backend().takes_part(access.id, own.dag_id, own.run_id):
            raise _not_found(access.id)
    elif access.taking_part:
        if not readable_dag_ids(caller, access.taking_part):
            raise _not_found(access.id)
    elif not (_may_see_page(caller) or _reads_every_dag(caller)):
        raise _not_found(access.id)
    return access


def may_see_input(caller: Caller, access: WorkflowAccess) -> bool:
    """Whether a caller who may see the workflow may also read its input and output, which belong to the owners' DAGs.

    A task may always read those of its own workflow.
    """
    return isinstance(caller, TaskCaller) or access.owners <= readable_dag_ids(caller, access.owners)


def visible_health(caller: Caller, health: Health) -> Health:
    """The health, without the number of workflows unless the caller may read all of them."""
    if isinstance(caller, UserCaller) and _reads_every_dag(caller):
        return health
    return replace(health, open_workflows=None)


def _actor(caller: UserCaller) -> str:
    return f"user:{caller.user.get_name()}"


def _may_change_runs(caller: UserCaller, dag_id: str) -> bool:
    return get_auth_manager().is_authorized_dag(
        method="PUT",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id) if _has_teams() else None),
        user=caller.user,
    )


def _checked_lister(caller: Caller) -> UserCaller:
    if isinstance(caller, TaskCaller):
        raise AccessDenied("A task may not list workflows.", "Define an Airflow connection of type wfstate for a user.")
    return caller


def _readable_among(caller: UserCaller, asked: frozenset[str] | None) -> frozenset[str]:
    """The DAGs that the user may read, restricted to ``asked`` if given."""
    mine = frozenset(get_auth_manager().get_authorized_dag_ids(user=caller.user, method="GET"))
    return mine if asked is None else mine & asked


def readable_dag_ids(caller: UserCaller, dag_ids: Iterable[str]) -> set[str]:
    """The given DAGs that the user may read."""
    manager = get_auth_manager()
    if _has_teams():
        return set(dag_ids) & manager.get_authorized_dag_ids(user=caller.user, method="GET")
    # Checks only these DAGs, including those that Airflow no longer knows.
    return manager.filter_authorized_dag_ids(dag_ids=set(dag_ids), user=caller.user, method="GET")


def _reads_every_dag(caller: UserCaller) -> bool:
    """Whether the user may read a DAG with a random id, and so has permission on all DAGs, including deleted ones."""
    return not _has_teams() and get_auth_manager().is_authorized_dag(
        method="GET", details=DagDetails(id=_nobody_named()), user=caller.user
    )


def _nobody_named() -> str:
    """The id of a DAG that does not exist. Only someone with a permission on all DAGs has it on this one."""
    return f"wfstate-{uuid4()}"


def _may_see_page(caller: UserCaller) -> bool:
    # Only GET: the simple auth manager ignores the method and lets a viewer do anything with a view.
    return get_auth_manager().is_authorized_custom_view(method="GET", resource_name=PAGE_VIEW, user=caller.user)


@cache
def _has_teams() -> bool:
    """Whether DAGs belong to teams. Read once per process, because every write of a user needs it."""
    return bool(conf.getboolean("core", "multi_team", fallback=False))


def _not_found(workflow_id: str) -> WorkflowNotFound:
    return WorkflowNotFound(
        f"There is no workflow {workflow_id}, or you may not see it.",
        "Look for it with: airflow wfstate list",
    )
