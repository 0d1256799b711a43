"""A week of workflows with one name, for its page: copies of one real workflow, moved in time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select

from airflow_wfstate.store.database import schema
from tests.support.world import World

HOSTILE_NAME = "eu/<img src=x onerror=alert(1)> & 'order' עברית"
"""Contains a slash, markup and right-to-left text."""

HOSTILE_ERROR = "Step pay failed: <script>alert(1)</script> has no money for order"

PLAIN_ERROR = "Step pay failed: the card was declined for order"

_STATES = ["succeeded"] * 12 + ["failed", "compensated", "running", "cancelled"]


def history(world: World, name: str = HOSTILE_NAME, copies: int = 240) -> str:
    """Create them, and return the id of the original."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name=name, plan=["reserve", "pay"]).workflow.id
    for step_name in ("reserve", "pay"):
        world.step_done(run_id, step_name)
    chance = random.Random(7)  # noqa: S311 - no secret
    now = datetime.now(timezone.utc)
    rows: dict[str, list[dict[str, Any]]] = {"workflow": [], "step": [], "attempt": []}
    with world.rows.engine.begin() as connection:
        workflow = _row(connection.execute(select(schema.workflow).where(schema.workflow.c.id == workflow_id)).one())
        workflow.pop("settled_at")  # computed
        steps = connection.execute(select(schema.step).where(schema.step.c.workflow_id == workflow_id)).all()
        attempts = {
            step.id: connection.execute(select(schema.attempt).where(schema.attempt.c.step_id == step.id)).one()
            for step in steps
        }
        for number in range(copies):
            state = _STATES[number % len(_STATES)]
            at = now - timedelta(hours=6 * 24 * chance.random() ** 1.5)
            took = timedelta(seconds=chance.lognormvariate(4, 1))
            copy = {"id": str(uuid4()), "key": f"order-{number}", "correlation_id": str(uuid4())}
            error = (
                f"{HOSTILE_ERROR if name == HOSTILE_NAME else PLAIN_ERROR} {number}"
                if state in ("failed", "compensated")
                else None
            )
            ended = None if state == "running" else at + took
            rows["workflow"].append(
                workflow
                | copy
                | {"state": state, "error": error, "started_at": at, "updated_at": at + took}
                | {"forward_ended_at": ended, "ended_at": ended}
            )
            for step in steps:
                step_id = str(uuid4())
                rows["step"].append(_row(step) | {"id": step_id, "workflow_id": copy["id"]})
                share = took * (0.7 if step.name == "pay" else 0.2)
                rows["attempt"].append(
                    _row(attempts[step.id]) | {"step_id": step_id, "started_at": at, "ended_at": at + share}
                )
        for table, found in rows.items():
            connection.execute(insert(schema.metadata.tables[f"wfstate_{table}"]), found)
    return workflow_id


def _row(row: Any) -> dict[str, Any]:
    return dict(row._mapping)
