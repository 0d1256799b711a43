"""Nothing of ours depends on a database session: PgBouncer in transaction mode gives each transaction another one.

What is written here is looked for in the code; ``make pgbouncer`` tries it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

_CODE = {
    path.relative_to(CHECKOUT): path.read_text(encoding="utf-8")
    for path in sorted((CHECKOUT / "airflow_wfstate").rglob("*.py"))
    if "node_modules" not in path.parts
}

_OF_A_SESSION = {
    "a lock that a session holds": r"pg_(?:try_)?advisory_(?!xact_)\w+",
    "a setting of the session": r"""["']\s*(?:RE)?SET\s+(?!LOCAL\b)\w+\s*(?:=|TO\b)|SET\s+SESSION\b""",
    "a statement that is prepared by name": r"""["']\s*(?:PREPARE|EXECUTE|DEALLOCATE)\s""",
    "a channel that is listened to": r"""["']\s*(?:UN)?LISTEN\s|\.add_listener\(|\.notifies\(""",
    "a temporary table": r"CREATE\s+(?:LOCAL\s+)?TEMP|prefixes=\[.TEMP|ON\s+COMMIT\s+(?:DROP|DELETE)",
    "a cursor beyond its transaction": r"WITH\s+HOLD|withhold",
    "Airflow's asynchronous engine, whose driver prepares what it sends": r"asyncpg|AsyncSession|create_async_engine",
}


@pytest.mark.parametrize("kind", _OF_A_SESSION)
def test_nothing_outlives_its_transaction(kind: str) -> None:
    assert _found(_OF_A_SESSION[kind]) == []


def test_a_setting_is_of_its_transaction_alone() -> None:
    """The third argument of ``set_config`` decides it."""
    calls = _found(r"set_config\((?:[^()]|\([^()]*\))*\)")
    assert calls
    assert [call for call in calls if not re.search(r",\s*true\)$", call[1], re.IGNORECASE)] == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("a lock that a session holds", 'execute("SELECT pg_advisory_lock(1)")'),
        ("a setting of the session", "execute('SET statement_timeout = 5')"),
        ("a statement that is prepared by name", 'execute("PREPARE q AS SELECT 1")'),
        ("a channel that is listened to", 'execute("LISTEN journal")'),
        ("a temporary table", 'execute("CREATE TEMPORARY TABLE t (id int)")'),
        ("a cursor beyond its transaction", 'execute("DECLARE c CURSOR WITH HOLD FOR SELECT 1")'),
    ],
)
def test_it_would_be_found(kind: str, code: str) -> None:
    assert re.search(_OF_A_SESSION[kind], code)


def _found(pattern: str) -> list[tuple[Path, str]]:
    return [(path, found.group()) for path, text in _CODE.items() for found in re.finditer(pattern, text)]
