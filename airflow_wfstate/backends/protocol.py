"""StateBackend: what a way to the store can do.

Two implement it: ``database.DatabaseBackend`` (straight to the tables) and ``api.ApiBackend`` (HTTP to the
api-server). One contract suite, tests/contract, holds for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from airflow_wfstate.domain.messages.cancel import CancelledWorkflow, CancelPlan, CancelWorkflow
from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    DecideCompensation,
    DecidedCompensation,
)
from airflow_wfstate.domain.messages.compensation import EndCompensation, EndedCompensation, TakeTurn, TurnAnswer
from airflow_wfstate.domain.messages.detail import WorkflowDetail
from airflow_wfstate.domain.messages.journal import JournalPage
from airflow_wfstate.domain.messages.pages import (
    CheckpointPage,
    CompensationFilter,
    CompensationPage,
    StepFilter,
    StepPage,
)
from airflow_wfstate.domain.messages.record import ReadRecords, RecordPage, SaveRecord
from airflow_wfstate.domain.messages.resume import ResumedWorkflow, ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.messages.stats import WorkflowStats
from airflow_wfstate.domain.messages.step import (
    BeginStep,
    BegunStep,
    EndAttempt,
    LinkChildRun,
    LinkedChildRun,
    RecordedWrite,
    SaveCheckpoint,
    StepSummary,
)
from airflow_wfstate.domain.messages.sweep_report import StartSweep, SweepReport
from airflow_wfstate.domain.messages.task_activity import TaskActivity, TaskInRun
from airflow_wfstate.domain.messages.workflow import (
    CompletedWorkflow,
    CompleteWorkflow,
    StartedWorkflow,
    StartWorkflow,
    WorkflowPage,
    WorkflowQuery,
)


class StateBackend(Protocol):
    """The durable state of workflows.

    Every write is one transaction, and can be sent again: it then changes nothing and gets the same answer; with an
    ``idempotency_key``, that answer whatever has happened since. All methods raise
    :class:`~airflow_wfstate.exceptions.Unavailable` when the store does not answer after retries, and
    :class:`~airflow_wfstate.exceptions.AccessDenied` when the caller may not do it.
    """

    def start_workflow(self, request: StartWorkflow) -> StartedWorkflow:
        """Start a workflow, or attach the caller's run to the one that has the key.

        :raises InvalidName: name, key, plan or participants break the rule of names.
        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises WorkflowExists: ``if_exists`` is ``reject``, or the run belongs to another open workflow.
        :raises WorkflowClosed: the workflow of this key is compensation_failed: a person decides first.
        :raises InputMismatch: the key was started with another input, by another run.
        :raises AccessDenied: the DAG takes no part in the workflow of this key; or ``if_exists`` is ``terminate``,
            and this way may not change runs.
        """
        ...

    def complete_workflow(self, request: CompleteWorkflow) -> CompletedWorkflow:
        """End the workflow of the caller's run as succeeded.

        A guest gets what it was completed with. While the owner is still at it, and while nothing but a guest's steps
        and child runs are open, the answer says what to wait for (``waits_for``), and nothing is changed.

        :raises WorkflowNotFound: the run belongs to no workflow.
        :raises WorkflowUnfinished: a child run or a step is unfinished.
        :raises WorkflowClosed: it ended otherwise.
        """
        ...

    def begin_step(self, request: BeginStep) -> BegunStep:
        """Begin the next attempt of a step, or learn that there is nothing to do.

        :raises InvalidName: step or item key break the rule of names.
        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises StepCollision: another task of the run, or another item of the task, has begun the step.
        """
        ...

    def save_checkpoint(self, request: SaveCheckpoint) -> RecordedWrite:
        """Keep a value inside the round.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        ...

    def save_record(self, request: SaveRecord) -> RecordedWrite:
        """Keep the result of a call, once in a round: a record of that name that is there already is never changed.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        ...

    def read_records(self, request: ReadRecords) -> RecordPage:
        """The records of the attempt's round, in the order in which they were saved.

        :raises InvalidAttemptKey: the key was not issued by this store.
        :raises InvalidRequest: the page is out of range.
        """
        ...

    def end_attempt(self, request: EndAttempt) -> RecordedWrite:
        """Record how the attempt ended, or that it waits. Recorded also when the workflow is over meanwhile.

        :raises StaleAttempt: a newer attempt has taken over, or this one has ended otherwise.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        ...

    def link_child_run(self, request: LinkChildRun) -> LinkedChildRun:
        """Bind a run that is about to be triggered to the workflow of the step, or learn which one to wait for.

        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        :raises StaleAttempt: a newer attempt has taken over, or this one has ended.
        :raises WriteConflict: another write of this number, or a later one, was applied.
        :raises WorkflowExists: the run belongs to another open workflow.
        :raises WorkflowClosed: the workflow has ended, or is being compensated.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        ...

    def take_turn(self, request: TakeTurn) -> TurnAnswer:
        """Judge the relay's run, and get the next compensation if it belongs to that run.

        :raises TaskInstanceNotFound: the task instance does not exist or is not running.
        """
        ...

    def end_compensation(self, request: EndCompensation) -> EndedCompensation:
        """Record how an attempt of a compensation ended.

        :raises StaleAttempt: another attempt of the compensation has begun.
        :raises InvalidAttemptKey: the key was not issued by this store.
        """
        ...

    def plan_cancel(self, workflow_id: str, *, compensate: bool = False) -> CancelPlan:
        """What :meth:`cancel_workflow` would do now. Nothing is changed.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: the workflow may not be cancelled so; as for :meth:`cancel_workflow`.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        ...

    def cancel_workflow(self, request: CancelWorkflow) -> CancelledWorkflow:
        """End a workflow before its time; one that has ended stays as it is, and the answer says so.

        In the same transaction every unfinished task of its owner and child runs is set to failed, but for relays
        and other teardowns.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it is being compensated; or that has failed, or its pivot is done, and it is to be
            compensated.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_cancel`; or the caller may not change the runs of each DAG.
        """
        ...

    def plan_compensate(self, workflow_id: str, code: Code | None = None) -> CompensatePlan:
        """What :meth:`compensate_workflow` would do now. Nothing is changed.

        :param code: which code relays shall use, as in
            :class:`~airflow_wfstate.domain.messages.compensate.CompensateWorkflow`.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: the workflow may not be undone; as for :meth:`compensate_workflow`.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        ...

    def compensate_workflow(self, request: CompensateWorkflow) -> CompensatedWorkflow:
        """Undo what a workflow did, newest step first, also one that has succeeded.

        One that runs or has failed is ended as by :meth:`cancel_workflow`. In one that is compensation_failed, what
        failed is tried again. One that is being undone, is compensated, or has nothing to undo stays as it is, and
        the answer says so.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it was cancelled, or its pivot is done.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_compensate`; or the caller may not change the runs of each DAG.
        """
        ...

    def decide_compensation(self, request: DecideCompensation) -> DecidedCompensation:
        """Carry out a person's decision about the undo of one step, and let the workflow go on.

        The workflow stays compensation_failed while another undo of it has failed, unless the decision is to retry.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it is not being compensated; or the step is being undone at this moment.
        :raises StepNotFound: nothing is to be undone for such a step.
        :raises InvalidRequest: no reason is given; or several steps have that name.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`compensate_workflow`.
        """
        ...

    def plan_resume(
        self,
        workflow_id: str,
        from_step: str | None = None,
        code: Code | None = None,
        *,
        renames: Mapping[str, str] | None = None,
        new_steps: Sequence[str] = (),
    ) -> ResumePlan:
        """What :meth:`resume_workflow` would do now. Nothing is changed.

        A workflow that may not be resumed gets a plan that is not allowed, with the reason.

        :param from_step: ``step``, ``participant.step`` or ``participant[place].step`` to restart from; None to resume
            what is unfinished.
        :param code: as in :class:`~airflow_wfstate.domain.messages.resume.ResumeWorkflow`, and so the others.
        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name; or a rename, or a new step, names none.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        ...

    def resume_workflow(self, request: ResumeWorkflow) -> ResumedWorkflow:
        """Set a failed workflow going again, or restart a failed or succeeded one from a step.

        In the same transaction the tasks that are to run again are cleared, with the relays of their runs, and what
        is gone is created again. A resume of a workflow that is running or has succeeded changes nothing, and the
        answer says so.

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name; or the deadline is out of range.
        :raises WorkflowClosed: its state allows neither.
        :raises Conflict: a run that it needs is gone and cannot be created again, or a task is still at work; or it
            must be said first whether a step that is done was renamed.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_resume`; or the caller may not change the runs of each DAG.
        """
        ...

    def get_workflow(self, workflow_id: str, *, step_limit: int = 200) -> WorkflowDetail:
        """Where one workflow stands: its progress, its runs, its steps by group, and the first page of its steps.

        :param step_limit: of that page, at most 1000; 0 for no steps at all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range.
        """
        ...

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """A page of workflows, in the order of the query.

        :raises InvalidRequest: the limit or the cursor is none, or the cursor is of another list; a time has no zone.
        """
        ...

    def read_stats(self, query: WorkflowQuery, bucket_seconds: int | None = None) -> WorkflowStats:
        """Count the workflows that match a query, whose order, limit and cursor do not matter.

        :param bucket_seconds: also count them by their start, in stretches of so many seconds from the query's
            ``since`` to its ``until``; None for none.
        :raises InvalidRequest: more than 1000 stretches, or without beginning or end; a time has no zone.
        """
        ...

    def list_steps(
        self, workflow_id: str, after: str | None = None, limit: int = 200, wanted: StepFilter | None = None
    ) -> StepPage:
        """Steps behind the one with the id ``after``, by what tells them apart; at most ``limit`` (1 to 1000).

        :param wanted: only those; None for all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range, or ``after`` is no step of the workflow.
        """
        ...

    def get_step(self, workflow_id: str, step_id: str) -> StepSummary:
        """One step.

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: the workflow has no step with this id.
        """
        ...

    def list_checkpoints(
        self, workflow_id: str, step_id: str, after: str | None = None, limit: int = 200
    ) -> CheckpointPage:
        """Checkpoints of a step behind ``after`` (``round:name``), by round and name; at most ``limit`` (1 to 1000).

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: the workflow has no step with this id.
        :raises InvalidRequest: the limit is out of range, or ``after`` names no checkpoint.
        """
        ...

    def list_compensations(
        self,
        workflow_id: str,
        before: int | None = None,
        limit: int = 200,
        wanted: CompensationFilter | None = None,
    ) -> CompensationPage:
        """Compensations in the order in which they are undone, from ``before`` on; at most ``limit`` (1 to 1000).

        :param before: only those whose round's last journal entry has a lower number; None for all.
        :param wanted: only those; None for all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range, or there is no such number.
        """
        ...

    def read_journal(self, workflow_id: str, after: int = 0, limit: int = 200) -> JournalPage:
        """Entries with a number above ``after``, ascending; at most ``limit`` (1 to 1000).

        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range.
        """
        ...

    def read_task_activity(self, workflow_id: str, task: TaskInRun) -> TaskActivity:
        """What a task did in the workflow beside attempts of steps; of an unknown task: nothing.

        :raises WorkflowNotFound: there is none with this id.
        """
        ...

    def sweep(self, request: StartSweep | None = None) -> SweepReport:
        """Make one pass of the sweep now, unless another is under way. None: a pass that nothing is remembered of."""
        ...

    def check(self) -> str:
        """Reach the store, and say in one line what answered. Raises like every method."""
        ...
