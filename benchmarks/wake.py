"""``python -m benchmarks.wake``: how soon a task of a live Airflow runs again after the event it waits for.

The DAG in ``dags/choreographed_order.py`` waits, deferred, for the event of a stock service. This process sends the
event for one order after another, and checks ten times a second until Airflow reports that the task is running or has
ended. The figure includes the api-server, the triggerer's next poll, the scheduler and the start of the task's process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from demo.client import AirflowClient
    from demo.stage import Stage

_WAKES: Final = 15
"""Limited because the orders then keep waiting for their payment, and a DAG has at most 16 runs at a time."""

_AT_ONCE: Final = 5
_TASK: Final = "reserved"


def main() -> None:
    """Parse the command line and run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wake", description=__doc__)
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-wake-") as folder:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ["AIRFLOW_HOME"] = f"{folder}/own-home"
        with _stage(Path(folder)) as (stage, service):
            seconds = [found for first in range(0, _WAKES, _AT_ONCE) for found in _wake(stage, service, first)]
    seconds.sort()
    print(
        f"{len(seconds)} tasks ran again {seconds[0]:.1f} to {seconds[-1]:.1f} s after their event "
        f"(median {median(seconds):.1f} s)."
    )


@contextmanager
def _stage(folder: Path) -> Iterator[tuple[Stage, AirflowClient]]:
    """A live Airflow with the demo's DAGs, and a client that is the stock service."""
    from demo import environment
    from demo.choreography import DEFINITION, NAME
    from demo.client import AirflowClient
    from demo.folder import CHECKOUT
    from demo.home import STOCK
    from demo.postgres import EmbeddedPostgres
    from demo.stage import Stage
    from demo.standalone import LiveAirflow
    from tests.support.postgres import migrate

    port, home = environment.free_port(), folder / "home"
    home.mkdir()
    with EmbeddedPostgres(folder / "postgres") as postgres, ExitStack() as stack:
        postgres.create_database("airflow")
        url = postgres.url("airflow", "psycopg2")
        migrate(url, home)
        variables = {
            **environment.bare(home),
            **environment.on_port(port),
            **environment.on_free_log_ports(),
            **environment.small_and_quick(url, CHECKOUT / "dags", environment.new_jwt_secret()),
            **environment.with_services(STOCK),
            **environment.connection("demo_warehouse", postgres.airflow_connection("airflow")),
        }
        airflow = stack.enter_context(LiveAirflow(home, port, variables))
        airflow.wait_until_healthy(240)
        client = stack.enter_context(closing(airflow.client()))
        service = stack.enter_context(closing(AirflowClient(airflow.url, STOCK, airflow.password(STOCK))))
        stage = Stage(airflow, client, postgres.url("airflow"), look=lambda: None, label="wake")
        stage.wait_for_dags()
        client.apply_definition(NAME, DEFINITION.read_text())
        yield stage, service


def _wake(stage: Stage, service: AirflowClient, first: int) -> Iterator[float]:
    """Let a few orders wait, send each its event, and yield the seconds until its task runs."""
    from demo.choreography import NAME

    def state(order_id: str) -> str:
        return str(stage.client.task_instance(NAME, order_id, _TASK)["state"])

    orders = [f"order-{number}" for number in range(first, first + _AT_ONCE)]
    for order_id in orders:
        stage.client.trigger(NAME, order_id, {"order_id": order_id})
    for order_id in orders:
        stage.wait_for(f"{order_id} to wait", lambda order_id=order_id: state(order_id) == "deferred")
    for order_id in orders:
        time.sleep(1)  # let the triggerer poll once
        service.send_event(
            f"{order_id}-reserved", "https://stock.example/", "com.example.stock.reserved", {"order_id": order_id}
        )
        sent = time.monotonic()
        stage.wait_for(
            f"{order_id} to continue",
            lambda order_id=order_id: state(order_id) in ("running", "success"),
            pause_seconds=0.1,
        )
        yield time.monotonic() - sent


if __name__ == "__main__":
    main()
