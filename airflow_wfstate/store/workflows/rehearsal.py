"""Rehearsals: runs of ``dag.test()``, ``airflow dags test`` and ``airflow tasks test``.

A rehearsal never owns a business key, and takes part in no workflow but its own, whose key is ``key~run_id``. Airflow
deletes such a run when it is repeated, and may give the next one the same id (``dag.test(run_after=...)``). So the time
of creation tells a rehearsal from its predecessor, and nothing bound to the predecessor belongs to it.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import ColumnElement, and_, case, null, or_

from airflow_wfstate.domain.rules.text.names import MAX_NAME_LENGTH
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run

_TEST: Final = "TEST"
"""Airflow's stored name of ``DagRunTriggeredByType.TEST`` (3.2.2 and 3.3.2)."""

_TEMPORARY: Final = "__airflow_temporary_run_"
"""Prefix of the ids of the temporary runs that ``airflow tasks test`` creates (``_generate_temporary_run_id``)."""

_NUMBER: Final = re.compile(r"~([1-9]\d{0,8})$")

IS_REHEARSAL: Final[ColumnElement[bool]] = or_(
    dag_run.c.triggered_by == _TEST, dag_run.c.run_id.startswith(_TEMPORARY, autoescape=True)
)
"""Whether a row of Airflow's ``dag_run`` is a rehearsal."""

REHEARSED_AT: Final = case((IS_REHEARSAL, dag_run.c.created_at), else_=null())
"""``wfstate_run.rehearsed_at`` for such a row: when the rehearsal was created; NULL for a real run."""

IS_BOUND: Final[ColumnElement[bool]] = and_(
    schema.run.c.bound, schema.run.c.rehearsed_at.is_not_distinct_from(REHEARSED_AT)
)
"""Whether a row of ``wfstate_run`` binds the joined run in ``dag_run``, and not another run with the same id."""


def is_single_task(run_id: str) -> bool:
    """Whether a run is that of ``airflow tasks test``, in which one task runs without those above it."""
    return run_id.startswith(_TEMPORARY)


def rehearsal_key(key: str, run_id: str, number: int = 1) -> str:
    """The key of a rehearsal: ``key~run_id``, or ``key~run_id~2`` if an earlier one with its id has that; at most the
    last 250 characters.
    """
    return f"{key}~{run_id}{_suffix(number)}"[-MAX_NAME_LENGTH:]


def implicit_key(run_id: str, number: int = 1) -> str:
    """The key of an implicit workflow: the run's id, or ``run_id~2`` if that belongs to another run."""
    return f"{run_id}{_suffix(number)}"[-MAX_NAME_LENGTH:]


def is_rehearsal_key(found: str, key: str, run_id: str) -> bool:
    """Whether :func:`rehearsal_key` returns this key for some number."""
    number = _NUMBER.search(found)
    return found in (rehearsal_key(key, run_id), rehearsal_key(key, run_id, int(number[1]) if number else 1))


def _suffix(number: int) -> str:
    return "" if number == 1 else f"~{number}"
