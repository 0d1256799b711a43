from __future__ import annotations

import json

from sqlalchemy import Engine, create_engine, select

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database import schema
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.payload_options import new_key, payload_options
from tests.support.world import World


def _inputs(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(schema.workflow.c.input)).scalars())


def test_a_rotation_renews_what_the_old_key_encrypted_and_names_what_no_key_fits(own_home: Home) -> None:
    engine = create_engine(f"sqlite:///{own_home.path / 'airflow.db'}")
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    lost, old, new = new_key(), new_key(), new_key()
    with payload_options(keys=[old]):
        world.start(input={"card_number": "4111"})
    before = _inputs(engine)
    variables = {"AIRFLOW__CORE__FERNET_KEY": f"{new},{old}"}

    rotated = own_home.airflow("wfstate", "rotate-keys", "-o", "json", **variables)

    assert rotated.returncode == 0, rotated.stderr
    report = {row["column"]: row for row in json.loads(rotated.stdout)}
    assert report["wfstate_workflow.input"] == {
        "column": "wfstate_workflow.input",
        "examined": 1,
        "renewed": 1,
        "failures": [],
    }
    assert _inputs(engine) != before
    assert "wfstate_workflow.input) is not under the first key" in rotated.stderr
    assert "restart it with the new key first" in rotated.stderr

    with payload_options(keys=[lost]):
        world.start(input={"card_number": "4112"})
    again = own_home.airflow("wfstate", "rotate-keys", "-o", "plain", **variables)
    engine.dispose()

    assert again.returncode == 1
    assert "fernet_key no longer has" in again.stderr
    assert "wfstate_workflow.input 2 0 1" in [" ".join(line.split()) for line in again.stdout.splitlines()]


def test_it_says_how_far_it_is_in_all(own_home: Home) -> None:
    engine = create_engine(f"sqlite:///{own_home.path / 'airflow.db'}")
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    for _ in range(3):
        run_id = world.rows.add_run("intake")
        world.start(run_id)
        world.step_done(run_id, "pay")
    engine.dispose()

    rotated = own_home.wfstate("rotate-keys")
    on_terminal = own_home.wfstate_on_terminal("rotate-keys")

    assert rotated.returncode == 0
    assert "rotate-keys: wfstate_workflow.input, 3 of 6\n" in rotated.stderr
    assert "rotate-keys: wfstate_round.output, 6 of 6\n" in rotated.stderr
    assert "6/6" in on_terminal.stdout
