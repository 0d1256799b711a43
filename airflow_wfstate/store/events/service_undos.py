"""The compensations of services' steps in some workflows: read at once, changed in memory, written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from airflow_wfstate.domain.rules.services.service_undo import RoundUndo
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.store.compensation.service_undo import withdraw_requests_of
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import compensation_idempotency_key
from airflow_wfstate.store.database.row_batch import upsert_rows
from airflow_wfstate.store.steps.undo_order import OUT_OF_LINE

_compensation = schema.compensation

_FOUND: Final = select(_compensation).where(_compensation.c.step_id.in_(bindparam("step_ids", expanding=True)))

_SETTLED: Final = (CompensationState.DONE, CompensationState.FAILED)


class ServiceUndos:
    """The compensations of some steps of services.

    :param step_ids: the steps whose compensations to read; those armed here are known as well.
    """

    def __init__(self, connection: Connection, step_ids: Collection[str]) -> None:
        self._connection = connection
        self._rows: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self._changed: set[tuple[str, int]] = set()
        if step_ids:
            for row in connection.execute(_FOUND, {"step_ids": sorted(step_ids)}).mappings():
                self._rows[row["step_id"]][row["round"]] = dict(row)

    def of(self, step_id: str | None) -> list[RoundUndo]:
        """The compensations of a step, by round; none if no event has reported on the step yet."""
        if step_id is None:
            return []
        rounds = self._rows.get(step_id, {})
        return [
            RoundUndo(number, CompensationState(rounds[number]["state"]), compensation_idempotency_key(step_id, number))
            for number in sorted(rounds)
        ]

    def attempts(self, step_id: str, round_number: int) -> int:
        """How often the service was asked to run a compensation."""
        return int(self._rows[step_id][round_number]["attempts"])

    def arm(
        self, workflow_id: str, step_id: str, round_number: int, handler: str, entry: int, state: CompensationState
    ) -> None:
        """Record the compensation of a round that succeeded.

        :param entry: number of the journal entry about the success.
        :param state: its initial state.
        """
        self._rows[step_id][round_number] = {
            "step_id": step_id,
            "round": round_number,
            "workflow_id": workflow_id,
            "state": state.value,
            "handler": handler,
            "compensate_when": CompensateWhen.COMPLETED.value,
            "max_attempts": 1,
            "attempts": 0,
            "attempt_limit": None,
            "task_instance_id": None,
            "dag_id": schema.NO_RUN,
            "run_id": schema.NO_RUN,
            "error": None,
            "started_at": None,
            "ended_at": None,
            "position": None,
            "last_entry": entry,
            "answer_due_at": None,
        }
        self._changed.add((step_id, round_number))

    def end(self, step_id: str, round_number: int, state: CompensationState, error: str | None, now: datetime) -> None:
        """Record how a compensation ended: it is done, or the service refuses it."""
        row = self._rows[step_id][round_number]
        row |= {"state": state.value, "error": error, "ended_at": now, "answer_due_at": None}
        if state is CompensationState.DONE:
            row |= OUT_OF_LINE
        self._changed.add((step_id, round_number))

    def write(self) -> None:
        """Write the changes; requests for settled compensations are not sent any more."""
        if not self._changed:
            return
        rows = [self._rows[step_id][number] for step_id, number in sorted(self._changed)]
        upsert_rows(self._connection, _compensation, rows)
        withdraw_requests_of(
            self._connection,
            [(row["step_id"], row["round"]) for row in rows if CompensationState(row["state"]) in _SETTLED],
        )
