"""Shell completion."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli import completion
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(completion, "open_store", lambda: backend)
    monkeypatch.setenv(completion.PATIENCE_VARIABLE, "60")
    yield World(backend, AirflowRows(engine))
    engine.dispose()


def test_names_then_keys(world: World) -> None:
    name = world.unique("shop/orders")
    for key in ("1001", "1002", "2001"):
        world.start(name=name, key=key)

    assert completion.complete_workflow(name[:-4]) == [f"{name}/"]
    assert completion.complete_workflow(f"{name}/") == [f"{name}/2001", f"{name}/1002", f"{name}/1001"]
    assert completion.complete_workflow(f"{name}/10") == [f"{name}/1002", f"{name}/1001"]
    assert completion.complete_name(name[:-4]) == [name]
    assert completion.complete_key("20", Namespace(name=name)) == ["2001"]


def test_steps_by_the_shortest_name_that_means_one(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.step_done(run_id, "pay")
    _, call = world.begin(run_id, "call")
    world.step_done(world.child(call, "bank"), "pay", dag_id="bank")
    given = Namespace(workflow=workflow_id)

    assert sorted(completion.complete_step("", given)) == ["bank.pay", "call", "intake.pay"]
    assert completion.complete_step("ca", given) == ["call"]


def test_states() -> None:
    assert completion.complete_state("comp") == ["compensating", "compensated", "compensation_failed"]
    assert completion.complete_state("failed,ru") == ["failed,running"]
    assert completion.complete_step_state("l") == ["lost"]
    assert completion.complete_entry_kind("step.began,turn") == ["step.began,turn.given"]


def test_a_store_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()
    monkeypatch.setattr(completion, "open_store", never.wait)
    monkeypatch.setenv(completion.PATIENCE_VARIABLE, "0.01")

    assert completion.complete_workflow("order") == []
    never.set()


@pytest.mark.parametrize("not_a_limit", ["", "soon", "nan", "inf", "-1", "0", "3600"])
def test_a_patience_that_is_no_limit_is_ignored(
    world: World, monkeypatch: pytest.MonkeyPatch, not_a_limit: str
) -> None:
    monkeypatch.setenv(completion.PATIENCE_VARIABLE, not_a_limit)
    monkeypatch.setattr(completion, "_PATIENCE_SECONDS", 30)
    name = world.unique("orders")
    world.start(name=name, key="1001")

    assert completion.complete_name(name) == [name]


def test_a_store_that_fails_completes_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(completion, "open_store", fail)

    assert completion.complete_step("", Namespace(workflow="order/1")) == []
    assert capfd.readouterr() == ("", "")


def test_the_shell_is_answered(home: Home, order_id: str, tmp_path: Path) -> None:
    """Call it as argcomplete's shell function does: the completions arrive on file descriptor 8."""
    line = "airflow wfstate show order/00"
    with (tmp_path / "answer").open("w+") as answer:
        subprocess.run(
            ["bash", "-c", f'"{sys.executable}" -m airflow 8>&{answer.fileno()} 9>/dev/null'],
            cwd=home.path,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
                "AIRFLOW_HOME": str(home.path),
                "COMP_LINE": line,
                "COMP_POINT": str(len(line)),
                "_ARGCOMPLETE": "1",
                "_ARGCOMPLETE_IFS": "\n",
                completion.PATIENCE_VARIABLE: "60",
            },
            pass_fds=[answer.fileno()],
            timeout=120,
            check=True,
        )
        answer.seek(0)
        assert answer.read().split() == ["order/007"]
