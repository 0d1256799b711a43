"""WaitForEventOperator: the wait for what a service says."""

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
    "Find out what became of it: airflow wfstate event list. If it is coming after all, a resume of the workflow waits "
    "once more."
)


class WaitForEventOperator(ChecksItsDag, StepOperator, TextIdentities):
    """Wait, deferred, for an event about a workflow; the event's data is the output of the step.

    An event that came before is found, also one that waits for its workflow to start. The first of its type counts, and
    stays the one for every retry. The step fails at once, and is not retried, when the event cannot come any more: the
    workflow is over or being undone, or its definition says which step the event tells of, and that has failed, was
    skipped or undone.

    :param event: the type of the event. (templated)
    :param key: of the workflow that the event is about. None, without a correlation id: of the workflow of this run.
        (templated)
    :param name: of the workflow, with ``key``. None: as that of this run. (templated)
    :param correlation_id: of the workflow, in place of its key. (templated)
    :param timeout: how long to wait, from when the round began to; a retry does not start it over. None: for as long as
        the workflow goes on.
    :param kwargs: ``step_name``, ``item_key``, ``was``, ``on_clear``, ``redact`` and ``wfstate_conn_id``, as of every
        step (:class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`), and the arguments of the task.
    :raises InvalidDag: there is a key and a correlation id, or a name without a key.
    """

    template_fields: Sequence[str] = ("event", "key", "name", "correlation_id")
    identity_fields: ClassVar[Mapping[str, str]] = {
        "event": "type of the event",
        "key": "workflow key",
        "name": "workflow name",
        "correlation_id": "correlation id",
    }
    ui_color = "#dce7ef"
    # It changes nothing outside: there is nothing to undo.
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
            raise InvalidDag(f"Task {self.task_id} has a key and a correlation_id.", "Give one of both.")
        if name is not None and key is None:
            raise InvalidDag(f"Task {self.task_id} has a name without a key.", "Give both, or neither.")

    def do_step(self, attempt: Attempt, context: Context) -> Any:
        """Register the wait, or return what it has brought."""
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
