"""Schemathesis over the OpenAPI document of a live api-server: every check, as an administrator.

https://schemathesis.readthedocs.io: valid and invalid requests are made from the document; no answer may be a 5xx, have
a status that the document does not name, or another form than it says; what is invalid must be refused, what needs a
login must ask for one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.saga import Saga
from tests.support.world import World

_SECONDS = 3000
_CHECKOUT = Path(__file__).parents[2]

# Schemathesis takes these for answers to a valid request as well: what a JSON Schema says of a request is not all that
# must hold. A payload must match its sha256, a cursor be one of ours, a name be free of control characters, an If-Match
# be the version of now.
_ALSO_VALID = ["2xx", "304", "400", "401", "403", "404", "409", "412"]


@dataclass(frozen=True)
class Fuzzing:
    """What a run of Schemathesis found.

    :param cases: how many requests it made from the document.
    :param report: its own words, at the end.
    """

    cases: int
    passed: bool
    report: str


def fuzz(
    server: ApiServer,
    folder: Path,
    examples: int,
    seed: int,
    phases: Sequence[str],
    wide: str | None = None,
    max_seconds: float | None = None,
) -> Fuzzing:
    """Fuzz a server that has some workflows, whose ids are used now and then.

    The watchdog (tests/fuzz/watchdog.py) looks at every answer.

    :param folder: an empty one, for Schemathesis' configuration.
    :param examples: at most so many for each operation and phase.
    :param phases: of ``coverage`` (every boundary of the schema), ``fuzzing`` (at random), ``stateful``.
    :param wide: the id of a workflow of many steps (tests/fuzz/wide.py); None for none.
    :param max_seconds: how long an answer may take; None for as long as Schemathesis waits, which is 60.
    """
    configuration = folder / "schemathesis.toml"
    configuration.write_text(_configuration(_identifiers(server, wide)))
    command = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(configuration), "run"),
        *(f"{server.url}/wfstate/v1/openapi.json", "--url", f"{server.url}/wfstate"),
        *("--header", f"Authorization: Bearer {server.token('admin')}"),
        *("--checks", "all", "--phases", ",".join(phases), "--max-examples", str(examples), "--seed", str(seed)),
        *("--continue-on-failure", "--no-color", "--request-timeout", "60"),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(_CHECKOUT),
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "WFSTATE_FUZZ_SERVER_PID": str(server.pid),
        "WFSTATE_FUZZ_MAX_SECONDS": "" if max_seconds is None else str(max_seconds),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, cwd=folder, env=environment, check=False
    )
    counted = re.search(r"(\d+) generated", done.stdout)
    return Fuzzing(0 if counted is None else int(counted[1]), done.returncode == 0, f"{done.stdout}\n{done.stderr}")


def _identifiers(server: ApiServer, wide: str | None) -> dict[str, list[str]]:
    """Ids and keys that exist, by the name of the parameter or field that may hold them."""
    engine = create_engine(server.database_url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    undone = Saga.start(world)
    undone.done("one")
    undone.undo(undone.fail())
    run_id = world.rows.add_run("intake")
    running = world.start(run_id, labels={"region": "eu"}).workflow
    tasks, keys, steps = [], [], []
    for name in ("pack", "ship", "bill"):
        task, begun = world.begin(run_id, name)
        tasks.append(task)
        keys.append(begun.attempt_key)
        steps.append(begun.step_id)
    failing = Saga.start(world)
    failing.done("one")
    answer = failing.fail()
    engine.dispose()
    return {
        "path.workflow_id": [undone.workflow_id, running.id, failing.workflow_id, *([wide] if wide else [])],
        "path.step_id": steps,
        "query.name": ["order"],
        "query.key": [running.key],
        "body.task_instance_id": tasks,
        "body.attempt_key": keys,
        "body.compensation_key": [] if answer.work is None else [answer.work.compensation_key],
    }


def _configuration(identifiers: Mapping[str, Sequence[str]]) -> str:
    """As TOML, whose strings and lists look like those of JSON."""
    lines = [
        "[checks]",
        f"positive_data_acceptance.expected-statuses = {json.dumps(_ALSO_VALID)}",
        "[parameters]",
        *(
            f'"{place}" = {{ dictionary = "{place.replace(".", "_")}", probability = 0.5 }}'
            for place, values in identifiers.items()
            if values
        ),
    ]
    for place, values in identifiers.items():
        if values:
            lines += [f"[dictionaries.{place.replace('.', '_')}]", f"values = {json.dumps(list(values))}"]
    return "\n".join(lines) + "\n"
