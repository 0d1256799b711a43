"""``airflow wfstate downgrade``."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.support.airflow_home import Home


def _revision(home: Home) -> str:
    with closing(sqlite3.connect(home.path / "airflow.db")) as connection:
        (found,) = connection.execute("SELECT version_num FROM wfstate_alembic_version").fetchone()
    return str(found)


def test_what_is_taken_back_is_told_before_it_is_done_and_can_be_brought_back(own_home: Home) -> None:
    newest = _revision(own_home)
    plan = own_home.wfstate("downgrade", "--to", "0.1.0", "--plan")
    assert plan.returncode == 0, plan.stderr
    assert "0007" in plan.stdout
    assert "0006" not in plan.stdout
    assert "how far each subscriber has received" in plan.stdout
    assert _revision(own_home) == newest

    unanswered = own_home.wfstate("downgrade", "--to", "0.1.0")
    assert unanswered.returncode == 1
    assert _revision(own_home) == newest

    done = own_home.wfstate("downgrade", "--to", "0.1.0", "--yes")
    assert done.returncode == 0, done.stderr
    assert _revision(own_home) == "0006"

    again = own_home.wfstate("downgrade", "--to", "0.1.0", "--yes")
    assert again.returncode == 1
    assert "have revision 0006; 0006 does not come before it" in again.stderr

    assert own_home.airflow("db", "migrate").returncode == 0
    assert _revision(own_home) == newest


def test_an_unknown_revision_is_refused_with_those_there_are(home: Home) -> None:
    refused = home.wfstate("downgrade", "--to", "0.0.7", "--yes")
    assert refused.returncode == 1
    assert "no revision or version '0.0.7'" in refused.stderr
    assert "0013" in refused.stderr
    assert "Traceback" not in refused.stderr
