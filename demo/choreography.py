"""The fifth scenario: two services take part in an order, which is then undone in a DAG and at a service."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from demo.client import AirflowClient
from demo.environment import free_port
from demo.folder import CHECKOUT
from demo.home import PAYMENTS, STOCK
from demo.stage import Stage, check

NAME = "choreographed_order"
"""The name of the DAG, its definition and its workflows."""

_SERVICES = Path(__file__).with_name("services")
DEFINITION = CHECKOUT / "dags" / "definitions" / f"{NAME}.yaml"
"""The file that says what the services' events mean."""


def payment_declined(stage: Stage) -> str:
    """A payment service declines an order: the parcel and the stock service's reservation are undone, newest first."""
    stage.client.apply_definition(NAME, DEFINITION.read_text())
    paid, declined = f"{stage.label}-paid", f"{stage.label}-declined"
    database = _start_stock_service(stage)
    for order_id in (paid, declined):
        stage.client.trigger(NAME, order_id, {"order_id": order_id})
    # One event arrives before the DAG waits for it, the other one while it waits.
    stage.wait_for(f"the order {paid} to be packed", partial(_has_come_to, stage, paid, "pack", "succeeded"))
    _pay(stage, paid, "captured")
    stage.wait_for(f"the order {declined} to wait", partial(_has_come_to, stage, declined, "paid", "waiting"))
    _pay(stage, declined, "declined")
    stage.wait_for_run(NAME, declined, "failed")
    workflow = stage.wait_for_workflow(NAME, declined, "compensated")
    stage.wait_for_run(NAME, paid, "success")
    stage.wait_for_workflow(NAME, paid, "succeeded")
    happened = _effects(database)
    journal = stage.client.journal(workflow["summary"]["id"])
    undone = [entry["step"] for entry in journal if entry["kind"] == "compensation.done"]
    check(
        undone == [f"{NAME}.pack", "stock.reserve"],
        f"Expected the parcel and then the reservation to be undone, but found {undone}.",
    )
    wanted = [
        (f"{NAME}/{declined}", "com.example.stock.released"),
        (f"{NAME}/{declined}", "com.example.stock.reserved"),
        (f"{NAME}/{paid}", "com.example.stock.reserved"),
    ]
    check(happened == wanted, f"Expected the stock service to have done {wanted}, but it did {happened}.")
    return f"undone newest first, in a DAG and at a service: {', '.join(undone)}; the paid order succeeded"


def _has_come_to(stage: Stage, order_id: str, name: str, state: str) -> bool:
    workflow = stage.workflow(NAME, order_id)
    return workflow is not None and any(step["name"] == name and step["state"] == state for step in workflow["steps"])


def _start_stock_service(stage: Stage) -> Path:
    """Start the stock service with a subscription to what it needs, and return its database. It ends with Airflow."""
    port, database = free_port(), stage.airflow.home / "stock.db"
    secret = stage.client.subscribe("stock", f"http://127.0.0.1:{port}/", names=[NAME], kinds=["workflow.started"])
    stage.airflow.start_beside(
        [sys.executable, str(_SERVICES / "stock.py"), str(port), str(database)],
        _login(stage, STOCK) | {"SECRET": secret},
        stage.airflow.home / "stock.log",
    )
    stage.wait_for("the stock service to listen", partial(_listens, port))
    return database


def _pay(stage: Stage, order_id: str, outcome: str) -> None:
    """Let the payment service report the outcome of a payment."""
    if shutil.which("curl") is not None:
        script = [str(_SERVICES / "payments.sh"), order_id, outcome, "The card has expired."]
        said = subprocess.run(
            script, env=_login(stage, PAYMENTS), capture_output=True, text=True, check=False, timeout=60
        )
        check(said.returncode == 0, f"payments.sh failed: {said.stdout}{said.stderr}")
        return
    client = AirflowClient(stage.airflow.url, PAYMENTS, stage.airflow.password(PAYMENTS))
    with closing(client):
        client.send_event(
            f"{order_id}-{outcome}",
            "https://payments.example/",
            f"com.example.payment.{outcome}",
            {"order_id": order_id, "reason": "The card has expired."},
        )


def _login(stage: Stage, user: str) -> dict[str, str]:
    """The environment of a service."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "AIRFLOW": stage.airflow.url,
        "LOGIN": user,
        "PASSWORD": stage.airflow.password(user),
    }


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _effects(database: Path) -> list[tuple[str, str]]:
    """What the stock service has done: the goods and the type of the event that reported it, sorted."""
    with closing(sqlite3.connect(database)) as stock:
        return sorted(stock.execute("SELECT goods, type FROM done"))
