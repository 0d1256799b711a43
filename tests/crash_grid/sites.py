"""Where a story is told: a database, possibly with an api-server, the receiver, and Airflow's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.exc import IntegrityError, NoResultFound, OperationalError

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.sweeping.sweep import sweep
from demo.postgres import EmbeddedPostgres
from tests.crash_grid.cell import Fault, Way
from tests.crash_grid.play import HELD, RELAY
from tests.crash_grid.receiver import Receiver
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServerProcess
from tests.support.postgres import migrate
from tests.support.serialized_dags import deploy
from tests.support.webhook_receiver import Answer, Delivery, running_receiver

_PASSES = 5
_FINISHED = ("success", "failed", "skipped", "upstream_failed")


class Site:
    """One backend, with everything behind it.

    :param url: the URL that a worker calls, of the database or of the api-server.
    :param database_url: URL of the database, for Airflow's rows and the checks.
    :param disturbances: functions, by fault, that kill a server and return when it is up again.
    """

    def __init__(
        self, way: Way, url: str, database_url: str, receiver_path: Path, disturbances: dict[Fault, Callable[[], None]]
    ) -> None:
        self.way = way
        self.url = url
        self.receiver_path = receiver_path
        self.receiver = Receiver(receiver_path)
        self.engine: Engine = create_engine(database_url, pool_pre_ping=True)
        self.rows = AirflowRows(self.engine)
        self._disturbances = disturbances

    def disturb(self, fault: Fault) -> None:
        """Kill a server, and wait until it is back."""
        self._disturbances[fault]()

    def begin_task(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Run a task for the first time, again after a clear, or on after a deferral, and return its id."""
        found = self.rows.find_task(dag_id, run_id, task_id)
        if found is None:
            return self.rows.add_task(dag_id, run_id, task_id)
        task_instance_id, state = found
        if state in _FINISHED:
            try:
                return self.rows.next_try(task_instance_id, state=state)
            # The api-server has just cleared it, or is about to, because it is the relay that has the turn. Airflow's
            # scheduler also tries again after a deadlock.
            except (IntegrityError, NoResultFound, OperationalError):
                return self.begin_task(dag_id, run_id, task_id)
        if state is None:
            self.rows.begin_cleared(task_instance_id)
        else:
            self.rows.set_task_state(task_instance_id, "running")
        return task_instance_id

    def sweep_away(self) -> None:
        """Sweep what earlier stories left, so that the next sweep always has the same work."""
        for _ in range(_PASSES):
            if not any(vars(replace(sweep(self.engine), swept=False)).values()):
                return

    def sweep_once(self) -> None:
        """Run one sweep, even if the api-server or a sweep that was killed has the lease."""
        while not sweep(self.engine).swept:
            self.let_leases_end()

    def let_leases_end(self) -> None:
        """End the leases, as if two minutes had passed since a sweep was killed."""
        with self.engine.begin() as connection:
            connection.execute(delete(schema.sweep))
            connection.execute(delete(schema.lease))


@contextmanager
def sites(ways: list[Way], folder: Path) -> Iterator[dict[Way, Site]]:
    """Start everything that these backends need, and stop it afterwards."""
    with ExitStack() as stack:
        made: dict[Way, Site] = {}
        for is_postgres in sorted({way.is_postgres for way in ways}):
            name = "postgres" if is_postgres else "sqlite"
            home = folder / name
            home.mkdir()
            disturbances: dict[Fault, Callable[[], None]] = {}
            if is_postgres:
                server = stack.enter_context(EmbeddedPostgres(folder / "data"))
                server.create_database("grid")
                database_url = server.url("grid", "psycopg2")
                disturbances[Fault.POSTGRES_RESTARTED] = server.crash
            else:
                database_url = f"sqlite:///{home / 'airflow.db'}"
            migrate(database_url, home)
            _deploy(database_url)
            for way in (way for way in ways if way.is_postgres == is_postgres):
                url = database_url
                if way.is_api:
                    api_server = ApiServerProcess(
                        database_url,
                        folder / f"api-server-{name}",
                        {"AIRFLOW__WFSTATE__WEBHOOK_HOSTS": "127.0.0.1"},  # the receiver
                    )
                    stack.callback(api_server.stop)
                    api_server.start()
                    url = api_server.url
                    disturbances[Fault.SERVER_KILLED] = api_server.crash
                made[way] = Site(way, url, database_url, folder / f"receiver-{way.name}.db", dict(disturbances))
                stack.callback(made[way].engine.dispose)
                webhooks = stack.enter_context(running_receiver())
                webhooks.answer = partial(_take_webhook, made[way].receiver)
                made[way].receiver.offer(webhooks.url)
        yield made


def _take_webhook(receiver: Receiver, delivery: Delivery) -> Answer:
    """Do the effect of a webhook once for each id, as every receiver should."""
    story = delivery.event["data"]["workflow"]["key"]
    is_told = delivery.event["type"].startswith("wfstate.")
    receiver.call(
        story, f"{'told' if is_told else 'asked'} {delivery.kind}", f"webhook {delivery.headers['webhook-id']}"
    )
    return 200, ""


def _deploy(database_url: str) -> None:
    """Make the DAG whose tasks are cleared known to Airflow. Its tasks do nothing; the stories play them."""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    with DAG(HELD, schedule=None) as dag:
        start, charge, ship, complete = (
            EmptyOperator(task_id=name) for name in ("start", "charge", "ship", "complete")
        )
        start >> charge >> ship >> complete >> EmptyOperator(task_id=RELAY).as_teardown()
    engine = create_engine(database_url)
    deploy(engine, dag)
    engine.dispose()
