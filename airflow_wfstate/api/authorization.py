"""What a caller may do, by Airflow's own permissions on DAGs."""

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

PAGE: Final = "Workflows"
"""The page's name, as the plugin registers it: the view whose permission lets read what no DAG takes part in."""


def check_task_instance(caller: Caller, task_instance_id: str) -> None:
    """Check that the caller may act for a task instance.

    A task may for itself alone; a user who may change runs of its DAG.

    :raises AccessDenied: otherwise.
    :raises TaskInstanceNotFound: a user names one that Airflow does not know.
    """
    if isinstance(caller, TaskCaller):
        if caller.task_instance_id != task_instance_id:
            raise AccessDenied(
                f"The token is for task instance {caller.task_instance_id}, not for {task_instance_id[:80]}.",
                "A task acts for itself alone.",
            )
        return
    dag_id = run_of(task_instance_id).dag_id
    if not _may_change_runs(caller, dag_id):
        raise AccessDenied(
            f"{caller.user.get_name()} may not change runs of the DAG {dag_id}.",
            "Give the user of the Airflow connection the permission to edit runs of this DAG.",
        )


def check_attempt_key(caller: Caller, text: str) -> None:
    """Check that the caller may write for the attempt of a step; as :func:`check_task_instance`.

    :raises InvalidAttemptKey: the text is no attempt key.
    """
    check_task_instance(caller, attempt_key.parse(text).task_instance_id)


def check_compensation_key(caller: Caller, text: str) -> None:
    """Check that the caller may write for the attempt of a compensation; as :func:`check_task_instance`.

    :raises InvalidAttemptKey: the text is no compensation key.
    """
    check_task_instance(caller, attempt_key.parse(text, attempt_key.COMPENSATION).task_instance_id)


def check_event_data(caller: Caller, task_instance_id: str, answer: RegisteredWait) -> None:
    """Check that the caller may have the data of the event that a task has waited for.

    A task may, as it may pull any XCom; a user of the task's own workflow, and of others where they may read the input.

    :raises AccessDenied: otherwise.
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
        f"{caller.user.get_name()} may not read what events say of workflows in which the task takes no part.",
        "Let the user of the Airflow connection read the DAGs of that workflow, or let the run join it.",
    )


def check_sweep(caller: Caller) -> str:
    """As :func:`check_operator`, of the sweep, which acts on every workflow."""
    return check_operator(caller, "start a sweep")


def check_operator(caller: Caller, what: str = "change what holds for workflows of every DAG") -> str:
    """Check that the caller may do what concerns every DAG, and name the caller as the journal would.

    A user may who may change runs of every DAG.

    :param what: is asked for, as the error shall say it.
    :raises AccessDenied: otherwise, and for tasks.
    """
    if isinstance(caller, TaskCaller) or not _may_change_runs(caller, _nobody_named()):
        raise AccessDenied(f"This caller may not {what}.", "Call as a user who may edit the runs of every DAG.")
    return _actor(caller)


def check_viewer(caller: Caller) -> None:
    """Check that the caller may read what belongs to no DAG: a user who may see the page, or read every DAG.

    :raises AccessDenied: otherwise, and for tasks.
    """
    if isinstance(caller, TaskCaller) or not (_may_see_page(caller) or _reads_every_dag(caller)):
        raise AccessDenied(
            "This caller may not read definitions.", f"Call as a user who may see the page {PAGE}, or read every DAG."
        )


def check_operator_read(caller: Caller) -> None:
    """Check that the caller may look at what no workflow stands for: a user who may read every DAG.

    :raises AccessDenied: otherwise, and for tasks.
    """
    if isinstance(caller, TaskCaller) or not _reads_every_dag(caller):
        raise AccessDenied("This caller may not look at events.", "Call as a user who may read every DAG.")


def rights_of(caller: Caller) -> Rights:
    """What the caller may do that concerns every DAG; a task nothing."""
    if isinstance(caller, TaskCaller):
        return Rights(looks_at_events=False, operates=False)
    return Rights(
        looks_at_events=_reads_every_dag(caller),
        operates=_may_change_runs(caller, _nobody_named()),
    )


def sender_of(caller: Caller) -> Sender:
    """Who sends events: a user, by name; a task, by the id of its DAG."""
    if isinstance(caller, TaskCaller):
        run = run_of(caller.task_instance_id)
        return Sender(f"task:{run.dag_id}/{run.run_id}", frozenset({f"{DAG_SENDER}{run.dag_id}"}))
    return Sender(
        _actor(caller),
        frozenset({str(caller.user.get_name())}),
        administers=lambda: _may_change_runs(caller, _nobody_named()),
    )


def check_workflow_change(caller: Caller, workflow_id: str) -> str:
    """Check that the caller may act on a whole workflow, and say how the journal names the caller.

    A user may who may change the runs of every DAG that owns it, was triggered by it, or did a step of it; of every
    DAG there is, where none did.

    :raises AccessDenied: otherwise, and for tasks.
    :raises WorkflowNotFound: there is none with this id, or the caller may not even see it.
    """
    if isinstance(caller, TaskCaller):
        raise AccessDenied(
            "A task may not act on a whole workflow.", "Call as a user who may edit the runs of its DAGs."
        )
    concerned = check_visible(caller, workflow_id).concerned
    if not concerned and not _may_change_runs(caller, _nobody_named()):
        raise AccessDenied(
            f"{caller.user.get_name()} may not act on workflow {workflow_id}, in which no DAG takes part.",
            "Ask somebody who may edit the runs of every DAG.",
        )
    for dag_id in sorted(concerned):
        if not _may_change_runs(caller, dag_id):
            raise AccessDenied(
                f"{caller.user.get_name()} may not change runs of the DAG {dag_id}, which takes part in workflow "
                f"{workflow_id}.",
                "Ask somebody who may edit the runs of all its DAGs.",
            )
    return _actor(caller)


def readable(caller: Caller, query: WorkflowQuery) -> WorkflowQuery:
    """The query, narrowed to what the caller may see.

    :raises AccessDenied: for a task, which sees its own workflow only.
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
    """The request for DAGs, narrowed to those that the caller may read.

    :raises AccessDenied: for a task, as :func:`readable`.
    """
    user = _checked_lister(caller)
    if _reads_every_dag(user):
        return request
    return replace(request, readable_dag_ids=_readable_among(user, request.readable_dag_ids))


def check_visible(caller: Caller, workflow_id: str) -> WorkflowAccess:
    """Check that the caller may see a workflow, and say who takes part in it. Reads none of its steps.

    :raises WorkflowNotFound: there is none with this id; the caller may read no DAG that takes part in it (nor the
        page, where none does), or is a task of another workflow.
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
    """Whether the caller, who may see the workflow, may read its input and output: those of a task's own, else of the
    owners' DAGs.
    """
    return isinstance(caller, TaskCaller) or access.owners <= readable_dag_ids(caller, access.owners)


def visible_health(caller: Caller, health: Health) -> Health:
    """The health without the number of workflows, unless the caller may read all of them."""
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
    """Every DAG that the user may read; of ``asked``, where that is given."""
    mine = frozenset(get_auth_manager().get_authorized_dag_ids(user=caller.user, method="GET"))
    return mine if asked is None else mine & asked


def readable_dag_ids(caller: UserCaller, dag_ids: Iterable[str]) -> set[str]:
    """Those of the DAGs that the user may read."""
    manager = get_auth_manager()
    if _has_teams():
        return set(dag_ids) & manager.get_authorized_dag_ids(user=caller.user, method="GET")
    # Asks for these DAGs alone, and also for those that Airflow has forgotten.
    return manager.filter_authorized_dag_ids(dag_ids=set(dag_ids), user=caller.user, method="GET")


def _reads_every_dag(caller: UserCaller) -> bool:
    """Whether the user may read a DAG that nobody has named: a permission on all of them, also on forgotten ones."""
    return not _has_teams() and get_auth_manager().is_authorized_dag(
        method="GET", details=DagDetails(id=_nobody_named()), user=caller.user
    )


def _nobody_named() -> str:
    """The id of a DAG that there is not: only who has a permission on every DAG has it on this one."""
    return f"wfstate-{uuid4()}"


def _may_see_page(caller: UserCaller) -> bool:
    # GET alone: the simple auth manager ignores the method, and lets a viewer do anything to a view.
    return get_auth_manager().is_authorized_custom_view(method="GET", resource_name=PAGE, user=caller.user)


@cache
def _has_teams() -> bool:
    """Whether DAGs belong to teams. Read once in a process: it is asked for with each write of a user."""
    return bool(conf.getboolean("core", "multi_team", fallback=False))


def _not_found(workflow_id: str) -> WorkflowNotFound:
    return WorkflowNotFound(
        f"There is no workflow {workflow_id}, or you may not see it.",
        "Look for it with: airflow wfstate list",
    )
