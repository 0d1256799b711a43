"""A step as the transactions read it: with its newest round and attempt, and the state of its holder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, exists, select

from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, StepState
from airflow_wfstate.domain.rules.step_name import Place, StepName
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, REMOVED, task_instance
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, stored_payload_of
from airflow_wfstate.store.workflows.caller import task_actor
from airflow_wfstate.store.workflows.places import places_of_workflow, read_places

UNACCEPTED_STEP_STATES: Final = (*OPEN_STEP_STATES, StepState.FAILED, StepState.LOST)
"""States in which a person may accept a step by marking its task or its run as success."""

_step, _round, _attempt = schema.step, schema.round_, schema.attempt


def _select(*output: ColumnElement[Any]) -> Select[tuple[object, ...]]:
    return (
        select(
            _step.c.id,
            _step.c.participant,
            _step.c.place,
            _step.c.name,
            _step.c.item_key,
            _step.c.state,
            _step.c.round,
            _step.c.attempt,
            *output,
            _round.c.arguments_sha256,
            _attempt.c.state.label("attempt_state"),
            _attempt.c.last_write,
            _attempt.c.last_write_sha256,
            _attempt.c.task_instance_id,
            _attempt.c.dag_id,
            _attempt.c.run_id,
            _attempt.c.task_id,
            _attempt.c.map_index,
            schema.compensation.c.state.label("compensation_state"),
            task_instance.c.id.is_not(None).label("has_holder"),
            task_instance.c.state.label("holder_state"),
        )
        .join(_round, (_round.c.step_id == _step.c.id) & (_round.c.number == _step.c.round))
        .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
        .outerjoin(
            schema.compensation,
            (schema.compensation.c.step_id == _step.c.id) & (schema.compensation.c.round == _step.c.round),
        )
        .outerjoin(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
    )


_OUTPUT: Final = (_round.c.output, _round.c.output_type, _round.c.output_sha256)
_SELECT: Final = _select(*_OUTPUT)

_HAS_TRIGGERED: Final = exists(select(schema.run.c.run_id).where(schema.run.c.parent_step_id == _step.c.id))
_OUTPUT_OF_TRIGGER: Final = tuple(case((_HAS_TRIGGERED, column)).label(column.name) for column in _OUTPUT)

_BY_IDENTITY: Final = _SELECT.where(
    _step.c.workflow_id == bindparam("workflow_id"),
    _step.c.participant == bindparam("participant"),
    _step.c.place == bindparam("place"),
    _step.c.name == bindparam("name"),
    _step.c.item_key == bindparam("item_key"),
)

_BY_ID: Final = _SELECT.where(_step.c.id == bindparam("step_id"))

_OF_WORKFLOW: Final = _select(*_OUTPUT_OF_TRIGGER).where(_step.c.workflow_id == bindparam("workflow_id"))

_OPEN: Final = _SELECT.where(
    _step.c.workflow_id == bindparam("workflow_id"),
    _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
)


_UNACCEPTED: Final = _SELECT.where(
    _step.c.workflow_id == bindparam("workflow_id"),
    _step.c.state.in_([state.value for state in UNACCEPTED_STEP_STATES]),
)


@dataclass(frozen=True, slots=True)  # a plan holds ten thousand of them
class StepRow:
    """A step with its newest round and attempt.

    :param place_id: the step that triggered the participant's run; ``schema.NO_PLACE`` for none.
    :param place: the name of that place.
    :param output: output of the newest round, unopened; None when it has none, or it was not read.
    :param arguments_sha256: hash of the arguments of the newest round; None when unknown.
    :param compensation_state: state of the newest round's compensation; None when it recorded none.
    :param has_holder: whether Airflow's table still has the task instance of the newest attempt, which means that it
        has been neither retried nor cleared since.
    :param holder_state: the state of that task instance; None when it is gone or has no state.
    """

    id: str
    participant: str
    place_id: str
    place: Place
    name: str
    item_key: str
    state: StepState
    round: int
    attempt: int
    output: StoredPayload | None
    arguments_sha256: str | None
    attempt_state: StepState
    last_write: int
    last_write_sha256: str | None
    task_instance_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    compensation_state: CompensationState | None
    has_holder: bool
    holder_state: str | None

    @property
    def holder(self) -> str:
        """The task instance of the newest attempt, as shown to users."""
        return f"{self.dag_id}/{self.run_id}/{self.task_id} ({self.task_instance_id})"

    @property
    def holder_exists(self) -> bool:
        """Whether Airflow still has that task instance, and its DAG and expanded list still contain it."""
        return self.has_holder and self.holder_state != REMOVED

    @property
    def holder_is_over(self) -> bool:
        """Whether that task instance is finished, or gone from Airflow's table."""
        return not self.has_holder or self.holder_state in FINISHED_TASK_STATES

    @property
    def is_marked_done(self) -> bool:
        """Whether Airflow considers that task instance a success although the step reported none.

        A step reports its end before its task does, so someone must have marked the task manually.
        """
        return self.holder_state == "success" and self.state in UNACCEPTED_STEP_STATES

    @property
    def actor(self) -> str:
        """How the journal names the task of the newest attempt."""
        return task_actor(self.dag_id, self.run_id, self.task_id, self.map_index)

    @property
    def called(self) -> StepName:
        """The step's name, with participant, place and item."""
        return StepName(self.participant, self.name, self.item_key, self.place)

    @property
    def label(self) -> str:
        """The step's label for users and the journal."""
        return self.called.label


def find_step(
    connection: Connection, workflow_id: str, participant: str, place: str, name: str, item_key: str
) -> StepRow | None:
    """The step with this identity; None when it never began."""
    row = connection.execute(
        _BY_IDENTITY,
        {
            "workflow_id": workflow_id,
            "participant": participant,
            "place": place,
            "name": name,
            "item_key": item_key,
        },
    ).one_or_none()
    return None if row is None else _step_rows(connection, [row])[0]


def read_step(connection: Connection, step_id: str) -> StepRow | None:
    """The step with this id; None when there is none."""
    row = connection.execute(_BY_ID, {"step_id": step_id}).one_or_none()
    return None if row is None else _step_rows(connection, [row])[0]


def open_steps(connection: Connection, workflow_id: str) -> list[StepRow]:
    """The steps of a workflow that are running or waiting, in order of their ids."""
    rows = connection.execute(_OPEN.order_by(_step.c.id), {"workflow_id": workflow_id})
    return _step_rows(connection, rows.all())


def steps_marked_done(connection: Connection, workflow_id: str) -> list[StepRow]:
    """The steps of a workflow whose task someone marked as success manually, in order of their ids."""
    marked = _UNACCEPTED.where(task_instance.c.state == "success").order_by(_step.c.id)
    return _step_rows(connection, connection.execute(marked, {"workflow_id": workflow_id}).all())


def unaccepted_steps_of_run(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> list[StepRow]:
    """The open, failed or lost steps of a run, in order of their ids."""
    of_run = _UNACCEPTED.where(_attempt.c.dag_id == dag_id, _attempt.c.run_id == run_id).order_by(_step.c.id)
    return _step_rows(connection, connection.execute(of_run, {"workflow_id": workflow_id}).all())


def steps_of(connection: Connection, workflow_id: str) -> list[StepRow]:
    """The steps of a workflow, in the order in which they first began; with outputs if they have triggered runs."""
    workflow = {"workflow_id": workflow_id}
    places = places_of_workflow(connection, workflow_id)
    # Row by row: ten thousand rows at once, each of several objects, would trigger a garbage collection of the whole
    # process (170 ms with Airflow loaded, a third of the time for planning a resume).
    rows = connection.execute(_OF_WORKFLOW.order_by(_step.c.started_at, _step.c.id), workflow)
    return [_step_row(row, places.of(row.participant, row.place)) for row in rows]


def _step_rows(connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> list[StepRow]:
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return [_step_row(row, places.of(row.participant, row.place)) for row in rows]


def _step_row(row: Row[tuple[object, ...]], place: Place) -> StepRow:
    return StepRow(
        id=row.id,
        participant=row.participant,
        place_id=row.place,
        place=place,
        name=row.name,
        item_key=row.item_key,
        state=StepState(row.state),
        round=row.round,
        attempt=row.attempt,
        output=stored_payload_of(row.output, row.output_type, row.output_sha256),
        arguments_sha256=row.arguments_sha256,
        attempt_state=StepState(row.attempt_state),
        last_write=row.last_write,
        last_write_sha256=row.last_write_sha256,
        task_instance_id=row.task_instance_id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        compensation_state=None if row.compensation_state is None else CompensationState(row.compensation_state),
        has_holder=bool(row.has_holder),
        holder_state=row.holder_state,
    )
