"""DatabaseBackend: straight to the tables, one transaction a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine

from airflow_wfstate.domain.messages.access import WorkflowAccess
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
from airflow_wfstate.domain.messages.key_rotation import RotatedColumn
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
from airflow_wfstate.domain.rules.counted import counted
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.store.actions.cancel import cancel_workflow, plan_cancel, why_not_cancel
from airflow_wfstate.store.actions.compensate import compensate_workflow, plan_compensate, why_not_compensate
from airflow_wfstate.store.actions.complete import complete_workflow, keep_workflow_output
from airflow_wfstate.store.actions.decide_compensation import decide_compensation
from airflow_wfstate.store.actions.start import keep_input, start_workflow
from airflow_wfstate.store.compensation.end_compensation import end_compensation
from airflow_wfstate.store.compensation.relay_clear import clear_waiting_relays
from airflow_wfstate.store.compensation.take_turn import take_turn
from airflow_wfstate.store.database.transaction import Refused, Unchanged, run_read, run_transaction
from airflow_wfstate.store.payloads.rotate_keys import old_keys_in_use, rotate_keys
from airflow_wfstate.store.payloads.stored_payload import discard
from airflow_wfstate.store.reading.checkpoint_page import list_checkpoints
from airflow_wfstate.store.reading.compensation_page import list_compensations
from airflow_wfstate.store.reading.journal import read_journal
from airflow_wfstate.store.reading.step_page import get_step, list_steps
from airflow_wfstate.store.reading.task_activity import read_task_activity
from airflow_wfstate.store.reading.workflow_detail import read_workflow
from airflow_wfstate.store.reading.workflow_list import list_workflows
from airflow_wfstate.store.reading.workflow_stats import read_stats
from airflow_wfstate.store.resume.plan import plan_resume
from airflow_wfstate.store.resume.resume import resume_workflow
from airflow_wfstate.store.resume.why_not_resume import why_not_resume
from airflow_wfstate.store.steps.begin import begin_step
from airflow_wfstate.store.steps.end_attempt import end_attempt, keep_output
from airflow_wfstate.store.steps.hot_path import HotPath, has_hot_path
from airflow_wfstate.store.steps.link_child_run import link_child_run
from airflow_wfstate.store.steps.save_checkpoint import keep_checkpoint, save_checkpoint
from airflow_wfstate.store.steps.save_record import keep_record, read_records, save_record
from airflow_wfstate.store.sweeping.health import read_health
from airflow_wfstate.store.sweeping.sweep import sweep
from airflow_wfstate.store.workflows.access import read_access, takes_part
from airflow_wfstate.store.workflows.stored_answer import KeyedRequest, answer_once, find_answer, keep_answer

Request = TypeVar("Request", bound=KeyedRequest)
Answer = TypeVar("Answer")


class DatabaseBackend:
    """The :class:`~airflow_wfstate.backends.protocol.StateBackend` of the database way.

    :param engine: of Airflow's metadata database, PostgreSQL or SQLite; its pool is used, one connection a call.
    :param is_server: whether this process may use Airflow's own models, and may change runs and tasks: api-server,
        scheduler and command line. False in a worker that reaches the tables by a connection of type ``postgres``.
    :param read_timeout: how long PostgreSQL may work on one statement of what a user reads (what an attempt reads
        of itself excepted); zero: as long as it likes.
    """

    def __init__(self, engine: Engine, *, is_server: bool = True, read_timeout: timedelta = timedelta(0)) -> None:
        self.engine = engine
        self.read_timeout = read_timeout
        self.is_server = is_server
        self._hot_path = HotPath(engine) if has_hot_path(engine) else None

    def start_workflow(self, request: StartWorkflow) -> StartedWorkflow:
        """See ``StateBackend.start_workflow``."""
        kept = keep_input(request)
        started = self._write(
            partial(start_workflow, kept=kept, may_change_runs=self.is_server), request, StartedWorkflow
        )
        if started.workflow.id != kept.workflow_id:  # an earlier start's, with that one's input
            discard(kept.payload)
        return started

    def complete_workflow(self, request: CompleteWorkflow) -> CompletedWorkflow:
        """See ``StateBackend.complete_workflow``."""
        output = keep_workflow_output(self.engine, request)
        return self._write(partial(complete_workflow, output=output), request, CompletedWorkflow)

    def begin_step(self, request: BeginStep) -> BegunStep:
        """See ``StateBackend.begin_step``."""
        hot_path = self._hot_path_of(request)
        begun = None if hot_path is None else hot_path.begin_new_step(request)
        return begun or self._write(begin_step, request, BegunStep)

    def save_checkpoint(self, request: SaveCheckpoint) -> RecordedWrite:
        """See ``StateBackend.save_checkpoint``."""
        value = keep_checkpoint(request)
        hot_path = self._hot_path_of(request)
        saved = None if hot_path is None else hot_path.save_checkpoint(request, value)
        return saved or self._write(partial(save_checkpoint, value=value), request, RecordedWrite)

    def save_record(self, request: SaveRecord) -> RecordedWrite:
        """See ``StateBackend.save_record``."""
        value = keep_record(request)
        hot_path = self._hot_path_of(request)
        saved = None if hot_path is None else hot_path.save_record(request, value)
        return saved or self._write(partial(save_record, value=value), request, RecordedWrite)

    def read_records(self, request: ReadRecords) -> RecordPage:
        """See ``StateBackend.read_records``."""
        return run_read(self.engine, lambda connection: read_records(connection, request))

    def end_attempt(self, request: EndAttempt) -> RecordedWrite:
        """See ``StateBackend.end_attempt``."""
        output = keep_output(request)
        hot_path = self._hot_path_of(request)
        ended = None if hot_path is None else hot_path.end_running_attempt(request, output)
        return ended or self._write(partial(end_attempt, output=output), request, RecordedWrite)

    def link_child_run(self, request: LinkChildRun) -> LinkedChildRun:
        """See ``StateBackend.link_child_run``."""
        return self._write(link_child_run, request, LinkedChildRun)

    def take_turn(self, request: TakeTurn) -> TurnAnswer:
        """See ``StateBackend.take_turn``."""
        return self._write(take_turn, request, TurnAnswer)

    def end_compensation(self, request: EndCompensation) -> EndedCompensation:
        """See ``StateBackend.end_compensation``."""
        return self._write(end_compensation, request, EndedCompensation)

    def plan_cancel(self, workflow_id: str, *, compensate: bool = False) -> CancelPlan:
        """See ``StateBackend.plan_cancel``."""
        self._check_server()
        return self._read(partial(plan_cancel, workflow_id=workflow_id, compensate=compensate))

    def why_not_cancel(self, workflow_id: str, *, compensate: bool = False) -> str | None:
        """Why a cancel would be refused, or change nothing; for the server's list of actions. Not a way to the store.

        :raises WorkflowNotFound: there is none with this id.
        """
        return self._read(partial(why_not_cancel, workflow_id=workflow_id, compensate=compensate))

    def cancel_workflow(self, request: CancelWorkflow) -> CancelledWorkflow:
        """See ``StateBackend.cancel_workflow``."""
        self._check_server()
        return self._write(cancel_workflow, request, CancelledWorkflow)

    def plan_compensate(self, workflow_id: str, code: Code | None = None) -> CompensatePlan:
        """See ``StateBackend.plan_compensate``."""
        self._check_server()
        return self._read(partial(plan_compensate, workflow_id=workflow_id, code=code))

    def why_not_compensate(self, workflow_id: str) -> str | None:
        """Why it would be refused to undo a workflow, or change nothing; as :meth:`why_not_cancel`."""
        return self._read(partial(why_not_compensate, workflow_id=workflow_id))

    def compensate_workflow(self, request: CompensateWorkflow) -> CompensatedWorkflow:
        """See ``StateBackend.compensate_workflow``."""
        self._check_server()
        answer = self._write(compensate_workflow, request, CompensatedWorkflow)
        clear_waiting_relays(self.engine)  # of a run that has ended: perhaps nobody asks the api-server anything
        return answer

    def decide_compensation(self, request: DecideCompensation) -> DecidedCompensation:
        """See ``StateBackend.decide_compensation``."""
        self._check_server()
        answer = self._write(decide_compensation, request, DecidedCompensation)
        clear_waiting_relays(self.engine)
        return answer

    def plan_resume(
        self,
        workflow_id: str,
        from_step: str | None = None,
        code: Code | None = None,
        *,
        renames: Mapping[str, str] | None = None,
        new_steps: Sequence[str] = (),
    ) -> ResumePlan:
        """See ``StateBackend.plan_resume``."""
        self._check_server()
        wish = ResumeWorkflow(
            workflow_id, from_step=from_step, code=code, renames=renames or {}, new_steps=list(new_steps)
        )
        return self._read(partial(plan_resume, wish=wish))

    def why_not_resume(self, workflow_id: str) -> str | None:
        """Why a resume would be refused, as its plan would say; as :meth:`why_not_cancel`."""
        self._check_server()
        return self._read(partial(why_not_resume, workflow_id=workflow_id))

    def resume_workflow(self, request: ResumeWorkflow) -> ResumedWorkflow:
        """See ``StateBackend.resume_workflow``."""
        self._check_server()
        return self._write(resume_workflow, request, ResumedWorkflow)

    def get_workflow(self, workflow_id: str, *, step_limit: int = 200) -> WorkflowDetail:
        """See ``StateBackend.get_workflow``."""
        return self._read(lambda connection: read_workflow(connection, workflow_id, step_limit))

    def read_access(self, workflow_id: str) -> WorkflowAccess:
        """Who takes part in a workflow, for the server's authorization. Not a way to the store.

        :raises WorkflowNotFound: there is none with this id.
        """
        return self._read(lambda connection: read_access(connection, workflow_id))

    def takes_part(self, workflow_id: str, dag_id: str, run_id: str) -> bool:
        """Whether a run is linked to a workflow, for the server's authorization. Not a way to the store."""
        return self._read(lambda connection: takes_part(connection, workflow_id, dag_id, run_id))

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """See ``StateBackend.list_workflows``."""
        return self._read(lambda connection: list_workflows(connection, query))

    def read_stats(self, query: WorkflowQuery, bucket_seconds: int | None = None) -> WorkflowStats:
        """See ``StateBackend.read_stats``."""
        return self._read(lambda connection: read_stats(connection, query, bucket_seconds))

    def list_steps(
        self, workflow_id: str, after: str | None = None, limit: int = 200, wanted: StepFilter | None = None
    ) -> StepPage:
        """See ``StateBackend.list_steps``."""
        return self._read(lambda connection: list_steps(connection, workflow_id, after, limit, wanted))

    def get_step(self, workflow_id: str, step_id: str) -> StepSummary:
        """See ``StateBackend.get_step``."""
        return self._read(lambda connection: get_step(connection, workflow_id, step_id))

    def list_checkpoints(
        self, workflow_id: str, step_id: str, after: str | None = None, limit: int = 200
    ) -> CheckpointPage:
        """See ``StateBackend.list_checkpoints``."""
        return self._read(lambda connection: list_checkpoints(connection, workflow_id, step_id, after, limit))

    def list_compensations(
        self,
        workflow_id: str,
        before: int | None = None,
        limit: int = 200,
        wanted: CompensationFilter | None = None,
    ) -> CompensationPage:
        """See ``StateBackend.list_compensations``."""
        return self._read(lambda connection: list_compensations(connection, workflow_id, before, limit, wanted))

    def read_journal(self, workflow_id: str, after: int = 0, limit: int = 200) -> JournalPage:
        """See ``StateBackend.read_journal``."""
        return self._read(lambda connection: read_journal(connection, workflow_id, after, limit))

    def read_task_activity(self, workflow_id: str, task: TaskInRun) -> TaskActivity:
        """See ``StateBackend.read_task_activity``."""
        return self._read(lambda connection: read_task_activity(connection, workflow_id, task))

    def sweep(self, request: StartSweep | None = None) -> SweepReport:
        """See ``StateBackend.sweep``."""
        self._check_server()
        if request is None or request.idempotency_key is None:
            return sweep(self.engine)
        stored = find_answer(self.engine, request, SweepReport)
        return stored or keep_answer(self.engine, request, sweep(self.engine))

    def rotate_keys(self) -> Iterator[RotatedColumn]:
        """Bring stored payloads under the first of ``[core] fernet_key``; one report for each column that is done.

        Not a way to the store: whoever runs Airflow's database does this, on its command line.
        """
        self._check_server()
        return rotate_keys(self.engine)

    def old_keys_in_use(self) -> str | None:
        """What tells that a process still encrypts with another key than the first, as a sentence; None: nothing."""
        self._check_server()
        return self._read(old_keys_in_use)

    def check(self) -> str:
        """See ``StateBackend.check``."""
        health = self._read(read_health)
        answered = f"{self.engine.dialect.name} answered"
        return f"{answered}; {counted(health.open_workflows or 0, 'open workflow')}"

    def _check_server(self) -> None:
        if not self.is_server:
            raise AccessDenied(
                "A worker that reaches the tables by a connection of type postgres may not change runs.",
                "Use a connection of type wfstate, the command line or the page.",
            )

    def _hot_path_of(self, request: KeyedRequest) -> HotPath | None:
        """The hot path, for a request without a key: it stores no answers."""
        return self._hot_path if request.idempotency_key is None else None

    def _write(
        self,
        transaction: Callable[[Connection, Request], Answer | Unchanged[Answer] | Refused],
        request: Request,
        answer_type: type[Answer],
    ) -> Answer:
        if request.idempotency_key is not None:
            return answer_once(self.engine, transaction, request, answer_type)
        return run_transaction(self.engine, lambda connection: transaction(connection, request))

    def _read(self, read: Callable[[Connection], Answer]) -> Answer:
        return run_read(self.engine, read, self.read_timeout)
