"""StartWorkflowOperator: the start of a workflow."""

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
    """Start the workflow ``(name, key)``, or attach this run to the one that has the key.

    Put it first in the DAG. Returns (as its XCom) ``workflow_id``, ``name``, ``key``, ``generation``,
    ``correlation_id``, ``role`` (owner, child or guest), ``state``, and ``output`` (of a workflow that succeeded
    before; None otherwise).

    Where a definition file was applied to the name (``airflow wfstate definitions apply``), the plan, the participants,
    the policies, the deadline and what is redacted come from there, and need not be given; what is given must be what
    it says.

    :param name: of the process. (templated)
    :param key: the business key, such as an order id. It, the name, the correlation id and the labels are rendered as
        text, whatever ``render_template_as_native_obj`` says; what an expression of them gives must not be None. From
        an XComArg may come a string, a number, a UUID, a date, or a tuple of those: ``str()`` is its text. (templated)
    :param input: what the workflow is started with; None for the run's params, as a dict. A run that starts again
        (cleared, resumed) may come with another one: the workflow keeps its own, and the log names what differs.
        (templated)
    :param plan: the steps in order, each ``step``, ``participant.step`` or ``participant[place].step``; empty
        when it is not known.
    :param participants: DAG ids that may join by starting the same name and key; a triggered run always may.
    :param deadline: a timedelta from the start on; a datetime with a time zone; or a text that renders to an ISO 8601
        duration (``P3D``, ``PT4H``) or moment. None, and a text that renders to nothing, for none. (templated)
    :param on_deadline: what follows, once, when the deadline passes: ``flag`` shows it as overdue, ``fail`` fails it
        (and ``on_failure`` decides about the rest), ``cancel`` and ``compensate`` cancel it without and with the undo
        of what was done. None, of this and the other policies: what the definition says, else the default, here
        ``flag``.
    :param on_failure: ``compensate`` what was done (the default), or ``hold`` it for an operator.
    :param on_compensation_error: when an undo fails for good, ``stop`` and hold the workflow (the default), or
        ``continue`` with what else is to be undone, and hold it then.
    :param on_skip: what follows when the run ends well and its CompleteWorkflowOperator was skipped (by a branch, a
        short circuit, a rejected approval, a mapping over nothing). With nothing to undo the workflow succeeds.
        Otherwise ``hold`` (the default) keeps it open, and flags it, until an operator decides; ``complete`` lets it
        succeed, and discards the undos; ``compensate`` undoes what was done.
    :param correlation_id: None for the workflow's own id. (templated)
    :param labels: what people search by besides name and key, such as ``{"region": "eu"}``; at most 20, kept by the
        generation that this start creates. Not for secrets. (templated)
    :param redact: JSON paths into the workflow's input and output: people see ``***`` there; see
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`. The run's own conf and params are
        shown by Airflow itself.
    :param if_exists: what to do when another run's open workflow has the key. ``attach``: take part in it, as a
        guest. ``reject``: fail. ``terminate``: cancel it with compensation, wait for its end, and start anew (also
        with another input). A workflow that succeeded answers in any case, and one that is being compensated is
        waited for. A rehearsal (``dag.test()``, ``airflow dags test``, ``airflow tasks test``) leaves
        the key to real runs: its workflow has the key ``key~run_id``.
    :param wfstate_conn_id: the Airflow connection that names the way to the store; it need not be defined.
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
                raise InvalidDag(f"Task {self.task_id}: {option} is the text {names!r}.", f"Give a list: [{names!r}].")
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
        """Check what the store would refuse, where no template and no other task is to give it yet.

        :raises InvalidDag: it would be refused in any case.
        """
        if (number := _number_that_no_dag_holds(self.input)) is not None:
            raise InvalidDag(
                f"Task {self.task_id}: its input has {number}, which Airflow cannot keep in a DAG.",
                "Leave it out, or give None or a text.",
            )
        try:
            if self.deadline is not None and _is_given(self.deadline):
                check_deadline(self.deadline)
            if len(self.labels) > MAX_LABELS:
                check_labels({str(name): str(value) for name, value in self.labels.items()})
            check_plan(self.plan)
            for label, value in self.labels.items():
                if value is None:
                    raise InvalidRequest(f"The label {label} is None.", "Give it a text, or leave it out.")
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
        """Go on after waiting for the compensations of the workflow that has the key.

        :param waiting_since: when the wait began; None under ``dag.test()``, which loses a deferral's arguments.
        :param event: of the trigger, which Airflow always hands over.
        """
        return self._start(context, waiting_since)

    def _start(self, context: Context, waiting_since: str | None) -> dict[str, Any]:
        with failing_for_good():
            request = self._request(context)
            started = WorkflowStateHook(self.wfstate_conn_id).get_conn().start_workflow(request)
        push_workflow(context["ti"], started.workflow, role=started.role.value)
        if started.workflow.key != request.key:
            self.log.info(
                "This is a rehearsal: it leaves the key %s to real runs, and its workflow has the key %s.",
                request.key,
                started.workflow.key,
            )
        if started.input_differs:
            self.log.warning(
                "The input of this start differs from the one that workflow %s / %s was started with, which it keeps. "
                "They differ in: %s.",
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
                "Workflow %s / %s is there already, %s, and this run takes part as its guest: a step that is done "
                "answers with its stored output, and is not done again.",
                started.workflow.name,
                started.workflow.key,
                started.workflow.state.value,
            )
        return _as_xcom(started)

    def _request(self, context: Context) -> StartWorkflow:
        value = dict(context["params"]) if self.input is None else self.input
        task_instance_id = str(context["ti"].id)
        is_open = self.deadline is None or not str(self.deadline).strip()
        deadline = None if is_open else check_deadline(self.deadline)
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
    """Whether a value stands in the DAG file, and is not rendered, or made by another task, when the task runs."""
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
    """What a literal holds that would lose its DAG; None for nothing.

    With NaN or an infinite number PostgreSQL refuses the serialised DAG. With an integer beyond 64 bits the
    dag-processor's child cannot send what it has parsed, and the file has no DAGs and no import error either.
    """
    if isinstance(value, float):
        return None if math.isfinite(value) else "a number that is not finite"
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**64 else "an integer of more than 64 bits"
    if not isinstance(value, (Mapping, list, tuple)):
        return None
    items = value.values() if isinstance(value, Mapping) else value
    return next((found for item in items if (found := _number_that_no_dag_holds(item)) is not None), None)
