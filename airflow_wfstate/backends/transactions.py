"""The table that maps each operation to its transaction in the store, for ``DatabaseBackend``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from airflow_wfstate.domain.messages import (
    cancel,
    compensate,
    compensation,
    definition,
    event,
    record,
    resume,
    starting_dag,
    step,
    token,
    wait,
    workflow,
)
from airflow_wfstate.domain.messages.operation import Answer, Operation, Request
from airflow_wfstate.domain.messages.outbox import change_subscription, subscription
from airflow_wfstate.domain.messages.reading import (
    density,
    detail,
    graph,
    journal,
    name_stats,
    pages,
    stats,
    task_activity,
)
from airflow_wfstate.store.actions.cancel import cancel_workflow, plan_cancel
from airflow_wfstate.store.actions.compensate import compensate_workflow, plan_compensate
from airflow_wfstate.store.actions.complete import complete_workflow, keep_workflow_output
from airflow_wfstate.store.actions.decide_compensation import decide_compensation
from airflow_wfstate.store.actions.start import keep_input, start_workflow
from airflow_wfstate.store.compensation.end_compensation import end_compensation
from airflow_wfstate.store.compensation.relay_clear import clear_waiting_relays
from airflow_wfstate.store.compensation.take_turn import take_turn
from airflow_wfstate.store.database.transaction import Refused, Unchanged, run_read, run_transaction
from airflow_wfstate.store.definitions.apply import apply_definition, read_request
from airflow_wfstate.store.definitions.versions import get_definition, list_definition_versions, list_definitions
from airflow_wfstate.store.events.letters import (
    count_events,
    drop_events,
    get_event,
    get_workflow_event,
    list_events,
    replay_events,
)
from airflow_wfstate.store.events.receive import receive_events
from airflow_wfstate.store.outbox.change_subscription import (
    add_subscription,
    continue_subscription,
    pause_subscription,
    remove_subscription,
    replay_subscription,
    rotate_secret,
)
from airflow_wfstate.store.outbox.read_subscription import list_subscriptions, list_waiting_deliveries
from airflow_wfstate.store.payloads.stored_payload import discard
from airflow_wfstate.store.reading.checkpoint_page import list_checkpoints
from airflow_wfstate.store.reading.compensation_page import list_compensations
from airflow_wfstate.store.reading.journal import read_journal
from airflow_wfstate.store.reading.lists.name_stats import read_name_stats
from airflow_wfstate.store.reading.lists.workflow_list import list_workflows
from airflow_wfstate.store.reading.lists.workflow_stats import read_stats
from airflow_wfstate.store.reading.starting_dags import list_starting_dags
from airflow_wfstate.store.reading.step_density import read_density
from airflow_wfstate.store.reading.step_page import get_step, list_steps
from airflow_wfstate.store.reading.task_activity import read_task_activity
from airflow_wfstate.store.reading.workflow_detail import read_workflow
from airflow_wfstate.store.reading.workflow_graph import read_graph
from airflow_wfstate.store.resume.plan import plan_resume
from airflow_wfstate.store.resume.resume import resume_workflow
from airflow_wfstate.store.steps.begin import begin_step
from airflow_wfstate.store.steps.end_attempt import end_attempt, keep_output
from airflow_wfstate.store.steps.link_child_run import link_child_run
from airflow_wfstate.store.steps.save_checkpoint import keep_checkpoint, save_checkpoint
from airflow_wfstate.store.steps.save_record import keep_record, read_records, save_record
from airflow_wfstate.store.waits.look import check_wait_ids, end_those_over, find_over
from airflow_wfstate.store.waits.register import register_wait
from airflow_wfstate.store.waits.token import create_token
from airflow_wfstate.store.workflows.stored_answer import KeyedRequest

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend

Keyed = TypeVar("Keyed", bound=KeyedRequest)
Transaction: TypeAlias = Callable[[Connection, Keyed], "Answer | Unchanged[Answer] | Refused"]

_CARRIED_OUT: Final[dict[str, Callable[[DatabaseBackend, Any], Any]]] = {}


def carried_out(operation: Operation[Request, Answer]) -> Callable[[DatabaseBackend, Request], Answer]:
    """The function that carries out the operation on the tables of a backend."""
    return _CARRIED_OUT[operation.name]


def _write(operation: Operation[Keyed, Answer], transaction: Transaction[Keyed, Answer]) -> None:
    _CARRIED_OUT[operation.name] = lambda backend, request: backend.write(transaction, request, operation.answer)


def _read(operation: Operation[Request, Answer], read: Callable[[Connection, Request], Answer]) -> None:
    _CARRIED_OUT[operation.name] = lambda backend, request: backend.read(lambda connection: read(connection, request))


def _do(operation: Operation[Request, Answer], work: Callable[[DatabaseBackend, Request], Answer]) -> None:
    """For operations that need several transactions, or have a faster path."""
    _CARRIED_OUT[operation.name] = work


def _start_workflow(backend: DatabaseBackend, request: workflow.StartWorkflow) -> workflow.StartedWorkflow:
    kept = keep_input(request)
    transaction = partial(start_workflow, kept=kept, may_change_runs=backend.is_server)
    started = backend.write(transaction, request, workflow.StartedWorkflow)
    if started.workflow.id != kept.workflow_id:  # an earlier start created it, with its own input
        discard(kept.payload)
    return started


def _complete_workflow(backend: DatabaseBackend, request: workflow.CompleteWorkflow) -> workflow.CompletedWorkflow:
    output = keep_workflow_output(backend.engine, request)
    return backend.write(partial(complete_workflow, output=output), request, workflow.CompletedWorkflow)


def _begin_step(backend: DatabaseBackend, request: step.BeginStep) -> step.BegunStep:
    hot_path = backend.hot_path_of(request)
    begun = None if hot_path is None else hot_path.begin_new_step(request)
    return begun or backend.write(begin_step, request, step.BegunStep)


def _save_checkpoint(backend: DatabaseBackend, request: step.SaveCheckpoint) -> step.RecordedWrite:
    value = keep_checkpoint(request)
    hot_path = backend.hot_path_of(request)
    saved = None if hot_path is None else hot_path.save_checkpoint(request, value)
    return saved or backend.write(partial(save_checkpoint, value=value), request, step.RecordedWrite)


def _save_record(backend: DatabaseBackend, request: record.SaveRecord) -> step.RecordedWrite:
    value = keep_record(request)
    hot_path = backend.hot_path_of(request)
    saved = None if hot_path is None else hot_path.save_record(request, value)
    return saved or backend.write(partial(save_record, value=value), request, step.RecordedWrite)


def _read_records(backend: DatabaseBackend, request: record.ReadRecords) -> record.RecordPage:
    # The attempt itself reads, and must not fail because it is slow, so no read timeout applies.
    return run_read(backend.engine, lambda connection: read_records(connection, request))


def _end_attempt(backend: DatabaseBackend, request: step.EndAttempt) -> step.RecordedWrite:
    output = keep_output(request)
    hot_path = backend.hot_path_of(request)
    ended = None if hot_path is None else hot_path.end_running_attempt(request, output)
    return ended or backend.write(partial(end_attempt, output=output), request, step.RecordedWrite)


def _look_at_waits(backend: DatabaseBackend, request: wait.LookAtWaits) -> wait.EndedWaits:
    wait_ids = check_wait_ids(request.wait_ids)
    over = run_read(backend.engine, lambda connection: find_over(connection, wait_ids))
    if over:  # rare: nearly every poll finds nothing, and locks nothing
        going_on = run_transaction(backend.engine, lambda connection: end_those_over(connection, over))
        over = [wait_id for wait_id in over if wait_id not in going_on]
    return wait.EndedWaits(over)


def _compensate_workflow(
    backend: DatabaseBackend, request: compensate.CompensateWorkflow
) -> compensate.CompensatedWorkflow:
    answer = backend.write(compensate_workflow, request, compensate.CompensatedWorkflow)
    clear_waiting_relays(backend.engine)  # the run may have ended, with nobody else calling the api-server
    return answer


def _decide_compensation(
    backend: DatabaseBackend, request: compensate.DecideCompensation
) -> compensate.DecidedCompensation:
    answer = backend.write(decide_compensation, request, compensate.DecidedCompensation)
    clear_waiting_relays(backend.engine)
    return answer


def _apply_definition(backend: DatabaseBackend, request: definition.ApplyDefinition) -> definition.DefinitionApplied:
    named = read_request(request)
    return backend.write(partial(apply_definition, named=named), request, definition.DefinitionApplied)


def _send_events(backend: DatabaseBackend, request: event.SendEvents) -> event.SentEvents:
    # A process that can write to the tables needs no further permission. Over HTTP, the api-server checks it.
    return receive_events(backend.engine, request.events, event.Sender(request.actor))


def _replay_events(backend: DatabaseBackend, request: event.ReplayEvents) -> event.DecidedEvents:
    return replay_events(backend.engine, request)


def _drop_events(backend: DatabaseBackend, request: event.DropEvents) -> event.DecidedEvents:
    return drop_events(backend.engine, request)


_do(workflow.START_WORKFLOW, _start_workflow)
_do(workflow.COMPLETE_WORKFLOW, _complete_workflow)
_do(step.BEGIN_STEP, _begin_step)
_do(step.SAVE_CHECKPOINT, _save_checkpoint)
_do(record.SAVE_RECORD, _save_record)
_do(record.READ_RECORDS, _read_records)
_do(step.END_ATTEMPT, _end_attempt)
_write(step.LINK_CHILD_RUN, link_child_run)

_write(wait.REGISTER_WAIT, register_wait)
_do(wait.LOOK_AT_WAITS, _look_at_waits)
_write(token.CREATE_TOKEN, create_token)

_write(compensation.TAKE_TURN, take_turn)
_write(compensation.END_COMPENSATION, end_compensation)

_write(cancel.CANCEL_WORKFLOW, cancel_workflow)
_read(
    cancel.PLAN_CANCEL,
    lambda connection, asked: plan_cancel(connection, asked.workflow_id, compensate=asked.compensate),
)
_do(compensate.COMPENSATE_WORKFLOW, _compensate_workflow)
_do(compensate.DECIDE_COMPENSATION, _decide_compensation)
_read(
    compensate.PLAN_COMPENSATE,
    lambda connection, asked: plan_compensate(connection, asked.workflow_id, asked.code),
)
_write(resume.RESUME_WORKFLOW, resume_workflow)
_write(resume.RESTART_WORKFLOW, resume_workflow)
_read(
    resume.PLAN_RESUME,
    lambda connection, asked: plan_resume(
        connection,
        resume.ResumeWorkflow(
            asked.workflow_id, asked.from_step, code=asked.code, renames=asked.renames, new_steps=asked.new_steps
        ),
    ),
)

_do(definition.APPLY_DEFINITION, _apply_definition)
_read(definition.GET_DEFINITION, get_definition)
_read(definition.LIST_DEFINITIONS, list_definitions)
_read(definition.LIST_DEFINITION_VERSIONS, list_definition_versions)
_do(event.SEND_EVENTS, _send_events)
_read(event.LIST_EVENTS, list_events)
_read(event.GET_EVENT, get_event)
_read(event.GET_WORKFLOW_EVENT, get_workflow_event)
_read(event.COUNT_EVENTS, lambda connection, _: count_events(connection))
_do(event.REPLAY_EVENTS, _replay_events)
_do(event.DROP_EVENTS, _drop_events)

_read(workflow.LIST_WORKFLOWS, list_workflows)
_read(stats.READ_STATS, lambda connection, asked: read_stats(connection, asked.query, asked.bucket_seconds))
_read(name_stats.READ_NAME_STATS, lambda connection, asked: read_name_stats(connection, asked.query))
_read(starting_dag.LIST_STARTING_DAGS, list_starting_dags)
_read(detail.GET_WORKFLOW, lambda connection, asked: read_workflow(connection, asked.workflow_id, asked.step_limit))
_read(graph.GET_GRAPH, read_graph)
_read(density.READ_DENSITY, lambda connection, asked: read_density(connection, asked.workflow_id, asked.buckets))
_read(
    pages.LIST_STEPS,
    lambda connection, asked: list_steps(connection, asked.workflow_id, asked.after, asked.limit, asked.wanted),
)
_read(pages.GET_STEP, lambda connection, asked: get_step(connection, asked.workflow_id, asked.step_id))
_read(
    pages.LIST_CHECKPOINTS,
    lambda connection, asked: list_checkpoints(connection, asked.workflow_id, asked.step_id, asked.after, asked.limit),
)
_read(
    pages.LIST_COMPENSATIONS,
    lambda connection, asked: list_compensations(
        connection, asked.workflow_id, asked.before, asked.limit, asked.wanted
    ),
)
_read(task_activity.READ_TASK_ACTIVITY, read_task_activity)
_read(journal.READ_JOURNAL, read_journal)

_write(change_subscription.ADD_SUBSCRIPTION, add_subscription)
_read(subscription.LIST_SUBSCRIPTIONS, list_subscriptions)
_read(subscription.LIST_WAITING_DELIVERIES, list_waiting_deliveries)
_write(change_subscription.PAUSE_SUBSCRIPTION, pause_subscription)
_write(change_subscription.CONTINUE_SUBSCRIPTION, continue_subscription)
_write(change_subscription.REPLAY_SUBSCRIPTION, replay_subscription)
_write(change_subscription.REMOVE_SUBSCRIPTION, remove_subscription)
_write(change_subscription.ROTATE_SECRET, rotate_secret)
