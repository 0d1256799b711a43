"""How many rows PostgreSQL reads for a call, however many it returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event


def rows_looked_at(engine: Engine, call: Callable[[], object]) -> int:
    """The number of rows that the SELECTs of a call read from tables and indexes, by EXPLAIN ANALYZE of each.

    :param engine: engine of a PostgreSQL by psycopg2; only its statements count.
    """
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for statement, parameters in sent
            if statement.startswith("SELECT")
        ]
    return sum(_looked_at(json.loads(plan) if isinstance(plan, str) else plan) for plan in plans)


def _looked_at(node: Any) -> int:
    if isinstance(node, list):
        return sum(_looked_at(part) for part in node)
    if not isinstance(node, dict):
        return 0
    below = sum(_looked_at(part) for key, part in node.items() if key in ("Plan", "Plans"))
    if "Scan" not in node.get("Node Type", ""):
        return below
    removed = sum(number for key, number in node.items() if key.startswith("Rows Removed by"))
    return below + round((node["Actual Rows"] + removed) * node["Actual Loops"])
