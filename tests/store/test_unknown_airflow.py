"""An Airflow whose tables this version does not know."""

from __future__ import annotations

from pathlib import Path

import airflow
import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import DatabaseNotMigrated
from airflow_wfstate.store.database.outage import UNKNOWN_AIRFLOW
from tests.conftest import CHECKOUT


def _refused(folder: Path) -> str:
    engine = create_engine(f"sqlite:///{folder / 'without_tables.db'}")
    with pytest.raises(DatabaseNotMigrated) as refused:
        DatabaseBackend(engine).list_workflows(WorkflowQuery())
    engine.dispose()
    return str(refused.value)


@pytest.mark.parametrize("version", ["3.4.0", "3.4.0b2", "3.10.1", "4.0.0"])
def test_it_is_named_and_no_migration_is_advised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(airflow, "__version__", version)

    told = _refused(tmp_path)

    assert f"does not know the tables of Airflow {version}" in told
    assert "db migrate" not in told


@pytest.mark.parametrize("version", ["3.2.2", "3.3.2"])
def test_with_a_known_one_the_tables_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(airflow, "__version__", version)

    assert "airflow db migrate" in _refused(tmp_path)


def test_pip_is_told_the_same() -> None:
    before = ".".join(map(str, UNKNOWN_AIRFLOW))

    assert f'"apache-airflow>=3.2,<{before}"' in (CHECKOUT / "pyproject.toml").read_text()
