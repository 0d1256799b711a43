"""The same commands through an api-server, from a machine without a database, and on that server's own database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

_DURATION = re.compile(r"\b\d+(\.\d+)?( ms| s|ms|s| min|m|h|d)\b")


@pytest.fixture(scope="module")
def server_engine(api_server: ApiServer) -> Iterator[Engine]:
    engine = create_engine(api_server.database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, api_server: ApiServer) -> Iterator[Home]:
    """A home whose own database was never migrated."""
    variables = {"WFSTATE_SERVER": api_server.url, "WFSTATE_TOKEN": api_server.token()}
    with closing(Home(tmp_path_factory.mktemp("laptop"), variables)) as home:
        yield home


@pytest.fixture(scope="module")
def at_the_server(tmp_path_factory: pytest.TempPathFactory, api_server: ApiServer) -> Iterator[Home]:
    """A home on the server's own database."""
    variables = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": api_server.database_url,
        "AIRFLOW__API__BASE_URL": api_server.url,
    }
    with closing(Home(tmp_path_factory.mktemp("at_the_server"), variables)) as home:
        yield home


def _started(engine: Engine, key: str) -> str:
    """The id of a running workflow ``laptop_order`` whose one step is done."""
    rows, store = AirflowRows(engine), DatabaseBackend(engine)
    run_id = rows.add_run("laptop_dag")
    start = StartWorkflow(rows.add_task("laptop_dag", run_id, "start"), "laptop_order", key, Payload.of({"n": 1}))
    started = store.start_workflow(start)
    begun = store.begin_step(BeginStep(rows.add_task("laptop_dag", run_id, "pack"), "pack"))
    store.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, output=Payload.of("packed")))
    return started.workflow.id


@pytest.fixture(scope="module")
def workflow_id(server_engine: Engine) -> str:
    DatabaseBackend(server_engine).apply_definition(ApplyDefinition("laptop_order", "name: laptop_order"))
    return _started(server_engine, "read")


@pytest.mark.parametrize(
    "words",
    [
        "list --name laptop_order --key read -o json",
        "list --name laptop_order --key read --wide",
        "list --name nobody",
        "list --state broken",
        "list --cursor nonsense",
        "stuck --name laptop_order -o json",
        "definitions list --after laptop -o json",
        "definitions show laptop_order",
        "definitions show laptop_order --versions",
        "definitions show nobody",
        "show laptop_order/read -o json",
        "show laptop_order/read -o plain",
        "show laptop_order/read --step pack -o json",
        "show 018f0000-0000-7000-8000-000000000000",
        "show laptop_order/nothing",
        "wait laptop_order/read --for running",
        "wait laptop_order/read --timeout 1s --every 1",
        "open laptop_order/read",
        "journal laptop_order/read -o json",
        "journal laptop_order/read --limit 1",
        "journal laptop_order/read --kind step.succeeded --step pack -o json",
        "journal laptop_order/read --export csv",
        "cancel laptop_order/read --plan -o json",
        "resume laptop_order/read --plan",
        "restart laptop_order/read --from nothing --plan",
        "compensate laptop_order/read --plan",
        "compensation retry laptop_order/read pack --reason why",
    ],
)
@pytest.mark.usefixtures("workflow_id")
def test_both_ways_say_the_same(laptop: Home, at_the_server: Home, words: str) -> None:
    far, near = laptop.wfstate(*words.split()), at_the_server.wfstate(*words.split())

    assert (far.returncode, far.stderr) == (near.returncode, near.stderr)
    assert _without_time(far.stdout) == _without_time(near.stdout)


def _without_time(text: str) -> str:
    """The output without durations up to now, whose width also decides the width of their column."""
    return text if text.startswith(("[", "{")) else re.sub(r"[ =-]+", " ", _DURATION.sub("", text))


def test_a_definition_is_applied_and_compared_from_afar(laptop: Home, at_the_server: Home, tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(f"name: {World.unique('far')}\n")

    applied = json.loads(laptop.wfstate("definitions", "apply", str(file), "-o", "json").stdout)
    same = laptop.wfstate("definitions", "diff", str(file))
    (name,) = [one["name"] for one in applied]
    shown = json.loads(at_the_server.wfstate("definitions", "show", name, "-o", "json").stdout)

    assert [(one["number"], one["changed"]) for one in applied] == [(1, True)]
    assert (same.returncode, same.stdout) == (0, "")
    assert (shown["version"]["applied_by"], shown["version"]["way"]) == ("user:admin", "api")


def test_files_behind_a_store_that_does_not_answer_are_told_too(laptop: Home, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\n")

    variables = {"WFSTATE_SERVER": "http://localhost:9", "AIRFLOW__WFSTATE__API_RETRY_SECONDS": "1"}
    answer = laptop.airflow("wfstate", "definitions", "apply", str(tmp_path), **variables)

    assert answer.returncode == 1
    assert f"{tmp_path / 'a.yaml'}: The api-server" in answer.stderr
    assert f"{tmp_path / 'b.yaml'}: not tried" in answer.stderr


def test_the_journal_names_the_airflow_user(laptop: Home, server_engine: Engine) -> None:
    workflow_id = _started(server_engine, "cancelled from afar")

    cancelled = laptop.wfstate("cancel", workflow_id, "--yes", "--reason", "a test")
    assert cancelled.returncode == 0, cancelled.stderr

    entries = json.loads(laptop.wfstate("journal", workflow_id, "-o", "json").stdout)
    (entry,) = [entry for entry in entries if entry["kind"] == "workflow.cancelled"]
    assert (entry["actor"], entry["data"]["reason"]) == ("user:admin", "a test")


def test_who_has_not_logged_in_is_told_how(api_server: ApiServer, laptop: Home) -> None:
    answer = laptop.airflow("wfstate", "list", WFSTATE_TOKEN="")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"Log in with: airflow wfstate login --server {api_server.url}" in answer.stderr


def test_whose_token_is_refused_is_told_to_log_in(api_server: ApiServer, laptop: Home) -> None:
    answer = laptop.airflow("wfstate", "list", WFSTATE_TOKEN="garbage")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"Log in with: airflow wfstate login --server {api_server.url}; and unset WFSTATE_TOKEN" in answer.stderr


def test_a_token_is_got_by_login_and_password(api_server: ApiServer, laptop: Home) -> None:
    got = laptop.wfstate("login", "--username", "admin", "--print-token", answer="admin\n")
    assert got.returncode == 0, got.stderr
    listed = laptop.airflow("wfstate", "list", "--name", "nobody", WFSTATE_TOKEN=got.stdout.strip())
    assert (listed.returncode, listed.stdout) == (0, "No data found\n")

    refused = laptop.wfstate("login", "--username", "admin", "--print-token", answer="wrong\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Correct the login and password." in refused.stderr


def test_the_address_of_the_api_means_its_server(laptop: Home, api_server: ApiServer) -> None:
    answer = laptop.wfstate("list", "--name", "nobody", "--server", f"{api_server.url}/wfstate/v1/")
    assert (answer.returncode, answer.stdout) == (0, "No data found\n")


def test_an_address_with_a_password_is_refused_and_not_shown(laptop: Home) -> None:
    answer = laptop.wfstate("list", "--server", "https://ada:hunter2@airflow.example.com/x@y")
    assert answer.returncode == 1
    assert "airflow wfstate login --server" in answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr


def test_what_is_not_there_is_explained_from_afar(laptop: Home, server_engine: Engine, workflow_id: str) -> None:
    rows = AirflowRows(server_engine)
    run_id = rows.add_run("laptop_dag", state="queued")
    rows.add_task("laptop_dag", run_id, "start", state=None, operator="StartWorkflowOperator")

    told = laptop.wfstate("show", "laptop_order/1001")

    rows.delete_run("laptop_dag", run_id)
    assert (told.returncode, told.stdout) == (1, "")
    assert f"1 run of it has not started one yet ({run_id})" in told.stderr


def test_what_is_no_address_is_refused(laptop: Home) -> None:
    answer = laptop.wfstate("list", "--server", "airflow.example.com")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "is not the URL of an api-server" in answer.stderr
