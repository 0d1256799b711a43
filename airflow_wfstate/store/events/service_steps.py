"""The steps of services in some workflows: read at once, changed in memory, written at once.

A service's step has rounds but no attempts: Airflow does not run it, so there is nothing to fence off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.domain.rules.services.service_step import Move, Order, ServiceStep
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import new_id
from airflow_wfstate.store.database.row_batch import upsert_rows
from airflow_wfstate.store.payloads.redact_column import redact_column
from airflow_wfstate.store.payloads.stored_payload import StoredPayload

_step, _round = schema.step, schema.round_

Identity = tuple[str, str, str]
"""Workflow, participant and name."""

_COLUMNS: Final = (
    _step.c.id,
    _step.c.workflow_id,
    _step.c.participant,
    _step.c.place,
    _step.c.name,
    _step.c.item_key,
    _step.c.state,
    _step.c.round,
    _step.c.attempt,
    _step.c.error,
    _step.c.pivot,
    _step.c.redact,
    _step.c.started_at,
    _step.c.updated_at,
    _step.c.end_sequence,
    _step.c.end_time,
)


_FOUND: Final = select(*_COLUMNS).where(
    _step.c.workflow_id.in_(bindparam("workflow_ids", expanding=True)),
    _step.c.participant.in_(bindparam("services", expanding=True)),
    _step.c.place == schema.NO_PLACE,
    _step.c.item_key == "",
)

_WITH_OTHERS: Final = (
    select(_step.c.workflow_id)
    .where(
        _step.c.workflow_id.in_(bindparam("workflow_ids", expanding=True)),
        or_(
            _step.c.participant.not_in(bindparam("services", expanding=True)),
            _step.c.place != schema.NO_PLACE,
            _step.c.item_key != "",
            _step.c.attempt > 0,
        ),
    )
    .distinct()
)


@dataclass(frozen=True)
class StepChange:
    """The change that an event makes to a step.

    :param output: output of a round that succeeded; None for none.
    :param error: error of a round that failed.
    :param order: the event's position in the order of events.
    """

    move: Move
    at: datetime
    output: StoredPayload | None
    error: str | None
    order: Order


class ServiceSteps:
    """The steps of services in some workflows.

    :param services: names of the participants.
    """

    def __init__(self, connection: Connection, workflow_ids: Collection[str], services: Collection[str]) -> None:
        self._connection = connection
        self._services = sorted(services)
        self._rows: dict[Identity, dict[str, Any]] = {}
        self._changed: set[Identity] = set()
        self._planned: dict[str, list[PlannedStep]] | None = None
        self._rounds: dict[tuple[str, int], dict[str, Any]] = {}
        if workflow_ids and services:
            asked = {"workflow_ids": sorted(workflow_ids), "services": self._services}
            for row in connection.execute(_FOUND, asked).mappings():
                self._rows[row["workflow_id"], row["participant"], row["name"]] = dict(row)

    def find(self, identity: Identity) -> ServiceStep | None:
        """The state of a step; None when no event has reported on it yet."""
        row = self._rows.get(identity)
        if row is None:
            return None
        last_end = None
        if row["end_time"] is not None or row["end_sequence"] is not None:
            last_end = Order(row["end_sequence"], row["end_time"])
        return ServiceStep(StepState(row["state"]), row["round"], last_end)

    def id_of(self, identity: Identity) -> str | None:
        """The step's id; None when no event has reported on it yet."""
        row = self._rows.get(identity)
        return None if row is None else row["id"]

    def is_of_dag(self, identity: Identity) -> bool:
        """Whether a task of a DAG with the service's name does the step."""
        row = self._rows.get(identity)
        return row is not None and row["attempt"] > 0

    def change(self, identity: Identity, change: StepChange, redact: tuple[str, ...]) -> str:
        """Apply the change, and return the step's id.

        :param redact: for a new step, the parts of its output that are hidden from users.
        """
        workflow_id, participant, name = identity
        row = self._rows.setdefault(
            identity,
            {
                "id": new_id(),
                "workflow_id": workflow_id,
                "participant": participant,
                "place": schema.NO_PLACE,
                "name": name,
                "item_key": "",
                "state": "",
                "round": 1,
                "attempt": 0,
                "error": None,
                "pivot": False,
                "redact": redact_column(redact),
                "started_at": change.at,
                "updated_at": change.at,
                "end_sequence": None,
                "end_time": None,
            },
        )
        state = change.move.state
        row |= {"state": state.value, "round": change.move.round, "error": change.error, "updated_at": change.at}
        if state not in OPEN_STEP_STATES:
            row |= {"end_sequence": change.order.sequence, "end_time": change.order.time}
        self._changed.add(identity)
        self._change_round(row["id"], change)
        return str(row["id"])

    def _change_round(self, step_id: str, change: StepChange) -> None:
        key = (step_id, change.move.round)
        columns = {"output": None, "output_type": None, "output_sha256": None}
        row = self._rounds.setdefault(key, {"step_id": step_id, "number": key[1], "state": "", **columns})
        row["state"] = change.move.round_state.value
        if change.output is not None:
            row |= change.output.columns("output")

    def planned(self, workflow_id: str) -> list[PlannedStep]:
        """The steps of services in a workflow, for its progress. Call this after all changes have been made."""
        if self._planned is None:
            self._planned = defaultdict(list)
            for (of_workflow, participant, name), row in self._rows.items():
                if row["attempt"] == 0:
                    self._planned[of_workflow].append(PlannedStep(participant, name, StepState(row["state"])))
        return self._planned[workflow_id]

    def with_others(self, workflow_ids: Collection[str]) -> list[str]:
        """Which of these workflows have steps besides the ones that :meth:`planned` returns."""
        if not workflow_ids:
            return []
        asked = {"workflow_ids": sorted(workflow_ids), "services": self._services}
        return list(self._connection.execute(_WITH_OTHERS, asked).scalars())

    def write(self) -> None:
        """Write the changes."""
        if self._changed:
            rows = [self._rows[identity] for identity in sorted(self._changed)]
            upsert_rows(self._connection, _step, rows)
            rounds = [self._rounds[key] for key in sorted(self._rounds)]
            upsert_rows(self._connection, _round, rounds, keeps=("output", "output_type", "output_sha256"))
