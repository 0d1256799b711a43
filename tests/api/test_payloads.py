"""Encrypted payload files behind a live api-server: workers get back exactly what they sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine

from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import PayloadDamaged
from airflow_wfstate.store.payloads.owner import MARK
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, running_api_server
from tests.support.payload_options import new_key
from tests.support.world import World

LARGE: JsonValue = {"card_number": "4111", "template": "{{ 7 * 7 }}", "much": "x" * 2000}


@dataclass(frozen=True)
class Server:
    """An api-server that keeps large payloads in a folder."""

    api: ApiServer
    folder: Path

    def files(self) -> list[Path]:
        """Of payloads, without the mark that says whose they are."""
        return [path for path in self.folder.rglob("*-*.json") if path.name != MARK]

    def get(self, path: str) -> httpx.Response:
        """What an administrator is answered."""
        authorization = {"Authorization": f"Bearer {self.api.token()}"}
        return httpx.get(f"{self.api.url}/wfstate/v1/{path}", headers=authorization, timeout=30)


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("payloads")
    home = tmp_path_factory.mktemp("payload-server")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, home)}"
    settings = {
        "AIRFLOW__WFSTATE__PAYLOAD_PATH": folder.as_uri(),
        "AIRFLOW__WFSTATE__INLINE_PAYLOAD_BYTES": "1000",
        "AIRFLOW__WFSTATE__ENCRYPT_PAYLOADS": "True",
        "AIRFLOW__CORE__FERNET_KEY": new_key(),
    }
    with running_api_server(url, home, settings) as api:
        yield Server(api, folder)


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    engine = create_engine(server.api.database_url)
    backend = server.api.backend()
    yield World(backend, AirflowRows(engine))
    backend.close()
    engine.dispose()


def _pay(world: World) -> tuple[str, str]:
    """A step with a large output, of which the card is redacted: the ids of workflow and run."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task = world.rows.add_task("intake", run_id, "pay")
    begun = world.backend.begin_step(BeginStep(task, "pay", redact=["card_number"]))
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, output=Payload.of(LARGE)))
    world.rows.set_task_state(task, "success")
    return workflow_id, run_id


def test_a_large_output_is_an_encrypted_file_and_comes_back_as_it_was(server: Server, world: World) -> None:
    before = set(server.files())
    workflow_id, run_id = _pay(world)

    (file,) = set(server.files()) - before
    assert "4111" not in file.read_text()
    _, answered = world.begin(run_id, "pay")
    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of(LARGE))

    (listed,) = server.get(f"workflows/{workflow_id}").json()["steps"]
    assert (listed["output"], listed["output_in_file"]) == (None, True)
    assert listed["output_size"] == Payload.of(LARGE).size
    shown = server.get(f"workflows/{workflow_id}/steps/{listed['id']}").json()["output"]
    assert shown["is_masked"]
    # A template in a stored value is text.
    assert '"card_number":"***","template":"{{ 7 * 7 }}"' in shown["text"]


def test_a_damaged_file_is_told_to_people_and_refused_to_steps(server: Server, world: World) -> None:
    before = set(server.files())
    workflow_id, run_id = _pay(world)
    (file,) = set(server.files()) - before
    file.unlink()

    (listed,) = server.get(f"workflows/{workflow_id}").json()["steps"]
    step = server.get(f"workflows/{workflow_id}/steps/{listed['id']}")
    assert step.status_code == 200
    assert "(cannot be read: The file" in step.json()["output"]["text"]
    with pytest.raises(PayloadDamaged, match="is missing"):
        world.begin(run_id, "pay")
