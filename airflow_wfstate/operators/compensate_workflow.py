"""CompensateWorkflowOperator: the relay of a DAG."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.domain.messages.compensation import (
    CompensationWork,
    EndCompensation,
    EndedCompensation,
    TakeTurn,
    TurnAnswer,
    TurnDecision,
)
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.dag.complete import ChecksItsDag, when_complete
from airflow_wfstate.operators.relay.arguments import without_unfit_defaults
from airflow_wfstate.operators.relay.handler import call_handler
from airflow_wfstate.operators.relay.undo_operator import run_undo_operator
from airflow_wfstate.operators.relay.wiring import leaves, task_ids, wire_relay
from airflow_wfstate.operators.steps.commit_inquiry import ask_before_undo
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID
from airflow_wfstate.operators.steps.error_text import error_text
from airflow_wfstate.operators.steps.refusal import failing_for_good
from airflow_wfstate.operators.steps.relay_task import RelayTask
from airflow_wfstate.operators.workflow_xcom import push_workflow
from airflow_wfstate.redaction import recorded_text

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from airflow_wfstate.backends.state_backend import StateBackend

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_RETRIES: Final = 2
_RETRY_DELAY: Final = timedelta(seconds=5)


class CompensateWorkflowOperator(RelayTask, ChecksItsDag, BaseOperator):
    """Compensate the steps of this DAG's run when the workflow is compensated and it is this run's turn.

    Each DAG with compensations needs one. It is a teardown and wires itself below the DAG's leaves and above the DAG's
    own teardowns. It therefore runs when the leaves are done, and does not affect the state of the run.

    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
    :param retries: retries in case the process dies; default 2. They do not count towards a compensation's own
        attempts, which this task retries itself.
    :param retry_delay: the delay before such a retry. Default 5 seconds instead of Airflow's 5 minutes, because
        compensations wait for it.
    :param kwargs: the arguments of every operator. It takes only ownership, placement and notifications from
        ``default_args`` (:data:`~airflow_wfstate.operators.relay.arguments.SUITS`); pass all others to the operator
        directly.
    """

    ui_color = "#f4e3d7"

    def __init__(
        self,
        *,
        wfstate_conn_id: str = DEFAULT_CONNECTION_ID,
        **kwargs: Any,
    ) -> None:
        # Not in the signature, because Airflow would fill them from default_args.
        own = {"retries": _RETRIES, "retry_delay": _RETRY_DELAY, **kwargs}
        super().__init__(**without_unfit_defaults(own))
        self.wfstate_conn_id = wfstate_conn_id
        self._undoing: BaseOperator | None = None
        self.as_teardown(on_failure_fail_dagrun=False)
        dag = self.get_dag()
        if dag is not None:
            _check_only(self, dag)
            when_complete(dag, self.wire)

    def wire(self) -> None:
        """Add the relay's dependencies to the DAG. Called when the DAG is complete; safe to repeat.

        :raises InvalidDag: the DAG has a second relay, a task below this one, or a branch that is a leaf.
        """
        dag = self.get_dag()
        if dag is not None:
            _check_only(self, dag)
            wire_relay(self, dag)

    def execute(self, context: Context) -> dict[str, Any]:
        """Run this run's compensations one by one until it has no more turns.

        :raises AirflowFailException: an operator must decide, because a compensation failed permanently or cannot be
            run.
        :returns: ``decision`` and ``reason`` of the last answer, and ``compensations``: those that ran, with their
            results.
        """
        backend = WorkflowStateHook(self.wfstate_conn_id).get_conn()
        done: list[dict[str, Any]] = []
        pauses = _pauses()
        while True:
            answer = self._take_turn(backend, context)
            if answer.workflow is not None and not done:
                push_workflow(context["ti"], answer.workflow, decision=answer.decision.value)
            if answer.decision is TurnDecision.HELD:
                # Fail, so that Airflow shows it and calls the task's on_failure_callback. The run's state does not
                # change.
                raise AirflowFailException(f"The workflow is on hold: {answer.reason} An operator must decide.")
            if answer.decision is not TurnDecision.COMPENSATE or answer.work is None or answer.workflow is None:
                self.log.info("%s: %s", answer.decision.value, answer.reason)
                return {"decision": answer.decision.value, "reason": answer.reason, "compensations": done}
            ended = self._compensate(backend, answer.workflow, answer.work, context)
            done.append(
                {
                    "step": answer.work.step_name,
                    "item_key": answer.work.item_key,
                    "round": answer.work.round,
                    "attempt": answer.work.attempt,
                    "state": ended.state.value,
                }
            )
            if ended.state is CompensationState.RUNNING:
                time.sleep(next(pauses))
            else:
                pauses = _pauses()

    def _take_turn(self, backend: StateBackend, context: Context) -> TurnAnswer:
        leaf_task_ids = task_ids(leaves(self, self.dag))
        with failing_for_good():
            return backend.take_turn(TakeTurn(task_instance_id=str(context["ti"].id), leaf_task_ids=leaf_task_ids))

    def on_kill(self) -> None:
        """Let the operator that is undoing a step stop what it started."""
        if self._undoing is not None:
            self._undoing.on_kill()

    def _compensate(
        self, backend: StateBackend, workflow: WorkflowRef, work: CompensationWork, context: Context
    ) -> EndedCompensation:
        self.log.info("Undoing step %s, attempt %d of %d.", work.step_name, work.attempt, work.max_attempts)
        try:
            asked = ask_before_undo(work, workflow.id, self.dag.tasks, context)
            nothing_to_undo = (
                call_handler(asked.work, workflow, self.dag.tasks, partial(self._run_operator, context))
                if asked.is_needed
                else "its transaction was not committed"
            )
        except (AirflowFailException, InvalidDag) as error:
            self.log.exception("Undoing step %s failed and will not be retried.", work.step_name)
            return self._end_badly(backend, work, error, may_retry=False)
        except Exception as error:
            self.log.exception("Undoing step %s failed.", work.step_name)
            return self._end_badly(backend, work, error)
        except BaseException as error:  # the process was told to stop: record it, and stop
            self._end_badly(backend, work, error)
            raise
        if nothing_to_undo is not None:
            self.log.info("Step %s has nothing to undo: %s", work.step_name, nothing_to_undo)
            nothing_to_undo = recorded_text(nothing_to_undo, MAX_ERROR_LENGTH)
        return self._end(
            backend, EndCompensation(work.compensation_key, succeeded=True, nothing_to_undo=nothing_to_undo)
        )

    def _run_operator(self, context: Context, operator: BaseOperator, extra: dict[str, object]) -> None:
        self._undoing = operator
        try:
            run_undo_operator(operator, context, extra)
        finally:
            self._undoing = None

    def _end_badly(
        self, backend: StateBackend, work: CompensationWork, error: BaseException, *, may_retry: bool = True
    ) -> EndedCompensation:
        end = EndCompensation(work.compensation_key, succeeded=False, error=error_text(error), may_retry=may_retry)
        return self._end(backend, end)

    def _end(self, backend: StateBackend, end: EndCompensation) -> EndedCompensation:
        with failing_for_good():
            return backend.end_compensation(end)


def _check_only(relay: CompensateWorkflowOperator, dag: DAG) -> None:
    for task in dag.tasks:
        if isinstance(task, CompensateWorkflowOperator) and task.task_id != relay.task_id:
            raise InvalidDag(
                f"DAG {dag.dag_id} has two relays: {task.task_id} and {relay.task_id}.",
                "Keep one CompensateWorkflowOperator: it undoes all steps of the DAG.",
            )


def _pauses() -> Iterator[float]:
    """Yield the seconds between attempts of one compensation: 1, 2, 4 and so on, at most 30."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
