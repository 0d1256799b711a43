"""WaitForEventOperator: waits for an event of a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import Context

from airflow_wfstate.domain.messages.wait import WaitTarget
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.dag.complete import ChecksItsDag
from airflow_wfstate.operators.steps.attempt import Attempt
from airflow_wfstate.operators.steps.declaration.option_keywords import StepKeywords
from airflow_wfstate.operators.steps.identity_text import TextIdentities
from airflow_wfstate.operators.steps.step_operator import StepOperator
from airflow_wfstate.operators.steps.wait import output_of

_REMEDY = (
    "Check what happened to it with: airflow wfstate event list. If it is still going to come, resume the workflow to "
    "wait again."
)


class WaitForEventOperator(ChecksItsDag, StepOperator, TextIdentities):
    """Defer until an event about a workflow arrives. The event's data is the output of the step.

    Events that arrived earlier are found, including those that are parked until their workflow starts. The first event
    of the type counts, also for every retry. The step fails at once, without retries, if the event can no longer come:
    the workflow has ended or is being compensated, or the definition maps the event to a step that has failed, was
    skipped or was compensated.

    :param event: the type of the event. (templated)
    :param key: key of the workflow that the event is about. None, without a correlation id, for the workflow of this
        run. (templated)
    :param name: name of the workflow, used with ``key``. None for the same name as this run's workflow. (templated)
    :param correlation_id: correlation id of the workflow, instead of its key. (templated)
    :param timeout: how long to wait, counted from when the round began to wait; a retry does not restart it. None to
        wait for as long as the workflow runs.
    :param kwargs: ``step_name``, ``item_key``, ``was``, ``on_clear``, ``redact`` and ``wfstate_conn_id``, as for every
        step (:class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`), and the arguments of the task.
    :raises InvalidDag: both a key and a correlation id are given, or a name without a key.
    """

    template_fields: Sequence[str] = ("event", "key", "name", "correlation_id")
    identity_fields: ClassVar[Mapping[str, str]] = {
        "event": "type of the event",
        "key": "workflow key",
        "name": "workflow name",
        "correlation_id": "correlation id",
    }
    ui_color = "#dce7ef"
    # It has no side effects, so there is nothing to undo.
    step_keywords: ClassVar[StepKeywords] = StepKeywords(
        name="step_name",
        without=("compensate", "compensate_when", "compensate_attempts", "pivot", "irreversible"),
    )

    @step_keywords.shown
    def __init__(
        self,
        *,
        event: str,
        key: str | None = None,
        name: str | None = None,
        correlation_id: str | None = None,
        timeout: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        step_options = self.step_keywords.take(kwargs)
        super().__init__(**kwargs)
        self.event = event
        self.key = key
        self.name = name
        self.correlation_id = correlation_id
        self.timeout = timeout
        self.step_options = step_options
        if key is not None and correlation_id is not None:
            raise InvalidDag(f"Task {self.task_id} has both a key and a correlation_id.", "Give one of them.")
        if name is not None and key is None:
            raise InvalidDag(f"Task {self.task_id} has a name without a key.", "Give both, or neither.")

    def do_step(self, attempt: Attempt, context: Context) -> Any:
        """Register the wait, or return its result."""
        target = WaitTarget(
            WaitKind.EVENT,
            self.name or "",
            self.key or "",
            event=self.event,
            correlation_id=self.correlation_id or "",
        )
        wait = attempt.register_wait(str(context["ti"].id), target, self.timeout)
        if wait.outcome is None:
            self.log.info("Waiting for the event %s.", self.event)
        return output_of(wait, attempt.conn_id, _REMEDY)
