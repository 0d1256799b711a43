from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.webhook_receiver import Receiver, running_receiver
from tests.support.world import World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def test_the_life_of_a_subscription(home: Home, engine: Engine, receiver: Receiver) -> None:
    variables = {"AIRFLOW__WFSTATE__WEBHOOK_HOSTS": "127.0.0.1"}
    words = ("add", "warehouse", receiver.url, "--name", "webhook order", "--state", "running,failed", "-o", "json")
    added = home.airflow("wfstate", "subscriptions", *words, **variables)
    assert added.returncode == 0, added.stderr
    answer = json.loads(added.stdout)
    assert answer["secret"].startswith("whsec_")
    assert answer["subscription"]["wanted"]["states"] == ["running", "failed"]

    world = World(DatabaseBackend(engine), AirflowRows(engine))
    workflow_id = world.start(name="webhook order").workflow.id
    receiver.answer = lambda delivery: (422, "no such order")
    delivered = home.airflow("wfstate", "deliver", "-o", "json", **variables)
    assert json.loads(delivered.stdout) == {"subscriptions": 1, "delivered": 0, "refused": 1}, delivered.stderr
    receiver.received[0].verify(answer["secret"])

    listed = home.wfstate("subscriptions", "list", "-o", "plain").stdout
    assert "warehouse" in listed
    assert "422 no such order" in listed
    assert "whsec_" not in listed
    shown = home.wfstate("subscriptions", "show", "warehouse", "-o", "plain").stdout
    assert f"{workflow_id}:1" in shown

    receiver.answer = lambda delivery: (200, "")
    assert home.wfstate("subscriptions", "continue", "warehouse").returncode == 0
    delivered = home.airflow("wfstate", "deliver", "-o", "plain", **variables)
    assert delivered.stdout.splitlines()[-1].split() == ["1", "1", "0"]

    replayed = home.wfstate("subscriptions", "replay", "warehouse", "--from", f"{workflow_id}:1")
    assert replayed.returncode == 0, replayed.stderr
    home.airflow("wfstate", "deliver", **variables)
    assert receiver.effects() == {f"{workflow_id}:1": 3}
    removed = home.wfstate("subscriptions", "remove", "warehouse")
    assert removed.stdout == "Removed the subscription warehouse.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "x", "http://10.0.0.1/"), "only over https"),
        (("add", "x", "https://10.0.0.1/"), "webhook_hosts"),
        (("add", "x", "https://hooks.example.com", "--kind", "step.danced"), "'step.danced' is not a kind of"),
        (("add", "x", "https://hooks.example.com", "--from", "soon"), "is not a point"),
        (("pause", "nobody"), "There is no subscription 'nobody'."),
    ],
)
def test_what_makes_no_sense_is_refused(home: Home, words: tuple[str, ...], said: str) -> None:
    refused = home.wfstate("subscriptions", *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
