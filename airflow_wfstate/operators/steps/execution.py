"""StepExecution: the one place where a task runs as a step: begin, run, end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

from airflow_wfstate import conf
from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.messages.step import LEFT_BEHIND, BeginDecision, BeginStep, BegunStep, OnClear
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import StaleAttempt, WaitFailed, WorkflowClosed, WorkflowStateError
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.steps.attempt import Attempt, at_work
from airflow_wfstate.operators.steps.control_flow import WAITING
from airflow_wfstate.operators.steps.declaration.declared_steps import is_sole_task
from airflow_wfstate.operators.steps.declaration.item_key import item_of
from airflow_wfstate.operators.steps.declaration.options import StepOptions, with_default_args
from airflow_wfstate.operators.steps.error_text import error_text
from airflow_wfstate.operators.steps.left_behind import LeftBehind, leave_again
from airflow_wfstate.operators.steps.output import tell_what_xcom_refuses
from airflow_wfstate.operators.steps.readable_output import tell_what_undo_cannot_read
from airflow_wfstate.operators.steps.refusal import failing_for_good
from airflow_wfstate.operators.steps.relay_task import find_relay
from airflow_wfstate.operators.steps.task_state import keep_task_state_to_round
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN, defer_to_ask_again
from airflow_wfstate.operators.workflow_xcom import push_workflow

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_wfstate.domain.rules.payload import Payload

Work = Callable[[Attempt], object]
"""The work of the step, once it holds an attempt. Its return value is the step's output."""

GoOn = Callable[[str, "dict[str, Any] | None"], object]
"""The operator's own ``resume_execution``, called with the method and the arguments of its deferral."""

_DEFERRAL: Final = "deferral"
"""The argument of ``ask_again`` that carries the operator's own deferral, so that it can continue from there."""

_SKIPPED_TASKS: Final = DownstreamTasksSkipped.__name__
"""The output type of a branch. The output lists the tasks that it skipped, so that a replayed branch skips them too."""


class StepExecution:
    """One execution of a step by a task instance.

    A task that deferred or rescheduled itself and resumes is another execution of the same attempt.

    :param operator: the rendered task.
    :param options: the options declared at the step itself.
    :param context: the context of the task instance.
    """

    def __init__(self, operator: BaseOperator, options: StepOptions, context: Context) -> None:
        self._operator = operator
        self._options = with_default_args(operator, options)
        self._context = context
        self._backend = WorkflowStateHook(self._options.wfstate_conn_id).get_conn()

    def execute(self, work: Work) -> object:
        """Do the work unless it is already done, record how it ended, and return the step's output.

        :raises AirflowSkipException: the step was skipped earlier, or this is a guest with nothing to do here.
        :raises AirflowFailException: the store refused the step permanently.
        """
        return self._go(work, waiting_since=None, deferral=None)

    def resume(self, next_method: str, next_kwargs: dict[str, Any] | None, *, execute: Work, go_on: GoOn) -> object:
        """Continue after a deferral.

        :param next_method: the method named by the deferral.
        :param execute: the work from the start, for a task that waited for another run and has done nothing yet.
        :param go_on: the work from the point where the operator deferred itself.
        """
        waiting_since = None
        deferral: dict[str, Any] | None = {"method": next_method, "kwargs": next_kwargs}
        if next_method == ASK_AGAIN:
            waiting_since = (next_kwargs or {}).get("waiting_since")
            deferral = (next_kwargs or {}).get(_DEFERRAL)
        if deferral is None:
            return self._go(execute, waiting_since, None)
        method, arguments = deferral["method"], deferral["kwargs"]
        return self._go(lambda _attempt: go_on(method, arguments), waiting_since, deferral)

    def _go(self, work: Work, waiting_since: str | None, deferral: dict[str, Any] | None) -> object:
        """Begin or continue the attempt, and run the work if needed.

        :param waiting_since: when the task began to wait for another task that holds the step; None if it did not wait.
        :param deferral: the operator's own deferral that this execution continues. It is kept while waiting, so that a
            task whose attempt was taken over does not start from the beginning again.
        """
        with failing_for_good():
            begun = self._begin()
        if begun.decision is BeginDecision.RUN:
            return self._run(Attempt(self._backend, begun, self._options.wfstate_conn_id), work)
        if begun.decision is BeginDecision.BUSY:
            kept = {} if deferral is None else {_DEFERRAL: deferral}
            defer_to_ask_again(self._operator, f"The step is being done by {begun.holder}", waiting_since, **kept)
        if begun.decision is BeginDecision.SKIPPED:
            raise AirflowSkipException(f"Workflow {begun.workflow.id} has ended. A guest executes no further steps.")
        return self._answer(begun)

    def _begin(self) -> BegunStep:
        task_id, dag = self._operator.task_id, self._operator.get_dag()
        item = item_of(self._operator, self._context, self._options.item_key)
        request = BeginStep(
            task_instance_id=str(self._context["ti"].id),
            name=self._options.name or task_id,
            item_key=item.key,
            compensation=self._options.declaration(task_id),
            pivot=self._options.pivot,
            irreversible=self._options.irreversible,
            redact=list(self._options.redact),
            relay_task_id=find_relay(dag),
            on_clear=OnClear(self._options.on_clear),
            arguments_sha256=item.arguments_sha256,
            sole_task=is_sole_task(dag, task_id),
            was=list(self._options.was),
        )
        begun = self._backend.begin_step(request)
        if conf.step_xcom():
            push_workflow(
                self._context["ti"],
                begun.workflow,
                step=request.name,
                item_key=request.item_key,
                decision=begun.decision.value,
                attempt=begun.attempt,
                round=begun.round,
            )
        return begun

    def _answer(self, begun: BegunStep) -> object:
        if begun.answered_state is StepState.SKIPPED or begun.output is None:
            raise AirflowSkipException("The step was skipped earlier and is not executed again.")
        self._operator.log.info("The step is already done. Returning its stored output.")
        leave_again(self._context, begun.checkpoints.get(LEFT_BEHIND))
        output = decode(begun.output)
        if begun.output.type == _SKIPPED_TASKS and isinstance(output, list):
            raise DownstreamTasksSkipped(tasks=output)  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        tell_what_xcom_refuses(self._operator, output, begun.output)
        return output

    def _run(self, attempt: Attempt, work: Work) -> object:
        keep_task_state_to_round(self._context, attempt)
        left = LeftBehind(attempt, self._context)
        try:
            with at_work(attempt), left.noted():
                output = work(attempt)
            payload = encode(output)
            if self._options.compensate is not None:
                tell_what_undo_cannot_read(self._operator, payload)
        except WAITING:
            left.keep(self._operator)
            self._end(attempt, StepState.WAITING)
            raise
        except DownstreamTasksSkipped as skipped:
            left.keep(self._operator)
            tasks = skipped.tasks if isinstance(skipped.tasks, list) else list(skipped.tasks)
            self._end(attempt, StepState.SUCCEEDED, output=replace(encode(tasks), type=_SKIPPED_TASKS))
            raise
        except AirflowSkipException:
            self._end(attempt, StepState.SKIPPED)
            raise
        except StaleAttempt as error:
            # Another attempt has taken over. The writes of this one are refused, and a retry would compete with it.
            raise AirflowFailException(str(error)) from error
        except (WorkflowClosed, WaitFailed) as error:
            # The workflow was cancelled or has failed, or the wait failed. The next try would be refused as well.
            self._record_failure(attempt, error)
            raise AirflowFailException(str(error)) from error
        except BaseException as error:  # SystemExit and AirflowTaskTimeout are failures too
            self._record_failure(attempt, error)
            raise
        left.keep(self._operator)
        self._end(attempt, StepState.SUCCEEDED, output=payload)
        tell_what_xcom_refuses(self._operator, output, payload)
        return output

    def _end(self, attempt: Attempt, state: StepState, output: Payload | None = None) -> None:
        with failing_for_good():
            attempt.end(state, output=output)

    def _record_failure(self, attempt: Attempt, error: BaseException) -> None:
        try:
            state = StepState.LOST if attempt.outcome_is_unknown else StepState.FAILED
            attempt.end(state, error=error_text(error))
        except WorkflowStateError:
            # The step stays open until the sweep finds that its task instance has ended. The user's own error matters
            # more.
            self._operator.log.exception("The failure of the step could not be recorded.")
