"""TaskBackend: the operations that running tasks use."""

from __future__ import annotations

from abc import ABC, abstractmethod

from airflow_wfstate.domain import messages
from airflow_wfstate.domain.messages.operation import Answer, Operation, Request


class TaskBackend(ABC):
    """The part of :class:`~airflow_wfstate.backends.state_backend.StateBackend` that tasks use."""

    @abstractmethod
    def carry_out(self, operation: Operation[Request, Answer], request: Request) -> Answer:
        """Carry out an operation. See the method of that operation for its answer and errors."""

    def start_workflow(self, request: messages.workflow.StartWorkflow) -> messages.workflow.StartedWorkflow:
        """Start a workflow, or attach the caller's run to the workflow that already has the key.

        :raises InvalidName: the name, key, plan or participants contain an invalid name.
        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises WorkflowExists: ``if_exists`` is ``reject``, or the run belongs to another open workflow.
        :raises WorkflowClosed: the workflow of this key is compensation_failed; an operator must decide first.
        :raises DefinitionMismatch: the start disagrees with the definition that is applied to the name.
        :raises InputMismatch: another run started the key with a different input.
        :raises AccessDenied: the DAG does not take part in the workflow of this key; or ``if_exists`` is ``terminate``,
            and this backend may not change runs.
        """
        return self.carry_out(messages.workflow.START_WORKFLOW, request)

    def complete_workflow(self, request: messages.workflow.CompleteWorkflow) -> messages.workflow.CompletedWorkflow:
        """End the workflow of the caller's run as succeeded.

        A guest gets the answer of the completed workflow. While the owner is still running, and while only a guest's
        steps and child runs are open, nothing is changed and the answer says what to wait for (``waits_for``).

        :raises WorkflowNotFound: the run belongs to no workflow.
        :raises WorkflowUnfinished: a child run or a step is unfinished.
        :raises WorkflowClosed: it ended in another state.
        """
        return self.carry_out(messages.workflow.COMPLETE_WORKFLOW, request)

    def begin_step(self, request: messages.step.BeginStep) -> messages.step.BegunStep:
        """Begin the next attempt of a step, or find out that there is nothing to do.

        :raises InvalidName: the step's name or the item key is not valid.
        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises StepCollision: another task of the run, or another item of the task, has already begun the step.
        """
        return self.carry_out(messages.step.BEGIN_STEP, request)

    def save_checkpoint(self, request: messages.step.SaveCheckpoint) -> messages.step.RecordedWrite:
        """Save a checkpoint in the round.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.step.SAVE_CHECKPOINT, request)

    def save_record(self, request: messages.record.SaveRecord) -> messages.step.RecordedWrite:
        """Save the result of a call, once per round. An existing record of the same name is never changed.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.record.SAVE_RECORD, request)

    def read_records(self, request: messages.record.ReadRecords) -> messages.record.RecordPage:
        """List the records of the attempt's round, in the order in which they were saved.

        :raises InvalidAttemptKey: the key was not issued by this store.
        :raises InvalidRequest: the page is out of range.
        """
        return self.carry_out(messages.record.READ_RECORDS, request)

    def end_attempt(self, request: messages.step.EndAttempt) -> messages.step.RecordedWrite:
        """Record how the attempt ended, or that it waits. This works even if the workflow has ended in the meantime.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended in another state.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.step.END_ATTEMPT, request)

    def link_child_run(self, request: messages.step.LinkChildRun) -> messages.step.LinkedChildRun:
        """Bind a run that is about to be triggered to the workflow of the step, or find out which run to wait for.

        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowExists: the run belongs to another open workflow.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.step.LINK_CHILD_RUN, request)

    def register_wait(self, request: messages.wait.RegisterWait) -> messages.wait.RegisteredWait:
        """Wait for a state of a workflow or of a step, or find out how the task's wait ended.

        The same transaction checks whether the state has already been reached.

        :raises InvalidRequest: the target cannot be waited for, or the time is out of range.
        :raises InvalidName: the target contains an invalid name.
        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        """
        return self.carry_out(messages.wait.REGISTER_WAIT, request)

    def look_at_waits(self, request: messages.wait.LookAtWaits) -> messages.wait.EndedWaits:
        """Find out which of the waits have ended.

        :raises InvalidRequest: there are more than 1,000 waits, or an id is not valid.
        """
        return self.carry_out(messages.wait.LOOK_AT_WAITS, request)

    def create_token(self, request: messages.token.CreateToken) -> messages.token.CreatedToken:
        """Create a token with which an outside caller can end a wait of the attempt's round.

        :raises InvalidRequest: the hash or the time is out of range.
        :raises InvalidName: the name is not valid.
        :raises StaleAttempt: a newer attempt has taken over, or this one is not running.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.token.CREATE_TOKEN, request)

    def take_turn(self, request: messages.compensation.TakeTurn) -> messages.compensation.TurnAnswer:
        """Evaluate the relay's run, and get the next compensation if it belongs to that run.

        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        """
        return self.carry_out(messages.compensation.TAKE_TURN, request)

    def end_compensation(
        self, request: messages.compensation.EndCompensation
    ) -> messages.compensation.EndedCompensation:
        """Record how an attempt of a compensation ended.

        :raises StaleAttempt: a newer attempt of the compensation has begun.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        return self.carry_out(messages.compensation.END_COMPENSATION, request)
