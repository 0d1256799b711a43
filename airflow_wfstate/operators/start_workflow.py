"""StartWorkflowOperator: starts a workflow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Literal

from airflow.sdk import Context, XComArg

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.messages.workflow import StartedWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.deadline import check_deadline
from airflow_wfstate.domain.rules.labels import MAX_LABELS, check_labels
from airflow_wfstate.domain.rules.plan import check_plan
from airflow_wfstate.domain.rules.policies import (
    CompensationErrorPolicy,
    DeadlinePolicy,
    FailurePolicy,
    IfExists,
    SkipPolicy,
)
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidDag, InvalidRequest
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.dag.complete import ChecksItsDag
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID, check_redact, is_template
from airflow_wfstate.operators.steps.identity_text import TextIdentities, identity_text
from airflow_wfstate.operators.steps.refusal import failing_for_good
from airflow_wfstate.operators.steps.relay_task import find_relay
from airflow_wfstate.operators.steps.waiting import defer_to_ask_again
from airflow_wfstate.operators.workflow_xcom import push_workflow

_POLICIES: Final[Mapping[str, type[Enum]]] = {
    "on_deadline": DeadlinePolicy,
    "on_failure": FailurePolicy,
    "on_compensation_error": CompensationErrorPolicy,
    "on_skip": SkipPolicy,
}


class StartWorkflowOperator(ChecksItsDag, TextIdentities):
    """Start the workflow ``(name, key)``, or attach this run to the workflow that already has the key.

    Put it first in the DAG. The return value (its XCom) has ``workflow_id``, ``name``, ``key``, ``generation``,
    ``correlation_id``, ``role`` (owner, child or guest), ``state``, and ``output`` (of a workflow that has already
    succeeded; otherwise None).

    If a definition file was applied to the name (``airflow wfstate definitions apply``), the plan, participants,
    policies, deadline and redaction come from the definition and can be left out here. If you give them, they must
    match it.

    :param name: name of the business process. (templated)
    :param key: the business key, such as an order id. Key, name, correlation id and labels are rendered as text
        regardless of ``render_template_as_native_obj``, and their expressions must not evaluate to None. An XComArg may
        give a string, a number, a boolean, a UUID, a date, or a tuple or list of those, which ``str()`` converts to
        text. (templated)
    :param input: the workflow's input; None for the run's params, as a dict. If a run starts again (cleared or resumed)
        with a different input, the workflow keeps its original input, and the log lists the differences. (templated)
    :param plan: the steps in order, each ``step``, ``participant.step`` or ``participant[place].step``; empty if it is
        not known.
    :param participants: ids of DAGs that may join by starting the same name and key. A triggered run may always join.
    :param deadline: a timedelta counted from the start, a datetime with a time zone, or a text that renders to an ISO
        8601 duration (``P3D``, ``PT4H``) or date and time. None, also from an XComArg, for no deadline of the start's
        own. A text that renders to nothing is refused. (templated)
    :param on_deadline: what happens, once, when the deadline passes. ``flag`` marks the workflow as overdue. ``fail``
        fails it, and ``on_failure`` applies. ``cancel`` cancels it without compensation, ``compensate`` cancels it with
        compensation. For this and all other policies, None means the definition's value, or else the default, which is
        ``flag`` here.
    :param on_failure: ``compensate`` the finished steps (the default), or put the workflow on ``hold`` until an
        operator decides.
    :param on_compensation_error: what happens when a compensation fails permanently. ``stop`` puts the workflow on hold
        at once (the default). ``continue`` runs the remaining compensations first.
    :param on_skip: what happens when the run succeeds but its CompleteWorkflowOperator was skipped (by a branch, a
        short circuit, a rejected approval, or an empty mapping). If there is nothing to undo, the workflow succeeds.
        Otherwise ``hold`` (the default) keeps it open and flagged until an operator decides, ``complete`` lets it
        succeed and discards its compensations, and ``compensate`` undoes the finished steps.
    :param correlation_id: None for the workflow's own id. (templated)
    :param labels: labels to search by in addition to name and key, such as ``{"region": "eu"}``; at most 20. They are
        stored with the generation that this start creates. Do not put secrets in them. (templated)
    :param redact: JSON paths into the workflow's input and output that are hidden from users, who see ``***``; see
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`. Airflow itself still shows the run's
        conf and params.
    :param if_exists: what to do if an open workflow of another run has the key. ``attach`` joins it as a guest.
        ``reject`` fails. ``terminate`` cancels it with compensation, waits for it to end, and starts a new one, which
        may have a different input. In all cases, a workflow that has succeeded returns its stored outputs, and the task
        waits for one that is being compensated. A rehearsal (``dag.test()``, ``airflow dags test``, ``airflow tasks
        test``) does not use the key: its workflow gets the key ``key~run_id``.
    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
    """

    template_fields: Sequence[str] = ("name", "key", "input", "correlation_id", "labels", "deadline")
    identity_fields: ClassVar[Mapping[str, str]] = {
        "name": "workflow name",
        "key": "workflow key",
        "correlation_id": "correlation id",
    }
    text_fields: ClassVar[Sequence[str]] = ("labels", "deadline")
    ui_color = "#dcefe0"

    def __init__(
        self,
        *,
        name: str,
        key: str,
        input: Mapping[str, Any] | str | None = None,
        plan: Sequence[str] = (),
        participants: Sequence[str] = (),
        deadline: timedelta | datetime | str | None = None,
        on_deadline: Literal["flag", "fail", "cancel", "compensate"] | None = None,
        on_failure: Literal["compensate", "hold"] | None = None,
        on_compensation_error: Literal["stop", "continue"] | None = None,
        on_skip: Literal["complete", "compensate", "hold"] | None = None,
        correlation_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        redact: Sequence[str] = (),
        if_exists: Literal["attach", "reject", "terminate"] = "attach",
        wfstate_conn_id: str = DEFAULT_CONNECTION_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.key = key
        self.input = input
        for option, names in (("plan", plan), ("participants", participants)):
            if isinstance(names, str):
                raise InvalidDag(f"Task {self.task_id}: {option} is a string, {names!r}.", f"Give a list: [{names!r}].")
        self.plan = list(plan)
        self.participants = list(participants)
        self.deadline = deadline
        self.on_deadline = on_deadline
        self.on_failure = on_failure
        self.on_compensation_error = on_compensation_error
        self.on_skip = on_skip
        self.correlation_id = correlation_id
        if labels is not None and not isinstance(labels, Mapping):
            raise InvalidDag(f"Task {self.task_id}: labels is {labels!r}.", "Give a dict; its values may be templates.")
        self.labels = dict(labels or {})
        self.redact = list(check_redact(redact))
        self.if_exists = if_exists
        self.wfstate_conn_id = wfstate_conn_id
        for option, kind in _POLICIES.items():
            if getattr(self, option) is not None:
                _check_choice(option, getattr(self, option), [policy.value for policy in kind])
        _check_choice("if_exists", if_exists, [choice.value for choice in IfExists])
        self._check_what_can_be_seen()

    def _check_what_can_be_seen(self) -> None:
        """Check for values that the store would refuse, as far as they are known before templates and other tasks run.

        :raises InvalidDag: the store would refuse a value in any case.
        """
        if (number := _number_that_no_dag_holds(self.input)) is not None:
            raise InvalidDag(
                f"Task {self.task_id}: its input has {number}, which Airflow cannot store in a DAG.",
                "Leave it out, or use None or a string.",
            )
        try:
            if self.deadline is not None and _is_given(self.deadline):
                check_deadline(self.deadline)
            if len(self.labels) > MAX_LABELS:
                check_labels({str(name): str(value) for name, value in self.labels.items()})
            check_plan(self.plan)
            for label, value in self.labels.items():
                if value is None:
                    raise InvalidRequest(f"The label {label} is None.", "Give it a string, or leave it out.")
                if _is_given(label) and _is_given(value):
                    check_labels({str(label): str(value)})
            for kind, text in self._names():
                if isinstance(text, str) and _is_given(text):
                    check_name(kind, text)
        except InvalidRequest as error:
            raise InvalidDag(f"Task {self.task_id}: {error.reason}", error.remedy) from error

    def _names(self) -> Iterator[tuple[str, object]]:
        yield from (("workflow name", self.name), ("workflow key", self.key), ("correlation id", self.correlation_id))

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the workflow, or attach to it."""
        return self._start(context, waiting_since=None)

    def ask_again(self, context: Context, waiting_since: str | None = None, event: object = None) -> dict[str, Any]:
        """Continue after waiting for the workflow that has the key to be compensated.

        :param waiting_since: when the wait began; None under ``dag.test()``, which loses a deferral's arguments.
        :param event: the trigger's event, which Airflow always passes.
        """
        return self._start(context, waiting_since)

    def _start(self, context: Context, waiting_since: str | None) -> dict[str, Any]:
        with failing_for_good():
            request = self._request(context)
            started = WorkflowStateHook(self.wfstate_conn_id).get_conn().start_workflow(request)
        push_workflow(context["ti"], started.workflow, role=started.role.value)
        if started.workflow.key != request.key:
            self.log.info(
                "This is a rehearsal. It leaves the key %s to real runs; its workflow has the key %s.",
                request.key,
                started.workflow.key,
            )
        if started.input_differs:
            self.log.warning(
                "The input differs from the one that workflow %s / %s was started with. The workflow keeps its "
                "original input. They differ in: %s.",
                started.workflow.name,
                started.workflow.key,
                ", ".join(started.input_differs),
            )
        if started.busy:
            defer_to_ask_again(
                self, f"Workflow {started.workflow.name} / {started.workflow.key} is being compensated", waiting_since
            )
        if started.role is RunRole.GUEST:
            self.log.info(
                "Workflow %s / %s already exists (%s), and this run joins it as a guest: finished steps return their "
                "stored output and are not executed again.",
                started.workflow.name,
                started.workflow.key,
                started.workflow.state.value,
            )
        return _as_xcom(started)

    def _request(self, context: Context) -> StartWorkflow:
        value = dict(context["params"]) if self.input is None else self.input
        task_instance_id = str(context["ti"].id)
        deadline = None if self.deadline is None else check_deadline(self.deadline)
        return StartWorkflow(
            task_instance_id=task_instance_id,
            name=identity_text("workflow name", self.name),
            key=identity_text("workflow key", self.key),
            input=encode(value, sort_keys=True),
            plan=self.plan,
            participants=self.participants,
            on_failure=None if self.on_failure is None else FailurePolicy(self.on_failure),
            on_deadline=None if self.on_deadline is None else DeadlinePolicy(self.on_deadline),
            on_compensation_error=None
            if self.on_compensation_error is None
            else CompensationErrorPolicy(self.on_compensation_error),
            on_skip=None if self.on_skip is None else SkipPolicy(self.on_skip),
            deadline_seconds=max(1, int(deadline.total_seconds())) if isinstance(deadline, timedelta) else None,
            deadline_at=deadline if isinstance(deadline, datetime) else None,
            correlation_id=None
            if self.correlation_id is None
            else identity_text("correlation id", self.correlation_id),
            labels={str(name): str(value) for name, value in self.labels.items()},
            redact=self.redact,
            if_exists=IfExists(self.if_exists),
            relay_task_id=find_relay(self.get_dag()),
            idempotency_key=f"{task_instance_id}:start",
        )


def _is_given(value: object) -> bool:
    """Whether the DAG file gives the final value, so that no template and no other task changes it."""
    return not isinstance(value, XComArg) and not (isinstance(value, str) and is_template(value))


def _check_choice(option: str, value: object, choices: list[str]) -> None:
    if value not in choices:
        raise InvalidDag(f"{option} is {value!r}.", f"Give one of {', '.join(choices)}.")


def _as_xcom(started: StartedWorkflow) -> dict[str, Any]:
    workflow = started.workflow
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "key": workflow.key,
        "generation": workflow.generation,
        "correlation_id": workflow.correlation_id,
        "role": started.role.value,
        "state": workflow.state.value,
        "output": None if started.output is None else decode(started.output),
    }


def _number_that_no_dag_holds(value: object) -> str | None:
    """What in a literal would make Airflow lose the DAG; None if nothing would.

    PostgreSQL refuses a serialised DAG with NaN or an infinite number. With an integer of more than 64 bits, the
    dag-processor's child process cannot send what it has parsed, and the file shows neither DAGs nor an import error.
    """
    if isinstance(value, float):
        return None if math.isfinite(value) else "a number that is not finite"
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**64 else "an integer of more than 64 bits"
    if not isinstance(value, (Mapping, list, tuple)):
        return None
    items = value.values() if isinstance(value, Mapping) else value
    return next((found for item in items if (found := _number_that_no_dag_holds(item)) is not None), None)
