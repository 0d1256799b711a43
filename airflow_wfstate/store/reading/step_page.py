"""The steps of a workflow, a page at a time, and a single step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, literal, select, tuple_

from airflow_wfstate.domain.messages.reading.pages import StepFilter, StepPage
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.step_summaries import read_step_summaries
from airflow_wfstate.store.workflows.id import check_exists

_step, _attempt = schema.step, schema.attempt
_IDENTITY: Final = (_step.c.participant, _step.c.place, _step.c.name, _step.c.item_key)
"""Pages are in the order of the key, so a page costs the same wherever it begins and however many steps follow."""


def list_steps(
    connection: Connection, workflow_id: str, after: str | None, limit: int, wanted: StepFilter | None
) -> StepPage:
    """A page of steps, as described at ``StateBackend.list_steps``."""
    check_limit(limit)
    return read_step_page(connection, check_exists(connection, workflow_id), limit, after, wanted)


def read_step_page(
    connection: Connection,
    workflow_id: str,
    limit: int,
    after: str | None = None,
    wanted: StepFilter | None = None,
) -> StepPage:
    """A page of the steps of an existing workflow. Raises the errors of :func:`list_steps`."""
    statement = select(_step.c.id).where(_step.c.workflow_id == workflow_id, *_conditions(wanted or StepFilter()))
    if after is not None:
        statement = statement.where(_behind(connection, workflow_id, after))
    found = list(connection.execute(statement.order_by(*_IDENTITY).limit(limit + 1)).scalars())
    page = found[:limit]
    return StepPage(read_step_summaries(connection, page), next_after=page[-1] if len(found) > limit else None)


def _conditions(wanted: StepFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.participant is not None:
        yield _step.c.participant == wanted.participant
    if wanted.name is not None:
        yield _step.c.name == wanted.name
    if wanted.parent_step_id is not None:
        yield _step.c.place == _id(wanted.parent_step_id, "Give parent_step_id as returned in an answer.")
    if wanted.is_mapped is not None:
        yield _step.c.item_key != "" if wanted.is_mapped else _step.c.item_key == ""
    if wanted.item_key is not None:
        yield _step.c.item_key == wanted.item_key
    if wanted.states:
        yield _step.c.state.in_([state.value for state in wanted.states])
    attempts = {"run_id": wanted.run_id, "task_id": wanted.task_id, "map_index": wanted.map_index}
    asked = [_attempt.c[name] == value for name, value in attempts.items() if value is not None]
    if asked:
        made = select(literal(1)).where(
            _attempt.c.step_id == _step.c.id, _attempt.c.dag_id == _step.c.participant, *asked
        )
        yield exists(made.correlate(_step))


def _behind(connection: Connection, workflow_id: str, after: str) -> ColumnElement[bool]:
    """The condition for steps after a given one in the order of pages.

    :raises InvalidRequest: the workflow has no such step.
    """
    last_id = _id(after, "Give next_after of the previous page.")
    last = connection.execute(
        select(*_IDENTITY).where(_step.c.id == last_id, _step.c.workflow_id == workflow_id)
    ).one_or_none()
    if last is None:
        raise InvalidRequest(f"The workflow has no step {last_id}.", "Give next_after of the previous page.")
    return tuple_(*_IDENTITY) > tuple_(
        *(literal(value, column.type) for value, column in zip(last, _IDENTITY, strict=True))
    )


def get_step(connection: Connection, workflow_id: str, step_id: str) -> StepSummary:
    """One step, as described at ``StateBackend.get_step``."""
    step_id = check_step(connection, workflow_id, step_id)
    (step,) = read_step_summaries(connection, [step_id], whole=True)
    return step


def check_step(connection: Connection, workflow_id: str, step_id: str) -> str:
    """The step's id in its canonical form.

    :raises WorkflowNotFound: there is no such workflow.
    :raises StepNotFound: it has no such step.
    """
    workflow_id = check_exists(connection, workflow_id)
    try:
        canonical_id = str(UUID(step_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise _unknown(workflow_id, step_id) from error
    its_step = and_(_step.c.id == canonical_id, _step.c.workflow_id == workflow_id)
    if connection.execute(select(_step.c.id).where(its_step)).one_or_none() is None:
        raise _unknown(workflow_id, step_id)
    return canonical_id


def _unknown(workflow_id: str, step_id: str) -> StepNotFound:
    return StepNotFound(
        f"Workflow {workflow_id} has no step with the id {str(step_id)[:80]!r}.",
        f"List its steps with: airflow wfstate show {workflow_id}",
    )


def _id(text: str, remedy: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise InvalidRequest(f"{text[:80]!r} is not the id of a step.", remedy) from error
